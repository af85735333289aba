"""The values of one field in documents, as columns of a frame."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timezone
from numbers import Number
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from stats_core.records.instants import UTC as UTC_ZONE, UTC_MICROSECONDS
from stats_core.records.values import Invalid, plain, shown, value_text
from stats_core.request import Request
from stats_core.text import is_unicode

_TEXT = {str, NoneType}
_KNOWN_ZONES = {NoneType, timezone, ZoneInfo}


def types_of(values: Iterable[object]) -> set[type]:
    """Return the types of the values; a foreign value is not asked for its type.

    >>> types_of([1, 2, None]) == {int, type(None)}
    True
    """
    return set(map(type, values))


def text_series(role: str, values: list[Any]) -> Iterator[pl.Series]:
    """Yield the column of a role and, where it has any, of its invalid values.

    >>> [series.to_list() for series in text_series("source", ["ads", 7, 1.5])]
    [['ads', '7', None], [None, None, '1.5']]
    """
    if types_of(values) <= _TEXT:
        with suppress(UnicodeEncodeError):
            yield pl.Series(role, values, pl.String)
            return
    texts = [_unicode(value_text(value)) for value in values]
    valid = [None if isinstance(it, Invalid) else it for it in texts]
    yield pl.Series(role, valid, pl.String)
    if Invalid in types_of(texts):
        invalid = [it.shown if isinstance(it, Invalid) else None for it in texts]
        yield pl.Series(f"{role}_invalid", invalid, pl.String)


def instant_series(values: list[Any], request: Request) -> Iterator[pl.Series]:
    """Yield the columns of `created_at`: its instants, its texts, its invalid values.

    >>> [series.name for series in instant_series(["2024-05-01", None], Request())]
    ['created_at_text']
    """
    types = types_of(values)
    if types <= {datetime, NoneType} and _known_zones(values, request.naive_zone):
        yield pl.Series("created_at", values, UTC_MICROSECONDS)
        return
    if types <= _TEXT:
        with suppress(UnicodeEncodeError):
            yield pl.Series("created_at_text", values, pl.String)
            return
    found = [_unicode(_instant(value, request)) for value in values]
    kinds = {
        "created_at": (datetime, UTC_MICROSECONDS),
        "created_at_text": (str, pl.String()),
        "created_at_invalid": (Invalid, pl.String()),
    }
    for name, (kind, dtype) in kinds.items():
        some = [it if isinstance(it, kind) else None for it in found]
        shown_ = [it.shown if isinstance(it, Invalid) else it for it in some]
        yield pl.Series(name, shown_, dtype)


def _unicode(value: Any) -> Any:  # noqa: ANN401 - of any kind
    """Return the value, or what shows it if it is text that is not Unicode."""
    if isinstance(value, str) and not is_unicode(value):
        return Invalid(shown(value))
    return value


def _known_zones(values: list[datetime | None], naive_zone: ZoneInfo) -> bool:
    """Return whether Polars converts all values by itself, naive ones as UTC."""
    zones = types_of(it.tzinfo for it in values if it is not None)
    return zones <= _KNOWN_ZONES and (naive_zone == UTC_ZONE or NoneType not in zones)


def _instant(value: object, request: Request) -> datetime | str | Invalid | None:
    try:
        match plain(value):
            case datetime() as instant if getattr(instant, "nanosecond", 0):
                return value_text(instant)  # of pandas: more exact than `datetime`
            case datetime() as instant:
                return _as_utc(instant, request.naive_zone)
            case date() as day:
                return _as_utc(datetime.combine(day, time()), request.naive_zone)
            case bool():
                pass
            case Number() as number if request.layout.epoch is not None:
                return value_text(number)
            case str() as text:
                return str.__str__(text)
            case None:
                return None
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return Invalid(shown(value))
    return Invalid(shown(value))


def _as_utc(instant: datetime, naive_zone: ZoneInfo) -> datetime | str:
    plain_instant = datetime.combine(instant.date(), instant.timetz())
    try:
        if plain_instant.utcoffset() is None:
            # Columns of frames and text do not have a `fold`.
            local = plain_instant.replace(tzinfo=naive_zone, fold=0)
            return local.astimezone(UTC)
        return plain_instant.astimezone(UTC)
    except OverflowError:
        return plain_instant.isoformat()  # as text, it is out of range
