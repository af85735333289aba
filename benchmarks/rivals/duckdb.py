"""DuckDB, with a plain table and with a compressed one."""

import re

import duckdb

from benchmarks.contract import CannotError, Way
from benchmarks.data import Dataset
from benchmarks.rivals.sql import Database, quoted


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from a table of DuckDB's own, or from the Parquet file."""
    return _ways(duckdb.connect(), records)


def compressed_ways(records: Dataset) -> dict[str, Way]:
    """Answer from a table that is compressed as DuckDB's files are.

    It groups by the codes of a dictionary then. In memory, it must be demanded.
    """
    if not records.in_memory:
        msg = "from Parquet there is no table"
        raise CannotError(msg)
    connection = duckdb.connect()
    connection.sql("ATTACH ':memory:' AS compressed (COMPRESS); USE compressed")
    found = _ways(connection, records)
    connection.sql("FORCE CHECKPOINT compressed")
    return found


def _ways(connection: duckdb.DuckDBPyConnection, records: Dataset) -> dict[str, Way]:
    connection.sql("SET enable_progress_bar = false")  # it goes to stdout
    if records.in_memory:
        frame = records.frame().to_arrow()  # DuckDB finds it by its name  # noqa: F841
        connection.sql("CREATE TABLE records AS FROM frame")
    else:
        path = quoted(str(records.path))
        connection.sql(f"CREATE VIEW records AS FROM read_parquet({path})")
    return Database(
        by_integration=records.by_integration,
        execute=connection.sql,
        fetch=lambda select: connection.sql(select).to_arrow_table(),
        create="CREATE OR REPLACE TEMP TABLE {table} AS",
        trimmed="regexp_replace({column}::VARCHAR, {around}, '', 'g')",
        contains="{column} ILIKE {word} ESCAPE '!'",
        pattern=lambda word: "%" + re.sub("([!%_])", r"!\1", word) + "%",
        day=_day,
        instant="({text} || '+00')::TIMESTAMPTZ",
        integer="BIGINT",
    ).ways()


def _day(timezone: str) -> str:
    if timezone == "UTC":  # in other zones, DuckDB calls ICU for each row
        return "make_timestamp(epoch_us(created_at))::DATE"
    return f"(created_at AT TIME ZONE {quoted(timezone)})::DATE"
