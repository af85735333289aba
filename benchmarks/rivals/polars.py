"""Polars, written by hand as is obvious: eager; filter, fill nulls, group by columns."""

from functools import partial

import polars as pl

from benchmarks.contract import DEFAULTS, SEARCHED, Answer, Question, Way
from benchmarks.data import Dataset
from benchmarks.rivals.labels import FAILED, INVISIBLE, SUCCESSFUL

MAX_ROWS = 30_000_000

_WORD = pl.col("status").cast(pl.String).str.strip_chars(INVISIBLE).str.to_lowercase()
_SUCCESSFUL = _WORD.is_in(SUCCESSFUL).fill_null(value=False)
_FAILED = _WORD.is_in(FAILED).fill_null(value=False)
_COUNTS = {
    "successful": pl.col("n").filter(_SUCCESSFUL).sum(),
    "failed": pl.col("n").filter(_FAILED).sum(),
    "other": pl.col("n").filter(~_SUCCESSFUL & ~_FAILED).sum(),
}


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from the frame that stats_core gets, or from the Parquet file."""
    return {"": partial(_answer, records)}


def _answer(records: Dataset, question: Question) -> Answer:
    lf = records.scan().select(question.columns())
    df = lf.collect().filter(*filters(question))
    trends = _trends(df, question.timezone)
    return {"trends": trends} | {name: _breakdown(df, name) for name in DEFAULTS}


def filters(question: Question) -> list[pl.Expr]:
    """Return the conditions on a record, cheap ones first."""
    found = [
        compare(pl.col(column), value) for column, compare, value in question.conditions
    ]
    lower = [pl.col(name).cast(pl.String).str.to_lowercase() for name in SEARCHED]
    for word in question.words:
        each = (text.str.contains(word, literal=True) for text in lower)
        found.append(pl.any_horizontal(*each))
    return found


def _trends(df: pl.DataFrame, timezone: str) -> pl.DataFrame:
    day = pl.col("created_at").dt.convert_time_zone(timezone).dt.date()
    groups = df.group_by(day.alias("day"), "status").agg(n=pl.len().cast(pl.Int64))
    return groups.group_by("day").agg(**_COUNTS).sort("day")


def _breakdown(df: pl.DataFrame, name: str) -> pl.DataFrame:
    """Fill nulls on the rows; trim and label the groups."""
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
