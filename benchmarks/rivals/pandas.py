"""pandas: the rows asked for, then five group-bys; labels on the groups."""

import pandas as pd

from benchmarks.answer import Answer
from benchmarks.data import Held
from benchmarks.question import DIMENSIONS, SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.contract import DEFAULTS, FAILED, INVISIBLE, SUCCESSFUL

MOST_ROWS = 30_000_000

_OUTCOMES = ["successful", "failed", "other"]


def ways(records: Held) -> dict[str, Way]:
    """In memory, the records are a frame of pandas' own; `Enum` is `category`."""
    if not records.in_memory:
        return {"": lambda question: _answer(_read(records, question), question)}
    df = records.frame().to_pandas()
    return {"": lambda question: _answer(df, question)}


def _read(records: Held, question: Question) -> pd.DataFrame:
    return pd.read_parquet(records.path, columns=question.reads())


def _answer(df: pd.DataFrame, question: Question) -> Answer:
    asked = _asked(df, question)
    local = asked["created_at"].dt.tz_convert(question.timezone).dt.tz_localize(None)
    trends = _trends(local.dt.normalize(), asked["status"])
    return {"trends": trends} | {name: _breakdown(asked, name) for name in DIMENSIONS}


def _asked(df: pd.DataFrame, question: Question) -> pd.DataFrame:
    """The cheap conditions first, the searches on what they leave."""
    if question.appointment_type is not None:
        df = df[df["appointment_type"] == question.appointment_type]
    if question.start is not None:
        df = df[df["created_at"] >= question.start]
    if question.end is not None:
        df = df[df["created_at"] < question.end]
    for word in question.words:
        found = [_contains(df[name], word) for name in SEARCHED]
        df = df[found[0] | found[1]]
    return df


def _contains(column: pd.Series, word: str) -> pd.Series:
    return column.str.contains(word, case=False, regex=False, na=False)


def _trends(day: pd.Series, status: pd.Series) -> pd.DataFrame:
    groups = _sizes(day, status)
    counts = _by_outcome(groups).groupby(groups["value"], dropna=False)[_OUTCOMES]
    df = counts.sum().rename_axis("day").reset_index()
    return df.sort_values("day", na_position="first")


def _breakdown(df: pd.DataFrame, name: str) -> pd.DataFrame:
    groups = _sizes(df[name], df["status"])
    text = _trimmed(groups["value"])
    counts = _by_outcome(groups)
    counts["unset"] = groups["n"].where(text == "", 0)
    label = text.where(text != "", DEFAULTS[name])
    tidy = counts.groupby(label)[["unset", *_OUTCOMES]].sum()
    tidy.insert(0, "count", tidy[_OUTCOMES].sum(axis=1))
    tidy = tidy.rename_axis("value").reset_index()
    return tidy.sort_values(["count", "value"], ascending=[False, True])


def _sizes(value: pd.Series, status: pd.Series) -> pd.DataFrame:
    by = [value.rename("value"), status.rename("status")]
    sizes = value.groupby(by, dropna=False, observed=True, sort=False).size()
    return sizes.rename("n").reset_index()


def _by_outcome(groups: pd.DataFrame) -> pd.DataFrame:
    word = _trimmed(groups["status"]).str.lower()
    successful, failed = word.isin(SUCCESSFUL), word.isin(FAILED)
    return pd.DataFrame(
        {
            "successful": groups["n"].where(successful, 0),
            "failed": groups["n"].where(failed, 0),
            "other": groups["n"].where(~(successful | failed), 0),
        }
    )


def _trimmed(text: pd.Series) -> pd.Series:
    return text.astype(object).where(text.notna(), "").str.strip(INVISIBLE)
