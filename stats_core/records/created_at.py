"""The canonical columns of `created_at`, from a field of any type that can hold it.

Times without a zone are those of a clock in the layout's `naive_timezone`; a date is its
midnight there. Numbers are counted from 1970 in the layout's unit `epoch`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from stats_core import days
from stats_core.layout import Epoch
from stats_core.records.fields import Field
from stats_core.records.instants import (
    UTC,
    UTC_MICROSECONDS,
    nanosecond_column,
    parse_instants,
)
from stats_core.records.values import is_whole
from stats_core.request import Request
from stats_core.text import INVISIBLE, VISIBLE

_PER_SECOND: dict[Epoch, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_NUMBER = rf"^{INVISIBLE}*([+-]?[0-9]+)(?:\.0*)?{INVISIBLE}*$"


class _Instants(NamedTuple):
    """Instants of one field.

    Attributes:
        at: `Datetime`; null where there is none.
        invalid: What cannot be read, as text; None where every value can.
        nanosecond: What `at` lacks, 0 to 999; None where it lacks nothing.
    """

    at: pl.Expr
    invalid: pl.Expr | None = None
    nanosecond: pl.Expr | None = None


def created_at_columns(found: Field, request: Request) -> Iterator[pl.Expr]:
    """Yield `created_at` and, where there can be some, what is invalid or more exact.

    Args:
        found: A field whose type fits.
        request: Its layout says what naive times and numbers mean.

    >>> df = pl.DataFrame({"at": ["2024-05-01T00:30", "soon"]})
    >>> request = Request(layout={"naive_timezone": "Asia/Tokyo"})
    >>> found = created_at_columns(Field(pl.col("at"), pl.String()), request)
    >>> df.select(found).select(pl.exclude("created_at")).rows()
    [(None,), ("'soon'",)]
    """
    columns = _instants(found, request)
    yield columns.at.alias("created_at")
    if columns.invalid is not None:
        yield columns.invalid.alias("created_at_invalid")
    if columns.nanosecond is not None and request.bounded:
        yield columns.nanosecond.alias("created_at_nanosecond")


def _instants(found: Field, request: Request) -> _Instants:
    expr, dtype = found.expr, found.dtype
    if isinstance(dtype, pl.Datetime):
        return _of_datetimes(expr, dtype, request)
    if dtype == pl.Date:  # microseconds do not reach all of its years
        clock = pl.Datetime("ms", "UTC" if request.naive_zone == UTC else None)
        return _of_datetimes(expr.cast(clock), clock, request)
    if dtype.is_numeric():
        return _of_numbers(expr, dtype, request.layout.epoch)
    return _of_text(expr.cast(pl.String), request)


def _of_datetimes(expr: pl.Expr, dtype: pl.Datetime, request: Request) -> _Instants:
    unit, zone = dtype.time_unit, request.naive_zone
    if dtype.time_zone is not None or zone == UTC:
        return _Instants(expr)
    if unit != "ns":
        at = days.from_local(expr, zone, unit=unit)
        return _Instants(at.cast(pl.Datetime(unit, "UTC")))
    # Nanoseconds could overflow at the ends of their range.
    clock = expr.to_physical()
    at = days.from_local(clock // 1_000, zone, unit="us")
    return _Instants(at.cast(UTC_MICROSECONDS), nanosecond=clock % 1_000)


def _of_numbers(expr: pl.Expr, dtype: pl.DataType, epoch: Epoch | None) -> _Instants:
    given = expr.is_not_nan() if dtype.is_float() else expr.is_not_null()
    if epoch is None:  # a column of floats that has no value
        at, nanosecond = pl.lit(None, UTC_MICROSECONDS), None
    else:
        whole = is_whole(expr) if not dtype.is_integer() else pl.lit(value=True)
        number = pl.when(whole).then(expr).cast(pl.Int64, strict=False)
        at, nanosecond = _since_1970(number, epoch)
    invalid = pl.when(given & at.is_null()).then(expr.cast(pl.String))
    return _Instants(at, invalid, nanosecond)


def _of_text(text: pl.Expr, request: Request) -> _Instants:
    at, nanosecond = parse_instants(text, request.naive_zone), nanosecond_column(text)
    if request.layout.epoch is not None:
        number = text.str.extract(_NUMBER).cast(pl.Int64, strict=False)
        counted, rest = _since_1970(number, request.layout.epoch)
        at, nanosecond = pl.coalesce(at, counted), pl.coalesce(nanosecond, rest)
    wrong = text.str.contains(VISIBLE) & at.is_null()
    return _Instants(at, pl.when(wrong).then(pl.format("'{}'", text)), nanosecond)


def _since_1970(number: pl.Expr, epoch: Epoch) -> tuple[pl.Expr, pl.Expr | None]:
    """Return the microseconds of Unix time and the nanoseconds after each of them."""
    per_second = _PER_SECOND[epoch]
    first, last = (
        days.FIRST_SECOND * per_second,
        (days.LAST_SECOND + 1) * per_second - 1,
    )
    countable = pl.when(number.is_between(max(first, -(2**63)), min(last, 2**63 - 1)))
    ticks = countable.then(number)
    if epoch == "ns":
        return (ticks // 1_000).cast(UTC_MICROSECONDS), ticks % 1_000
    return (ticks * (10**6 // per_second)).cast(UTC_MICROSECONDS), None
