"""Polars by hand, the obvious way: eager, filter, fill nulls, group by each column."""

from functools import partial

import polars as pl

from benchmarks.answer import Answer
from benchmarks.data import Held
from benchmarks.question import DIMENSIONS, SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.contract import DEFAULTS, FAILED, INVISIBLE, SUCCESSFUL

MOST_ROWS = 30_000_000

_WORD = pl.col("status").cast(pl.String).str.strip_chars(INVISIBLE).str.to_lowercase()
_SUCCESSFUL = _WORD.is_in(SUCCESSFUL).fill_null(value=False)
_FAILED = _WORD.is_in(FAILED).fill_null(value=False)
_COUNTS = {
    "successful": pl.col("n").filter(_SUCCESSFUL).sum(),
    "failed": pl.col("n").filter(_FAILED).sum(),
    "other": pl.col("n").filter(~_SUCCESSFUL & ~_FAILED).sum(),
}


def ways(records: Held) -> dict[str, Way]:
    """In memory, the records are the same frame that stats_core is given."""
    return {"": partial(_answer, records)}


def _answer(records: Held, question: Question) -> Answer:
    df = _read(records, question).filter(*_filters(question))
    trends = _trends(df, question.timezone)
    return {"trends": trends} | {name: _breakdown(df, name) for name in DIMENSIONS}


def _read(records: Held, question: Question) -> pl.DataFrame:
    if records.in_memory:
        return records.frame()
    return pl.read_parquet(records.path, columns=question.reads())


def _filters(question: Question) -> list[pl.Expr]:
    filters = []
    if question.appointment_type is not None:
        filters.append(pl.col("appointment_type") == question.appointment_type)
    if question.start is not None:
        filters.append(pl.col("created_at") >= question.start)
    if question.end is not None:
        filters.append(pl.col("created_at") < question.end)
    for word in question.words:
        found = (_lower(name).str.contains(word, literal=True) for name in SEARCHED)
        filters.append(pl.any_horizontal(*found))
    return filters


def _lower(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.to_lowercase()


def _trends(df: pl.DataFrame, timezone: str) -> pl.DataFrame:
    day = pl.col("created_at").dt.convert_time_zone(timezone).dt.date()
    groups = df.group_by(day.alias("day"), "status").agg(n=pl.len().cast(pl.Int64))
    return groups.group_by("day").agg(**_COUNTS).sort("day")


def _breakdown(df: pl.DataFrame, name: str) -> pl.DataFrame:
    """Nulls are filled on the rows; what else is dirty is tidied on the groups."""
    default, text = DEFAULTS[name], pl.col("value").str.strip_chars(INVISIBLE)
    groups = df.group_by(
        "status",
        value=pl.col(name).cast(pl.String).fill_null(default),
        absent=pl.col(name).is_null(),
    ).agg(n=pl.len().cast(pl.Int64))
    blank = pl.col("absent") | (text == "")
    label = pl.when(blank).then(pl.lit(default)).otherwise(text)
    counts = {"count": pl.col("n").sum(), "unset": pl.col("n").filter(blank).sum()}
    tidy = groups.group_by(label.alias("value")).agg(**counts, **_COUNTS)
    return tidy.sort("count", "value", descending=[True, False])
