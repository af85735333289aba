"""The pure views of statistics: what follows from a total, a trend and breakdowns."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import polars as pl

from stats_core.results import ranking, rates, trends, weekdays
from stats_core.results.trends import Day, LongerPeriod, Weekday
from stats_core.schema import DIMENSIONS


class Views(ABC):
    """What can be asked of any statistics, for every dimension that they have."""

    @property
    @abstractmethod
    def total(self) -> int:
        """The number of records."""

    @property
    @abstractmethod
    def undated(self) -> int:
        """The number of records without an instant; they are on no day."""

    @property
    @abstractmethod
    def timezone(self) -> str:
        """The IANA name of the zone whose calendar days `trends` has."""

    @property
    @abstractmethod
    def trends(self) -> pl.DataFrame:
        """A frame of `TRENDS_SCHEMA`, `day` ascending."""

    @abstractmethod
    def breakdowns(self) -> Mapping[str, pl.DataFrame]:
        """Return a frame of `BREAKDOWN_SCHEMA` for each dimension, in its order."""

    def breakdown(self, name: str) -> pl.DataFrame:
        """Return the breakdown of one dimension, a further one too; see `breakdowns`.

        Raises:
            ValueError: There is no such dimension; those that there are, are listed.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": None, "status": "no", "source": it} for it in "aab"]
        >>> df = appointment_statistics(docs).breakdown("source")
        >>> df.select("value", "count").rows()
        [('a', 2), ('b', 1)]
        """
        return known(name, self.breakdowns())

    def rates(self, name: str) -> pl.DataFrame:
        """Return shares and success rates of a dimension's values; see `rates.rates`.

        Columns: `value, count, share, success_rate, low, high`; the last two are the
        95 % interval of the rate.

        Raises:
            ValueError: There is no such dimension.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": None, "status": it} for it in ("Success", "error")]
        >>> appointment_statistics(docs).rates("source")["success_rate"].to_list()
        [0.5]
        """
        return rates.rates(self.breakdown(name))

    def top(self, name: str, n: int) -> pl.DataFrame:
        """Return a dimension's first `n` values, and the others in one row without one.

        Columns: those of the breakdown, and `values`, how many values a row sums; see
        `ranking.top`.

        Raises:
            TypeError: `n` is no whole number.
            ValueError: There is no such dimension, or `n` is below 1.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": None, "status": "no", "source": it} for it in "abc"]
        >>> df = appointment_statistics(docs).top("source", 1)
        >>> df.select("value", "count", "values").rows()
        [('a', 1, 1), (None, 2, 2)]
        """
        return ranking.top(self.breakdown(name), n)

    def pages(self, size: int = 300) -> dict[str, int]:
        """Return how many pages of so many rows each dimension has.

        Raises:
            TypeError: `size` is no whole number.
            ValueError: `size` is below 1.

        >>> from stats_core import AppointmentStatistics
        >>> AppointmentStatistics.empty().pages()["source"]
        0
        """
        found = self.breakdowns().items()
        return {name: ranking.pages(df, size) for name, df in found}

    def by_weekday(self) -> pl.DataFrame:
        """Return the sums of each day of the week.

        Returns:
            Always seven rows: `weekday: Int8`, 1 to 7 from Monday, as ISO 8601 numbers
            them, ascending; `days: Int64`, how many days with records are on that
            weekday; `successful, failed, other: Int64`. To divide by all days of the
            calendar, give `trends_filled()` to
            `stats_core.results.weekdays.by_weekday`.

        >>> from stats_core import appointment_statistics
        >>> days = ("2024-05-01", "2024-05-08", "2024-05-09")
        >>> docs = [{"created_at": day, "status": "success"} for day in days]
        >>> appointment_statistics(docs).by_weekday().rows()[2:4]
        [(3, 2, 2, 0, 0), (4, 1, 1, 0, 0)]
        """
        return weekdays.by_weekday(self.trends)

    def trends_filled(
        self, first: Day | None = None, last: Day | None = None
    ) -> pl.DataFrame:
        """Return every calendar day of a range, with zeros where there is no record.

        Args:
            first: The first day, inclusive, as a date or its ISO 8601 text; by default
                the first day with records.
            last: The last day, inclusive; by default the last day with records.

        Returns:
            `day: Date, successful, failed, other: Int64`, `day` ascending; no row where
            a bound is missing.

        Raises:
            TypeError: A bound is neither a date nor text.
            ValueError: A text is not a date, or `first` is after `last`.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": "2024-05-01", "status": "success"}]
        >>> appointment_statistics(docs).trends_filled(last="2024-05-02").rows()[1]
        (datetime.date(2024, 5, 2), 0, 0, 0)
        """
        return trends.filled(self.trends, first, last)

    def trends_by(
        self,
        every: LongerPeriod,
        *,
        week_start: Weekday = "monday",
        filled: bool = False,
    ) -> pl.DataFrame:
        """Return the trend in longer calendar periods.

        Args:
            every: The length of a period: `week`, `month`, `quarter` or `year`.
            week_start: The day on which a week starts, in ISO 8601 Monday. Other periods
                have no use for it.
            filled: Whether periods without records, between the first and the last
                period that have some, are listed with zeros.

        Returns:
            `day: Date, successful, failed, other: Int64`; `day` is the first day of the
            period, ascending. A week that starts before the year 1 is named 0001-01-01.

        Raises:
            ValueError: `every` is not one of the periods, or `week_start` no day of a
                week.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": "2024-05-02", "status": "success"}]
        >>> stats = appointment_statistics(docs)
        >>> stats.trends_by("month").rows()
        [(datetime.date(2024, 5, 1), 1, 0, 0)]
        >>> stats.trends_by("week", week_start="sunday").rows()
        [(datetime.date(2024, 4, 28), 1, 0, 0)]
        """
        return trends.rolled_up(
            self.trends, every, week_start=week_start, filled=filled
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain dictionaries and lists of them.

        Keys: `total`, `undated`, `timezone`, `trends` (a dictionary per row) and
        `breakdowns` (such a list for each dimension). Days are `datetime.date`. With
        its request, and as JSON, the answer is `report.StatisticsReport`.

        >>> from stats_core import appointment_statistics
        >>> docs = [{"created_at": "2024-05-01", "status": "Success"}]
        >>> appointment_statistics(docs).to_dict()["trends"]
        [{'day': datetime.date(2024, 5, 1), 'successful': 1, 'failed': 0, 'other': 0}]
        """
        return {
            "total": self.total,
            "undated": self.undated,
            "timezone": self.timezone,
            "trends": self.trends.to_dicts(),
            "breakdowns": {
                name: df.to_dicts() for name, df in self.breakdowns().items()
            },
        }


def is_empty(stats: Views) -> bool:
    """Return whether the statistics are `empty`, which fit to those of any dimensions.

    Statistics without a record, of further dimensions, fit only to those that have them.

    >>> from stats_core import AppointmentStatistics
    >>> is_empty(AppointmentStatistics.empty())
    True
    """
    return not stats.total and stats.breakdowns().keys() <= DIMENSIONS.keys()


def known(name: str, breakdowns: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return the breakdown of that name.

    Raises:
        ValueError: There is no such dimension; those that there are, are listed.

    >>> known("source", {"source": pl.DataFrame({"value": ["ads"]})}).rows()
    [('ads',)]
    """
    if name not in breakdowns:
        msg = f"unknown dimension {name!r}, expected one of {', '.join(breakdowns)}"
        raise ValueError(msg)
    return breakdowns[name]
