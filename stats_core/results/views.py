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
        """Return the breakdown of one dimension; see `breakdowns`.

        Raises:
            ValueError: There is no such dimension; those that there are, are listed.
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
        """Return the sums of the seven days of the week; see `weekdays.by_weekday`.

        Columns: `weekday` (1 is Monday), `days` with records, and the outcomes.
        """
        return weekdays.by_weekday(self.trends)

    def trends_filled(
        self, first: Day | None = None, last: Day | None = None
    ) -> pl.DataFrame:
        """Return every calendar day of a range, with zeros; see `trends.filled`."""
        return trends.filled(self.trends, first, last)

    def trends_by(
        self,
        every: LongerPeriod,
        *,
        week_start: Weekday = "monday",
        filled: bool = False,
    ) -> pl.DataFrame:
        """Return the trend in longer calendar periods; see `trends.rolled_up`."""
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
