"""A plain Python loop over documents, with `Counter`."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.contract import DEFAULTS, SEARCHED, Answer, Question, Way
from benchmarks.data import Dataset
from benchmarks.rivals.labels import answer_from_groups

MAX_ROWS = 100_000


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from documents; Polars reads them from Parquet, since Python cannot."""
    if records.in_memory:
        return {"": partial(_answer, _documents(records))}
    return {"": lambda question: _answer(_documents(records), question)}


def respond(records: Dataset, parameters: Mapping[str, str]) -> Callable[[], str]:
    """Return the task that answers the query strings of a request with JSON."""
    documents = _documents(records)
    return lambda: _response(_answer(documents, Question.parse(parameters, "UTC")))


def _documents(records: Dataset) -> list[dict[str, Any]]:
    return records.scan().collect().to_dicts()


def _answer(documents: list[dict[str, Any]], question: Question) -> Answer:
    names = ("trends", *DEFAULTS)
    groups = {name: Counter[tuple[object, object]]() for name in names}
    zone = ZoneInfo(question.timezone)
    for document in documents:
        if not _matches(document, question):
            continue
        at, status = document["created_at"], document["status"]
        day = at.astimezone(zone).date() if isinstance(at, datetime) else None
        groups["trends"][day, status] += 1
        for name in DEFAULTS:
            groups[name][document[name], status] += 1
    return answer_from_groups(groups)


def _matches(document: Mapping[str, Any], question: Question) -> bool:
    for column, compare, value in question.conditions:
        found = document[column]
        if found is None or not compare(found, value):
            return False
    if not question.words:
        return True
    texts = [str(document[name] or "").lower() for name in SEARCHED]
    return all(any(word in text for text in texts) for word in question.words)


def _response(answer: Answer, size: int = 300) -> str:
    """Return the endpoint's JSON, first page, of days in UTC."""
    days = [
        {"_id": f"{day}T00:00:00Z", "successful": successful, "failed": failed}
        for day, successful, failed, _ in answer["trends"]
        if day is not None
    ]
    body = {
        "overview": {"total": sum(row[1] for row in answer["source"])},
        "trends": days,
    }
    for name in DEFAULTS:
        rows = answer[name][:size]
        body[name] = [{"_id": value, "count": count} for value, count, *_ in rows]
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
