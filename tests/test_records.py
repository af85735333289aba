from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.records import canonical
from stats_core.survey import survey, time_unit
from tests.strategies import IDS, Case, cases, frame

ALL = StatisticsQuery()
SEARCH = StatisticsQuery(search="ana")
MAY = datetime(2024, 5, 1, tzinfo=UTC)


def collected(records: Any, **layout: Any) -> pl.DataFrame:
    return canonical(records, RecordLayout(**layout), ALL).collect()


def faults(records: Any, query: StatisticsQuery = ALL, **layout: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        canonical(records, RecordLayout(**layout), query)
    return list(caught.value.faults)


def test_the_canonical_frame_has_a_column_for_each_field() -> None:
    df = pl.DataFrame({"created_at": [MAY], "status": ["failed"], "name": ["ANA"]})
    assert collected(df).schema == {
        "created_at": pl.Datetime("us", "UTC"),
        "status": pl.String,
        **dict.fromkeys(
            ("source", "utm_source", "utm_medium", "utm_campaign", "text"), pl.String
        ),
    }


@given(case=cases())
def test_no_row_is_lost_or_added_on_the_way(case: Case) -> None:
    df = frame(case.documents)
    assert collected(df).height == df.height
    assert collected(df)["created_at"].to_list() == df["created_at"].to_list()


def test_the_canonical_frame_is_a_plan() -> None:
    # A plan that was run would raise.
    lf = pl.LazyFrame({"created_at": ["2024-05-01"], "status": ["a"]})
    lf = lf.with_columns(status=pl.col("status").cast(pl.Int8).cast(pl.String))
    assert isinstance(canonical(lf, RecordLayout(), ALL), pl.LazyFrame)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_instants_keep_their_unit_and_are_utc(unit: Any, zone: str | None) -> None:
    dtype = pl.Datetime(unit, zone)
    df = pl.DataFrame({"created_at": pl.Series([MAY]).dt.cast_time_unit(unit)})
    df = df.with_columns(
        status=None, created_at=pl.col("created_at").cast(pl.Int64).cast(dtype)
    )
    found = canonical(df, RecordLayout(), ALL)
    assert time_unit(found.collect_schema()) == unit
    first, last, unreadable = survey(found).collect().row(0)
    assert (first, last, unreadable) == (1_714_521_600, 1_714_521_600, 0)


def test_dates_of_all_years_are_their_midnights() -> None:
    df = pl.DataFrame({"created_at": [date.min, date.max, None], "status": None})
    first, last, _ = survey(canonical(df, RecordLayout(), ALL)).collect().row(0)
    assert (first, last) == (-62_135_596_800, 253_402_214_400)
    days = appointment_statistics(df).trends["day"].to_list()
    assert days == [date.min, date.max]


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Categorical(), pl.Enum(["2024-05-01T02:00:00+02:00"])]
)
def test_text_of_any_type_may_hold_the_instants(dtype: pl.DataType) -> None:
    at = pl.Series(["2024-05-01T02:00:00+02:00", None], dtype=dtype)
    found = collected(pl.DataFrame({"created_at": at, "status": [None, None]}))
    assert found["created_at"].to_list() == [MAY, None]
    assert found["created_at_text"].to_list() == ["2024-05-01T02:00:00+02:00", None]


def test_mixed_offsets_in_one_column_are_each_read() -> None:
    texts = [
        "2024-05-01",
        "2024-05-01T00:00:00",
        "2024-05-01T05:45+05:45",
        "2024-04-30T19:00:00-0500",
    ]
    found = collected(pl.DataFrame({"created_at": texts, "status": None}))
    assert found["created_at"].to_list() == [MAY] * 4


def test_every_absent_and_wrong_column_is_told_at_once() -> None:
    df = pl.DataFrame({"status": [1.5], "created_at": [7], "utm_source": [["a"]]})
    found = faults(df, utm_medium="medium", search=("name", "utm_source"))
    assert found == [
        "`created_at`: expected a date-time, a date or ISO 8601 text, found `Int64`",
        (
            "`medium`: absent, needed as `utm_medium`; the columns are `status`, "
            "`created_at`, `utm_source`"
        ),
        "`status`: expected text, found `Float64`",
        "`utm_source`: expected text, found `List(String)`",
    ]
    assert faults(df, StatisticsQuery(search="a", appointment_type="NP"),
                  utm_source="status", search=("name", "utm_source")) == [
        "`appointment_type`: absent, needed to filter by type",
        "`created_at`: expected a date-time, a date or ISO 8601 text, found `Int64`",
        "`name`: absent, needed by `search`",
        "`status`: expected text, found `Float64`",
        "`status`: expected text, found `Float64`",
        "`utm_source`: `search` expected text, found `List(String)`",
    ]  # fmt: skip


def test_a_frame_without_columns_lacks_the_needed_ones() -> None:
    bare: list[Any] = [pl.DataFrame(), pl.LazyFrame(), pl.DataFrame().to_arrow(), [{}]]
    for records in bare:
        assert faults(records) == [
            "`created_at`: absent, needed as `created_at`; the columns are none",
            "`status`: absent, needed as `status`; the columns are none",
        ]


def test_of_very_many_columns_some_are_named() -> None:
    df = pl.DataFrame({f"c{n}": [n] for n in range(25)})
    [first, _] = faults(df)
    assert first.endswith("`c18`, `c19` and 5 more")


def test_a_breakdown_named_and_absent_is_no_direct_traffic() -> None:
    df = pl.DataFrame({"created_at": [None], "status": [None]})
    assert collected(df)["utm_source"].to_list() == [None]
    for name in ("utm_sorce", "utm_source"):
        [fault] = faults(df, utm_source=name)
        assert fault.startswith(f"`{name}`: absent, needed as `utm_source`")


def test_a_type_is_needed_only_to_filter_by() -> None:
    df = pl.DataFrame({"created_at": [None], "status": [None]})
    assert collected(df).height == 1
    assert faults(df, StatisticsQuery(appointment_type="NP")) == [
        "`appointment_type`: absent, needed to filter by type"
    ]


def test_records_and_question_agree_on_the_integration() -> None:
    df = pl.DataFrame(
        {"created_at": [None], "status": [None], "integration_id": IDS[0]}
    )
    [fault] = faults(df)
    assert "say whose to count, or count each integration; to pool them all" in fault
    scoped = canonical(df, RecordLayout(), ALL, scoped=True).collect()
    assert scoped["integration_id"].to_list() == [IDS[0]]
    with pytest.raises(InvalidRecordsError, match="absent, so none can be asked for"):
        canonical(df.drop("integration_id"), RecordLayout(), ALL, scoped=True)


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
    assert collected(df)["text"].to_list() == ["One Two Three"]
    nested = collected(df, search=("nested.name", "number", "none"))
    assert nested["text"].to_list() == ["Ana 7"]
    other = collected(df.with_columns(s="created_at"), source="text")
    assert other["text"].to_list() == ["ana Two Three ana"]


def test_nothing_to_search_in_is_a_fault_of_a_search_only() -> None:
    df = pl.DataFrame({"created_at": [None], "status": ["Ana"]})
    assert "text" not in collected(df).columns
    assert faults(df, SEARCH) == [
        "`search`: the records have no text column to search in"
    ]
    assert faults(df, SEARCH, search=()) == [
        "`search`: the records have no text column to search in"
    ]
    for blank in (None, "", " \t"):
        assert appointment_statistics(df, StatisticsQuery(search=blank)).total == 1


def test_null_matches_no_search() -> None:
    names = ["Ana", None, "null", "None", ""]
    df = pl.DataFrame({"created_at": None, "status": None, "name": names})
    for word, total in (("ana", 1), ("null", 1), ("none", 1), ("n", 3)):
        assert appointment_statistics(df, StatisticsQuery(search=word)).total == total


def test_a_column_comes_before_the_struct_of_its_name() -> None:
    df = pl.DataFrame(
        {
            "created_at": [None],
            "status": ["failed"],
            "config": [{"utm_source": "nested"}],
            "config.utm_source": ["flat"],
        }
    )
    flat = collected(df, utm_source="config.utm_source")
    assert flat["utm_source"].to_list() == ["flat"]
    nested = collected(df.drop("config.utm_source"), utm_source="config.utm_source")
    assert nested["utm_source"].to_list() == ["nested"]


def test_a_struct_without_the_field_lacks_it() -> None:
    df = pl.DataFrame({"created_at": [None], "status": [None], "config": [{"a": 1}]})
    [fault] = faults(df, utm_source="config.utm_source")
    assert fault.startswith("`config.utm_source`: absent, needed as `utm_source`")


@pytest.mark.parametrize(
    "records", [None, 7, "records.csv", b"a", {"status": "a"}], ids=repr
)
def test_what_holds_no_records_is_refused(records: Any) -> None:
    [fault] = faults(records)
    kind = type(records).__name__
    expected = "records: expected a frame or an iterable of mappings"
    assert fault == f"{expected}, got `{kind}`"


def test_a_single_series_is_no_table() -> None:
    assert faults(pl.Series("status", ["failed"]))[0].startswith("`created_at`: absent")


def test_a_record_counts_once_whatever_it_holds_many_of() -> None:
    people = [["Ana", "Bel", "Cid"], [], None]
    plain = {"created_at": [MAY] * 3, "status": ["success"] * 3}
    df = pl.DataFrame({**plain, "attendees": people})
    structs = df.with_columns(booking=pl.struct("attendees"))
    for records in (df, structs, structs.lazy(), structs.to_dicts()):
        stats = appointment_statistics(records)
        assert stats.total == 3
        assert stats.trends.rows() == [(date(2024, 5, 1), 3, 0, 0)]
        assert stats.source.rows() == [("not set", 3, 3, 3, 0, 0)]
