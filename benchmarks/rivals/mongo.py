"""MongoDB's aggregation through mongomock: what it counts, not how fast."""

import re
from collections import Counter
from datetime import date
from typing import Any

from mongomock import MongoClient

from benchmarks.answer import Answer, CannotError
from benchmarks.data import Held
from benchmarks.question import DIMENSIONS, SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.contract import tidied

MOST_ROWS = 3_000

Stage = dict[str, Any]


def ways(records: Held) -> dict[str, Way]:
    """The records are documents of a collection."""
    collection = MongoClient(tz_aware=True).benchmark.records
    collection.insert_many(records.frame().to_dicts())

    def answer(question: Question) -> Answer:
        [found] = collection.aggregate(_pipeline(question))
        return tidied({name: _groups(name, found[name]) for name in found})

    return {"": answer}


def _pipeline(question: Question) -> list[Stage]:
    if question.timezone != "UTC":
        msg = "cannot: mongomock's $dateToString has no time zones"
        raise CannotError(msg)
    day = {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d"}}
    dated = {"$cond": [{"$ifNull": ["$created_at", False]}, day, None]}
    keys = {"trends": dated} | {name: f"${name}" for name in DIMENSIONS}
    facets = {name: [_group(key)] for name, key in keys.items()}
    return [{"$match": {"$and": [{}, *_conditions(question)]}}, {"$facet": facets}]


def _conditions(question: Question) -> list[Stage]:
    conditions: list[Stage] = []
    if question.appointment_type is not None:
        conditions.append({"appointment_type": question.appointment_type})
    bounds = {"$gte": question.start, "$lt": question.end}
    set_bounds = {sign: bound for sign, bound in bounds.items() if bound is not None}
    if set_bounds:
        conditions.append({"created_at": set_bounds})
    conditions += ({"$or": _contains(word)} for word in question.words)
    return conditions


def _contains(word: str) -> list[Stage]:
    pattern = {"$regex": re.escape(word), "$options": "i"}
    return [{name: pattern} for name in SEARCHED]


def _group(key: object) -> Stage:
    return {"$group": {"_id": {"key": key, "status": "$status"}, "n": {"$sum": 1}}}


def _groups(name: str, rows: list[Stage]) -> Counter[tuple[object, object]]:
    groups = Counter[tuple[object, object]]()
    for row in rows:
        key = row["_id"].get("key")
        if name == "trends" and key is not None:
            key = date.fromisoformat(key)
        groups[key, row["_id"].get("status")] += row["n"]
    return groups
