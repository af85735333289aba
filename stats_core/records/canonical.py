"""Records of any form to the canonical frame; all checks on columns end here.

The canonical frame has the columns that the request reads, always in this form:

- `created_at`: `Datetime` of any unit, physically UTC; null where undated
- `status` and each dimension (`schema.dimension_column`): text, null where absent
- `appointment_type`, `integration_id`: text; only where the request filters by them
- `text`: `String`, all searched text of a record; only where the request searches
- `created_at_nanosecond`: `Int64`, what `created_at` lacks, 0 to 999; null means 0; only
  where the request has a bound and the records have more than microseconds
- `<role>_invalid`: `String`, a value that cannot be counted, as messages show it; only
  where the form of the records allows such values

Text is `String`, `Categorical` or `Enum`, as the caller has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from stats_core.errors import reading
from stats_core.records.arrow import arrow_records
from stats_core.records.columns import (
    Columns,
    Fields,
    check_columns,
    counted_roles,
    find_columns,
    fits,
)
from stats_core.records.created_at import created_at_columns
from stats_core.records.documents import documents_frame, documents_list
from stats_core.records.fields import Field
from stats_core.records.instants import UTC_MICROSECONDS
from stats_core.records.values import invalid_column, text_column
from stats_core.request import Request
from stats_core.typing import ArrowStream, Document, Records

SEARCHED = ":text"  # ends the name of a searched column; no other name does


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
    source, has_schema = readable(records, request)
    if isinstance(source, list):
        frame = canonical_documents(source, request)
        if has_schema:  # what it lacks is absent, not unset
            frame = replace(frame, columns=replace(frame.columns, optional=frozenset()))
    else:
        height = source.height if isinstance(source, pl.DataFrame) else None
        frame = canonical_scan(source.lazy(), request, height)
    check_columns(frame.columns)
    return frame


def readable(
    records: Records, request: Request
) -> tuple[pl.DataFrame | pl.LazyFrame | list[Document], bool]:
    """Return records as a Polars frame or as documents, and whether they had a schema.

    Raises:
        InvalidRecordsError: The records are of another kind, or cannot be read.

    >>> readable(iter([{"status": "failed"}]), Request())
    ([{'status': 'failed'}], False)
    """
    if isinstance(records, pl.DataFrame | pl.LazyFrame):
        return records, True
    if isinstance(records, ArrowStream):
        return arrow_records(records, request), True
    return documents_list(records), False


def canonical_scan(
    lf: pl.LazyFrame, request: Request, rows: int | None = None, *, apart: bool = False
) -> CanonicalFrame:
    """Return a frame's records in canonical form, its faults unraised.

    What is absent is null, so that files that lack columns can be counted with files
    that have them; `check_columns` then raises what is absent in all of them.

    Args:
        lf: The frame.
        request: What is counted.
        rows: The number of records, where it is known.
        apart: Whether each searched column becomes a column, `0:text` and so on,
            instead of being joined with the others.

    Raises:
        InvalidRecordsError: The schema of the frame cannot be read.
    """
    with reading():
        schema = lf.collect_schema()
    found, fields, searched = find_columns(schema, request)
    columns = [*_columns(fields, request)]
    if request.patterns:
        texts = _texts(searched)
        columns += texts if apart else [_joined(texts)]
    return CanonicalFrame(lf.select(columns), rows, found)


def canonical_documents(
    documents: Sequence[Document], request: Request
) -> CanonicalFrame:
    """Return documents in canonical form, their faults unraised; no document lacks nothing."""
    df, found = documents_frame(documents, request)
    lf = df.lazy()
    if "created_at_text" in df.columns:
        text = Field(pl.col("created_at_text"), pl.String())
        for column in created_at_columns(text, request):
            name = column.meta.output_name()
            both = pl.coalesce(name, column) if name in df.columns else column
            lf = lf.with_columns(both.alias(name))
        lf = lf.drop("created_at_text")
    return CanonicalFrame(lf, df.height, found if documents else Columns())


def _columns(fields: Fields, request: Request) -> Iterator[pl.Expr]:
    yield from _created_at(fields["created_at"], request)
    for role in counted_roles(request):
        found = fields[role]
        if found is None or not fits(role, found):
            yield pl.lit(None, pl.String).alias(role)
            continue
        yield text_column(found).alias(role)
        if (invalid := invalid_column(found)) is not None:
            yield invalid.alias(f"{role}_invalid")


def _created_at(found: Field | None, request: Request) -> Iterator[pl.Expr]:
    if found is None or not fits("created_at", found, request.layout):
        # One null per record, even if no other column is found.
        nulls = pl.repeat(None, pl.len(), dtype=UTC_MICROSECONDS)
        yield nulls.alias("created_at")
    else:
        yield from created_at_columns(found, request)


def _texts(searched: Fields) -> list[pl.Expr]:
    """Return the text of each searched column."""
    found = [each for each in searched.values() if each and fits("search", each)]
    return [
        text_column(each).cast(pl.String).alias(f"{place}{SEARCHED}")
        for place, each in enumerate(found)
    ]


def _joined(texts: list[pl.Expr]) -> pl.Expr:
    """Join all searched text of a record, so that one pass searches all of it.

    The separator is white space, which no keyword contains, so no keyword matches
    across two columns.
    """
    if not texts:
        return pl.lit(None, pl.String).alias("text")
    return pl.concat_str(texts, separator=" ", ignore_nulls=True).alias("text")
