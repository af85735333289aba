"""A plain Python loop over documents, with `Counter`."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from benchmarks.answer import Answer
from benchmarks.data import Held
from benchmarks.question import DIMENSIONS, SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.contract import tidied

MOST_ROWS = 100_000

Document = Mapping[str, object]


def ways(records: Held) -> dict[str, Way]:
    """The documents are read from Parquet by Polars: Python alone cannot."""
    if not records.in_memory:
        return {"": lambda question: _answer(_documents(records), question)}
    documents = _documents(records)
    return {"": lambda question: _answer(documents, question)}


def _documents(records: Held) -> list[dict[str, object]]:
    return records.read().to_dicts()


def _answer(documents: list[dict[str, object]], question: Question) -> Answer:
    groups: dict[str, Counter[tuple[object, object]]] = {
        name: Counter() for name in ("trends", *DIMENSIONS)
    }
    zone = ZoneInfo(question.timezone)
    for document in documents:
        if not _asked(document, question):
            continue
        status = document["status"]
        groups["trends"][_day(document["created_at"], zone), status] += 1
        for name in DIMENSIONS:
            groups[name][document[name], status] += 1
    return tidied(groups)


def _asked(document: Document, question: Question) -> bool:
    wanted = question.appointment_type
    if wanted is not None and document["appointment_type"] != wanted:
        return False
    return _within(document["created_at"], question) and _found(document, question)


def _within(created_at: object, question: Question) -> bool:
    if not isinstance(created_at, datetime):
        return question.start is None and question.end is None
    early = question.start is not None and created_at < question.start
    return not early and (question.end is None or created_at < question.end)


def _found(document: Document, question: Question) -> bool:
    if not question.words:
        return True
    texts = [str(document[name] or "").lower() for name in SEARCHED]
    return all(any(word in text for text in texts) for word in question.words)


def _day(created_at: object, zone: ZoneInfo) -> date | None:
    if not isinstance(created_at, datetime):
        return None
    return created_at.astimezone(zone).date()
