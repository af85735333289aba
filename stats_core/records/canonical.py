"""Records of any form to the canonical frame; all checks on columns end here.

The canonical frame has the columns that the request reads, always in this form:

- `created_at`: `Datetime` of any unit, physically UTC; null where undated
- `created_at_text`: `String`, the text of `created_at`; only where it was text
- `status` and each dimension: text, null where absent
- `appointment_type`, `integration_id`: text; only where the request filters by them
- `text`: `String`, all searched text of a record; only where the request searches

Text is `String`, `Categorical` or `Enum`, as the caller has it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from stats_core.errors import InvalidRecordsError, first_line, reading
from stats_core.records.columns import (
    Columns,
    Fields,
    check_columns,
    find_columns,
    fits,
)
from stats_core.records.documents import documents_frame
from stats_core.records.fields import Field
from stats_core.records.instants import UTC_MICROSECONDS, parse_instants
from stats_core.request import Request
from stats_core.schema import DIMENSIONS
from stats_core.typing import ArrowStream, Records


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
    text = ("text",) if request.patterns else ()
    names = ("status", *DIMENSIONS, *_filtered(request), *text)
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
    found, fields, searched = find_columns(schema, request)
    columns = [*_columns(fields, request)]
    if request.patterns:
        columns.append(_text(searched))
    return CanonicalFrame(lf.select(columns), rows, found)


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


def _columns(fields: Fields, request: Request) -> Iterator[pl.Expr]:
    yield from _created_at(fields["created_at"])
    for role in ("status", *DIMENSIONS, *_filtered(request)):
        found = fields[role]
        column = pl.lit(None, pl.String) if found is None else _as_text(found)
        yield column.alias(role)


def _created_at(found: Field | None) -> Iterator[pl.Expr]:
    if found is None:  # one null per record, even if no other column is found
        nulls = pl.repeat(None, pl.len(), dtype=UTC_MICROSECONDS)
        yield nulls.alias("created_at")
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


def _text(searched: Fields) -> pl.Expr:
    """Join all searched text of a record, so that one pass searches all of it.

    The separator is white space, which no keyword contains, so no keyword matches
    across two columns.
    """
    found = [each for each in searched.values() if each and fits("search", each)]
    parts = [each.expr.cast(pl.String) for each in found]
    if not parts:
        return pl.lit(None, pl.String).alias("text")
    return pl.concat_str(parts, separator=" ", ignore_nulls=True).alias("text")
