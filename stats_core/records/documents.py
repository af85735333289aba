"""Documents, as a database driver or a JSON file gives them, to columns.

Documents are loose where frames are strict: a field can be missing in some, nested in
others, an object in one and text in the next. Only the fields that the layout names,
and text to search, are read, so no other field can be at fault.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timezone
from itertools import chain
from numbers import Number
from types import NoneType
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from stats_core.errors import InvalidRecordsError
from stats_core.records.columns import (
    Columns,
    absent_roles,
    absent_text,
    counted_roles,
    filtered_roles,
    scope_faults,
    unnamed_booleans,
    with_names_beside,
)
from stats_core.records.instants import UTC as UTC_ZONE, UTC_MICROSECONDS
from stats_core.records.values import Invalid, plain, shown, value_text
from stats_core.request import Request
from stats_core.schema import dimension_column
from stats_core.text import is_unicode, without_surrogates
from stats_core.typing import Document

_ABSENT = object()
_TEXT = {str, NoneType}
_KNOWN_ZONES = {NoneType, timezone, ZoneInfo}
_MAX_EXAMPLES = 3
_MAX_SAMPLED = 1_000  # documents whose names help to find a typo
# What turns a row of another kind into a mapping.
_CONVERSIONS = {
    "model_dump": "its `model_dump()`",
    "_asdict": "its `_asdict()`",
    "_mapping": "its `_mapping`",
    "__dataclass_fields__": "`dataclasses.asdict` of it",
}


def documents_list(documents: Iterable[Document], first: int = 0) -> list[Document]:
    """Return the documents as a list.

    Args:
        documents: Mappings.
        first: The row number of the first one, for messages.

    Raises:
        InvalidRecordsError: The records, or one of them, are of another kind.

    >>> documents_list(iter([{"status": "failed"}]))
    [{'status': 'failed'}]
    """
    single = isinstance(documents, Mapping | str | bytes)
    if single or not isinstance(documents, Iterable):
        kind = type(documents).__name__
        msg = f"records: expected a frame or an iterable of mappings, got `{kind}`"
        raise InvalidRecordsError(msg)
    rows = list(documents)
    if not _types(rows) <= {dict}:
        wrong = [(n, row) for n, row in enumerate(rows, first) if not _is_mapping(row)]
        if wrong:
            raise InvalidRecordsError(_not_mappings(wrong))
    return rows


def documents_frame(
    rows: Sequence[Document], request: Request
) -> tuple[pl.DataFrame, Columns]:
    """Return the fields of documents that a request reads, and what it found.

    Returns:
        One row per document, in their order. `created_at: Datetime(us, UTC)` where it
        is a date or date-time and `created_at_text: String` where it is text, each only
        if a document has such a value; then `status`, the dimensions, the roles that
        the request filters by and, if it searches, `text`, all `String`. A value that
        cannot be counted is null; `<role>_invalid: String` shows it.

    >>> docs = [{"status": "failed", "config": {"utm_source": "ads"}}, {"status": None}]
    >>> request = Request(layout={"utm_source": "config.utm_source"})
    >>> documents_frame(docs, request)[0].select("status", "utm_source").rows()
    [('failed', 'ads'), (None, None)]
    """
    values = _role_values(rows, request)
    columns = [*_instants(values["created_at"] or [None] * len(rows), request)]
    for role in counted_roles(request):
        columns += _texts(role, values[role] or [None] * len(rows))
    if request.patterns:
        columns.append(_searched(rows, request))
    return pl.DataFrame(columns), _columns(rows, values, request)


def documents_columns(
    rows: Sequence[Document], requests: Sequence[Request], every: Request
) -> list[Columns]:
    """Return what each of some requests finds in documents, which are read once.

    Args:
        rows: The documents.
        requests: The requests, of one layout.
        every: A request that reads all fields that these read.

    >>> documents_columns([{"status": "failed"}], [Request()], Request())[0].words
    True
    """
    values = _role_values(rows, every)
    return [
        _columns(rows, values, request) if rows else Columns() for request in requests
    ]


def _role_values(
    rows: Sequence[Document], request: Request
) -> dict[str, list[Any] | None]:
    """Return the values of each role that is read; None where all are absent."""
    read = {
        "created_at",
        "status",
        "integration_id",
        *map(dimension_column, request.dimensions),
        *filtered_roles(request),
    }
    return {
        role: _values(rows, path)
        for role, path in request.layout.columns().items()
        if role in read
    }


def _columns(
    rows: Sequence[Document], values: Mapping[str, list[Any] | None], request: Request
) -> Columns:
    """Return what the documents lack.

    A field that no document has is only unset, unless the request needs it.
    """
    layout = request.layout
    paths = layout.columns()
    found = {role: values.get(role, True) for role in paths}
    absent = with_names_beside(
        absent_roles(found, request), lambda path: _names_at(rows, path)
    )
    needed = {
        paths[role] for role in ("created_at", "status", *filtered_roles(request))
    }
    if request.patterns and layout.search == ():
        absent |= absent_text({})
    names = dict.fromkeys(chain.from_iterable(rows)) if absent else ()
    statuses = _types(values["status"] or ()) - {NoneType}
    return Columns(
        names=tuple(name for name in names if isinstance(name, str)),
        absent=absent,
        optional=frozenset({*paths.values()} & {*absent} - needed),
        faults=tuple(scope_faults(values, request)),
        booleans=bool in statuses,
        words=not statuses <= {bool},
        unnamed=unnamed_booleans(layout),
    )


def _is_mapping(row: object) -> bool:
    return issubclass(type(row), Mapping)  # `isinstance` asks the foreign object


def _not_mappings(wrong: Sequence[tuple[int, object]]) -> str:
    some = ", ".join(f"{shown(row)} (row {n})" for n, row in wrong[:_MAX_EXAMPLES])
    attributes = set(dir(type(wrong[0][1])))
    help_ = next((it for name, it in _CONVERSIONS.items() if name in attributes), None)
    advice = f"; a row of this kind is a mapping after {help_}" if help_ else ""
    return f"records: {len(wrong)} values are not mappings: {some}{advice}"


def _values(rows: Sequence[Document], path: str) -> list[Any] | None:
    """Return the values at a path, None for absent ones; None if all are absent."""
    if "." in path:
        ways = _ways(path)
        values = [_get_path(row, ways) for row in rows]
    else:
        values = [row.get(path, _ABSENT) for row in rows]
    if object in _types(values):
        if all(value is _ABSENT for value in values):
            return None
        values = [None if value is _ABSENT else value for value in values]
    return values or None


def _ways(path: str) -> list[tuple[str, list[str]]]:
    """Return the keys that a dotted path can start with, and the keys in them.

    >>> _ways("config.utm")
    [('config.utm', []), ('config', ['utm'])]
    """
    names = path.split(".")
    places = range(len(names), 0, -1)
    return [(".".join(names[:place]), names[place:]) for place in places]


def _get_path(document: Document, ways: Iterable[tuple[str, list[str]]]) -> object:
    """Return the value at a dotted path; a key that is the whole path comes first."""
    for head, names in ways:
        if head in document:
            return _descend(document[head], names)
    return _ABSENT


def _descend(value: Any, names: Iterable[str]) -> object:  # noqa: ANN401 - of any kind
    try:
        for name in names:
            if not isinstance(value, Mapping) or name not in value:
                return _ABSENT
            value = value[name]
    except Exception:  # noqa: BLE001 - a foreign object may raise anything
        return value  # it is no text, so it is reported
    return value


def _names_at(rows: Sequence[Document], path: str) -> list[str]:
    """Return the names in the objects at a path, of the first documents."""
    some = (_get_path(row, _ways(path)) for row in rows[:_MAX_SAMPLED])
    objects = (value for value in some if isinstance(value, Mapping))
    return [
        it for it in dict.fromkeys(chain.from_iterable(objects)) if isinstance(it, str)
    ]


def _types(values: Iterable[object]) -> set[type]:
    return set(map(type, values))


def _searched(rows: Sequence[Document], request: Request) -> pl.Series:
    """Return all searched text of each document, joined by white space."""
    layout = request.layout
    if layout.search is None:
        read = layout.unsearched()
        texts: Iterable[Iterable[object]] = (
            (it for key, it in row.items() if key not in read and _is_text(it))
            for row in rows
        )
    else:
        paths = [_values(rows, path) or [None] * len(rows) for path in layout.search]
        texts = zip(*(map(value_text, values) for values in paths), strict=True)
    joined = [" ".join(it for it in some if isinstance(it, str)) for some in texts]
    with suppress(UnicodeEncodeError):
        return pl.Series("text", joined or [""] * len(rows), pl.String)
    return pl.Series("text", list(map(without_surrogates, joined)), pl.String)


def _is_text(value: object) -> bool:
    return issubclass(type(value), str)  # `isinstance` asks the foreign object


def _texts(role: str, values: list[Any]) -> Iterator[pl.Series]:
    """Yield the column of a role and, where it has any, of its invalid values."""
    if _types(values) <= _TEXT:
        with suppress(UnicodeEncodeError):
            yield pl.Series(role, values, pl.String)
            return
    texts = [_unicode(value_text(value)) for value in values]
    valid = [None if isinstance(it, Invalid) else it for it in texts]
    yield pl.Series(role, valid, pl.String)
    if Invalid in _types(texts):
        invalid = [it.shown if isinstance(it, Invalid) else None for it in texts]
        yield pl.Series(f"{role}_invalid", invalid, pl.String)


def _unicode(value: Any) -> Any:  # noqa: ANN401 - of any kind
    """Return the value, or what shows it if it is text that is not Unicode."""
    if isinstance(value, str) and not is_unicode(value):
        return Invalid(shown(value))
    return value


def _instants(values: list[Any], request: Request) -> Iterator[pl.Series]:
    """Yield the columns of `created_at`: its instants, its texts, its invalid values."""
    types = _types(values)
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


def _known_zones(values: list[datetime | None], naive_zone: ZoneInfo) -> bool:
    """Return whether Polars converts all values by itself, naive ones as UTC."""
    zones = _types(it.tzinfo for it in values if it is not None)
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
