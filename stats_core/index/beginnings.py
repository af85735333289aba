"""Where local days and hours of indexed records begin, and the counts up to there."""

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Literal, NamedTuple, cast
from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.index.spans import Span, length

# What the records are counted by: the calendar day, or the hour of the week.
ClockUnit = Literal["day", "hour"]

_SECOND = 10**6  # in microseconds
_FEW = pl.QueryOptFlags.none()
_SECONDS = {"day": days.DAY, "hour": days.HOUR}


class Running(NamedTuple):
    """The instants of records in order, and the running counts of their outcomes.

    Attributes:
        instants: `Int64`: Unix microseconds; null where undated.
        successful: `UInt32`: the number of successful records before each row, then of
            all records.
        failed: The same of failed records.
    """

    instants: pl.Series
    successful: pl.Series
    failed: pl.Series


class Beginnings(NamedTuple):
    """Where local days or hours begin, and how many records are before.

    Attributes:
        since: Unix seconds, ascending; no record is before the first one.
        key: What begins there: the `Date`, or the hour of the week, `Int64`.
        before: Of each slice, the rows of the beginnings, and the running counts there
            of successful and failed records: `Int64`. Last, their sums over the slices.
        is_ascending: Whether the keys ascend. A day can begin twice, where the clocks
            go back over a midnight.
    """

    since: pl.Series
    key: pl.Series
    before: list[list[pl.Series]]
    is_ascending: bool


def seconds(instants: pl.Series) -> tuple[int, int]:
    """Return the first and the last Unix second of microseconds; 0 without any.

    >>> seconds(pl.Series([None, 2_500_000, 1_000_000]))
    (1, 2)
    """
    ends = (cast("int | None", end) for end in (instants.min(), instants.max()))
    first, last = ((end or 0) // _SECOND for end in ends)
    return first, last


def beginnings(
    records: Running, spans: Sequence[Span], zone: ZoneInfo, unit: ClockUnit
) -> Beginnings | None:
    """Find where the local days or hours of dated records begin.

    Args:
        records: Records in order.
        spans: The dated records of each slice, ascending in time.
        zone: The time zone.
        unit: Days or hours.

    Returns:
        None where there are more of them than records.
    """
    dated = [span for span in spans if span.first < span.end]
    instants = records.instants
    first = min((instants[it.first] for it in dated), default=0) // _SECOND // days.DAY
    last = max((instants[it.end - 1] for it in dated), default=0) // _SECOND // days.DAY
    if (last - first) * days.DAY // _SECONDS[unit] >= length(spans):
        return None
    # Whole UTC days, so that many requests share what is found.
    find = days.day_starts if unit == "day" else days.hour_starts
    since, key = find(zone, first * days.DAY, (last + 1) * days.DAY)
    edges = pl.lit(since * _SECOND)
    plan = pl.LazyFrame().select(
        (pl.lit(instants.slice(first, end - first)).search_sorted(edges) + first).alias(
            str(place)
        )
        for place, (first, end) in enumerate(spans)
    )
    before = []
    for rows in plan.collect(engine="in-memory", optimizations=_FEW):
        counts = (rows, records.successful[rows], records.failed[rows])
        before.append([each.cast(pl.Int64) for each in counts])
    before.append([reduce(add, counts) for counts in zip(*before, strict=True)])
    is_ascending = key.is_sorted() and len(key) == key.n_unique()
    return Beginnings(since, key, before, is_ascending)
