"""What must be known of a canonical frame's instants before its days are counted."""

import polars as pl

from stats_core import days
from stats_core.text import VISIBLE

_MOST_EXAMPLES = 5


def survey(lf: pl.LazyFrame) -> pl.LazyFrame:
    """What must be known of a canonical frame's instants, in one row.

    Returns:
        `first`, `last`: `Int64`, Unix seconds, rounded down; null without any instant.
        `unreadable`: `UInt32`, how many texts are no instant.

    >>> at = pl.Series([86_400_000, None], dtype=pl.Datetime("ms"))
    >>> survey(pl.LazyFrame({"created_at": at})).collect().rows()
    [(86400, 86400, 0)]
    """
    instant = pl.col("created_at")
    return lf.select(
        first=_seconds(instant.min(), lf),
        last=_seconds(instant.max(), lf),
        unreadable=_unreadable().sum() if _was_text(lf) else pl.lit(0, pl.UInt32),
    )


def time_unit(schema: pl.Schema) -> days.TimeUnit:
    """The unit of a canonical frame's instants.

    >>> time_unit(pl.Schema({"created_at": pl.Datetime("ns")}))
    'ns'
    """
    dtype = schema["created_at"]
    assert isinstance(dtype, pl.Datetime)  # noqa: S101 - what makes the frame canonical
    return dtype.time_unit


def uncountable(lf: pl.LazyFrame, timezone: str) -> pl.LazyFrame:
    """The rows of a canonical frame whose instant cannot be read or has no day.

    Returns:
        `row`: `UInt32`, counted from 0. `value`: `String`, the text of the instant;
        null where it was none. `unreadable`: `Boolean`, else it is out of range. In
        the order of the records.
    """
    first, last = days.countable_seconds(timezone)
    in_range = _seconds(pl.col("created_at"), lf).is_between(first, last)
    text = _was_text(lf)
    unreadable = _unreadable() if text else pl.lit(value=False)
    value = pl.col("created_at_text") if text else pl.lit(None, pl.String)
    rows = lf.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        value=value,
        unreadable=unreadable,
        in_range=in_range.fill_null(value=True),
    )
    return rows.filter(pl.col("unreadable") | ~pl.col("in_range")).drop("in_range")


def uncountable_faults(df: pl.DataFrame, timezone: str) -> list[str]:
    """The rows that `uncountable` found, in words.

    >>> df = pl.DataFrame({"row": [7], "value": ["soon"], "unreadable": [True]})
    >>> uncountable_faults(df, "UTC")
    ["`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 7)"]
    """
    complaints = {
        True: "are not ISO 8601 date-times",
        False: f"are not on a day of the years 1 to 9999 in {timezone}",
    }
    faults = []
    for unreadable, complaint in complaints.items():
        rows = df.filter(unreadable=unreadable).select("row", "value").rows()
        some = ", ".join(
            f"row {row}" if value is None else f"{value!r:.40} (row {row})"
            for row, value in rows[:_MOST_EXAMPLES]
        )
        if rows:
            faults.append(f"`created_at`: {len(rows)} values {complaint}: {some}")
    return faults


def _was_text(lf: pl.LazyFrame) -> bool:
    return "created_at_text" in lf.collect_schema()


def _unreadable() -> pl.Expr:
    """Text that is no instant; blank text is a record without one."""
    held = pl.col("created_at_text").str.contains(VISIBLE)
    return held.fill_null(value=False) & pl.col("created_at").is_null()


def _seconds(instant: pl.Expr, lf: pl.LazyFrame) -> pl.Expr:
    """Unix seconds, rounded down."""
    return (
        instant.to_physical() // days.UNITS_PER_SECOND[time_unit(lf.collect_schema())]
    )
