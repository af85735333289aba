"""The text that a value counts as: one rule for frames and for Python objects.

Text, Booleans (`true`, `false`), whole numbers, decimals, dates, date-times and UUIDs
count as their text: plain digits, ISO 8601; date-times with a zone in UTC. A float counts
as its whole number if it is one below 2**53; NaN is unset. Everything else is invalid.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Number, Real
from typing import Any, NamedTuple

import polars as pl

from stats_core.days import EPOCH
from stats_core.records.fields import EXTENDED_JSON, Field

_WHOLE_FLOATS = 2**53
_MAX_DIGITS = 4_300  # Python writes no whole number of more
_TOO_LONG = 10**_MAX_DIGITS
_ISO_8601 = "%Y-%m-%dT%H:%M:%S%.f"
_FRACTION_ZEROS = re.compile(r"\.0+$|(\.[0-9]*[1-9])0+$")
_MAX_SHOWN = 40


class Invalid(NamedTuple):
    """A value that cannot be counted, as it is shown in a message."""

    shown: str


def is_countable(dtype: pl.DataType) -> bool:
    """Return whether values of a column type can have a text.

    >>> is_countable(pl.Decimal(10, 2)), is_countable(pl.List(pl.String()))
    (True, False)
    """
    plain = pl.String | pl.Categorical | pl.Enum | pl.Boolean | pl.Null
    return isinstance(dtype, plain | pl.Date | pl.Datetime) or dtype.is_numeric()


def text_column(found: Field) -> pl.Expr:
    """Return a field's text; text columns stay as they are.

    >>> df = pl.DataFrame({"a": [1.0, float("nan"), 2.5]})
    >>> df.select(text_column(Field(pl.col("a"), pl.Float64()))).to_series().to_list()
    ['1', None, None]
    """
    expr, dtype = found.expr, found.dtype
    if found.is_text():
        return expr
    if dtype.is_float():
        whole = expr.cast(pl.Int64, strict=False)
        return pl.when(is_whole(expr)).then(whole).cast(pl.String)
    calendar = _calendar(dtype)
    if calendar is not None:  # Polars panics where it writes other days
        expr = pl.when(expr.is_between(*calendar)).then(expr.clip(*calendar))
    if isinstance(dtype, pl.Datetime):
        zone = "Z" if dtype.time_zone else ""
        utc = expr.dt.convert_time_zone("UTC") if zone else expr
        text = utc.dt.to_string(_ISO_8601)
        return text.str.replace(_FRACTION_ZEROS.pattern, "$1") + zone
    return expr.cast(pl.String)


def invalid_column(found: Field) -> pl.Expr | None:
    """Return the text of a field's invalid values, null elsewhere; None if all are valid.

    >>> df = pl.DataFrame({"a": [1.0, float("nan"), 2.5]})
    >>> df.select(
    ...     invalid_column(Field(pl.col("a"), pl.Float64()))
    ... ).to_series().to_list()
    [None, None, '2.5']
    """
    expr = found.expr
    if found.dtype.is_float():
        wrong = expr.is_not_nan() & ~is_whole(expr)
        return pl.when(wrong).then(expr.cast(pl.String))
    calendar = _calendar(found.dtype)
    if calendar is None:
        return None
    number = expr.to_physical().cast(pl.String)
    return pl.when(~expr.is_between(*calendar)).then(number)


def _calendar(dtype: pl.DataType) -> tuple[pl.Expr, pl.Expr] | None:
    """Return the first and last day of the years 1 to 9999 that a type can exceed."""
    if not isinstance(dtype, pl.Date | pl.Datetime):
        return None
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
        return None
    zone = UTC if isinstance(dtype, pl.Datetime) and dtype.time_zone else None
    ends = datetime.min.replace(tzinfo=zone), datetime.max.replace(tzinfo=zone)
    first, last = (pl.lit(end).cast(dtype) for end in ends)
    return first, last


def value_text(value: object) -> str | Invalid | None:
    """Return the text of a Python object; None where it is missing.

    >>> value_text(Decimal("5.00")), value_text(3.0), value_text([1])
    ('5.00', '3', Invalid(shown='[1]'))
    """
    if type(value) is str:
        return value
    try:
        return _text(plain(value))
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return Invalid(shown(value))


def plain(value: object) -> object:
    """Remove wrappers: Extended JSON, enumerations, NumPy scalars; missing is None.

    Raises:
        Exception: Whatever a foreign object raises.

    >>> plain({"$numberLong": "5"}), plain(float("nan"))
    ('5', None)
    """
    if isinstance(value, Enum):
        return plain(value.value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = _numpy_scalar(value)
    if type(value).__name__ == "NAType":
        return None
    if isinstance(value, Decimal):
        return None if value.is_nan() else value
    if isinstance(value, float | datetime) and value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, Mapping) and len(value) == 1:
        [(wrapper, inner)] = value.items()
        if wrapper == "$date":
            return _exported_instant(inner)
        if wrapper == "$numberDouble":
            return plain(float(inner))
        if wrapper in EXTENDED_JSON:
            return inner
    return value


def shown(value: object) -> str:
    """Return the beginning of a value's `repr`, whatever the value is.

    >>> shown("a" * 100)[:5], len(shown("a" * 100))
    ("'aaaa", 40)
    """
    try:
        text = f"{value!r:.{_MAX_SHOWN}}"
    except Exception:  # noqa: BLE001 - a foreign `__repr__`, or a number too long to write
        return f"a `{type(value).__name__}` that cannot be shown"
    return text.encode(errors="backslashreplace").decode()


class _NoTextError(Exception):
    """A value has no text."""


def _text(value: object) -> str | None:
    """Return the text of a plain value.

    Raises:
        Exception: It has none; `_NoTextError`, or whatever a foreign object raises.
    """
    match value:
        case None:
            return None
        case str():
            return str.__str__(value)
        case bool():
            return "true" if value else "false"
        case datetime():
            return _datetime_text(value)
        case int() if abs(value) < _TOO_LONG:
            return int.__repr__(value)
        case int():
            raise _NoTextError
        case Decimal():
            return _decimal_text(value)
        case Real():
            return _float_text(float(value))
        case date():
            return value.isoformat()
        case Number() | time() | timedelta() | bytes() | Mapping():
            raise _NoTextError
    return _object_text(value)


def is_whole(expr: pl.Expr) -> pl.Expr:
    """Return whether a number is whole and no float next to it is the same.

    >>> pl.Series([1.0, 0.5, 2.0**53]).to_frame("a").select(
    ...     is_whole(pl.col("a"))
    ... ).rows()
    [(True,), (False,), (False,)]
    """
    return (expr == expr.floor()) & (expr.abs() < _WHOLE_FLOATS)


def _datetime_text(value: datetime) -> str:
    nanoseconds = getattr(value, "nanosecond", 0)  # of pandas
    aware = value.utcoffset() is not None
    value = value.astimezone(UTC).replace(tzinfo=None) if aware else value
    whole = datetime.combine(value.date(), value.time())
    text = datetime.isoformat(whole, timespec="microseconds") + f"{nanoseconds:03}"
    return _FRACTION_ZEROS.sub(r"\1", text) + ("Z" if aware else "")


def _decimal_text(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _MAX_DIGITS:
        raise _NoTextError  # infinite, or too long to write
    return format(value or value.copy_abs(), "f")


def _float_text(value: float) -> str:
    if not value.is_integer() or abs(value) >= _WHOLE_FLOATS:
        raise _NoTextError
    return int.__repr__(int(value))


def _object_text(value: Any) -> str | None:  # noqa: ANN401 - any foreign object
    """Return the text of a UUID, an ObjectId and the like."""
    for conversion in ("as_py", "to_decimal"):  # of Arrow scalars, of BSON's decimals
        if hasattr(value, conversion):
            return _text(plain(getattr(value, conversion)()))
    # Without a `__str__` of its own, an object's text is its address in memory.
    unnamed: tuple[object, ...] = (object.__str__, BaseException.__str__)
    nameless = type(value).__str__ in unnamed
    # Frames have no text for these either: periods, intervals, expressions.
    of_frames = type(value).__module__.partition(".")[0] in {"pandas", "polars"}
    if nameless or of_frames or hasattr(value, "__iter__"):
        raise _NoTextError
    return str.__str__(str(value))


def _exported_instant(value: object) -> object:
    """Return the instant of Extended JSON's `$date`: text, or Unix milliseconds."""
    inner = plain(value)
    is_number = isinstance(value, Mapping) or isinstance(inner, int)
    if inner is None or not is_number or isinstance(inner, bool):
        return inner
    return EPOCH + timedelta(milliseconds=int(str(inner)))


def _numpy_scalar(value: Any) -> object:  # noqa: ANN401 - NumPy may not be installed
    kind = value.dtype.kind
    if kind == "M":
        return _numpy_instant(value)
    if kind == "m":
        return timedelta()  # of nanoseconds, `item` would be a number
    return float(value) if kind == "f" else value.item()


def _numpy_instant(value: Any) -> str | None:  # noqa: ANN401 - of NumPy
    unit = value.dtype.str[-2:]
    if unit in {"Y]", "M]", "W]"}:
        value = value.astype("datetime64[D]")
    elif unit in {"h]", "m]"}:
        value = value.astype("datetime64[s]")
    text = str(value)
    return None if text == "NaT" else _FRACTION_ZEROS.sub(r"\1", text)
