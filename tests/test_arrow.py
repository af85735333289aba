from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.records.arrow import arrow_records
from stats_core.request import Request
from tests.strategies import IDS, ROLES

MAY = datetime(2024, 5, 1, tzinfo=UTC)
SOURCES = ["source", "utm_medium"]
# A type of Arrow, a value and a null of it, and the label that the value counts as.
ARRAYS: dict[str, tuple[pa.Array, str | None]] = {
    "string": (pa.array(["ads", None]), "ads"),
    "large_string": (pa.array(["ads", None], pa.large_string()), "ads"),
    "string_view": (pa.array(["ads", None], pa.string_view()), "ads"),
    "dictionary": (pa.array(["ads", None]).dictionary_encode(), "ads"),
    "dictionary of numbers": (pa.array([7, None]).dictionary_encode(), "7"),
    "bool": (pa.array([True, None]), "true"),
    "int8": (pa.array([7, None], pa.int8()), "7"),
    "uint64": (pa.array([2**64 - 1, None], pa.uint64()), f"{2**64 - 1}"),
    "float16": (pa.array([np.float16(7), None], pa.float16()), "7"),
    "float64": (pa.array([7.0, None]), "7"),
    "half": (pa.array([0.5, None]), None),
    "decimal32": (pa.array([Decimal("1.5"), None], pa.decimal32(5, 2)), "1.50"),
    "decimal64": (pa.array([Decimal("1.5"), None], pa.decimal64(5, 2)), "1.50"),
    "decimal128": (pa.array([Decimal("1.5"), None], pa.decimal128(5, 2)), "1.50"),
    "decimal256": (pa.array([Decimal("1.5"), None], pa.decimal256(60, 2)), None),
    "date32": (pa.array([date(2024, 5, 1), None]), "2024-05-01"),
    "date64": (
        pa.array([date(2024, 5, 1), None], pa.date64()),
        "2024-05-01T00:00:00",
    ),
    "timestamp[s]": (
        pa.array([MAY, None], pa.timestamp("s")),
        "2024-05-01T00:00:00",
    ),
    "timestamp[ns, UTC]": (
        pa.array([MAY, None], pa.timestamp("ns", "UTC")),
        "2024-05-01T00:00:00Z",
    ),
    "timestamp of an offset": (
        pa.array([MAY, None], pa.timestamp("us", "+05:30")),
        "2024-05-01T00:00:00Z",
    ),
    "timestamp of nowhere": (
        pa.array([1, None], pa.timestamp("us", "Mars/Base")),
        None,
    ),
    "far timestamp": (pa.array([2**63 - 1, None], pa.timestamp("us")), None),
    "far date": (pa.array([2**31 - 1, None], pa.int32()).view(pa.date32()), None),
    "time32": (pa.array([time(9), None], pa.time32("s")), None),
    "duration": (pa.array([timedelta(1), None]), None),
    "interval": (pa.array([(1, 2, 3), None], pa.month_day_nano_interval()), None),
    "binary": (pa.array([b"ads", None]), None),
    "binary_view": (pa.array([b"ads", None], pa.binary_view()), None),
    "fixed_size_binary": (pa.array([b"ads", None], pa.binary(3)), None),
    "list": (pa.array([["ads"], None]), None),
    "large_list": (pa.array([["ads"], None], pa.large_list(pa.string())), None),
    "list_view": (pa.array([["ads"], None], pa.list_view(pa.string())), None),
    "fixed_size_list": (pa.array([["ads"], None], pa.list_(pa.string(), 1)), None),
    "map": (pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), None),
    "struct": (pa.array([{"a": 1}, None]), None),
    "struct of nothing": (pa.array([{}, None], pa.struct([])), None),
    "$numberLong": (pa.array([{"$numberLong": "7"}, None]), "7"),
    "$oid": (pa.array([{"$oid": "ads"}, None]), "ads"),
    "$date": (pa.array([{"$date": 0}, None]), "1970-01-01T00:00:00Z"),
    "union": (
        pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, None])]),
        None,
    ),
    "run_end_encoded": (
        pa.RunEndEncodedArray.from_arrays([1, 2], pa.array(["ads", None])),
        None,
    ),
    "uuid": (pa.array([b"0" * 16, None], pa.uuid()), None),
    "bool8": (
        pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None], pa.int8())),
        None,
    ),
    "json": (pa.array(["1", None], pa.json_()), None),
    "null": (pa.nulls(2), "not set"),
}


def table(role: str, values: pa.Array) -> pa.Table:
    columns = {"created_at": pa.nulls(len(values)), "status": pa.nulls(len(values))}
    return pa.table(columns | {role: values})


def faults(records: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(records, **options)
    return list(caught.value.faults)


def skip_extension(kind: str) -> None:
    if kind in {"bool8", "json", "period"} and pl.__version__.startswith("1."):
        pytest.skip("Polars before 2.0 reads the storage of extension types")


def check_source(records: Any, label: str | None) -> None:
    """A value and a null: counted as its label, or named by column, and row or type."""
    if label is None:
        [fault] = faults(records)
        assert fault.startswith("`source`: ")
        assert "found `" in fault or " (row 0)" in fault
    else:
        found = appointment_statistics(records).source
        labels = dict(found.select("value", "count").rows())
        assert labels == (
            {label: 1, "not set": 1} if label != "not set" else {label: 2}
        )


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_type_of_arrow_is_counted_or_named(kind: str) -> None:
    skip_extension(kind)
    values, label = ARRAYS[kind]
    records = table("source", values)
    batch = records.to_batches()[0]
    forms = [records, records.to_reader(), batch, pa.concat_tables([records])]
    for each in forms:
        check_source(each, label)


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("role", [*ROLES, "other"])
def test_a_type_of_arrow_in_any_role_raises_nothing_but_our_errors(
    role: str, kind: str
) -> None:
    records = table(role, ARRAYS[kind][0])
    key = IDS[0] if role == "integration_id" else None
    queries = [StatisticsQuery(), StatisticsQuery(search="ana", appointment_type="NP")]
    for query in queries:
        try:
            appointment_statistics(records, query, integration_id=key)
        except InvalidRecordsError as error:
            named = [fault.partition(":")[0] for fault in error.faults]
            assert set(named) <= {f"`{role}`", "`search`", "`appointment_type`"}


@pytest.mark.parametrize("kind", ARRAYS)
def test_a_column_of_arrow_that_nothing_reads_is_never_at_fault(kind: str) -> None:
    records = table("other", ARRAYS[kind][0])
    records = records.append_column("name", [["Ana", "Ana"]])
    for each in (records, records.to_reader()):
        assert appointment_statistics(each, StatisticsQuery(search="ana")).total == 2
    assert appointment_statistics(records).total == 2


def test_a_type_nested_very_deep_is_named() -> None:
    deep = pa.string()
    for _ in range(5_000):
        deep = pa.list_(deep)
    records = table("source", pa.nulls(2, deep))
    [fault] = faults(records)
    assert fault.startswith("`source`: nested too deeply, found `list<item: list<")
    assert len(fault) < 140
    assert appointment_statistics(table("other", pa.nulls(2, deep))).total == 2


def test_all_types_at_fault_are_listed() -> None:
    records = table("source", ARRAYS["union"][0])
    records = records.append_column("utm_medium", ARRAYS["decimal256"][0])
    assert faults(records) == [
        "`source`: expected another type, found `sparse_union<0: int64=0>`",
        "`utm_medium`: expected another type, found `decimal256(60, 2)`",
    ]


def test_columns_that_are_not_read_are_null() -> None:
    records = table("other", pa.array([1, 2]))
    for stream in (records, records.to_pandas()):
        found = arrow_records(stream, Request())
        assert isinstance(found, pl.DataFrame)
        assert found.schema["other"] == pl.Null
        assert list(found.columns) == ["created_at", "status", "other"]
    layout = {"source": "other.deep"}
    found = arrow_records(records, Request(layout=layout))
    assert isinstance(found, pl.DataFrame)
    assert found.schema["other"] == pl.Int64
    [fault] = faults(records, layout=RecordLayout.model_validate(layout))
    assert fault == (
        "`other.deep`: absent, needed as `source`; the columns are `created_at`, "
        "`status`, `other`"
    )


def test_a_name_that_is_not_read_may_be_there_twice() -> None:
    names = ["created_at", "status", "x", "x"]
    records = pa.table([pa.nulls(1), pa.nulls(1), pa.array([1]), pa.array([2])], names)
    for each in (records, records.to_reader(), records.to_pandas()):
        assert appointment_statistics(each).total == 1


def test_searched_text_of_arrow_is_read() -> None:
    records = table("x", pa.array(["Ana", None]).dictionary_encode())
    records = records.append_column("y", [pa.array(["Bel", "ana"], pa.large_string())])
    records = records.append_column("z", [[1, 2]])
    assert appointment_statistics(records, StatisticsQuery(search="ana")).total == 2
    layout = RecordLayout(search=("z",))
    query = StatisticsQuery(search="2")
    assert appointment_statistics(records, query, layout=layout).total == 1


QUERIES = {
    "HUGEINT": ("1::HUGEINT", "1"),
    "UHUGEINT": ("1::UHUGEINT", "1"),
    "DOUBLE": ("7::DOUBLE", "7"),
    "half": ("0.5::DOUBLE", None),
    "DECIMAL": ("1.5::DECIMAL(5, 2)", "1.50"),
    "BOOLEAN": ("true", "true"),
    "ENUM": ("'ads'::ENUM('ads')", "ads"),
    "UUID": ("'00000000-0000-0000-0000-000000000007'::UUID", str(UUID(int=7))),
    "DATE": ("DATE '2024-05-01'", "2024-05-01"),
    "TIMESTAMP": ("TIMESTAMP '2024-05-01'", "2024-05-01T00:00:00"),
    "TIMESTAMP_S": ("TIMESTAMP_S '2024-05-01'", "2024-05-01T00:00:00"),
    "TIMESTAMP_NS": ("TIMESTAMP_NS '2024-05-01'", "2024-05-01T00:00:00"),
    "TIMESTAMPTZ": ("TIMESTAMPTZ '2024-05-01 00:00:00+00'", "2024-05-01T00:00:00Z"),
    "infinity": ("'infinity'::TIMESTAMP", None),
    "infinite DATE": ("'infinity'::DATE", None),
    "TIME": ("TIME '09:00'", None),
    "BLOB": ("'ads'::BLOB", None),
    "BIT": ("'101'::BIT", None),
    "LIST": ("['ads']", None),
    "ARRAY": ("array_value('ads')", None),
    "MAP": ("MAP {'a': 1}", None),
    "STRUCT": ("{'a': 1}", None),
}
# No type of Polars: its message names the type, not the column.
UNKNOWN = {"INTERVAL": "INTERVAL 1 DAY", "UNION": "union_value(a := 1)"}


@pytest.mark.parametrize("kind", QUERIES)
def test_a_type_of_duckdb_is_counted_or_named(kind: str) -> None:
    value, label = QUERIES[kind]
    plain = "SELECT NULL AS created_at, NULL AS status"
    relation = duckdb.sql(f"{plain}, {value} AS source UNION ALL {plain}, NULL")
    check_source(relation, label)


@pytest.mark.parametrize("kind", UNKNOWN)
def test_a_type_of_duckdb_without_one_in_polars_cannot_be_read(kind: str) -> None:
    relation = duckdb.sql(
        f"SELECT NULL AS created_at, NULL AS status, {UNKNOWN[kind]} AS source"
    )
    [fault] = faults(relation)
    assert fault.startswith("records: the Arrow stream cannot be read: ")


def test_a_relation_that_fails_while_it_is_read_is_a_fault() -> None:
    relation = duckdb.sql(
        "SELECT NULL AS created_at, NULL AS status, "
        "CASE WHEN range = 4 THEN error('gone') ELSE 'a' END AS source FROM range(5)"
    )
    [fault] = faults(relation)
    assert fault.startswith("records: the Arrow stream cannot be read: ")
    assert "gone" in fault


@pytest.mark.parametrize(
    "records", [pa.chunked_array([["a"]]), pd.Series(["a"], name="status")], ids=str
)
def test_what_is_no_table_is_a_fault(records: Any) -> None:
    [fault] = faults(records)
    assert fault.startswith("records: the Arrow stream cannot be read: ")


# A dtype of pandas, a value and a missing one, and the label of the value.
PANDAS: dict[str, tuple[Callable[[], Any], str | None]] = {
    "text": (lambda: pd.Series(["ads", None]), "ads"),
    "string": (lambda: pd.Series(["ads", None], dtype="string"), "ads"),
    "objects of text": (lambda: pd.Series(["ads", None], dtype=object), "ads"),
    "category": (lambda: pd.Series(["ads", None], dtype="category"), "ads"),
    "category of numbers": (lambda: pd.Series([7, None], dtype="category"), "7"),
    "category of dates": (
        lambda: pd.Series([date(2024, 5, 1), None], dtype="category"),
        "2024-05-01",
    ),
    "float64": (lambda: pd.Series([7, None]), "7"),
    "half": (lambda: pd.Series([0.5, None]), None),
    "Int64": (lambda: pd.Series([7, None], dtype="Int64"), "7"),
    "boolean": (lambda: pd.Series([True, None], dtype="boolean"), "true"),
    "objects of bool": (lambda: pd.Series([True, None], dtype=object), "true"),
    "datetime64": (
        lambda: pd.Series([pd.Timestamp("2024-05-01"), None]),
        "2024-05-01T00:00:00",
    ),
    "datetime64 of a zone": (
        lambda: pd.Series([pd.Timestamp("2024-05-01", tz="+05:30"), None]),
        "2024-04-30T18:30:00Z",
    ),
    "timedelta64": (lambda: pd.Series([pd.Timedelta(1), None]), None),
    "period": (
        lambda: pd.Series(pd.PeriodIndex(["2024-05", None], freq="M")),
        None,
    ),
    "complex": (lambda: pd.Series([1j, None]), None),
    "sparse": (lambda: pd.Series(pd.arrays.SparseArray([7.0, None])), "7"),
    "decimals": (lambda: pd.Series([Decimal("1.50"), None], dtype=object), "1.50"),
    "2**70": (lambda: pd.Series([2**70, None], dtype=object), f"{2**70}"),
    "UUID": (lambda: pd.Series([UUID(int=7), None], dtype=object), str(UUID(int=7))),
    "dates": (lambda: pd.Series([date(2024, 5, 1), None], dtype=object), "2024-05-01"),
    "bytes": (lambda: pd.Series([b"ads", None], dtype=object), None),
    "lists": (lambda: pd.Series([["ads"], None], dtype=object), None),
    "arrays": (lambda: pd.Series([np.array([1, 2]), None], dtype=object), None),
    "dicts": (lambda: pd.Series([{"a": 1}, None], dtype=object), None),
    "objects": (lambda: pd.Series([object(), None], dtype=object), None),
    "Arrow's string": (
        lambda: pd.Series(["ads", None], dtype="string[pyarrow]"),
        "ads",
    ),
    "Arrow's int": (lambda: pd.Series([7, None], dtype="int64[pyarrow]"), "7"),
    "Arrow's timestamp": (
        lambda: pd.Series(
            [MAY, None], dtype=pd.ArrowDtype(pa.timestamp("us", "+05:30"))
        ),
        "2024-05-01T00:00:00Z",
    ),
    "Arrow's list": (
        lambda: pd.Series([["ads"], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        None,
    ),
}


@pytest.mark.parametrize("kind", PANDAS)
def test_a_type_of_pandas_is_counted_or_named(kind: str) -> None:
    skip_extension(kind)
    made, label = PANDAS[kind]
    plain = {"created_at": [None, None], "status": [None, None]}
    check_source(pd.DataFrame({**plain, "source": made()}), label)


@pytest.mark.parametrize("kind", PANDAS)
@pytest.mark.parametrize("role", [*ROLES, "other"])
def test_a_type_of_pandas_in_any_role_raises_nothing_but_our_errors(
    role: str, kind: str
) -> None:
    plain = {"created_at": [None, None], "status": [None, None]}
    records = pd.DataFrame({**plain, role: PANDAS[kind][0]()})
    key = IDS[0] if role == "integration_id" else None
    for query in (StatisticsQuery(), StatisticsQuery(search="ana")):
        try:
            appointment_statistics(records, query, integration_id=key)
        except InvalidRecordsError as error:
            named = {fault.partition(":")[0] for fault in error.faults}
            assert named <= {f"`{role}`", "`search`"}
            assert role != "other" or named == {"`search`"}


def test_columns_of_pandas_may_be_named_by_anything() -> None:
    records = pd.DataFrame({"created_at": [None], "status": ["failed"], 7: ["ads"]})
    records[("a", "b")] = "x"
    stats = appointment_statistics(records, layout=RecordLayout(source="7"))
    assert stats.source["value"].to_list() == ["ads"]


@pytest.mark.parametrize("value", [1j, object(), b"a"], ids=["1j", "object", "bytes"])
def test_an_object_of_pandas_is_text_or_named_by_row(value: Any) -> None:
    status = pd.Series(["a", value], dtype=object)
    df = pd.DataFrame({"created_at": [None, None], "status": status})
    fault = r"^`status`: 1 values are not text: .* \(row 1\)$"
    with pytest.raises(InvalidRecordsError, match=fault):
        appointment_statistics(df)


@pytest.mark.parametrize(
    "value", [["a", 5], [2**70, 1], [object(), 1j]], ids=["str, int", "int", "object"]
)
def test_an_unread_column_of_pandas_is_never_at_fault(value: list[Any]) -> None:
    df = pd.DataFrame({"created_at": None, "status": ["error", None]})
    df["notes"] = pd.Series(value, dtype=object)
    assert appointment_statistics(df).source.rows() == [("not set", 2, 2, 0, 1, 1)]
    df.columns = pd.Index(["created_at", "status", "status"])
    with pytest.raises(InvalidRecordsError, match=r"^`status`: more than one column$"):
        appointment_statistics(df)
    df["twice"] = 1
    df.columns = pd.Index(["created_at", "status", "twice", "twice"])
    assert appointment_statistics(df).total == 2


def test_objects_of_pandas_count_as_documents_do() -> None:
    values = [Decimal("1.50"), Decimal("1.5"), 7.0, float("nan"), None, UUID(int=7)]
    df = pd.DataFrame({"source": pd.Series(values, dtype=object)})
    df = df.assign(created_at=None, status=None)
    assert appointment_statistics(df) == appointment_statistics(df.to_dict("records"))


def test_a_column_of_pandas_without_a_value_is_unset() -> None:
    df = pd.DataFrame({"created_at": [float("nan")] * 2, "status": [float("nan")] * 2})
    stats = appointment_statistics(df.assign(source=float("nan")))
    assert stats.source.rows() == [("not set", 2, 2, 0, 0, 2)]
    assert stats.undated == 2


@pytest.mark.parametrize("zone", ["+05:30", "-03:00", "+00:00"])
def test_a_column_of_any_fixed_offset_is_counted(zone: str) -> None:
    at = pa.array([1_714_521_600_000_000, None], pa.timestamp("us", zone))
    table = pa.table({"created_at": at, "status": ["error", None]})
    for records in (table, table.to_reader(), table.to_pandas()):
        stats = appointment_statistics(records)
        assert stats.trends.rows() == [(date(2024, 5, 1), 0, 1, 0)]


def test_columns_of_one_name_read_as_invalid_records() -> None:
    table = pa.table([pa.nulls(1)] * 3, ["created_at", "status", "status"])
    fault = r"cannot be read.*(unique|more than one occurrence)"
    for records in (table, table.to_reader()):
        with pytest.raises(InvalidRecordsError, match=fault):
            appointment_statistics(records)


@pytest.mark.parametrize(
    ("kind", "frame"),
    [
        *(("text", True), ("datetime64 of a zone", True), ("category", True)),
        *(("float64", True), ("Int64", True), ("boolean", True), ("Arrow's int", True)),
        *(("decimals", False), ("objects", False), ("2**70", False)),
    ],
)
def test_only_columns_of_objects_are_read_as_documents(
    kind: str, *, frame: bool
) -> None:
    records = pd.DataFrame({"created_at": None, "status": PANDAS[kind][0]()})
    found = arrow_records(records, Request())
    assert isinstance(found, pl.DataFrame if frame else list)
