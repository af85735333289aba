from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from rich.console import Console, RenderableType

from stats_core import (
    AppointmentStatistics,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.cli.tables import (
    comparison_tables,
    integrations_table,
    statistics_tables,
)
from stats_core.sample import integration_ids, sample_records
from stats_core.schema import BY_INTEGRATION_SCHEMA

WIDTH = 80


def shown(table: RenderableType) -> str:
    console = Console(width=WIDTH, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def cells(table: RenderableType) -> list[list[str]]:
    lines = [line for line in shown(table).splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


def of_sources(*values: str | None, status: str | None = None) -> AppointmentStatistics:
    records: list[dict[str, Any]] = [
        {"created_at": None, "status": status, "source": value} for value in values
    ]
    return appointment_statistics(records)


def test_tables_show_what_the_response_leaves_out() -> None:
    records = sample_records(300).drop("integration_id")
    text = shown(statistics_tables(appointment_statistics(records)))
    for word in ("overview", "undated", "month from", "utm_campaign", "more below"):
        assert word in text
    assert max(map(len, text.splitlines())) <= WIDTH


def test_the_overview_has_every_outcome() -> None:
    records: list[dict[str, Any]] = [
        *[{"created_at": "2024-05-01", "status": "success"}] * 1_200,
        *[{"created_at": "2024-05-02", "status": "failed"}] * 300,
        *[{"created_at": None, "status": "cancelled"}] * 7,
    ]
    rows = cells(statistics_tables(appointment_statistics(records)))
    assert ["UTC", "1,507", "1,200", "300", "7", "80.0%", "7"] in rows
    assert ["2024-05-01", "1,200", "0", "0", "100.0%"] in rows
    assert ["2024-05-02", "0", "300", "0", "0.0%"] in rows
    assert ["direct", "1,507", "100.0%", "1,200", "300", "7", "80.0%"] in rows


def test_a_share_of_nothing_is_a_dash() -> None:
    rows = cells(statistics_tables(AppointmentStatistics.empty("Asia/Tokyo")))
    assert rows == [["Asia/Tokyo", "0", "0", "0", "0", "-", "0"]]
    assert ["a", "1", "100.0%", "0", "0", "1", "-"] in cells(
        statistics_tables(of_sources("a"))
    )


@pytest.mark.parametrize(
    ("days", "period"),
    [
        *((1, "day"), (31, "day"), (32, "week"), (100, "week"), (500, "month")),
        *((2_000, "quarter"), (9_999, "year")),
    ],
)
def test_a_trend_of_any_length_fits_a_screen(days: int, period: str) -> None:
    numbers = pl.int_range(days, eager=True, dtype=pl.Int32)
    df = pl.DataFrame({"created_at": numbers.cast(pl.Date), "status": "failed"})
    stats = appointment_statistics(df)
    text = shown(statistics_tables(stats))
    assert f"{period} from" in text
    years = 1 + (date(1970, 1, 1) + timedelta(days - 1)).year - 1970
    assert text.count("100.0%") <= 4
    assert text.count(" 0.0%") - 5 <= max(31, years)


@pytest.mark.parametrize(
    ("page", "size", "values", "below"),
    [
        (1, 2, ["a", "b"], "3 more below"),
        (2, 2, ["c", "d"], "1 more below"),
        (3, 2, ["e"], None),
        (4, 2, [], None),
        (1, 5, list("abcde"), None),
        (10**30, 10**30, [], None),
    ],
)
def test_breakdowns_are_paged(
    page: int, size: int, values: list[str], below: str | None
) -> None:
    stats = of_sources(*"aaaaabbbbcccdde")
    text = shown(statistics_tables(stats, page=page, size=size))
    source = text[text.index("source") : text.index("utm_source")]
    found = [line[1:].split()[0] for line in source.splitlines() if line[:1] == "│"]
    assert found == values
    assert (below in source) if below else ("more below" not in source)


def test_ten_rows_of_a_breakdown_are_shown_by_default() -> None:
    text = shown(statistics_tables(of_sources(*map(str, range(1_012)))))
    assert "1,002 more below" in text


def test_markup_and_control_sequences_in_data_are_not_obeyed() -> None:
    text = shown(statistics_tables(of_sources("[red]x", "x\x1b[31my")))
    assert "[red]x" in text
    assert "x\ufffd[31my" in text
    assert "\x1b" not in text


def test_further_breakdowns_have_a_table_each_named_as_it_is() -> None:
    layout = RecordLayout(breakdowns={"[red]x\n": "source", "status": "status"})
    records = [{"created_at": None, "status": " late ", "source": "ads"}]
    stats = appointment_statistics(records, layout=layout)
    text = shown(statistics_tables(stats))
    assert text.index("utm_campaign") < text.index("[red]x\ufffd") < text.index("late")
    assert ["late", "1", "100.0%", "0", "0", "1", "-"] in cells(
        statistics_tables(stats)
    )


@pytest.mark.parametrize("value", ["x" * 200, "an " * 70])
def test_a_long_value_is_cut_and_no_number_is(value: str) -> None:
    tables = statistics_tables(of_sources(value, "b", "b", status="failed"))
    [long] = [row for row in cells(tables) if row[0].endswith("…")]
    assert value.startswith(long[0].removesuffix("…"))
    assert long[1:] == ["1", "33.3%", "0", "1", "0", "0.0%"]
    assert ["b", "2", "66.7%", "0", "2", "0", "0.0%"] in cells(tables)
    assert max(map(len, shown(tables).splitlines())) == WIDTH


def test_integrations_have_a_row_each_with_their_outcomes() -> None:
    whole = sample_records(400).collect()
    found = statistics_by_integration(whole)
    partial = pl.concat(
        stats.frame.select(pl.lit(key).alias("integration_id"), pl.all())
        for key, stats in found.items()
    )
    rows = cells(integrations_table(partial))
    assert [row[0] for row in rows] == integration_ids(3)
    for row, stats in zip(rows, found.values(), strict=True):
        outcomes = stats.source.select("successful", "failed", "other").sum().row(0)
        successful, failed, _ = outcomes
        share = f"{successful / (successful + failed):.1%}"
        assert row[1:] == [str(stats.total), *map(str, outcomes), share]


def test_no_integration_is_a_table_without_rows() -> None:
    table = integrations_table(BY_INTEGRATION_SCHEMA.to_frame())
    assert table.row_count == 0
    assert "integration_id" in shown(table)


def test_a_comparison_shows_every_number_now_and_before() -> None:
    now, before = of_sources(*"aaabd", status="failed"), of_sources(*"aacd")
    query = StatisticsQuery(start="2024-05-01", end="2024-05-02")
    found = now.compared_with(before)
    rows = cells(comparison_tables(found, query, query.previous()))
    assert rows[:4] == [
        ["total", "5", "4", "+1", "+25.0%"],
        ["successful", "0", "0", "+0", "-"],
        ["failed", "5", "0", "+5", "-"],
        ["other", "0", "4", "-4", "-100.0%"],
    ]
    assert rows[4:6] == [
        ["2024-05-01", "2024-04-29", "0", "0", "+0", "-"],
        ["2024-05-02", "2024-04-30", "0", "0", "+0", "-"],
    ]
    assert rows[6:10] == [
        ["a", "3", "2", "+1", "+50.0%"],
        ["d", "1", "1", "+0", "+0.0%"],
        ["b", "1", "0", "+1", "-"],
        ["c", "0", "1", "-1", "-100.0%"],
    ]
    assert rows[10] == ["direct", "5", "4", "+1", "+25.0%"]
    past_the_end = comparison_tables(found, query, query.previous(), page=10**30)
    assert cells(past_the_end) == rows[:6]
    paged = comparison_tables(found, query, query.previous(), page=2, size=1)
    assert ["d", "1", "1", "+0", "+0.0%"] in cells(paged)
    assert "2 more below" in shown(paged)
    assert max(map(len, shown(paged).splitlines())) <= WIDTH


@pytest.mark.parametrize(
    ("days", "title", "rows"),
    [
        *((31, "trends, days", 31), (32, "trends, each 7 days", 5)),
        *((217, "each 7 days", 31), (218, "each 28 days", 8)),
        *((868, "each 28 days", 31), (2_821, "each 91 days", 31)),
        *((2_822, "each 364 days", 8), (20_000, "each 364 days", 55)),
    ],
)
def test_aligned_days_of_any_number_fit_a_screen(
    days: int, title: str, rows: int
) -> None:
    last = date(2024, 5, 1)
    calendar = [last - timedelta(days=number) for number in range(days)]
    records = [{"created_at": day, "status": "failed"} for day in calendar]
    query = StatisticsQuery(start=calendar[-1], end=last)
    earlier = query.previous()
    found = appointment_statistics(records).compared_with(AppointmentStatistics.empty())
    tables = comparison_tables(found, query, earlier)
    assert title in shown(tables)
    aligned = [row for row in cells(tables) if row[0][:1] in "12" and len(row) == 6]
    assert len(aligned) == rows
    assert sum(int(row[2]) for row in aligned) == days
    assert aligned[0][:2] == [str(query.start), str(earlier.start)]


def test_a_day_beside_none_is_a_dash() -> None:
    empty = AppointmentStatistics.empty()
    query = StatisticsQuery(start="2024-02-29", end="2024-03-01")
    other = StatisticsQuery(start="2024-02-29", end="2024-02-29")
    rows = cells(comparison_tables(empty.compared_with(empty), query, other))
    assert ["2024-03-01", "-", "0", "0", "+0", "-"] in rows
