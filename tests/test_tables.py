import io
import re
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from rich.cells import cell_len
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


def shown(table: RenderableType, width: int = WIDTH, **options: Any) -> str:
    console = Console(width=width, force_terminal=False, **options)
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def cells(table: RenderableType) -> list[list[str]]:
    lines = shown(table).splitlines()
    return [re.split(r"\s{2,}", line.strip()) for line in lines]


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
    assert ["2024-05-01", "1,200", "0", "0", "100.0%", "█" * 32] in rows
    assert ["2024-05-02", "0", "300", "0", "0.0%", "▒" * 8] in rows
    assert ["direct", "1,507", "100.0%", "1,200", "300", "7", "80.0%"] in rows


def test_a_share_of_nothing_is_a_dash() -> None:
    rows = cells(statistics_tables(AppointmentStatistics.empty("Asia/Tokyo")))
    assert ["Asia/Tokyo", "0", "0", "0", "0", "-", "0"] in rows
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
    rows = [line.split() for line in source.splitlines()[2:]]
    assert [row[0] for row in rows if len(row) > 4] == values
    assert (below in source) if below else ("more below" not in source)


def test_ten_rows_of_a_breakdown_are_shown_by_default() -> None:
    text = shown(statistics_tables(of_sources(*map(str, range(1_012)))))
    assert "1,002 more below" in text


def test_markup_and_control_sequences_in_data_are_not_obeyed() -> None:
    names = "[red]x", "x\x1b[31my", "two\nlines"
    text = shown(statistics_tables(of_sources(*names)))
    assert "[red]x" in text
    assert "two lines" in text
    assert "x\ufffd[31my" in text
    assert "\x1b" not in text


def test_further_breakdowns_have_a_table_each_named_as_it_is() -> None:
    layout = RecordLayout(breakdowns={"[red]x\x1b": "source", "status": "status"})
    records = [{"created_at": None, "status": " late ", "source": "ads"}]
    stats = appointment_statistics(records, layout=layout)
    text = shown(statistics_tables(stats))
    assert text.index("utm_campaign") < text.index("[red]x\ufffd") < text.index("late")
    assert ["late", "1", "100.0%", "0", "0", "1", "-"] in cells(
        statistics_tables(stats)
    )


def test_hours_have_a_table_of_weekdays() -> None:
    records = [{"created_at": "2024-05-01T09:30:00Z", "status": "late"}] * 1_200
    plain = appointment_statistics(records)
    stats = appointment_statistics(records, hours=True)
    assert "Mon" not in shown(statistics_tables(plain))
    rows = [row for row in cells(statistics_tables(stats)) if ":" in row[0]]
    assert [row[0] for row in rows] == [f"{hour:02}:00" for hour in range(24)]
    assert rows[9][1:] == ["0", "0", "1,200", "0", "0", "0", "0"]
    assert rows[8][1:] == ["0"] * 7


@pytest.mark.parametrize("value", ["x" * 200, "an " * 70])
def test_a_long_value_is_cut_and_no_number_is(value: str) -> None:
    tables = statistics_tables(of_sources(value, "b", "b", status="failed"))
    [long] = [row for row in cells(tables) if row[0].endswith("…")]
    assert value.startswith(long[0].removesuffix("…"))
    assert long[1:] == ["1", "33.3%", "0", "1", "0", "0.0%"]
    assert ["b", "2", "66.7%", "0", "2", "0", "0.0%"] in cells(tables)
    assert max(map(len, shown(tables).splitlines())) == WIDTH


def of_days(*counts: tuple[int, int, int]) -> AppointmentStatistics:
    words = "success", "failed", "noshow"
    records: list[dict[str, Any]] = [
        {"created_at": date(2024, 5, 1) + timedelta(day), "status": word}
        for day, outcomes in enumerate(counts)
        for word, count in zip(words, outcomes, strict=True)
        for _ in range(count)
    ]
    return appointment_statistics(records)


def bars(stats: AppointmentStatistics, width: int, **options: Any) -> list[str]:
    text = shown(statistics_tables(stats), width, **options)
    lines = [line for line in text.splitlines() if line.startswith("2024-05-")]
    return [re.split("[%-]", line)[-1].strip() for line in lines]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_bars_are_scaled_to_the_width(width: int) -> None:
    stats = of_days((10, 6, 4), (0, 0, 0), (5, 0, 0), (0, 20, 0))
    text, found = shown(statistics_tables(stats), width), bars(stats, width)
    assert max(map(len, text.splitlines())) == width
    room = width - len("2024-05-01  successful  failed  other  success  ")
    assert [len(bar) for bar in found] == [room, 0, round(room / 4), room]
    cells = [round(room / 2), round(room * 16 / 20), room]
    assert found[0] == (
        "█" * cells[0] + "▒" * (cells[1] - cells[0]) + "░" * (cells[2] - cells[1])
    )


def test_few_are_not_none() -> None:
    assert bars(of_days((1_000, 0, 0), (0, 1, 0), (1, 0, 0)), 80)[1:] == ["▒", "█"]


def test_bars_differ_without_colours_and_without_unicode() -> None:
    text = io.TextIOWrapper(io.BytesIO(), "ascii")
    assert bars(of_days((2, 1, 1)), 79, file=text) == ["#" * 16 + "x" * 7 + "." * 8]


def test_outcomes_have_colours_on_a_terminal_that_wants_them() -> None:
    tables = statistics_tables(of_days((2, 1, 1)))
    for environment, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
        console = Console(
            width=WIDTH, force_terminal=True, color_system="256", _environ=environment
        )
        with console.capture() as capture:
            console.print(tables)
        assert ("\x1b[34m██" in capture.get()) == coloured
        assert not re.search("[│┃━─]", capture.get())


def test_days_without_records_are_shown_between_others() -> None:
    rows = cells(statistics_tables(of_days((1, 0, 0), (0, 0, 0), (1, 0, 0))))
    assert ["2024-05-02", "0", "0", "0", "-"] in rows


@pytest.mark.parametrize(("width", "beside"), [(80, 1), (150, 2), (200, 2), (280, 4)])
@pytest.mark.parametrize("value", ["a", "x" * 300, "診療所" * 50])
def test_breakdowns_stand_side_by_side_where_there_is_room(
    width: int, beside: int, value: str
) -> None:
    text = shown(statistics_tables(of_sources(value)), width)
    titles = [line.split() for line in text.splitlines() if "utm_campaign" in line]
    assert len(titles[0]) == beside
    assert max(map(cell_len, text.splitlines())) <= width


def test_integrations_have_a_row_each_with_their_outcomes() -> None:
    whole = sample_records(400).collect()
    found = statistics_by_integration(whole)
    partial = pl.concat(
        stats.frame.select(pl.lit(key).alias("integration_id"), pl.all())
        for key, stats in found.items()
    )
    rows = cells(integrations_table(partial))[2:]
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


def numbers(table: RenderableType) -> list[list[str]]:
    """The rows of tables, without titles, heads and captions."""
    return [row for row in cells(table) if len(row) > 4 and "change" not in row]


def test_a_comparison_shows_every_number_now_and_before() -> None:
    now, before = of_sources(*"aaabd", status="failed"), of_sources(*"aacd")
    query = StatisticsQuery(start="2024-05-01", end="2024-05-02")
    found = now.compared_with(before)
    rows = numbers(comparison_tables(found, query, query.previous()))
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
    assert numbers(past_the_end) == rows[:6]
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
