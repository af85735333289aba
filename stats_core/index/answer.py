"""The counts of indexed records to the partial frame that the engine gives for them."""

from typing import NamedTuple

import polars as pl

from stats_core.index.segment import Segment, rows_where
from stats_core.index.spans import joined, length
from stats_core.index.trend import Trend, trend_in, trend_of
from stats_core.request import Request
from stats_core.schema import COUNTS, OUTCOMES, TOTAL, TRENDS, UNDATED

_HEADS = pl.Series([TOTAL, UNDATED])
_ZERO = pl.Series([0], dtype=pl.Int64)
_NO_DAY = pl.Series([None], dtype=pl.Date)
_NO_VALUE = pl.Series([None], dtype=pl.String)


class Counted(NamedTuple):
    """Counts of selected records.

    Attributes:
        total: The number of records.
        trend: The dated ones by day.
        codes: The counts by code of each dimension.
    """

    total: int
    trend: Trend
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
    trend, values = _trend(counted.trend), segment.labels.rows(counted.codes)
    undated = counted.total - int(counted.trend.total.sum())
    heads = dict.fromkeys(COUNTS, _ZERO.new_from_index(0, len(_HEADS)))
    heads["count"] = pl.Series([counted.total, undated], dtype=pl.Int64)
    days, labels = len(counted.trend.day), len(values["value"])
    before = len(_HEADS) + days
    no_day = _NO_DAY.new_from_index
    sections = [_HEADS, _repeated(TRENDS, days), values["section"]]
    return pl.DataFrame(
        {
            "timezone": _repeated(request.timezone, before + labels),
            "section": pl.concat(sections),
            "day": pl.concat([no_day(0, 2), counted.trend.day, no_day(0, labels)]),
            "value": pl.concat([_NO_VALUE.new_from_index(0, before), values["value"]]),
            **{it: pl.concat([heads[it], trend[it], values[it]]) for it in COUNTS},
        }
    )


def _counted(segment: Segment, integration: int, request: Request) -> Counted:
    slices = segment.slices(integration, request.query.appointment_type)
    dated = segment.dated_in(slices, request.period)
    spans = joined(dated if request.bounded else [segment.records_in(slices)])
    dimensions = segment.dimensions.values()
    if conditions := segment.conditions(request):
        rows = rows_where(spans, conditions)
        trend = trend_of(segment, rows, request)
        return Counted(len(rows), trend, [it.counts_of(rows) for it in dimensions])
    trend = trend_in(segment, slices, dated, request)
    codes = [it.counts_in(spans) for it in dimensions]
    return Counted(length(spans), trend, codes)


def _trend(trend: Trend) -> dict[str, pl.Series]:
    """Return the counts of the trend, as `COUNTS`."""
    _, count, successful, failed = trend
    unset = _ZERO.new_from_index(0, len(count))
    other = count - successful - failed
    found = {"count": count, "unset": unset}
    return found | dict(zip(OUTCOMES, (successful, failed, other), strict=True))


def _repeated(text: str, count: int) -> pl.Series:
    return pl.Series([text]).new_from_index(0, count)
