"""A pure view of the hours of the week."""

import polars as pl

from stats_core.schema import HOURS_OF_WEEK, HOURS_SCHEMA, OUTCOMES


def hours_of_week(section: pl.DataFrame) -> pl.DataFrame:
    """Return every hour of the week, with zeros where there is no record.

    Args:
        section: `value: String`, as `1 00`, and the outcomes; other columns and values
            are ignored.

    Returns:
        168 rows of `HOURS_SCHEMA`: weekday and hour ascending.

    >>> monday = pl.DataFrame(
    ...     {"value": ["1 09"], "successful": 2, "failed": 1, "other": 0}
    ... )
    >>> hours_of_week(monday).row(9)
    (1, 9, 2, 1, 0)
    """
    week = pl.DataFrame({"value": HOURS_OF_WEEK})
    whole = week.join(section, on="value", how="left", maintain_order="left")
    weekday, hour = (
        pl.col("value").str.slice(start, length).cast(pl.Int8).alias(name)
        for name, start, length in (("weekday", 0, 1), ("hour", 2, 2))
    )
    counts = pl.col(OUTCOMES).fill_null(0)
    return whole.select(weekday, hour, counts).cast(HOURS_SCHEMA)
