"""Documents, as a database driver or a JSON file gives them, to columns.

Documents are loose where frames are strict: a field can be missing in some, nested in
others, an object in one and text in the next. Only the fields that the layout names,
and text to search, are read, so no other field can be at fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from types import NoneType
from typing import Any

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
from stats_core.records.document_series import instant_series, text_series, types_of
from stats_core.records.values import shown, value_text
from stats_core.request import Request
from stats_core.schema import dimension_column
from stats_core.text import without_surrogates
from stats_core.typing import Document

_ABSENT = object()
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
    if not types_of(rows) <= {dict}:
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
    columns = [*instant_series(values["created_at"] or [None] * len(rows), request)]
    for role in counted_roles(request):
        columns += text_series(role, values[role] or [None] * len(rows))
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
    statuses = types_of(values["status"] or ()) - {NoneType}
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
    if object in types_of(values):
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
