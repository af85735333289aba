"""Instants: ISO 8601 text, their range, and those that cannot be counted."""

from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.text import INVISIBLE, VISIBLE

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
_MAX_EXAMPLES = 5

# ISO 8601's extended format; of its fraction, the first six digits are read.
_ISO_8601 = (
    rf"^{INVISIBLE}*"
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?:(:[0-5][0-9])(?:[.,]([0-9]{1,9}))?)?"
    r"(?:[Zz]|([+-](?:[01][0-9]|2[0-3])):?([0-5][0-9])?)?)?"
    rf"{INVISIBLE}*$"
)


def parse_instants(text: pl.Expr) -> pl.Expr:
    """Convert ISO 8601 text to `Datetime(us, UTC)`; other text becomes null.

    Offsets may differ from row to row; text without an offset is UTC. Polars' own
    inference turns a part of such a mixture into null.

    >>> df = pl.DataFrame({"at": ["2024-05-01", "2024-05-01T02:00:00+02:00", "soon"]})
    >>> df.select(parse_instants(pl.col("at")).dt.epoch("s")).rows()
    [(1714521600,), (1714521600,), (None,)]
    """
    part = text.str.extract_groups(_ISO_8601).struct.field
    clock = part("2").fill_null("00:00") + part("3").fill_null(":00")
    local = (part("1") + "T" + clock).str.strptime(
        pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False
    )
    fraction = part("4").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    hours = part("5").cast(pl.Int64).fill_null(0)
    minutes = part("6").cast(pl.Int64).fill_null(0)
    west = part("5").str.starts_with("-").cast(pl.Int64).fill_null(0)
    offset = 60 * hours + (1 - 2 * west) * minutes
    utc = local.to_physical() + fraction - offset * 60_000_000
    return utc.cast(UTC_MICROSECONDS)


def instant_range(lf: pl.LazyFrame) -> pl.LazyFrame:
    """Find the range of a canonical frame's instants.

    Returns:
        One row. `first`, `last`: `Int64`, Unix seconds, rounded down; null without any
        instant. `invalid`: `UInt32`, how many texts are not an instant.

    >>> at = pl.Series([86_400_000, None], dtype=pl.Datetime("ms"))
    >>> instant_range(pl.LazyFrame({"created_at": at})).collect().rows()
    [(86400, 86400, 0)]
    """
    schema = lf.collect_schema()
    return lf.select(*_RANGES[time_unit(schema)], _INVALID[is_from_text(schema)])


def is_from_text(schema: pl.Schema) -> bool:
    """Return whether a canonical frame's instants were read from text.

    >>> is_from_text(pl.Schema({"created_at": pl.Datetime("us")}))
    False
    """
    return "created_at_text" in schema


def time_unit(schema: pl.Schema) -> days.TimeUnit:
    """Return the time unit of a canonical frame's instants.

    >>> time_unit(pl.Schema({"created_at": pl.Datetime("ns")}))
    'ns'
    """
    dtype = schema["created_at"]
    assert isinstance(dtype, pl.Datetime)  # noqa: S101 - what makes the frame canonical
    return dtype.time_unit


def invalid_instants(
    lf: pl.LazyFrame, zone: ZoneInfo, scope: pl.Expr | None = None
) -> pl.LazyFrame:
    """Find the instants of a canonical frame that cannot be counted.

    Args:
        lf: The canonical frame.
        zone: The time zone of the days.
        scope: Which records are examined; row numbers are those of the frame.

    Returns:
        One row per kind of fault. `invalid`: `Boolean`, true for text that is not an
        instant, false for an instant out of range; true comes first. `count`: `UInt32`.
        `rows`: `List(UInt32)`, the first few row numbers, from 0, in no order.
        `values`: `List(String)`, the texts of these rows; null where there was none.
    """
    schema = lf.collect_schema()
    first, last = days.countable_seconds(zone)
    in_range = _seconds(pl.col("created_at"), time_unit(schema)).is_between(first, last)
    text = is_from_text(schema)
    rows = lf.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("row"),
        value=pl.col("created_at_text") if text else pl.lit(None, pl.String),
        invalid=_is_invalid() if text else pl.lit(value=False),
        in_range=in_range.fill_null(value=True),
        scope=pl.lit(value=True) if scope is None else scope,
    )
    examples = pl.col("row", "value").bottom_k_by("row", _MAX_EXAMPLES)
    return (
        rows.filter(pl.col("scope"), pl.col("invalid") | ~pl.col("in_range"))
        .group_by("invalid")
        .agg(pl.len().alias("count"), examples.name.suffix("s"))
        .sort("invalid", descending=True)
    )


def invalid_instant_faults(df: pl.DataFrame, timezone: str) -> list[str]:
    """Put the collected rows of `invalid_instants` into words.

    >>> found = {"invalid": True, "count": 1, "rows": [7], "values": ["soon"]}
    >>> invalid_instant_faults(pl.DataFrame([found]), "UTC")
    ["`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 7)"]
    """
    complaints = {
        True: "are not ISO 8601 date-times",
        False: f"are not on a day of the years 1 to 9999 in {timezone}",
    }
    return [
        f"`created_at`: {count} values {complaints[invalid]}: "
        + ", ".join(
            f"row {row}" if value is None else f"{value!r:.40} (row {row})"
            for row, value in sorted(zip(rows, values, strict=True))
        )
        for invalid, count, rows, values in df.iter_rows()
    ]


def _is_invalid() -> pl.Expr:
    """Return whether visible text is not an instant; blank text means undated."""
    visible = pl.col("created_at_text").str.contains(VISIBLE)
    return visible.fill_null(value=False) & pl.col("created_at").is_null()


def _seconds(instant: pl.Expr, unit: days.TimeUnit) -> pl.Expr:
    """Return Unix seconds, rounded down."""
    return instant.to_physical() // days.UNITS_PER_SECOND[unit]


# Built once, as many small answers need them.
_INSTANT = pl.col("created_at")
_RANGES = {
    unit: (
        _seconds(_INSTANT.min(), unit).alias("first"),
        _seconds(_INSTANT.max(), unit).alias("last"),
    )
    for unit in days.UNITS_PER_SECOND
}
_INVALID = {
    True: _is_invalid().sum().alias("invalid"),
    False: pl.lit(0, pl.UInt32).alias("invalid"),
}
