"""Documents, as a database driver or a JSON file gives them, to a frame.

Documents are loose where frames are strict: a field may be missing from some, nested
in others, an object in one and text in the next. Only the fields that the layout names,
and text to search in, are read, so nothing else in a document can be at fault.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from types import NoneType
from typing import Any

import polars as pl

from stats_core.days import EPOCH
from stats_core.errors import InvalidRecordsError
from stats_core.layout import RecordLayout
from stats_core.text import is_unicode

Document = Mapping[str, Any]
_ABSENT = object()
_TEXT = {str, NoneType}
_PLAIN = {str, NoneType, bool, int, date, datetime}
_MOST_EXAMPLES = 3
_TOO_LONG = 10**4_300  # Python writes no number of more digits than these


def documents_frame(
    documents: Iterable[Document], layout: RecordLayout
) -> pl.DataFrame | None:
    """The fields of documents that a layout names, a column each.

    Returns:
        One row a document, in their order; None where there is no document. A column,
        named by its whole path, for each path that at least one document holds, then
        the other top-level fields that hold text, null where they hold something else. `created_at` is `Datetime(us)` in UTC,
        or `String` if any document has text there; the others are `String`, or
        `Boolean` where they hold nothing else.

    Raises:
        InvalidRecordsError: Not documents, or values that their field cannot hold;
            every fault is listed.

    >>> docs = [{"status": "failed", "config": {"utm_source": "ads"}}, {"status": None}]
    >>> documents_frame(docs, RecordLayout(utm_source="config.utm_source")).rows()
    [('failed', 'ads'), (None, None)]
    """
    rows = _checked(documents)
    columns: list[pl.Series] = []
    faults: list[str] = []
    for name, values in _fields(rows, layout):
        make = _instants if name == layout.created_at else _texts
        try:
            columns.append(make(name, values))
        except InvalidRecordsError as error:
            faults += error.faults
    if faults:
        raise InvalidRecordsError(*faults)
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
    rows: list[Document], layout: RecordLayout
) -> Iterator[tuple[str, list[object]]]:
    """The name and values of each column, absent values as None."""
    paths = dict.fromkeys([*layout.columns().values(), *(layout.search or ())])
    for path in paths:
        values = [_dig(row, path) for row in rows]
        if any(value is not _ABSENT for value in values):
            found = _unwrapped_all(values)
            yield path, _worded(found, layout) if path == layout.status else found
    for name in dict.fromkeys(key for row in rows for key in row):
        values = [_text_only(row.get(name)) for row in rows]
        if name not in paths and _types(values) != {NoneType}:
            yield name, values


def _dig(document: Document, path: str) -> object:
    """The value at a dotted path, a key that is the whole path coming first."""
    if path in document or "." not in path:
        return document.get(path, _ABSENT)
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


def _unwrapped_all(values: list[object]) -> list[object]:
    if _types(values) <= _PLAIN:
        return values
    return [_unwrapped(value) for value in values]


def _unwrapped(value: object) -> object:
    """Undo the wrappers of MongoDB's Extended JSON v2; what is missing is None."""
    if hasattr(value, "item"):  # a scalar of NumPy's
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


def _worded(statuses: list[object], layout: RecordLayout) -> list[object]:
    """Statuses; true and false, where not all are, in the layout's words."""
    types = _types(statuses)
    if bool not in types or types <= {bool, NoneType}:
        return statuses
    successful = min(layout.successful, default="true")
    failed = min(layout.failed, default="false")
    words = {True: successful, False: failed}
    return [words[it] if isinstance(it, bool) else it for it in statuses]


def _is_missing(value: object) -> bool:
    """Whether it is a NaN, or the NaT or NA that pandas puts for what is missing."""
    if type(value).__name__ == "NAType":
        return True
    return isinstance(value, float | datetime) and value != value  # noqa: PLR0124 - NaN


def _from_milliseconds(value: object) -> object:
    try:
        return EPOCH + timedelta(milliseconds=int(str(value)))
    except (ValueError, OverflowError):
        return value  # refused with all the others


def _instants(name: str, values: list[object]) -> pl.Series:
    expected = "date-times or ISO 8601 text"
    _refuse(name, values, lambda v: not isinstance(v, str | date | None), expected)
    naive = [
        _naive_utc(value) if isinstance(value, date) else value for value in values
    ]
    if not any(issubclass(kind, str) for kind in _types(naive)):
        return pl.Series(name, naive, pl.Datetime("us"))
    return _text_series(
        name, [v.isoformat() if isinstance(v, datetime) else _text(v) for v in naive]
    )


def _naive_utc(value: date) -> datetime | str:
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC by rule
    try:
        aware = value.utcoffset() is not None
        return value.astimezone(UTC).replace(tzinfo=None) if aware else value
    except OverflowError:
        return value.isoformat()  # found out of range with all the others


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
    # An object that says nothing of itself would be named by its place in memory.
    speechless = type(value).__str__ is object.__str__
    return speechless or isinstance(value, Iterable | float | complex)


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return str.__str__(value)  # of a member of an enumeration, what it stands for
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
    some = ", ".join(f"{_shown(v)} (row {row})" for row, v in wrong[:_MOST_EXAMPLES])
    name = name if name == "records" else f"`{name}`"
    return InvalidRecordsError(
        f"{name}: {len(wrong)} values are not {expected}: {some}"
    )


def _shown(value: object) -> str:
    try:
        return f"{value!r:.40}"
    except ValueError:  # a number too long, or something with one in it
        return f"a `{type(value).__name__}` too long to show"
