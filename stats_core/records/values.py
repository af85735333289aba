"""The text that a value counts as: one rule for frames and for Python objects.

Text, Booleans (`true`, `false`), whole numbers, decimals, dates, date-times and UUIDs
count as their text: plain digits, ISO 8601; date-times with a zone in UTC. A float counts
as its whole number if it is one below 2**53; NaN is unset. Everything else is invalid.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

import polars as pl

from stats_core.records.fields import Field

_WHOLE_FLOATS = 2**53
_TOO_LONG = 10**4_300  # Python writes no number of more digits than these
_ISO_8601 = "%Y-%m-%dT%H:%M:%S%.f"
_FRACTION_ZEROS = re.compile(r"\.0+$|(\.[0-9]*[1-9])0+$")
_EXTENDED_JSON = (
    "$oid",
    "$numberLong",
    "$numberInt",
    "$numberDouble",
    "$numberDecimal",
)
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
        return pl.when(_is_whole(expr)).then(expr.cast(pl.Int64)).cast(pl.String)
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
    if not found.dtype.is_float():
        return None
    wrong = found.expr.is_not_nan() & ~_is_whole(found.expr)
    return pl.when(wrong).then(found.expr.cast(pl.String))


def value_text(value: object) -> str | Invalid | None:
    """Return the text of a Python object; None where it is missing.

    >>> value_text(Decimal("5.00")), value_text(3.0), value_text([1])
    ('5.00', '3', Invalid(shown='[1]'))
    """
    value = plain(value)
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
        case float() if value.is_integer() and abs(value) < _WHOLE_FLOATS:
            return int.__repr__(int(value))
        case Decimal() if value.is_finite():
            return format(value, "f")
        case date():
            return value.isoformat()
        case int() | float() | Decimal() | time() | complex() | bytes() | Mapping():
            return Invalid(shown(value))
    return _object_text(value)


def plain(value: object) -> object:
    """Remove wrappers: Extended JSON, enumerations, NumPy scalars; missing is None.

    >>> plain({"$numberLong": "5"}), plain(float("nan"))
    ('5', None)
    """
    if isinstance(value, Enum):
        value = value.value
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        value = _numpy_scalar(value)
    if type(value).__name__ == "NAType":
        return None
    if isinstance(value, float | datetime | Decimal) and value != value:  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, Mapping) and len(value) == 1:
        for wrapper in _EXTENDED_JSON:
            if wrapper in value:
                return value[wrapper]
    return value


def shown(value: object) -> str:
    """Return the beginning of a value's `repr`, whatever the value is.

    >>> shown("a" * 100)[:5], len(shown("a" * 100))
    ("'aaaa", 40)
    """
    try:
        return f"{value!r:.{_MAX_SHOWN}}"
    except Exception:  # noqa: BLE001 - a foreign `__repr__`, or a number too long to write
        return f"a `{type(value).__name__}` that cannot be shown"


def _is_whole(expr: pl.Expr) -> pl.Expr:
    return (expr == expr.floor()) & (expr.abs() < _WHOLE_FLOATS)


def _datetime_text(value: datetime) -> str | Invalid:
    try:
        aware = value.utcoffset() is not None
        value = value.astimezone(UTC).replace(tzinfo=None) if aware else value
    except OverflowError:
        return Invalid(shown(value))
    text = datetime.isoformat(datetime.combine(value.date(), value.time()))
    return _FRACTION_ZEROS.sub(r"\1", text) + ("Z" if aware else "")


def _object_text(value: Any) -> str | Invalid:  # noqa: ANN401 - any foreign object
    """Return the text of a UUID, an ObjectId and the like."""
    # Without a `__str__` of its own, an object's text is its address in memory.
    nameless = getattr(type(value), "__str__", None) is object.__str__
    if nameless or hasattr(value, "__iter__"):
        return Invalid(shown(value))
    try:
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 - a foreign `__str__`
        return Invalid(shown(value))


def _numpy_scalar(value: Any) -> object:  # noqa: ANN401 - NumPy may not be installed
    if type(value).__name__ == "datetime64":
        return value.astype("datetime64[us]").item()
    return value.item()
