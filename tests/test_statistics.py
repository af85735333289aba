from dataclasses import FrozenInstanceError
from datetime import date
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
)
from tests import reference
from tests.strategies import (
    Case,
    Document,
    cases,
    counted,
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
    for name, df in stats.breakdowns().items():
        assert_frame_equal(getattr(stats, name), df)


def test_statistics_are_never_changed() -> None:
    stats = of("2024-05-01")
    with pytest.raises(FrozenInstanceError):
        stats.frame = AppointmentStatistics.empty().frame  # type: ignore[misc]
    with pytest.raises(AttributeError):
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


@pytest.mark.parametrize("number", [0, -1, -(10**30)])
def test_pages_and_sizes_below_one_are_refused(number: int) -> None:
    for name in ("page", "size"):
        with pytest.raises(ValueError, match=f"^`{name}` starts at 1, got {number}$"):
            of().dashboard(**{name: number})


@pytest.mark.parametrize("number", [1.5, "1", None])
def test_a_page_or_size_that_is_no_whole_number_is_refused(number: Any) -> None:
    for name in ("page", "size"):
        with pytest.raises(TypeError, match=f"^`{name}`: expected a whole number, got"):
            of().dashboard(**{name: number})


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


def test_statistics_are_a_view_of_their_frame() -> None:
    stats = of("2024-05-01", "2024-05-02")
    assert stats.to_frame() is stats.frame
    assert AppointmentStatistics(stats.frame) == stats
    assert AppointmentStatistics.from_frame(stats.frame).to_frame() is stats.frame


@given(case=cases())
def test_the_views_of_a_frame_are_its_sections(case: Case) -> None:
    stats = counted(case.documents, case.zone)
    sections = {
        name: stats.frame.filter(section=name)
        for name in ("trends", *reference.DEFAULTS)
    }
    assert_frame_equal(stats.trends, sections["trends"].select(TRENDS.names()))
    for name, df in stats.breakdowns().items():
        assert_frame_equal(df, sections[name].select(BREAKDOWN.names()))
    assert stats.total == stats.frame.filter(section="total")["count"].item()
    assert stats.undated == stats.frame.filter(section="undated")["count"].item()


def test_statistics_show_themselves_in_one_line() -> None:
    assert repr(of("2024-05-01", "2024-05-02")) == (
        "AppointmentStatistics(total=2, undated=0, days=2, timezone='UTC')"
    )


def test_the_sum_of_statistics_is_their_merge() -> None:
    parts = [of("2024-05-01"), of("2024-05-02"), of()]
    assert sum(parts, AppointmentStatistics.empty()) == merge_statistics(parts)
    assert merge_statistics(parts[:1]) == parts[0]
    for part in parts:
        part.check()


def test_parts_can_be_summed() -> None:
    parts = [of("2024-05-01"), of("2024-05-02"), of("2024-05-02")]
    assert sum(parts) == merge_statistics(parts)
    with pytest.raises(TypeError):
        7 + parts[0]


@pytest.mark.parametrize("part", [1, None, {}, pl.DataFrame()], ids=repr)
def test_a_part_is_statistics(part: object) -> None:
    name = type(part).__name__
    with pytest.raises(
        TypeError, match=f"expected `AppointmentStatistics`, got `{name}`"
    ):
        merge_statistics([of("2024-05-01"), part])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "frame", [5, None, of().to_frame().lazy()], ids=["5", "None", "lazy"]
)
def test_only_a_frame_is_taken_back(frame: Any) -> None:
    name = type(frame).__name__
    with pytest.raises(TypeError, match=f"^frame: expected `DataFrame`, got `{name}`$"):
        AppointmentStatistics.from_frame(frame)


def test_more_records_than_64_bits_count_do_not_add_up() -> None:
    whole = of("2024-05-01").to_frame()
    most = whole.with_columns(pl.col(pl.Int64) * (2**63 - 1))
    part = AppointmentStatistics(most)
    assert merge_statistics([part]).total == 2**63 - 1
    with pytest.raises(InvalidRecordsError, match="more records than 64 bits"):
        merge_statistics([part, of("2024-05-01")])


def test_a_further_breakdown_is_found_by_its_name() -> None:
    layout = RecordLayout(breakdowns={"status": "status", "clinic": "place.clinic"})
    records: list[Document] = [
        {"created_at": None, "status": " No-Show", "place": {"clinic": "north "}},
        {"created_at": None, "status": "failed", "place": {"clinic": "\u200b"}},
        {"created_at": None, "status": "No-Show", "place": {}},
    ]
    stats = appointment_statistics(records, layout=layout)
    assert list(stats.breakdowns()) == [*reference.DEFAULTS, "clinic", "status"]
    assert stats.breakdown("status").rows() == [
        *(("No-Show", 2, 0, 0, 0, 2), ("failed", 1, 0, 0, 1, 0))
    ]
    assert stats.breakdown("clinic").rows() == [
        *(("not set", 2, 2, 0, 1, 1), ("north", 1, 0, 0, 0, 1))
    ]
    assert_frame_equal(stats.breakdown("source"), stats.source)
    plain = appointment_statistics(records)
    assert stats.dashboard() == plain.dashboard()
    assert stats.frame[: plain.frame.height].equals(plain.frame)


def test_an_empty_answer_tells_what_was_counted() -> None:
    layout = RecordLayout(breakdowns={"clinic": "clinic"})
    stats = appointment_statistics([], layout=layout)
    stats.check()
    assert stats.breakdown("clinic").schema == BREAKDOWN
    assert stats.breakdown("clinic").is_empty()
    expected = (
        "unknown dimension 'clinc', expected one of source, .*, utm_campaign, clinic$"
    )
    with pytest.raises(ValueError, match=expected):
        stats.breakdown("clinc")
    with pytest.raises(ValueError, match="unknown dimension 'clinic'"):
        AppointmentStatistics.empty().breakdown("clinic")


@pytest.mark.parametrize("records", [[], on("2024-05-01")])
def test_only_parts_with_the_same_breakdowns_add_up(records: list[Document]) -> None:
    one, other, none = (
        appointment_statistics(records, layout=RecordLayout(breakdowns=breakdowns))
        for breakdowns in ({"a": "a", "b": "b"}, {"a": "a"}, {})
    )
    nothing = AppointmentStatistics.empty()
    for part in (one, other, none):
        assert (part + part).breakdowns().keys() == part.breakdowns().keys()
        assert part + nothing == nothing + part == part
        assert merge_statistics([nothing, nothing, part, nothing]) == part
    with pytest.raises(InvalidRecordsError, match=r"^`breakdowns`: .* a, b and a$"):
        merge_statistics([one, nothing, other])
    if records:
        with pytest.raises(InvalidRecordsError, match=r"up: none and a$"):
            merge_statistics(iter([none, other]))
    else:
        assert none + other == other
