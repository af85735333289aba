"""The ways of stats_core to answer a case, and the floor under them."""

from collections.abc import Callable
from functools import lru_cache, partial

import polars as pl

from benchmarks.cases import Case
from benchmarks.contract import DEFAULTS, INTEGRATION, CannotError
from benchmarks.data import Dataset
from benchmarks.measure import Task
from benchmarks.rivals.polars import filters
from stats_core import (
    AppointmentIndex,
    appointment_statistics,
    statistics_by_integration,
)

OWN, INDEX, FLOOR = "stats_core", "index", "floor"
_FEW_RECORDS = 100_000  # for which the in-memory engine is faster than streaming


def count(records: Dataset, case: Case) -> Task:
    """Return the task that counts a case, as a user of stats_core writes it."""
    frame = records.frame() if records.in_memory else records.scan()
    answer = partial(appointment_statistics, frame)
    return _task(case, answer, partial(statistics_by_integration, frame))


def look_up(records: Dataset, case: Case) -> Task:
    """Return the task that answers a case from an index, which is built before.

    Raises:
        CannotError: The file is to be read for each answer.
    """
    if not records.in_memory:
        msg = "an index is in memory"
        raise CannotError(msg)
    return ask(index_of(records), case)


@lru_cache(maxsize=1)
def index_of(records: Dataset) -> AppointmentIndex:
    """Return the index of some records; the last one is kept."""
    return AppointmentIndex(records.frame() if records.in_memory else records.scan())


def ask(index: AppointmentIndex, case: Case) -> Task:
    """Return the task that answers a case from an index."""
    return _task(case, index.statistics, index.by_integration)


def bare_plans(records: Dataset, case: Case) -> Task:
    """Return five bare `group_by(value, status).len()` in one `collect_all`.

    They are the day's and the dimensions', without labels, order, outcomes or checks.
    """
    lf = records.scan().filter(*filters(case.question))
    by = [INTEGRATION] if case.by_integration else []
    keys = [pl.col("created_at").dt.date(), *map(pl.col, DEFAULTS)]
    plans = [lf.group_by(*by, key, "status").len() for key in keys]
    few = records.in_memory and records.frame().height <= _FEW_RECORDS
    return partial(pl.collect_all, plans, engine="in-memory" if few else "streaming")


def _task(case: Case, one: Callable[..., object], each: Callable[..., object]) -> Task:
    if case.by_integration:
        return partial(each, case.query, timezone=case.timezone)
    scope = {"integration_id": case.integration_id, "timezone": case.timezone}
    return partial(one, case.query, **scope)


# Rivals are measured against the first of them. To compare another way of stats_core,
# add it here: it is measured like a rival, without what it does to prepare its task.
OURS: dict[str, Callable[[Dataset, Case], Task]] = {OWN: count, INDEX: look_up}
