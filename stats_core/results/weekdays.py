"""The days of the week, a pure view of a trend."""

import polars as pl

from stats_core.schema import OUTCOMES

_WEEK = pl.int_range(1, 8, dtype=pl.Int8).alias("weekday")


def by_weekday(trend: pl.DataFrame) -> pl.DataFrame:
    """Return the sums of each day of the week of a trend; see `Views.by_weekday`.

    `days` is how many days the trend has on a weekday, those of a filled one included.

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
