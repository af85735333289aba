from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.days import TimeUnit, hour_of_week
from stats_core.results.hours import hours_of_week
from stats_core.schema import HOURS_OF_WEEK
from tests import reference
from tests.strategies import (
    EDGE_DAYS,
    IDS,
    SCOPED_SCHEMA,
    ZONES,
    Case,
    a_part_of_the_examples,
    cases,
    documents,
    frame,
    instants,
    splits,
    zones,
)

SCHEMA = {
    "weekday": pl.Int8,
    "hour": pl.Int8,
    **dict.fromkeys(("successful", "failed", "other"), pl.Int64),
}


def counted(
    records: Any, timezone: str = "UTC", **options: Any
) -> AppointmentStatistics:
    return appointment_statistics(records, timezone=timezone, hours=True, **options)


def busy(stats: AppointmentStatistics) -> list[tuple[int, ...]]:
    return [row for row in stats.hours().rows() if any(row[2:])]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_hours_are_those_of_the_clocks_around_each_edge_day(
    zone: str, unit: TimeUnit
) -> None:
    edges = [day for name, day in EDGE_DAYS if name == zone]
    first = datetime.combine(min(edges), datetime.min.time(), UTC) - timedelta(days=1)
    at = [first + timedelta(minutes=15 * n) for n in range(4 * 24 * 4)]
    dtype = pl.Datetime(unit, "UTC")
    df = pl.DataFrame({"at": pl.Series([*at, None], dtype=dtype)})
    ends = {"first": int(at[0].timestamp()), "last": int(at[-1].timestamp())}
    hour = hour_of_week(pl.col("at"), ZoneInfo(zone), unit=unit, **ends)
    there = [it.astimezone(ZoneInfo(zone)) for it in at]
    assert df.select(hour).to_series().to_list() == [
        *(24 * (it.isoweekday() - 1) + it.hour for it in there),
        None,
    ]


@given(zone=zones(), data=st.data())
def test_hours_of_any_instant_are_those_of_the_clock(
    zone: str, data: st.DataObject
) -> None:
    at = data.draw(st.lists(instants(zone), max_size=10))
    records = [{"created_at": it, "status": "failed"} for it in at]
    expected = reference.answer(records, {}, timezone=zone, hours=True).hours
    assert counted(records, zone).hours().rows() == expected


def test_an_hour_that_happens_twice_is_one_hour_of_the_clock() -> None:
    hours = [datetime(2024, 11, 3, hour, 30, tzinfo=UTC) for hour in range(4, 8)]
    records = [{"created_at": at, "status": "success"} for at in hours]
    stats = counted(records, "America/New_York")
    assert busy(stats) == [(7, 0, 1, 0, 0), (7, 1, 2, 0, 0), (7, 2, 1, 0, 0)]
    spring = [datetime(2024, 3, 10, hour, 30, tzinfo=UTC) for hour in (6, 7)]
    records = [{"created_at": at, "status": "late"} for at in spring]
    stats = counted(records, "America/New_York")
    assert busy(stats) == [(7, 1, 0, 0, 1), (7, 3, 0, 0, 1)]
    half = [{"created_at": datetime(2024, 5, 1, 18, 20, tzinfo=UTC), "status": "error"}]
    assert busy(counted(half, "Asia/Kathmandu")) == [(4, 0, 0, 1, 0)]


def test_a_week_starts_on_monday_and_the_frame_has_each_hour() -> None:
    for stats in (counted([]), counted([{"created_at": None, "status": None}])):
        df = stats.hours()
        assert df.schema == SCHEMA
        assert df.rows() == [
            (day, hour, 0, 0, 0) for day in range(1, 8) for hour in range(24)
        ]
    monday = [{"created_at": "2024-05-06T00:00:00Z", "status": "failed"}]
    assert counted(monday).hours().row(0) == (1, 0, 0, 1, 0)
    assert len(HOURS_OF_WEEK) == len(set(HOURS_OF_WEEK)) == 168


@given(case=cases())
def test_hours_change_nothing_else_and_add_up_to_the_dated(case: Case) -> None:
    with_hours = case._replace(hours=True).statistics()
    without = case._replace(hours=False).statistics()
    rest = with_hours.frame.filter(pl.col("section") != "hours")
    assert rest.equals(without.frame)
    with_hours.check()
    outcomes = ("successful", "failed", "other")
    sums = with_hours.hours().select(outcomes).sum().row(0)
    assert sum(sums) + with_hours.undated == with_hours.total
    assert sums == with_hours.trends.select(outcomes).sum().row(0)


@a_part_of_the_examples(2)
@given(data=st.data(), zone=zones())
def test_hours_of_parts_and_of_integrations_add_up(
    data: st.DataObject, zone: str
) -> None:
    records = data.draw(documents(zone, scoped=True))
    parts = [counted(frame(part), zone) for part in data.draw(splits(records))]
    whole = counted(frame(records), zone)
    assert merge_statistics(parts) == whole
    each = statistics_by_integration(
        frame(records, SCOPED_SCHEMA), timezone=zone, hours=True
    )
    for key, stats in each.items():
        stats.check()
        own = [record for record in records if record["integration_id"] == key]
        assert stats == counted(frame(own), zone)
        assert AppointmentStatistics.from_frame(stats.to_frame()) == stats


def test_hours_that_were_not_counted_are_an_error() -> None:
    records = [{"created_at": "2024-05-01", "status": "failed"}]
    stats = appointment_statistics(records)
    for without in (stats, AppointmentStatistics.empty()):
        assert not without.has_hours
        with pytest.raises(ValueError, match="count with `hours=True`"):
            without.hours()
    assert counted(records).has_hours
    with pytest.raises(InvalidRecordsError, match="up: hours and none"):
        merge_statistics([counted(records), stats])
    assert counted(records) + AppointmentStatistics.empty() == counted(records)


def test_hours_are_no_breakdown() -> None:
    layout = RecordLayout(breakdowns={"z": "source", "a": "source"})
    records = [{"created_at": "2024-05-01", "status": "failed", "source": "x"}]
    stats = counted(records, layout=layout)
    assert list(stats.breakdowns())[4:] == ["a", "z"]
    sections = stats.frame["section"].unique(maintain_order=True).to_list()
    assert sections[-3:] == ["a", "hours", "z"]
    with pytest.raises(ValueError, match="unknown dimension 'hours'"):
        stats.breakdown("hours")


WEDNESDAY = counted([{"created_at": "2024-05-01", "status": "failed"}] * 2).frame
IS_HOUR = (pl.col("section") == "hours") & pl.col("value").is_not_null()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"value": "3 24"}, "`hours`: a value is no weekday and hour"),
        ({"value": "0 00"}, "`hours`: a value is no weekday and hour"),
        ({"value": "ads"}, "`hours`: a value is no weekday and hour"),
        ({"unset": 1}, "`hours`: only the count of this row can be set"),
        (
            {"count": 1, "failed": 1},
            "`hours`: the counts add up to 1, not to the total",
        ),
    ],
)
def test_hours_that_were_changed_show_their_fault(
    change: dict[str, Any], fault: str
) -> None:
    changed = [
        pl.when(IS_HOUR).then(pl.lit(value)).otherwise(name).alias(name)
        for name, value in change.items()
    ]
    with pytest.raises(InvalidRecordsError) as caught:
        AppointmentStatistics(WEDNESDAY.with_columns(changed)).check()
    assert [it[: len(fault)] for it in caught.value.faults] == [fault]


@given(
    rows=st.dictionaries(
        st.sampled_from([*HOURS_OF_WEEK[:3], *HOURS_OF_WEEK[-3:]]), st.integers(0, 9)
    )
)
@example(rows={})
def test_the_view_fills_what_is_missing(rows: dict[str, int]) -> None:
    df = pl.DataFrame(
        {"value": [*rows, None], "failed": [*rows.values(), 0]},
        {"value": pl.String, "failed": pl.Int64},
    ).with_columns(successful=1, other=2)
    found = hours_of_week(df)
    assert found.schema == SCHEMA
    for weekday, hour, *counts in found.rows():
        value = f"{weekday} {hour:02}"
        assert counts == ([1, rows[value], 2] if value in rows else [0, 0, 0])


def test_days_before_1970_have_their_weekday() -> None:
    day = date(1969, 12, 29)  # a Monday
    records = [
        {"created_at": f"{day}T00:00Z", "status": "failed", "integration_id": IDS[0]}
    ]
    stats = counted(records, integration_id=IDS[0])
    assert busy(stats) == [(1, 0, 0, 1, 0)]
