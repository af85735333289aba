"""The complete, unpaged answer: it adds up, checks itself and renders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import polars as pl

from stats_core import days, laws, partials
from stats_core.dashboard import AppointmentsDashboard
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS
from stats_core.tallies import BREAKDOWN_SCHEMA, TRENDS_SCHEMA
from stats_core.trends import LongerPeriod, filled, rolled_up


@dataclass(frozen=True, eq=False)
class AppointmentStatistics:
    """The statistics of a set of records, complete and unpaged.

    It is its own partial aggregate: the statistics of disjoint sets of records add up
    to those of all of them.

    Attributes:
        total: How many records were counted.
        undated: How many of them have no instant and stand on no day.
        timezone: The IANA name of the zone whose calendar days `trends` holds.
        trends: `day: Date, successful, failed, other: Int64`, a row for each local day
            that holds records, `day` ascending.
        source: `value: String, count, unset, successful, failed, other: Int64`, a row
            for each value, `count` descending, then `value` ascending by code point;
            `unset` is how many of `count` had none and got the default.
        utm_source: The same of the campaign source.
        utm_medium: The same of the campaign medium.
        utm_campaign: The same of the campaign.
    """

    total: int
    undated: int
    timezone: str
    trends: pl.DataFrame
    source: pl.DataFrame
    utm_source: pl.DataFrame
    utm_medium: pl.DataFrame
    utm_campaign: pl.DataFrame

    @classmethod
    def empty(cls, timezone: str = "UTC") -> Self:
        """The statistics of no records: the unit of adding up in that zone.

        >>> AppointmentStatistics.empty().total
        0
        """
        breakdown = BREAKDOWN_SCHEMA.to_frame()
        return cls.of_tallies(
            TRENDS_SCHEMA.to_frame(), dict.fromkeys(DIMENSIONS, breakdown), timezone
        )

    @classmethod
    def of_tallies(
        cls, trend: pl.DataFrame, breakdowns: dict[str, pl.DataFrame], timezone: str
    ) -> Self:
        """Put together what `tallies.daily_trend` and `tallies.breakdown` planned."""
        undated = trend["day"].null_count()  # one row, the first, or none
        return cls(
            total=int(breakdowns["source"]["count"].sum()),
            undated=sum(trend.row(0)[1:]) if undated else 0,
            timezone=timezone,
            trends=trend.slice(undated),
            **breakdowns,
        )

    def __eq__(self, other: object) -> bool:
        """Whether both give the same answer, to the last row."""
        if not isinstance(other, AppointmentStatistics):
            return NotImplemented
        return self.to_frame().equals(other.to_frame())

    __hash__ = None  # type: ignore[assignment] # equal by content, like its frames

    def __add__(self, other: Self) -> "AppointmentStatistics":
        """The statistics of both sets of records; see `merge_statistics`."""
        if not isinstance(other, AppointmentStatistics):
            return NotImplemented
        return merge_statistics([self, other])

    def breakdowns(self) -> dict[str, pl.DataFrame]:
        """The four breakdowns by their names, in the order of the response."""
        return {name: getattr(self, name) for name in DIMENSIONS}

    def dashboard(self, page: int = 1, size: int = 300) -> AppointmentsDashboard:
        """The endpoint's response.

        Args:
            page: Which window of each breakdown, from 1; past the end it is empty.
            size: How many rows a window has, from 1. Total and trends are never paged.

        Raises:
            ValueError: `page` or `size` is below 1.
        """
        if page < 1 or size < 1:
            msg = f"`page` and `size` start at 1, got {page} and {size}"
            raise ValueError(msg)
        return AppointmentsDashboard.model_validate(
            {
                "overview": {"total": self.total},
                "trends": self._trend_items(),
                **{
                    name: _page(breakdown, page, size)
                    for name, breakdown in self.breakdowns().items()
                },
            }
        )

    def trends_filled(
        self, first: date | None = None, last: date | None = None
    ) -> pl.DataFrame:
        """Every calendar day of a span; see `trends.filled`."""
        return filled(self.trends, first, last)

    def trends_by(self, every: LongerPeriod) -> pl.DataFrame:
        """The trend in longer calendar periods; see `trends.rolled_up`."""
        return rolled_up(self.trends, every)

    def check(self) -> None:
        """Hold the statistics against all that one of them can show.

        Raises:
            InvalidRecordsError: A sum does not hold, a count is negative, rows repeat
                or are out of order, a frame has other columns; every fault is listed.
        """
        faults = [*laws.trend_faults(self.trends, self.total - self.undated)]
        if not faults:
            faults += self._nameless_days()
        for name, df in self.breakdowns().items():
            faults += laws.breakdown_faults(name, df, self.total)
        if self.undated < 0:
            faults.append(f"`undated`: negative, {self.undated}")
        if faults:
            raise InvalidRecordsError(*faults)

    def to_frame(self) -> pl.DataFrame:
        """All of it as one tidy frame, to be kept as Parquet or Arrow IPC.

        Returns:
            `timezone, section: String, day: Date, value: String, count, unset,
            successful, failed, other: Int64`. Sections, in this order: `total` and
            `undated` (one row each, only `count` set), `trends` (`count` is the sum of
            the outcomes) and the four breakdowns, in their own order.
        """
        counts = {"total": self.total, "undated": self.undated}
        frames = {"trends": self.trends} | self.breakdowns()
        return partials.partial_frame(counts, frames, self.timezone)

    @classmethod
    def from_frame(cls, frame: pl.DataFrame) -> Self:
        """Take back what `to_frame` gave.

        Raises:
            InvalidRecordsError: The frame is not one of `to_frame`, or was changed so
                that its sums no longer hold; every fault is listed.
        """
        stats = cls._of_partial(partials.checked_partial(frame))
        stats.check()
        if not stats.to_frame().sort(pl.all()).equals(frame.sort(pl.all())):
            msg = "not partial statistics: the rows are not those of `to_frame`"
            raise InvalidRecordsError(msg)
        return stats

    @classmethod
    def _of_partial(cls, frame: pl.DataFrame) -> Self:
        sections = partials.sections(frame)
        return cls(
            total=sections["total"]["count"].item(),
            undated=sections["undated"]["count"].item(),
            timezone=frame["timezone"][0],
            trends=partials.trends_of(sections["trends"]),
            **{name: partials.breakdown_of(sections[name]) for name in DIMENSIONS},
        )

    def _nameless_days(self) -> list[str]:
        try:
            days.zone(self.timezone)
            self._trend_items()
        except (ValueError, OverflowError) as error:
            return [f"`trends`: a day has no beginning: {error}"]
        return []

    def _trend_items(self) -> list[dict[str, object]]:
        instants = days.first_instants(self.trends["day"].to_list(), self.timezone)
        counts = self.trends.select("successful", "failed").rows()
        return [
            {"_id": instant, "successful": successful, "failed": failed}
            for instant, (successful, failed) in zip(instants, counts, strict=True)
        ]


def merge_statistics(parts: Iterable[AppointmentStatistics]) -> AppointmentStatistics:
    """The statistics of all the records that disjoint parts were counted from.

    Exact, associative and commutative; no parts at all give the empty statistics in
    UTC. The parts are added up as they come and need not be held all at once. A part
    knows the zone of its days, and nothing else of what was asked: that the parts are
    disjoint, and answer the same question, is the caller's to see (what `stats-core
    tally` keeps also knows that).

    Raises:
        InvalidRecordsError: The parts count days of different zones.

    >>> merge_statistics([]) == AppointmentStatistics.empty()
    True
    """
    merged = partials.tree_sum(parts, _sum)
    return AppointmentStatistics.empty() if merged is None else merged


def _sum(parts: Sequence[AppointmentStatistics]) -> AppointmentStatistics:
    zones = sorted({part.timezone for part in parts})
    if len(zones) > 1:
        msg = f"`timezone`: days of different zones do not add up: {', '.join(zones)}"
        raise InvalidRecordsError(msg)
    names = ("trends", *DIMENSIONS)
    frames = {
        name: pl.concat([getattr(part, name) for part in parts]) for name in names
    }
    counts = {
        "total": sum(part.total for part in parts),
        "undated": sum(part.undated for part in parts),
    }
    whole = partials.partial_frame(counts, frames, zones[0])
    return AppointmentStatistics._of_partial(partials.added_up([whole]))  # noqa: SLF001


def _page(breakdown: pl.DataFrame, page: int, size: int) -> list[dict[str, object]]:
    start = min((page - 1) * size, breakdown.height)
    window = breakdown.slice(start, min(size, breakdown.height))
    rows = window.select("value", "count").rows()
    return [{"_id": value, "count": count} for value, count in rows]
