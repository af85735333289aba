from datetime import UTC, datetime

import polars as pl
import pytest

from stats_core.records.fields import Field, find


def value(df: pl.DataFrame, path: str) -> list[object]:
    field = find(df.schema, path)
    assert field is not None
    found = df.select(x=field.expr).to_series()
    assert found.dtype == field.dtype
    return found.to_list()


def test_a_column_that_is_the_whole_path_comes_first() -> None:
    df = pl.DataFrame(
        {
            "config.utm": ["flat"],
            "config": [{"utm": "nested", "deep": {"utm": "deeper"}}],
        }
    )
    assert value(df, "config.utm") == ["flat"]
    assert value(df, "config.deep.utm") == ["deeper"]


def test_a_dotted_column_may_be_the_struct() -> None:
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
def test_a_name_like_a_pattern_is_only_a_name(name: str) -> None:
    df = pl.DataFrame({"a": ["A"], "b": ["B"], name: ["found"]})
    assert value(df, name) == ["found"]


@pytest.mark.parametrize("name", ["*", "^a$", "^b*$", ""])
def test_a_struct_field_named_like_a_pattern_is_only_a_name(name: str) -> None:
    df = pl.DataFrame({"s": [{"a": "A", "b": "B", name: "found"}]})
    assert value(df, f"s.{name}") == ["found"]


def test_only_a_date_of_milliseconds_is_converted() -> None:
    df = pl.DataFrame({"at": [{"$date": 1.5}], "id": [{"id": "x"}]})
    assert value(df, "at") == [1.5]
    assert value(df, "id") == [{"id": "x"}]


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        *((pl.String(), True), (pl.Categorical(), True), (pl.Enum(["a"]), True)),
        *((pl.Int8(), False), (pl.Boolean(), False), (pl.Null(), False)),
        *((pl.Binary(), False), (pl.List(pl.String()), False)),
    ],
    ids=str,
)
def test_text_types_are_known(dtype: pl.DataType, *, expected: bool) -> None:
    assert Field(pl.col("a"), dtype).is_text() is expected
