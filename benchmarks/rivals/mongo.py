"""MongoDB's aggregation through mongomock: its answers count, not its times."""

import re
from datetime import date
from operator import eq, ge, lt
from typing import Any

from mongomock import MongoClient

from benchmarks.contract import DEFAULTS, SEARCHED, Answer, CannotError, Question, Way
from benchmarks.data import Dataset
from benchmarks.rivals.labels import Groups, answer_from_groups

MAX_ROWS = 3_000

_OPERATORS = {eq: "$eq", ge: "$gte", lt: "$lt"}
Stage = dict[str, Any]


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from a collection of documents."""
    collection = MongoClient(tz_aware=True).benchmark.records
    collection.insert_many(records.frame().to_dicts())

    def answer(question: Question) -> Answer:
        [found] = collection.aggregate(_pipeline(question))
        return answer_from_groups({name: _groups(name, found[name]) for name in found})

    return {"": answer}


def _pipeline(question: Question) -> list[Stage]:
    if question.timezone != "UTC":
        msg = "cannot: mongomock's $dateToString has no time zones"
        raise CannotError(msg)
    day = {"$dateToString": {"date": "$created_at", "format": "%Y-%m-%d"}}
    dated = {"$cond": [{"$ifNull": ["$created_at", False]}, day, None]}
    keys = {"trends": dated} | {name: f"${name}" for name in DEFAULTS}
    facets = {
        name: [{"$group": {"_id": {"key": key, "status": "$status"}, "n": {"$sum": 1}}}]
        for name, key in keys.items()
    }
    return [{"$match": {"$and": [{}, *_conditions(question)]}}, {"$facet": facets}]


def _conditions(question: Question) -> list[Stage]:
    found: list[Stage] = [
        {column: {_OPERATORS[compare]: value}}
        for column, compare, value in question.conditions
    ]
    for word in question.words:
        pattern = {"$regex": re.escape(word), "$options": "i"}
        found.append({"$or": [{name: pattern} for name in SEARCHED]})
    return found


def _groups(name: str, rows: list[Stage]) -> Groups:
    parsed = date.fromisoformat if name == "trends" else str
    groups = (
        (row["_id"].get("key"), row["_id"].get("status"), row["n"]) for row in rows
    )
    return {(key and parsed(key), status): n for key, status, n in groups}
