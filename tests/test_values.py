import re
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from fractions import Fraction
from typing import Any
from unittest.mock import ANY
from uuid import UUID

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.records.fields import Field
from stats_core.records.values import (
    Invalid,
    invalid_column,
    is_countable,
    plain,
    shown,
    text_column,
    value_text,
)
from tests.strategies import ROLES, a_part_of_the_examples


@pytest.mark.parametrize("key", ["\ud800", 1, None, ("a",)], ids=ascii)
def test_a_field_whose_name_is_no_text_is_searched_like_others(key: Any) -> None:
    records = [{"created_at": None, "status": None, key: "ads"}]
    for word, total in (("ads", 1), ("bus", 0)):
        query = StatisticsQuery(search=word)
        assert appointment_statistics(records, query).total == total


@pytest.mark.parametrize("role", ["created_at", "status", "source"])
@pytest.mark.parametrize("wrap", ["{}", "$date", "$numberLong", "list"])
def test_a_number_too_long_to_write_is_refused(role: str, wrap: str) -> None:
    number = 10**5_000
    value = {"{}": number, "list": [number]}.get(wrap, {wrap: number})
    records = [{"created_at": None, "status": None, role: value}]
    with pytest.raises(InvalidRecordsError, match=f"`{role}`: 1 values are not"):
        appointment_statistics(records)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_whole_number_has_at_most_4300_digits(sign: int) -> None:
    longest = sign * (10**4_300 - 1)
    records = [{"created_at": None, "status": longest, "source": longest}]
    [label] = appointment_statistics(records).source["value"]
    assert label == "-" * (sign < 0) + "9" * 4_300
    for role in ("status", "source"):
        records = [{"created_at": None, "status": None, role: longest + sign}]
        with pytest.raises(
            InvalidRecordsError, match=f"^`{role}`: 1 values are not text: "
        ):
            appointment_statistics(records)


class Label(StrEnum):
    MAY = "2024-05-01"


class OldLabel(str, Enum):  # noqa: UP042 - how it is written before Python 3.11
    MAY = "2024-05-01"


@pytest.mark.parametrize(
    "text", [Label.MAY, OldLabel.MAY, np.str_("2024-05-01")], ids=repr
)
def test_a_kind_of_text_is_text(text: str) -> None:
    fields = ("created_at", "source", "name")
    records = [{"status": "failed", **dict.fromkeys(fields, text)}]
    stats = appointment_statistics(records, StatisticsQuery(search="-05-"))
    assert stats.trends.rows() == [(date(2024, 5, 1), 0, 1, 0)]
    assert stats.source.rows() == [("2024-05-01", 1, 0, 0, 1, 0)]


@pytest.mark.parametrize("text", ["", " ", "\u200b"])
def test_a_field_of_nothing_but_blank_text_can_be_searched(text: str) -> None:
    records = [{"created_at": None, "status": None, "name": text}]
    assert appointment_statistics(records, StatisticsQuery(search="ana")).total == 0


SERIES = {
    "String": pl.Series(["ads", None]),
    "Categorical": pl.Series(["ads", None], dtype=pl.Categorical()),
    "Enum": pl.Series(["ads", None], dtype=pl.Enum(["ads"])),
    "Enum of nothing": pl.Series([None, None], dtype=pl.Enum([])),
    "Null": pl.Series([None, None]),
    "Int8": pl.Series([7, None], dtype=pl.Int8),
    "Int128": pl.Series([7, None], dtype=pl.Int128),
    "UInt64": pl.Series([2**64 - 1, None], dtype=pl.UInt64),
    "Boolean": pl.Series([True, None]),
    "Datetime": pl.Series([datetime(2024, 5, 1, tzinfo=UTC), None]),
    "Date": pl.Series([date(2024, 5, 1), None]),
    "Float64": pl.Series([0.5, float("nan")]),
    "Decimal": pl.Series([Decimal("0.5"), None]),
    "Time": pl.Series([time(9), None]),
    "Duration": pl.Series([timedelta(1), None]),
    "Binary": pl.Series([b"\xff", None]),
    "List": pl.Series([["ads"], None]),
    "Array": pl.Series([["ads"], None], dtype=pl.Array(pl.String, 1)),
    "Struct": pl.Series([{"a": "ads"}, None]),
    "Struct of nothing": pl.Series([{}, None], dtype=pl.Struct([])),
    "Object": pl.Series([object(), None], dtype=pl.Object),
}
TEXT_TYPES = {"String", "Categorical", "Enum", "Enum of nothing", "Null"}
WITH_TEXT = {"Int8", "Int128", "UInt64", "Boolean", "Decimal", "Datetime", "Date"}
FITTING = dict.fromkeys(ROLES, TEXT_TYPES | WITH_TEXT) | {
    "created_at": {"Enum of nothing", "Null", "Datetime", "Date"},
}
# The values of a column are read only where the request filters by it.
UNREAD = {role: {"Float64"} for role in ("appointment_type", "integration_id")}
# Text may be an instant, and is not.
UNREADABLE = {"String", "Categorical", "Enum"}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("role", ROLES)
def test_a_column_of_any_type_is_counted_or_named(role: str, kind: str) -> None:
    df = pl.DataFrame({"created_at": [None, None], "status": [None, None]})
    df = df.with_columns(SERIES[kind].alias(role))
    key = "7".rjust(24, "0") if role == "integration_id" else None
    for records in (df, df.lazy()):
        if kind in FITTING[role] | UNREAD.get(role, set()):
            stats = appointment_statistics(records, integration_id=key)
            assert stats.total == (0 if key else 2)
        elif kind == "Float64" or (role == "created_at" and kind in UNREADABLE):
            wanted = "ISO 8601 date-times" if role == "created_at" else "text"
            fault = rf"^`{role}`: 1 values are not {wanted}: \S+ \(row 0\)$"
            with pytest.raises(InvalidRecordsError, match=fault):
                appointment_statistics(records)
        else:
            with pytest.raises(
                InvalidRecordsError, match=rf"^`{role}`: expected .*found"
            ):
                appointment_statistics(records, integration_id=key)


@pytest.mark.parametrize("kind", SERIES)
def test_a_column_that_nothing_reads_may_be_of_any_type(kind: str) -> None:
    df = pl.DataFrame({"created_at": [None, None], "status": ["error", None]})
    df = df.with_columns(SERIES[kind].alias("other"), name=pl.lit("Ana"))
    for records in (df, df.lazy()):
        stats = appointment_statistics(records, StatisticsQuery(search="ana"))
        assert stats.source.rows() == [("not set", 2, 2, 0, 1, 1)]


@pytest.mark.parametrize("kind", SERIES)
def test_a_searched_column_is_text_or_named(kind: str) -> None:
    df = pl.DataFrame({"created_at": [None, None], "status": [None, None]})
    df = df.with_columns(SERIES[kind].alias("x"))
    layout = RecordLayout(search=("x",))
    query = StatisticsQuery(search="AD")
    if kind in TEXT_TYPES | WITH_TEXT | {"Float64"}:
        found = appointment_statistics(df, query, layout=layout).total
        assert found == (kind in UNREADABLE)
    else:
        with pytest.raises(InvalidRecordsError, match="`x`: `search` expected text"):
            appointment_statistics(df, query, layout=layout)


def test_numbers_and_identifiers_are_labels_in_their_digits() -> None:
    plain = {"created_at": None, "status": None}
    values = [7, "7", 2**70, UUID(int=7), Decimal("1.50"), date(2024, 5, 1)]
    records = [{**plain, "source": value} for value in values]
    assert appointment_statistics(records).source.rows() == [
        ("7", 2, 0, 0, 0, 2),
        ("00000000-0000-0000-0000-000000000007", 1, 0, 0, 0, 1),
        ("1.50", 1, 0, 0, 0, 1),
        ("1180591620717411303424", 1, 0, 0, 0, 1),
        ("2024-05-01", 1, 0, 0, 0, 1),
    ]


@pytest.mark.parametrize(
    "value", [1.5, b"ads", ["ads"], ("ads",), {"ads"}, {}], ids=str
)
def test_a_label_is_no_float_bytes_or_collection(value: Any) -> None:
    records = [{"created_at": None, "status": None, "source": value}] * 2
    with pytest.raises(
        InvalidRecordsError, match=r"`source`: 2 values are not text: .*\(row 1\)"
    ):
        appointment_statistics(records)


class Source(Enum):
    WEB = "web"
    NUMBER = 7
    HALF = 0.5


class Nested(Enum):
    WEB = Source.WEB


class Number(IntEnum):
    SEVEN = 7


class ObjectId:
    def __str__(self) -> str:
        return "5eb7cf5a86d9755df3a6c593"


class Decimal128:
    def to_decimal(self) -> Decimal:
        return Decimal("1E+3")


def there(hours: float) -> timezone:
    return timezone(timedelta(hours=hours))


TEXTS: list[tuple[object, str | None]] = [
    *(("ads", "ads"), (" ads ", " ads "), ("", ""), (None, None), ("a\x00", "a\x00")),
    *((True, "true"), (False, "false"), (np.True_, "true"), (np.bool_(0), "false")),
    *((7, "7"), (-7, "-7"), (2**70, str(2**70)), (np.int8(-7), "-7")),
    *((np.uint64(2**64 - 1), str(2**64 - 1)), (np.array(7), "7")),
    *((7.0, "7"), (-0.0, "0"), (2.0**52, str(2**52)), (1.0 - 2**53, str(1 - 2**53))),
    *((float("nan"), None), (np.float32(7), "7"), (np.float16("nan"), None)),
    *((np.longdouble(7), "7"), (Fraction(7), "7")),
    *((Decimal("1.50"), "1.50"), (Decimal("1E+3"), "1000"), (Decimal("-0.0"), "0.0")),
    *((Decimal("NaN"), None), (Decimal("sNaN"), None), (Decimal(2**70), str(2**70))),
    *((date(2024, 5, 1), "2024-05-01"), (date.min, "0001-01-01")),
    (datetime(2024, 5, 1), "2024-05-01T00:00:00"),  # noqa: DTZ001
    (datetime(2024, 5, 1, 9, 30, 0, 500_000, UTC), "2024-05-01T09:30:00.5Z"),
    (datetime(2024, 5, 1, 9, 30, tzinfo=there(5.5)), "2024-05-01T04:00:00Z"),
    (datetime.min.replace(tzinfo=UTC), "0001-01-01T00:00:00Z"),
    (pd.Timestamp("2024-05-01T00:00:00.123456789Z"), "2024-05-01T00:00:00.123456789Z"),
    (np.datetime64("2024-05-01T00:00:00.000000001"), "2024-05-01T00:00:00.000000001"),
    (np.datetime64("2024-05-01T00:00:00.500000000"), "2024-05-01T00:00:00.5"),
    *((np.datetime64("2024-05-01"), "2024-05-01"), (np.datetime64("NaT"), None)),
    *((np.datetime64("2024-05"), "2024-05-01"), (np.datetime64("2024"), "2024-01-01")),
    (np.datetime64("2024-05-01T09"), "2024-05-01T09:00:00"),
    *((pd.NaT, None), (pd.NA, None), (np.str_("ads"), "ads"), (np.array("ads"), "ads")),
    (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    (ObjectId(), "5eb7cf5a86d9755df3a6c593"),
    *((Source.WEB, "web"), (Source.NUMBER, "7"), (Nested.WEB, "web")),
    *((Number.SEVEN, "7"), (Label.MAY, "2024-05-01"), (OldLabel.MAY, "2024-05-01")),
    *((pa.scalar(7), "7"), (pa.scalar(None), None), (pa.scalar("ads"), "ads")),
    *((pa.scalar(7.0), "7"), (Decimal128(), "1000")),
    *(({"$numberLong": "7"}, "7"), ({"$numberInt": 7}, "7"), ({"$oid": "a"}, "a")),
    *(({"$numberDouble": "7.0"}, "7"), ({"$numberDouble": "NaN"}, None)),
    *(({"$numberDecimal": "1.50"}, "1.50"), ({"$numberLong": None}, None)),
    ({"$date": "2024-05-01"}, "2024-05-01"),
    ({"$date": 1_714_521_600_000}, "2024-05-01T00:00:00Z"),
    ({"$date": {"$numberLong": "1714521600500"}}, "2024-05-01T00:00:00.5Z"),
    *(({"$date": None}, None), ({"$date": {"$numberLong": None}}, None)),
]
NO_TEXTS: list[object] = [
    *(0.5, float("inf"), 2.0**53, np.float64(0.5), np.longdouble(0.5), Fraction(1, 2)),
    *(Decimal("Infinity"), Decimal("1E+999999"), Decimal("1E-999999")),
    *(1j, np.clongdouble(1), 10**4_300, -(10**4_300), Source.HALF, pa.scalar(0.5)),
    *(b"ads", bytearray(b"ads"), memoryview(b"ads"), np.bytes_(b"ads"), np.void(b"ab")),
    *([], ["ads"], ("ads",), {"ads"}, frozenset(), {}, {"a": 1}, {}.keys(), range(3)),
    *(np.array([7]), np.array([1, 2]), np.array([]), np.array([[1]]), np.ma.masked),
    *(pd.Series([1, 2]), pd.Series([1]), pd.Index(["a", "b"]), pd.DataFrame()),
    *(pd.Categorical(["a"]), pa.array(["a"]), pl.Series([1]), pl.DataFrame()),
    *(time(9), timedelta(1), np.timedelta64(5, "ns"), np.timedelta64("NaT")),
    *(pd.Timedelta(1), pd.Period("2024-05"), pd.Interval(0, 1), pl.col("a")),
    datetime.max.replace(tzinfo=there(-1)),
    *(object(), int, len, lambda: 1, Ellipsis, ValueError("a"), iter([]), slice(1)),
    *({"$numberDouble": "x"}, {"$numberDouble": "0.5"}, {"$numberLong": [7]}),
    *({"$date": 10**30}, {"$date": [1]}, {"$date": {"$numberLong": "soon"}}),
    *({"$date": {"a": 1}}, {"$date": {"$date": "2024-05-01"}}, {"$oid": "a", "b": 1}),
]


@pytest.mark.parametrize(("value", "text"), TEXTS, ids=range(len(TEXTS)))
def test_a_value_of_python_counts_as_its_text(value: object, text: str | None) -> None:
    assert value_text(value) == text
    assert type(value_text(value)) in {str, type(None)}
    records = [{"created_at": None, "status": None, "source": value}]
    [label] = appointment_statistics(records).source["value"]
    assert label == ((text or "").strip(" \0") or "not set")


@pytest.mark.parametrize("value", NO_TEXTS, ids=range(len(NO_TEXTS)))
def test_every_other_value_of_python_is_invalid(value: object) -> None:
    assert value_text(value) == Invalid(shown(value))


def test_missing_and_wrapped_values_are_plain() -> None:
    for missing in (None, float("nan"), pd.NaT, pd.NA, np.float32("nan")):
        assert plain(missing) is None
    assert plain({"$oid": "a"}) == "a"
    assert plain(Label.MAY) == "2024-05-01"
    assert plain({"a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a" * 100, "'" + "a" * 39),
        (10**5_000, "a `int` that cannot be shown"),
        ("\ud800", "'\\ud800'"),
        ([None], "[None]"),
    ],
    ids=["text", "number", "surrogate", "list"],
)
def test_any_value_is_shown(value: object, text: str) -> None:
    assert shown(value) == text


NAN = float("nan")
COLUMNS: dict[str, tuple[pl.Series, list[str | None]]] = {
    "String": (pl.Series([" a ", "", None]), [" a ", "", None]),
    "Int8": (pl.Series([7, -7, None], dtype=pl.Int8), ["7", "-7", None]),
    "Int128": (pl.Series([2**100, None], dtype=pl.Int128), [f"{2**100}", None]),
    "UInt64": (pl.Series([2**64 - 1], dtype=pl.UInt64), [f"{2**64 - 1}"]),
    "Boolean": (pl.Series([True, False, None]), ["true", "false", None]),
    "Float64": (pl.Series([7.0, -0.0, NAN, None]), ["7", "0", None, None]),
    "Float32": (pl.Series([7.0, NAN], dtype=pl.Float32), ["7", None]),
    "Decimal": (pl.Series([Decimal("1.50"), None]), ["1.50", None]),
    "Date": (pl.Series([date.min, date.max]), ["0001-01-01", "9999-12-31"]),
    "naive": (pl.Series([datetime(2024, 5, 1)]), ["2024-05-01T00:00:00"]),  # noqa: DTZ001
    "ms": (
        pl.Series([1_714_521_600_500, None], dtype=pl.Datetime("ms")),
        ["2024-05-01T00:00:00.5", None],
    ),
    "ns": (
        pl.Series([1_714_521_600_000_000_001], dtype=pl.Datetime("ns", "UTC")),
        ["2024-05-01T00:00:00.000000001Z"],
    ),
    "Tokyo": (
        pl.Series([-62_135_596_800_000], dtype=pl.Datetime("ms", "Asia/Tokyo")),
        ["0001-01-01T00:00:00Z"],
    ),
    "Null": (pl.Series([None]), [None]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_a_column_counts_as_its_text(kind: str) -> None:
    series, expected = COLUMNS[kind]
    df = series.alias("a").to_frame()
    field = Field(pl.col("a"), series.dtype)
    found = df.select(text_column(field)).to_series()
    assert found.cast(pl.String).to_list() == expected
    wrong = invalid_column(field)
    if wrong is not None:
        assert df.select(wrong).to_series().null_count() == df.height
    # As the same values of Python.
    texts = [value_text(value) for value in series.to_list()]
    assert texts == expected or kind == "ns"  # Python has no nanoseconds


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (pl.Series([0.5, 1.0, float("-inf"), None]), ["0.5", None, "-inf", None]),
        (pl.Series([2.0**53, 1 - 2.0**53]), ["9007199254740992.0", None]),
        (pl.Series([2**31 - 1, 0, None], dtype=pl.Date), [f"{2**31 - 1}", None, None]),
        (
            pl.Series([2**63 - 1, -(2**63) + 1, 0], dtype=pl.Datetime("us")),
            [f"{2**63 - 1}", f"{-(2**63) + 1}", None],
        ),
        (pl.Series([10**15], dtype=pl.Datetime("ms", "UTC")), [f"{10**15}"]),
    ],
    ids=["floats", "whole floats", "days", "microseconds", "milliseconds"],
)
def test_what_has_no_text_is_invalid_in_its_column(
    series: pl.Series, expected: list[str | None]
) -> None:
    field = Field(pl.col("a"), series.dtype)
    wrong = invalid_column(field)
    assert wrong is not None
    df = series.alias("a").to_frame().select(text_column(field), wrong.alias("wrong"))
    assert df["wrong"].to_list() == expected
    valid = series.is_not_null() & df["wrong"].is_null()
    assert df["a"].is_not_null().to_list() == valid.to_list()


EVERY_TYPE: list[pl.DataType] = [series.dtype for series in SERIES.values()]


@pytest.mark.parametrize("dtype", EVERY_TYPE, ids=str)
def test_a_type_is_countable_if_its_values_can_have_a_text(dtype: pl.DataType) -> None:
    counted = TEXT_TYPES | WITH_TEXT | {"Float64"}
    kinds = {kind for kind, series in SERIES.items() if series.dtype == dtype}
    assert is_countable(dtype) == bool(kinds & counted)


SAME: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(max_size=4),
    "Booleans": st.booleans(),
    "whole numbers": st.integers(-(2**63), 2**63 - 1),
    "floats": st.floats() | st.integers(-9, 9).map(float),
    "decimals": st.decimals(-99, 99, places=2),
    "dates": st.dates(),
    "naive date-times": st.datetimes(),
    "date-times": st.datetimes(
        datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis wants it naive
        datetime(9999, 12, 29),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    "Extended JSON": st.integers(-9, 9).map(lambda n: {"$numberLong": str(n)}),
    "doubles": st.sampled_from(["7.0", "NaN", "0.5"]).map(
        lambda x: {"$numberDouble": x}
    ),
    "ids": st.uuids().map(lambda it: {"$oid": it.hex[:24]}),
    "exported dates": st.integers(0, 10**13).map(lambda n: {"$date": n}),
    "dates as numbers": st.integers(0, 10**13).map(
        lambda n: {"$date": {"$numberLong": str(n)}}
    ),
}


@pytest.mark.parametrize("kind", SAME)
@a_part_of_the_examples(2)
@given(data=st.data(), role=st.sampled_from(["source", "status", "created_at"]))
def test_a_value_is_one_thing_in_a_frame_in_arrow_and_in_documents(
    kind: str, role: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(st.none() | SAME[kind], min_size=1, max_size=6))
    plain_ = {"created_at": None, "status": None}
    documents = [{**plain_, role: value} for value in values]
    df = pl.DataFrame({role: values}, strict=False)
    df = df.with_columns(pl.lit(None).alias(name) for name in plain_ if name != role)
    expected = outcome(documents)
    table = df.to_arrow()
    forms: dict[str, Any] = {
        "DataFrame": df,
        "LazyFrame": df.lazy(),
        "Table": table,
        "reader": table.to_reader(),
        "objects of pandas": pd.DataFrame(
            {role: pd.Series(values, dtype=object)}
            | dict.fromkeys(set(plain_) - {role})
        ),
    }
    for form, records in forms.items():
        assert (form, outcome(records)) == (form, expected)


def outcome(records: Any) -> Any:
    """The answer, or the rows and columns at fault."""
    try:
        return appointment_statistics(records)
    except InvalidRecordsError as error:
        places = {fault.partition(":")[0] for fault in error.faults}
        rows = {row for it in error.faults for row in re.findall(r"row \d+", it)}
        # The type of a column is at fault where no value of it can be an instant.
        return places, rows if "expected" not in str(error) else ANY


def test_no_setting_of_python_makes_a_longer_number_text() -> None:
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        assert value_text(10**4_300 - 1) == "9" * 4_300
        assert isinstance(value_text(10**4_300), Invalid)
    finally:
        sys.set_int_max_str_digits(limit)
