"""The daily trend of indexed records: the growth of running counts from day to day."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import polars as pl

from stats_core import days
from stats_core.bounds import Period
from stats_core.index.local_days import LocalDays, Running, seconds
from stats_core.index.segment import SLICES, Segment
from stats_core.index.spans import Span, rows_of
from stats_core.request import Request

_NANOSECONDS = 10**9  # in a second
_COUNTS = ("total", "successful", "failed")
_SUMS = pl.col(_COUNTS).cast(pl.Int64).sum()
_FEW = pl.QueryOptFlags.none()


class Trend(NamedTuple):
    """Counts of dated records by local day, ascending; only days with records.

    Attributes:
        day: `Date`.
        total: `Int64`; so are the others.
        successful: The successful ones of them.
        failed: The failed ones.
    """

    day: pl.Series
    total: pl.Series
    successful: pl.Series
    failed: pl.Series


_NO_DAY = Trend(
    pl.Series([], dtype=pl.Date), *(pl.Series([], dtype=pl.Int64) for _ in _COUNTS)
)


def trend_in(
    segment: Segment, slices: range, spans: Sequence[Span], request: Request
) -> Trend:
    """Count dated records of an integration by local day.

    Args:
        segment: The records.
        slices: Slices of one integration.
        spans: Of each slice, the dated records in the request's period.
        request: The days are those of its zone.
    """
    found = segment.local_days(slices.start // SLICES, request.zone)
    if found is None:
        return trend_of(segment, rows_of(spans), request)
    low, high = _beginnings(found, request.period)
    before = [
        [column.slice(low, high - low) for column in found.before[place % SLICES]]
        for place in slices
    ]
    firsts = [_before(segment.running, first) for first, _ in spans]
    ends = [_before(segment.running, end) for _, end in spans]
    counts = [
        _growth(sum(first), reduce(add, between), sum(end))
        for first, between, end in zip(
            *(zip(*each, strict=True) for each in (firsts, before, ends)), strict=True
        )
    ]
    day = found.day.slice(low - 1, high - low + 1)
    listed = counts[0] > 0
    trend = Trend(*(column.filter(listed) for column in (day, *counts)))
    if found.is_ascending:
        return trend
    return _by_day(pl.LazyFrame(trend._asdict()), pl.col("day"))


def trend_of(segment: Segment, rows: pl.Series, request: Request) -> Trend:
    """Count those of some records, given by their rows, that are dated; by local day."""
    instants, *running = segment.running
    created = instants[rows]
    if created.null_count() == len(rows):
        return _NO_DAY
    one = pl.Series([1], dtype=pl.UInt32).new_from_index(0, len(rows))
    found = [before[rows + 1] - before[rows] for before in running]
    columns = dict(zip(("created_at", *_COUNTS), (created, one, *found), strict=True))
    first, last = seconds(created)
    at = pl.col("created_at")
    day = days.local_day(at, request.zone, unit="us", first=first, last=last)
    return _by_day(pl.LazyFrame(columns).filter(at.is_not_null()), day)


def _beginnings(found: LocalDays, period: Period) -> tuple[int, int]:
    """Return the first day that begins within a period, and the first one after it."""
    low, high = 1, len(found.since)
    if period.start is not None:
        low = max(low, bisect_right(found.since, period.start // _NANOSECONDS))
    if period.end is not None:
        high = bisect_left(found.since, -(-period.end // _NANOSECONDS))
    return low, max(low, high)


def _before(running: Running, row: int) -> tuple[int, int, int]:
    """Return the number of records, of successful and of failed ones before a row."""
    return row, running.successful[row], running.failed[row]


def _growth(first: int, between: pl.Series, end: int) -> pl.Series:
    ends = (pl.Series([count], dtype=pl.Int64) for count in (first, end))
    before = pl.concat([next(ends), between, next(ends)])
    return before.slice(1) - before.slice(0, len(between) + 1)


def _by_day(records: pl.LazyFrame, day: pl.Expr) -> Trend:
    grouped = records.group_by(day=day).agg(_SUMS).sort("day")
    return Trend(*grouped.collect(engine="in-memory", optimizations=_FEW))
