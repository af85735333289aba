import json
import pickle
import re
from datetime import date
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from stats_core import RecordLayout, StatisticsQuery
from stats_core.bounds import Period
from stats_core.errors import UnknownTimezoneError
from stats_core.mappings import FrozenMapping
from stats_core.request import Request, is_integration_id
from stats_core.text import in_any_case
from tests import reference
from tests.strategies import IDS, asks, zones

SEARCH = StatisticsQuery(search="ana (555)")


def test_by_default_all_records_are_pooled_on_the_days_of_utc() -> None:
    request = Request()
    assert request.query == StatisticsQuery()
    assert request.layout == RecordLayout()
    assert (request.integration_id, request.by_integration) == (None, False)
    assert (request.timezone, request.zone) == ("UTC", ZoneInfo("UTC"))
    assert (request.engine, request.period, request.patterns) == ("auto", Period(), ())


@given(text=st.text("0123456789abcdefg\n", min_size=22, max_size=26))
def test_integration_ids_are_what_the_page_says(text: str) -> None:
    expected = len(text) == 24 and not re.search(r"[^0-9a-f]", text)
    assert is_integration_id(text) == expected
    try:
        Request(integration_id=text)
    except ValidationError:
        assert not expected
    else:
        assert expected


@pytest.mark.parametrize("key", [*IDS, "0123456789abcdef01234567"])
def test_an_id_of_the_published_form_is_accepted(key: str) -> None:
    assert is_integration_id(key)
    assert Request(integration_id=key).integration_id == key


def test_an_integration_id_has_the_published_pattern() -> None:
    schema = Request.model_json_schema()["properties"]["integration_id"]
    assert schema["anyOf"][0]["pattern"] == "^[0-9a-f]{24}$"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("query", 7), ("query", "ana"), ("query", None), ("query", {"x": 1})),
        *(("layout", 7), ("layout", None), ("layout", {"source": ""})),
        *(("integration_id", 7), ("integration_id", "all"), ("integration_id", b"")),
        *(("by_integration", None), ("by_integration", "each")),
        *(("timezone", None), ("timezone", 7)),
        *(("engine", "warp"), ("engine", None), ("engine", 7)),
        ("zone", "UTC"),
    ],
    ids=ascii,
)
def test_an_argument_of_the_wrong_kind_is_a_validation_error(
    name: str, value: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        Request(**{name: value})
    assert {error["loc"][0] for error in caught.value.errors()} == {name}


@pytest.mark.parametrize("name", ["Mars/Base", "\ud800", "", "localtime"], ids=ascii)
def test_an_unknown_zone_has_an_error_of_its_own(name: str) -> None:
    with pytest.raises(UnknownTimezoneError, match="unknown time zone"):
        Request(timezone=name)


def test_a_zone_and_an_id_may_be_given_as_objects() -> None:
    class ObjectId:
        def __str__(self) -> str:
            return IDS[0]

    request = Request(integration_id=ObjectId(), timezone=ZoneInfo("Asia/Tokyo"))
    assert (request.integration_id, request.timezone) == (IDS[0], "Asia/Tokyo")
    assert request.zone == ZoneInfo("Asia/Tokyo")


def test_a_request_is_split_by_the_days_of_its_dates() -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-02", search="ana")
    request = Request(
        query=query,
        timezone="Asia/Tokyo",
        by_integration=True,
        where={"outcome": ["failed"]},
        hours=True,
    )
    first, second = request.by_day().values()
    assert [*request.by_day()] == [date(2024, 5, 1), date(2024, 5, 2)]
    assert first.period.end == second.period.start
    assert {first.query.search, second.query.search} == {"ana"}
    assert first.by_integration
    assert first.question() == request.question()


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"start": "2024-05-01"},
        {"end": "2024-05-01"},
        {"start": "2024-05-01", "end": "2024-05-02T00:00Z"},
        {"start": "2024-05-01T00:00Z", "end": "2024-05-02"},
    ],
    ids=str,
)
def test_only_two_dates_can_be_split_by_day(bounds: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="a start and an end that are dates"):
        Request(query=bounds).by_day()


def test_every_wrong_argument_is_named_at_once() -> None:
    with pytest.raises(ValidationError) as caught:
        Request(query=7, integration_id="all", timezone=7, engine="warp")
    found = [error["loc"] for error in caught.value.errors()]
    assert found == [("query",), ("integration_id",), ("timezone",), ("engine",)]


def test_a_query_and_a_layout_may_be_given_as_mappings() -> None:
    request = Request(query={"appointmentType": "NP"}, layout={"source": "clinic"})
    assert request.query == StatisticsQuery(appointment_type="NP")
    assert request.layout == RecordLayout(source="clinic")


def test_a_request_is_only_read() -> None:
    request = Request(timezone="Asia/Tokyo")
    with pytest.raises(ValidationError, match="frozen"):
        request.timezone = "UTC"  # type: ignore[misc]
    assert request == Request(timezone="Asia/Tokyo")
    assert request != Request()


@pytest.mark.parametrize(
    ("options", "scoped"),
    [
        *(({}, False), ({"by_integration": True}, True)),
        *(({"integration_id": IDS[0]}, True), ({"integration_id": None}, False)),
    ],
)
def test_records_carry_an_integration_only_where_it_is_requested(
    options: dict[str, Any], *, scoped: bool
) -> None:
    assert Request(**options).scoped is scoped


@given(data=st.data())
def test_the_period_is_that_of_the_query_in_its_zone(data: st.DataObject) -> None:
    zone = data.draw(zones())
    ask = data.draw(asks(zone))
    first, last = reference.bounds(ask, zone)
    request = Request(query=ask, timezone=zone)
    assert request.zone == ZoneInfo(zone)
    assert request.period == (first, None if last is None else last + 1)


def test_bounds_out_of_order_in_the_zone_are_refused_at_once() -> None:
    query = StatisticsQuery(start="2024-05-02T03:00:00Z", end="2024-05-01")
    assert Request(query=query, timezone="America/New_York").period
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        Request(query=query)


def test_long_keywords_are_searched_first_and_each_only_once() -> None:
    words = ["north", "ana", "eva", "F/U", "ana"]
    expected = tuple(map(in_any_case, ["north", "F/U", "ana", "eva"]))
    for order in permutations(words):
        assert Request(query={"search": " ".join(order)}).patterns == expected


def test_a_blank_search_has_no_patterns() -> None:
    for search in (None, "", " \t\u2003"):
        assert Request(query={"search": search}).patterns == ()


SAME_QUESTIONS: list[dict[str, Any]] = [
    {"query": SEARCH},
    {"query": {"search": " (555)  ana ana"}},
    {"query": {"search": "ana (555)", "start": "2024-05-01", "page": 2, "size": 7}},
    {"query": SEARCH, "layout": {"source": "clinic"}, "engine": "streaming"},
]
OTHER_QUESTIONS: list[dict[str, Any]] = [
    {},
    {"query": {"search": "ana"}},
    {"query": {"search": "ana (555)", "appointment_type": "NP"}},
    {"query": SEARCH, "timezone": "Asia/Tokyo"},
    {"query": SEARCH, "integration_id": IDS[0]},
    {"query": SEARCH, "layout": {"breakdowns": {"clinic": "source"}}},
    {"query": SEARCH, "hours": True},
    {"query": SEARCH, "where": {"source": ["ads"]}},
    {"query": SEARCH, "where": {"source": ["ads"], "outcome": ["failed"]}},
]


def test_answers_add_up_only_where_their_questions_are_the_same() -> None:
    expected = Request(**SAME_QUESTIONS[0]).question()
    for same in SAME_QUESTIONS:
        assert Request(**same).question() == expected
    for other in OTHER_QUESTIONS:
        assert Request(**other).question() != expected


def test_labels_are_the_same_in_any_order_and_form() -> None:
    forms: list[Any] = [
        {"source": ["b", "a", "b"], "outcome": "failed"},
        {"outcome": ("failed",), "source": {"a", "b"}},
        FrozenMapping({"outcome": ["failed"], "source": ["a", "b"]}),
    ]
    requests = [Request(where=where) for where in forms]
    for request in requests:
        assert request.where == {"outcome": ("failed",), "source": ("a", "b")}
        assert request == requests[0]
        assert hash(request) == hash(requests[0])
        assert request.question() == requests[0].question()
        assert pickle.loads(pickle.dumps(request)) == request  # noqa: S301 - its own
        assert Request.model_validate(request.model_dump()) == request


def test_labels_of_a_further_dimension_need_it_in_the_layout() -> None:
    layout = RecordLayout(breakdowns={"clinic": "clinic"})
    assert Request(where={"clinic": "north"}, layout=layout).where["clinic"] == (
        "north",
    )
    with pytest.raises(
        ValidationError, match="no dimension clinic; there are source, "
    ):
        Request(where={"clinic": "north"})
    with pytest.raises(ValidationError, match="utm_campaign, clinic, outcome"):
        Request(where={"clinc": "north"}, layout=layout)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ({"trends": ["a"]}, "no dimension trends; there are source, utm_source"),
        ({"outcome": ["late"]}, "no outcome late; there are successful, failed, other"),
        ({"outcome": ["Failed"]}, "no outcome Failed"),
        ({"source": []}, "expected at least one label, got none"),
        ({"source": ""}, "expected a label as an answer shows it"),
        ({"source": ["a", " b"]}, "expected a label as an answer shows it"),
        ({"source": ["b\u200b"]}, "expected a label as an answer shows it"),
        ({"source": None}, "Input should be a valid tuple"),
        ({"source": [7]}, "Input should be a valid string"),
        ({"source": ["\ud800"]}, "expected a label as an answer shows it"),
        ({"\ud800": ["a"]}, "expected Unicode text, got a lone surrogate"),
        ({7: ["a"]}, "Input should be a valid string"),
        (None, "Input should be a valid dictionary"),
        ("source=ads", "Input should be a valid dictionary"),
    ],
)
def test_a_label_that_no_answer_can_have_is_refused(where: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as caught:
        Request(where=where)
    json.dumps(caught.value.errors(include_url=False), default=str)


def test_all_arguments_are_examined_although_the_layout_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        Request(layout={"source": ""}, where={"x": ["a"]})
    assert [it["loc"] for it in caught.value.errors()] == [
        ("layout", "source"),
        ("where",),
    ]
