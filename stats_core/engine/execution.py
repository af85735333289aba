"""Run plans: the only file that reads records.

Polars errors become `InvalidRecordsError` here, and so do values that cannot be counted.
"""

from collections.abc import Iterator

import polars as pl

from stats_core import days
from stats_core.engine.filters import scope
from stats_core.errors import InvalidRecordsError, reading
from stats_core.records import invalid
from stats_core.records.canonical import CanonicalFrame
from stats_core.request import Request
from stats_core.typing import Engine

_NO_OPTIMISATION = pl.QueryOptFlags.none()


def collect(
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


def read(lf: pl.LazyFrame, request: Request, size: int) -> Iterator[pl.DataFrame]:
    """Yield a plan's rows in batches if the engine can, otherwise at once."""
    if not streams(request):
        yield from collect([lf], request)
        return
    with reading():
        yield from lf.collect_batches(chunk_size=size, maintain_order=False)


def streams(request: Request) -> bool:
    """Return whether the request's engine can read many records in batches."""
    return request.engine in {"auto", "streaming"}


def _engine(request: Request, *, few: bool) -> Engine:
    if request.engine != "auto":
        return request.engine
    return "in-memory" if few else "streaming"


def instant_range(
    lf: pl.LazyFrame, frame: CanonicalFrame, request: Request, *, few: bool = False
) -> tuple[int, int]:
    """Return the first and last second of the instants of `lf`, a part of the frame.

    Raises:
        InvalidRecordsError: An instant of the frame, within the scope, cannot be
            counted.
    """
    seconds, faults = examined(lf, frame, request, few=few)
    if faults:
        raise invalid_error(faults, request)
    return seconds


def examined(
    lf: pl.LazyFrame, frame: CanonicalFrame, request: Request, *, few: bool = False
) -> tuple[tuple[int, int], list[pl.DataFrame]]:
    """Return the range of seconds, and the invalid values of the frame if it has any."""
    [found] = collect([invalid.value_summary(lf)], request, few=few)
    first, last, wrong = found.fill_null(0).row(0)
    earliest, latest = days.countable_seconds(request.zone)
    if not wrong and earliest <= first and last <= latest:
        return (first, last), []
    plan = invalid.invalid_values(
        frame.lf, request, scope(request, frame.lf.collect_schema())
    )
    return (first, last), collect([plan], request)


def invalid_error(faults: list[pl.DataFrame], request: Request) -> InvalidRecordsError:
    """Return the error that names the collected `invalid_values` of all batches."""
    found = invalid.invalid_value_faults(faults, request)
    return InvalidRecordsError(*dict.fromkeys(found))  # two roles can share a column
