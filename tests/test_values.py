from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any
from uuid import UUID

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
from tests.strategies import ROLES


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


ARROW_ARRAYS = {
    "interval": pa.array([(1, 2, 3)], pa.month_day_nano_interval()),
    "decimal256": pa.array([1], pa.decimal256(60, 2)),
    "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
    "unknown zone": pa.array([1], pa.timestamp("us", "Mars/Base")),
}


@pytest.mark.parametrize("kind", ARROW_ARRAYS)
def test_what_polars_cannot_hold_reads_as_invalid_records(kind: str) -> None:
    table = pa.table({"created_at": pa.nulls(1), "x": ARROW_ARRAYS[kind]})
    with pytest.raises(InvalidRecordsError, match="the Arrow stream cannot be read"):
        appointment_statistics(table)


@pytest.mark.parametrize("value", [1j, object(), b"a"], ids=["1j", "object", "bytes"])
def test_an_object_of_pandas_is_text_or_named_by_row(value: Any) -> None:
    status = pd.Series(["a", value], dtype=object)
    df = pd.DataFrame({"created_at": [None, None], "status": status})
    fault = r"^`status`: 1 values are not text: .* \(row 1\)$"
    with pytest.raises(InvalidRecordsError, match=fault):
        appointment_statistics(df)


@pytest.mark.parametrize("value", [["a", 5], [2**70, 1], [object(), 1j]], ids=str)
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
