"""The columns of records: what a request finds in them, and what is wrong."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from stats_core.errors import Faults
from stats_core.layout import RecordLayout
from stats_core.records.fields import Field, find, names_beside, names_in
from stats_core.records.values import is_countable
from stats_core.request import Request
from stats_core.schema import dimension_column

Fields = Mapping[str, Field | None]

_DEFAULT_LAYOUT = RecordLayout()
_MAX_NAMES = 20
_ANY_TEXT = ""  # a layout has no blank path


@dataclass(frozen=True)
class Columns:
    """What a request finds in the columns of records.

    Attributes:
        names: The names of the caller's columns.
        absent: What the request needs and the records lack: the path of a column, or
            blank for something to search in, and why it is needed.
        optional: Those of `absent` that are only unset here, because documents have no
            schema: a field can be in no document of one part and in those of another.
        faults: What else is wrong.
        booleans: Whether some statuses are Boolean.
        words: Whether some statuses are not.
        unnamed: What is wrong if all statuses are Boolean; blank if nothing is.
    """

    names: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    booleans: bool = False
    words: bool = False
    unnamed: str = ""


def find_columns(schema: pl.Schema, request: Request) -> tuple[Columns, Fields, Fields]:
    """Find what a request reads in records of this schema.

    Returns:
        The columns; the field of each role; and the fields that `search` reads, by
        path. A field is None where it is absent.

    >>> schema = pl.Schema({"created_at": pl.Date(), "status": pl.Binary()})
    >>> find_columns(schema, Request())[0].faults
    ('`status`: expected text, found `Binary`',)
    """
    layout = request.layout
    fields = {role: find(schema, path) for role, path in layout.columns().items()}
    searched = _searched(schema, layout) if request.patterns else {}
    faults = (
        *dict.fromkeys(_wrong_types(fields, layout)),  # two roles can share a column
        *scope_faults(fields, request),
        *_unsearchable(searched),
    )
    absent = absent_roles(fields, request)
    if request.patterns:
        absent |= absent_text(searched)
    absent = with_names_beside(absent, lambda path: names_in(schema, path))
    status = fields["status"]
    columns = Columns(
        names=tuple(schema),
        absent=absent,
        faults=faults,
        booleans=status is not None and status.dtype == pl.Boolean,
        words=status is not None and status.dtype not in {pl.Boolean, pl.Null},
        unnamed=unnamed_booleans(layout),
    )
    return columns, fields, searched


def joined(found: Sequence[Columns]) -> Columns:
    """Return the columns of several sets of records; absent is what all of them lack.

    >>> joined([Columns(("a",), {"b": "`b`: absent"}), Columns(("b",))]).names
    ('a', 'b')
    """
    if not found:
        return Columns()
    first, *others = found
    return Columns(
        names=tuple(dict.fromkeys(name for each in found for name in each.names)),
        absent={
            key: reason
            for key, reason in first.absent.items()
            if all(key in each.absent for each in others)
        },
        optional=first.optional.intersection(*(each.optional for each in others)),
        faults=tuple(dict.fromkeys(fault for each in found for fault in each.faults)),
        booleans=any(each.booleans for each in found),
        words=any(each.words for each in found),
        unnamed=first.unnamed,
    )


def check_columns(columns: Columns) -> None:
    """Check that the records have every column that the request needs.

    Raises:
        InvalidRecordsError: Wrong types or absent columns; every fault is listed.

    >>> check_columns(Columns(("a", "b"), {"status": "`status`: absent"}))
    Traceback (most recent call last):
        ...
    stats_core.errors.InvalidRecordsError: `status`: absent; the columns are `a`, `b`
    """
    listed = f"the columns are {_listed(columns.names)}"
    faults = Faults()
    faults.add(*columns.faults)
    if columns.unnamed and columns.booleans and not columns.words:
        faults.add(columns.unnamed)
    for key, reason in columns.absent.items():
        if key not in columns.optional:
            faults.add(f"{reason}; {listed}")
    faults.raise_if_any()


def _listed(names: Sequence[str]) -> str:
    listed = ", ".join(f"`{name}`" for name in names[:_MAX_NAMES]) or "none"
    more = len(names) - _MAX_NAMES
    return listed + (f" and {more} more" if more > 0 else "")


def filtered_roles(request: Request) -> Iterator[str]:
    """Yield the roles that the request filters by.

    >>> list(filtered_roles(Request(by_integration=True)))
    ['integration_id']
    """
    if request.query.appointment_type is not None:
        yield "appointment_type"
    if request.scoped:
        yield "integration_id"


def counted_roles(request: Request) -> tuple[str, ...]:
    """Return the roles that a request reads as text, in the order of their columns.

    >>> counted_roles(Request())[:2]
    ('status', 'source')
    """
    columns = map(dimension_column, request.dimensions)
    return ("status", *columns, *filtered_roles(request))


def absent_roles(found: Mapping[str, object], request: Request) -> dict[str, str]:
    """Return the needed columns that are not found, and why they are needed.

    Args:
        found: What holds each role; none where it is absent.
        request: It names columns, and needs those it filters by.

    >>> from stats_core.schema import ROLES
    >>> absent_roles(dict.fromkeys(ROLES), Request())["status"]
    '`status`: absent, needed as `status`'
    """
    layout = request.layout
    named = {"created_at", "status"} | layout.model_fields_set
    reasons = {role: f"needed as `{role}`" for role in named}
    for name in layout.breakdowns:
        reasons[dimension_column(name)] = f"needed for the breakdown `{name}`"
    if request.query.appointment_type is not None:
        reasons["appointment_type"] = "needed to filter by type"
    if request.scoped:
        reasons["integration_id"] = "so none can be asked for"
    absent: dict[str, str] = {}
    for role, path in layout.columns().items():
        if found.get(role) is None and role in reasons:
            absent.setdefault(path, f"`{path}`: absent, {reasons[role]}")
    return absent


def with_names_beside(
    absent: Mapping[str, str], names_at: Callable[[str], Sequence[str]]
) -> dict[str, str]:
    """Add the names beside each absent nested field to its reason, to show a typo.

    >>> with_names_beside({"a.c": "`a.c`: absent"}, {"a": ["b"]}.get)
    {'a.c': '`a.c`: absent; `a` has `b`'}
    """
    reasons = dict(absent)
    for path in absent:
        if beside := names_beside(path, names_at):
            above, names = beside
            reasons[path] += f"; `{above}` has {_listed(names)}"
    return reasons


def scope_faults(found: Mapping[str, object], request: Request) -> Iterator[str]:
    """Yield a fault if records carry an integration that the request does not name.

    Without it, one tenant's figures would leak into another's by forgetting.

    >>> list(scope_faults({"integration_id": None}, Request()))
    []
    """
    if found["integration_id"] is not None and not request.scoped:
        yield (
            "`integration_id`: the records carry it, so say whose to count, or count "
            "each integration; to pool them all, drop the column"
        )


def unnamed_booleans(layout: RecordLayout) -> str:
    """Return what a layout lacks to count statuses that are all Boolean; blank if nothing.

    >>> unnamed_booleans(RecordLayout())
    ''
    """
    if (layout.successful | layout.failed) & {"true", "false"}:
        return ""
    return (
        f"`{layout.status}`: every value is Boolean, but the layout names neither "
        "`true` nor `false` as a status word"
    )


def _wrong_types(fields: Fields, layout: RecordLayout) -> Iterator[str]:
    columns = layout.columns()
    for role, found in fields.items():
        path = columns[role]
        if found is not None and not fits(role, found, layout):
            instant = "a date-time, a date or ISO 8601 text"
            expected = instant if role == "created_at" else "text"
            yield f"`{path}`: expected {expected}, found `{found.dtype}`"


def fits(role: str, found: Field, layout: RecordLayout = _DEFAULT_LAYOUT) -> bool:
    """Return whether the type of a field can be read in this role.

    Numbers are instants only where the layout says in which unit.

    >>> fits("source", Field(pl.col("a"), pl.List(pl.String())))
    False
    """
    if role != "created_at":
        return is_countable(found.dtype)
    # A float can be a column without any value; the values are checked later.
    instant = isinstance(found.dtype, pl.Datetime | pl.Date | pl.Null)
    number = found.dtype.is_float() or (layout.epoch and found.dtype.is_numeric())
    return instant or found.is_text() or bool(number)


def _searched(schema: pl.Schema, layout: RecordLayout) -> dict[str, Field | None]:
    """Return the fields that `search` reads, by name; None for an absent one."""
    if layout.search is not None:
        return {path: find(schema, path) for path in layout.search}
    read = layout.unsearched()
    fields = {name: Field(pl.nth(n), schema[name]) for n, name in enumerate(schema)}
    return {
        name: found
        for name, found in fields.items()
        if name not in read and found.is_text()
    }


def absent_text(searched: Mapping[str, object]) -> dict[str, str]:
    """Return what a search needs and the records lack, and why it is needed.

    >>> absent_text({"name": None})
    {'name': '`name`: absent, needed by `search`'}
    """
    if not searched:
        reason = (
            "`search`: the records have no text column to search in; those that hold "
            "a field are not searched unless `layout.search` (`--search-in`) names them"
        )
        return {_ANY_TEXT: reason}
    return {
        path: f"`{path}`: absent, needed by `search`"
        for path, found in searched.items()
        if found is None
    }


def _unsearchable(searched: Fields) -> Iterator[str]:
    for path, found in searched.items():
        if found is not None and not fits("search", found):
            yield f"`{path}`: `search` expected text, found `{found.dtype}`"
