from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
)
from stats_core.records.columns import Columns
from stats_core.records.documents import documents_frame, documents_list
from stats_core.records.instants import UTC_MICROSECONDS
from stats_core.request import Request
from stats_core.schema import DIMENSIONS
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
    return documents_frame(documents, request or Request(layout=layout))[0]


def columns(*documents: Any, **options: Any) -> Columns:
    return documents_frame(documents, Request(**options))[1]


def faults(records: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(records, **options)
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
    paths = {"appointment_type": "appointmentType", "patient": "patient.name"}
    paths |= {"utm_source": "config.utm_source"}
    further = {name: paths.get(it, it) for name, it in case.further.items()}
    layout = RecordLayout(**CAMEL.model_dump() | {"breakdowns": further})
    options: dict[str, Any] = case.options | {"layout": layout}
    stats = appointment_statistics(nested, case.query, **options)
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
    {"half": "text", "appointment_type": "NP", "integration_id": IDS[0]},
]
LAYOUT: dict[str, Any] = {"created_at": "createdAt", "utm_source": "config.utm_source"}
NAMED = {
    "created_at_text": ["2024-05-01", None, None],
    "status": [None, "failed", None],
    "source": [None] * 3,
    "utm_source": ["x", None, None],
    "utm_medium": [None] * 3,
    "utm_campaign": [None] * 3,
}


def test_columns_are_the_roles_and_what_is_filtered_by() -> None:
    assert made(*DOCUMENTS, **LAYOUT).to_dict(as_series=False) == NAMED
    request = Request(
        layout=LAYOUT,
        query={"search": "ana", "appointment_type": "NP"},
        integration_id=IDS[0],
    )
    assert made(*DOCUMENTS, request=request).to_dict(as_series=False) == NAMED | {
        "appointment_type": [None, None, "NP"],
        "integration_id": [None, None, IDS[0]],
        "text": ["a", "b", "text"],
    }


def test_searched_paths_are_joined_in_the_order_of_the_layout() -> None:
    document = {"a": {"b": "x"}, "n": 7, "list": ["y"], "c": " z ", "other": "o"}
    request = Request(
        layout={"search": ["c", "a.b", "list", "absent", "n"]}, query={"search": "x"}
    )
    assert made(document, {}, request=request)["text"].to_list() == [" z  x 7", ""]
    nothing = Request(layout={"search": ["a"]}, query={"search": "x"})
    assert made(request=nothing)["text"].to_list() == []


def test_instants_and_text_have_one_type_each() -> None:
    rows = [{"created_at": date(2024, 5, 1), "status": True, "source": 7}] * 2
    assert made(*rows).schema == {
        "created_at": UTC_MICROSECONDS,
        "created_at_text": pl.String,
        "created_at_invalid": pl.String,
        **dict.fromkeys(("status", *DIMENSIONS), pl.String),
    }
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    mixed = made(*rows, {"created_at": "2024-05-02", "status": "x", "source": [7]})
    assert mixed["created_at"].to_list() == [moment, moment, None]
    assert mixed["created_at_text"].to_list() == [None, None, "2024-05-02"]
    assert mixed["status"].to_list() == ["true", "true", "x"]
    assert mixed["source"].to_list() == ["7", "7", None]
    assert mixed["source_invalid"].to_list() == [None, None, "[7]"]


def test_no_documents_have_no_rows() -> None:
    for request in (Request(), SEARCH):
        assert made(request=request).is_empty()
    assert documents_list([]) == documents_list(iter(())) == []


@pytest.mark.parametrize("records", [None, 7, "a", b"a", {"status": "a"}], ids=repr)
def test_documents_are_an_iterable_of_mappings(records: Any) -> None:
    with pytest.raises(InvalidRecordsError, match=f"got `{type(records).__name__}`$"):
        documents_list(records)


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType, pd.Series])
def test_any_mapping_is_a_document(kind: Any) -> None:
    record = kind({"created_at": None, "status": "failed"})
    if kind is pd.Series:
        assert faults([record])[0].startswith("records: 1 values are not mappings")
    else:
        assert documents_list([record]) == [record]
        assert made(record)["status"].to_list() == ["failed"]


@pytest.mark.parametrize(
    "records", [[None], ["a"], [1, 2], [[("status", "a")]]], ids=repr
)
def test_only_mappings_are_documents(records: list[Any]) -> None:
    [fault] = faults([{"status": "failed"}, *records])
    assert fault.startswith(f"records: {len(records)} values are not mappings: ")
    assert fault.endswith(f"(row {len(records)})")


@dataclass
class Booking:
    status: str = "failed"


class Model(BaseModel):
    status: str = "failed"


class Row(tuple[str, ...]):
    """As SQLAlchemy returns a row."""

    __slots__ = ()
    _mapping: ClassVar[Document] = {"status": "failed"}


Named = namedtuple("Named", ["status"])  # noqa: PYI024 - rows as they come


@pytest.mark.parametrize(
    ("row", "advice"),
    [
        (Booking(), "`dataclasses.asdict` of it"),
        (Model(), "its `model_dump()`"),
        (Named("failed"), "its `_asdict()`"),
        (Row(["failed"]), "its `_mapping`"),
        (("failed",), None),
        (object(), None),
    ],
    ids=["dataclass", "pydantic", "namedtuple", "SQLAlchemy", "tuple", "object"],
)
def test_rows_that_are_no_mappings_say_how_to_become_some(
    row: object, advice: str | None
) -> None:
    for records in ([row], iter([{"status": "failed"}, row, row])):
        [fault] = faults(records)
        assert fault.startswith("records: ")
        assert "values are not mappings: " in fault
        end = f"; a row of this kind is a mapping after {advice}"
        assert fault.endswith(end if advice else ")")


def test_of_many_rows_that_are_no_mappings_the_first_are_named() -> None:
    with pytest.raises(InvalidRecordsError) as caught:
        documents_list([1, {}, *"abc"], first=50)  # type: ignore[list-item]
    [fault] = caught.value.faults
    assert fault == (
        "records: 4 values are not mappings: 1 (row 50), 'a' (row 52), 'b' (row 53)"
    )


def test_exports_of_mongodb_are_unwrapped() -> None:
    df = made(
        {"created_at": {"$date": "2024-05-01T00:00:00Z"}},
        {"created_at": {"$date": 1_714_521_600_000}},
        {"created_at": {"$date": {"$numberLong": "1714521600000"}}},
        {"created_at": "2024-05-01", "source": {"$numberInt": "7"}},
        {"created_at": None, "source": {"$numberLong": "8"}},
        {"created_at": {"$date": None}, "source": float("nan")},
        {"created_at": {"$date": {"$numberLong": None}}},
    )  # fmt: skip
    assert df["source"].to_list() == [None, None, None, "7", "8", None, None]
    found = df["created_at"].to_list()
    assert found == [None, *[datetime(2024, 5, 1, tzinfo=UTC)] * 2, *[None] * 4]
    texts = df["created_at_text"].to_list()
    assert texts == ["2024-05-01T00:00:00Z", None, None, "2024-05-01", *[None] * 3]
    assert df["created_at_invalid"].null_count() == 7


def test_an_exported_id_is_its_text() -> None:
    documents = [{"integration_id": {"$oid": IDS[0]}}, {"integration_id": IDS[0]}, {}]
    request = Request(integration_id=IDS[0])
    found = made(*documents, request=request)["integration_id"].to_list()
    assert found == [IDS[0], IDS[0], None]


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
    assert df["created_at"].to_list() == [
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
    assert "years 1 to 9999 in UTC: " in caught.value.faults[1]
    assert caught.value.faults[1].endswith("(row 0)")


AT_FAULT: list[Document] = [
    {"created_at": 1, "status": b"a", "source": 1.5, "name": "\ud800"},
    {"created_at": 2.5, "status": [], "utm_source": "\udfff", "name": None},
    {"created_at": [], "status": {}, "source": "a"},
    {"created_at": True, "status": None},
]


def test_every_field_at_fault_is_listed() -> None:
    expected = [
        "`created_at`: 4 values are not ISO 8601 date-times: 1 (row 0), 2.5 (row 1), [] (row 2), True (row 3)",
        "`source`: 1 values are not text: 1.5 (row 0)",
        "`status`: 3 values are not text: b'a' (row 0), [] (row 1), {} (row 2)",
        "`utm_source`: 1 values are not text: '\\udfff' (row 1)",
    ]
    assert faults(AT_FAULT) == expected
    # What is only searched is never at fault.
    for layout in (RecordLayout(), RecordLayout(search=("name",))):
        query = StatisticsQuery(search="ana")
        assert faults(AT_FAULT, query=query, layout=layout) == expected


@pytest.mark.parametrize("key", ["\ud800", 1, None, ("a",)], ids=ascii)
def test_a_field_may_have_any_name(key: Any) -> None:
    document = {"created_at": None, "status": None, key: "ads"}
    assert made(document, request=SEARCH)["text"].to_list() == ["ads"]
    assert made(document).columns == ["created_at", *list(NAMED)[1:]]
    [fault] = faults([{"status": None, key: "ads"}])
    assert fault.startswith("`created_at`: absent, ")


def test_text_beside_a_lone_surrogate_is_searched() -> None:
    plain = {"created_at": None, "status": None}
    records = [
        {**plain, "name": "Ana", "note": "\ud800"},
        {**plain, "name": "Ana", "note": "x"},
        {**plain, "name": "\udfffana\ud800"},
    ]
    assert appointment_statistics(records, StatisticsQuery(search="ana")).total == 3


@pytest.mark.parametrize("sign", [1, -1])
def test_a_whole_number_has_at_most_4300_digits(sign: int) -> None:
    longest = sign * (10**4_300 - 1)
    document = {"created_at": None, "status": longest, "source": longest}
    digits = "-" * (sign < 0) + "9" * 4_300
    df = made(document)
    assert df["status"].to_list() == df["source"].to_list() == [digits]
    longer = {**document, "source": longest + sign, "status": [longest + sign]}
    assert faults([longer]) == [
        "`source`: 1 values are not text: a `int` that cannot be shown (row 0)",
        "`status`: 1 values are not text: a `list` that cannot be shown (row 0)",
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
    assert made(*records)["status"].to_list() == ["true", "false", None]
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
    assert df["utm_source"].to_list() == ["flat", "nested", None, None]


def test_a_dotted_key_may_hold_the_object() -> None:
    records: list[Document] = [{"a.b": {"c": "x"}}, {"a": {"b": {"c": "y"}}}, {"a": 1}]
    assert made(*records, source="a.b.c")["source"].to_list() == ["x", "y", None]
    # As in a frame.
    df = pl.DataFrame([{"created_at": None, "status": None, **records[0]}])
    layout = RecordLayout(source="a.b.c")
    for given_as in (df, df.to_dicts()):
        stats = appointment_statistics(given_as, layout=layout)
        assert stats.source["value"].to_list() == ["x"]


def test_a_breakdown_that_no_document_has_is_unset_under_any_name() -> None:
    records: list[Document] = [{"created_at": None, "status": None, "config": {}}]
    assert appointment_statistics(records).utm_source["value"].to_list() == ["direct"]
    layout = RecordLayout(utm_source="config.utm_source")
    stats = appointment_statistics(records, layout=layout)
    assert stats.utm_source.rows() == [("direct", 1, 1, 0, 0, 1)]
    found = columns(*records, layout=layout)
    assert list(found.absent) == ["config.utm_source"]
    assert found.optional == {"config.utm_source"}


@pytest.mark.parametrize("role", ["created_at", "status", "appointment_type"])
def test_another_field_that_no_document_has_is_absent(role: str) -> None:
    records: list[Document] = [{"created_at": None, "status": None, "appointment_type": "NP"}]  # fmt: skip
    layout = RecordLayout.model_validate({role: "nowhere"})
    query = StatisticsQuery(appointment_type="NP")
    [fault] = faults(records, layout=layout, query=query)
    assert fault.startswith("`nowhere`: absent, needed ")
    assert fault.endswith("`created_at`, `status`, `appointment_type`")


@pytest.mark.parametrize("role", ["appointment_type", "integration_id"])
def test_a_field_that_is_named_but_not_needed_may_be_absent(role: str) -> None:
    records: list[Document] = [{"created_at": None, "status": None}]
    layout = RecordLayout.model_validate({role: "kind"})
    assert appointment_statistics(records, layout=layout).total == 1
    if role == "appointment_type":
        typed = [{**records[0], "kind": "NP"}]
        assert appointment_statistics(typed, layout=layout).total == 1
    [fault] = faults(pl.DataFrame(records), layout=layout)
    assert fault.startswith(f"`kind`: absent, needed as `{role}`; ")


@pytest.mark.parametrize("name", ["utm_campaign", "config.utm_campaign"])
def test_parts_in_which_no_document_has_a_field_add_up(name: str) -> None:
    campaign: Document = {"config": {"utm_campaign": "may"}, "utm_campaign": "may"}
    monday = [{"created_at": "2024-05-06", "status": "failed", **campaign}]
    tuesday = [{"created_at": "2024-05-07", "status": "failed"}]
    layout = RecordLayout(utm_campaign=name)
    parts = [appointment_statistics(it, layout=layout) for it in (monday, tuesday)]
    whole = appointment_statistics(monday + tuesday, layout=layout)
    assert merge_statistics(parts) == whole
    assert whole.utm_campaign.select("value", "count", "unset").rows() == [
        ("may", 1, 0),
        ("not set", 1, 1),
    ]


def test_a_search_in_no_field_is_a_fault() -> None:
    records = [{"created_at": None, "status": None, "name": "Ana"}]
    layout = RecordLayout(search=())
    [fault] = faults(records, query=StatisticsQuery(search="ana"), layout=layout)
    assert fault.startswith("`search`: the records have no text column to search in; ")
    assert appointment_statistics(records, layout=layout).total == 1


NEITHER = RecordLayout(successful=frozenset({"done"}), failed=frozenset({"no"}))


@pytest.mark.parametrize(
    ("statuses", "fault"),
    [
        ([True], True),
        ([True, None, False], True),
        ([True, "done"], False),
        ([None], False),
        ([None, "true"], False),
        ([1], False),
        ([], False),
    ],
    ids=str,
)
def test_statuses_that_are_all_boolean_need_a_word(
    statuses: list[Any], *, fault: bool
) -> None:
    records = [{"created_at": None, "status": status} for status in statuses]
    assert appointment_statistics(records).total == len(records)
    if fault:
        [line] = faults(records, layout=NEITHER)
        assert line.startswith("`status`: every value is Boolean, but the layout names")
    else:
        stats = appointment_statistics(records, layout=NEITHER)
        assert stats.total == len(records)


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


def test_a_bound_divides_the_nanoseconds_of_pandas_and_numpy() -> None:
    nanos = ["2024-05-01T00:00:00.000000500", "2024-05-01T00:00:00.000000501"]
    forms = [pd.Timestamp, np.datetime64, str]
    query = StatisticsQuery.model_validate({"end": f"{nanos[0]}Z"})
    for form in forms:
        records = [{"created_at": form(it), "status": None} for it in nanos]
        assert appointment_statistics(records, query).total == 1
    series = pl.Series(nanos).str.to_datetime(time_unit="ns")
    df = pl.DataFrame({"created_at": series, "status": None})
    assert appointment_statistics(df, query).total == 1


def test_a_field_of_a_further_dimension_may_be_in_no_document() -> None:
    layout = RecordLayout(breakdowns={"kind": "config.kind", "status": "status"})
    plain = {"created_at": None, "status": "late"}
    found = columns(plain, layout=layout)
    assert list(found.absent) == ["config.kind"] == list(found.optional)
    stats = appointment_statistics([plain], layout=layout)
    assert stats.breakdown("kind").rows() == [("not set", 1, 1, 0, 0, 1)]
    assert stats.breakdown("status").rows() == [("late", 1, 0, 0, 0, 1)]
    assert faults([{"created_at": None}], layout=layout) == [
        "`status`: absent, needed as `status`; the columns are `created_at`"
    ]


def test_a_value_that_two_dimensions_read_is_at_fault_once() -> None:
    layout = RecordLayout(breakdowns={"kind": "source", "text": "config"})
    rows = [{"created_at": None, "status": None, "source": [1], "config": {"a": 1}}]
    assert faults(rows, layout=layout) == [
        "`config`: 1 values are not text: {'a': 1} (row 0)",
        "`source`: 1 values are not text: [1] (row 0)",
    ]
