"""What an index holds: segments, each at least twice as large as the next one.

Added records become a new segment, together with those of the last segments that are not
large enough, as in a log-structured merge tree (O'Neil, Cheng, Gawlick and O'Neil,
1996). So the number of segments, and the number of times that a record is rearranged,
are at most the logarithm of the number of records.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import chain
from threading import Lock

import polars as pl

from stats_core.engine.counting import count
from stats_core.engine.execution import collect, invalid_error
from stats_core.engine.filters import scope
from stats_core.index import each
from stats_core.index.answer import partial_frame
from stats_core.index.arrangement import arrange
from stats_core.index.decoding import searched, spans_of, values
from stats_core.index.intake import Intake, Kind, at_fault, batches, intake, rows, size
from stats_core.index.numbers import Numbers
from stats_core.index.segment import Segment
from stats_core.index.spans import rows_of
from stats_core.layout import RecordLayout
from stats_core.records import invalid
from stats_core.records.canonical import canonical_frame
from stats_core.records.columns import Columns, check_columns, joined
from stats_core.request import Request
from stats_core.results.partials import merge_partials
from stats_core.typing import Records

_NO_ID = pl.Series([], dtype=pl.String)
# Threads that run many small Polars calls at once pass the interpreter's lock to and fro,
# which takes longer than one request after the other.
_IN_TURN = Lock()
_EVERYTHING = Kind(typed=True, scoped=True, searches=True)


@dataclass(frozen=True)
class Contents:
    """The records of an index; never changed.

    Attributes:
        layout: Which column held each field.
        records: The number of records that were given.
        columns: What each kind of request finds in their columns.
        segments: The records in order.
        at_fault: The records that some request cannot count, in canonical form.
    """

    layout: RecordLayout
    records: int = 0
    columns: Mapping[Kind, Columns] = field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    at_fault: tuple[pl.DataFrame, ...] = ()

    def extended(self, records: Records) -> "Contents":
        """Return the contents with more records.

        Raises:
            InvalidRecordsError: No request could count these records.
        """
        found = intake(records, self.layout, self.records)
        columns = {
            kind: _joined(self.columns.get(kind, Columns()), added)
            for kind, added in found.columns.items()
        }
        has_ids = self.layout.integration_id not in columns[_EVERYTHING].absent
        check_columns(columns[Kind(typed=False, scoped=has_ids, searches=False)])
        kept = _large_enough(self.segments, size(found, self.layout))
        numbers = Numbers()
        for df in chain(*(_rows(it, self.layout) for it in self.segments[kept:])):
            numbers.add(df)
        added, wrong = _read(found, self.layout, numbers, has_ids=has_ids)
        if not has_ids:
            _check_values(wrong, Request(layout=self.layout))
        segment = arrange(numbers, self.layout)
        return Contents(
            layout=self.layout,
            records=self.records + added,
            columns=columns,
            segments=(*self.segments[:kept], *([segment] if len(segment) else [])),
            at_fault=(*self.at_fault, *wrong),
        )

    def partial_frame(self, request: Request) -> pl.DataFrame:
        """Count the records that a request selects; as `engine.counting.count`.

        Raises:
            InvalidRecordsError: The records cannot answer this request.
        """
        check_columns(self.columns[Kind.of(request)])
        if self.at_fault:
            _check_values(self.at_fault, request)
        if request.by_integration:
            return each.partial_frame(self.segments, request)
        with nullcontext() if request.patterns or request.where else _IN_TURN:
            parts = [
                partial_frame(segment, place, request)
                for segment in self.segments
                if (place := segment.place_of(request.integration_id)) is not None
            ]
        merged = merge_partials(parts)
        if merged is None:
            return count(canonical_frame([], request), request)
        return merged

    def integrations(self) -> int:
        """Return the number of integrations that have a record."""
        ids = pl.concat([_NO_ID, *(each.integrations for each in self.segments)])
        return ids.drop_nulls().n_unique()

    def nbytes(self) -> int:
        """Return the number of bytes in memory."""
        frames = sum(int(df.estimated_size()) for df in self.at_fault)
        return frames + sum(segment.nbytes() for segment in self.segments)


def _read(
    found: Intake, layout: RecordLayout, numbers: Numbers, *, has_ids: bool
) -> tuple[int, list[pl.DataFrame]]:
    """Add the rows of records to numbers.

    Returns:
        The number of records, and those that some request cannot count.
    """
    records, wrong = 0, []
    for df in batches(found, layout, numbers):
        records += df.height
        wrong.append(at_fault(df))
        numbers.add(rows(df, layout, has_ids=has_ids))
    return records, [df for df in wrong if df.height]


def _joined(before: Columns, added: Columns) -> Columns:
    """Return the columns of both; those of no document are nothing."""
    return joined([it for it in (before, added) if it != Columns()])


def _large_enough(segments: Sequence[Segment], added: int) -> int:
    """Return how many segments stay as they are when some records are added."""
    kept = len(segments)
    while kept and len(segments[kept - 1]) < 2 * added:
        kept -= 1
        added += len(segments[kept])
    return kept


def _rows(segment: Segment, layout: RecordLayout) -> Iterator[pl.DataFrame]:
    """Yield the rows of a segment again, to be arranged with others."""
    for span in spans_of(segment):
        rows = rows_of([span])
        columns = values(segment, rows, layout, {}) | searched(segment, rows)
        yield pl.DataFrame(columns)


def _check_values(parts: Iterable[pl.DataFrame], request: Request) -> None:
    """Raise what a request cannot count in some canonical records."""
    unread = {
        "appointment_type_invalid": request.query.appointment_type is None,
        "integration_id_invalid": not request.scoped,
    }
    left_out = [name for name, is_unread in unread.items() if is_unread]
    plans = []
    for part in parts:
        lf = part.lazy().drop(left_out, strict=False)
        within = scope(request, lf.collect_schema())
        plans.append(invalid.invalid_values(lf, request, within))
    faults = [df for df in collect(plans, request) if df.height]
    if faults:
        raise invalid_error(faults, request)
