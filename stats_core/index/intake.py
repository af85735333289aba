"""Records to the rows of an index, and those that no request can count.

Rows have what requests read, each in one form:

- `integration_id`, `appointment_type`, `status`, the dimensions: text
- `created_at`: `Int64`, Unix microseconds; null where undated
- `nanosecond`: `UInt16`, what `created_at` lacks; only where it lacks something
- `0:text`, `1:text` and so on: text, the searched columns
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import polars as pl

from stats_core import days
from stats_core.engine.execution import collect, read
from stats_core.index.numbers import Numbers
from stats_core.layout import RecordLayout
from stats_core.query import StatisticsQuery
from stats_core.records.canonical import (
    SEARCHED,
    canonical_documents,
    canonical_scan,
    readable,
)
from stats_core.records.columns import Columns, find_columns
from stats_core.records.documents import documents_columns
from stats_core.records.instants import time_unit
from stats_core.request import Request
from stats_core.schema import dimension_column
from stats_core.typing import Records

BATCH, FEW = 200_000, 50_000  # records
_SUFFIX = "_invalid"
_FILTERED = ("integration_id", "appointment_type")
_PER_MICROSECOND = 1_000  # nanoseconds
# The countable instants of a zone begin and end within two days of those of all zones.
_NEAR_THE_ENDS = 2 * days.DAY


class Kind(NamedTuple):
    """What decides which columns a request reads."""

    typed: bool
    scoped: bool
    searches: bool

    @classmethod
    def of(cls, request: Request) -> "Kind":
        """Return the kind of a request."""
        typed = request.query.appointment_type is not None
        return cls(typed, request.scoped, bool(request.patterns))

    def request(self, layout: RecordLayout) -> Request:
        """Return a request of this kind, with a bound."""
        query = StatisticsQuery(
            appointment_type="NP" if self.typed else None,
            search="a" if self.searches else None,
            end="9999-12-31",
        )
        return Request(query=query, layout=layout, by_integration=self.scoped)


@dataclass(frozen=True)
class Intake:
    """Records that are about to be indexed.

    Attributes:
        lf: Their canonical frame, with all columns that a request can read, and `row`.
        rows: Their number; None where it is not known.
        columns: What each kind of request finds in their columns.
    """

    lf: pl.LazyFrame
    rows: int | None
    columns: Mapping[Kind, Columns]


def intake(records: Records, layout: RecordLayout, first: int) -> Intake:
    """Return records to be indexed; nothing is read yet.

    Args:
        records: As `api.appointment_statistics` takes them.
        layout: Which column holds each field.
        first: The row number of the first record, for messages.

    Raises:
        InvalidRecordsError: The records are of another kind, or cannot be read.
    """
    every = Kind(typed=True, scoped=True, searches=True).request(layout)
    kinds = [Kind(*flags) for flags in product((False, True), repeat=3)]
    requests = [each.request(layout) for each in kinds]
    source, has_schema = readable(records, every)
    if isinstance(source, list):
        frame = canonical_documents(source, every)
        found = documents_columns(source, requests, every)
        if has_schema:
            found = [replace(each, optional=frozenset()) for each in found]
    else:
        height = source.height if isinstance(source, pl.DataFrame) else None
        lf = source.lazy()
        frame = canonical_scan(lf, every, height, apart=True)
        schema = lf.collect_schema()
        found = [find_columns(schema, request)[0] for request in requests]
    columns = dict(zip(kinds, found, strict=True))
    lf = frame.lf.rename({"text": f"0{SEARCHED}"}, strict=False)
    return Intake(lf.with_row_index("row", first), frame.rows, columns)


def size(found: Intake, layout: RecordLayout) -> int:
    """Return the number of records.

    Raises:
        InvalidRecordsError: The records cannot be read.
    """
    if found.rows is not None:
        return found.rows
    [df] = collect([found.lf.select(pl.len())], Request(layout=layout))
    return int(df.item())


def batches(
    found: Intake, layout: RecordLayout, numbers: Numbers
) -> Iterator[pl.DataFrame]:
    """Read the canonical records in batches, at least one, which may be empty.

    Args:
        found: The records.
        layout: Which column holds each field.
        numbers: Their texts become numbers of these.

    Raises:
        InvalidRecordsError: The records cannot be read.
    """
    request = Request(layout=layout)
    searched = [name for name in found.lf.collect_schema() if name.endswith(SEARCHED)]
    lf = numbers.encoded(found.lf, [*_named(layout), *searched])
    if found.rows is not None and found.rows < FEW:
        yield from collect([lf], request, few=True)
    else:
        yield from collect([lf.clear()], request, few=True)
        yield from read(lf, request, BATCH)


def at_fault(df: pl.DataFrame) -> pl.DataFrame:
    """Return the records that some request cannot count, in canonical form."""
    wrong = [
        pl.col(name).is_not_null() for name in df.columns if name.endswith(_SUFFIX)
    ]
    first, last = days.FIRST_SECOND + _NEAR_THE_ENDS, days.LAST_SECOND - _NEAR_THE_ENDS
    far = ~_seconds(df.schema).is_between(first, last)
    kept = [
        name
        for name in df.columns
        if name in {"row", "created_at", "integration_id"} or name.endswith(_SUFFIX)
    ]
    found = df.select(kept).filter(
        pl.any_horizontal(far.fill_null(value=False), *wrong)
    )
    return found.cast({pl.Categorical: pl.String})


def rows(df: pl.DataFrame, layout: RecordLayout, *, has_ids: bool) -> pl.DataFrame:
    """Return the rows of canonical records that some request can count.

    Args:
        df: The canonical records.
        layout: Its dimensions are counted.
        has_ids: Whether requests name an integration, so that no request can count
            records without one.
    """
    named = _named(layout)
    wrong = [f"{role}{_SUFFIX}" for role in ("created_at", *named[len(_FILTERED) :])]
    valid = [pl.col(name).is_null() for name in wrong if name in df.columns]
    countable = _seconds(df.schema).is_between(days.FIRST_SECOND, days.LAST_SECOND)
    valid.append(countable.fill_null(value=True))
    if has_ids:
        valid.append(pl.col("integration_id").is_not_null())
    searched = [pl.col(name) for name in df.columns if name.endswith(SEARCHED)]
    none = pl.lit(None, pl.String).alias(f"0{SEARCHED}")
    chosen = (
        df.lazy()
        .filter(valid)
        .select(*named, *(searched or [none]), **_instants(df.schema))
    )
    found = chosen.collect(engine="in-memory")
    return found if found["nanosecond"].max() else found.drop("nanosecond")


def _named(layout: RecordLayout) -> tuple[str, ...]:
    """Return the columns of text that are not searched."""
    return (*_FILTERED, "status", *map(dimension_column, layout.dimensions()))


def _seconds(schema: pl.Schema) -> pl.Expr:
    per_second = days.UNITS_PER_SECOND[time_unit(schema)]
    return pl.col("created_at").to_physical() // per_second


def _instants(schema: pl.Schema) -> dict[str, pl.Expr]:
    """Return the microseconds of each instant, and the nanoseconds they lack."""
    ticks = pl.col("created_at").to_physical()
    rest = pl.lit(0)
    match time_unit(schema):
        case "ms":
            ticks = ticks * 1_000
        case "ns":
            ticks, rest = ticks // _PER_MICROSECOND, ticks % _PER_MICROSECOND
    if "created_at_nanosecond" in schema:
        rest = pl.col("created_at_nanosecond")
    nanosecond = rest.fill_null(0).cast(pl.UInt16)
    return {"created_at": ticks, "nanosecond": nanosecond}
