"""Two answers beside each other: now and before, for the total and for every value."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.bounds import bound_day
from stats_core.errors import InvalidRecordsError, argument
from stats_core.query import StatisticsQuery
from stats_core.results.trends import filled
from stats_core.results.views import Views, is_empty, known
from stats_core.schema import BREAKDOWN_SCHEMA, OUTCOMES, TOTAL, TRENDS

CHANGES_SCHEMA = pl.Schema(
    dict.fromkeys(("now", "before", "change"), pl.Int64())
    | {"relative_change": pl.Float64()}
)
TIDY_SCHEMA = pl.Schema(
    {"section": pl.String(), "position": pl.Int64()}
    | {"day": pl.Date(), "day_before": pl.Date(), "value": pl.String()}
    | dict(CHANGES_SCHEMA)
)
OUTCOME = "outcome"
_COUNT = pl.sum_horizontal(OUTCOMES)


class Change(NamedTuple):
    """One number now and before.

    Attributes:
        now: The number now.
        before: The number before.
        change: `now - before`.
        relative_change: `change / before`; None where `before` is 0.
    """

    now: int
    before: int
    change: int
    relative_change: float | None


@dataclass(frozen=True)
class Comparison:
    """Statistics beside those of a time before, in the same zone and dimensions.

    Columns of every frame: `now, before, change: Int64, relative_change: Float64`.
    `change` is `now - before`; `relative_change` is `change / before`, and null where
    `before` is 0.

    Attributes:
        now: The statistics of now.
        before: Those to compare with.

    Raises:
        InvalidRecordsError: Their zones or their dimensions differ; but `empty` has
            no values in any dimension.
    """

    now: Views
    before: Views

    def __post_init__(self) -> None:
        """Check that both answer one question."""
        both = (self.now, self.before)
        answers = {
            "timezone": [one.timezone for one in both],
            "breakdowns": [
                ", ".join(one.breakdowns()) for one in both if not is_empty(one)
            ],
        }
        faults = [
            f"`{name}`: cannot compare {' with '.join(found)}"
            for name, found in answers.items()
            if len(set(found)) > 1
        ]
        if faults:
            raise InvalidRecordsError(*faults)

    @property
    def total(self) -> Change:
        """The number of records."""
        now, before = self.now.total, self.before.total
        change = now - before
        return Change(now, before, change, change / before if before else None)

    @property
    def outcomes(self) -> pl.DataFrame:
        """A row per outcome: `outcome: String` and the columns of every frame.

        In the order `successful`, `failed`, `other`; undated records are in them.
        """
        now, before = (_outcomes(one) for one in (self.now, self.before))
        both = pl.DataFrame({OUTCOME: OUTCOMES, "now": now, "before": before})
        return _with_changes(both)

    def breakdowns(self) -> Mapping[str, pl.DataFrame]:
        """Return the values of each dimension, those included that came or went.

        Each has a row per value: `value: String` and the columns of every frame. Sorted
        by `now` descending, `before` descending, then `value` ascending by code point.
        """
        now, before = self.now.breakdowns(), self.before.breakdowns()
        none = BREAKDOWN_SCHEMA.to_frame()
        return {
            name: _compared(now.get(name, none), before.get(name, none))
            for name in {**now, **before}
        }

    def breakdown(self, name: str) -> pl.DataFrame:
        """Return the values of one dimension; see `breakdowns`.

        Raises:
            ValueError: There is no such dimension; those that there are, are listed.
        """
        return known(name, self.breakdowns())

    def trends(self, query: StatisticsQuery, before: StatisticsQuery) -> pl.DataFrame:
        """Return the days of two windows side by side: first with first, and so on.

        Statistics know the days that have records, not the window they were counted
        in, and a window may start with days without records. So the windows are
        arguments, and each day of them has a row.

        Args:
            query: What `now` was counted for; its bounds are the window.
            before: The same of `before`.

        Returns:
            `position: Int64` from 1, `day, day_before: Date` and the columns of every
            frame; a number is how many records a day has, whatever their outcome.
            Where one window has more days, the other one's columns are null.

        Raises:
            TypeError: An argument is no `StatisticsQuery`.
            ValueError: A bound is missing, or records are on days outside of a window.
        """
        zone = days.find_zone(self.now.timezone)
        query = argument("query", query, StatisticsQuery)
        before = argument("before", before, StatisticsQuery)
        now = _daily(self.now.trends, query, zone).rename({"count": "now"})
        past = _daily(self.before.trends, before, zone)
        past = past.rename({"day": "day_before", "count": "before"})
        both = now.join(past, on="position", how="full", coalesce=True)
        columns = ("position", "day", "day_before", "now", "before")
        return _with_changes(both.select(columns).sort("position"))

    def to_frame(self, query: StatisticsQuery, before: StatisticsQuery) -> pl.DataFrame:
        """Return all of it as one tidy frame; the arguments are those of `trends`.

        Returns:
            `section: String, position: Int64, day, day_before: Date, value: String` and
            the columns of every frame. Sections, in this order: `total`, `outcome`,
            `trends` and the dimensions; the second and the last have a `value`.
        """
        total = pl.DataFrame([self.total], CHANGES_SCHEMA, orient="row")
        sections = {
            TOTAL: total,
            OUTCOME: self.outcomes.rename({OUTCOME: "value"}),
            TRENDS: self.trends(query, before),
            **self.breakdowns(),
        }
        named = [
            df.select(pl.lit(name).alias("section"), pl.all())
            for name, df in sections.items()
        ]
        empty = TIDY_SCHEMA.to_frame()
        return pl.concat([empty, *named], how="diagonal")


def _outcomes(stats: Views) -> list[int]:
    """Return how many records have each outcome: every dimension has them all."""
    df = next(iter(stats.breakdowns().values()))
    return list(df.select(pl.col(OUTCOMES).sum()).row(0))


def _compared(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    counts = [
        df.select("value", pl.col("count").alias(name))
        for name, df in (("now", now), ("before", before))
    ]
    both = counts[0].join(counts[1], on="value", how="full", coalesce=True)
    ordered = both.with_columns(pl.col("now", "before").fill_null(0)).sort(
        "now", "before", "value", descending=[True, True, False]
    )
    return _with_changes(ordered)


def _daily(trend: pl.DataFrame, query: StatisticsQuery, zone: ZoneInfo) -> pl.DataFrame:
    """Return `position, day, count` for each day of a window."""
    first, last = _window(query, zone)
    outside = trend.filter(~pl.col("day").is_between(first, last)).height
    if outside:
        msg = f"{outside} days with records are not from {first} to {last}"
        raise ValueError(msg)
    return filled(trend, first, last).select(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("position"),
        "day",
        _COUNT.alias("count"),
    )


def _window(query: StatisticsQuery, zone: ZoneInfo) -> tuple[date, date]:
    """Return the first and the last local day of a query."""
    start, end = query.period(zone)
    if query.start is None or query.end is None or start is None or end is None:
        msg = "`start` and `end` of the query are needed to align days"
        raise ValueError(msg)
    try:
        held = [bound_day(query.start, zone), bound_day(query.end, zone)]
        if start < end:  # a day that the calendar left out has no instant
            held += days.day_range(zone, start // 10**9, (end - 1) // 10**9)
    except (OverflowError, ValueError) as error:
        msg = "`start` and `end` are on days of the years 1 to 9999 in their zone"
        raise ValueError(msg) from error
    return min(held), max(held)


def _with_changes(df: pl.DataFrame) -> pl.DataFrame:
    """Add `change` and `relative_change` to `now` and `before`."""
    change, before = pl.col("now") - pl.col("before"), pl.col("before")
    relative = pl.when(before > 0).then(change / before)
    return df.with_columns(change.alias("change"), relative.alias("relative_change"))
