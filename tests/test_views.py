from datetime import date

import pytest
from hypothesis import example, given
from polars.testing import assert_frame_equal

from stats_core import AppointmentStatistics, appointment_statistics
from tests import reference
from tests.strategies import Case, cases, counted


@example(Case([], {}, "UTC"))
@given(case=cases())
def test_plain_dictionaries_have_the_whole_answer(case: Case) -> None:
    stats = counted(case.documents, case.zone)
    answer = reference.answer(case.documents, {}, timezone=case.zone)
    days = ("day", "successful", "failed", "other")
    values = ("value", "count", "unset", "successful", "failed", "other")
    assert stats.to_dict() == {
        "total": answer.total,
        "undated": answer.undated,
        "timezone": case.zone,
        "trends": [dict(zip(days, row, strict=True)) for row in answer.trends],
        "breakdowns": {
            name: [dict(zip(values, row, strict=True)) for row in rows]
            for name, rows in answer.breakdowns.items()
        },
    }


def test_days_of_dictionaries_are_dates() -> None:
    stats = appointment_statistics(
        [{"created_at": date(2024, 5, 1), "status": "failed"}]
    )
    assert stats.to_dict()["trends"][0]["day"] == date(2024, 5, 1)


@given(case=cases())
def test_each_breakdown_has_its_name(case: Case) -> None:
    stats = counted(case.documents, case.zone)
    for name, df in stats.breakdowns().items():
        assert_frame_equal(stats.breakdown(name), df)


@pytest.mark.parametrize("name", ["clinic", "", "trends", "Source"])
def test_an_unknown_dimension_is_refused_with_those_that_there_are(name: str) -> None:
    listed = "source, utm_source, utm_medium, utm_campaign"
    stats = AppointmentStatistics.empty()
    for view in (stats.breakdown, stats.rates, lambda name: stats.top(name, 1)):
        with pytest.raises(
            ValueError, match=f"^unknown dimension '{name}', expected one of {listed}$"
        ):
            view(name)
