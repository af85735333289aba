"""PyArrow compute: a filtered table, five group-bys; labels on the groups."""

from functools import partial, reduce
from operator import and_

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.answer import Answer
from benchmarks.data import Held
from benchmarks.question import DIMENSIONS, SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.contract import DEFAULTS, FAILED, INVISIBLE, SUCCESSFUL

MOST_ROWS = 30_000_000

_OUTCOMES = ("successful", "failed", "other")


def ways(records: Held) -> dict[str, Way]:
    """In memory, the records are a table of Arrow's; `Enum` is a dictionary."""
    if not records.in_memory:
        return {"": lambda question: _answer(_read(records, question), question)}
    return {"": partial(_answer_in_memory, records.frame().to_arrow())}


def _read(records: Held, question: Question) -> pa.Table:
    return pq.read_table(
        records.path, columns=question.reads(), filters=_cheap(question)
    )


def _answer_in_memory(table: pa.Table, question: Question) -> Answer:
    condition = _cheap(question)
    asked = table.select(question.reads())
    return _answer(asked if condition is None else asked.filter(condition), question)


def _answer(table: pa.Table, question: Question) -> Answer:
    for word in question.words:
        found = [_contains(table[name], word) for name in SEARCHED]
        table = table.filter(pc.or_(*found))
    trends = _trends(table, question.timezone)
    return {"trends": trends} | {name: _breakdown(table, name) for name in DIMENSIONS}


def _cheap(question: Question) -> pc.Expression | None:
    conditions = []
    if question.appointment_type is not None:
        conditions.append(pc.field("appointment_type") == question.appointment_type)
    if question.start is not None:
        conditions.append(pc.field("created_at") >= _instant(question.start))
    if question.end is not None:
        conditions.append(pc.field("created_at") < _instant(question.end))
    return reduce(and_, conditions) if conditions else None


def _instant(bound: object) -> pa.Scalar:
    return pa.scalar(bound, pa.timestamp("us", "UTC"))


def _contains(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    found = pc.match_substring(_text(column), word, ignore_case=True)
    return found.fill_null(False)  # noqa: FBT003 - pyarrow's own signature


def _trends(table: pa.Table, timezone: str) -> pa.Table:
    zoned = table["created_at"].cast(pa.timestamp("us", timezone))
    day = pc.local_timestamp(zoned).cast(pa.date32())
    groups = _sizes(day, table["status"])
    sums = _sums(groups.select(["value"]), _by_outcome(groups))
    days = sums.rename_columns({"value": "day"}).sort_by("day")
    # Nulls come last, and each version has its own way to place them first.
    dated = pc.is_valid(days["day"])
    return pa.concat_tables([days.filter(pc.invert(dated)), days.filter(dated)])


def _breakdown(table: pa.Table, name: str) -> pa.Table:
    groups = _sizes(table[name], table["status"])
    text = _trimmed(groups["value"])
    blank = pc.equal(text, "")
    label = pc.if_else(blank, DEFAULTS[name], text)
    n = groups["n"]
    counts = {"count": n, "unset": pc.if_else(blank, n, 0)}
    sums = _sums(pa.table({"value": label}), counts | _by_outcome(groups))
    return sums.sort_by([("count", "descending"), ("value", "ascending")])


def _sizes(value: pa.ChunkedArray, status: pa.ChunkedArray) -> pa.Table:
    table = pa.table({"value": value, "status": status})
    groups = table.group_by(["value", "status"]).aggregate([([], "count_all")])
    return groups.rename_columns({"count_all": "n"})


def _by_outcome(groups: pa.Table) -> dict[str, pa.ChunkedArray]:
    word = pc.utf8_lower(_trimmed(groups["status"]))
    words = (pa.array(words, pa.large_string()) for words in (SUCCESSFUL, FAILED))
    successful, failed = (pc.is_in(word, some) for some in words)
    other = pc.invert(pc.or_(successful, failed))
    masks = zip(_OUTCOMES, (successful, failed, other), strict=True)
    return {name: pc.if_else(mask, groups["n"], 0) for name, mask in masks}


def _sums(key: pa.Table, counts: dict[str, pa.ChunkedArray]) -> pa.Table:
    table = pa.table({"value": key["value"], **counts})
    sums = table.group_by("value").aggregate([(name, "sum") for name in counts])
    return sums.rename_columns({f"{name}_sum": name for name in counts})


def _trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim(_text(column).fill_null(""), characters=INVISIBLE)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.large_string())
