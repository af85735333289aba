"""A rival's answer, whatever its tables are made of."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks.question import DIMENSIONS
from stats_core import AppointmentStatistics
from stats_core.records import ArrowStream
from stats_core.tallies import BREAKDOWN_SCHEMA, TRENDS_SCHEMA

Table = ArrowStream | Sequence[tuple[Any, ...]]

# `trends`: day, successful, failed, other; ascending, first a null day for the undated.
# The four breakdowns: value, count, unset, successful, failed, other; `count`
# descending, then `value` ascending by code point.
Answer = Mapping[str, Table]


class CannotError(Exception):
    """A tool cannot answer, and why."""


def statistics(answer: Answer, timezone: str) -> AppointmentStatistics:
    """The answer in the form that is compared, in the order it was given."""
    trends = _frame(answer["trends"], TRENDS_SCHEMA)
    breakdowns = {name: _frame(answer[name], BREAKDOWN_SCHEMA) for name in DIMENSIONS}
    return AppointmentStatistics.of_tallies(trends, breakdowns, timezone)


def response(answer: Answer, timezone: str, size: int = 300) -> str:
    """The endpoint's JSON by the standard library alone: the first page."""
    breakdowns = {name: _rows(answer[name]) for name in DIMENSIONS}
    days = [row for row in _rows(answer["trends"]) if row[0] is not None]
    zone = ZoneInfo(timezone)
    body = {
        "overview": {"total": sum(row[1] for row in breakdowns["source"])},
        "trends": [
            {"_id": _midnight(day, zone), "successful": successful, "failed": failed}
            for day, successful, failed, _ in days
        ],
        **{
            name: [{"_id": row[0], "count": row[1]} for row in rows[:size]]
            for name, rows in breakdowns.items()
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _frame(table: Table, schema: pl.Schema) -> pl.DataFrame:
    if isinstance(table, ArrowStream):
        return pl.DataFrame(table).select(schema.names()).cast(schema)
    return pl.DataFrame(table, schema, orient="row")


def _rows(table: Table) -> Sequence[tuple[Any, ...]]:
    return pl.DataFrame(table).rows() if isinstance(table, ArrowStream) else table


def _midnight(day: date, zone: ZoneInfo) -> str:
    first = datetime.combine(day, time(), zone).astimezone(UTC)
    return first.isoformat().replace("+00:00", "Z")
