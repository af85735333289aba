"""Records in the order of the index, and the counts of those that are selected.

Records are in the order of their integration, their type and their instant; undated ones
come first. So the records of one integration and one type are one slice, and a period is
two binary searches in it. Types that no request can name are one slice, the last.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from stats_core.bounds import Period
from stats_core.index.beginnings import Beginnings, ClockUnit, Running, beginnings
from stats_core.index.dimension import Dimension
from stats_core.index.labels import Labels, labels
from stats_core.index.searched import SearchedColumn
from stats_core.index.spans import Span, rows_in, rows_of
from stats_core.query import AppointmentType
from stats_core.request import Request
from stats_core.schema import OUTCOME

TYPES = tuple(AppointmentType)
SLICES = len(TYPES) + 1  # of each integration
_MAX_KEPT = 256  # integrations and zones whose days or hours are kept


class Condition(NamedTuple):
    """A condition on records: whether it holds for each code of a column."""

    holds: pl.Series
    codes: pl.Series


@dataclass(frozen=True, eq=False)
class Segment:
    """Records in order.

    Attributes:
        integrations: `String`: the ids, ascending; one null where records have none.
        starts: `UInt32`: the first row of each slice, then the number of records.
        undated: `UInt32`: the number of undated records of each slice.
        running: The instants, and the running counts of the outcomes.
        nanoseconds: `UInt16`: what the instants lack; None where all lack nothing.
        dimensions: The dimensions by name.
        searched: The searched columns.
    """

    integrations: pl.Series
    starts: pl.Series
    undated: pl.Series
    running: Running
    nanoseconds: pl.Series | None
    dimensions: Mapping[str, Dimension]
    searched: tuple[SearchedColumn, ...]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.instants)

    def __getstate__(self) -> dict[str, object]:
        """Return what is pickled: not what was found since."""
        return {it.name: getattr(self, it.name) for it in fields(self)}

    @property
    def instants(self) -> pl.Series:
        """The Unix microseconds of the records, `Int64`; null where undated."""
        return self.running.instants

    @cached_property
    def beginnings(self) -> Callable[[int, ZoneInfo, ClockUnit], Beginnings | None]:
        """Find the local days or hours of an integration; the last ones are kept."""

        def find(
            integration: int, zone: ZoneInfo, unit: ClockUnit
        ) -> Beginnings | None:
            spans = self.dated_in(self.slices(integration, None), Period())
            return beginnings(self.running, spans, zone, unit)

        return lru_cache(maxsize=_MAX_KEPT)(find)

    @cached_property
    def labels(self) -> Labels:
        """The labels of all dimensions."""
        return labels(self.dimensions)

    def place_of(self, integration_id: str | None) -> int | None:
        """Return the place of an integration; None if it has no record here."""
        ids = self.integrations
        if integration_id is None:
            return 0
        # Text sorts behind the null of records without an integration.
        place = bisect_left(ids, integration_id, int(ids[0] is None))
        known = place < len(ids) and ids[place] == integration_id
        return place if known else None

    def nbytes(self) -> int:
        """Return the number of bytes in memory."""
        held = [self.integrations, self.starts, self.undated, *self.running]
        held += [] if self.nanoseconds is None else [self.nanoseconds]
        for dimension in self.dimensions.values():
            held += [dimension.labels, dimension.codes, dimension.running]
        for column in self.searched:
            held += [column.texts, column.codes, *column.words]
        return sum(int(column.estimated_size()) for column in held)

    def slices(self, integration: int, kind: AppointmentType | None) -> range:
        """Return the slices of an integration: that of one type, or all."""
        first = integration * SLICES
        if kind is None:
            return range(first, first + SLICES)
        place = first + TYPES.index(kind)
        return range(place, place + 1)

    def records_in(self, slices: range) -> Span:
        """Return the records of adjacent slices."""
        return Span(self.starts[slices.start], self.starts[slices.stop])

    def dated_in(self, slices: range, period: Period) -> list[Span]:
        """Return the dated records of each slice that are in a period."""
        return [self._dated(place, period) for place in slices]

    def _dated(self, place: int, period: Period) -> Span:
        first = self.starts[place] + self.undated[place]
        end = self.starts[place + 1]
        if period.start is not None:
            first = self._row_at(period.start, first, end)
        if period.end is not None:
            end = self._row_at(period.end, first, end)
        return Span(first, end)

    def _row_at(self, nanosecond: int, first: int, end: int) -> int:
        """Return the first row of a slice that is not before a Unix nanosecond."""
        if self.nanoseconds is None:
            return bisect_left(self.instants, -(-nanosecond // 1_000), first, end)
        microsecond, rest = divmod(nanosecond, 1_000)
        first = bisect_left(self.instants, microsecond, first, end)
        end = bisect_right(self.instants, microsecond, first, end)
        return bisect_left(self.nanoseconds, rest, first, end)

    def conditions(self, request: Request) -> list[list[Condition]]:
        """Return what a request asks beside scope, type and period.

        A record counts if one condition of each group holds.
        """
        groups = []
        for name, wanted in request.where.items():
            if name == OUTCOME:
                some = next(iter(self.dimensions.values()))
                groups.append([Condition(some.with_outcome(wanted), some.codes)])
            else:
                own = self.dimensions[name]
                groups.append([Condition(own.with_label(wanted), own.codes)])
        searched = [
            [Condition(it.matching(pattern), it.codes) for it in self.searched]
            for pattern in request.patterns
        ]
        return groups + searched


def rows_where(
    spans: Sequence[Span], conditions: Sequence[Sequence[Condition]]
) -> pl.Series:
    """Return the rows in ranges for which one of each group of conditions holds.

    Returns:
        `UInt32`, ascending if the ranges do.
    """
    rows = rows_of(spans)
    first, *others = conditions
    rows = rows.filter(_one_of(it.holds[rows_in(it.codes, spans)] for it in first))
    for group in others:
        rows = rows.filter(_one_of(it.holds[it.codes[rows]] for it in group))
    return rows


def _one_of(conditions: Iterable[pl.Series]) -> pl.Series:
    return reduce(or_, conditions)
