from dataclasses import FrozenInstanceError
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import assume, example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.bounds import nanoseconds
from stats_core.results.comparison import Comparison
from stats_core.schema import DIMENSIONS
from tests import reference
from tests.strategies import counted, documents, frame, instants, zones

CHANGES = pl.Schema(
    dict.fromkeys(("now", "before", "change"), pl.Int64())
    | {"relative_change": pl.Float64()}
)
OUTCOMES = ("successful", "failed", "other")
EMPTY = AppointmentStatistics.empty()
FURTHER = RecordLayout(breakdowns={"clinic": "clinic"})


def changed(now: int, before: int) -> tuple[int, int, int, float | None]:
    return now, before, now - before, (now - before) / before if before else None


def of(*records: tuple[str | None, str | None]) -> AppointmentStatistics:
    return appointment_statistics(
        [
            {"created_at": day, "status": "success", "source": source}
            for day, source in records
        ]
    )


@example(now=[], before=[])
@given(now=documents(), before=documents())
def test_each_value_is_beside_the_same_value(
    now: list[dict[str, Any]], before: list[dict[str, Any]]
) -> None:
    found = counted(now).compared_with(counted(before))
    one, other = (reference.answer(records, {}) for records in (now, before))
    assert found.total == changed(one.total, other.total)
    assert list(found.breakdowns()) == list(reference.DEFAULTS)
    for name, df in found.breakdowns().items():
        counts, past = (
            {row[0]: row[1] for row in answer.breakdowns[name]}
            for answer in (one, other)
        )
        values = sorted(
            {*counts, *past},
            key=lambda value: (-counts.get(value, 0), -past.get(value, 0), value),
        )
        assert df.rows() == [
            (value, *changed(counts.get(value, 0), past.get(value, 0)))
            for value in values
        ]
        assert df.schema == {"value": pl.String(), **CHANGES}
        assert_frame_equal(found.breakdown(name), df)
        assert df["now"].sum() == one.total
        assert df["before"].sum() == other.total
    assert found.outcomes.schema == {"outcome": pl.String(), **CHANGES}
    sums = [
        [
            sum(int(row[place]) for row in answer.breakdowns["source"])
            for answer in (one, other)
        ]
        for place in (3, 4, 5)
    ]
    assert found.outcomes.rows() == [
        (name, *changed(*both)) for name, both in zip(OUTCOMES, sums, strict=True)
    ]


@given(now=documents(), before=documents())
def test_the_other_way_round_each_change_has_the_other_sign(
    now: list[dict[str, Any]], before: list[dict[str, Any]]
) -> None:
    there = counted(now).compared_with(counted(before))
    back = counted(before).compared_with(counted(now))
    assert back.total.change == -there.total.change
    for name, df in there.breakdowns().items():
        mirrored = back.breakdown(name).select(
            "value", now="before", before="now", change=-pl.col("change")
        )
        assert_frame_equal(df.drop("relative_change"), mirrored, check_row_order=False)


@given(records=documents())
def test_nothing_changes_from_itself(records: list[dict[str, Any]]) -> None:
    stats = counted(records)
    for name, df in stats.compared_with(stats).breakdowns().items():
        assert_frame_equal(
            df.select("value", count="now"),
            stats.breakdown(name).select("value", "count"),
        )
        assert set(df["change"]) <= {0}
        assert set(df["relative_change"]) <= {0.0}


def test_values_that_came_or_went_are_listed() -> None:
    now = of((None, "same"), (None, "same"), (None, "came"))
    before = of((None, "same"), (None, "went"), (None, "gone"))
    assert now.compared_with(before).breakdown("source").rows() == [
        ("same", 2, 1, 1, 1.0),
        ("came", 1, 0, 1, None),
        ("gone", 0, 1, -1, -1.0),
        ("went", 0, 1, -1, -1.0),
    ]
    assert now.compared_with(before).total == (3, 3, 0, 0.0)
    assert now.compared_with(EMPTY).total.relative_change is None


@st.composite
def windows(draw: st.DrawFn, zone: str) -> tuple[StatisticsQuery, list[date]]:
    """A window of at most weeks, by its days or to the instant, and its days."""
    at = draw(instants(zone))
    length = draw(st.timedeltas(timedelta(), timedelta(days=40)))
    first, last = (
        reference.local_day(nanoseconds(end), zone) for end in (at, at + length)
    )
    bounds: dict[str, object] = {
        "start": draw(st.sampled_from([first, at])),
        "end": draw(st.sampled_from([last, at + length])),
    }
    lower, upper = reference.bounds(bounds, zone)
    assert lower is not None
    assert upper is not None
    assume(lower <= upper)
    held = {first, last}  # more of them where the clocks go back a day
    held |= {reference.local_day(it, zone) for it in range(lower, upper, 3_600 * 10**9)}
    count = (max(held) - min(held)).days + 1
    return (
        StatisticsQuery.model_validate(bounds),
        [min(held) + timedelta(days=number) for number in range(count)],
    )


def test_a_day_that_came_back_is_in_the_window_over_it() -> None:
    zone = "America/Juneau"  # went back from the afternoon of the 19th to the 18th
    docs = [{"created_at": f"1867-10-19T0{at}:00Z", "status": None} for at in (0, 1)]
    query = StatisticsQuery(start="1867-10-19T00:00Z", end="1867-10-19T01:00Z")
    stats = appointment_statistics(docs, query, timezone=zone)
    days = [date(1867, 10, 18), date(1867, 10, 19)]
    assert stats.trends["day"].to_list() == days
    found = stats.compared_with(stats).trends(query, query)
    assert found.select("day", "now").rows() == [(day, 1) for day in days]


def test_a_day_that_the_calendar_left_out_is_one_row() -> None:
    zone = "Pacific/Apia"
    query = StatisticsQuery(start="2011-12-30", end="2011-12-30")
    stats = appointment_statistics([], query, timezone=zone)
    found = stats.compared_with(stats).trends(query, query)
    assert found.select("day", "now").rows() == [(date(2011, 12, 30), 0)]


@given(data=st.data(), zone=zones())
def test_days_are_aligned_by_their_place_in_the_window(
    data: st.DataObject, zone: str
) -> None:
    (query, calendar), (earlier, past) = data.draw(st.tuples(*[windows(zone)] * 2))
    records = frame(data.draw(documents(zone)))
    now, before = (
        appointment_statistics(records, one, timezone=zone) for one in (query, earlier)
    )
    df = now.compared_with(before).trends(query, earlier)
    assert df.schema == {
        "position": pl.Int64(),
        "day": pl.Date(),
        "day_before": pl.Date(),
        **CHANGES,
    }
    counts = [
        {day: sum(outcomes) for day, *outcomes in stats.trends.rows()}
        for stats in (now, before)
    ]
    longest = max(len(calendar), len(past))
    for place, row in enumerate(df.iter_rows()):
        assert row[0] == place + 1
        day = calendar[place] if place < len(calendar) else None
        day_before = past[place] if place < len(past) else None
        assert row[1:3] == (day, day_before)
        shown = (
            None if day is None else counts[0].get(day, 0),
            None if day_before is None else counts[1].get(day_before, 0),
        )
        assert row[3:5] == shown
        if None not in shown:
            assert row[3:] == changed(*shown)  # type: ignore[arg-type]
        else:
            assert row[5:] == (None, None)
    assert df.height == longest
    assert (
        df["now"].sum() == now.trends.select(pl.sum_horizontal(OUTCOMES).sum()).item()
    )


def test_first_days_without_records_keep_their_place() -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-03")
    now, before = of(("2024-05-02", "a")), of(("2024-04-30", "a"), ("2024-04-30", "a"))
    assert now.compared_with(before).trends(query, query.previous()).rows() == [
        (1, date(2024, 5, 1), date(2024, 4, 28), 0, 0, 0, None),
        (2, date(2024, 5, 2), date(2024, 4, 29), 1, 0, 1, None),
        (3, date(2024, 5, 3), date(2024, 4, 30), 0, 2, -2, -1.0),
    ]


def test_a_longer_window_has_days_beside_none() -> None:
    query = StatisticsQuery(start="2024-02-28", end="2024-03-01")
    df = EMPTY.compared_with(EMPTY).trends(query, query.year_before())
    assert df.rows()[1:] == [
        (2, date(2024, 2, 29), date(2023, 3, 1), 0, 0, 0, None),
        (3, date(2024, 3, 1), None, 0, None, None, None),
    ]


def test_days_outside_of_the_window_are_refused() -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-03")
    stats = of(("2024-05-02", "a"), ("2024-05-04", "a"))
    with pytest.raises(
        ValueError, match="1 days with records are not from 2024-05-01 to 2024-05-03"
    ):
        stats.compared_with(EMPTY).trends(query, query)
    with pytest.raises(ValueError, match="are not from"):
        EMPTY.compared_with(stats).trends(query, query)


@pytest.mark.parametrize("bounds", [{}, {"start": "2024-05-01"}, {"end": "2024-05-01"}])
def test_a_window_without_a_bound_is_refused(bounds: dict[str, Any]) -> None:
    whole = StatisticsQuery(start="2024-05-01", end="2024-05-03")
    for queries in (
        (StatisticsQuery(**bounds), whole),
        (whole, StatisticsQuery(**bounds)),
    ):
        with pytest.raises(ValueError, match=r"`start` and `end` .* are needed"):
            EMPTY.compared_with(EMPTY).trends(*queries)


@pytest.mark.parametrize("wrong", [None, "2024-05-01"])
def test_a_window_that_is_no_query_is_named(wrong: Any) -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-03")
    found = EMPTY.compared_with(EMPTY)
    for name, queries in {"query": (wrong, query), "before": (query, wrong)}.items():
        for view in (found.trends, found.to_frame):
            with pytest.raises(TypeError, match=f"^{name}: expected `StatisticsQuery`"):
                view(*queries)


@given(now=documents("Asia/Kathmandu"), before=documents("Asia/Kathmandu"))
def test_the_tidy_frame_has_every_part(
    now: list[dict[str, Any]], before: list[dict[str, Any]]
) -> None:
    zone = "Asia/Kathmandu"
    query = StatisticsQuery(start="1900-01-01", end="2100-01-01")
    found = Comparison(
        *(
            appointment_statistics(frame(one), query, timezone=zone)
            for one in (now, before)
        )
    )
    df = found.to_frame(query, query)
    sections = df["section"].unique(maintain_order=True).to_list()
    held = [name for name, one in found.breakdowns().items() if one.height]
    assert sections == ["total", "outcome", "trends", *held]
    assert df.columns == ["section", "position", "day", "day_before", "value", *CHANGES]
    assert df.row(0) == ("total", *[None] * 4, *found.total)
    parts = {
        "outcome": found.outcomes.rename({"outcome": "value"}),
        "trends": found.trends(query, query),
        **found.breakdowns(),
    }
    for name, part in parts.items():
        own = df.filter(section=name)
        assert_frame_equal(own.select(part.columns), part)
        rest = [column for column in own.columns[1:] if column not in part.columns]
        assert all(own[column].null_count() == own.height for column in rest)


def test_a_comparison_is_never_changed() -> None:
    found = EMPTY.compared_with(EMPTY)
    with pytest.raises(FrozenInstanceError):
        found.now = of()  # type: ignore[misc]
    assert found == Comparison(EMPTY, EMPTY)
    assert found != Comparison(EMPTY, of((None, "a")))


def test_only_statistics_of_one_zone_can_be_compared() -> None:
    tokyo = AppointmentStatistics.empty("Asia/Tokyo")
    with pytest.raises(
        InvalidRecordsError, match=r"^`timezone`: cannot compare UTC with Asia/Tokyo$"
    ):
        EMPTY.compared_with(tokyo)
    for other in (None, 7, EMPTY.frame, ZoneInfo("UTC")):
        with pytest.raises(TypeError, match="before: expected `AppointmentStatistics`"):
            EMPTY.compared_with(other)  # type: ignore[arg-type]


class Fewer(AppointmentStatistics):
    def breakdowns(self) -> dict[str, pl.DataFrame]:
        whole = super().breakdowns()
        return {name: whole[name] for name in ("source", "utm_source")}


def test_only_statistics_of_the_same_dimensions_can_be_compared() -> None:
    docs = [{"created_at": None, "status": None}]
    fewer = Fewer(appointment_statistics(docs, timezone="Asia/Tokyo").frame)
    with pytest.raises(InvalidRecordsError) as caught:
        of((None, "a")).compared_with(fewer)
    assert caught.value.faults == (
        f"`breakdowns`: cannot compare {', '.join(DIMENSIONS)} with source, utm_source",
        "`timezone`: cannot compare UTC with Asia/Tokyo",
    )
    assert list(fewer.compared_with(fewer).breakdowns()) == ["source", "utm_source"]


def test_all_values_come_or_go_beside_an_empty_answer() -> None:
    layout = RecordLayout(breakdowns={"clinic": "clinic", "a": "a"})
    docs = [{"created_at": None, "status": "success", "clinic": "Mill", "a": "b"}]
    stats = appointment_statistics(docs, layout=layout)
    came, went = stats.compared_with(EMPTY), EMPTY.compared_with(stats)
    assert list(came.breakdowns()) == list(went.breakdowns()) == [*stats.breakdowns()]
    assert came.breakdown("clinic").rows() == [("Mill", 1, 0, 1, None)]
    assert went.breakdown("clinic").rows() == [("Mill", 0, 1, -1, -1.0)]
    assert went.breakdown("source").rows() == [("not set", 0, 1, -1, -1.0)]
    with pytest.raises(InvalidRecordsError, match=r"^`timezone`: cannot compare"):
        stats.compared_with(AppointmentStatistics.empty("Asia/Tokyo"))
    for other in (of((None, "a")), appointment_statistics([], layout=layout)):
        with pytest.raises(InvalidRecordsError, match=r"^`breakdowns`: cannot compare"):
            other.compared_with(appointment_statistics(docs, layout=FURTHER))


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dimension 'clinic', expected one of"):
        EMPTY.compared_with(EMPTY).breakdown("clinic")


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [
        ("America/New_York", "0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
        ("Asia/Tokyo", "9999-12-30T00:00:00Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_a_window_beyond_the_calendar_is_named(zone: str, start: str, end: str) -> None:
    stats = AppointmentStatistics.empty(zone)
    query = StatisticsQuery(start=start, end=end)
    with pytest.raises(ValueError, match="years 1 to 9999"):
        stats.compared_with(stats).trends(query, query)
