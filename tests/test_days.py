from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import days
from tests import reference
from tests.strategies import EDGE_DAYS, ZONES, instants, zones

ALL_ZONES = sorted(available_timezones() - {"localtime"})  # the machine's own
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CENTURIES = st.datetimes(
    datetime(1830, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    datetime(2120, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


def second(at: datetime) -> int:
    return (at - EPOCH) // timedelta(seconds=1)


def number(day: date) -> int:
    return (day - EPOCH.date()).days


def local_days(
    seconds: list[int], zone: str, unit: days.TimeUnit = "us", fraction: int = 0
) -> list[date]:
    ticks = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    at = pl.Series([each * ticks + fraction for each in seconds], dtype=pl.Int64)
    day = days.local_day(
        pl.lit(at).cast(pl.Datetime(unit, "UTC")),
        ZoneInfo(zone),
        unit=unit,
        first=min(seconds),
        last=max(seconds),
    )
    return pl.select(day).to_series().to_list()


def clocks(seconds: list[int], zone: str) -> list[date]:
    there = ZoneInfo(zone)
    return [(EPOCH + timedelta(seconds=s)).astimezone(there).date() for s in seconds]


def first_instants(calendar: list[date], zone: str) -> list[datetime]:
    return days.first_instants(calendar, ZoneInfo(zone))


def first_instant(day: date, zone: str) -> datetime:
    return reference.as_datetime(reference.first_instant(day, zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_local_days_are_those_of_the_clocks_around_each_edge_day(
    zone: str, unit: days.TimeUnit
) -> None:
    seconds = [
        second(datetime(day.year, day.month, day.day, tzinfo=UTC)) + 1800 * step + off
        for _, day in EDGE_DAYS
        for step in range(-72, 120)
        for off in (-1, 0, 1, 60)
    ]
    expected = clocks(seconds, zone)
    assert local_days(seconds, zone, unit) == expected
    assert local_days(seconds, zone, unit, fraction=999) == expected


@pytest.mark.parametrize("zone", ZONES)
def test_days_begin_when_the_clocks_say_around_each_edge_day(zone: str) -> None:
    edges = sorted({day for _, day in EDGE_DAYS})
    calendar = sorted(
        {edge + timedelta(days=step) for edge in edges for step in range(-2, 3)}
    )
    assert first_instants(calendar, zone) == [
        first_instant(day, zone) for day in calendar
    ]


@example(zone="America/St_Johns", at=datetime(2006, 10, 29, 2, 30, 59, tzinfo=UTC))
@example(zone="Pacific/Apia", at=datetime(2011, 12, 30, 10, tzinfo=UTC))
@example(zone="Asia/Manila", at=datetime(1844, 12, 31, 15, 55, tzinfo=UTC))
@given(zone=st.sampled_from(ALL_ZONES), at=CENTURIES)
def test_any_zone_has_the_days_of_its_clocks(zone: str, at: datetime) -> None:
    seconds = [second(at) + 43_200 * step for step in range(-400, 400)]
    assert local_days(seconds, zone) == clocks(seconds, zone)


@example(zone="America/St_Johns", day=date(2006, 10, 29))
@example(zone="Pacific/Apia", day=date(2011, 12, 30))
@example(zone="Pacific/Kwajalein", day=date(1993, 8, 21))
@given(
    zone=st.sampled_from(ALL_ZONES), day=st.dates(date(1830, 1, 1), date(2120, 1, 1))
)
def test_any_zone_begins_its_days_when_the_clocks_say(zone: str, day: date) -> None:
    assert first_instants([day], zone) == [first_instant(day, zone)]


@given(zone=st.sampled_from(ALL_ZONES), year=st.integers(1840, 2080))
def test_days_with_a_change_of_offset_begin_when_the_clocks_say(
    zone: str, year: int
) -> None:
    there = ZoneInfo(zone)
    noons = [
        datetime(year, 1, 1, 12, tzinfo=UTC) + timedelta(days=n) for n in range(366)
    ]
    changed = [
        noon.date() + timedelta(days=step)
        for noon in noons
        if noon.astimezone(there).utcoffset()
        != (noon - timedelta(days=1)).astimezone(there).utcoffset()
        for step in (-1, 0, 1)
    ]
    changed = sorted(set(changed))
    assert first_instants(changed, zone) == [
        first_instant(day, zone) for day in changed
    ]


@given(zone=st.sampled_from(ALL_ZONES), at=CENTURIES, span=st.integers(0, 900))
def test_offsets_are_ascending_and_those_of_the_clocks(
    zone: str, at: datetime, span: int
) -> None:
    first, last = second(at), second(at) + span * days.DAY
    found = days.offsets(ZoneInfo(zone), first, last)
    assert found[0].since == first
    since = [step.since for step in found]
    assert since == sorted(set(since))
    assert all(first <= moment <= last for moment in since)
    for step in found:
        offset = (EPOCH + timedelta(seconds=step.since)).astimezone(ZoneInfo(zone))
        assert offset.utcoffset() == timedelta(seconds=step.seconds)


@given(data=st.data())
def test_days_begin_in_the_order_of_the_calendar(data: st.DataObject) -> None:
    zone = data.draw(zones())
    days_of = {at.date() for at in data.draw(st.lists(instants(zone), max_size=9))}
    calendar = sorted(days_of)
    found = first_instants(calendar, zone)
    assert found == sorted(found)
    assert [first_instants([day], zone)[0] for day in calendar] == found


def test_no_days_have_no_beginnings() -> None:
    assert days.first_seconds([], ZoneInfo("Asia/Tokyo")) == []
    assert first_instants([], "UTC") == []


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Dublin", "Asia/Beirut"])
def test_long_spans_are_searched_and_short_ones_compared_alike(zone: str) -> None:
    seconds = [86_400 * 97 * step for step in range(-600, 600)]
    assert len(days.offsets(ZoneInfo(zone), min(seconds), max(seconds))) > 100
    assert local_days(seconds, zone) == clocks(seconds, zone)


def test_null_has_no_day() -> None:
    at = pl.lit(pl.Series([None], dtype=pl.Datetime("us")))
    for zone, last in (("UTC", 0), ("America/New_York", 4_000_000_000)):
        day = days.local_day(
            at, ZoneInfo(zone), unit="us", first=-4_000_000_000, last=last
        )
        assert pl.select(day).to_series().to_list() == [None]
        assert pl.select(day).to_series().dtype == pl.Date


def test_every_iana_zone_is_found_by_its_name() -> None:
    assert [days.find_zone(name).key for name in ALL_ZONES] == ALL_ZONES
    assert len(ALL_ZONES) > 400


@pytest.mark.parametrize(
    "name",
    ["", "Mars/Base", "../x", "America", "a\x00b", "x" * 999]
    + ["localtime", "posixrules", "right/UTC", "posix/Europe/Paris"],
)
def test_an_unknown_zone_raises_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="unknown time zone"):
        days.find_zone(name)


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/GMT+12", "Etc/GMT-14", "Asia/Tokyo", "America/New_York"]
)
def test_countable_seconds_are_those_whose_day_has_a_first_instant(zone: str) -> None:
    there = ZoneInfo(zone)
    first, last = days.countable_seconds(there)
    first_day, last_day = clocks([first, last], zone)
    begin, day_before = (
        days.first_seconds([number(first_day) - step], there)[0] for step in (0, 1)
    )
    assert first == max(begin, days.FIRST_SECOND)
    assert day_before < days.FIRST_SECOND
    assert last_day == date.max
    end = days.first_seconds([number(date.max) + 1], there)[0]
    assert last == min(end - 1, days.LAST_SECOND)


@given(zone=st.sampled_from(ALL_ZONES))
def test_the_ends_of_the_calendar_are_countable_in_every_zone(zone: str) -> None:
    for second_of_end in days.countable_seconds(ZoneInfo(zone)):
        [day] = clocks([second_of_end], zone)
        [begin] = first_instants([day], zone)
        assert begin <= EPOCH + timedelta(seconds=second_of_end)
