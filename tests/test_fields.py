from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core.fields import find, instants
from tests import reference

EXTENDED = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.one_of(
        st.none(),
        st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    ),
)


def read(*texts: str | None) -> list[datetime | None]:
    return (
        pl.select(instants(pl.lit(pl.Series(texts, dtype=pl.String))))
        .to_series()
        .to_list()
    )


def value(df: pl.DataFrame, path: str) -> list[object]:
    field = find(df.schema, path)
    assert field is not None
    found = df.select(x=field.expr).to_series()
    assert found.dtype == field.dtype
    return found.to_list()


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


def test_a_column_that_is_the_whole_path_comes_first() -> None:
    df = pl.DataFrame(
        {
            "config.utm": ["flat"],
            "config": [{"utm": "nested", "deep": {"utm": "deeper"}}],
        }
    )
    assert value(df, "config.utm") == ["flat"]
    assert value(df, "config.deep.utm") == ["deeper"]


def test_a_dotted_column_may_hold_the_struct() -> None:
    df = pl.DataFrame({"a.b": [{"c": "x"}, None]})
    assert value(df, "a.b.c") == ["x", None]


@pytest.mark.parametrize("path", ["b", "a.b", "a.x.b", "config.a", "s.", "s.x", ""])
def test_an_absent_path_is_not_found(path: str) -> None:
    df = pl.DataFrame({"a": ["x"], "config": [{"b": 1}], "s": [{"y": {"z": 1}}]})
    assert find(df.schema, path) is None


def test_extended_json_is_unwrapped() -> None:
    df = pl.DataFrame(
        {
            "id": [{"$oid": "5eb7cf5a86d9755df3a6c593"}],
            "text": [{"$date": "2024-05-01T00:00:00Z"}],
            "number": [{"$date": 1_714_521_600_000}],
            "wrapped": [{"$date": {"$numberLong": "1714521600000"}}],
        }
    )
    may = datetime(2024, 5, 1, tzinfo=UTC)
    assert value(df, "id") == ["5eb7cf5a86d9755df3a6c593"]
    assert value(df, "text") == ["2024-05-01T00:00:00Z"]
    assert value(df, "number") == value(df, "wrapped") == [may]


@pytest.mark.parametrize("name", ["*", "^a$", "^.$", "^$"])
def test_a_pattern_for_a_name_is_only_a_name(name: str) -> None:
    df = pl.DataFrame({"a": ["A"], "b": ["B"], name: ["found"]})
    assert value(df, name) == ["found"]


@pytest.mark.parametrize("name", ["*", "^a$", "^b*$", ""])
def test_a_pattern_for_a_struct_field_is_only_a_name(name: str) -> None:
    df = pl.DataFrame({"s": [{"a": "A", "b": "B", name: "found"}]})
    assert value(df, f"s.{name}") == ["found"]


def test_text_types_are_known() -> None:
    df = pl.DataFrame(
        {"s": ["a"], "c": ["a"], "e": ["a"], "i": [1]},
        schema={"s": pl.String, "c": pl.Categorical, "e": pl.Enum(["a"]), "i": pl.Int8},
    )
    found = [find(df.schema, name) for name in "scei"]
    assert [field.is_text() for field in found if field] == [True, True, True, False]
