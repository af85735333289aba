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
        unreadable=(
            _unreadable().sum()
            if was_text(lf.collect_schema())
            else pl.lit(0, pl.UInt32)
        ),
    )


def was_text(schema: pl.Schema) -> bool:
    """Whether the instants were read from text.

    >>> was_text(pl.Schema({"created_at": pl.Datetime("us")}))
    False
    """
    return "created_at_text" in schema


def time_unit(schema: pl.Schema) -> days.TimeUnit:
    """The unit of a canonical frame's instants.

    >>> time_unit(pl.Schema({"created_at": pl.Datetime("ns")}))
    'ns'
    """
    dtype = schema["created_at"]
    assert isinstance(dtype, pl.Datetime)  # noqa: S101 - what makes the frame canonical
    return dtype.time_unit


def uncountable(lf: pl.LazyFrame, timezone: str) -> pl.LazyFrame:
    """The instants of a canonical frame that cannot be read or have no day.

    Returns:
        A row for each kind of fault. `unreadable`: `Boolean`, descending, else out of
        range.
        `count`: `UInt32`. `rows`: `List(UInt32)`, the numbers of the first few rows,
        from 0, in no order. `values`: `List(String)`, their texts; null where there was
        none.
    """
    schema = lf.collect_schema()
    first, last = days.countable_seconds(timezone)
    in_range = _seconds(pl.col("created_at"), lf).is_between(first, last)
    text = was_text(schema)
    unreadable = _unreadable() if text else pl.lit(value=False)
    value = pl.col("created_at_text") if text else pl.lit(None, pl.String)
    rows = lf.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        value=value,
        unreadable=unreadable,
        in_range=in_range.fill_null(value=True),
    )
    few = pl.col("row", "value").bottom_k_by("row", _MOST_EXAMPLES)
    return (
        rows.filter(pl.col("unreadable") | ~pl.col("in_range"))
        .group_by("unreadable")
        .agg(pl.len().alias("count"), few.name.suffix("s"))
        .sort("unreadable", descending=True)
    )


def uncountable_faults(df: pl.DataFrame, timezone: str) -> list[str]:
    """What `uncountable` found, in words.

    >>> found = {"unreadable": True, "count": 1, "rows": [7], "values": ["soon"]}
    >>> uncountable_faults(pl.DataFrame([found]), "UTC")
    ["`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 7)"]
    """
    complaints = {
        True: "are not ISO 8601 date-times",
        False: f"are not on a day of the years 1 to 9999 in {timezone}",
    }
    return [
        f"`created_at`: {count} values {complaints[unreadable]}: "
        + ", ".join(
            f"row {row}" if value is None else f"{value!r:.40} (row {row})"
            for row, value in sorted(zip(rows, values, strict=True))
        )
        for unreadable, count, rows, values in df.iter_rows()
    ]


def _unreadable() -> pl.Expr:
    """Text that is no instant; blank text is a record without one."""
    held = pl.col("created_at_text").str.contains(VISIBLE)
    return held.fill_null(value=False) & pl.col("created_at").is_null()


def _seconds(instant: pl.Expr, lf: pl.LazyFrame) -> pl.Expr:
    """Unix seconds, rounded down."""
    return (
        instant.to_physical() // days.UNITS_PER_SECOND[time_unit(lf.collect_schema())]
    )
