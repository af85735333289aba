"""The counts of indexed records to the partial frame that the engine gives for them."""

from functools import lru_cache, partial
from typing import NamedTuple

import polars as pl

from stats_core.index.clock import ByClock, count_in, count_of
from stats_core.index.segment import Segment, rows_where
from stats_core.index.spans import joined, length
from stats_core.request import Request
from stats_core.schema import (
    COUNTS,
    HOURS,
    HOURS_OF_WEEK,
    OUTCOMES,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
)

_HEADS = pl.Series([TOTAL, UNDATED])
_ZERO = pl.Series([0], dtype=pl.Int64)
_NO_DAY = pl.Series([None], dtype=pl.Date)
_NO_VALUE = pl.Series([None], dtype=pl.String)


class Counted(NamedTuple):
    """Counts of selected records.

    Attributes:
        total: The number of records.
        days: The dated ones by local day.
        hours: The dated ones by hour of the week; None where it is not asked for.
        codes: The counts by code of each dimension.
    """

    total: int
    days: ByClock
    hours: ByClock | None
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
    trend, values = _counts(counted.days), segment.labels.rows(counted.codes)
    if counted.hours is not None:
        values = _with_hours(values, counted.hours)
    undated = counted.total - int(counted.days.total.sum())
    heads = dict.fromkeys(COUNTS, _ZERO.new_from_index(0, len(_HEADS)))
    heads["count"] = pl.Series([counted.total, undated], dtype=pl.Int64)
    days, labels = len(counted.days.key), len(values["value"])
    before = len(_HEADS) + days
    no_day = _NO_DAY.new_from_index
    sections = [_HEADS, _repeated(TRENDS, days), values["section"]]
    columns = {
        "timezone": _repeated(request.timezone, before + labels),
        "section": pl.concat(sections),
        "day": pl.concat([no_day(0, 2), counted.days.key, no_day(0, labels)]),
        "value": pl.concat([_NO_VALUE.new_from_index(0, before), values["value"]]),
        **{it: pl.concat([heads[it], trend[it], values[it]]) for it in COUNTS},
    }
    # From a list, a frame is made in half of the time.
    return pl.DataFrame([column.alias(name) for name, column in columns.items()])


def _counted(segment: Segment, integration: int, request: Request) -> Counted:
    slices = segment.slices(integration, request.query.appointment_type)
    dated = segment.dated_in(slices, request.period)
    spans = joined(dated if request.bounded else [segment.records_in(slices)])
    dimensions = segment.dimensions.values()
    if conditions := segment.conditions(request):
        rows = rows_where(spans, conditions)
        by = partial(count_of, segment, rows, request)
        total, codes = len(rows), [it.counts_of(rows) for it in dimensions]
    else:
        by = partial(count_in, segment, slices, dated, request)
        total, codes = length(spans), [it.counts_in(spans) for it in dimensions]
    return Counted(total, by("day"), by("hour") if request.hours else None, codes)


def _counts(counted: ByClock) -> dict[str, pl.Series]:
    """Return the counts by day or hour, as `COUNTS`."""
    _, count, successful, failed = counted
    unset = _ZERO.new_from_index(0, len(count))
    other = count - successful - failed
    found = {"count": count, "unset": unset}
    return found | dict(zip(OUTCOMES, (successful, failed, other), strict=True))


def _with_hours(values: dict[str, pl.Series], hours: ByClock) -> dict[str, pl.Series]:
    """Add the section of the hours and its marker, where the order of sections has it."""
    value = pl.Series(HOURS_OF_WEEK)[hours.key].alias("value")
    section = _repeated(HOURS, len(value)).alias("section")
    listed = pl.DataFrame({"section": section, "value": value} | _counts(hours))
    marker = {"section": HOURS, "value": None} | dict.fromkeys(COUNTS, 0)
    sections = pl.DataFrame(values)
    later = pl.col("section").is_in(SECTIONS).not_() & (pl.col("section") > HOURS)
    stacked = pl.concat(
        [
            sections.filter(~later),
            listed.sort("count", descending=True, maintain_order=True),
            pl.DataFrame([marker], listed.schema),
            sections.filter(later),
        ]
    )
    return stacked.to_dict()


def _repeated(text: str, count: int) -> pl.Series:
    return _one(text).new_from_index(0, count)


@lru_cache(maxsize=1_000)  # sections and time zones
def _one(text: str) -> pl.Series:
    return pl.Series([text])
