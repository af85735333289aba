import io
import json
import os
import re
import sys
from contextlib import redirect_stdout
from datetime import date, timedelta

import polars as pl
import pytest
import typer
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    RecordLayout,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.cli.options import OutputFormat, WrongUsageError, parsed_request
from stats_core.cli.output import check_pages, write, write_comparison
from stats_core.request import Request
from stats_core.results.comparison import Comparison
from stats_core.sample import integration_ids, sample_records
from stats_core.schema import BY_INTEGRATION_SCHEMA

WHOLE = sample_records(300).collect()
STATS = appointment_statistics(WHOLE.drop("integration_id"))
COMPARISON = Comparison(
    *(
        appointment_statistics(
            [
                {"created_at": day, "status": "error", "source": f"{day.day // part}"}
                for day in (first + timedelta(n) for n in range(0, 28, 3))
            ]
        )
        for part, first in ((5, date(2024, 5, 2)), (4, date(2024, 4, 1)))
    )
)
BY_ID = statistics_by_integration(WHOLE)
EACH = pl.concat(
    stats.frame.select(pl.lit(key).alias("integration_id"), pl.all())
    for key, stats in BY_ID.items()
)
FORMATS = [None, *OutputFormat]
MAY = parsed_request({"start": "2024-05-01", "end": "2024-05-31"})
APRIL = parsed_request({"start": "2024-03-31", "end": "2024-04-30"})


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def written(
    capsys: pytest.CaptureFixture[str],
    partial: pl.DataFrame,
    request: Request,
    form: OutputFormat | None = None,
) -> str:
    write(partial, request, form)
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def test_an_answer_is_the_published_response(
    capsys: pytest.CaptureFixture[str],
) -> None:
    request = parsed_request({"page": "2", "size": "3"})
    expected = STATS.dashboard(2, 3).model_dump_json(by_alias=True)
    for form in (None, OutputFormat.JSON):
        assert written(capsys, STATS.frame, request, form) == f"{expected}\n"


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("each", [False, True])
def test_breakdowns_that_are_not_shown_are_named(
    capsys: pytest.CaptureFixture[str], form: OutputFormat | None, *, each: bool
) -> None:
    layout = RecordLayout(breakdowns={"type": "appointment_type", "clinic": "clinic"})
    stats = appointment_statistics(WHOLE.drop("integration_id"), layout=layout)
    key = pl.lit(integration_ids(1)[0]).alias("integration_id")
    partial = stats.frame.select(key, pl.all()) if each else stats.frame
    write(partial, Request(), form)
    out, err = capsys.readouterr()
    whole = {OutputFormat.CSV, OutputFormat.MARKDOWN}
    if form in whole:
        assert err == ""
        assert "clinic" in out
        # The row that marks a dimension as counted is no value of a spreadsheet.
        heads = 1 if form is OutputFormat.CSV else 2
        markers = len(layout.breakdowns)
        assert len(out.splitlines()) == heads + partial.height - markers
    elif form is OutputFormat.TABLE and not each:
        assert err == ""
        assert out.index("utm_campaign") < out.index("clinic") < out.index("type")
        assert "Harbour Clinic" in out
    else:
        note = "note: counted, but not shown in this form: clinic, type"
        assert err == f"{note}; `--format csv` shows all\n"
        assert "Harbour" not in out


@pytest.mark.parametrize("form", FORMATS)
def test_hours_that_a_comparison_does_not_show_are_named(
    capsys: pytest.CaptureFixture[str], form: OutputFormat | None
) -> None:
    note = "note: counted, but not shown in this form: hours; "
    note += "without `--compare`, `--format csv` shows all\n"
    for hours, told in ((False, ""), (True, note)):
        now = MAY.model_copy(update={"hours": hours})
        write_comparison(COMPARISON, now, APRIL, form)
        assert capsys.readouterr().err == told


def test_each_integration_is_a_line_that_starts_with_its_id(
    capsys: pytest.CaptureFixture[str],
) -> None:
    request = parsed_request({"page": "2", "size": "3"})
    lines = written(capsys, EACH, request).splitlines()
    for line, (key, stats) in zip(lines, BY_ID.items(), strict=True):
        response = stats.dashboard(2, 3).model_dump_json(by_alias=True)
        assert line == f'{{"integration_id":"{key}",{response[1:]}'


def test_no_integration_is_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = BY_INTEGRATION_SCHEMA.to_frame()
    assert written(capsys, nothing, Request()) == ""


def test_a_table_has_ten_rows_unless_a_size_is_given(
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = [
        written(capsys, STATS.frame, parsed_request({"size": size}), OutputFormat.TABLE)
        for size in (None, "10", "300")
    ]
    assert texts[0] == texts[1] != texts[2]
    assert "more below" in texts[0]
    assert "more below" not in texts[2]


def test_a_table_of_integrations_has_a_row_for_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = written(capsys, EACH, Request(), OutputFormat.TABLE)
    assert all(key in text for key in integration_ids(3))


@pytest.mark.parametrize("partial", [STATS.frame, EACH], ids=["one", "each"])
def test_a_terminal_shows_tables_unless_json_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    partial: pl.DataFrame,
) -> None:
    plain = {form: written(capsys, partial, Request(), form) for form in FORMATS}
    assert plain[None] == plain[OutputFormat.JSON]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    coloured = {form: written(capsys, partial, Request(), form) for form in FORMATS}
    assert coloured[None] == coloured[OutputFormat.TABLE]
    assert coloured[OutputFormat.JSON] == plain[OutputFormat.JSON]
    assert all(map(json.loads, coloured[OutputFormat.JSON].splitlines()))


def test_an_empty_answer_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    empty = AppointmentStatistics.empty().frame
    assert json.loads(written(capsys, empty, Request()))["overview"] == {"total": 0}
    assert "overview" in written(capsys, empty, Request(), OutputFormat.TABLE)


def test_the_tidy_frame_is_written_as_csv_and_markdown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for frame in (STATS.frame, EACH):
        text = written(capsys, frame, Request(), OutputFormat.CSV)
        assert_frame_equal(pl.read_csv(text.encode(), schema=frame.schema), frame)
        table = written(capsys, frame, Request(), OutputFormat.MARKDOWN)
        assert table.splitlines()[0] == f"| {' | '.join(frame.columns)} |"
        assert table.count("\n") == frame.height + 2


@pytest.mark.parametrize("form", [OutputFormat.CSV, OutputFormat.MARKDOWN])
def test_what_has_all_rows_has_no_pages(form: OutputFormat) -> None:
    with pytest.raises(WrongUsageError) as caught:
        check_pages(parsed_request({"page": "1", "size": "3"}), form)
    assert caught.value.args == (
        *(f"--page: not with --format {form}", f"--size: not with --format {form}"),
    )
    check_pages(Request(), form)


@pytest.mark.parametrize("form", [None, OutputFormat.JSON, OutputFormat.TABLE])
def test_other_forms_have_pages(form: OutputFormat | None) -> None:
    check_pages(parsed_request({"page": "1", "size": "3"}), form)


def compared(
    capsys: pytest.CaptureFixture[str],
    form: OutputFormat | None = None,
    request: Request = MAY,
) -> str:
    write_comparison(COMPARISON, request, APRIL, form)
    return capsys.readouterr().out


def test_a_comparison_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    paged = parsed_request(
        {"start": "2024-05-01", "end": "2024-05-31", "page": "2", "size": "2"}
    )
    line = compared(capsys)
    assert line == compared(capsys, OutputFormat.JSON)
    assert line.count("\n") == 1
    found, page = json.loads(line), json.loads(compared(capsys, request=paged))
    assert found["now"] == {"start": "2024-05-01", "end": "2024-05-31"}
    assert found["before"] == {"start": "2024-03-31", "end": "2024-04-30"}
    assert found["total"] == COMPARISON.total._asdict()
    assert found["outcomes"] == COMPARISON.outcomes.to_dicts()
    assert found["trends"][0]["day_before"] == "2024-03-31"
    assert len(found["trends"]) == 31
    for name, df in COMPARISON.breakdowns().items():
        assert found["breakdowns"][name] == df.to_dicts()
        assert page["breakdowns"][name] == df[2:4].to_dicts()
    assert page["trends"] == found["trends"]


def test_a_comparison_is_written_in_every_form(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = COMPARISON.to_frame(MAY.query, APRIL.query)
    text = compared(capsys, OutputFormat.CSV)
    back = pl.read_csv(text.encode(), schema=frame.schema)
    assert_frame_equal(back, frame)
    table = compared(capsys, OutputFormat.MARKDOWN)
    assert table.count("\n") == frame.height + 2
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    shown = compared(capsys)
    assert shown == compared(capsys, OutputFormat.TABLE)
    assert "compared with" in shown


def of_source(value: str, number: int = 1) -> pl.DataFrame:
    records = [{"created_at": None, "status": "failed", "source": value}]
    counts = pl.col("count", "unset", "failed")
    frame = appointment_statistics(records).frame
    return frame.with_columns(counts * number)


@pytest.mark.parametrize("columns", ["80", "30"])
@pytest.mark.parametrize("value", ["x" * 300, "x" * 52, "an " * 100])
def test_numbers_are_whole_beside_a_long_value(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    value: str,
    columns: str,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    frame = of_source(value, 100_000_000)
    text = written(capsys, frame, Request(), OutputFormat.TABLE)
    [line] = [line for line in text.splitlines() if line.startswith(value[:3])]
    cells = re.split(r"\s{2,}", line)
    assert cells[0].endswith("…")
    assert cells[1:] == [*("100,000,000", "100.0%", "0", "100,000,000", "0", "0.0%")]
    assert max(map(len, text.splitlines())) <= 90


@pytest.mark.parametrize("columns", ["80", "30"])
@pytest.mark.parametrize("whole", ["👨\u200d👩\u200d👧\u200d👦", "e\u0301"])
def test_combined_characters_stay_whole(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    whole: str,
    columns: str,
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    text = written(capsys, of_source(whole * 99), Request(), OutputFormat.TABLE)
    [line] = [line for line in text.splitlines() if whole in line]
    shown = line.split("  ")[0].strip().removesuffix("…").strip()
    assert shown
    assert shown.replace(whole, "") == ""


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("partial", [STATS.frame, EACH], ids=["one", "each"])
def test_a_closed_pipe_ends_quietly(
    monkeypatch: pytest.MonkeyPatch, partial: pl.DataFrame, form: OutputFormat | None
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb"), "utf-8") as stdout:
        monkeypatch.setattr(sys, "stdout", stdout)
        with pytest.raises(typer.Exit) as caught:
            write(partial, Request(), form)
    assert caught.value.exit_code == 0


def test_a_table_is_written_to_any_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    write(STATS.frame, Request(), OutputFormat.TABLE)
    assert "overview" in stdout.getvalue()


def test_a_program_can_collect_the_json_as_text() -> None:
    collected = io.StringIO()
    with redirect_stdout(collected):
        write(STATS.frame, Request(), None)
    assert collected.getvalue() == STATS.dashboard().model_dump_json() + "\n"
