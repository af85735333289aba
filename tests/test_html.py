import re
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import AppointmentStatistics, appointment_statistics
from stats_core.readable import printable
from stats_core.results.html import Day, answer_html
from stats_core.sample import sample_records

FIRST = date(2024, 5, 1)
EMPTY = pl.DataFrame(schema={"value": pl.String, "count": pl.Int64})


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.bars: list[dict[str, float]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.tags.append(tag)
        self.open.append(tag)
        if tag == "rect":
            given = {name: float(it) for name, it in attrs if name != "fill"}
            self.bars.append(given)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(stats: AppointmentStatistics) -> Page:
    found = Page(stats._repr_html_())
    assert found.open == []
    return found


def of_days(numbers: list[int], status: str = "success") -> AppointmentStatistics:
    records: list[dict[str, Any]] = [
        {"created_at": FIRST + timedelta(n), "status": status} for n in numbers
    ]
    return appointment_statistics(records)


def test_the_page_has_the_figures_of_the_answer() -> None:
    records = sample_records(20_000).drop("integration_id")
    stats = appointment_statistics(records, timezone="Asia/Tokyo")
    texts = page(stats).texts
    good, bad, other = stats.source.select("successful", "failed", "other").sum().row(0)
    assert f"{good / (good + bad):.1%}" in texts
    for count in (20_000, good, bad, other):
        assert f"{count:,}" in texts
    for text in ("Asia/Tokyo", "undated", "utm_campaign", f"{stats.source[0, 1]:,}"):
        assert text in texts
    assert f"{stats.utm_campaign.height - 5:,} more" in texts
    assert f"{stats.utm_campaign['count'][5:].sum():,}" in texts


@given(st.text(min_size=1, max_size=30))
def test_any_text_is_shown_and_no_text_is_markup(value: str) -> None:
    records = [{"created_at": FIRST, "status": "failed", "source": value}]
    stats = appointment_statistics(records)
    plain = page(of_days([0], "failed"))
    for shown in (page(stats), Page(stats.dashboard()._repr_html_())):
        assert printable(stats.source["value"][0]) in shown.texts
        assert {*shown.tags} <= {*plain.tags}


def test_markup_is_shown_as_text() -> None:
    value = "</td><script>alert('\"&amp;')</script>"
    stats = appointment_statistics(
        [{"created_at": None, "status": "x", "source": value}]
    )
    assert "<script" not in stats._repr_html_()
    assert value in page(stats).texts


def test_a_long_value_is_cut() -> None:
    records = [{"created_at": None, "status": "x", "source": "x" * 10_000}]
    html = appointment_statistics(records)._repr_html_()
    assert "x…" in html
    assert len(html) < 3_000


def test_nothing_counted_is_an_honest_page() -> None:
    shown = page(AppointmentStatistics.empty())
    assert "svg" not in shown.tags
    assert shown.texts.count("0") == 5
    assert "-" in shown.texts


@pytest.mark.parametrize("days", [[0], [0, 1], [0, 9], [0, 119], [0, 120], [0, 999]])
def test_bars_stand_on_calendar_days(days: list[int]) -> None:
    bars = [bar for bar in page(of_days(days)).bars if bar["height"]]
    step = 1 + days[-1] // 120
    assert [bar["x"] for bar in bars] == [4 * (day // step) for day in days]
    assert {bar["height"] for bar in bars} == {40.0}


def test_outcomes_stand_on_each_other() -> None:
    stats = of_days([0, 0]) + of_days([0], "failed") + of_days([0], "noshow")
    assert [(bar["y"], bar["height"]) for bar in page(stats).bars] == [
        *((20.0, 20.0), (10.0, 10.0), (0.0, 10.0))
    ]
    assert "2024-05-01: 2 successful, 1 failed, 1 other" in page(stats).texts


@pytest.mark.parametrize("days", [1, 1_000, 100_000])
def test_the_page_stays_small(days: int) -> None:
    shown = page(of_days([*range(0, days, 50)]))
    assert len(shown.bars) <= 3 * 120


def test_days_of_other_outcomes_only_have_no_height_where_they_are_unknown() -> None:
    stats = of_days([0], "noshow")
    shown = Page(stats.dashboard()._repr_html_())
    assert [bar["height"] for bar in shown.bars] == [0.0, 0.0]
    assert not any("other" in text for text in shown.texts)


def test_a_dashboard_shows_what_the_response_has() -> None:
    records = sample_records(2_000).drop("integration_id")
    zone = "America/New_York"  # has days of 23 and 25 hours
    stats = appointment_statistics(records, timezone=zone)
    shown = Page(stats.dashboard(page=2, size=6)._repr_html_())
    assert "2,000" in shown.texts
    assert f"{stats.utm_source['value'][6]}" in shown.texts
    assert "1 more" in shown.texts
    span = (stats.trends["day"][-1] - stats.trends["day"][0]).days
    assert max(bar["x"] for bar in shown.bars) == 4 * (span // (1 + span // 120))
    titles = [text for text in shown.texts if " successful, " in text]
    assert re.match(r"2024-01-\d\dT05:00Z to ", titles[0])


def test_a_dashboard_says_whose_outcomes_it_knows() -> None:
    records: list[dict[str, Any]] = [{"created_at": None, "status": "success"}] * 3
    stats = appointment_statistics([*records, {"created_at": FIRST, "status": "error"}])
    assert page(stats).texts[:6] == ["4", "total", "3", "successful", "1", "failed"]
    assert Page(stats.dashboard()._repr_html_()).texts[:8] == [
        *("4", "total", "0", "successful, dated", "1", "failed, dated"),
        *("0.0%", "success rate, dated"),
    ]


def test_a_dashboard_of_nothing_is_an_honest_page() -> None:
    html = AppointmentStatistics.empty().dashboard()._repr_html_()
    assert Page(html).texts[:2] == ["0", "total"]


def test_a_list_without_rows_has_its_name() -> None:
    shown = Page(answer_html({}, [], {"source": EMPTY}, 0))
    assert shown.texts == ["source"]


def test_days_need_not_begin_at_zero() -> None:
    days = [Day(739_000, "a", (1,)), Day(739_002, "b", (1,))]
    shown = Page(answer_html({}, days, {}, 2))
    assert [bar["x"] for bar in shown.bars] == [0, 8]
