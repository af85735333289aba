"""The counts of indexed records to the partial frame that the engine gives for them."""

from functools import reduce
from operator import add
from typing import NamedTuple

import polars as pl

from stats_core.index.dimension import Dimension
from stats_core.index.segment import Segment, rows_where
from stats_core.index.spans import joined, length
from stats_core.index.trend import trend_in, trend_of
from stats_core.request import Request
from stats_core.schema import COUNTS, OUTCOMES, TOTAL, TRENDS, UNDATED

_HEADS = pl.Series([TOTAL, UNDATED])
_NO_COUNTS = [pl.Series([0, 0], dtype=pl.Int64) for _ in COUNTS[1:]]
_FEW = pl.QueryOptFlags.none()


class Counted(NamedTuple):
    """Counts of selected records.

    Attributes:
        total: The number of records.
        trend: `day: Date`, ascending, `count`, `successful` and `failed`.
        codes: The counts by code of each dimension.
    """

    total: int
    trend: pl.DataFrame
    codes: list[pl.Series]


def partial_frame(segment: Segment, integration: int, request: Request) -> pl.DataFrame:
    """Count the records of an integration that a request selects.

    Args:
        segment: The records.
        integration: The place of the integration in them.
        request: What is counted.

    Returns:
        `PARTIAL_SCHEMA`, in its order.
    """
    counted = _counted(segment, integration, request)
    trend, values = _trend(counted.trend), _breakdowns(segment, counted.codes)
    undated = counted.total - int(trend["count"].sum())
    heads = [pl.Series([counted.total, undated], dtype=pl.Int64), *_NO_COUNTS]
    head = dict(zip(COUNTS, heads, strict=True))
    counts = {it: pl.concat([head[it], trend[it], values[it]]) for it in COUNTS}
    before = len(_HEADS) + trend.height
    return pl.DataFrame(
        {
            "timezone": _repeated(request.timezone, before + values.height),
            "section": pl.concat(
                [_HEADS, _repeated(TRENDS, trend.height), values["section"]]
            ),
            "day": pl.concat(
                [_nulls(pl.Date, 2), trend["day"], _nulls(pl.Date, values.height)]
            ),
            "value": pl.concat([_nulls(pl.String, before), values["value"]]),
            **counts,
        }
    )


def _counted(segment: Segment, integration: int, request: Request) -> Counted:
    slices = segment.slices(integration, request.query.appointment_type)
    dated = segment.dated_in(slices, request.period)
    spans = joined(dated if request.bounded else [segment.records_in(slices)])
    dimensions = segment.dimensions.values()
    if conditions := [segment.containing(it) for it in request.patterns]:
        rows = rows_where(spans, conditions)
        trend = trend_of(segment, rows, request)
        return Counted(len(rows), trend, [it.counts_of(rows) for it in dimensions])
    trend = trend_in(segment, dated, request)
    codes = [it.counts_in(spans) for it in dimensions]
    return Counted(length(spans), trend, codes)


def _trend(trend: pl.DataFrame) -> pl.DataFrame:
    """Add what the trend's counts lack: `other`, and `unset`, which is 0."""
    other = trend["count"] - trend["successful"] - trend["failed"]
    unset = pl.zeros(trend.height, pl.Int64, eager=True)
    return trend.with_columns(other=other, unset=unset)


def _breakdowns(segment: Segment, codes: list[pl.Series]) -> pl.DataFrame:
    """Return the rows of all dimensions: `section`, `value` and the counts, in order."""
    columns = zip(*map(_rows, segment.dimensions.values(), codes), strict=True)
    counts = [pl.concat(parts) for parts in columns]
    labelled = segment.labels.hstack(pl.DataFrame(counts, COUNTS))
    # Labels ascend already.
    return (
        labelled.lazy()
        .filter(pl.col("count") > 0)
        .sort("place", "count", descending=[False, True], maintain_order=True)
        .collect(engine="in-memory", optimizations=_FEW)
    )


def _rows(dimension: Dimension, counts: pl.Series) -> tuple[pl.Series, ...]:
    """Return the counts of each label, as `COUNTS`; the default has those of unset."""
    size = len(dimension.labels)
    found = [
        counts.slice(first, size).cast(pl.Int64)
        for first in range(0, dimension.size, size)
    ]
    outcomes = [each.slice(1) + dimension.is_default * each[0] for each in found]
    unset = dimension.is_default * sum(each[0] for each in found)
    return reduce(add, outcomes), unset, *outcomes


def _repeated(text: str, count: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, count)


def _nulls(dtype: type[pl.DataType], count: int) -> pl.Series:
    return pl.Series([None], dtype=dtype).new_from_index(0, count)
