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
def test_a_searched_field_whose_name_is_no_text_is_named(key: Any) -> None:
    records = [{"created_at": None, "status": None, key: "ads"}]
    with pytest.raises(InvalidRecordsError, match=r"fields named by Unicode text"):
        appointment_statistics(records, StatisticsQuery(search="ads"))


@pytest.mark.parametrize("key", ["\ud800", 1, None, ("a",)], ids=ascii)
def test_a_field_that_nothing_reads_may_have_any_name(key: Any) -> None:
    records = [{"created_at": None, "status": None, key: "ads"}]
    assert appointment_statistics(records).total == 1
    assert (
        appointment_statistics(
            records,
            StatisticsQuery(search="a"),
            layout=RecordLayout(search=("status",)),
        ).total
        == 0
    )


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
WHOLE_NUMBERS = {"Int8", "Int128", "UInt64"}
FITTING = dict.fromkeys(ROLES, TEXT_TYPES | WHOLE_NUMBERS) | {
    "created_at": {"Enum of nothing", "Null", "Datetime", "Date"},
    "status": TEXT_TYPES | WHOLE_NUMBERS | {"Boolean"},
}
# Text may be an instant, and is not.
UNREADABLE = {"String", "Categorical", "Enum"}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("role", ROLES)
def test_a_column_of_any_type_is_counted_or_named(role: str, kind: str) -> None:
    df = pl.DataFrame({"created_at": [None, None], "status": [None, None]})
    df = df.with_columns(SERIES[kind].alias(role))
    key = "7".rjust(24, "0") if role == "integration_id" else None
    for records in (df, df.lazy()):
        if kind in FITTING[role]:
            stats = appointment_statistics(records, integration_id=key)
            assert stats.total == (0 if key else 2)
        elif role == "created_at" and kind in UNREADABLE:
            with pytest.raises(InvalidRecordsError, match="1 values are not ISO 8601"):
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
    if kind in TEXT_TYPES | WHOLE_NUMBERS:
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


@pytest.mark.parametrize("value", [1j, object()], ids=["complex", "object"])
def test_what_arrow_cannot_hold_reads_as_invalid_records(value: Any) -> None:
    df = pd.DataFrame(
        {"created_at": [None], "status": pd.Series([value], dtype=object)}
    )
    with pytest.raises(InvalidRecordsError, match="the Arrow stream cannot be read: "):
        appointment_statistics(df)


def test_text_beside_bytes_is_no_text_in_arrow() -> None:
    status = pd.Series([b"a", "a"], dtype=object)
    df = pd.DataFrame({"created_at": None, "status": status})
    with pytest.raises(InvalidRecordsError, match=r"^`status`: expected text, found"):
        appointment_statistics(df)


def test_columns_of_one_name_read_as_invalid_records() -> None:
    table = pa.table([pa.nulls(1)] * 3, ["created_at", "status", "status"])
    df = pd.DataFrame([[None] * 3], columns=["created_at", "status", "status"])
    for records in (table, table.to_reader(), df):
        fault = r"cannot be read.*(unique|more than one occurrence)"
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
