"""Indexed records by local day, or by hour of the week: the growth of running counts."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
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
    every = found.before[slices.start % SLICES if len(slices) == 1 else SLICES]
    before = [column.slice(low, high - low) for column in every]
    firsts = _before(segment.running, [first for first, _ in spans])
    ends = _before(segment.running, [end for _, end in spans])
    counts = _growth(firsts, before, ends)
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


def _before(running: Running, rows: Sequence[int]) -> list[int]:
    """Return the sums over rows: of records, successful and failed ones before each."""
    outcomes = (running.successful, running.failed)
    return [sum(rows), *(sum(before[row] for row in rows) for before in outcomes)]


def _growth(
    firsts: Sequence[int], between: Sequence[pl.Series], ends: Sequence[int]
) -> list[pl.Series]:
    """Return how much running counts grow from each value to the next one.

    Args:
        firsts: The first value of each running count.
        between: The next ones; of all running counts equally many.
        ends: The last ones.
    """
    edges = pl.Series([*firsts, *ends], dtype=pl.Int64)
    parts = [
        (edges.slice(place, 1), counts, edges.slice(len(firsts) + place, 1))
        for place, counts in enumerate(between)
    ]
    before = pl.concat([*chain.from_iterable(parts)])
    grown = before.slice(1) - before.slice(0, len(before) - 1)
    size = len(between[0]) + 1
    return [grown.slice(place * (size + 1), size) for place in range(len(between))]


def _grouped(records: pl.LazyFrame, key: pl.Expr) -> ByClock:
    grouped = records.group_by(key=key).agg(_SUMS).sort("key")
    return ByClock(*grouped.collect(engine="in-memory", optimizations=_FEW))
