"""DuckDB: grouping sets, a query a section, and what is asked for kept in between."""

import re
from functools import partial

import duckdb
from duckdb import DuckDBPyConnection

from benchmarks.answer import Answer, CannotError
from benchmarks.data import Held
from benchmarks.question import Question
from benchmarks.rivals import Way
from benchmarks.rivals.sql import KEYS, SECTIONS, Dialect


def ways(records: Held) -> dict[str, Way]:
    """In memory, the records are a table of DuckDB's own."""
    connection = duckdb.connect()
    if not records.in_memory:
        path = _DIALECT.quoted(str(records.path))
        connection.sql(f"CREATE VIEW records AS FROM read_parquet({path})")
        return _ways(connection)
    return _of_table(connection, records)


def compressed_ways(records: Held) -> dict[str, Way]:
    """The records are a table with the compression that DuckDB's files have.

    It groups by the codes of a dictionary, as Polars does with `Enum` columns, but has
    to be asked for in memory; `CREATE TABLE` alone does not compress there.
    """
    if not records.in_memory:
        msg = "from Parquet there is no table"
        raise CannotError(msg)
    connection = duckdb.connect()
    connection.sql("ATTACH ':memory:' AS compressed (COMPRESS)")
    connection.sql("USE compressed")
    ways = _of_table(connection, records)
    connection.sql("FORCE CHECKPOINT compressed")
    return ways


def _of_table(connection: DuckDBPyConnection, records: Held) -> dict[str, Way]:
    connection.register("frame", records.frame().to_arrow())
    connection.sql("CREATE TABLE records AS FROM frame")
    connection.unregister("frame")
    return _ways(connection)


def _ways(connection: DuckDBPyConnection) -> dict[str, Way]:
    return {
        "grouping sets": partial(_grouping_sets, connection),
        "a query a section": partial(_query_a_section, connection),
        "filtered once": partial(_filtered_once, connection),
    }


def _grouping_sets(connection: DuckDBPyConnection, question: Question) -> Answer:
    sets = ", ".join(f"({key}, status)" for key in KEYS)
    keys = ", ".join(KEYS)
    connection.sql(f"""
        CREATE OR REPLACE TEMP TABLE grouped AS
        SELECT {keys}, status, count(*) AS n, grouping({keys}) AS others
        FROM ({_asked(question)}) GROUP BY GROUPING SETS ({sets})
    """)
    # GROUPING has a bit, the first key's the highest, for each key that is not grouped.
    every = (1 << len(KEYS)) - 1
    others = {key: every - (1 << place) for place, key in enumerate(reversed(KEYS))}
    return _answer(
        connection,
        {
            key: f"SELECT {key} AS value, status, n FROM grouped WHERE others = {bits}"
            for key, bits in others.items()
        },
    )


def _query_a_section(connection: DuckDBPyConnection, question: Question) -> Answer:
    asked = _asked(question)
    return _answer(connection, {key: _grouped(key, f"({asked})") for key in KEYS})


def _filtered_once(connection: DuckDBPyConnection, question: Question) -> Answer:
    connection.sql(f"CREATE OR REPLACE TEMP TABLE asked AS {_asked(question)}")
    return _answer(connection, {key: _grouped(key, "asked") for key in KEYS})


def _asked(question: Question) -> str:
    keys = ", ".join(KEYS[1:])
    return f"""
        SELECT {_day(question.timezone)} AS day, {keys}, status
        FROM records WHERE {_DIALECT.where(question)}
    """


def _day(timezone: str) -> str:
    """Arithmetic in UTC; in other zones ICU is asked for each row."""
    if timezone == "UTC":
        return "make_timestamp(epoch_us(created_at))::DATE"
    return f"(created_at AT TIME ZONE {_DIALECT.quoted(timezone)})::DATE"


def _grouped(key: str, table: str) -> str:
    return f"SELECT {key} AS value, status, count(*) AS n FROM {table} GROUP BY ALL"


def _answer(connection: DuckDBPyConnection, groups: dict[str, str]) -> Answer:
    return {
        name: connection.sql(_DIALECT.section(name, groups[key])).to_arrow_table()
        for name, key in zip(SECTIONS, KEYS, strict=True)
    }


_DIALECT = Dialect(
    trimmed="regexp_replace({column}::VARCHAR, {around}, '', 'g')",
    contains="{column} ILIKE {word} ESCAPE '!'",
    literal=lambda word: "%" + re.sub("([!%_])", r"!\1", word) + "%",
    backslashed=False,
    instant="({text} || '+00')::TIMESTAMPTZ",
    integer="BIGINT",
)
