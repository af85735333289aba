"""The daily trend of indexed records.

The first record of each local day is found by binary search. The growth of the running
counts from there to the first record of the next day is the trend. Records that are
fewer than the days are counted one by one.
"""

from collections.abc import Sequence
from functools import reduce
from operator import add

import polars as pl

from stats_core import days
from stats_core.index.segment import Segment, rows_of
from stats_core.index.spans import Span, length
from stats_core.request import Request

_SECOND = 10**6  # in microseconds
_COUNTS = ("count", "successful", "failed")
_NO_DAY = pl.Schema({"day": pl.Date()} | dict.fromkeys(_COUNTS, pl.Int64())).to_frame()
_SUMS = pl.col(_COUNTS).cast(pl.Int64).sum()
_NEVER = pl.Series([2**63 - 1], dtype=pl.Int64)
_FEW = pl.QueryOptFlags.none()


def trend_in(segment: Segment, spans: Sequence[Span], request: Request) -> pl.DataFrame:
    """Count the dated records in ranges, by local day.

    Args:
        segment: The records.
        spans: Ranges of dated records, each ascending in time.
        request: The days are those of its zone.

    Returns:
        `day: Date`, ascending, `count`, `successful` and `failed`: `Int64`. Only days
        with records have a row.
    """
    spans = [span for span in spans if span.first < span.end]
    if not spans:
        return _NO_DAY
    first = min(segment.instants[span.first] for span in spans) // _SECOND // days.DAY
    last = max(segment.instants[span.end - 1] for span in spans) // _SECOND // days.DAY
    if length(spans) <= last - first:
        return trend_of(segment, rows_of(spans), request)
    # Whole UTC days, so that many requests share what is found.
    starts = days.day_starts(request.zone, first * days.DAY, (last + 1) * days.DAY)
    found = _between(segment, spans, starts["since"] * _SECOND)
    dated = pl.DataFrame([starts["day"], *found]).filter(pl.col("count") > 0)
    if dated["day"].is_sorted() and dated["day"].n_unique() == dated.height:
        return dated
    return _by_day(dated.lazy(), pl.col("day"))


def trend_of(segment: Segment, rows: pl.Series, request: Request) -> pl.DataFrame:
    """Count dated records, given by their rows; as `trend_in`."""
    if rows.is_empty():
        return _NO_DAY
    instants = segment.instants[rows]
    running = (segment.successful, segment.failed)
    found = [before[rows + 1] - before[rows] for before in running]
    one = pl.repeat(1, len(rows), dtype=pl.UInt32, eager=True)
    records = pl.DataFrame([instants, one, *found], ["created_at", *_COUNTS])
    first, last = instants.min() // _SECOND, instants.max() // _SECOND
    day = days.local_day(
        pl.col("created_at"), request.zone, unit="us", first=first, last=last
    )
    return _by_day(records.lazy(), day)


def _between(
    segment: Segment, spans: Sequence[Span], instants: pl.Series
) -> list[pl.Series]:
    """Count the records from each instant up to the next one, as `_COUNTS`."""
    edges = pl.lit(pl.concat([instants, _NEVER]))
    found = pl.select(
        pl.lit(segment.instants.slice(first, end - first))
        .search_sorted(edges)
        .alias(str(first))
        for first, end in spans
    )
    rows = [column + span.first for column, span in zip(found, spans, strict=True)]
    before = [
        rows,
        [segment.successful[places] for places in rows],
        [segment.failed[places] for places in rows],
    ]
    running = [reduce(add, each).cast(pl.Int64) for each in before]
    growths = [each.slice(1) - each.slice(0, len(instants)) for each in running]
    return [it.alias(name) for name, it in zip(_COUNTS, growths, strict=True)]


def _by_day(records: pl.LazyFrame, day: pl.Expr) -> pl.DataFrame:
    grouped = records.group_by(day=day).agg(_SUMS).sort("day")
    return grouped.collect(engine="in-memory", optimizations=_FEW)
