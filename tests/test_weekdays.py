from collections import Counter
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import AppointmentStatistics, appointment_statistics
from stats_core.results.weekdays import by_weekday
from tests import reference
from tests.strategies import Case, cases, counted

SCHEMA = pl.Schema(
    {"weekday": pl.Int8()}
    | dict.fromkeys(("days", "successful", "failed", "other"), pl.Int64())
)
NOTHING = [(number, 0, 0, 0, 0) for number in range(1, 8)]


@example(Case([], {}, "UTC"))
@given(case=cases())
def test_each_record_is_on_the_weekday_of_its_local_day(case: Case) -> None:
    stats = counted(case.documents, case.zone)
    sums: Counter[tuple[int, str]] = Counter()
    days: dict[int, set[date]] = {}
    for record in case.documents:
        at = reference.instant(record["created_at"])
        if at is not None:
            day = reference.local_day(at, case.zone)
            sums[day.isoweekday(), reference.outcome(record["status"])] += 1
            days.setdefault(day.isoweekday(), set()).add(day)
    found = stats.by_weekday()
    assert found.schema == SCHEMA
    assert found.rows() == [
        (number, len(days.get(number, ())))
        + tuple(sums[number, name] for name in ("successful", "failed", "other"))
        for number in range(1, 8)
    ]


@given(days=st.lists(st.dates(), max_size=30))
def test_any_date_has_its_weekday(days: list[date]) -> None:
    stats = appointment_statistics([{"created_at": d, "status": "x"} for d in days])
    wanted = Counter(day.isoweekday() for day in days)
    found = stats.by_weekday()
    assert dict(found.select("weekday", "other").rows()) == {
        number: wanted[number] for number in range(1, 8)
    }
    assert found["days"].sum() == len(set(days))


@pytest.mark.parametrize("number", range(1, 8))
def test_a_week_has_seven_rows_whatever_was_counted(number: int) -> None:
    assert AppointmentStatistics.empty().by_weekday().rows() == NOTHING
    day = date(2024, 4, 28) + timedelta(days=number)
    one = appointment_statistics([{"created_at": day, "status": "success"}])
    assert one.by_weekday().rows() == [
        (row[0], 1, 1, 0, 0) if row[0] == number else row for row in NOTHING
    ]


def test_a_filled_trend_has_all_days_of_the_calendar() -> None:
    one = appointment_statistics([{"created_at": "2024-05-01", "status": "success"}])
    whole = one.trends_filled("2024-05-01", "2024-05-31")
    found = by_weekday(whole)
    assert found["days"].to_list() == [4, 4, 5, 5, 5, 4, 4]
    assert_frame_equal(found.drop("days"), one.by_weekday().drop("days"))
