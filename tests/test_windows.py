from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, strategies as st
from pydantic import ValidationError

from stats_core import StatisticsQuery, appointment_statistics, merge_statistics
from stats_core.bounds import bound_text, nanoseconds
from stats_core.errors import UnknownTimezoneError
from tests import reference
from tests.strategies import (
    LABELS,
    a_part_of_the_examples,
    documents,
    frame,
    instants,
    zones,
)

DATES = st.dates(date(1905, 1, 1), date(2095, 1, 1))
BERLIN = "Europe/Berlin"


def window(query: StatisticsQuery) -> tuple[str, str]:
    assert query.start is not None
    assert query.end is not None
    return bound_text(query.start), bound_text(query.end)


def of(start: object, end: object) -> StatisticsQuery:
    return StatisticsQuery.model_validate({"start": start, "end": end})


@st.composite
def queries(draw: st.DrawFn, zone: str) -> StatisticsQuery:
    """Two dates, two instants to the nanosecond, or one of each, in order."""
    first, last = sorted(draw(st.tuples(instants(zone), instants(zone))))
    digits = [f"{draw(st.integers(0, 999)):03}" for _ in range(2)]
    texts = [
        at.isoformat(timespec="microseconds").replace("+00:00", f"{extra}Z")
        for at, extra in zip((first, last), sorted(digits), strict=True)
    ]
    days = [reference.local_day(nanoseconds(at), zone) for at in (first, last)]
    ends: list[tuple[object, object]] = [
        *((days[0], days[1]), (texts[0], texts[1])),
        *((days[0], texts[1]), (texts[0], days[1])),
    ]
    return of(*draw(st.sampled_from(ends)))


@given(data=st.data(), zone=zones())
def test_the_time_before_ends_where_the_window_starts(
    data: st.DataObject, zone: str
) -> None:
    query = data.draw(queries(zone))
    there = ZoneInfo(zone)
    before = query.previous(zone)
    earlier = before.previous(there)
    windows = [one.period(there) for one in (earlier, before, query)]
    assert [one.end for one in windows[:-1]] == [one.start for one in windows[1:]]
    if isinstance(before.start, datetime):
        lengths = {one.end - one.start for one in windows}  # type: ignore[operator]
        assert len(lengths) == 1


@given(start=DATES, days=st.integers(1, 800), zone=zones())
def test_dates_give_as_many_dates(start: date, days: int, zone: str) -> None:
    end = start + timedelta(days=days - 1)
    before = of(start, end).previous(zone)
    assert before.end == start - timedelta(days=1)
    assert before.start == start - timedelta(days=days)


@a_part_of_the_examples(3)
@given(data=st.data(), zone=zones())
def test_both_windows_count_what_the_whole_counts(
    data: st.DataObject, zone: str
) -> None:
    query = data.draw(queries(zone))
    records = frame(data.draw(documents(zone)))
    before = query.previous(zone)
    parts = [
        appointment_statistics(records, one, timezone=zone) for one in (before, query)
    ]
    whole = StatisticsQuery(start=before.start, end=query.end)
    assert merge_statistics(parts) == appointment_statistics(
        records, whole, timezone=zone
    )


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2024-05-01", "2024-05-01", ("2024-04-30", "2024-04-30")),
        ("2024-03-01", "2024-03-31", ("2024-01-30", "2024-02-29")),
        (
            "2024-05-01T00:00:00Z",
            "2024-05-01T23:59:59.999999999Z",
            ("2024-04-30T00:00:00Z", "2024-04-30T23:59:59.999999999Z"),
        ),
        (
            "2024-05-01T00:00:00Z",
            "2024-05-01T00:00:00Z",
            ("2024-04-30T23:59:59.999999999Z", "2024-04-30T23:59:59.999999999Z"),
        ),
        (  # the local day has 23 hours, of which 13 are before noon
            "2024-03-31",
            "2024-03-31T11:59:59.999999999+02:00",
            ("2024-03-30T12:00:00Z", "2024-03-30T22:59:59.999999999Z"),
        ),
    ],
)
def test_the_window_just_before(start: str, end: str, before: tuple[str, str]) -> None:
    assert window(of(start, end).previous(BERLIN)) == before


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2024-02-29", "2024-02-29", ("2023-02-28", "2023-02-28")),
        ("2025-02-01", "2025-02-28", ("2024-02-01", "2024-02-28")),
        ("2025-03-01", "2025-03-01", ("2024-03-01", "2024-03-01")),
        (  # from summer time to summer time that starts later
            "2025-03-30T03:30:00+02:00",
            "2025-07-01T12:00:00.123456789+02:00",
            ("2024-03-30T02:30:00Z", "2024-07-01T10:00:00.123456789Z"),
        ),
        (  # 02:30 does not exist on 31 March 2024, so it is 03:30
            "2025-03-31T02:30:00+02:00",
            "2025-03-31T04:00:00+02:00",
            ("2024-03-31T01:30:00Z", "2024-03-31T02:00:00Z"),
        ),
        (  # 02:30 exists twice on 27 October 2024: the first of them
            "2025-10-27T02:30:00+01:00",
            "2025-10-27T02:30:00+01:00",
            ("2024-10-27T00:30:00Z", "2024-10-27T00:30:00Z"),
        ),
        (  # the second 02:30 of 26 October 2025 is the only one of the year before
            "2025-10-26T01:30:00Z",
            "2025-10-26",
            ("2024-10-26T00:30:00Z", "2024-10-26"),
        ),
    ],
)
def test_the_window_of_the_year_before(
    start: str, end: str, before: tuple[str, str]
) -> None:
    assert window(of(start, end).year_before(BERLIN)) == before


def test_a_time_that_exists_twice_in_both_years_is_the_first_one() -> None:
    at = "2018-09-21T23:30:00+03:30"  # the second time that Tehran's clocks show it
    before = of(at, at).year_before("Asia/Tehran")
    assert window(before) == ("2017-09-21T19:00:00Z", "2017-09-21T19:00:00Z")


def clamped(day: date) -> date:
    try:
        return date(day.year - 1, day.month, day.day)
    except ValueError:
        return date(day.year - 1, 2, 28)


@example(zone="UTC", start=date(2024, 2, 29), days=1)
@example(zone="UTC", start=date(2024, 2, 28), days=2)
@given(zone=zones(), start=DATES, days=st.integers(1, 800))
def test_dates_are_those_of_the_calendar_a_year_before(
    zone: str, start: date, days: int
) -> None:
    end = start + timedelta(days=days - 1)
    before = of(start, end).year_before(zone)
    assert (before.start, before.end) == (clamped(start), clamped(end))


@given(data=st.data(), zone=zones())
def test_instants_show_the_same_clock_a_year_before(
    data: st.DataObject, zone: str
) -> None:
    at = data.draw(instants(zone))
    there = ZoneInfo(zone)
    before = of(at, at).year_before(zone).start
    assert isinstance(before, datetime)
    clock = at.astimezone(there).replace(tzinfo=None)
    wanted = datetime.combine(clamped(clock.date()), clock.time(), there)
    shown = before.astimezone(there)
    assert before == wanted.astimezone(UTC)
    if shown.replace(tzinfo=None, fold=0) == wanted.replace(tzinfo=None, fold=0):
        assert shown.fold == 0
    else:  # the time does not exist
        assert shown.replace(tzinfo=None) > wanted.replace(tzinfo=None)


@pytest.mark.parametrize("move", ["previous", "year_before"])
@pytest.mark.parametrize(
    ("bounds", "absent"),
    [
        ({}, ["start", "end"]),
        ({"start": "2024-05-01"}, ["end"]),
        ({"end": "2024-05-01T00:00Z"}, ["start"]),
    ],
)
def test_an_open_window_has_no_time_before(
    move: str, bounds: dict[str, Any], absent: list[str]
) -> None:
    with pytest.raises(ValidationError, match="`start` and `end` are needed") as caught:
        getattr(StatisticsQuery(**bounds), move)("Asia/Tokyo")
    assert [fault["loc"] for fault in caught.value.errors()] == [(n,) for n in absent]


@pytest.mark.parametrize("move", ["previous", "year_before"])
@pytest.mark.parametrize(
    "bound", [date(1, 1, 1), datetime(1, 1, 1, tzinfo=UTC), "0001-01-01"]
)
def test_there_is_no_time_before_the_year_1(move: str, bound: object) -> None:
    with pytest.raises(ValidationError, match="not in the years 1 to 9999"):
        getattr(of(bound, bound), move)("Asia/Tokyo")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2024-02-28T18:00Z", "2024-02-29T06:00Z"),
        ("2024-02-28T18:00Z", "2024-02-28T12:00Z"),
        ("2024-02-29", "2024-02-28T12:00Z"),
    ],
)
def test_a_window_whose_bounds_are_out_of_order_is_refused(
    start: str, end: str
) -> None:
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        of(start, end).year_before()


def test_bounds_can_come_out_of_order_because_of_a_date() -> None:
    query = of("2024-02-29", "2024-02-29T12:00Z")
    assert window(query.year_before()) == ("2023-02-28", "2023-02-28T12:00:00Z")
    mixed = of("2024-02-28T18:00Z", "2024-02-29")
    assert window(mixed.year_before()) == ("2023-02-28T18:00:00Z", "2023-02-28")
    # Apia had no 30 December 2011, so its noon is read as that of the 31st.
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        of("2012-12-30T12:00:00+14:00", "2012-12-30").year_before("Pacific/Apia")


def test_an_unknown_zone_is_refused() -> None:
    query = of("2024-05-01", "2024-05-01")
    for move in (query.previous, query.year_before):
        with pytest.raises(UnknownTimezoneError):
            move("Mars/Base")


@pytest.mark.parametrize("zone", [None, 7])
def test_a_zone_that_is_no_text_is_refused(zone: Any) -> None:
    query = of("2024-05-01", "2024-05-01")
    for move in (query.previous, query.year_before):
        with pytest.raises(TypeError, match=r"^timezone: expected `str`, got"):
            move(zone)


class LocalQuery(StatisticsQuery):
    label: str = "none"


@pytest.mark.parametrize("move", ["previous", "year_before"])
def test_only_the_bounds_change(move: str) -> None:
    bounds = {"start": "2024-05-01", "end": "2024-05-07"}
    given = {"appointmentType": "F/U", "search": LABELS[-1], "size": 7}
    query = LocalQuery.model_validate({**bounds, **given, "label": "mine"})
    before = getattr(query, move)(ZoneInfo("Asia/Tokyo"))
    assert type(before) is LocalQuery
    assert before.model_copy(update={"start": query.start, "end": query.end}) == query
    assert before.model_fields_set == query.model_fields_set
    assert window(query) == ("2024-05-01", "2024-05-07")
