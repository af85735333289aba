"""Count a canonical frame: in memory, at once or in batches.

Records known to be few are filtered once and counted in memory. Others are counted by
the streaming engine: at once, or in batches where the plans would otherwise share a
filtered or parsed frame, which Polars would materialise or recompute per plan.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import polars as pl

from stats_core.engine import by_integration, integration_keys
from stats_core.engine.aggregation import (
    group_keys,
    groups,
    outcome,
    partial_frame,
    preaggregate,
    with_day,
)
from stats_core.engine.execution import (
    collect,
    examined,
    instant_range,
    invalid_error,
    read,
    streams,
)
from stats_core.engine.filters import apply_filters, record_filters, scoped, selected
from stats_core.engine.sums import add_up
from stats_core.records.canonical import CanonicalFrame, canonical_documents
from stats_core.records.instants import is_from_text
from stats_core.request import Request


class Limits(NamedTuple):
    """Row counts at which one way of counting becomes faster than another.

    Attributes:
        skip_preaggregation: Below it, grouping by raw values first costs more than it
            saves.
        in_memory: Below it, the in-memory engine is faster than the streaming engine.
        batch: Rows read at a time where records are counted in batches.
        coded_batch: The same where each integration is counted. In a small batch each
            integration has few records, so there are nearly as many groups as records.
    """

    skip_preaggregation: int = 2_000
    in_memory: int = 50_000
    batch: int = 500_000
    coded_batch: int = 4_000_000


_LIMITS = Limits()


def count(
    frame: CanonicalFrame, request: Request, limits: Limits = _LIMITS
) -> pl.DataFrame:
    """Count the records that a request selects.

    Returns:
        `PARTIAL_SCHEMA`, or `BY_INTEGRATION_SCHEMA` where each integration is counted;
        in their order.

    Raises:
        InvalidRecordsError: Records that cannot be read or counted; every fault is
            listed.

    >>> from stats_core.records.canonical import canonical_frame
    >>> docs, request = [{"created_at": None, "status": "error"}], Request()
    >>> df = count(canonical_frame(docs, request), request)
    >>> df.filter(section="source").select("value", "failed").rows()
    [('not set', 1)]
    """
    if request.by_integration:
        return _count_by_integration(frame, request, limits)
    if frame.rows is not None and frame.rows < limits.in_memory:
        return _count_in_memory(frame, request, limits)
    if _shares_rows(frame, request):
        return _summed(_batches(frame, request, limits.batch), request)
    grouped = _group_at_once(frame, request)
    return _labelled([df.lazy() for df in grouped], request)


def count_batches(frames: Iterable[CanonicalFrame], request: Request) -> pl.DataFrame:
    """Count records that can be read only once, in batches.

    Args:
        frames: The batches; a column `row` numbers their records.
        request: What is counted.

    Returns:
        As `count`.

    Raises:
        InvalidRecordsError: As `count`; every batch is examined.
    """
    if request.by_integration:
        codes = integration_keys.new_codes(request)
        batches = (
            integration_keys.preaggregate(df, codes, request)
            for lf, seconds in _valid(frames, request)
            for df in collect([_coded_plan(lf, seconds, request, codes)], request)
        )
        return summed_by_integration(batches, codes, request)
    nothing = canonical_documents([], request).lf
    parts = (
        collect(groups(lf, seconds, request), request)
        for lf, seconds in chain([(nothing, (0, 0))], _valid(frames, request))
    )
    return _summed(parts, request)


def _valid(
    frames: Iterable[CanonicalFrame], request: Request
) -> Iterator[tuple[pl.LazyFrame, tuple[int, int]]]:
    """Yield the selected records of each batch until one has a fault."""
    faults: list[pl.DataFrame] = []
    for batch in frames:
        [df] = collect([batch.lf], request)  # so that instants are parsed once
        frame = replace(batch, lf=df.lazy())
        seconds, found = examined(scoped(frame.lf, request), frame, request)
        faults += found
        if not faults:
            yield selected(frame.lf, request), seconds
    if faults:
        raise invalid_error(faults, request)


def _count_in_memory(
    frame: CanonicalFrame, request: Request, limits: Limits
) -> pl.DataFrame:
    """Count few records: they are filtered once, and one plan counts what is left."""
    [df] = collect([scoped(frame.lf, request)], request, few=True)
    seconds = instant_range(df.lazy(), frame, request, few=True)
    filtered = apply_filters(df.lazy(), record_filters(request, df.schema))
    keys = group_keys(request)
    rows = with_day(filtered, seconds, request).select("status", *keys)
    if frame.rows is not None and frame.rows < limits.skip_preaggregation:
        one = pl.lit(1, pl.Int64).alias("count")
        rows = rows.select(*keys, outcome(request.layout), one)
        [df] = collect([rows], request, few=True)
        groups = [df.lazy().select(key, "outcome", "count") for key in keys]
    else:
        [df] = collect([rows], request, few=True)
        groups = [preaggregate(df.lazy(), key, request.layout) for key in keys]
    return _labelled(groups, request)


def _shares_rows(frame: CanonicalFrame, request: Request) -> bool:
    """Return whether several plans would share a filtered or parsed frame."""
    schema = frame.lf.collect_schema()
    text = is_from_text(schema)
    filtered = request.scoped or bool(record_filters(request, schema))
    return streams(request) and (text or (frame.rows is None and filtered))


def _group_at_once(frame: CanonicalFrame, request: Request) -> list[pl.DataFrame]:
    """Pre-aggregate all records in one run: each plan reads its own two columns."""
    seconds = instant_range(scoped(frame.lf, request), frame, request)
    filtered = request.scoped or bool(
        record_filters(request, frame.lf.collect_schema())
    )
    plans = groups(selected(frame.lf, request), seconds, request)
    return collect(plans, request, share=filtered)


def _batches(
    frame: CanonicalFrame, request: Request, size: int
) -> Iterator[list[pl.DataFrame]]:
    """Yield the pre-aggregates of each batch of the selected records."""
    nothing = selected(frame.lf.clear(), request)
    yield collect(groups(nothing, (0, 0), request), request, few=True)
    for batch, seconds in _selected(frame, request, size):
        yield collect(groups(batch, seconds, request), request)


def _selected(
    frame: CanonicalFrame, request: Request, size: int
) -> Iterator[tuple[pl.LazyFrame, tuple[int, int]]]:
    """Yield the selected records in batches, and a range of seconds around them."""
    if is_from_text(frame.lf.collect_schema()):
        for df in read(scoped(frame.lf, request), request, size):
            seconds = instant_range(df.lazy(), frame, request)
            filters = record_filters(request, df.schema)
            yield apply_filters(df.lazy(), filters), seconds
    else:
        seconds = instant_range(scoped(frame.lf, request), frame, request)
        for df in read(selected(frame.lf, request), request, size):
            yield df.lazy(), seconds


def _count_by_integration(
    frame: CanonicalFrame, request: Request, limits: Limits
) -> pl.DataFrame:
    """Count each integration from records that are read as codes, in batches."""
    codes = integration_keys.new_codes(request)
    batches = (
        integration_keys.preaggregate(df, codes, request)
        for df in _coded(frame, request, codes, limits)
    )
    return summed_by_integration(batches, codes, request)


def summed_by_integration(
    batches: Iterable[list[pl.DataFrame]],
    codes: integration_keys.Codes,
    request: Request,
) -> pl.DataFrame:
    """Sum the `integration_keys.preaggregate` of batches, to `BY_INTEGRATION_SCHEMA`."""
    parts = chain([integration_keys.nothing(request)], batches)
    groups = add_up(parts, integration_keys.sum_runs)
    return by_integration.partial_frame(groups, codes, request)


def _summed(parts: Iterable[list[pl.DataFrame]], request: Request) -> pl.DataFrame:
    groups = add_up(parts, lambda lf: lf.group_by(pl.exclude("count")).sum())
    return _labelled([df.lazy() for df in groups], request)


def _coded(
    frame: CanonicalFrame,
    request: Request,
    codes: integration_keys.Codes,
    limits: Limits,
) -> Iterator[pl.DataFrame]:
    chosen: Iterable[tuple[pl.LazyFrame, tuple[int, int]]]
    if streams(request) and is_from_text(frame.lf.collect_schema()):
        chosen = _selected(frame, request, limits.batch)
    else:
        seconds = instant_range(scoped(frame.lf, request), frame, request)
        chosen = [(selected(frame.lf, request), seconds)]
    for lf, seconds in chosen:
        plan = _coded_plan(lf, seconds, request, codes)
        yield from read(plan, request, limits.coded_batch)


def _coded_plan(
    lf: pl.LazyFrame,
    seconds: tuple[int, int],
    request: Request,
    codes: integration_keys.Codes,
) -> pl.LazyFrame:
    return integration_keys.coded(with_day(lf, seconds, request), codes)


def _labelled(groups: list[pl.LazyFrame], request: Request) -> pl.DataFrame:
    days, *values = groups
    named = dict(zip(request.value_sections, values, strict=True))
    plan = partial_frame(days, named, request)
    return plan.collect(engine="in-memory", optimizations=pl.QueryOptFlags.none())
