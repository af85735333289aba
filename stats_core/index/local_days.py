"""Where the local days of indexed records begin, and the counts up to there."""

from collections.abc import Sequence
from typing import NamedTuple, cast
from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.index.spans import Span, length

_SECOND = 10**6  # in microseconds
_FEW = pl.QueryOptFlags.none()


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


def seconds(instants: pl.Series) -> tuple[int, int]:
    """Return the first and the last Unix second of microseconds; 0 without any.

    >>> seconds(pl.Series([None, 2_500_000, 1_000_000]))
    (1, 2)
    """
    ends = (cast("int | None", end) for end in (instants.min(), instants.max()))
    first, last = ((end or 0) // _SECOND for end in ends)
    return first, last


class LocalDays(NamedTuple):
    """The beginnings of local days, and how many records are before them.

    Attributes:
        since: Unix seconds, ascending; no record is before the first one.
        day: The day that begins there, `Date`. It begins twice where the clocks go back
            over a midnight.
        before: Of each slice, the rows of the beginnings, and the running counts there
            of successful and failed records: `Int64`.
        is_ascending: Whether no day begins twice.
    """

    since: pl.Series
    day: pl.Series
    before: list[list[pl.Series]]
    is_ascending: bool


def local_days(
    records: Running, spans: Sequence[Span], zone: ZoneInfo
) -> LocalDays | None:
    """Find the local days of dated records.

    Args:
        records: Records in order.
        spans: The dated records of each slice, ascending in time.
        zone: The time zone.

    Returns:
        None where there are more days than records.
    """
    dated = [span for span in spans if span.first < span.end]
    instants = records.instants
    first = min((instants[it.first] for it in dated), default=0) // _SECOND // days.DAY
    last = max((instants[it.end - 1] for it in dated), default=0) // _SECOND // days.DAY
    if last - first >= length(spans):
        return None
    starts = days.day_starts(zone, first * days.DAY, (last + 1) * days.DAY)
    edges = pl.lit(starts["since"] * _SECOND)
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
    since, day = starts
    is_ascending = len(day) == day.n_unique() and day.is_sorted()
    return LocalDays(since, day, before, is_ascending)
