"""The ways of stats_core to answer a case, and the floor under them."""

from collections.abc import Callable
from functools import partial

import polars as pl

from benchmarks.cases import Case
from benchmarks.contract import DEFAULTS, INTEGRATION
from benchmarks.data import Dataset
from benchmarks.measure import Task
from benchmarks.rivals.polars import filters
from stats_core import appointment_statistics, statistics_by_integration

OWN, FLOOR = "stats_core", "floor"
_FEW_RECORDS = 100_000  # for which the in-memory engine is faster than streaming


def count(records: Dataset, case: Case) -> Task:
    """Return the task that counts a case, as a user of stats_core writes it."""
    frame = records.frame() if records.in_memory else records.scan()
    answer = statistics_by_integration if case.integrations else appointment_statistics
    return partial(answer, frame, case.query, timezone=case.timezone)


def bare_plans(records: Dataset, case: Case) -> Task:
    """Return five bare `group_by(value, status).len()` in one `collect_all`.

    They are the day's and the dimensions', without labels, order, outcomes or checks.
    """
    lf = records.scan().filter(*filters(case.question))
    by = [INTEGRATION] if case.integrations else []
    keys = [pl.col("created_at").dt.date(), *map(pl.col, DEFAULTS)]
    plans = [lf.group_by(*by, key, "status").len() for key in keys]
    few = records.in_memory and records.frame().height <= _FEW_RECORDS
    return partial(pl.collect_all, plans, engine="in-memory" if few else "streaming")


# Rivals are measured against the first of them. To compare another way of stats_core,
# add it here: it is measured like a rival, without what it does to prepare its task.
OURS: dict[str, Callable[[Dataset, Case], Task]] = {OWN: count}
