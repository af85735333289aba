"""Indexed records by local day, or by hour of the week: the growth of running counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import polars as pl

from stats_core import days
from stats_core.bounds import Period
from stats_core.index.beginnings import Beginnings, ClockUnit, Running, seconds
from stats_core.index.segment import SLICES, Segment
from stats_core.index.spans import Span, rows_of
from stats_core.request import Request

_NANOSECONDS = 10**9  # in a second
_COUNTS = ("total", "successful", "failed")
_SUMS = pl.col(_COUNTS).cast(pl.Int64).sum()
_FEW = pl.QueryOptFlags.none()


class ByClock(NamedTuple):
    """Counts of dated records by local day or hour; only those with records.

    Attributes:
        key: The `Date`, or the hour of the week, `Int64`; ascending.
        total: `Int64`; so are the others.
        successful: The successful ones of them.
        failed: The failed ones.
    """

    key: pl.Series
    total: pl.Series
    successful: pl.Series
    failed: pl.Series


def count_in(
    segment: Segment,
    slices: range,
    spans: Sequence[Span],
    request: Request,
    unit: ClockUnit,
) -> ByClock:
    """Count dated records of an integration by local day or hour of the week.

    Args:
        segment: The records.
        slices: Slices of one integration.
        spans: Of each slice, the dated records in the request's period.
        request: The clock is that of its zone.
        unit: Days or hours.
    """
    found = segment.beginnings(slices.start // SLICES, request.zone, unit)
    if found is None:
        return count_of(segment, rows_of(spans), request, unit)
    low, high = _within(found, request.period)
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
    key = found.key.slice(low - 1, high - low + 1)
    listed = counts[0] > 0
    counted = ByClock(*(column.filter(listed) for column in (key, *counts)))
    if found.is_ascending:
        return counted
    return _grouped(pl.LazyFrame(counted._asdict()), pl.col("key"))


def count_of(
    segment: Segment, rows: pl.Series, request: Request, unit: ClockUnit
) -> ByClock:
    """Count those of some records, given by their rows, that are dated; as `count_in`."""
    instants, *running = segment.running
    created = instants[rows]
    one = pl.Series([1], dtype=pl.UInt32).new_from_index(0, len(rows))
    found = [before[rows + 1] - before[rows] for before in running]
    columns = dict(zip(("created_at", *_COUNTS), (created, one, *found), strict=True))
    first, last = seconds(created)
    key = days.local_day if unit == "day" else days.hour_of_week
    at = pl.col("created_at")
    dated = pl.LazyFrame(columns).filter(at.is_not_null())
    return _grouped(dated, key(at, request.zone, unit="us", first=first, last=last))


def _within(found: Beginnings, period: Period) -> tuple[int, int]:
    """Return the first beginning that is inside of a period, and the first after it."""
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


def _grouped(records: pl.LazyFrame, key: pl.Expr) -> ByClock:
    grouped = records.group_by(key=key).agg(_SUMS).sort("key")
    return ByClock(*grouped.collect(engine="in-memory", optimizations=_FEW))
