"""PyArrow compute: a filtered table, five group-bys; labels on the groups."""

from functools import partial, reduce
from operator import and_

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from benchmarks.contract import DEFAULTS, SEARCHED, Answer, Question, Way
from benchmarks.data import Dataset
from benchmarks.rivals.labels import Groups, answer_from_groups

MAX_ROWS = 30_000_000


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from a table of Arrow's, where `Enum` is a dictionary, or the file."""
    source = records.frame().to_arrow() if records.in_memory else str(records.path)
    return {"": partial(_answer, ds.dataset(source))}


def _answer(source: ds.Dataset, question: Question) -> Answer:
    table = source.to_table(question.columns(), filter=_cheap(question))
    for word in question.words:
        found = [_contains(table[name], word) for name in SEARCHED]
        table = table.filter(pc.or_(*found))
    zoned = table["created_at"].cast(pa.timestamp("us", question.timezone))
    day = pc.local_timestamp(zoned).cast(pa.date32())
    columns = {"trends": day} | {name: table[name] for name in DEFAULTS}
    sizes = {name: _sizes(column, table["status"]) for name, column in columns.items()}
    return answer_from_groups(sizes)


def _cheap(question: Question) -> pc.Expression | None:
    conditions = [
        compare(pc.field(column), pa.scalar(value))
        for column, compare, value in question.conditions
    ]
    return reduce(and_, conditions) if conditions else None


def _contains(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    text = column.cast(pa.large_string())
    found = pc.match_substring(text, word, ignore_case=True)
    return found.fill_null(False)  # noqa: FBT003 - pyarrow's own signature


def _sizes(value: pa.ChunkedArray, status: pa.ChunkedArray) -> Groups:
    table = pa.table({"value": value, "status": status})
    groups = table.group_by(["value", "status"]).aggregate([([], "count_all")])
    columns = (groups[name].to_pylist() for name in ("value", "status", "count_all"))
    return {(value, status): n for value, status, n in zip(*columns, strict=True)}
