"""The partial frame of a canonical frame; the only file that reads records.

Records known to be few are filtered once and counted in memory. Others are counted by
the streaming engine: at once, or in batches where the plans would otherwise share a
filtered or parsed frame, which Polars would materialise or recompute per plan.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import polars as pl

from stats_core import days
from stats_core.engine import by_integration
from stats_core.engine.aggregation import add_up, outcome, partial_frame, preaggregate
from stats_core.engine.filters import apply_filters, of_integration, record_filters
from stats_core.errors import InvalidRecordsError, reading
from stats_core.records import instants
from stats_core.records.canonical import CanonicalFrame
from stats_core.request import Request
from stats_core.schema import DIMENSIONS
from stats_core.typing import Engine

_NO_OPTIMISATION = pl.QueryOptFlags.none()
_KEYS = ("day", *DIMENSIONS)
_COUNTED = ("created_at", "status", *DIMENSIONS)


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
        batches = _batches(frame, request, limits.batch)
        groups = add_up(batches, lambda lf: lf.group_by(pl.exclude("count")).sum())
    else:
        groups = _group_at_once(frame, request)
    return _labelled([df.lazy() for df in groups], request)


def _count_in_memory(
    frame: CanonicalFrame, request: Request, limits: Limits
) -> pl.DataFrame:
    """Count few records: they are filtered once, and one plan counts what is left."""
    [df] = _collect([_scoped(frame.lf, request)], request, few=True)
    seconds = _instant_range(df.lazy(), frame, request, few=True)
    filtered = apply_filters(df.lazy(), record_filters(request, df.schema))
    rows = _with_day(filtered, seconds, request).select("status", *_KEYS)
    if frame.rows is not None and frame.rows < limits.skip_preaggregation:
        one = pl.lit(1, pl.Int64).alias("count")
        rows = rows.select(*_KEYS, outcome(request.layout), one)
        [df] = _collect([rows], request, few=True)
        groups = [df.lazy().select(key, "outcome", "count") for key in _KEYS]
    else:
        [df] = _collect([rows], request, few=True)
        groups = [preaggregate(df.lazy(), key, request.layout) for key in _KEYS]
    return _labelled(groups, request)


def _shares_rows(frame: CanonicalFrame, request: Request) -> bool:
    """Return whether several plans would share a filtered or parsed frame."""
    schema = frame.lf.collect_schema()
    text = instants.is_from_text(schema)
    filtered = request.scoped or bool(record_filters(request, schema))
    return _streams(request) and (text or (frame.rows is None and filtered))


def _group_at_once(frame: CanonicalFrame, request: Request) -> list[pl.DataFrame]:
    """Pre-aggregate all records in one run: each plan reads its own two columns."""
    scoped = _scoped(frame.lf, request)
    seconds = _instant_range(scoped, frame, request)
    filters = record_filters(request, scoped.collect_schema())
    plans = _groups(apply_filters(scoped, filters), seconds, request)
    return _collect(plans, request, share=bool(filters) or request.scoped)


def _batches(
    frame: CanonicalFrame, request: Request, size: int
) -> Iterator[list[pl.DataFrame]]:
    """Yield the pre-aggregates of each batch of the selected records."""
    nothing = _filtered(frame.lf.clear(), request)
    yield _collect(_groups(nothing, (0, 0), request), request, few=True)
    for batch, seconds in _selected(frame, request, size):
        yield _collect(_groups(batch, seconds, request), request)


def _selected(
    frame: CanonicalFrame, request: Request, size: int
) -> Iterator[tuple[pl.LazyFrame, tuple[int, int]]]:
    """Yield the selected records in batches, and a range of seconds around them."""
    if instants.is_from_text(frame.lf.collect_schema()):
        for df in _read(_scoped(frame.lf, request), request, size):
            seconds = _instant_range(df.lazy(), frame, request)
            filters = record_filters(request, df.schema)
            yield apply_filters(df.lazy(), filters), seconds
    else:
        seconds = _instant_range(_scoped(frame.lf, request), frame, request)
        for df in _read(_filtered(frame.lf, request), request, size):
            yield df.lazy(), seconds


def _count_by_integration(
    frame: CanonicalFrame, request: Request, limits: Limits
) -> pl.DataFrame:
    """Count each integration from records that are read as codes, in batches."""
    codes = by_integration.new_codes()
    batches = (
        by_integration.preaggregate(df, codes, request.layout)
        for df in _coded(frame, request, codes, limits)
    )
    parts = chain([by_integration.NOTHING], batches)
    groups = add_up(parts, by_integration.sum_runs)
    return by_integration.partial_frame(groups, codes, request.timezone)


def _coded(
    frame: CanonicalFrame, request: Request, codes: by_integration.Codes, limits: Limits
) -> Iterator[pl.DataFrame]:
    selected: Iterable[tuple[pl.LazyFrame, tuple[int, int]]]
    if _streams(request) and instants.is_from_text(frame.lf.collect_schema()):
        selected = _selected(frame, request, limits.batch)
    else:
        seconds = _instant_range(_scoped(frame.lf, request), frame, request)
        selected = [(_filtered(frame.lf, request), seconds)]
    for lf, seconds in selected:
        coded = by_integration.coded(_with_day(lf, seconds, request), codes)
        yield from _read(coded, request, limits.coded_batch)


def _scoped(lf: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Keep the records of the integration first, so that no other can cause a fault."""
    scope = _scope(lf, request)
    return lf if scope is None else lf.filter(scope)


def _scope(lf: pl.LazyFrame, request: Request) -> pl.Expr | None:
    if request.integration_id is None:
        return None
    return of_integration(request.integration_id, lf.collect_schema())


def _filtered(lf: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    filters = record_filters(request, lf.collect_schema())
    counted = (*_COUNTED, *(("integration_id",) if request.by_integration else ()))
    return apply_filters(_scoped(lf, request), filters).select(counted)


def _with_day(
    lf: pl.LazyFrame, seconds: tuple[int, int], request: Request
) -> pl.LazyFrame:
    """Add the local `day` of each record; its instants lie in a range of seconds."""
    first, last = request.period.within(seconds)
    unit = instants.time_unit(lf.collect_schema())
    instant = pl.col("created_at")
    day = days.local_day(instant, request.zone, unit=unit, first=first, last=last)
    return lf.with_columns(day=day)


def _groups(
    lf: pl.LazyFrame, seconds: tuple[int, int], request: Request
) -> list[pl.LazyFrame]:
    """Return the plans of the pre-aggregates, in the order of `_KEYS`."""
    dated = _with_day(lf, seconds, request)
    frames = {"day": dated} | dict.fromkeys(DIMENSIONS, lf)
    return [preaggregate(frames[key], key, request.layout) for key in _KEYS]


def _labelled(groups: list[pl.LazyFrame], request: Request) -> pl.DataFrame:
    plan = partial_frame(
        groups[0], dict(zip(DIMENSIONS, groups[1:], strict=True)), request
    )
    return plan.collect(engine="in-memory", optimizations=_NO_OPTIMISATION)


def _instant_range(
    lf: pl.LazyFrame, frame: CanonicalFrame, request: Request, *, few: bool = False
) -> tuple[int, int]:
    """Return the first and last second of the instants of `lf`, a part of the frame.

    Raises:
        InvalidRecordsError: An instant of the frame, within the scope, cannot be
            counted.
    """
    [found] = _collect([instants.instant_range(lf)], request, few=few)
    first, last, invalid = found.fill_null(0).row(0)
    earliest, latest = days.countable_seconds(request.zone)
    if invalid or first < earliest or last > latest:
        scope = _scope(frame.lf, request)
        plan = instants.invalid_instants(frame.lf, request.zone, scope)
        [rows] = _collect([plan], request)
        faults = instants.invalid_instant_faults(rows, request.timezone)
        raise InvalidRecordsError(*faults)
    return first, last


def _engine(request: Request, *, few: bool) -> Engine:
    if request.engine != "auto":
        return request.engine
    return "in-memory" if few else "streaming"


def _streams(request: Request) -> bool:
    return request.engine in {"auto", "streaming"}


def _read(lf: pl.LazyFrame, request: Request, size: int) -> Iterator[pl.DataFrame]:
    """Yield a plan's rows in batches if the engine can, otherwise at once."""
    if not _streams(request):
        yield from _collect([lf], request)
        return
    with reading():
        yield from lf.collect_batches(chunk_size=size, maintain_order=False)


def _collect(
    plans: list[pl.LazyFrame],
    request: Request,
    *,
    few: bool = False,
    share: bool = False,
) -> list[pl.DataFrame]:
    """Run plans as one; convert Polars errors.

    Args:
        plans: What to run.
        request: Its engine runs the plans.
        few: Whether they have so few rows that `auto` means the in-memory engine, and
            optimising the plans takes longer than it saves.
        share: Whether Polars looks for parts that the plans share. It materialises
            these, so plans that each read their own columns must not share.
    """
    engine = _engine(request, few=few)
    flags = _NO_OPTIMISATION if few else pl.QueryOptFlags(comm_subplan_elim=share)
    with reading():
        if engine == "gpu":  # it runs one plan at a time
            return [plan.collect(engine=engine) for plan in plans]
        return pl.collect_all(plans, engine=engine, optimizations=flags)
