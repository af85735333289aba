from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import AppointmentStatistics, appointment_statistics
from stats_core.results.trends import Weekday, filled, fitting, rolled_up
from tests import reference
from tests.strategies import a_part_of_the_examples, counted, documents, zones

Every = Literal["week", "month", "quarter", "year"]
EVERY: list[Every] = ["week", "month", "quarter", "year"]
TRENDS = pl.Schema(
    {"day": pl.Date()} | dict.fromkeys(("successful", "failed", "other"), pl.Int64())
)


def of(*days: str) -> AppointmentStatistics:
    records = [{"created_at": day, "status": "success"} for day in days]
    return appointment_statistics(records)


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


WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)


@pytest.mark.parametrize("every", EVERY)
@example(days=[], week_start="sunday", whole=True)
@example(days=[date.min], week_start="sunday", whole=True)
@example(days=[date.min, date(1, 1, 20)], week_start="tuesday", whole=True)
@example(days=[date.max], week_start="saturday", whole=True)
@example(days=[date(2024, 2, 29), date(2025, 3, 1)], week_start="friday", whole=True)
@given(
    days=st.lists(st.dates(date(2019, 1, 1), date(2025, 1, 10)), max_size=30),
    week_start=st.sampled_from(WEEKDAYS),
    whole=st.booleans(),
)
def test_periods_are_those_of_the_calendar_whenever_a_week_starts(
    every: Every, days: list[date], week_start: Weekday, *, whole: bool
) -> None:
    records = [{"created_at": day, "status": "failed"} for day in days]
    stats = appointment_statistics(records)
    found = stats.trends_by(every, week_start=week_start, filled=whole)
    trends = reference.answer(records, {}).trends
    expected = reference.rolled_up(trends, every, week_start, whole=whole)
    assert found.schema == TRENDS
    assert found.rows() == expected
    for name in ("successful", "failed", "other"):
        assert found[name].sum() == stats.trends[name].sum()


@pytest.mark.parametrize("week_start", WEEKDAYS)
def test_a_week_is_named_by_its_first_day(week_start: Weekday) -> None:
    first = date(2024, 4, 29) + timedelta(days=WEEKDAYS.index(week_start))
    for number in range(7):
        stats = of(str(first + timedelta(days=number)))
        [row] = stats.trends_by("week", week_start=week_start).rows()
        assert row == (first, 1, 0, 0)


def test_empty_periods_are_listed_between_the_first_and_the_last() -> None:
    stats = of("2023-11-30", "2024-02-29")
    assert stats.trends_by("month").height == 2
    assert stats.trends_by("month", filled=True).rows() == [
        *((date(2023, 11, 1), 1, 0, 0), (date(2023, 12, 1), 0, 0, 0)),
        *((date(2024, 1, 1), 0, 0, 0), (date(2024, 2, 1), 1, 0, 0)),
    ]
    assert stats.trends_by("quarter", filled=True).height == 2
    assert of().trends_by("year", filled=True).schema == TRENDS


@pytest.mark.parametrize("week_start", ["Sunday", "sun", "", None, 0])
@pytest.mark.parametrize("every", EVERY)
def test_an_unknown_day_of_the_week_is_refused(every: Every, week_start: Any) -> None:
    with pytest.raises(ValueError, match=r"`week_start` is one of monday, .*, sunday"):
        of("2024-05-01").trends_by(every, week_start=week_start)


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


def test_the_views_of_statistics_are_those_of_their_trend() -> None:
    stats = of("2024-05-01", "2024-05-03", "2024-06-01")
    last = date(2024, 6, 3)
    assert_frame_equal(stats.trends_filled(last=last), filled(stats.trends, last=last))
    assert_frame_equal(stats.trends_by("month"), rolled_up(stats.trends, "month"))


def test_the_trend_itself_is_never_changed() -> None:
    trend = of("2024-05-01", "2024-05-03").trends
    before = trend.clone()
    filled(trend)
    rolled_up(trend, "year")
    assert_frame_equal(trend, before)


def test_the_ends_of_a_range_may_be_iso_text() -> None:
    stats = of("2024-05-01", "2024-05-03")
    dates = stats.trends_filled(date(2024, 4, 30), date(2024, 5, 2))
    assert_frame_equal(stats.trends_filled("2024-04-30", " 2024-05-02 "), dates)
    assert dates.height == 3


@pytest.mark.parametrize("text", ["yesterday", "2025-13-01", ""])
@pytest.mark.parametrize("name", ["first", "last"])
def test_text_that_is_no_date_is_named(name: str, text: str) -> None:
    expected = f"^`{name}`: expected a date or its ISO 8601 text, got '{text}'$"
    with pytest.raises(ValueError, match=expected):
        of("2024-05-01").trends_filled(**{name: text})


@pytest.mark.parametrize("day", [5, datetime(2024, 5, 1, tzinfo=UTC), b"2024-05-01"])
@pytest.mark.parametrize("name", ["first", "last"])
def test_an_end_of_a_range_is_a_date_or_text(name: str, day: Any) -> None:
    with pytest.raises(TypeError, match=f"`{name}`: expected a date"):
        of("2024-05-01").trends_filled(**{name: day})


@pytest.mark.parametrize(
    ("days_held", "period", "rows"),
    [
        *((1, "day", 1), (31, "day", 31), (32, "week", 5), (200, "week", 29)),
        *((900, "month", 30), (1_000, "quarter", 12), (9_000, "year", 25)),
    ],
)
def test_the_shortest_period_that_fits_has_every_row(
    days_held: int, period: str, rows: int
) -> None:
    first = date(2024, 5, 1)
    ends = [(first, 1, 0, 0), (first + timedelta(days_held - 1), 0, 2, 3)]
    trend = pl.DataFrame(ends[: min(days_held, 2)], TRENDS, orient="row")
    found, df = fitting(trend, 31)
    assert (found, df.height) == (period, rows)
    assert df.sum().row(0)[1:] == trend.sum().row(0)[1:]


def test_too_many_years_are_those_with_records() -> None:
    ends = [(date(day, 5, 1), 1, 0, 0) for day in (1, 1970, 9999)]
    period, df = fitting(pl.DataFrame(ends, TRENDS, orient="row"), 31)
    assert period == "year"
    assert [day.year for day in df["day"]] == [1, 1970, 9999]


def test_no_day_is_a_trend_without_rows() -> None:
    assert fitting(TRENDS.to_frame(), 31)[1].is_empty()
