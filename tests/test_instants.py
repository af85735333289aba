from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import days
from stats_core.records.canonical import canonical_frame
from stats_core.records.instants import (
    instant_range,
    invalid_instant_faults,
    invalid_instants,
    is_from_text,
    parse_instants,
    time_unit,
)
from stats_core.request import Request
from tests import reference

UNITS: dict[days.TimeUnit, int] = {"ms": 10**3, "us": 10**6, "ns": 10**9}
EXTENDED = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.one_of(
        st.none(),
        st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    ),
)


def read(*texts: str | None) -> list[datetime | None]:
    column = pl.lit(pl.Series(texts, dtype=pl.String))
    return pl.select(parse_instants(column)).to_series().to_list()


def plan(created_at: Any) -> pl.LazyFrame:
    df = pl.DataFrame({"created_at": created_at}).with_columns(status=pl.lit("x"))
    return canonical_frame(df, Request()).lf


def faults(
    lf: pl.LazyFrame, zone: str = "UTC", scope: pl.Expr | None = None
) -> list[str]:
    found = invalid_instants(lf, ZoneInfo(zone), scope)
    assert found.collect_schema() == {
        "invalid": pl.Boolean,
        "count": pl.UInt32,
        "rows": pl.List(pl.UInt32),
        "values": pl.List(pl.String),
    }
    both = [found.collect(engine=engine) for engine in ("in-memory", "streaming")]
    listed, streamed = (invalid_instant_faults(df, zone) for df in both)
    assert listed == streamed
    return listed


@given(st.lists(EXTENDED, max_size=10), st.sampled_from("T t"))
def test_iso_text_reads_as_python_reads_it(moments: list[datetime], sep: str) -> None:
    texts = [moment.isoformat(sep=sep) for moment in moments]
    expected = map(reference.instant, moments)
    assert list(map(reference.instant, read(*texts))) == list(expected)


@given(st.dates())
def test_a_date_reads_as_its_midnight_in_utc(day: date) -> None:
    assert read(day.isoformat()) == [datetime.combine(day, datetime.min.time(), UTC)]


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2024-05-01T00:00:00.5Z", 500_000),
        ("2024-05-01T00:00:00,25Z", 250_000),
        ("2024-05-01T00:00:00.999999999Z", 999_999),
        ("2024-05-01T00:00Z", 0),
        (" 2024-05-01t00:00:00z ", 0),
        ("2024-05-01 00:00:00+00", 0),
        ("2024-05-01T05:45:00+0545", 0),
        ("2024-04-30T20:30:00-03:30", 0),
    ],
)
def test_the_forms_of_iso_8601_read_alike(text: str, micros: int) -> None:
    assert read(text) == [datetime(2024, 5, 1, 0, 0, 0, micros, tzinfo=UTC)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "2024-13-01",
        "2024-02-30",
        "20240501",
        "2024-05-01T25:00",
        "1714521600",
    ]
    + ["2024-05-01T00:00:60Z", "2024-05-01T00:00+24:00", "2024-05-01T00:00+02:60"]
    + ["2024-05-01T", "2024-05-01Z", "2024-05-01T00:00:00 EST", "2024-05-01T00:00:00.Z"]
    + ["2024-05-01T10:30.5Z"]
    + [
        "2024-W18-3",
        "\u0662\u0660\u0662\u0664-05-01",
        "2024-05-01T00:00:00Z x",
        "x\x00",
    ],
)
def test_other_text_is_no_instant(text: str) -> None:
    assert read(text, None) == [None, None]


@given(
    ticks=st.lists(st.none() | st.integers(-(10**12), 10**12), max_size=30),
    unit=st.sampled_from(sorted(UNITS)),
)
def test_the_range_is_that_of_the_instants_in_whole_seconds(
    ticks: list[int | None], unit: days.TimeUnit
) -> None:
    lf = plan(pl.Series(ticks, dtype=pl.Int64).cast(pl.Datetime(unit)))
    seconds = [tick // UNITS[unit] for tick in ticks if tick is not None]
    expected = (min(seconds), max(seconds), 0) if seconds else (None, None, 0)
    assert instant_range(lf).collect().rows() == [expected]
    assert not is_from_text(lf.collect_schema())
    assert time_unit(lf.collect_schema()) == unit


def test_the_range_of_nothing_is_unknown() -> None:
    nothing = canonical_frame(iter(()), Request()).lf
    for lf in (nothing, plan([None]), plan([None, " "]), plan([])):
        found = instant_range(lf).collect()
        assert found.rows() == [(None, None, 0)]
        assert found.schema == {
            "first": pl.Int64,
            "last": pl.Int64,
            "invalid": pl.UInt32,
        }


def test_the_range_of_text_tells_how_many_are_invalid() -> None:
    texts = ["1969-12-31T23:59:59.5Z", "soon", "2024-05-01", None, "", " \u200b", "0"]
    lf = plan(texts)
    assert is_from_text(lf.collect_schema())
    assert instant_range(lf).collect().rows() == [(-1, 1_714_521_600, 2)]


def test_invalid_instants_are_found_with_their_rows() -> None:
    texts = ["2024-05-01", "soon", None, " ", "0000-12-31", "9999-12-31T23:59:59-01:00"]
    assert faults(plan(texts)) == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 1)",
        (
            "`created_at`: 2 values are not on a day of the years 1 to 9999 in UTC: "
            "'0000-12-31' (row 4), '9999-12-31T23:59:59-01:00' (row 5)"
        ),
    ]


def test_valid_instants_have_no_fault() -> None:
    ends = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
    assert faults(plan(ends)) == []
    [fault] = faults(plan([*ends, "soon"]))
    assert fault.endswith(" 1 values are not ISO 8601 date-times: 'soon' (row 2)")
    assert faults(plan(["2024-05-01", None, " "])) == []
    assert faults(plan([date.min, date.max])) == []
    assert faults(canonical_frame([], Request()).lf) == []


def test_instants_that_were_no_text_are_named_by_their_row() -> None:
    at = pl.Series([0, 10**15], dtype=pl.Datetime("ms"))
    assert faults(plan(at)) == [
        "`created_at`: 1 values are not on a day of the years 1 to 9999 in UTC: row 1"
    ]


@pytest.mark.parametrize(
    ("zone", "rows"), [("UTC", []), ("Asia/Tokyo", [0, 3]), ("Etc/GMT+12", [0])]
)
def test_what_is_out_of_range_depends_on_the_zone(zone: str, rows: list[int]) -> None:
    texts = ["0001-01-01", "0001-01-02", "9999-12-31", "9999-12-31T15:00:00Z"]
    listed = faults(plan(texts), zone)
    assert [fault.count("(row") for fault in listed] == ([len(rows)] if rows else [])
    for row in rows:
        assert f"{texts[row]!r} (row {row})" in listed[0]
        assert f"1 to 9999 in {zone}: " in listed[0]


def test_only_instants_within_the_scope_are_examined() -> None:
    texts = ["soon", "2024-05-01", "later", "0000-12-31", "never"]
    lf = plan(texts).with_columns(integration_id=pl.Series(["b", "a", "a", "b", None]))
    ours = pl.col("integration_id") == "a"
    assert faults(lf, scope=ours) == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'later' (row 2)"
    ]
    assert faults(lf.filter(pl.col("created_at_text") != "later"), scope=ours) == []
    assert len(faults(lf)) == 2


def test_of_very_many_faults_the_first_are_named() -> None:
    [fault] = faults(plan(["2024-05-01", *["soon"] * 100_000]))
    assert fault.startswith("`created_at`: 100000 values are not")
    rows = ", ".join(f"'soon' (row {row})" for row in range(1, 6))
    assert fault.endswith(f"date-times: {rows}")


def test_a_long_text_is_shortened_in_its_fault() -> None:
    [fault] = faults(plan(["x" * 99]))
    assert fault.endswith(f": '{'x' * 39} (row 0)")
