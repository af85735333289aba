"""Comparing a rival's answer with stats_core's."""

from collections.abc import Mapping

import polars as pl

from benchmarks.contract import DEFAULTS, INTEGRATION, Answer
from stats_core import AppointmentStatistics

_OUTCOMES = ("successful", "failed", "other")
_COUNTS = ("count", "unset", *_OUTCOMES)
_TRENDS = pl.Schema({"day": pl.Date()} | dict.fromkeys(_OUTCOMES, pl.Int64()))
_BREAKDOWN = pl.Schema({"value": pl.String()} | dict.fromkeys(_COUNTS, pl.Int64()))
_SCHEMAS = {"trends": _TRENDS} | dict.fromkeys(DEFAULTS, _BREAKDOWN)


def is_equal(
    answer: Answer, own: AppointmentStatistics | Mapping[str, AppointmentStatistics]
) -> bool:
    """Return whether an answer is stats_core's, to the last row and its place."""
    by_id = own if isinstance(own, Mapping) else {"": own}
    found = {name: _by_integration(answer, name) for name in _SCHEMAS}
    ids = set().union(*found.values())
    return ids == {key for key, stats in by_id.items() if stats.total} and all(
        _is_equal({name: found[name][key] for name in found}, by_id[key]) for key in ids
    )


def _is_equal(found: dict[str, pl.DataFrame], own: AppointmentStatistics) -> bool:
    trends = found["trends"]
    is_undated = trends["day"].null_count()  # in one row, the first, or in none
    undated = sum(trends.row(0)[1:]) if is_undated else 0
    return (
        own.total == found["source"]["count"].sum()
        and own.undated == undated
        and own.trends.equals(trends.slice(is_undated))
        and all(df.equals(found[name]) for name, df in own.breakdowns().items())
    )


def _by_integration(answer: Answer, name: str) -> dict[str, pl.DataFrame]:
    """Return a section as a frame for each integration id; pooled, it is empty."""
    table, schema = answer[name], _SCHEMAS[name]
    if isinstance(table, list):
        df = pl.DataFrame(table, schema, orient="row")
    else:
        df = pl.DataFrame(table)
    if INTEGRATION not in df.columns:
        df = df.with_columns(pl.lit("").alias(INTEGRATION))
    df = df.select(INTEGRATION, *schema).cast(schema)
    parts = df.partition_by(INTEGRATION, as_dict=True, include_key=False)
    return {key: part for (key,), part in parts.items()}
