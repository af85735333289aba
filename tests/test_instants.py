from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import days
from stats_core.records.canonical import canonical_frame
from stats_core.records.created_at import created_at_columns
from stats_core.records.fields import Field
from stats_core.records.instants import is_from_text, parse_instants, time_unit
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
    + ["2024-05-01T00:00+05:99", "2024-05-01T00:00+05:", "2024-05-01T00:00+05:5"]
    + ["2024-05-01T00:00+5", "2024-05-01T00:00+24", "2024-05-01T00:00:00.1234567891Z"]
    + ["2024-05-01T24:00", "2024-05-01T00:60", "2024-05-01T00:00:00Z+01:00"]
    + [
        "2024-W18-3",
        "\u0662\u0660\u0662\u0664-05-01",
        "2024-05-01T00:00:00Z x",
        "x\x00",
    ],
)
def test_other_text_is_no_instant(text: str) -> None:
    assert read(text, None) == [None, None]


@pytest.mark.parametrize("unit", sorted(UNITS))
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_the_unit_of_instants_is_kept(unit: days.TimeUnit, zone: str | None) -> None:
    schema = plan(pl.Series([0], dtype=pl.Datetime(unit, zone))).collect_schema()
    assert time_unit(schema) == unit
    assert not is_from_text(schema)


def test_visible_text_that_is_no_instant_is_invalid() -> None:
    texts = ["2024-05-01", "soon", None, "", " \u200b", "0", "2024-02-30"]
    df = pl.DataFrame({"at": texts})
    at = Field(pl.col("at"), pl.String())
    instant, invalid = df.select(created_at_columns(at, Request()))
    assert instant.to_list() == [datetime(2024, 5, 1, tzinfo=UTC), *[None] * 6]
    assert invalid.dtype == pl.String
    assert invalid.to_list() == [
        *[None, "'soon'", None, None, None, "'0'", "'2024-02-30'"]
    ]


def test_text_is_known_by_the_column_of_what_is_invalid() -> None:
    assert is_from_text(plan(["2024-05-01"]).collect_schema())
    assert is_from_text(plan([0.5]).collect_schema())
    assert not is_from_text(plan([date.max]).collect_schema())
