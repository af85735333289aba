"""Records of any form to the canonical frame; all checks on columns end here.

The canonical frame has the columns that the request reads, always in this form:

- `created_at`: `Datetime` of any unit, physically UTC; null where undated
- `created_at_text`: `String`, the text of `created_at`; only where it was text
- `status` and each dimension: text, null where absent
- `appointment_type`, `integration_id`: text; only where the request filters by them
- `text`: `String`, all searched text of a record; only where the request searches

Text is `String`, `Categorical` or `Enum`, as the caller has it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from stats_core.errors import Faults, InvalidRecordsError, first_line, reading
from stats_core.layout import RecordLayout
from stats_core.records.documents import documents_frame
from stats_core.records.fields import Field, find
from stats_core.records.instants import UTC_MICROSECONDS, parse_instants
from stats_core.request import Request
from stats_core.schema import DIMENSIONS
from stats_core.typing import ArrowStream, Records

_MAX_NAMES = 20


@dataclass(frozen=True)
class Columns:
    """What a request finds in the columns of records.

    Attributes:
        names: The names of the caller's columns.
        absent: What the request needs and the records lack: the path of a column, or
            `text` for something to search in, and why it is needed.
        faults: What else is wrong.
    """

    names: tuple[str, ...] = ()
    absent: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class CanonicalFrame:
    """Records in canonical form; nothing is read yet.

    Attributes:
        lf: The canonical frame.
        rows: The number of records; None where it is not known.
        columns: What was found in the caller's columns.
    """

    lf: pl.LazyFrame
    rows: int | None
    columns: Columns


def canonical_frame(records: Records, request: Request) -> CanonicalFrame:
    """Return the records in canonical form.

    Args:
        records: A Polars frame, an Arrow stream or documents; never changed.
        request: What is counted; it decides which columns are read.

    Raises:
        InvalidRecordsError: Absent columns and wrong types; every fault is listed.

    >>> df = pl.DataFrame({"at": ["2024-05-01"], "status": [True], "name": ["Ana"]})
    >>> request = Request(layout={"created_at": "at"}, query={"search": "ana"})
    >>> lf = canonical_frame(df, request).lf
    >>> lf.select("status", "utm_source", "text").collect().rows()
    [('true', None, 'Ana')]
    """
    lf, rows = _lazy(records, request)
    if lf is None:
        return no_records(request)
    frame = canonical_scan(lf, request, rows)
    check_columns(frame.columns)
    return frame


def no_records(request: Request) -> CanonicalFrame:
    """Return the canonical frame of no records, which lack nothing."""
    names = ("status", *DIMENSIONS, *_filtered(request), "text")
    schema = {"created_at": UTC_MICROSECONDS} | dict.fromkeys(names, pl.String())
    return CanonicalFrame(pl.LazyFrame(schema=schema), 0, Columns())


def canonical_scan(
    lf: pl.LazyFrame, request: Request, rows: int | None = None
) -> CanonicalFrame:
    """Return a frame's records in canonical form, its faults unraised.

    What is absent is null, so that files that lack columns can be counted with files
    that have them; `check_columns` then raises what is absent in all of them.

    Raises:
        InvalidRecordsError: The schema of the frame cannot be read.
    """
    with reading():
        schema = lf.collect_schema()
    layout = request.layout
    fields = {role: find(schema, path) for role, path in layout.columns().items()}
    faults = [*_wrong_types(fields, layout), *_unscoped(fields, request)]
    absent = _absent(fields, request)
    columns = [*_columns(fields, request)]
    if request.patterns:
        searched = _searched(schema, layout)
        absent |= _absent_text(searched)
        faults += _unsearchable(searched)
        columns.append(_text(searched))
    found = Columns(tuple(schema), absent, tuple(faults))
    return CanonicalFrame(lf.select(columns), rows, found)


def joined(found: Sequence[Columns]) -> Columns:
    """Return the columns of several sets of records; absent is what all of them lack.

    >>> joined([Columns(("a",), {"b": "`b`: absent"}), Columns(("b",))]).names
    ('a', 'b')
    """
    first, *others = found or [Columns()]
    return Columns(
        names=tuple(dict.fromkeys(name for each in found for name in each.names)),
        absent={
            key: reason
            for key, reason in first.absent.items()
            if all(key in each.absent for each in others)
        },
        faults=tuple(fault for each in found for fault in each.faults),
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
    names = ", ".join(f"`{name}`" for name in columns.names[:_MAX_NAMES]) or "none"
    more = len(columns.names) - _MAX_NAMES
    listed = f"the columns are {names}" + (f" and {more} more" if more > 0 else "")
    faults = Faults()
    faults.add(*columns.faults)
    faults.add(*(f"{reason}; {listed}" for reason in columns.absent.values()))
    faults.raise_if_any()


def _lazy(records: Records, request: Request) -> tuple[pl.LazyFrame | None, int | None]:
    """Return the caller's records and their number; None where there are no documents."""
    match records:
        case pl.LazyFrame():
            return records, None
        case pl.DataFrame():
            df: pl.DataFrame | None = records
        case ArrowStream():
            df = _from_arrow(records)
        case _:
            df = documents_frame(records, request)
    return (None, 0) if df is None else (df.lazy(), df.height)


def _from_arrow(stream: Any) -> pl.DataFrame:  # noqa: ANN401 - Polars has no type for it
    try:
        return pl.DataFrame(stream)
    except (
        *(pl.exceptions.PolarsError, pl.exceptions.PanicException),
        *(TypeError, ValueError, NotImplementedError),  # the bases of pyarrow's errors
    ) as error:
        msg = f"records: the Arrow stream cannot be read: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _filtered(request: Request) -> Iterator[str]:
    """Yield the roles that the request filters by."""
    if request.query.appointment_type is not None:
        yield "appointment_type"
    if request.scoped:
        yield "integration_id"


def _wrong_types(
    fields: Mapping[str, Field | None], layout: RecordLayout
) -> Iterator[str]:
    for role, found in fields.items():
        path = getattr(layout, role)
        if found is not None and not _fits(role, found):
            instant = "a date-time, a date or ISO 8601 text"
            expected = instant if role == "created_at" else "text"
            yield f"`{path}`: expected {expected}, found `{found.dtype}`"
    status = fields["status"]
    words = layout.successful | layout.failed
    if status and status.dtype == pl.Boolean and not words & {"true", "false"}:
        yield (
            f"`{layout.status}`: the column is Boolean, but the layout names neither "
            "`true` nor `false` as a status word"
        )


def _fits(role: str, found: Field) -> bool:
    if found.is_text() or found.dtype == pl.Null:
        return True
    if role == "created_at":
        return isinstance(found.dtype, pl.Datetime | pl.Date)
    return found.dtype.is_integer() or (role == "status" and found.dtype == pl.Boolean)


def _unscoped(fields: Mapping[str, Field | None], request: Request) -> Iterator[str]:
    # Without this, one tenant's figures would leak into another's by forgetting.
    if fields["integration_id"] is not None and not request.scoped:
        yield (
            "`integration_id`: the records carry it, so say whose to count, or count "
            "each integration; to pool them all, drop the column"
        )


def _absent(fields: Mapping[str, Field | None], request: Request) -> dict[str, str]:
    reasons = dict.fromkeys(
        {"created_at", "status"} | request.layout.model_fields_set, "needed as `{role}`"
    )
    if request.query.appointment_type is not None:
        reasons["appointment_type"] = "needed to filter by type"
    if request.scoped:
        reasons["integration_id"] = "so none can be asked for"
    return {
        path: f"`{path}`: absent, {reasons[role].format(role=role)}"
        for role, path in request.layout.columns().items()
        if fields[role] is None and role in reasons
    }


def _columns(fields: Mapping[str, Field | None], request: Request) -> Iterator[pl.Expr]:
    yield from _created_at(fields["created_at"])
    for role in ("status", *DIMENSIONS, *_filtered(request)):
        found = fields[role]
        column = pl.lit(None, pl.String) if found is None else _as_text(found)
        yield column.alias(role)


def _created_at(found: Field | None) -> Iterator[pl.Expr]:
    if found is None:
        yield pl.lit(None, UTC_MICROSECONDS).alias("created_at")
    elif isinstance(found.dtype, pl.Datetime):
        yield found.expr.alias("created_at")
    elif found.dtype == pl.Date:  # microseconds do not reach all of its years
        yield found.expr.cast(pl.Datetime("ms", "UTC")).alias("created_at")
    else:
        text = found.expr.cast(pl.String)
        yield parse_instants(text).alias("created_at")
        yield text.alias("created_at_text")


def _as_text(found: Field) -> pl.Expr:
    """Return text as it is, whole numbers in digits, a Boolean as `true` or `false`."""
    return found.expr if found.is_text() else found.expr.cast(pl.String)


def _searched(schema: pl.Schema, layout: RecordLayout) -> dict[str, Field | None]:
    """Return the fields that `search` reads, by name; None for an absent one."""
    if layout.search is not None:
        return {path: find(schema, path) for path in layout.search}
    read = set(layout.columns().values())
    fields = {name: Field(pl.nth(n), schema[name]) for n, name in enumerate(schema)}
    return {
        name: found
        for name, found in fields.items()
        if name not in read and found.is_text()
    }


def _absent_text(searched: Mapping[str, Field | None]) -> dict[str, str]:
    if not searched:
        return {"text": "`search`: the records have no text column to search in"}
    return {
        path: f"`{path}`: absent, needed by `search`"
        for path, found in searched.items()
        if found is None
    }


def _unsearchable(searched: Mapping[str, Field | None]) -> Iterator[str]:
    for path, found in searched.items():
        if found is not None and not _fits("search", found):
            yield f"`{path}`: `search` expected text, found `{found.dtype}`"


def _text(searched: Mapping[str, Field | None]) -> pl.Expr:
    """Join all searched text of a record, so that one pass searches all of it.

    The separator is white space, which no keyword contains, so no keyword matches
    across two columns.
    """
    found = [each for each in searched.values() if each and _fits("search", each)]
    parts = [each.expr.cast(pl.String) for each in found]
    if not parts:
        return pl.lit(None, pl.String).alias("text")
    return pl.concat_str(parts, separator=" ", ignore_nulls=True).alias("text")
