"""Instants: from ISO 8601 text, clocks and numbers; the unit of a canonical frame."""

from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.days import from_local
from stats_core.iso8601 import ISO_8601
from stats_core.text import INVISIBLE

UTC_MICROSECONDS = pl.Datetime("us", "UTC")
UTC = days.find_zone("UTC")

_TEXT = rf"^{INVISIBLE}*{ISO_8601}{INVISIBLE}*$"


def parse_instants(text: pl.Expr, naive_zone: ZoneInfo = UTC) -> pl.Expr:
    """Convert ISO 8601 text to `Datetime(us, UTC)`; other text becomes null.

    Offsets may differ from row to row; text without an offset is in `naive_zone`, as
    `days.from_local` reads it. Polars' own inference turns a part of such a mixture into
    null.

    >>> df = pl.DataFrame({"at": ["2024-05-01", "2024-05-01T02:00:00+02:00", "soon"]})
    >>> df.select(parse_instants(pl.col("at")).dt.epoch("s")).rows()
    [(1714521600,), (1714521600,), (None,)]
    """
    part = text.str.extract_groups(_TEXT).struct.field
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
    if naive_zone != UTC:
        naive = part("5").is_null() & ~text.str.contains("[Zz]")
        utc = pl.when(naive).then(from_local(utc, naive_zone, unit="us")).otherwise(utc)
    return utc.cast(UTC_MICROSECONDS)


def nanosecond_column(text: pl.Expr) -> pl.Expr:
    """Return the nanoseconds of ISO 8601 text after its microsecond; null means 0.

    >>> df = pl.DataFrame({"at": ["2024-05-01T00:00:00.123456789Z"]})
    >>> df.select(nanosecond_column(pl.col("at"))).item()
    789
    """
    fraction = text.str.extract(_TEXT, 4).str.pad_end(9, "0")
    return fraction.str.slice(6, 3).cast(pl.Int64)


def is_from_text(schema: pl.Schema) -> bool:
    """Return whether a canonical frame's instants were read from text.

    >>> is_from_text(pl.Schema({"created_at": pl.Datetime("us")}))
    False
    """
    return "created_at_invalid" in schema


def time_unit(schema: pl.Schema) -> days.TimeUnit:
    """Return the time unit of a canonical frame's instants.

    >>> time_unit(pl.Schema({"created_at": pl.Datetime("ns")}))
    'ns'
    """
    dtype = schema["created_at"]
    assert isinstance(dtype, pl.Datetime)  # noqa: S101 - what makes the frame canonical
    return dtype.time_unit
