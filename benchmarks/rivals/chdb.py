"""chDB, ClickHouse in process: grouping sets, and a query a section."""

from functools import partial

from chdb.session import Session

from benchmarks.answer import Answer
from benchmarks.data import Held
from benchmarks.question import SEARCHED, Question
from benchmarks.rivals import Way
from benchmarks.rivals.sql import KEYS, SECTIONS, Dialect


def ways(records: Held) -> dict[str, Way]:
    """In memory, the records are a table of ClickHouse's own."""
    session = Session()
    session.query("CREATE DATABASE IF NOT EXISTS benchmark")
    session.query("USE benchmark")
    session.query("DROP TABLE IF EXISTS records SYNC")  # a process has one session
    if records.in_memory:
        frame = records.frame().to_arrow()  # found by its name  # noqa: F841
        columns = ", ".join(f"{name} {kind}" for name, kind in _columns(records))
        session.query(f"CREATE TABLE records ({columns}) ENGINE = Memory")
        session.query("INSERT INTO records SELECT * FROM Python(frame)")
    else:
        path = _DIALECT.quoted(str(records.path))
        session.query(f"CREATE VIEW records AS SELECT * FROM file({path}, Parquet)")
    return {
        "grouping sets": partial(_grouping_sets, session),
        "a query a section": partial(_query_a_section, session),
    }


def _columns(records: Held) -> list[tuple[str, str]]:
    low = "LowCardinality(Nullable(String))" if records.enums else "Nullable(String)"
    text = dict.fromkeys(("appointment_type", "status"), low)
    created_at = {"created_at": "Nullable(DateTime64(6, 'UTC'))"}
    names = dict.fromkeys(SEARCHED, "Nullable(String)")
    return [*(text | created_at | dict.fromkeys(KEYS[1:], low) | names).items()]


def _grouping_sets(session: Session, question: Question) -> Answer:
    sets = ", ".join(f"({key}, status)" for key in KEYS)
    keys = ", ".join(KEYS)
    session.query(f"""
        CREATE OR REPLACE TABLE grouped ENGINE = Memory AS
        SELECT {keys}, status, count() AS n, grouping({keys}) AS others
        FROM ({_asked(question)}) GROUP BY GROUPING SETS ({sets})
    """)
    # GROUPING has a bit, the first key's the highest, for each key that is not grouped.
    every = (1 << len(KEYS)) - 1
    others = {key: every - (1 << place) for place, key in enumerate(reversed(KEYS))}
    return _answer(
        session,
        {
            key: f"SELECT {key} AS value, status, n FROM grouped WHERE others = {bits}"
            for key, bits in others.items()
        },
    )


def _query_a_section(session: Session, question: Question) -> Answer:
    asked = _asked(question)
    return _answer(
        session,
        {
            key: f"SELECT {key} AS value, status, count() AS n FROM ({asked}) "
            "GROUP BY value, status"
            for key in KEYS
        },
    )


def _asked(question: Question) -> str:
    keys = ", ".join(KEYS[1:])
    timezone = _DIALECT.quoted(question.timezone)
    return f"""
        SELECT toDate32(created_at, {timezone}) AS day, {keys}, status
        FROM records WHERE {_DIALECT.where(question)}
    """


def _answer(session: Session, groups: dict[str, str]) -> Answer:
    return {
        name: session.query(_DIALECT.section(name, groups[key]), "ArrowTable")
        for name, key in zip(SECTIONS, KEYS, strict=True)
    }


_DIALECT = Dialect(
    trimmed="replaceRegexpAll(CAST({column} AS Nullable(String)), {around}, '')",
    contains="positionCaseInsensitiveUTF8({column}, {word}) > 0",
    literal=lambda word: word,
    backslashed=True,
    instant="toDateTime64({text}, 6, 'UTC')",
    integer="Int64",
)
