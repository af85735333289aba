"""Anything the caller holds, to one canonical LazyFrame; all checks on records end here.

The canonical frame has these columns, always in this form:

- `created_at`: `Datetime` of any unit, physically UTC
- `created_at_text`: `String`, what `created_at` was read from; only where it was text
- `status`: text, or `Boolean` with true for successful
- `appointment_type`, `integration_id`: text; only where the records carry them
- `source`, `utm_source`, `utm_medium`, `utm_campaign`: text, null where absent
- `text`: `String`, all that `search` reads; only where there is something

Text is `String`, `Categorical` or `Enum`, as the caller has it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import polars as pl

from stats_core.documents import Document, documents_frame
from stats_core.errors import InvalidRecordsError, first_line
from stats_core.fields import UTC_MICROSECONDS, Field, find, instants
from stats_core.layout import DIMENSIONS, ROLES, RecordLayout
from stats_core.query import StatisticsQuery


@runtime_checkable
class ArrowStream(Protocol):
    """Anything with the Arrow PyCapsule interface: pyarrow, pandas, duckdb and more."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule that holds an Arrow stream."""


Records = pl.DataFrame | pl.LazyFrame | ArrowStream | Iterable[Document]

# What a plan may raise; its files may be gone, and some panics of Polars are known.
READ_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)

_EMPTY = {"created_at": UTC_MICROSECONDS} | dict.fromkeys(
    (*ROLES[1:], "text"), pl.String
)
_MOST_NAMES = 20


@contextmanager
def reading() -> Iterator[None]:
    """While records are read, no error of Polars or of a file reaches the caller.

    Raises:
        InvalidRecordsError: In its stead.
    """
    try:
        yield
    except READ_ERRORS as error:
        msg = f"records: cannot be read: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def canonical(
    records: Records,
    layout: RecordLayout,
    query: StatisticsQuery,
    *,
    scoped: bool = False,
) -> pl.LazyFrame:
    """The records in the form of this module's docstring; nothing is collected.

    Args:
        records: A Polars frame, an Arrow stream or documents; never changed.
        layout: Where the fields are.
        query: What will be asked, and so what must be there.
        scoped: Whether one integration, or each, will be asked for. Records that carry
            an integration must be scoped and others cannot be, so that one tenant's
            figures never leak into another's by forgetting.

    Raises:
        InvalidRecordsError: Absent columns and wrong types, every one of them.
            Values that cannot be read are found later, by `survey.survey`.

    >>> df = pl.DataFrame({"at": ["2024-05-01"], "status": [True], "name": ["Ana"]})
    >>> lf = canonical(df, RecordLayout(created_at="at"), StatisticsQuery())
    >>> lf.select("status", "utm_source", "text").collect().rows()
    [(True, None, 'Ana')]
    """
    lf = _lazy(records, layout)
    if lf is None:
        unscoped = [] if scoped else ["integration_id"]
        return pl.LazyFrame(schema=_EMPTY).drop(unscoped)
    schema = _schema(lf)
    fields = {role: find(schema, path) for role, path in layout.columns().items()}
    haystack = _haystack(schema, layout)
    faults = [
        *_absences(fields, layout, list(schema)),
        *_wrong_types(fields, layout),
        *_unanswerable(fields, query, scoped=scoped),
        *(_unsearchable(haystack) if query.keywords() else ()),
    ]
    if faults:
        raise InvalidRecordsError(*faults)
    return lf.select(*_columns(fields), *_text(haystack))


def _lazy(records: Records, layout: RecordLayout) -> pl.LazyFrame | None:
    """The caller's records as they are; None where there are no documents at all."""
    match records:
        case pl.LazyFrame():
            return records
        case pl.DataFrame():
            return records.lazy()
        case ArrowStream():
            return _from_arrow(records).lazy()
    documents = documents_frame(records, layout)
    return None if documents is None else documents.lazy()


def _from_arrow(stream: Any) -> pl.DataFrame:  # noqa: ANN401 - Polars has no type for it
    try:
        return pl.DataFrame(stream)
    except (
        *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
        *(TypeError, ValueError, NotImplementedError),  # of pyarrow's errors the bases
    ) as error:
        msg = f"records: the Arrow stream cannot be read: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _schema(lf: pl.LazyFrame) -> pl.Schema:
    with reading():
        return lf.collect_schema()


def _absences(
    fields: dict[str, Field | None], layout: RecordLayout, columns: list[str]
) -> list[str]:
    needed = {"created_at", "status"} | layout.model_fields_set
    names = ", ".join(f"`{name}`" for name in columns[:_MOST_NAMES]) or "none"
    more = (
        "" if len(columns) <= _MOST_NAMES else f" and {len(columns) - _MOST_NAMES} more"
    )
    return [
        f"`{path}`: absent, needed as `{role}`; the columns are {names}{more}"
        for role, path in layout.columns().items()
        if fields[role] is None and role in needed
    ]


def _wrong_types(fields: dict[str, Field | None], layout: RecordLayout) -> list[str]:
    faults = []
    for role, field in fields.items():
        if field is None or _fits(role, field):
            continue
        expected = "a date-time, a date or ISO 8601 text"
        expected = expected if role == "created_at" else "text"
        path = getattr(layout, role)
        faults.append(f"`{path}`: expected {expected}, found `{field.dtype}`")
    return faults


def _fits(role: str, field: Field) -> bool:
    if field.is_text() or field.dtype == pl.Null:
        return True
    if role == "created_at":
        return isinstance(field.dtype, pl.Datetime | pl.Date)
    return field.dtype.is_integer() or (role == "status" and field.dtype == pl.Boolean)


def _unanswerable(
    fields: dict[str, Field | None], query: StatisticsQuery, *, scoped: bool
) -> list[str]:
    faults = []
    if query.appointment_type is not None and fields["appointment_type"] is None:
        faults.append("`appointment_type`: absent, needed to filter by type")
    carried = fields["integration_id"] is not None
    if carried and not scoped:
        faults.append(
            "`integration_id`: the records carry it, so say whose to count, or count "
            "each integration; to pool them all, drop the column"
        )
    if scoped and not carried:
        faults.append("`integration_id`: absent, so none can be asked for")
    return faults


def _haystack(schema: pl.Schema, layout: RecordLayout) -> dict[str, Field | None]:
    """The fields that `search` reads, by name; None for one that is absent."""
    if layout.search is not None:
        return {path: find(schema, path) for path in layout.search}
    read = set(layout.columns().values())
    fields = {name: Field(pl.nth(n), schema[name]) for n, name in enumerate(schema)}
    return {
        n: field for n, field in fields.items() if n not in read and field.is_text()
    }


def _unsearchable(haystack: dict[str, Field | None]) -> list[str]:
    if not haystack:
        return ["`search`: the records have no text column to search in"]
    faults = []
    for path, field in haystack.items():
        if field is None:
            faults.append(f"`{path}`: absent, needed by `search`")
        elif not _fits("search", field):
            faults.append(f"`{path}`: `search` expected text, found `{field.dtype}`")
    return faults


def _columns(fields: dict[str, Field | None]) -> list[pl.Expr]:
    columns = []
    for role, field in fields.items():
        if role == "created_at" and field is not None:
            columns += _created_at(field)
        elif field is not None:
            columns.append(_as_text(field).alias(role))
        elif role in DIMENSIONS:
            columns.append(pl.lit(None, pl.String).alias(role))
    return columns


def _created_at(field: Field) -> list[pl.Expr]:
    if isinstance(field.dtype, pl.Datetime):
        return [field.expr.alias("created_at")]
    if field.dtype == pl.Date:  # microseconds could not hold all of its years
        return [field.expr.cast(pl.Datetime("ms", "UTC")).alias("created_at")]
    text = field.expr.cast(pl.String)
    return [instants(text).alias("created_at"), text.alias("created_at_text")]


def _as_text(field: Field) -> pl.Expr:
    """The field as it is where it is text or Boolean; a whole number in digits."""
    if field.is_text() or field.dtype == pl.Boolean:
        return field.expr
    return field.expr.cast(pl.String)


def _text(haystack: dict[str, Field | None]) -> list[pl.Expr]:
    """All searched text of a record in one column, so that one look searches it all.

    The separator is white space, which no keyword holds: none matches across a border.
    """
    found = [field for field in haystack.values() if field and _fits("search", field)]
    parts = [_as_text(field).cast(pl.String) for field in found]
    if len(parts) > 1:
        parts = [pl.concat_str(parts, separator=" ", ignore_nulls=True)]
    return [part.alias("text") for part in parts]
