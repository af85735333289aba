import copy
import datetime as dt
import pickle
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from stats_core import AppointmentType, StatisticsQuery
from stats_core.bounds import Instant, Period, parse_bound
from tests import reference
from tests.strategies import EDGE_DAYS, TYPES, asks, zones

UTC_ZONE, TOKYO = ZoneInfo("UTC"), ZoneInfo("Asia/Tokyo")

# The query parameters of the endpoint's published page.
PUBLISHED = {
    "appointmentType": {"type": "enum", "nullable": True, "default": None},
    "size": {"type": "integer", "default": 300, "minimum": 1},
    "page": {"type": "integer", "default": 1, "minimum": 1},
    "search": {"type": "string", "nullable": True, "default": None},
    "start": {"type": "date-time", "nullable": True, "default": None},
    "end": {"type": "date-time", "nullable": True, "default": None},
}
DESCRIPTIONS = {
    "appointmentType": "Filter statistics by appointment type",
    "size": "Number of items per page",
    "page": "Page number",
    "search": "Search keywords",
    "start": "Filter by start time (ISO 8601 format)",
    "end": "Filter by end time (ISO 8601 format)",
}
PUBLISHED_TYPES = [
    *("NP", "F/U", "ASC_FU", "FU Tele", "PROCEDURE", "PROV_USE", "RAP_ACCESS"),
]


def facts(prop: dict[str, Any]) -> dict[str, Any]:
    kinds = prop.get("anyOf", [prop])
    held = [kind for kind in kinds if kind.get("type") != "null"]
    assert len(held) == 1
    [kind] = held
    name = "enum" if "$ref" in kind else kind.get("format", kind.get("type"))
    found: dict[str, Any] = {"type": name, "default": prop["default"]}
    if len(kinds) > 1:
        found["nullable"] = True
    if "minimum" in prop:
        found["minimum"] = prop["minimum"]
    return found


def test_the_schema_is_the_published_one() -> None:
    schema = StatisticsQuery.model_json_schema()
    properties = schema["properties"]
    assert {name: facts(prop) for name, prop in properties.items()} == PUBLISHED
    assert list(properties) == list(PUBLISHED)
    assert "required" not in schema
    assert {n: p["description"] for n, p in properties.items()} == DESCRIPTIONS
    enum = schema["$defs"]["AppointmentType"]
    assert (enum["type"], enum["enum"]) == ("string", PUBLISHED_TYPES)


def test_appointment_types_are_the_published_ones() -> None:
    assert [kind.value for kind in AppointmentType] == PUBLISHED_TYPES
    assert list(TYPES) == PUBLISHED_TYPES


def test_defaults_are_the_published_ones() -> None:
    assert StatisticsQuery().model_dump(by_alias=True) == {
        name: facts["default"] for name, facts in PUBLISHED.items()
    }


def test_both_spellings_of_the_type_are_accepted() -> None:
    one = StatisticsQuery.model_validate({"appointmentType": "F/U"})
    assert one == StatisticsQuery(appointment_type="F/U")
    assert one == StatisticsQuery(appointment_type=AppointmentType.F_U)


def test_a_query_is_a_value() -> None:
    query = StatisticsQuery(search="ana")
    assert hash(query) == hash(StatisticsQuery(search="ana"))
    with pytest.raises(ValidationError, match="frozen"):
        query.page = 2  # type: ignore[misc]


def test_a_query_survives_its_json() -> None:
    query = StatisticsQuery(
        appointment_type="NP", start="2024-05-01", end="2024-05-02T03:04:05.000006Z"
    )
    assert StatisticsQuery.model_validate_json(query.model_dump_json()) == query


@pytest.mark.parametrize("key", ["Page", "appointment", "startDate", "", "utm_source"])
def test_an_unknown_key_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        StatisticsQuery.model_validate({key: None})


@pytest.mark.parametrize("kind", ["np", "NP ", "F-U", "all", 1], ids=ascii)
def test_an_unknown_type_is_refused(kind: Any) -> None:
    for name in ("appointment_type", "appointmentType"):
        with pytest.raises(ValidationError, match=name):
            StatisticsQuery.model_validate({name: kind})


@pytest.mark.parametrize("blank", ["", " ", "\u00a0", "\t\n"], ids=ascii)
@pytest.mark.parametrize("name", ["appointmentType", "search", "start", "end"])
def test_blank_text_of_a_form_means_not_given(name: str, blank: str) -> None:
    assert StatisticsQuery.model_validate({name: blank}) == StatisticsQuery()


@pytest.mark.parametrize("text", ["2024-05-01T10:00 02:00", "2024-05-01T10:00:00 0200"])
def test_an_offset_whose_plus_became_a_space_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(ValidationError, match=r"write its `\+` as `%2B`"):
        StatisticsQuery(start=text)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00.1234567Z", 123_456_700),
        ("1970-01-01T00:00:00.123456789Z", 123_456_789),
        ("1970-01-01T01:00:00,000000001+01:00", 1),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_bounds_are_exact_in_nanoseconds(text: str, nanoseconds: int) -> None:
    query = StatisticsQuery(start=text, end=text)
    assert query.period(UTC_ZONE) == Period(nanoseconds, nanoseconds + 1)
    assert StatisticsQuery.model_validate_json(query.model_dump_json()) == query
    assert copy.deepcopy(query) == query
    assert pickle.loads(pickle.dumps(query)) == query  # noqa: S301 - our own
    assert hash(query.start) == hash(query.end)
    assert query.start != StatisticsQuery(start=text[:26] + "Z").start
    assert query.start is not None
    assert query.start.isoformat().endswith("+00:00")


def test_what_a_query_shows_makes_it_again() -> None:
    query = StatisticsQuery(
        start="2024-11-02T23:59:59.499999998Z", end="2024-11-02T23:59:59.499999999Z"
    )
    names = {"StatisticsQuery": StatisticsQuery, "Instant": Instant}
    again = eval(repr(query), {**names, "datetime": dt})  # noqa: S307
    assert again == query
    assert repr(query.start) != repr(query.end)


def test_an_exact_bound_equals_nothing_but_date_times() -> None:
    bound = parse_bound("2024-05-01T00:00:00.000000001Z")
    assert bound not in (None, "2024-05-01", 1, date(2024, 5, 1))


def test_bounds_a_nanosecond_apart_are_out_of_order() -> None:
    first, second = (f"2024-05-01T00:00:00.00000000{n}Z" for n in (1, 2))
    StatisticsQuery(start=first, end=second)
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        StatisticsQuery(start=second, end=first)


def test_a_bound_of_pandas_keeps_its_nanoseconds() -> None:
    at = pd.Timestamp("2024-05-01T00:00:00.000000001Z")
    assert StatisticsQuery(start=at).period(UTC_ZONE).start == at.value


@pytest.mark.parametrize("name", ["page", "size"])
@pytest.mark.parametrize(
    "value",
    [0, -1, -(10**30), 1.5, "1.5", "0", "x", "", None, "1e3", float("nan"), "9" * 4301],
    ids=ascii,
)
def test_pages_and_sizes_are_whole_numbers_from_one(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        StatisticsQuery.model_validate({name: value})


@pytest.mark.parametrize("name", ["page", "size"])
@pytest.mark.parametrize(
    ("value", "read"), [("7", 7), (2.0, 2), (10**30, 10**30)], ids=ascii
)
def test_pages_and_sizes_may_be_text_and_huge(
    name: str, value: object, read: int
) -> None:
    assert getattr(StatisticsQuery.model_validate({name: value}), name) == read


@pytest.mark.parametrize(
    "value",
    [0, 1, 1714521600, 1714521600.0, 1714521600000, True, "1714521600", "1714521600000"]
    + ["20240501", "2024", "2024-05", "-1", "1e9", "today", "2024-W18-3"]
    + ["2024-05-01T10:00+05:99", "2024-05-01T10:00+05:", "2024-05-01T10:00+5"]
    + ["2024-05-01T10:00:00.1234567891Z", "2024-05-01T10:00.5", "2024-05-01T10:00:00.Z"]
    + ["2024-122", "2024-13-01", "2024-02-30", "2024-05-01T", "2024-05-01T24:00:00"]
    + ["2024-05-01T10", "2024-05-01T10:61", "2024-05-01T23:59:60Z", "01/05/2024"]
    + ["2024-05-01T10:00+25:00", "2024-05-01T10:00 02:00", "2024-05-01T10:00:00ZZ"]
    + ["0000-01-01", "10000-01-01", "2024-05-01\x00", "\ud800", "\u0662024-05-01"]
    + ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", b"2024-05-01", [], {}]
    + [timedelta(1), datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))],
    ids=ascii,
)
@pytest.mark.parametrize("name", ["start", "end"])
def test_a_bound_is_never_a_number_nor_other_text(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=rf"(?s)1 validation error.*{name}"):
        StatisticsQuery.model_validate({name: value})


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2024-05-01", date(2024, 5, 1)),
        (" 2024-05-01 ", date(2024, 5, 1)),
        (date(2024, 5, 1), date(2024, 5, 1)),
        ("2024-05-01T09:30", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("2024-05-01 09:30:00", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("2024-05-01t09:30:00z", datetime(2024, 5, 1, 9, 30, tzinfo=UTC)),
        ("2024-05-01T09:30:00.5Z", datetime(2024, 5, 1, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-05-01T09:30:00+05:45", datetime(2024, 5, 1, 3, 45, tzinfo=UTC)),
        ("2024-05-01T09:30:00-0330", datetime(2024, 5, 1, 13, tzinfo=UTC)),
        ("2024-05-01T09:30:00+02", datetime(2024, 5, 1, 7, 30, tzinfo=UTC)),
        (
            "2024-05-01T23:59:59.999Z",
            datetime(2024, 5, 1, 23, 59, 59, 999_000, tzinfo=UTC),
        ),
        (datetime(2024, 5, 1), datetime(2024, 5, 1, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2024, 7, 1, tzinfo=ZoneInfo("America/New_York")),
            datetime(2024, 7, 1, 4, tzinfo=UTC),
        ),
        (pd.Timestamp("2024-05-01T02:00+02:00"), datetime(2024, 5, 1, tzinfo=UTC)),
    ],
    ids=ascii,
)
def test_bounds_are_iso_8601_or_objects(value: object, read: date) -> None:
    found = StatisticsQuery.model_validate({"start": value}).start
    assert found == read == parse_bound(value)
    assert type(found) is type(read)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-05-02", "2024-05-01"),
        ("2024-05-01T00:00:00.000001Z", "2024-05-01T00:00:00Z"),
        ("2024-05-01T00:00:00-01:00", "2024-05-01T00:30:00Z"),
        (datetime(2024, 5, 1, 1), datetime(2024, 5, 1, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_a_start_after_its_end_is_refused(start: object, end: object) -> None:
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        StatisticsQuery.model_validate({"start": start, "end": end})


@pytest.mark.parametrize("bound", ["2024-05-01", "2024-05-01T00:00:00Z"])
def test_a_start_may_equal_its_end(bound: str) -> None:
    query = StatisticsQuery(start=bound, end=bound)
    start, end = query.period(UTC_ZONE)
    assert start is not None
    assert end is not None
    assert start < end


@pytest.mark.parametrize(
    ("ask", "zone"),
    [
        ({"start": "2024-05-02T00:00:00Z", "end": "2024-05-01"}, "UTC"),
        ({"start": "2024-05-02", "end": "2024-05-01T23:59:59.999999Z"}, "UTC"),
        ({"start": "2024-05-01", "end": "2024-05-01T03:59:59Z"}, "America/New_York"),
    ],
)
def test_mixed_bounds_out_of_order_in_their_zone_are_refused(
    ask: dict[str, Any], zone: str
) -> None:
    query = StatisticsQuery(**ask)
    with pytest.raises(ValidationError, match=r"(?s)end.*`start` is after `end`"):
        query.period(ZoneInfo(zone))


@given(data=st.data())
def test_periods_are_those_of_the_reference(data: st.DataObject) -> None:
    zone = data.draw(zones())
    ask = data.draw(asks(zone))
    first, last = reference.bounds(ask, zone)
    start, end = StatisticsQuery(**ask).period(ZoneInfo(zone))
    assert (start, end) == (first, None if last is None else last + 1)


@pytest.mark.parametrize(("zone", "day"), EDGE_DAYS)
def test_windows_of_dates_tile(zone: str, day: date) -> None:
    calendar = [day + timedelta(days=step) for step in range(-3, 4)]
    there = ZoneInfo(zone)
    periods = [StatisticsQuery(start=d, end=d).period(there) for d in calendar]
    assert [p.end for p in periods[:-1]] == [p.start for p in periods[1:]]
    whole = StatisticsQuery(start=calendar[0], end=calendar[-1]).period(there)
    assert whole == (periods[0].start, periods[-1].end)


def test_open_ends_stay_open() -> None:
    assert StatisticsQuery().period(TOKYO) == Period()
    assert Period().within((3, 4)) == (3, 4)


@pytest.mark.parametrize(
    ("start", "end", "part"),
    [
        *((-1, None, (-1, 9)), (0, None, (0, 9)), (4 * 10**9 + 1, None, (4, 9))),
        *((None, 4 * 10**9, (-5, 4)), (None, 4 * 10**9 - 1, (-5, 3))),
        *((-9 * 10**9, 99 * 10**9, (-5, 9)), (None, -1, (-5, -1))),
        *((1, 2, (0, 0)), (7 * 10**9, 8 * 10**9, (7, 8))),
    ],
)
def test_the_seconds_of_a_period_contain_all_of_it(
    start: int | None, end: int | None, part: tuple[int, int]
) -> None:
    assert Period(start, end).within((-5, 9)) == part


def test_the_ends_of_the_calendar_are_bounds() -> None:
    start, end = StatisticsQuery(start=date.min, end=date.max).period(TOKYO)
    assert start is not None
    assert end is not None
    assert start < -62_135_596_800 * 10**9 < 253_402_268_400 * 10**9 == end


@pytest.mark.parametrize("search", [None, "", " \t\n\u00a0\u2003"])
def test_a_blank_search_has_no_keywords(search: str | None) -> None:
    assert StatisticsQuery(search=search).keywords() == []


def test_keywords_are_split_on_any_white_space() -> None:
    query = StatisticsQuery(search="\tana\u00a0 F/U\u2003(555)\n")
    assert query.keywords() == ["ana", "F/U", "(555)"]


def test_a_search_has_at_most_a_thousand_characters() -> None:
    assert StatisticsQuery(search="\U0001f600" * 1000).search == "\U0001f600" * 1000
    with pytest.raises(ValidationError, match="at most 1000 characters, got 1001"):
        StatisticsQuery(search="a" * 1001)


@pytest.mark.parametrize("search", ["\ud800", 1, b"ana", ["ana"]])
def test_a_search_is_unicode_text(search: Any) -> None:
    with pytest.raises(ValidationError, match="search"):
        StatisticsQuery(search=search)


@given(text=st.text(st.characters(exclude_categories=()), max_size=20))
def test_no_text_is_worse_than_a_validation_error(text: str) -> None:
    for name in ("search", "start", "end", "appointmentType", "page", "size", text):
        with suppress(ValidationError):
            StatisticsQuery.model_validate({name: text}).period(UTC_ZONE)


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_blank_text_is_not_given(blank: str) -> None:
    names = ("appointment_type", "search", "start", "end")
    query = StatisticsQuery.model_validate(dict.fromkeys(names, blank))
    assert query.keywords() == []
    assert (query.appointment_type, query.start, query.end) == (None, None, None)
