"""stats_core itself, asked as its user asks it."""

from functools import partial

import polars as pl

from benchmarks.cases import Case
from benchmarks.data import Held
from benchmarks.measure import Work
from stats_core import (
    AppointmentStatistics,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
)


def counting(records: Held, case: Case) -> Work:
    """The complete statistics of a case, or the response's JSON."""
    frame: pl.DataFrame | pl.LazyFrame = (
        records.frame() if records.in_memory else pl.scan_parquet(records.path)
    )
    return partial(_response if case.json else statistics, frame, case)


def statistics(frame: pl.DataFrame | pl.LazyFrame, case: Case) -> AppointmentStatistics:
    """The statistics that all others must be equal to."""
    return appointment_statistics(frame, case.query, timezone=case.timezone)


def _response(frame: pl.DataFrame | pl.LazyFrame, case: Case) -> str:
    query = StatisticsQuery.model_validate(case.parameters)
    dashboard = appointments_dashboard(frame, query, timezone=case.timezone)
    return dashboard.model_dump_json(by_alias=True)
