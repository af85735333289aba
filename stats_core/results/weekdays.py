"""The days of the week, a pure view of a trend."""

import polars as pl

from stats_core.schema import OUTCOMES

_WEEK = pl.int_range(1, 8, dtype=pl.Int8).alias("weekday")


def by_weekday(trend: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of each day of the week.

    Args:
        trend: `day: Date, successful, failed, other: Int64`, one row per day.

    Returns:
        Always seven rows: `weekday: Int8`, ISO 8601's number from Monday, 1, to Sunday,
        7, ascending; `days: Int64`, how many days the trend has on that weekday;
        `successful, failed, other: Int64`. A trend has only days with records: to
        divide by all days of the calendar, give a filled one.

    >>> from datetime import date
    >>> from stats_core.schema import TRENDS_SCHEMA
    >>> rows = [(date(2024, 5, day), 2, 0, 0) for day in (1, 8, 9)]
    >>> may = pl.DataFrame(rows, TRENDS_SCHEMA, orient="row")
    >>> by_weekday(may).rows()[2:4]
    [(3, 2, 4, 0, 0), (4, 1, 2, 0, 0)]
    """
    sums = trend.group_by(pl.col("day").dt.weekday().alias("weekday")).agg(
        pl.len().cast(pl.Int64).alias("days"), pl.col(OUTCOMES).sum()
    )
    week = pl.select(_WEEK)
    return week.join(
        sums, on="weekday", how="left", maintain_order="left"
    ).with_columns(pl.col("days", *OUTCOMES).fill_null(0))
