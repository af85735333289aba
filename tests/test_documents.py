from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
)
from stats_core.records.documents import documents_frame
from stats_core.request import Request
from tests import reference
from tests.strategies import (
    IDS,
    Case,
    Document,
    as_answer,
    cases,
    forms,
    instants,
    zones,
)

CAMEL = RecordLayout(
    created_at="createdAt",
    appointment_type="appointmentType",
    utm_source="config.utm_source",
    utm_medium="config.utm.medium",
    search=("patient.name", "clinic"),
)


SEARCH = Request(query={"search": "ana"})


def made(
    *documents: Any, request: Request | None = None, **layout: Any
) -> pl.DataFrame:
    df = documents_frame(list(documents), request or Request(layout=layout))
    assert df is not None
    return df


def faults(*documents: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        made(*documents, **options)
    return list(caught.value.faults)


@given(case=cases(), data=st.data())
def test_nested_documents_equal_the_reference(case: Case, data: st.DataObject) -> None:
    nested = []
    for record in case.documents:
        config: dict[str, Any] = {"utm": {"medium": record["utm_medium"]}, "more": [1]}
        config["utm_source"] = record["utm_source"]
        if record["utm_medium"] is None and data.draw(st.booleans()):
            config["utm"] = data.draw(st.sampled_from([None, {}, {"other": 1}, "text"]))
        nested.append(
            {
                "createdAt": record["created_at"],
                "appointmentType": record["appointment_type"],
                "status": record["status"],
                "source": record["source"],
                "utm_campaign": record["utm_campaign"],
                "config": config,
                "patient": {"name": record["patient"]},
                "clinic": record["clinic"],
            }
        )
    if nested and all("medium" not in (d["config"]["utm"] or {}) for d in nested):
        with pytest.raises(InvalidRecordsError, match=r"^`config.utm.medium`: absent"):
            appointment_statistics(nested, layout=CAMEL)
        return
    stats = appointment_statistics(nested, case.query, layout=CAMEL, timezone=case.zone)
    assert as_answer(stats) == case.expected


@given(zone=zones(), data=st.data())
def test_an_instant_reads_alike_in_every_form(zone: str, data: st.DataObject) -> None:
    moments = data.draw(st.lists(instants(zone), min_size=1, max_size=10))
    given_as = [
        data.draw(st.sampled_from([*forms(at), pd.Timestamp(at)])) for at in moments
    ]
    stats = appointment_statistics(
        [{"created_at": value, "status": None} for value in given_as], timezone=zone
    )
    plain = [{"created_at": at, "status": None} for at in moments]
    assert as_answer(stats) == reference.answer(plain, {}, timezone=zone)


DOCUMENTS: list[Document] = [
    {"createdAt": "2024-05-01", "note": "a", "config": {"utm_source": "x"}, "n": 1},
    {"status": "failed", "clinic": "b", "note": None, "half": 1},
    {"half": "text"},
]
LAYOUT: dict[str, Any] = {"created_at": "createdAt", "utm_source": "config.utm_source"}
NAMED = {
    "createdAt": ["2024-05-01", None, None],
    "status": [None, "failed", None],
    "config.utm_source": ["x", None, None],
}
OTHER = {
    "note": ["a", None, None],
    "clinic": [None, "b", None],
    "half": [None, None, "text"],
}


def test_columns_are_the_named_paths_then_all_other_text_that_is_searched() -> None:
    request = Request(layout=LAYOUT, query={"search": "ana"})
    df = made(*DOCUMENTS, request=request)
    assert list(df.to_dict(as_series=False).items()) == [*NAMED.items(), *OTHER.items()]


def test_without_a_search_only_the_named_paths_are_columns() -> None:
    df = made(*DOCUMENTS, **LAYOUT)
    assert list(df.to_dict(as_series=False).items()) == list(NAMED.items())


@pytest.mark.parametrize("needed", ["createdAt", "status"])
def test_other_text_is_kept_where_a_needed_field_is_absent(needed: str) -> None:
    documents = [{k: v for k, v in d.items() if k != needed} for d in DOCUMENTS]
    df = made(*documents, **LAYOUT)
    assert df.columns == [name for name in (*NAMED, *OTHER) if name != needed]


def test_searched_paths_come_after_those_of_the_layout() -> None:
    df = made({"a": {"b": "x"}, "created_at": None, "status": "y"}, search=["a.b"])
    assert df.to_dict(as_series=False) == {
        "created_at": [None],
        "status": ["y"],
        "a.b": ["x"],
    }


def test_instants_and_text_have_one_type_each() -> None:
    rows = [{"created_at": date(2024, 5, 1), "status": True, "source": 7}] * 2
    assert made(*rows).schema == {
        "created_at": pl.Datetime("us", "UTC"),
        "status": pl.Boolean,
        "source": pl.String,
    }
    mixed = made(*rows, {"created_at": "2024-05-02", "status": "x", "source": None})
    assert mixed.dtypes == [pl.String] * 3
    assert mixed["created_at"].to_list() == ["2024-05-01T00:00:00"] * 2 + ["2024-05-02"]


def test_no_documents_have_no_frame() -> None:
    for request in (Request(), SEARCH):
        assert documents_frame([], request) is None
        assert documents_frame(iter(()), request) is None


@pytest.mark.parametrize("records", [None, 7, "a", b"a", {"status": "a"}], ids=repr)
def test_documents_are_an_iterable_of_mappings(records: Any) -> None:
    with pytest.raises(InvalidRecordsError, match=f"got `{type(records).__name__}`$"):
        documents_frame(records, Request())


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType, pd.Series])
def test_any_mapping_is_a_document(kind: Any) -> None:
    record = kind({"created_at": None, "status": "failed"})
    if kind is pd.Series:
        assert faults(record)[0].startswith("records: 1 values are not mappings")
    else:
        assert made(record).rows() == [(None, "failed")]


@pytest.mark.parametrize(
    "records", [[None], ["a"], [1, 2], [[("status", "a")]]], ids=repr
)
def test_only_mappings_are_documents(records: list[Any]) -> None:
    [fault] = faults({"status": "failed"}, *records)
    assert fault.startswith(f"records: {len(records)} values are not mappings: ")
    assert fault.endswith(f"(row {len(records)})")


def test_exports_of_mongodb_are_unwrapped() -> None:
    df = made(
        {"created_at": {"$date": "2024-05-01T00:00:00Z"}, "integration_id": {"$oid": IDS[0]}},
        {"created_at": {"$date": 1_714_521_600_000}, "integration_id": IDS[0]},
        {"created_at": {"$date": {"$numberLong": "1714521600000"}}},
        {"created_at": "2024-05-01", "source": {"$numberInt": "7"}},
        {"created_at": None, "source": {"$numberLong": "8"}},
        {"created_at": {"$date": None}, "source": float("nan")},
        {"created_at": {"$date": {"$numberLong": None}}},
    )  # fmt: skip
    assert df["source"].to_list() == [None, None, None, "7", "8", None, None]
    assert df["integration_id"].to_list() == [IDS[0]] * 2 + [None] * 5
    stats = appointment_statistics(df.drop("integration_id").with_columns(status=None))
    assert stats.trends.rows() == [(date(2024, 5, 1), 0, 0, 4)]
    assert stats.undated == 3


@pytest.mark.parametrize(
    "value",
    [{"$numberLong": "soon"}, {"$numberLong": "9" * 30}, 10**30],
    ids=str,
)
def test_an_exported_instant_that_is_none_is_refused(value: Any) -> None:
    records = [{"created_at": {"$date": value}, "status": None}]
    with pytest.raises(
        InvalidRecordsError, match=r"`created_at`: 1 values are not .*row 0"
    ):
        appointment_statistics(records)


def test_missing_values_of_pandas_are_missing() -> None:
    df = pd.DataFrame({"created_at": [pd.Timestamp("2024-05-01"), pd.NaT],
                       "status": ["failed", float("nan")], "source": [float("nan"), "ads"]})  # fmt: skip
    stats = appointment_statistics(df.astype(object).to_dict("records"))
    assert (stats.total, stats.undated) == (2, 1)
    assert stats.source.rows() == [("ads", 1, 0, 0, 0, 1), ("not set", 1, 1, 0, 1, 0)]


def test_naive_and_aware_instants_are_read_side_by_side() -> None:
    tokyo = timezone(timedelta(hours=9))
    df = made(
        {"created_at": datetime(2024, 5, 1)},  # noqa: DTZ001 - naive is UTC
        {"created_at": datetime(2024, 5, 1, 9, tzinfo=tokyo)},
        {"created_at": date(2024, 5, 1)},
        {"created_at": None},
    )
    assert df["created_at"].dt.replace_time_zone("UTC").to_list() == [
        *[datetime(2024, 5, 1, tzinfo=UTC)] * 3,
        None,
    ]


@pytest.mark.parametrize("offset", [timedelta(hours=1), timedelta(hours=-1)])
def test_an_instant_beyond_the_calendar_is_named_with_the_others(
    offset: timedelta,
) -> None:
    edge = datetime.min if offset > timedelta() else datetime.max  # noqa: DTZ901
    records: list[Document] = [
        {"created_at": edge.replace(tzinfo=timezone(offset)), "status": None},
        {"created_at": "soon", "status": None},
    ]
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(records)
    assert len(caught.value.faults) == 2
    assert "'soon' (row 1)" in caught.value.faults[0]
    assert "(row 0)" in caught.value.faults[1]


AT_FAULT: list[Document] = [
    {"created_at": 1, "status": b"a", "source": 1.5, "name": "\ud800"},
    {"created_at": 2.5, "status": [], "utm_source": "\udfff", "name": None},
    {"created_at": [], "status": {}, "source": "a"},
    {"created_at": True, "status": None},
]


def test_every_field_at_fault_is_listed() -> None:
    expected = [
        "`created_at`: 4 values are not date-times or ISO 8601 text: 1 (row 0), 2.5 (row 1), [] (row 2)",
        "`source`: 1 values are not text: 1.5 (row 0)",
        "`status`: 3 values are not text: b'a' (row 0), [] (row 1), {} (row 2)",
        "`utm_source`: 1 values are not Unicode text: '\\udfff' (row 1)",
    ]
    name = "`name`: 1 values are not Unicode text: '\\ud800' (row 0)"
    both = sorted([*expected, name])
    assert faults(*AT_FAULT, search=["name"]) == both
    assert faults(*AT_FAULT, request=SEARCH) == both
    assert faults(*AT_FAULT) == expected


@pytest.mark.parametrize("key", ["\ud800", 1, None, ("a",)], ids=ascii)
def test_a_field_is_named_by_unicode_text_where_it_is_read(key: Any) -> None:
    document = {"created_at": None, "status": None, key: "ads"}
    assert made(document).columns == ["created_at", "status"]
    [fault] = faults(document, request=SEARCH)
    assert fault == f"records: expected fields named by Unicode text, found {key!r}"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_whole_number_has_at_most_4300_digits(sign: int) -> None:
    longest = sign * (10**4_300 - 1)
    document = {"created_at": None, "status": longest, "source": longest}
    digits = "-" * (sign < 0) + "9" * 4_300
    assert made(document).rows() == [(None, digits, digits)]
    longer = {**document, "source": longest + sign, "status": [longest + sign]}
    assert faults(longer) == [
        "`source`: 1 values are not text: a `int` too long to show (row 0)",
        "`status`: 1 values are not text: a `list` too long to show (row 0)",
    ]


def test_no_other_field_of_a_document_can_be_at_fault() -> None:
    plain: Document = {"created_at": None, "status": "failed"}
    odd = [1.5, b"\xff", [object()], {"\ud800": {1: 2}}, object(), 10**5_000]
    records = [{**plain, "other": value, f"o{n}": value} for n, value in enumerate(odd)]
    assert appointment_statistics(records).total == len(odd)


def test_statuses_may_be_boolean_in_documents() -> None:
    records: list[Document] = [
        {"created_at": None, "status": s} for s in (True, False, None)
    ]
    assert made(*records)["status"].dtype == pl.Boolean
    assert appointment_statistics(records).source.rows() == [("not set", 3, 3, 1, 1, 1)]


def test_a_boolean_among_texts_is_its_word() -> None:
    records: list[Document] = [
        {"created_at": None, "status": s} for s in (True, "success", 7)
    ]
    assert made(*records)["status"].to_list() == ["true", "success", "7"]


def test_a_key_that_is_the_whole_path_comes_first() -> None:
    records: list[Document] = [
        {"config.utm_source": "flat", "config": {"utm_source": "nested"}},
        {"config": {"utm_source": "nested"}},
        {"config": "text"},
        {},
    ]
    df = made(*records, utm_source="config.utm_source")
    assert df["config.utm_source"].to_list() == ["flat", "nested", None, None]


def test_a_field_that_no_document_has_is_absent() -> None:
    records: list[Document] = [{"created_at": None, "status": None, "config": {}}]
    assert appointment_statistics(records).utm_source["value"].to_list() == ["direct"]
    layout = RecordLayout(utm_source="config.utm_source")
    with pytest.raises(
        InvalidRecordsError, match=r"`config.utm_source`: absent, needed"
    ):
        appointment_statistics(records, layout=layout)


def test_a_field_that_one_document_lacks_is_unset_there() -> None:
    plain: Document = {"created_at": None, "status": None}
    records = [{**plain, "utm_source": "ads"}, plain]
    listed = appointment_statistics(records).utm_source.select("value", "unset").rows()
    assert listed == [("ads", 0), ("direct", 1)]


def test_documents_are_searched_in_the_named_fields() -> None:
    plain: Document = {"created_at": None, "status": None}
    records = [
        {**plain, "patient": {"name": "Ana"}, "note": None},
        {**plain, "patient": {}, "note": "banana"},
    ]
    query = StatisticsQuery(search="ana")
    assert appointment_statistics(records, query).total == 1
    layout = RecordLayout(search=("patient.name",))
    assert appointment_statistics(records, query, layout=layout).total == 1
    layout = RecordLayout(search=("patient.name", "note"))
    assert appointment_statistics(records, query, layout=layout).total == 2


def test_an_object_without_a_text_of_its_own_is_no_text() -> None:
    strange = [object(), frozenset("a"), bytearray(b"a"), range(3), 1j, {}.keys()]
    records = [{"created_at": None, "status": None, "source": it} for it in strange]
    with pytest.raises(InvalidRecordsError, match="`source`: 6 values are not text"):
        appointment_statistics(records)


def test_scalars_of_other_libraries_are_their_values() -> None:
    values = [np.float32("nan"), pd.NA, np.str_("ads"), Decimal("1.50"), np.int8(7)]
    records = [{"created_at": None, "status": None, "source": it} for it in values]
    found = dict(appointment_statistics(records).source.select("value", "count").rows())
    assert found == {"not set": 2, "ads": 1, "1.50": 1, "7": 1}


def test_booleans_among_words_count_as_in_parts_of_their_own() -> None:
    statuses = [True, "success", np.False_, None, "late"]
    records = [{"created_at": None, "status": status} for status in statuses]
    alone = [appointment_statistics([record]) for record in records]
    assert appointment_statistics(records) == merge_statistics(alone)


def test_text_beside_other_values_is_searched() -> None:
    phones = ["555", 777, None, ["555"]]
    records = [{"created_at": None, "status": None, "phone": it} for it in phones]
    assert appointment_statistics(records, StatisticsQuery(search="555")).total == 1


def test_a_wrapped_id_is_searched_only_where_it_is_named() -> None:
    record = {"created_at": None, "status": None, "name": "x", "_id": {"$oid": "abc"}}
    search = StatisticsQuery(search="abc")
    for records in ([record], pl.DataFrame([record])):
        assert appointment_statistics(records, search).total == 0
        named = RecordLayout(search=("_id",))
        assert appointment_statistics(records, search, layout=named).total == 1


def test_a_boolean_among_other_values_is_its_word() -> None:
    sources = [True, "ads", False, "true"]
    records = [{"created_at": None, "status": None, "source": it} for it in sources]
    counts = appointment_statistics(records).source.select("value", "count").rows()
    assert counts == [("true", 2), ("ads", 1), ("false", 1)]
