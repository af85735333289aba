import struct
import zoneinfo
from bisect import bisect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from operator import ge, lt
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import StatisticsQuery, appointment_statistics, days, tzif, zones
from tests.strategies import EDGE_DAYS

ALL_ZONES = sorted(zoneinfo.available_timezones() - {"localtime"})
RULE = "EST5EDT,M3.2.0,M11.1.0"
# What a footer can hold: hours east and west, half hours, seconds, summer time in the
# south, winter time (Dublin), clocks before and after the day, days by their number.
RULES = (
    *(RULE, "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "IST-1GMT0,M10.5.0,M3.5.0/1"),
    *("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "<+0330>-3:30<+0430>,J79/24,J263/24"),
    *("<+12>-12<+13>,M11.1.0,M1.2.1/99", "AAA3BBB,M1.1.1/-26,M12.5.0/30:30:30"),
    *("AAA-13:00:30BBB,J1/0,J365/23", "AAA9BBB,100/3,300", "AAA0BBB,J60/3,J59"),
)
TODAY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
START = int(datetime(1939, 9, 5, 1, tzinfo=UTC).timestamp())
HOUR = 3_600


def tzif_data(
    changes: Sequence[tuple[int, int]] = (), *, before: int = 0, footer: str = ""
) -> bytes:
    """TZif data of version 2 with these changes, each of a time and a new offset."""
    return (
        _block(b"2", "q", (), before)
        + _block(b"2", "q", changes, before)
        + (f"\n{footer}\n".encode())
    )


def _block(
    version: bytes, code: str, changes: Sequence[tuple[int, int]], before: int
) -> bytes:
    offsets = [before, *(offset for _, offset in changes)]
    count = len(changes)
    header = struct.pack(">4sc15x6L", b"TZif", version, 0, 0, 0, count, len(offsets), 4)
    times = struct.pack(f">{count}{code}", *(at for at, _ in changes))
    places = bytes(range(1, count + 1))
    types = b"".join(struct.pack(">lbB", offset, 0, 0) for offset in offsets)
    return header + times + places + types + b"LMT\0"


@contextmanager
def tz_path(*folders: str | Path) -> Iterator[None]:
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=folders)
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(to=before)


@contextmanager
def zone_of(data: bytes, folder: Path) -> Iterator[ZoneInfo]:
    (folder / "Made").write_bytes(data)
    with tz_path(folder, *zoneinfo.TZPATH):
        yield ZoneInfo.no_cache("Made")


def copies(name: str) -> list[ZoneInfo]:
    """The zone as the system's data and as the package's have it."""
    found = []
    for folders in (zoneinfo.TZPATH, ()):
        with tz_path(*folders):
            try:
                zone = ZoneInfo.no_cache(name)
            except ZoneInfoNotFoundError:  # one copy has names that the other lacks
                continue
            zones.changes(zone)  # kept from here on
            found.append(zone)
    return found


def second(at: datetime) -> int:
    return (at - days.EPOCH) // timedelta(seconds=1)


def local_days(seconds: Sequence[int], zone: ZoneInfo) -> list[date]:
    at = pl.Series([each * 1_000 for each in seconds], dtype=pl.Datetime("ms", "UTC"))
    first, last = min(seconds), max(seconds)
    day = days.local_day(pl.lit(at), zone, unit="ms", first=first, last=last)
    return pl.select(day).to_series().to_list()


def clocks(seconds: Sequence[int], zone: ZoneInfo) -> list[date]:
    at = (days.EPOCH + timedelta(seconds=each) for each in seconds)
    return [each.astimezone(zone).date() for each in at]


def countable(seconds: Sequence[int], zone: ZoneInfo) -> list[int]:
    first, last = days.countable_seconds(zone)
    return [each for each in seconds if first <= each <= last]


def around(times: Sequence[int], *, hours: Sequence[int] = (0,)) -> list[int]:
    return [
        at + hour * HOUR + tick for at in times for hour in hours for tick in (-1, 0)
    ]


def first_instant(day: date, zone: ZoneInfo) -> datetime:
    """The first minute whose local date has come."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=27)
    while at.astimezone(zone).date() < day:
        at += timedelta(minutes=1)
    return at


@pytest.mark.parametrize("distance", [48 * HOUR, 24 * HOUR, 2 * HOUR, HOUR, 60])
@pytest.mark.parametrize("there", [-10 * HOUR, -HOUR, 1_800, 3 * HOUR, 10 * HOUR])
def test_changes_are_found_however_close_they_are(
    distance: int, there: int, tmp_path: Path
) -> None:
    changes = [(START, there), (START + distance, 0), (START + 3 * distance, there)]
    seconds = range(START - 72 * HOUR, START + 240 * HOUR, 900)
    with zone_of(tzif_data(changes), tmp_path) as zone:
        assert list(zones.changes(zone).since) == [at for at, _ in changes]
        assert list(zones.changes(zone).seconds) == [0, there, 0, there]
        assert local_days(seconds, zone) == clocks(seconds, zone)
        calendar = [date(1939, 9, day) for day in range(1, 20)]
        found = days.first_instants(calendar, zone)
        assert found == [first_instant(day, zone) for day in calendar]


def test_the_days_of_freetown_are_those_of_its_clocks() -> None:
    # Some copies of its data change twice within four days.
    seconds = range(START - 5 * days.DAY, START + 9 * days.DAY, 600)
    zone = ZoneInfo("Africa/Freetown")
    assert local_days(seconds, zone) == clocks(seconds, zone)


def test_a_new_name_with_the_same_offset_is_no_change(tmp_path: Path) -> None:
    with zone_of(tzif_data([(START, 0), (START + 9, HOUR)]), tmp_path) as zone:
        assert list(zones.changes(zone).since) == [START + 9]


def test_data_of_version_1_are_read(tmp_path: Path) -> None:
    changes = [(START, HOUR), (START + 60, 0)]
    with zone_of(_block(b"\0", "l", changes, 0), tmp_path) as zone:
        assert list(zones.changes(zone).since) == [START, START + 60]


def test_times_before_the_calendar_are_left_out(tmp_path: Path) -> None:
    with zone_of(tzif_data([(-(2**59), 7), (START, HOUR)]), tmp_path) as zone:
        assert list(zones.changes(zone).since) == [START]
        assert list(zones.changes(zone).seconds) == [7, HOUR]


@pytest.mark.parametrize("footer", RULES)
@pytest.mark.parametrize("changes", [[(START, HOUR)], []])
def test_the_rule_of_the_footer_is_followed_to_the_year_9999(
    footer: str, changes: list[tuple[int, int]], tmp_path: Path
) -> None:
    years = [1, 2, 4, 400, 1500, 1938, 1939, 1940, 2024, 2339, 2340, 5000, 9998, 9999]
    starts = [second(datetime(year, 1, 1, tzinfo=UTC)) for year in years]
    with zone_of(tzif_data(changes, footer=footer), tmp_path) as zone:
        for start in starts:
            year = range(start, start + 365 * days.DAY, 7_200)
            seconds = countable(
                [*year, *around([start, year[-1]], hours=range(-30, 30))], zone
            )
            assert local_days(seconds, zone) == clocks(seconds, zone)


@pytest.mark.parametrize("name", ALL_ZONES)
def test_every_zone_has_the_days_of_its_clocks_in_both_copies(name: str) -> None:
    for zone in copies(name):
        changes = zones.changes(zone).since
        listed = changes[: bisect(changes, TODAY) + 9]
        seconds = around([*listed, *changes[-9:]], hours=(-25, -12, -1, 0, 5))
        seconds += range(days.FIRST_SECOND, days.LAST_SECOND, 3_001 * days.DAY + 7_717)
        seconds = countable(sorted(seconds), zone)
        assert local_days(seconds, zone) == clocks(seconds, zone)


@given(name=st.sampled_from(ALL_ZONES), data=st.data())
def test_instants_of_all_years_are_on_the_days_of_the_clocks(
    name: str, data: st.DataObject
) -> None:
    zone = ZoneInfo(name)
    first, last = days.countable_seconds(zone)
    seconds = data.draw(st.lists(st.integers(first, last), min_size=1, max_size=30))
    assert local_days(seconds, zone) == clocks(seconds, zone)
    calendar = sorted(set(clocks(seconds, zone)))
    found = [second(at) for at in days.first_instants(calendar, zone)]
    assert clocks(found, zone) == calendar
    before = [at - 1 for at in found if at > first]
    assert all(map(lt, clocks(before, zone), calendar[-len(before) :]))


@pytest.mark.parametrize(("name", "day"), EDGE_DAYS)
def test_edge_days_begin_when_the_clocks_say_in_both_copies(
    name: str, day: date
) -> None:
    calendar = [day + timedelta(days=step) for step in (-1, 0, 1)]
    for zone in copies(name):
        found = [second(at) for at in days.first_instants(calendar, zone)]
        assert all(map(ge, clocks(found, zone), calendar))
        assert all(map(lt, clocks([at - 1 for at in found], zone), calendar))


def test_the_year_9999_has_summer_time() -> None:
    summer = [datetime(9999, 7, 1, hour, 30, tzinfo=UTC) for hour in (3, 4)]
    zone = ZoneInfo("America/New_York")
    found = local_days([second(at) for at in summer], zone)
    assert found == [date(9999, 6, 30), date(9999, 7, 1)]
    [start] = days.first_instants([date(9999, 7, 1)], zone)
    assert start == datetime(9999, 7, 1, 4, tzinfo=UTC)


def test_the_last_day_has_the_summer_time_of_the_south() -> None:
    zone = ZoneInfo("Australia/Sydney")
    [start] = days.first_instants([date.max], zone)
    assert start == datetime(9999, 12, 30, 13, tzinfo=UTC)
    assert days.countable_seconds(zone)[1] == days.LAST_SECOND - 11 * HOUR


def test_the_first_day_has_the_summer_time_of_the_south(tmp_path: Path) -> None:
    footer = "<+10>-10<+11>,M10.1.0,M4.1.0/3"
    with zone_of(tzif_data(footer=footer), tmp_path) as zone:
        [start] = days.first_instants([date(1, 1, 2)], zone)
        assert start == datetime(1, 1, 1, 13, tzinfo=UTC)


def test_a_record_of_the_year_9999_counts_beside_one_of_today() -> None:
    at = [
        datetime(2024, 7, 1, 4, 30, tzinfo=UTC),
        datetime(9999, 7, 1, 4, 30, tzinfo=UTC),
    ]
    df = pl.DataFrame({"created_at": at, "status": ["success", "failed"]})
    stats = appointment_statistics(df, timezone="America/New_York")
    assert stats.trends["day"].to_list() == [date(2024, 7, 1), date(9999, 7, 1)]


def test_a_range_that_ends_before_it_starts_has_the_offset_of_its_start() -> None:
    zone = ZoneInfo("America/New_York")
    summer = second(datetime(2024, 7, 1, tzinfo=UTC))
    assert days.offsets(zone, summer, 0) == [zones.Offset(summer, -4 * HOUR)]


def test_no_record_counts_in_a_period_after_all_records() -> None:
    df = pl.DataFrame(
        {"created_at": [datetime(2024, 7, 1, tzinfo=UTC)], "status": ["x"]}
    )
    query = StatisticsQuery(start="2025-04-25")
    stats = appointment_statistics(df, query, timezone="Africa/Cairo")
    assert stats.total == 0


def test_a_far_date_costs_no_look_up_of_all_years(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = []
    offset_at = zones.offset_at

    def counted(second: int, zone: ZoneInfo) -> int:
        looked_up.append(second)
        return offset_at(second, zone)

    monkeypatch.setattr(zones, "offset_at", counted)
    zone = ZoneInfo.no_cache("America/New_York")
    assert len(days.offsets(zone, 0, days.LAST_SECOND)) > 16_000
    assert len(looked_up) < 5_000
    looked_up.clear()
    assert len(days.offsets(zone, 0, days.LAST_SECOND)) > 16_000
    assert not looked_up


def test_the_first_folder_of_the_path_comes_first(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("none", "one", "two")]
    for place, folder in enumerate(folders[1:]):
        folder.mkdir()
        (folder / "Made").write_bytes(tzif_data([(START + place, HOUR)]))
    with tz_path(*folders):
        assert tzif.find_transitions("Made") == tzif.Transitions((START,), None)


def test_the_package_comes_after_the_path(tmp_path: Path) -> None:
    pytest.importorskip("tzdata")
    with tz_path(tmp_path):
        found = tzif.find_transitions("America/Argentina/Buenos_Aires")
        assert found is not None
        assert len(found.times) > 50
        (tmp_path / "UTC").write_bytes(tzif_data([(START, HOUR)]))
        assert tzif.find_transitions("UTC") == tzif.Transitions((START,), None)


@pytest.mark.parametrize("key", ["Mars/Base", "", "Europe", "a\0b", "tzdata.zi"])
def test_a_key_without_data_has_no_transitions(key: str) -> None:
    assert tzif.find_transitions(key) is None


@pytest.mark.parametrize("size", [0, 3, 40, 44, 80])
def test_data_cut_short_have_no_transitions(size: int, tmp_path: Path) -> None:
    (tmp_path / "Made").write_bytes(tzif_data([(START, HOUR)])[:size])
    with tz_path(tmp_path):
        assert tzif.find_transitions("Made") is None


@pytest.mark.parametrize("key", [None, "Made", "Asia/Tokyo"])
def test_a_zone_made_of_other_data_has_its_own_changes(key: str | None) -> None:
    changes = [(START, HOUR), (START + 20 * days.DAY, 3 * HOUR)]
    data = tzif_data(changes, footer="AAA-2BBB,M3.2.0,M11.1.0")
    zone = ZoneInfo.from_file(BytesIO(data), key=key)
    assert list(zones.changes(zone).since[:2]) == [at for at, _ in changes]
    for year in (1939, 2024, 2500, 9999):
        start = second(datetime(year, 1, 1, tzinfo=UTC))
        seconds = countable(range(start, start + 365 * days.DAY, 3_600), zone)
        assert local_days(seconds, zone) == clocks(seconds, zone)


@given(footer=st.text("<>+-0123456789:,./MJAB", max_size=30))
def test_a_footer_without_the_days_of_a_change_is_no_rule(footer: str) -> None:
    assert tzif.parse_footer(footer.replace(",", "")) is None


def test_a_footer_names_offsets_days_and_clocks() -> None:
    assert tzif.parse_footer(
        "<+1030>-10:30<+11>-11,J60/-1:30,300/26:00:30"
    ) == tzif.Rule(
        standard=37_800,
        summer=11 * HOUR,
        start="J60",
        start_clock=-5_400,
        end="300",
        end_clock=26 * HOUR + 30,
    )
    assert tzif.parse_footer("AST4ADT,M3.2.0,M11.1.0") == tzif.Rule(
        standard=-4 * HOUR,
        summer=-3 * HOUR,
        start="M3.2.0",
        start_clock=2 * HOUR,
        end="M11.1.0",
        end_clock=2 * HOUR,
    )
