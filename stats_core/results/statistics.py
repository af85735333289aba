"""The complete, unpaged answer: a view of one partial frame."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import polars as pl

from stats_core.errors import argument
from stats_core.readable import number, percent
from stats_core.results.comparison import Comparison
from stats_core.results.dashboard import Response
from stats_core.results.hours import hours_of_week
from stats_core.results.html import Day as HtmlDay, answer_html
from stats_core.results.partials import checked_partial, merge_partials
from stats_core.results.response import AppointmentsDashboard
from stats_core.results.views import Views
from stats_core.schema import (
    BREAKDOWN_SCHEMA,
    COUNTS,
    DIMENSIONS,
    HOURS,
    OUTCOMES,
    PARTIAL_SCHEMA,
    SECTIONS,
    TOTAL,
    TRENDS,
    TRENDS_SCHEMA,
    UNDATED,
)


@dataclass(frozen=True, eq=False, repr=False)
class AppointmentStatistics(Views):
    """The statistics of a set of records, complete and unpaged.

    Statistics are their own partial aggregate: those of disjoint sets of records add up
    to the statistics of all of them. The functions that count return them.

    Attributes:
        frame: All of them as one tidy frame; see `to_frame`.

    >>> from stats_core import appointment_statistics
    >>> docs = [{"created_at": "2024-05-01", "status": "failed", "source": "app"}]
    >>> stats = appointment_statistics(docs)
    >>> stats.total, stats.source.rows(), (stats + stats).source.rows()
    (1, [('app', 1, 0, 0, 1, 0)], [('app', 2, 0, 0, 2, 0)])
    """

    frame: pl.DataFrame

    @classmethod
    def empty(cls, timezone: str = "UTC") -> Self:
        """Return the statistics of no records, in that zone.

        >>> AppointmentStatistics.empty().total
        0
        """
        counts = dict.fromkeys(COUNTS, 0)
        head = {"timezone": timezone, "day": None, "value": None} | counts
        rows = [head | {"section": name} for name in (TOTAL, UNDATED)]
        return cls(pl.DataFrame(rows, PARTIAL_SCHEMA))

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """Take back what `to_frame` gave.

        Raises:
            InvalidRecordsError: The frame is not one of `to_frame`, or was changed so
                that its sums no longer hold; every fault is listed.
            TypeError: It is no `DataFrame`.
        """
        given = argument("frame", frame, pl.DataFrame)
        return cls(checked_partial(given, PARTIAL_SCHEMA))

    @property
    def total(self) -> int:
        """The number of records."""
        return int(self.frame["count"][0])

    @property
    def undated(self) -> int:
        """The number of records without an instant; they are on no day."""
        return int(self.frame["count"][1])

    @property
    def timezone(self) -> str:
        """The IANA name of the zone whose calendar days `trends` has."""
        return str(self.frame["timezone"][0])

    @property
    def trends(self) -> pl.DataFrame:
        """A row per local day that has records, `day` ascending.

        Columns: `day: Date, successful, failed, other: Int64`.
        """
        return self._section(TRENDS)[TRENDS_SCHEMA.names()]

    def breakdowns(self) -> Mapping[str, pl.DataFrame]:
        """Return the breakdown of each dimension: the published, then the layout's.

        The published ones are in the order of the response, further ones by name. Each
        has a row per value: `value: String, count, unset, successful, failed, other:
        Int64`, `count` descending, then `value` ascending by code point. `unset` is how
        many of `count` had no value and got the default.
        """
        columns = BREAKDOWN_SCHEMA.names()
        found = {name: self._section(name)[columns] for name in DIMENSIONS}
        further = (name for name in self._slices if name not in (*SECTIONS, HOURS))
        # The last row is the marker, which says that the dimension was counted.
        return found | {name: self._section(name)[:-1][columns] for name in further}

    @property
    def has_hours(self) -> bool:
        """Whether the hours were counted."""
        return HOURS in self._slices

    def hours(self) -> pl.DataFrame:
        """Return each hour of the week: what was counted with `hours=True`.

        Returns:
            168 rows: `weekday: Int8`, 1 to 7 from Monday, as ISO 8601 numbers them,
            `hour: Int8`, 0 to 23 of the local clock, `successful, failed, other: Int64`;
            weekday and hour ascending, zeros included. Undated records have no hour.

        Raises:
            ValueError: The hours were not counted.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": "2024-05-01T23:30:00Z", "status": "failed"}]
        >>> stats = appointment_statistics(docs, timezone="Asia/Tokyo", hours=True)
        >>> stats.hours().filter(failed=1).rows()
        [(4, 8, 0, 1, 0)]
        """
        if not self.has_hours:
            msg = "the hours were not counted, count with `hours=True`"
            raise ValueError(msg)
        return hours_of_week(self._section(HOURS))

    @property
    def source(self) -> pl.DataFrame:
        """The breakdown by source; see `breakdowns`."""
        return self.breakdowns()["source"]

    @property
    def utm_source(self) -> pl.DataFrame:
        """The breakdown by campaign source; see `breakdowns`."""
        return self.breakdowns()["utm_source"]

    @property
    def utm_medium(self) -> pl.DataFrame:
        """The breakdown by campaign medium; see `breakdowns`."""
        return self.breakdowns()["utm_medium"]

    @property
    def utm_campaign(self) -> pl.DataFrame:
        """The breakdown by campaign; see `breakdowns`."""
        return self.breakdowns()["utm_campaign"]

    def dashboard(self, page: int = 1, size: int = 300) -> AppointmentsDashboard:
        """Return the endpoint's response.

        Args:
            page: Which page of each breakdown, from 1; past the end it is empty.
            size: The number of rows on a page, from 1. Total and trends are not paged.

        Raises:
            TypeError: `page` or `size` is no whole number.
            ValueError: `page` or `size` is below 1.
        """
        return self._response(page, size).model()

    def dashboard_json(self, page: int = 1, size: int = 300) -> str:
        """Return the text of `dashboard(page, size).model_dump_json()` without a model.

        Models take most of the time of a small answer; a service can send the text as
        it is. What is raised is that of `dashboard`.

        >>> AppointmentStatistics.empty().dashboard_json()[:41]
        '{"overview":{"total":0},"trends":[],"sour'
        """
        return self._response(page, size).json()

    def _response(self, page: int, size: int) -> Response:
        return Response.of_page(
            self.total,
            self._section(TRENDS),
            {name: self._section(name) for name in DIMENSIONS},
            timezone=self.timezone,
            page=page,
            size=size,
        )

    def compared_with(self, before: "AppointmentStatistics") -> Comparison:
        """Return these statistics beside those of a time before.

        The query for that time is `StatisticsQuery.previous` or `.year_before`.

        Raises:
            InvalidRecordsError: Their zones or their dimensions differ (but `empty` can
                be compared with any).
            TypeError: `before` is something else than statistics.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": "2024-05-01", "status": "Success"}] * 3
        >>> now, before = map(appointment_statistics, (docs, docs[:2]))
        >>> now.compared_with(before).total
        Change(now=3, before=2, change=1, relative_change=0.5)
        """
        return Comparison(self, argument("before", before, AppointmentStatistics))

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain dictionaries; see `views.Views.to_dict`.

        Where the hours were counted, `hours` has a dictionary per row of `hours()`.
        """
        found = super().to_dict()
        return found | {"hours": self.hours().to_dicts()} if self.has_hours else found

    def check(self) -> None:
        """Check everything that holds for any statistics.

        Raises:
            InvalidRecordsError: A sum does not hold, a count is negative, rows repeat
                or are out of order, a frame has other columns; every fault is listed.
        """
        checked_partial(self.frame, PARTIAL_SCHEMA)

    def to_frame(self) -> pl.DataFrame:
        """Return all of it as one tidy frame, to be kept as Parquet or Arrow IPC.

        Returns:
            `timezone, section: String, day: Date, value: String, count, unset,
            successful, failed, other: Int64`. Sections, in this order: `total` and
            `undated` (one row each, only `count` is set), `trends` (`count` is the sum
            of the outcomes) and the dimensions, each in its own order; after the
            published ones, hours (as `1 00`) and further dimensions by name. Each of
            these ends with a row without a value, whose counts are 0: it tells that
            it was counted.
        """
        return self.frame

    def __eq__(self, other: object) -> bool:
        """Return whether both give the same answer, to the last row."""
        if not isinstance(other, AppointmentStatistics):
            return NotImplemented
        return self.frame.equals(other.frame)

    __hash__ = None  # type: ignore[assignment] # compared by content, like its frame

    def __add__(self, other: Self) -> "AppointmentStatistics":
        """Return the statistics of both sets of records; see `merge_statistics`."""
        if not isinstance(other, AppointmentStatistics):
            return NotImplemented
        return merge_statistics([self, other])

    def __radd__(self, other: object) -> Self:
        """Return itself for `sum`, which starts at 0."""
        return self if other == 0 else NotImplemented

    def __repr__(self) -> str:
        """Return one line: the total, the days and the zone."""
        days_held = self._section(TRENDS).height
        return (
            f"AppointmentStatistics(total={self.total}, undated={self.undated}, "
            f"days={days_held}, timezone={self.timezone!r})"
        )

    def _repr_html_(self) -> str:
        """Return what notebooks show: figures, the trend, the first of each list."""
        successful, failed, other = self.source.select(OUTCOMES).sum().row(0)
        counts = {"total": self.total, "successful": successful, "failed": failed}
        counts |= {"other": other, "undated": self.undated}
        return answer_html(
            {name: number(count) for name, count in counts.items()}
            | {"success rate": percent(successful, successful + failed)}
            | {"days in": self.timezone},
            [
                HtmlDay(day.toordinal(), day.isoformat(), outcomes)
                for day, *outcomes in self.trends.iter_rows()
            ],
            self.breakdowns(),
            self.total,
        )

    @cached_property
    def _slices(self) -> dict[str, tuple[int, int]]:
        """The first row and the height of each section."""
        section = self.frame["section"]
        rows = pl.int_range(1, len(section), eager=True)
        changes = rows.filter(section.slice(1) != section.slice(0, len(rows)))
        ends = [0, *changes, len(section)]
        return {section[a]: (a, b - a) for a, b in pairwise(ends) if a < b}

    def _section(self, name: str) -> pl.DataFrame:
        """Return the rows of a section, without copying them."""
        return self.frame.slice(*self._slices.get(name, (0, 0)))


def merge_statistics(parts: Iterable[AppointmentStatistics]) -> AppointmentStatistics:
    """Return the statistics of all the records that disjoint parts were counted from.

    Exact, associative and commutative; without parts, the empty statistics in UTC. The
    parts are consumed one by one. A part knows the zone of its days and nothing else of
    its request: make sure that no record is in two parts, and that all parts answer the
    same question (parts of `stats-core tally` know their question).

    Raises:
        InvalidRecordsError: The parts count days of different zones, have different
            breakdowns (but `empty` adds up with any), or count more records than 64
            bits can.
        TypeError: A part is something else than statistics.

    >>> merge_statistics([]) == AppointmentStatistics.empty()
    True
    """
    merged = merge_partials(
        argument("parts", part, AppointmentStatistics).frame for part in parts
    )
    if merged is None:
        return AppointmentStatistics.empty()
    return AppointmentStatistics(merged)
