from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.records.canonical import (
    CanonicalFrame,
    canonical_documents,
    canonical_frame,
    canonical_scan,
)
from stats_core.records.columns import check_columns
from stats_core.records.instants import is_from_text, time_unit
from stats_core.records.invalid import value_summary
from stats_core.request import Request
from stats_core.schema import DIMENSIONS
from tests.strategies import IDS, SCOPED_SCHEMA, Case, cases, frame

MAY = datetime(2024, 5, 1, tzinfo=UTC)
PLAIN = pl.DataFrame({"created_at": [None], "status": ["failed"], "name": ["Ana"]})
NEEDED = ["created_at", "status", *DIMENSIONS]
# What is requested, and the columns that it needs beside the others.
REQUESTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "all": ({}, []),
    "a type": ({"query": {"appointment_type": "NP"}}, ["appointment_type"]),
    "one integration": ({"integration_id": IDS[0]}, ["integration_id"]),
    "each integration": ({"by_integration": True}, ["integration_id"]),
    "a search": ({"query": {"search": "ana"}}, ["text"]),
    "a window": ({"query": {"start": "2024-05-01"}}, []),
    "all of these": (
        {
            "query": {"appointment_type": "NP", "search": "a", "end": "2024-05-01"},
            "integration_id": IDS[0],
        },
        ["appointment_type", "integration_id", "text"],
    ),
}


def canonical(records: Any, **options: Any) -> CanonicalFrame:
    return canonical_frame(records, Request(**options))


def collected(records: Any, **options: Any) -> pl.DataFrame:
    return canonical(records, **options).lf.collect()


def faults(records: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        canonical(records, **options)
    return list(caught.value.faults)


@pytest.mark.parametrize("requested", REQUESTS)
def test_the_canonical_frame_has_only_the_columns_that_the_request_reads(
    requested: str,
) -> None:
    options, more = REQUESTS[requested]
    df = frame([], SCOPED_SCHEMA).with_columns(other=pl.lit("x"))
    df = df if Request(**options).scoped else df.drop("integration_id")
    text = [(name, pl.String()) for name in (*NEEDED[1:], *more)]
    expected = [("created_at", pl.Datetime("us", "UTC")), *text]
    for records in (df, df.lazy(), df.to_arrow()):
        found = canonical(records, **options).lf.collect_schema()
        assert list(found.items()) == expected


@pytest.mark.parametrize("requested", REQUESTS)
def test_no_records_have_the_columns_that_the_request_reads(requested: str) -> None:
    options, more = REQUESTS[requested]
    for found in (
        canonical([], **options),
        canonical_documents([], Request(**options)),
    ):
        assert found.rows == 0
        assert found.columns.absent == {}
        df = found.lf.collect()
        assert df.columns == [*NEEDED, *more]
        assert df.dtypes == [pl.Datetime("us", "UTC"), *[pl.String()] * (df.width - 1)]
        assert df.is_empty()


@given(case=cases())
def test_no_row_is_lost_or_added_on_the_way(case: Case) -> None:
    df = frame(case.documents)
    found = collected(df)
    for name in NEEDED:
        assert found[name].to_list() == df[name].to_list()


def test_the_number_of_rows_is_known_unless_the_records_are_a_plan() -> None:
    for records in (PLAIN, PLAIN.to_arrow(), PLAIN.to_dicts(), iter(PLAIN.to_dicts())):
        assert canonical(records).rows == 1
    assert canonical(PLAIN.lazy()).rows is None


def test_the_names_of_the_callers_columns_are_kept() -> None:
    assert canonical(PLAIN).columns.names == ("created_at", "status", "name")


def test_the_canonical_frame_is_a_plan() -> None:
    # A plan that was run would raise.
    lf = pl.LazyFrame({"created_at": ["2024-05-01"], "status": ["a"]})
    lf = lf.with_columns(status=pl.col("status").cast(pl.Int8).cast(pl.String))
    assert isinstance(canonical(lf).lf, pl.LazyFrame)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_instants_keep_their_unit_and_are_utc(unit: Any, zone: str | None) -> None:
    dtype = pl.Datetime(unit, zone)
    df = pl.DataFrame({"created_at": pl.Series([MAY]).dt.cast_time_unit(unit)})
    df = df.with_columns(
        status=None, created_at=pl.col("created_at").cast(pl.Int64).cast(dtype)
    )
    found = canonical(df).lf
    assert time_unit(found.collect_schema()) == unit
    assert not is_from_text(found.collect_schema())
    first, last, invalid = value_summary(found).collect().row(0)
    assert (first, last, invalid) == (1_714_521_600, 1_714_521_600, 0)


def test_dates_of_all_years_are_their_midnights() -> None:
    df = pl.DataFrame({"created_at": [date.min, date.max, None], "status": None})
    first, last, _ = value_summary(canonical(df).lf).collect().row(0)
    assert (first, last) == (-62_135_596_800, 253_402_214_400)
    days = appointment_statistics(df).trends["day"].to_list()
    assert days == [date.min, date.max]


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Categorical(), pl.Enum(["2024-05-01T02:00:00+02:00"])]
)
def test_text_of_any_type_may_contain_the_instants(dtype: pl.DataType) -> None:
    at = pl.Series(["2024-05-01T02:00:00+02:00", None], dtype=dtype)
    found = collected(pl.DataFrame({"created_at": at, "status": [None, None]}))
    assert found["created_at"].to_list() == [MAY, None]
    assert found["created_at_invalid"].to_list() == [None, None]


def test_mixed_offsets_in_one_column_are_each_read() -> None:
    texts = [
        "2024-05-01",
        "2024-05-01T00:00:00",
        "2024-05-01T05:45+05:45",
        "2024-04-30T19:00:00-0500",
    ]
    found = collected(pl.DataFrame({"created_at": texts, "status": None}))
    assert found["created_at"].to_list() == [MAY] * 4


def test_a_boolean_status_is_the_word_true_or_false() -> None:
    df = pl.DataFrame({"created_at": [None] * 3, "status": [True, False, None]})
    found = collected(df)["status"]
    assert found.dtype == pl.String
    assert found.to_list() == ["true", "false", None]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([7, -7, None], dtype=pl.Int8), ["7", "-7", None]),
        (pl.Series([2**64 - 1, 0, None], dtype=pl.UInt64), [f"{2**64 - 1}", "0", None]),
        (pl.Series([None, None, None]), [None, None, None]),
    ],
    ids=["Int8", "UInt64", "Null"],
)
def test_whole_numbers_and_nulls_become_text(
    column: pl.Series, expected: list[str | None]
) -> None:
    roles = ["status", *DIMENSIONS, "appointment_type", "integration_id"]
    df = pl.DataFrame({"created_at": [None] * 3, **dict.fromkeys(roles, column)})
    options = {"query": {"appointment_type": "NP"}, "integration_id": IDS[0]}
    found = collected(df, **options)
    for role in roles:
        assert found[role].dtype == pl.String
        assert found[role].to_list() == expected


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["ads"])], ids=str)
def test_categories_stay_categories(dtype: pl.DataType) -> None:
    column = pl.Series(["ads", None], dtype=dtype)
    columns = dict.fromkeys(["status", *DIMENSIONS], column)
    found = collected(pl.DataFrame({"created_at": [None, None], **columns}))
    for name in columns:
        assert found[name].dtype == dtype
        assert found[name].to_list() == ["ads", None]


def test_an_absent_breakdown_column_is_null_for_all_records() -> None:
    found = collected(PLAIN)
    for name in DIMENSIONS:
        assert found[name].dtype == pl.String
        assert found[name].to_list() == [None]


def test_integrations_are_read_only_where_they_are_requested() -> None:
    df = PLAIN.with_columns(integration_id=pl.lit(IDS[0]))
    assert collected(df, by_integration=True)["integration_id"].to_list() == [IDS[0]]
    [fault] = faults(df)
    assert "say whose to count, or count each integration; to pool them all" in fault
    for options in ({"by_integration": True}, {"integration_id": IDS[0]}):
        [fault] = faults(PLAIN, **options)
        assert fault.startswith("`integration_id`: absent, so none can be asked for; ")


def test_by_default_all_text_that_no_field_reads_is_searched() -> None:
    df = pl.DataFrame(
        {
            "created_at": ["ana"],
            "status": ["ana"],
            "source": ["ana"],
            "number": [7],
            "nested": [{"name": "Ana"}],
            "list": [["Ana"]],
            "text": ["One"],
            "category": pl.Series(["Two"], dtype=pl.Categorical()),
            "enum": pl.Series(["Three"], dtype=pl.Enum(["Three"])),
            "none": pl.Series([None], dtype=pl.String),
        }
    )
    search = StatisticsQuery(search="ana")
    assert collected(df, query=search)["text"].to_list() == ["One Two Three"]
    layout = RecordLayout(search=("nested.name", "number", "none"))
    nested = collected(df, query=search, layout=layout)
    assert nested["text"].to_list() == ["Ana 7"]
    df = df.with_columns(s="created_at")
    other = collected(df, query=search, layout={"source": "text"})
    assert other["text"].to_list() == ["ana Two Three ana"]


def test_nothing_to_search_in_is_a_fault_of_a_search_only() -> None:
    df = PLAIN.drop("name")
    assert "text" not in collected(df).columns
    for layout in (RecordLayout(), RecordLayout(search=())):
        [fault] = faults(df, query={"search": "ana"}, layout=layout)
        assert fault.startswith(
            "`search`: the records have no text column to search in; "
        )
        for blank in (None, "", " \t"):
            query = StatisticsQuery(search=blank)
            assert appointment_statistics(df, query, layout=layout).total == 1


def test_null_matches_no_search() -> None:
    names = ["Ana", None, "null", "None", ""]
    df = pl.DataFrame({"created_at": None, "status": None, "name": names})
    for word, total in (("ana", 1), ("null", 1), ("none", 1), ("n", 3)):
        assert appointment_statistics(df, StatisticsQuery(search=word)).total == total


def test_a_column_comes_before_the_struct_of_its_name() -> None:
    df = PLAIN.with_columns(
        pl.struct(utm_source=pl.lit("nested")).alias("config"),
        pl.lit("flat").alias("config.utm_source"),
    )
    layout = {"utm_source": "config.utm_source"}
    assert collected(df, layout=layout)["utm_source"].to_list() == ["flat"]
    df = df.drop("config.utm_source")
    assert collected(df, layout=layout)["utm_source"].to_list() == ["nested"]


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_records_that_lack_every_column_are_null_there_and_no_row_is_lost(
    rows: int, engine: Any, tmp_path: Path
) -> None:
    options, _ = REQUESTS["all of these"]
    request = Request(**options)
    df = pl.DataFrame({"number": range(rows)})
    path = tmp_path / "numbers.parquet"
    df.write_parquet(path)
    for lf in (df.lazy(), pl.scan_parquet(path)):
        found = canonical_scan(lf, request)
        assert found.rows is None
        assert set(found.columns.absent) > {"created_at", "status", "integration_id"}
        schema = found.lf.collect_schema()
        assert schema == canonical_documents([], request).lf.collect_schema()
        assert found.lf.collect(engine=engine).rows() == [(None,) * 9] * rows
        counts = found.lf.group_by("source", "status").len().collect(engine=engine)
        assert counts["len"].sum() == rows


def test_a_scan_without_a_schema_cannot_be_read() -> None:
    lf = pl.LazyFrame({"a": [1]}).with_columns(pl.col("nowhere"))
    with pytest.raises(
        InvalidRecordsError, match=r"^records: cannot be read: .*nowhere"
    ):
        canonical_scan(lf, Request())


@pytest.mark.parametrize(
    "records", [None, 7, "records.csv", b"a", {"status": "a"}], ids=repr
)
def test_records_are_a_frame_or_mappings(records: Any) -> None:
    [fault] = faults(records)
    kind = type(records).__name__
    expected = "records: expected a frame or an iterable of mappings"
    assert fault == f"{expected}, got `{kind}`"


def test_a_single_series_is_no_table() -> None:
    assert faults(pl.Series("status", ["failed"]))[0].startswith("`created_at`: absent")


@pytest.mark.parametrize(
    "records",
    [
        pa.table({"created_at": pa.array([1], pa.decimal256(60, 2))}),
        pa.table([pa.nulls(1)] * 2, ["status", "status"]),
        pa.chunked_array([["a"]]),
    ],
    ids=["a type unknown to Polars", "columns of one name", "no table"],
)
def test_an_arrow_stream_that_cannot_be_read_is_a_fault(records: Any) -> None:
    [fault] = faults(records)
    assert fault.startswith(("records: the Arrow stream cannot be read: ", "`created_"))
    assert len(fault.splitlines()) == 1


def test_a_column_without_any_value_may_be_of_floats() -> None:
    nan = float("nan")
    df = pl.DataFrame({"created_at": [nan, 1.5, None], "status": [nan, 2.0, 0.5]})
    found = collected(df)
    assert found["created_at"].to_list() == [None] * 3
    assert found["created_at_invalid"].to_list() == [None, "1.5", None]
    assert found["status"].to_list() == [None, "2", None]
    assert found["status_invalid"].to_list() == [None, None, "0.5"]


def test_invalid_values_have_a_column_only_where_there_can_be_some() -> None:
    df = PLAIN.with_columns(created_at=pl.lit(MAY))
    assert not [it for it in collected(df).columns if it.endswith("_invalid")]
    documents = [{"created_at": None, "status": "failed", "source": [1]}]
    found = collected(documents)
    assert found["source"].to_list() == [None]
    assert found["source_invalid"].to_list() == ["[1]"]
    assert [it for it in found.columns if it.endswith("_invalid")] == ["source_invalid"]


def test_documents_of_several_kinds_of_instants_have_one_column() -> None:
    values = [MAY, "2024-05-01", date(2024, 5, 1), None, "soon", 5, " "]
    found = collected([{"created_at": value, "status": None} for value in values])
    assert found["created_at"].to_list() == [MAY, MAY, MAY, None, None, None, None]
    assert found["created_at_invalid"].to_list() == [
        *[None] * 4,
        "'soon'",
        "5",
        None,
    ]


def test_what_a_frame_of_objects_lacks_is_absent_although_it_is_read_as_documents() -> (
    None
):
    df = pd.DataFrame({"created_at": [None], "status": pd.Series([object()])})
    layout = {"source": "neighbourhood"}
    frame = canonical_documents(df.to_dict("records"), Request(layout=layout))
    check_columns(frame.columns)
    [fault] = faults(df, layout=layout)
    assert fault.startswith("`neighbourhood`: absent, needed as `source`; ")


def test_a_record_counts_once_however_many_values_it_contains() -> None:
    people = [["Ana", "Bel", "Cid"], [], None]
    plain = {"created_at": [MAY] * 3, "status": ["success"] * 3}
    df = pl.DataFrame({**plain, "attendees": people})
    structs = df.with_columns(booking=pl.struct("attendees"))
    for records in (df, structs, structs.lazy(), structs.to_dicts()):
        stats = appointment_statistics(records)
        assert stats.total == 3
        assert stats.trends.rows() == [(date(2024, 5, 1), 3, 0, 0)]
        assert stats.source.rows() == [("not set", 3, 3, 3, 0, 0)]
