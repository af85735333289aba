"""chDB: ClickHouse inside the process."""

from chdb.session import Session

from benchmarks.contract import DEFAULTS, INTEGRATION, SEARCHED, Way
from benchmarks.data import Dataset
from benchmarks.rivals.sql import Database, quoted


def ways(records: Dataset) -> dict[str, Way]:
    """Answer from a table of ClickHouse's own, or from the Parquet file."""
    session = Session()
    session.query("CREATE DATABASE IF NOT EXISTS benchmark")
    session.query("USE benchmark")
    session.query("DROP TABLE IF EXISTS records SYNC")  # a process has one session
    if records.in_memory:
        frame = records.frame().to_arrow()  # chDB finds it by its name  # noqa: F841
        columns = ", ".join(f"{name} {kind}" for name, kind in _types(records).items())
        session.query(f"CREATE TABLE records ({columns}) ENGINE = Memory")
        session.query("INSERT INTO records SELECT * FROM Python(frame)")
    else:
        path = _literal(str(records.path))
        session.query(f"CREATE VIEW records AS SELECT * FROM file({path}, Parquet)")
    return Database(
        by_integration=records.by_integration,
        execute=session.query,
        fetch=lambda select: session.query(select, "ArrowTable"),
        create="CREATE OR REPLACE TABLE {table} ENGINE = Memory AS",
        trimmed="replaceRegexpAll(CAST({column} AS Nullable(String)), {around}, '')",
        contains="positionCaseInsensitiveUTF8({column}, {word}) > 0",
        day=lambda timezone: f"toDate32(created_at, {_literal(timezone)})",
        instant="toDateTime64({text}, 6, 'UTC')",
        integer="Int64",
        literal=_literal,
    ).ways()


def _types(records: Dataset) -> dict[str, str]:
    """Return the types of all columns, in the order of the frame."""
    text, low = ("Nullable(String)", "LowCardinality(Nullable(String))")
    few = low if records.enums else text
    types = {INTEGRATION: "String"} if INTEGRATION in records.frame().columns else {}
    types |= {"appointment_type": few, "status": few}
    types |= {"created_at": "Nullable(DateTime64(6, 'UTC'))"}
    return types | dict.fromkeys(DEFAULTS, few) | dict.fromkeys(SEARCHED, text)


def _literal(text: str) -> str:
    return quoted(text.replace("\\", "\\\\"))
