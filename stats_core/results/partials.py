"""Partial frames: checked, summed, and split by integration."""

from collections.abc import Iterable, Iterator
from itertools import chain

import polars as pl

from stats_core.engine.sums import add_up, in_order, sum_counts
from stats_core.errors import InvalidRecordsError
from stats_core.results.invariants import partial_faults, schema_faults
from stats_core.schema import SECTIONS, TOTAL, all_sections

_INTEGRATION = "integration_id"
_INT64_MAX = 2**63 - 1


def merge_partials(parts: Iterable[pl.DataFrame]) -> pl.DataFrame | None:
    """Sum partial frames of disjoint records; None if there is no part.

    Parts are consumed one by one and compacted as they come.

    Args:
        parts: Frames of `PARTIAL_SCHEMA`, or all of `BY_INTEGRATION_SCHEMA`.

    Raises:
        InvalidRecordsError: The parts count days of different zones, other dimensions,
            or more records than 64 bits can count.

    >>> from stats_core.schema import PARTIAL_SCHEMA
    >>> none = {"timezone": "UTC", "section": "total", "day": None, "value": None}
    >>> counts = {"count": 2, "unset": 0, "successful": 0, "failed": 0, "other": 0}
    >>> part = pl.DataFrame([none | counts], PARTIAL_SCHEMA)
    >>> merge_partials([part, part])["count"].to_list()
    [4]
    """
    frames = iter(parts)
    first = next(frames, None)
    second = next(frames, None)
    if first is None or second is None:
        return first
    keys = [_INTEGRATION] if _INTEGRATION in first.columns else []
    every = (*keys, "timezone", "section", "day", "value")
    alike = _alike(_countable(chain([first, second], frames)))
    stacked = ([part] for part in alike)
    [merged] = add_up(stacked, lambda lf: sum_counts(lf, every))
    zones = sorted(merged["timezone"].unique())
    if len(zones) > 1:
        msg = f"`timezone`: days of different zones do not add up: {', '.join(zones)}"
        raise InvalidRecordsError(msg)
    section = pl.Enum(all_sections(merged["section"].unique()))
    ordered = in_order(merged.lazy(), *keys, section=section)
    return ordered.select(first.columns).collect()


def _countable(parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the parts while their counts cannot exceed 64 bits."""
    most = 0
    for part in parts:
        most += int(part["count"].max() or 0)  # type: ignore[arg-type] # of `Int64`
        if most > _INT64_MAX:
            msg = "`count`: the parts count more records than 64 bits can hold"
            raise InvalidRecordsError(msg)
        yield part


def _alike(parts: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Yield the parts while they count the same dimensions, or nothing at all."""
    expected: tuple[str, ...] | None = None
    for part in parts:
        found = all_sections(part["section"].unique())[len(SECTIONS) :]
        if found or _total(part):
            expected = found if expected is None else expected
            if found != expected:
                both = " and ".join(", ".join(it) or "none" for it in (expected, found))
                msg = f"`breakdowns`: parts of different ones do not add up: {both}"
                raise InvalidRecordsError(msg)
        yield part


def _total(part: pl.DataFrame) -> int:
    return int(part.filter(section=TOTAL)["count"].sum())


def checked_partial(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return the frame if it is a partial frame of that schema.

    Args:
        frame: Any frame.
        schema: `PARTIAL_SCHEMA` or `BY_INTEGRATION_SCHEMA`.

    Raises:
        InvalidRecordsError: It is not, or a sum does not hold; every fault is listed.
    """
    faults = [*schema_faults(frame, schema)] or [*partial_faults(frame)]
    if faults:
        raise InvalidRecordsError(*faults)
    return frame


def by_integration(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Split a frame of `BY_INTEGRATION_SCHEMA` by id, ids ascending, without copying.

    >>> from stats_core.schema import BY_INTEGRATION_SCHEMA
    >>> by_integration(BY_INTEGRATION_SCHEMA.to_frame())
    {}
    """
    heights, ids = frame[_INTEGRATION].rle().struct.unnest()
    starts = heights.cum_sum() - heights
    rest = frame.drop(_INTEGRATION)
    slices = zip(ids, starts, heights, strict=True)
    return {key: rest.slice(start, height) for key, start, height in slices}
