from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
)
from tests import reference
from tests.strategies import (
    Case,
    Document,
    a_part_of_the_examples,
    cases,
    counted,
    documents,
    zones,
)

Every = Literal["week", "month", "quarter", "year"]
EVERY: list[Every] = ["week", "month", "quarter", "year"]
TRENDS = pl.Schema(
    {"day": pl.Date()} | dict.fromkeys(("successful", "failed", "other"), pl.Int64())
)
BREAKDOWN = pl.Schema(
    {"value": pl.String()}
    | dict.fromkeys(("count", "unset", "successful", "failed", "other"), pl.Int64())
)


def on(*days: str, status: str = "success") -> list[Document]:
    return [{"created_at": day, "status": status} for day in days]


def of(*days: str) -> AppointmentStatistics:
    return appointment_statistics(on(*days))


@given(case=cases())
def test_frames_have_one_schema_whatever_was_counted(case: Case) -> None:
    stats = counted(case.documents, case.zone)
    assert stats.trends.schema == TRENDS
    assert [df.schema for df in stats.breakdowns().values()] == [BREAKDOWN] * 4
    for every in EVERY:
        assert stats.trends_by(every).schema == TRENDS


def test_nothing_has_the_schema_of_something() -> None:
    empty = AppointmentStatistics.empty("Asia/Tokyo")
    assert (empty.total, empty.undated, empty.timezone) == (0, 0, "Asia/Tokyo")
    assert empty.trends.schema == empty.trends_filled().schema == TRENDS
    assert [df.schema for df in empty.breakdowns().values()] == [BREAKDOWN] * 4
    empty.check()
    assert empty == appointment_statistics([], timezone="Asia/Tokyo")
    assert empty.dashboard().trends == ()


def test_breakdowns_have_their_names_in_the_order_of_the_response() -> None:
    stats = of("2024-05-01")
    assert list(stats.breakdowns()) == list(reference.DEFAULTS)
    assert stats.breakdowns()["utm_medium"] is stats.utm_medium


def test_statistics_are_never_changed() -> None:
    stats = of("2024-05-01")
    with pytest.raises(FrozenInstanceError):
        stats.total = 2  # type: ignore[misc]


def test_statistics_are_equal_by_content() -> None:
    assert of("2024-05-01", "2024-05-02") == of("2024-05-02", "2024-05-01")
    assert of("2024-05-01") != of("2024-05-02")
    assert of("2024-05-01") != appointment_statistics(
        on("2024-05-01"), timezone="Europe/London"
    )
    assert of() != ()
    with pytest.raises(TypeError, match="unhashable"):
        hash(of())


def test_only_statistics_add_up() -> None:
    for other in (0, None, "UTC", [of()]):
        with pytest.raises(TypeError, match="unsupported operand"):
            of() + other  # type: ignore[operator]


def test_days_of_different_zones_do_not_add_up() -> None:
    parts = [AppointmentStatistics.empty(zone) for zone in ("Asia/Tokyo", "UTC", "UTC")]
    with pytest.raises(
        InvalidRecordsError, match=r"^`timezone`: .* add up: Asia/Tokyo, UTC$"
    ):
        merge_statistics(parts)
    with pytest.raises(InvalidRecordsError, match="different zones"):
        parts[0] + parts[1]


def test_no_parts_merge_to_nothing_in_utc() -> None:
    assert merge_statistics(iter([])) == AppointmentStatistics.empty("UTC")


def test_merging_counts_days_and_values_together() -> None:
    first = appointment_statistics(
        [
            {"created_at": "2024-05-01", "status": "success", "utm_source": "ads"},
            {"created_at": None, "status": "failed", "utm_source": "direct"},
        ]
    )
    second = appointment_statistics(
        [
            {"created_at": "2024-05-01", "status": None, "utm_source": None},
            {"created_at": "2024-04-30", "status": "failed", "utm_source": None},
        ]
    )
    merged = first + second
    assert (merged.total, merged.undated) == (4, 1)
    assert merged.trends.rows() == [
        (date(2024, 4, 30), 0, 1, 0),
        (date(2024, 5, 1), 1, 0, 1),
    ]
    assert merged.utm_source.rows() == [
        ("direct", 3, 2, 0, 2, 1),
        ("ads", 1, 0, 1, 0, 0),
    ]


def test_merging_reorders_what_has_grown() -> None:
    def source(*values: str) -> AppointmentStatistics:
        blank = {"created_at": None, "status": None}
        return appointment_statistics([{**blank, "source": v} for v in values])

    merged = source("b", "b", "c") + source("a", "c", "c", "a", "\U0001f600", "\uffff")
    listed = merged.source.select("value", "count").rows()
    assert listed == [("c", 3), ("a", 2), ("b", 2), ("\uffff", 1), ("\U0001f600", 1)]


DATES = st.none() | st.dates(date(2024, 2, 20), date(2024, 3, 20))


@example(days=[], first=None, last=date(2024, 3, 1))
@example(days=[], first=date(2024, 2, 28), last=date(2024, 3, 1))
@example(days=[date(2024, 3, 1)], first=date(2024, 3, 5), last=None)
@example(days=[date(2024, 3, 1)], first=None, last=date(2024, 2, 29))
@given(days=st.lists(DATES, max_size=30), first=DATES, last=DATES)
def test_a_filled_trend_is_the_calendar_with_zeros(
    days: list[date | None], first: date | None, last: date | None
) -> None:
    records = [{"created_at": day, "status": "failed"} for day in days]
    stats = appointment_statistics(records)
    trends = reference.answer(records, {}).trends
    if first is not None and last is not None and first > last:
        with pytest.raises(ValueError, match="`first` is after `last`"):
            stats.trends_filled(first, last)
        return
    known = [day for day in days if day is not None]
    start = first or min(known, default=None)
    end = last or max(known, default=None)
    found = stats.trends_filled(first, last)
    assert found.schema == TRENDS
    expected = (
        [] if start is None or end is None else reference.filled(trends, start, end)
    )
    assert found.rows() == expected
    assert stats.trends.rows() == trends


def test_a_trend_can_be_filled_from_the_first_date_to_the_last() -> None:
    found = of("2024-05-01").trends_filled(date.min, date.max)
    assert found.height == 3_652_059
    assert found.row(0) == (date.min, 0, 0, 0)
    assert found.row(-1) == (date.max, 0, 0, 0)
    assert found["successful"].sum() == 1


@given(zone=zones(), data=st.data())
def test_a_filled_trend_holds_what_the_trend_holds(
    zone: str, data: st.DataObject
) -> None:
    near = st.timedeltas(timedelta(-40), timedelta(40))
    steps = data.draw(st.lists(near, max_size=30))
    edge = reference.as_datetime(reference.first_instant(date(2024, 3, 10), zone))
    records = [{"created_at": edge + step, "status": "failed"} for step in steps]
    stats = counted(records, zone)
    held = stats.trends_filled().filter(pl.sum_horizontal("failed", "other") > 0)
    assert_frame_equal(held, stats.trends)


@pytest.mark.parametrize("every", EVERY)
@a_part_of_the_examples(3)
@given(zone=zones(), data=st.data())
def test_a_rolled_up_trend_is_that_of_the_calendar(
    every: Every, zone: str, data: st.DataObject
) -> None:
    records = data.draw(documents(zone))
    found = counted(records, zone).trends_by(every)
    trends = reference.answer(records, {}, timezone=zone).trends
    assert found.rows() == reference.rolled_up(trends, every)


@pytest.mark.parametrize("every", EVERY)
@given(days=st.lists(st.dates(), max_size=30))
def test_any_date_is_rolled_up_to_the_first_of_its_period(
    every: Every, days: list[date]
) -> None:
    stats = appointment_statistics([{"created_at": d, "status": "x"} for d in days])
    starts = sorted({reference.first_of(every, day) for day in days})
    assert stats.trends_by(every)["day"].to_list() == starts


@pytest.mark.parametrize(
    ("day", "monday"),
    [
        ("2020-12-31", "2020-12-28"),  # week 53 of 2020
        ("2021-01-03", "2020-12-28"),
        ("2021-01-04", "2021-01-04"),
        ("2024-12-29", "2024-12-23"),
        ("2024-12-30", "2024-12-30"),  # week 1 of 2025
        ("2023-01-01", "2022-12-26"),
        ("0001-01-01", "0001-01-01"),
        ("9999-12-31", "9999-12-27"),
        ("1969-12-31", "1969-12-29"),
    ],
)
def test_weeks_begin_on_their_monday_over_the_borders_of_years(
    day: str, monday: str
) -> None:
    assert of(day).trends_by("week").rows() == [(date.fromisoformat(monday), 1, 0, 0)]


def test_months_quarters_and_years_begin_on_their_first() -> None:
    stats = of("2024-02-29", "2024-03-31", "2024-04-01", "2025-01-01")
    months = [(2024, 2), (2024, 3), (2024, 4), (2025, 1)]
    assert stats.trends_by("month")["day"].to_list() == [date(*m, 1) for m in months]
    assert stats.trends_by("quarter").rows() == [
        (date(2024, 1, 1), 2, 0, 0),
        (date(2024, 4, 1), 1, 0, 0),
        (date(2025, 1, 1), 1, 0, 0),
    ]
    assert stats.trends_by("year")["successful"].to_list() == [3, 1]


@pytest.mark.parametrize("every", ["day", "1w", "", "Week", None, 7])
def test_an_unknown_period_is_refused(every: Any) -> None:
    with pytest.raises(
        ValueError, match="`every` is one of week, month, quarter, year"
    ):
        of("2024-05-01").trends_by(every)


@pytest.mark.parametrize(("page", "size"), [(0, 1), (1, 0), (-1, 1), (1, -(10**30))])
def test_pages_and_sizes_below_one_are_refused(page: int, size: int) -> None:
    with pytest.raises(ValueError, match="`page` and `size` start at 1"):
        of().dashboard(page, size)


def test_a_page_past_the_end_has_no_rows_and_the_right_totals() -> None:
    dashboard = of("2024-05-01", "2024-05-02").dashboard(page=2, size=1)
    assert dashboard.overview.total == 2
    assert len(dashboard.trends) == 2
    assert dashboard.source == dashboard.utm_campaign == ()


def test_the_size_of_a_page_changes_no_total() -> None:
    records = [{**on("2024-05-01")[0], "source": value} for value in "abc"]
    for size in (1, 2, 300):
        stats = appointment_statistics(records, StatisticsQuery(size=size))
        assert (stats.total, stats.source.height) == (3, 3)
        assert stats.dashboard(1, size).overview.total == 3


def test_the_row_of_the_default_stands_on_one_page_only() -> None:
    blank = {"created_at": None, "status": None}
    records = [{**blank, "utm_source": v} for v in ("a", "a", None, "b", "direct")]
    pages = [appointment_statistics(records).dashboard(n, 1) for n in (1, 2, 3, 4)]
    shown = [[item.id for item in page.utm_source] for page in pages]
    assert shown == [["a"], ["direct"], ["b"], []]


def test_no_value_is_left_out_however_many_there_are() -> None:
    values = [f"campaign-{number}" for number in range(5_000)]
    df = pl.DataFrame({"created_at": None, "status": None, "utm_campaign": values})
    stats = appointment_statistics(pl.concat([df, df[:1]]))
    assert stats.utm_campaign.height == 5_000
    assert stats.utm_campaign["count"].sum() == stats.total == 5_001
    assert stats.utm_campaign.row(0) == ("campaign-0", 2, 0, 0, 0, 2)
    shown = stats.dashboard()
    assert (len(shown.utm_campaign), shown.overview.total) == (300, 5_001)


def test_total_chart_and_breakdowns_are_of_one_zone() -> None:
    records = on("2024-04-30T22:00:00Z", "2024-05-01T22:00:00Z", "2024-05-02T03:00:00Z")
    query = StatisticsQuery(start="2024-05-01", end="2024-05-01")
    for zone, total in (("UTC", 1), ("Europe/Berlin", 1), ("America/New_York", 2)):
        stats = appointment_statistics(records, query, timezone=zone)
        assert stats.trends.rows() == [(date(2024, 5, 1), total, 0, 0)]
        assert stats.source.rows() == [("not set", total, total, total, 0, 0)]
        assert stats.total == stats.dashboard().overview.total == total
