import importlib
import io
import json
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.charts import DashboardChart, dashboard_chart
from stats_core.charts.rows import hour_rows, list_rows, trend_rows, window_trend
from stats_core.schema import OUTCOMES
from tests.strategies import a_part_of_the_examples, counted, documents

FIRST = date(2024, 5, 1)
EMPTY = AppointmentStatistics.empty()


def of(*days: str | date | None, source: str | None = None) -> AppointmentStatistics:
    records: list[dict[str, Any]] = [
        {"created_at": day, "status": "success", "source": source} for day in days
    ]
    return appointment_statistics(records)


def of_sources(*values: str) -> AppointmentStatistics:
    return appointment_statistics(
        [{"created_at": FIRST, "status": "failed", "source": it} for it in values]
    )


@a_part_of_the_examples(2)
@given(documents())
def test_a_trend_has_every_record_with_a_day(records: list[dict[str, Any]]) -> None:
    stats = counted(records)
    _, [rows] = trend_rows(stats.trends)
    for outcome in OUTCOMES:
        assert sum(row[outcome] for row in rows) == stats.trends[outcome].sum()
    assert sum(row["total"] for row in rows) == stats.total - stats.undated
    assert len({row["label"] for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("days", "every", "first", "last"),
    [
        ([FIRST], "day", ("1 May 2024", "Wednesday, 1 May 2024"), None),
        (
            [FIRST, FIRST + timedelta(200)],
            "week",
            ("29 Apr 2024", "29 Apr 2024 to 5 May 2024"),
            ("11 Nov 2024", "11 Nov 2024 to 17 Nov 2024"),
        ),
        (
            [FIRST, FIRST + timedelta(1_000)],
            "month",
            ("May 2024", "May 2024"),
            ("Jan 2027", "Jan 2027"),
        ),
        (
            [FIRST, FIRST + timedelta(9_000)],
            "quarter",
            ("Q2 2024", "Q2 2024"),
            ("Q4 2048", "Q4 2048"),
        ),
        ([FIRST, date(2100, 1, 1)], "year", ("2024", "2024"), ("2100", "2100")),
        ([date(1, 1, 1), date(9999, 1, 1)], "year", ("1", "1"), ("9999", "9999")),
        (
            [date(9999, 8, 1), date(9999, 12, 31)],
            "week",
            ("26 Jul 9999", "26 Jul 9999 to 1 Aug 9999"),
            ("27 Dec 9999", "27 Dec 9999 to 31 Dec 9999"),
        ),
    ],
)
def test_periods_have_the_names_that_people_write(
    days: list[date],
    every: str,
    first: tuple[str, str],
    last: tuple[str, str] | None,
) -> None:
    found, [rows] = trend_rows(of(*days).trends)
    assert found == every
    assert (rows[0]["label"], rows[0]["period"]) == first
    assert (rows[-1]["label"], rows[-1]["period"]) == (last or first)


def test_two_trends_have_the_same_periods() -> None:
    long, short = of("2020-01-01", "2024-05-01"), of("2024-05-01", "2024-07-01")
    every, [first, second] = trend_rows(short.trends, long.trends)
    assert every == "month"
    assert [row["label"] for row in first] == ["May 2024", "Jun 2024", "Jul 2024"]
    assert len(second) == 53
    assert trend_rows(EMPTY.trends, long.trends)[1][0] == []


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({"start": "2024-04-29"}, ["29 Apr", "30 Apr", "1 May", "2 May", "3 May"]),
        ({"end": "2024-05-04"}, ["1 May", "2 May", "3 May", "4 May"]),
        ({"end": "2024-05-03T23:30:00+00:00"}, ["1 May", "2 May", "3 May", "4 May"]),
        ({"start": "2024-05-02", "end": "2024-05-02"}, ["1 May", "2 May", "3 May"]),
        ({"end": "9999-12-31T23:30:00Z"}, ["1 May", "2 May", "3 May"]),
    ],
)
def test_a_trend_has_the_days_of_its_query(
    query: dict[str, str], days: list[str]
) -> None:
    records = [
        {"created_at": f"2024-05-0{day}T12:00:00Z", "status": "x"} for day in (1, 3)
    ]
    stats = appointment_statistics(records, timezone="Europe/Paris")
    every, [rows] = trend_rows(
        window_trend(stats, StatisticsQuery.model_validate(query))
    )
    assert every == "day"
    assert [row["label"] for row in rows] == [f"{day} 2024" for day in days]
    assert [row["total"] for row in rows if row["total"]] == [1, 1]


def test_the_days_of_a_long_query_are_not_all_listed() -> None:
    query = StatisticsQuery(start="0001-01-01", end="9999-12-31")
    every, [rows] = trend_rows(window_trend(of(FIRST), query))
    assert every == "year"
    assert [row["label"] for row in rows] == ["1", "2024", "9999"]


def test_compared_trends_have_the_days_of_their_queries() -> None:
    query = StatisticsQuery(start="2025-04-25", end="2025-04-26")
    spec = dashboard_chart(
        of("2025-04-25"),
        query=query,
        before=of("2025-04-24"),
        before_query=query.previous(),
    ).to_dict()
    now, before = spec["concat"][1:3]
    assert now["title"] == "25 Apr 2025 to 26 Apr 2025, by day"
    assert before["title"] == "Before: 23 Apr 2025 to 24 Apr 2025, by day"
    totals = [
        [row["total"] for row in spec["datasets"][panel["data"]["name"]]]
        for panel in (now, before)
    ]
    assert totals == [[1, 0], [0, 1]]
    assert "of 23 Apr 2025 to 24 Apr 2025:" in spec["title"]["subtitle"][-1]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (of(), "Before: no appointment was counted"),
        (of(None), "Before: no appointment has a date"),
    ],
)
def test_a_trend_without_days_says_why(
    before: AppointmentStatistics, told: str
) -> None:
    query = StatisticsQuery(start=FIRST, end=FIRST)
    spec = dashboard_chart(
        of(FIRST), before=before, query=query, before_query=query.previous()
    ).to_dict()
    assert [{"text": told}] in spec["datasets"].values()


def test_the_others_are_one_row_and_say_how_many_they_are() -> None:
    rows = list_rows(of_sources(*"aaabbcd"), "source", 2)
    assert [(row["value"], row["total"], row["shown"]) for row in rows] == [
        ("a", 3, "3 (42.9%)"),
        ("b", 2, "2 (28.6%)"),
        ("2 more values", 2, "2 (28.6%)"),
    ]


def test_values_that_look_alike_keep_their_bars() -> None:
    rows = list_rows(of_sources("a\x00b", "a\x01b", "a b", "1 more value"), "source", 3)
    assert len({row["key"] for row in rows}) == 4
    assert [row["value"] for row in rows].count("a\ufffdb") == 2


@given(
    st.lists(st.sampled_from("abcdef")),
    st.lists(st.sampled_from("abcdef")),
    st.integers(1, 7),
)
def test_earlier_counts_add_up(now: list[str], before: list[str], top: int) -> None:
    rows = list_rows(of_sources(*now), "source", top, of_sources(*before))
    assert sum(row["total"] for row in rows) == len(now)
    for row in rows:
        if len(row["value"]) == 1:
            assert row["before"] == before.count(row["value"])
    if len(rows) > top:
        assert sum(row["before"] for row in rows) == len(before)


def test_values_that_are_gone_are_a_row_of_their_own() -> None:
    rows = list_rows(of_sources("a"), "source", 3, of_sources("a", "b", "c", "c"))
    assert [(row["value"], row["total"], row["before"]) for row in rows] == [
        ("a", 1, 1),
        ("2 earlier values", 0, 3),
    ]


def with_hours() -> AppointmentStatistics:
    sunday = {"created_at": "2024-05-05T23:30:00Z"}
    words = *("success",) * 3, "failed", "late", None
    records = [{**sunday, "status": word} for word in words]
    records += [{"created_at": "2024-05-06T00:00:00Z", "status": None}]
    return appointment_statistics(records, hours=True)


def test_every_hour_of_the_week_has_a_field() -> None:
    rows = hour_rows(with_hours())
    assert len({(row["weekday"], row["hour"]) for row in rows}) == 7 * 24
    assert [row["total"] for row in rows] == [1, *[0] * (7 * 24 - 2), 6]
    last = rows[-1]
    assert (last["weekday"], last["time"]) == ("Sunday", "23:00 to 23:59")
    assert (last["total"], last["rate"]) == (6, "75.0%")


def test_hours_are_drawn_where_they_were_counted() -> None:
    counted, without = with_hours(), of("2024-05-01")
    for stats, before, maps in (
        *((without, None, 0), (counted, None, 1), (counted, counted, 2)),
        *((counted, without, 1), (without, counted, 1)),
    ):
        text = json.dumps(dashboard_chart(stats, before=before).to_dict())
        assert text.lower().count("hours of the week") == maps


@pytest.mark.parametrize("name", ["x.html", "x.png", "x.svg", "x.json"])
def test_a_chart_is_saved_by_the_ending_of_its_file(tmp_path: Path, name: str) -> None:
    chart = dashboard_chart(of("2024-05-01"))
    paths = tmp_path / name, tmp_path / name.upper().replace("X.", "y.")
    for path in paths[: 1 + (name == "x.html")]:
        chart.save(path)
        start = path.read_bytes()[:15]
        assert start.startswith((b"<!DOCTYPE html>", b"\x89PNG", b"<svg", b"{"))


def test_a_chart_is_saved_to_what_is_open() -> None:
    text, binary = io.StringIO(), io.BytesIO()
    chart = dashboard_chart(of("2024-05-01"))
    chart.save(text, "html")
    assert text.getvalue() == chart.to_html()
    chart.save(binary, format="png")
    double = binary.tell()
    chart.save(binary := io.BytesIO(), "png", scale_factor=1)
    assert binary.tell() < double


def test_the_page_is_one_file_without_addresses() -> None:
    html = dashboard_chart(of("2024-05-01")).to_html()
    assert not re.search(r"cdn\.|jsdelivr|unpkg|@import", html)
    start, _, end = re.split("<script>|</script>", html, maxsplit=2)
    assert not re.search(r"src=|href=|url\(", start + end)


@a_part_of_the_examples(4)
@given(st.text(max_size=30))
def test_no_text_ends_the_script_that_holds_it(value: str) -> None:
    value = f"{value}</script><!--<script>"
    html = dashboard_chart(of_sources(value), title=value).to_html()
    assert len(re.findall("<script>|</script>|<!--", html)) == 4
    [written] = re.findall(r"^const spec = (.*);$", html, re.MULTILINE)
    assert json.loads(written)["title"]["text"].endswith("</script><!--<script>")


def test_control_characters_leave_an_svg_well_formed() -> None:
    chart = dashboard_chart(of_sources("\x00\x1b<&\ufffe", "&lt;"), title="\x01<b>&")
    svg = io.StringIO()
    chart.save(svg, "svg")
    texts = {it.text for it in ET.fromstring(svg.getvalue()).iter() if it.text}  # noqa: S314 - our own
    assert {"\ufffd<b>&", "&lt;"} <= texts


def test_the_title_has_the_zone_and_the_filters() -> None:
    query = StatisticsQuery(
        appointment_type="F/U",
        search=" ana  <b>",
        start="2024-05-01",
        end="2024-05-31T12:00:00Z",
    )
    stats = AppointmentStatistics.empty("America/New_York")
    where = {"source": ["app", "a\nb"], "type": "new"}
    spec = dashboard_chart(stats, title="May", query=query, where=where).to_dict()
    assert spec["title"]["text"] == "May"
    assert " ".join(spec["title"]["subtitle"]) == (
        "days in America/New_York · type F/U · search ana <b> · from 2024-05-01 · "
        "to 2024-05-31 12:00:00+00:00 · source is app or a b · type is new"
    )


def test_many_filters_do_not_widen_a_picture() -> None:
    where = {"source": ["x" * 900, *("café-bar",) * 99]}
    spec = dashboard_chart(EMPTY, where=where).to_dict()
    assert all(len(line) <= 140 for line in spec["title"]["subtitle"])
    assert "".join(spec["title"]["subtitle"]).count("café-bar") == 99


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 7])
def test_an_axis_of_few_records_counts_whole_ones(count: int) -> None:
    records = [{"created_at": FIRST, "status": "failed"}] * count
    chart = dashboard_chart(appointment_statistics(records, hours=True))
    chart.save(svg := io.StringIO(), "svg")
    axis, *_ = labels(svg.getvalue(), "axis", has="1")
    assert axis == [*map(str, range(count + 1))]
    legend, *_ = labels(svg.getvalue(), "legend", has=str(count))
    assert len({*legend}) == len(legend)


def labels(svg: str, role: str, *, has: str) -> list[list[str]]:
    groups = re.findall(rf"role-{role}-label(.*?)role-", svg + "role-", re.DOTALL)
    found = [re.findall("<text[^>]*>([^<]*)", group) for group in groups]
    return [texts for texts in found if texts[:1] == ["0"] and has in texts]


def test_every_dimension_has_a_list() -> None:
    layout = RecordLayout(breakdowns={"clinic": "clinic", "type": "kind"})
    records = [{"created_at": FIRST, "status": "failed", "clinic": "Mill"}]
    stats = appointment_statistics(records, layout=layout)
    assert len(stats.breakdowns()) == 6
    text = json.dumps(dashboard_chart(stats).to_dict())
    assert all(f'"title": "{name}"' in text for name in stats.breakdowns())


def test_what_altair_is_told_elsewhere_has_no_say() -> None:
    import altair as alt  # noqa: PLC0415 - only here

    stats = of(*[date(day, 1, 1) for day in range(1, 9_999)])
    with alt.data_transformers.enable("json"):
        text = json.dumps(dashboard_chart(stats).to_dict())
    assert '"url"' not in text


def test_a_chart_can_be_changed_as_any_of_altair() -> None:
    chart = dashboard_chart(of("2024-05-01")).properties(background="pink")
    assert isinstance(chart, DashboardChart)
    assert '"background": "pink"' in chart.to_html()


def test_what_cannot_be_drawn_is_named() -> None:
    with pytest.raises(ValueError, match="`theme` is one of auto, light, dark, got"):
        dashboard_chart(EMPTY, theme="pink")  # type: ignore[arg-type]
    with pytest.raises(InvalidRecordsError, match="`timezone`: cannot compare"):
        dashboard_chart(EMPTY, before=AppointmentStatistics.empty("Asia/Tokyo"))
    with pytest.raises(ValueError, match="`top` starts at 1, got 0"):
        dashboard_chart(EMPTY, top=0)
    with pytest.raises(TypeError, match="stats: expected `AppointmentStatistics`, got"):
        dashboard_chart(None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("altair", r"pictures need an extra: pip install 'stats-core\[charts\]'"),
        ("vl_convert", r"pictures need an extra: pip install 'stats-core\[charts\]'"),
        ("stats_core.charts.rows", "import of stats_core.charts.rows halted"),
    ],
)
def test_without_the_extra_its_name_is_told(
    monkeypatch: pytest.MonkeyPatch, lacking: str, told: str
) -> None:
    for name in [name for name in sys.modules if name.startswith("stats_core.charts")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, lacking, None)
    with pytest.raises(ModuleNotFoundError, match=told):
        importlib.import_module("stats_core.charts")
