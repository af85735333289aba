import json
import sys
import threading
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from stats_core import (
    AppointmentsDashboard,
    StatisticsQuery,
    appointments_dashboard,
    cli,
    statistics_by_integration,
)
from stats_core.__main__ import main
from stats_core.sample import integration_ids, sample_records

ID = integration_ids(1)[0]
CLINIC_CSV = """Scheduled,No-show,Place,Sex
2016-04-29T18:38:08Z,No,JARDIM DA PENHA,F
2016-04-29T16:08:27Z,Yes,MATA DA PRAIA,M
2016-04-30T00:30:00Z,No,JARDIM DA PENHA,F
"""
CLINIC_OPTIONS = (
    *("--column", "created_at=Scheduled", "--column", "status=No-show"),
    *("--column", "source=Place", "--successful", "No", "--failed", "Yes"),
    *("--search-in", "Sex", "--search-in", "Place"),
)


class Answer:
    def __init__(self, *arguments: object) -> None:
        words = list(map(str, arguments))
        result = CliRunner().invoke(cli.app, words, prog_name="stats-core")
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.parquet"
    sample_records(300).collect().write_parquet(path)
    return path


def test_report_writes_just_the_published_response(sample: Path) -> None:
    answer = Answer("report", sample, "--integration-id", ID, "--size=2", "--page=2")
    query = StatisticsQuery(size=2, page=2)
    expected = appointments_dashboard(pl.read_parquet(sample), query, integration_id=ID)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == expected.model_dump_json(by_alias=True) + "\n"
    assert AppointmentsDashboard.model_validate_json(answer.out) == expected


def test_every_option_of_the_query_is_passed_on(sample: Path) -> None:
    options = {
        "appointment_type": "F/U",
        "search": "clinic",
        "start": "2024-02-01",
        "end": "2025-06-30T23:59:59.999Z",
    }
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    scope = ["--integration-id", ID, "--timezone", "America/New_York"]
    answer = Answer("report", sample, *scope, *words)
    expected = appointments_dashboard(
        pl.read_parquet(sample),
        StatisticsQuery.model_validate(options),
        integration_id=ID,
        timezone="America/New_York",
    )
    assert 0 < expected.overview.total < 100
    assert json.loads(answer.out) == expected.model_dump(mode="json", by_alias=True)


def test_foreign_records_need_nothing_but_options(tmp_path: Path) -> None:
    path = tmp_path / "clinic.csv"
    path.write_text(CLINIC_CSV)
    answer = json.loads(Answer("report", path, *CLINIC_OPTIONS, "--search=penha f").out)
    assert answer["overview"] == {"total": 2}
    assert answer["source"] == [{"_id": "JARDIM DA PENHA", "count": 2}]
    first_day = {"_id": "2016-04-29T00:00:00Z", "successful": 1, "failed": 0}
    assert answer["trends"][0] == first_day


def test_each_integration_is_a_line_even_over_several_files(tmp_path: Path) -> None:
    whole = sample_records(60).collect()
    whole.head(20).write_parquet(tmp_path / "a.parquet")
    whole.slice(20).drop("clinic").write_parquet(tmp_path / "b.parquet")
    answer = Answer("report", tmp_path / "*.parquet", "--each-integration")
    lines = [json.loads(line) for line in answer.out.splitlines()]
    expected = statistics_by_integration(whole)
    assert [line.pop("integration_id") for line in lines] == list(expected)
    assert lines == [
        stats.dashboard().model_dump(mode="json", by_alias=True)
        for stats in expected.values()
    ]


def test_a_table_shows_what_the_response_leaves_out(sample: Path) -> None:
    answer = Answer("report", sample, "--integration-id", ID, "--format", "table")
    assert answer.code == 0
    for word in ("overview", "undated", "month from", "utm_campaign", "more below"):
        assert word in answer.out
    assert max(map(len, answer.out.splitlines())) <= 80


def test_a_table_of_integrations_has_a_row_for_each(sample: Path) -> None:
    answer = Answer("report", sample, "--each-integration", "--format=table")
    assert all(key in answer.out for key in integration_ids(3))


@pytest.mark.parametrize(
    ("days", "period"),
    [(20, "day"), (100, "week"), (500, "month"), (2_000, "quarter"), (9_999, "year")],
)
def test_a_trend_of_any_length_fits_a_screen(
    tmp_path: Path, days: int, period: str
) -> None:
    numbers = pl.int_range(days, eager=True, dtype=pl.Int32)
    df = pl.DataFrame({"created_at": numbers.cast(pl.Date)})
    df.with_columns(status=pl.lit("failed")).write_parquet(tmp_path / "a.parquet")
    answer = Answer("report", tmp_path / "a.parquet", "--format", "table")
    assert f"{period} from" in answer.out


def test_markup_and_control_sequences_in_data_are_not_obeyed(tmp_path: Path) -> None:
    df = pl.DataFrame({"source": ["[red]x", "x\x1b[31my"], "status": ["", None]})
    df.with_columns(created_at=None).write_parquet(tmp_path / "a.parquet")
    answer = Answer("report", tmp_path / "a.parquet", "--format", "table")
    assert "[red]x" in answer.out
    assert "x\ufffd[31my" in answer.out
    assert "\x1b" not in answer.out


def test_a_page_past_the_end_is_an_empty_table(sample: Path) -> None:
    answer = Answer(
        *("report", sample, "--integration-id", ID),
        *("--format", "table", "--page", 10**30, "--size", 10**30),
    )
    assert answer.code == 0
    assert "website" not in answer.out


def test_every_fault_of_the_question_is_a_line() -> None:
    answer = Answer(
        *(
            "report",
            "none.parquet",
            "--page",
            0,
            "--size",
            "x",
            "--start",
            "1714564800",
        ),
        *("--end", "soon", "--appointment-type", "fu", "--timezone", "Mars"),
        *("--integration-id", "no", "--search", "x" * 1_001, "--column", "x=y"),
    )
    options = (
        *("--page", "--size", "--start", "--end", "--appointment-type"),
        *("--timezone", "--integration-id", "--search", "--column"),
    )
    assert (answer.code, answer.out) == (2, "")
    named = [fault.split()[0] for fault in answer.err.splitlines()]
    assert sorted(named) == sorted(options)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--start=2024-05-02", "--end=2024-05-01"], "`start` is after `end`"),
        (["--start=2024-05-02", "--end=2024-05-01T12:00Z"], "--end "),
        (["--column", "created_at= "], "--column created_at: expected a name"),
        (["--search-in", ""], "--search-in '': expected a name"),
        (["--successful", "failed"], "status words in both"),
        (["--successful", " "], "--successful ' ': expected a name"),
        (["--each-integration", "--integration-id", ID], "--each-integration: not"),
    ],
)
def test_a_wrong_question_is_said_before_any_file_is_read(
    options: list[str], fault: str
) -> None:
    answer = Answer("report", "none.parquet", *options)
    assert answer.code == 2
    assert answer.err.startswith(fault)
    assert len(answer.err.splitlines()) == 1


def test_every_fault_of_the_records_is_a_line(tmp_path: Path) -> None:
    pl.DataFrame({"status": [1.5]}).write_parquet(tmp_path / "a.parquet")
    answer = Answer("report", tmp_path / "a.parquet")
    named = [fault.split(": ")[1] for fault in answer.err.splitlines()]
    assert (answer.code, named) == (1, ["`created_at`", "`status`"])
    assert Answer("report", tmp_path / "none.csv").code == 1


def test_records_with_an_integration_need_to_be_told_whose(sample: Path) -> None:
    answer = Answer("report", sample)
    assert answer.code == 1
    assert "say whose to count" in answer.err


@pytest.mark.parametrize("name", ["a.parquet", "a.ndjson", "a.csv", "a.arrow"])
def test_sample_writes_records_that_report_reads(tmp_path: Path, name: str) -> None:
    assert Answer("sample", "--rows", 90, "--out", tmp_path / name).code == 0
    answer = Answer("report", tmp_path / name, "--each-integration")
    lines = map(json.loads, answer.out.splitlines())
    assert sum(line["overview"]["total"] for line in lines) == 90


def test_sample_says_where_it_cannot_write(tmp_path: Path) -> None:
    strange = Answer("sample", "--rows", 1, "--out", tmp_path / "a.xlsx")
    assert (strange.code, len(strange.err.splitlines())) == (2, 1)
    nowhere = Answer("sample", "--rows", 1, "--out", tmp_path / "none" / "a.parquet")
    assert (nowhere.code, nowhere.out) == (1, "")


def test_demo_answers_on_stdout_and_explains_on_stderr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "_DEMO_ROWS", 1_000)
    answer = Answer("demo")
    assert 0 < json.loads(answer.out)["overview"]["total"] < 1_000
    assert "stats-core report" in answer.err


def test_long_work_shows_a_sign_of_life_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    started: list[float] = []

    class AtOnce(threading.Timer):
        def start(self) -> None:
            started.append(self.interval)
            self.function()

    monkeypatch.setattr(cli, "Timer", AtOnce)
    Answer("report", sample, "--integration-id", ID)
    assert started == []
    monkeypatch.setenv("FORCE_COLOR", "1")
    answer = Answer("report", sample, "--integration-id", ID, "--format", "json")
    assert started == [1]
    assert "counting" in answer.err
    assert json.loads(answer.out)


def test_main_runs_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["stats-core", "--help"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "report" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("lacking", "expected"), [("typer", SystemExit), ("rich.text", ModuleNotFoundError)]
)
def test_main_names_the_extra_it_needs(
    monkeypatch: pytest.MonkeyPatch, lacking: str, expected: type[BaseException]
) -> None:
    for module in ("stats_core.cli", "stats_core.tables"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, lacking, None)
    with pytest.raises(expected, match=r"stats-core\[cli\]|rich\.text"):
        main()
