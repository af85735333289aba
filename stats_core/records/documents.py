"""Documents, as a database driver or a JSON file gives them, to a frame.

Documents are loose where frames are strict: a field can be missing in some, nested in
others, an object in one and text in the next. Only the fields that the layout names,
and text to search, are read, so no other field can be at fault.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import chain
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from stats_core.days import EPOCH
from stats_core.errors import Faults, InvalidRecordsError
from stats_core.records.instants import UTC_MICROSECONDS
from stats_core.request import Request
from stats_core.text import is_unicode
from stats_core.typing import Document

_ABSENT = object()
_TEXT = {str, NoneType}
_PLAIN = {str, NoneType, bool, int, date, datetime}
_KNOWN_ZONES = {NoneType, timezone, ZoneInfo}
_MAX_EXAMPLES = 3
_TOO_LONG = 10**4_300  # Python writes no number of more digits than these


def documents_frame(
    documents: Iterable[Document], request: Request
) -> pl.DataFrame | None:
    """Return the fields of documents that a request reads, one column each.

    Returns:
        One row per document, in their order; None where there is no document. First one
        column, named by its whole path, for each path of the layout that at least one
        document has. Then, if they are needed, the other top-level fields that hold
        text; they are null where a document holds something else. `created_at` is
        `Datetime(us, UTC)`, or `String` if any document has text there. The others are
        `String`, or `Boolean` where they hold nothing else.

    Raises:
        InvalidRecordsError: Not documents, or values that their field cannot hold;
            every fault is listed.

    >>> docs = [{"status": "failed", "config": {"utm_source": "ads"}}, {"status": None}]
    >>> request = Request(layout={"utm_source": "config.utm_source"})
    >>> documents_frame(docs, request).rows()
    [('failed', 'ads'), (None, None)]
    """
    rows = _checked(documents)
    columns: list[pl.Series] = []
    faults = Faults()
    for name, values in _fields(rows, request):
        make = _instants if name == request.layout.created_at else _texts
        with faults.collected():
            columns.append(make(name, values))
    faults.raise_if_any()
    return pl.DataFrame(columns) if rows else None


def _checked(documents: Iterable[Document]) -> list[Document]:
    single = isinstance(documents, Mapping | str | bytes)
    if single or not isinstance(documents, Iterable):
        kind = type(documents).__name__
        msg = f"records: expected a frame or an iterable of mappings, got `{kind}`"
        raise InvalidRecordsError(msg)
    rows = list(documents)
    if not _types(rows) <= {dict}:
        _refuse("records", rows, lambda row: not isinstance(row, Mapping), "mappings")
    return rows


def _fields(
    rows: list[Document], request: Request
) -> Iterator[tuple[str, list[object]]]:
    """Yield the name and values of each column, None for absent values."""
    layout = request.layout
    paths = dict.fromkeys([*layout.columns().values(), *(layout.search or ())])
    found = set()
    for path in paths:
        values = _values(rows, path)
        if values is not None:
            found.add(path)
            yield path, values
    searched = (layout.search or ()) if request.patterns else ()
    complete = {layout.created_at, layout.status, *searched} <= found
    # Other text is searched, or else shown in the message about what is absent.
    if complete and not (request.patterns and layout.search is None):
        return
    for name in dict.fromkeys(chain.from_iterable(rows)):
        if name not in paths:
            texts = [_text_only(row.get(name)) for row in rows]
            if _types(texts) != {NoneType}:
                yield name, texts


def _values(rows: list[Document], path: str) -> list[object] | None:
    """Return the values at a path, None for absent ones; None if all are absent."""
    if "." in path:
        values = [_get_path(row, path) for row in rows]
    else:
        values = [row.get(path, _ABSENT) for row in rows]
    types = _types(values)
    if types <= _PLAIN:
        return values or None
    if types == {object} and all(value is _ABSENT for value in values):
        return None
    return [_unwrapped(value) for value in values]


def _get_path(document: Document, path: str) -> object:
    """Return the value at a dotted path; a key that is the whole path comes first."""
    if path in document:
        return document[path]
    value: Any = document
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return _ABSENT
        value = value[key]
    return value


def _types(values: Iterable[object]) -> set[type]:
    return set(map(type, values))


def _text_only(value: object) -> object:
    return value if isinstance(value, str) else None


def _unwrapped(value: object) -> object:
    """Remove the wrappers of MongoDB's Extended JSON v2; missing values become None."""
    if hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if value is _ABSENT or _is_missing(value):
        return None
    match value:
        case {"$oid": inner} | {"$numberLong": inner} | {"$numberInt": inner}:
            return inner
        case {"$date": {"$numberLong": inner}}:
            return _from_milliseconds(inner)
        case {"$date": int(inner)}:
            return _from_milliseconds(inner)
        case {"$date": inner}:
            return inner
    return value


def _is_missing(value: object) -> bool:
    """Return whether the value is NaN, or NaT or NA of pandas."""
    if type(value).__name__ == "NAType":
        return True
    return isinstance(value, float | datetime) and value != value  # noqa: PLR0124 - NaN


def _from_milliseconds(value: object) -> object:
    try:
        return EPOCH + timedelta(milliseconds=int(str(value)))
    except (ValueError, OverflowError):
        return value  # refused later, with the others


def _instants(name: str, values: list[Any]) -> pl.Series:
    types = _types(values)
    if not all(issubclass(kind, str | date | NoneType) for kind in types):
        expected = "date-times or ISO 8601 text"
        _refuse(name, values, lambda v: not isinstance(v, str | date | None), expected)
    if types <= _TEXT:
        return _text_series(name, values)
    if types <= {datetime, NoneType} and _known_zones(values):
        return pl.Series(name, values, UTC_MICROSECONDS)
    naive = [
        _naive_utc(value) if isinstance(value, date) else value for value in values
    ]
    if not any(issubclass(kind, str) for kind in _types(naive)):
        return pl.Series(name, naive, pl.Datetime("us")).dt.replace_time_zone("UTC")
    return _text_series(
        name, [v.isoformat() if isinstance(v, datetime) else _text(v) for v in naive]
    )


def _known_zones(values: list[datetime | None]) -> bool:
    """Return whether Polars converts all values by itself, without an overflow."""
    zones = {value.tzinfo for value in values if value is not None}
    return {type(zone) for zone in zones} <= _KNOWN_ZONES


def _naive_utc(value: date) -> datetime | str:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC by rule
    try:
        aware = value.utcoffset() is not None
        return value.astimezone(UTC).replace(tzinfo=None) if aware else value
    except OverflowError:
        return value.isoformat()  # reported as out of range with the other instants


def _texts(name: str, values: list[object]) -> pl.Series:
    types = _types(values)
    if types <= _TEXT:
        return _text_series(name, values)
    if types <= {bool, NoneType}:
        return pl.Series(name, values, pl.Boolean)
    _refuse(name, values, _is_no_text, "text")
    return _text_series(name, [_text(value) for value in values])


def _is_no_text(value: object) -> bool:
    if isinstance(value, int):
        return abs(value) >= _TOO_LONG
    if isinstance(value, str) or value is None:
        return False
    # Without a `__str__` of its own, an object's text is its address in memory.
    without_text = type(value).__str__ is object.__str__
    return without_text or isinstance(value, Iterable | float | complex)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return str.__str__(value)  # the value of an enumeration's member
    return None if value is None else str(value)


def _text_series(name: str, values: list[Any]) -> pl.Series:
    if not isinstance(name, str) or not is_unicode(name):
        msg = f"records: expected fields named by Unicode text, found {_shown(name)}"
        raise InvalidRecordsError(msg)
    try:
        return pl.Series(name, values, pl.String)
    except UnicodeEncodeError as error:
        fault = _fault(name, values, lambda v: not is_unicode(v or ""), "Unicode text")
        raise fault from error


def _refuse(
    name: str, values: list[Any], is_wrong: Callable[[Any], bool], expected: str
) -> None:
    if any(map(is_wrong, values)):
        raise _fault(name, values, is_wrong, expected)


def _fault(
    name: str, values: list[Any], is_wrong: Callable[[Any], bool], expected: str
) -> InvalidRecordsError:
    wrong = [(row, value) for row, value in enumerate(values) if is_wrong(value)]
    some = ", ".join(f"{_shown(v)} (row {row})" for row, v in wrong[:_MAX_EXAMPLES])
    name = name if name == "records" else f"`{name}`"
    return InvalidRecordsError(
        f"{name}: {len(wrong)} values are not {expected}: {some}"
    )


def _shown(value: object) -> str:
    try:
        return f"{value!r:.40}"
    except ValueError:  # it is, or contains, a number that is too long
        return f"a `{type(value).__name__}` too long to show"
