"""pandas: the matching rows, then five group-bys; labels on the groups."""

from datetime import datetime
from functools import partial

import pandas as pd

from benchmarks.contract import DEFAULTS, SEARCHED, Answer, Question, Way
from benchmarks.data import Dataset
from benchmarks.rivals.labels import Groups, answer_from_groups

MAX_ROWS = 30_000_000


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from a frame of pandas' own, where `Enum` is `category`, or the file."""
    if records.in_memory:
        return {"": partial(_answer, records.frame().to_pandas())}
    read = partial(pd.read_parquet, records.path, "pyarrow")
    return {"": lambda question: _answer(read(question.columns()), question)}


def _answer(df: pd.DataFrame, question: Question) -> Answer:
    df = _matching(df, question)
    local = df["created_at"].dt.tz_convert(question.timezone).dt.tz_localize(None)
    columns = {"trends": local.dt.normalize()} | {name: df[name] for name in DEFAULTS}
    return answer_from_groups({it: _sizes(columns[it], df["status"]) for it in columns})


def _matching(df: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Apply the cheap conditions first, and search the rows that are left."""
    for column, compare, value in question.conditions:
        df = df[compare(df[column], value)]
    for word in question.words:
        found = [_contains(df[name], word) for name in SEARCHED]
        df = df[found[0] | found[1]]
    return df


def _contains(column: pd.Series, word: str) -> pd.Series:
    return column.str.contains(word, case=False, regex=False, na=False)


def _sizes(value: pd.Series, status: pd.Series) -> Groups:
    by = [value.rename("value"), status.rename("status")]
    sizes = value.groupby(by, dropna=False, observed=True, sort=False).size()
    columns = [column.tolist() for _, column in sizes.reset_index(name="n").items()]
    return {
        (_date(value), status): n for value, status, n in zip(*columns, strict=True)
    }


def _date(value: object) -> object:
    if value is pd.NaT:
        return None
    return value.date() if isinstance(value, datetime) else value
