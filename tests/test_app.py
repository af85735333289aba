import csv
import json
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from stats_core import (
    AppointmentsDashboard,
    InvalidRecordsError,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
    batch,
    statistics_by_integration,
)
from stats_core.batch.cluster import Progress
from stats_core.batch.formats import ReadOptions
from stats_core.batch.tasks import UnsetFields, count_files
from stats_core.cli import app as commands
from stats_core.request import Request
from stats_core.sample import integration_ids, sample_records

ID = integration_ids(1)[0]
NEW_YORK = ZoneInfo("America/New_York")
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
        result = CliRunner().invoke(commands.app, words, prog_name="stats-core")
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


def test_a_page_past_the_end_is_an_empty_table(sample: Path) -> None:
    answer = Answer(
        *("report", sample, "--integration-id", ID),
        *("--format", "table", "--page", 10**30, "--size", 10**30),
    )
    assert answer.code == 0
    assert "website" not in answer.out


@pytest.mark.parametrize("whose", [("--each-integration",), ("--integration-id", ID)])
def test_the_tidy_frame_is_a_file_for_spreadsheets(
    sample: Path, whose: tuple[str, ...]
) -> None:
    part = sample.with_name("part.parquet")
    Answer("tally", sample, *whose, "--out", part)
    kept = pl.read_parquet(part)
    for command in (["report", sample, *whose], ["merge", part]):
        answer = Answer(*command, "--format=csv")
        assert (answer.code, answer.err) == (0, "")
        assert_frame_equal(pl.read_csv(answer.out.encode(), schema=kept.schema), kept)
        table = Answer(*command, "--format=markdown").out.splitlines()
        assert table[0] == f"| {' | '.join(kept.columns)} |"
        assert len(table) == kept.height + 2


@pytest.mark.parametrize("command", ["report", "merge"])
def test_a_file_for_spreadsheets_has_no_pages(sample: Path, command: str) -> None:
    answer = Answer(command, sample, "--format=csv", "--size=5")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "--size: not with --format csv\n"


def test_a_formula_in_a_record_is_text_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "created_at,status,source\n2024-05-01,failed,\"=cmd|'/c calc'!A1\"\n"
    )
    rows = list(csv.reader(Answer("report", path, "--format=csv").out.splitlines()))
    [value] = [row[3] for row in rows if row[1] == "source"]
    assert value == "'=cmd|'/c calc'!A1"
    assert json.loads(Answer("report", path).out)["source"][0]["_id"] == value[1:]


@pytest.mark.parametrize("which", ["previous", "year"])
def test_a_report_is_compared_with_the_time_before(sample: Path, which: str) -> None:
    scope = ["--integration-id", ID, "--timezone", "America/New_York"]
    window = ["--start=2025-01-01", "--end=2025-06-30"]
    answer = Answer("report", sample, *scope, *window, f"--compare={which}")
    assert (answer.code, answer.err) == (0, "")
    query = StatisticsQuery(start="2025-01-01", end="2025-06-30")
    zone = "America/New_York"
    before = query.previous(zone) if which == "previous" else query.year_before(zone)
    now, past = (
        appointment_statistics(
            pl.read_parquet(sample), one, integration_id=ID, timezone=zone
        )
        for one in (query, before)
    )
    comparison = now.compared_with(past)
    assert 0 < now.total != past.total > 0
    found = json.loads(answer.out)
    assert found["total"] == comparison.total._asdict()
    for name, df in comparison.breakdowns().items():
        assert found["breakdowns"][name] == df.to_dicts()
    frame = comparison.to_frame(query, before)
    text = Answer(
        "report", sample, *scope, *window, f"--compare={which}", "--format=csv"
    ).out
    assert_frame_equal(pl.read_csv(text.encode(), schema=frame.schema), frame)
    table = Answer(
        "report", sample, *scope, *window, f"--compare={which}", "--format=table"
    ).out
    assert f"{comparison.total.change:+,}" in table
    assert max(map(len, table.splitlines())) <= 80


def test_standard_input_is_compared_too() -> None:
    result = CliRunner().invoke(
        commands.app,
        [
            *("report", "-", "--input-format=csv", "--compare=previous"),
            *("--start=2016-04-30", "--end=2016-04-30", *CLINIC_OPTIONS),
        ],
        input=CLINIC_CSV,
    )
    assert json.loads(result.stdout)["total"] == {
        "now": 1,
        "before": 2,
        "change": -1,
        "relative_change": -0.5,
    }


@pytest.mark.parametrize(
    ("words", "faults"),
    [
        (
            ["--end=2024-05-01"],
            "--start: `start` and `end` are needed to find the time before\n",
        ),
        (
            ["--each-integration", "--start=2024-05-01", "--end=2024-05-01"],
            "--compare: not together with --each-integration\n",
        ),
    ],
)
def test_what_cannot_be_compared_is_wrong_usage(
    sample: Path, words: list[str], faults: str
) -> None:
    answer = Answer("report", sample, "--compare=previous", *words)
    assert (answer.code, answer.out, answer.err) == (2, "", faults)


def test_every_fault_of_the_records_is_a_line(tmp_path: Path) -> None:
    pl.DataFrame({"status": [1.5]}).write_parquet(tmp_path / "a.parquet")
    answer = Answer("report", tmp_path / "a.parquet")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("`created_at`: absent, needed as `created_at`")
    at = {"created_at": ["soon"], "status": [1.5]}
    pl.DataFrame(at).write_parquet(tmp_path / "a.parquet")
    lines = Answer("report", tmp_path / "a.parquet").err.splitlines()
    assert lines
    assert all(line.startswith(f"{tmp_path / 'a.parquet'}: `") for line in lines)
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
    monkeypatch.setattr(commands, "_DEMO_ROWS", 1_000)
    answer = Answer("demo")
    assert 0 < json.loads(answer.out)["overview"]["total"] < 1_000
    assert "stats-core report" in answer.err


def test_long_work_shows_a_sign_of_life_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started: list[float] = []

    class AtOnce(threading.Timer):
        def start(self) -> None:
            started.append(self.interval)
            self.function()

    monkeypatch.setattr(commands, "Timer", AtOnce)
    with commands._progress("counting"):  # noqa: SLF001 - no terminal to run on
        assert started == []
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with commands._progress("counting"):  # noqa: SLF001 - no terminal to run on
        assert started == [1]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "counting" in captured.err


@pytest.mark.parametrize("first", [date(2024, 3, 1), date(2024, 10, 20)])
def test_a_nightly_job_adds_up_to_the_month(tmp_path: Path, first: date) -> None:
    days = [first + timedelta(days=number) for number in range(30)]
    start = datetime(first.year, first.month, first.day, tzinfo=NEW_YORK)
    instants = [start.astimezone(UTC) + timedelta(minutes=9 * n) for n in range(4_900)]
    whole = sample_records(4_900).collect().with_columns(created_at=pl.Series(instants))
    whole.write_parquet(tmp_path / "records.parquet")
    scope = ["--timezone=America/New_York", "--integration-id", ID]
    for day in days:
        out = tmp_path / f"{day}.part.parquet"
        window = [f"--start={day}", f"--end={day}"]
        answer = Answer(
            *("tally", tmp_path / "records.parquet", "--out", out, *window, *scope)
        )
        assert (answer.code, answer.out, answer.err) == (0, "", "")
    found = Answer("merge", tmp_path / "*.part.parquet", "--size=3", "--page=2")
    month = [f"--start={days[0]}", f"--end={days[-1]}", "--size=3", "--page=2"]
    expected = Answer("report", tmp_path / "records.parquet", *month, *scope)
    assert found.out == expected.out
    assert len(json.loads(found.out)["trends"]) == 30


def test_parts_of_each_integration_are_a_line_each(sample: Path) -> None:
    bounds = {"1": "--end=2024-12-31", "2": "--start=2025-01-01"}
    for name, bound in bounds.items():
        out = sample.with_name(f"{name}.part.parquet")
        answer = Answer("tally", sample, "--each-integration", "--out", out, bound)
        assert answer.code == 0
    found = Answer("merge", sample.with_name("*.part.parquet"))
    assert found.out == Answer("report", sample, "--each-integration").out


def test_merge_refuses_answers_to_different_questions(sample: Path) -> None:
    for number, words in enumerate((["--search=  ana"], ["--search=harbour"])):
        out = sample.with_name(f"{number}.part.parquet")
        Answer("tally", sample, "--out", out, "--integration-id", ID, *words)
    answer = Answer("merge", sample.with_name("*.part.parquet"))
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.endswith("`search`: 'harbour' instead of 'ana'\n")
    assert len(answer.err.splitlines()) == 1
    assert Answer("merge", sample).err.startswith(f"{sample}: not partial statistics")
    assert Answer("merge", sample, "--page=0", "--size=x").code == 2


def test_a_part_is_kept_as_parquet_or_not_at_all(sample: Path) -> None:
    scope = ["--integration-id", ID]
    strange = Answer("tally", sample, *scope, "--out", sample.with_suffix(".csv"))
    assert (strange.code, len(strange.err.splitlines())) == (2, 1)
    nowhere = Answer("tally", sample, *scope, "--out", sample / "none.parquet")
    assert (nowhere.code, len(nowhere.err.splitlines())) == (1, 1)


class FakeCluster:
    @staticmethod
    def count(
        sources: list[str],
        request: Request,
        progress: Progress,
        reading: ReadOptions,
        unset: UnsetFields,
    ) -> pl.DataFrame:
        progress(1, 1)
        return count_files(sources, request, reading, unset)


@pytest.mark.parametrize("whose", [("--each-integration",), ("--integration-id", ID)])
def test_a_cluster_is_asked_the_same_question(
    monkeypatch: pytest.MonkeyPatch, sample: Path, whose: tuple[str, ...]
) -> None:
    monkeypatch.setattr(batch, "cluster", FakeCluster)
    words = [*whose, "--search=clinic", "--timezone=Asia/Tokyo", "--format=json"]
    expected = Answer("report", sample, *words)
    found = Answer("report", sample, "--cluster", *words)
    assert (found.out, found.err) == (expected.out, "")
    monkeypatch.setenv("FORCE_COLOR", "1")
    on_terminal = Answer("report", sample, "--cluster", *words)
    assert on_terminal.out == expected.out
    assert "100%" in on_terminal.err


def test_without_ray_the_option_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = Answer("report", sample, "--cluster", "--each-integration")
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 1)
    assert answer.err.startswith("--cluster: ")
    assert "stats-core[cluster]" in answer.err


@pytest.mark.usefixtures("ray")
def test_a_cluster_answers_as_this_process(sample: Path) -> None:
    words = ["--integration-id", ID, "--search=clinic", "--format=json"]
    found = Answer("report", sample, "--cluster", *words)
    assert (found.code, found.err) == (0, "")
    assert found.out == Answer("report", sample, *words).out
    out = sample.with_name("part.parquet")
    kept = Answer("tally", sample, "--cluster", "--each-integration", "--out", out)
    assert kept.code == 0
    expected = Answer("report", sample, "--each-integration").out
    assert Answer("merge", out).out == expected


def test_columns_that_no_file_has_are_told_without_a_file(tmp_path: Path) -> None:
    for name in "ab":
        df = pl.DataFrame({"created_at": ["2024-05-01"], "status": ["failed"]})
        df.with_columns(pl.lit(1).alias(name)).write_parquet(
            tmp_path / f"{name}.parquet"
        )
    answer = Answer("report", tmp_path / "*.parquet", "--column", "utm_source=ads")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == (
        "`ads`: absent, needed as `utm_source`; "
        "the columns are `created_at`, `status`, `a`, `b`\n"
    )


def test_a_boolean_status_counts_as_its_csv(tmp_path: Path) -> None:
    df = pl.DataFrame(
        {"created_at": [date(2024, 5, 1)] * 3, "status": [True, False, None]}
    )
    df.write_parquet(tmp_path / "a.parquet")
    df.write_csv(tmp_path / "a.csv")
    answers = [Answer("report", tmp_path / name).out for name in ("a.parquet", "a.csv")]
    assert answers[0] == answers[1]
    first_day = {"_id": "2024-05-01T00:00:00Z", "successful": 1, "failed": 1}
    assert json.loads(answers[0])["trends"] == [first_day]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("report", {"--appointment-type", "--page", "--each-integration", "--cluster"}),
        ("tally", {"--appointment-type", "--out", "--each-integration", "--cluster"}),
        ("merge", {"--page", "--size", "--format"}),
    ],
)
def test_a_command_has_just_the_options_that_it_reads(
    monkeypatch: pytest.MonkeyPatch, command: str, options: set[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    answer = Answer(command, "--help")
    shown = set(re.findall(r"--[a-z-]+", answer.out))
    assert options <= shown
    assert ("--page" in shown) == (command != "tally")
    assert ("--start" in shown) == (command != "merge")


@pytest.mark.parametrize(
    "words",
    [
        *(["report"], ["tally"], ["merge"], ["sample", "--rows", 1], ["fly"]),
        *(["report", "a.csv", "--fly"], ["report", "a.csv", "--format", "xml"]),
        *(["sample", "--rows", -1, "--out", "a.csv"], ["merge", "a", "--start", "x"]),
    ],
    ids=str,
)
def test_words_that_no_command_knows_are_wrong_usage(words: list[object]) -> None:
    answer = Answer(*words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: ")


def process(*words: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "stats_core", *map(str, words)],
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )


def test_json_is_utf8_and_tables_degrade_whatever_the_locale(tmp_path: Path) -> None:
    df = pl.DataFrame({"created_at": ["2024-05-01"] * 2, "status": ["failed"] * 2})
    values = ["Straße", "東京"]
    path = tmp_path / "a.csv"
    df.with_columns(source=pl.Series(values)).write_csv(path)
    found = process("report", path, "--format=json", PYTHONIOENCODING="cp1252")
    assert (found.returncode, found.stderr) == (0, b"")
    assert {row["_id"] for row in json.loads(found.stdout)["source"]} == {*values}
    table = process("report", path, "--format=table", PYTHONIOENCODING="cp1252")
    assert (table.returncode, table.stderr) == (0, b"")
    shown = table.stdout.decode("cp1252")
    assert "Straße" in shown
    assert "??" in shown
    assert process("report", "--help", PYTHONIOENCODING="ascii").returncode == 0


def test_head_ends_a_long_answer_quietly(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    ids = [f"{number:024x}" for number in range(3_000)]
    pl.DataFrame(
        {"created_at": "2024-05-01", "status": "failed", "integration_id": ids}
    ).write_parquet(path)
    for form in ("json", "table"):
        words = ["report", str(path), "--each-integration", f"--format={form}"]
        with subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "stats_core", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as running:
            assert running.stdout is not None
            assert running.stderr is not None
            assert running.stdout.readline()
            running.stdout.close()
            assert running.stderr.read() == b""
        assert running.returncode == 0


def test_the_commands_import_no_more_than_they_need() -> None:
    code = (
        "import sys, stats_core.cli.app; "
        "sys.exit(' '.join({'rich.console', 'ray', 'altair'} & sys.modules.keys()))"
    )
    ended = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert ended.stderr.strip() == b""


def test_the_version_is_that_of_the_package() -> None:
    answer = Answer("--version")
    assert (answer.code, answer.out) == (0, f"{version('stats-core')}\n")


@pytest.mark.parametrize("command", ["report", "tally", "merge", "sample", "demo"])
def test_the_help_of_a_command_has_an_example(command: str) -> None:
    assert f"Example: stats-core {command} " in Answer(command, "--help").out


@pytest.mark.parametrize("whose", [("--each-integration",), ("--integration-id", ID)])
def test_parts_by_day_equal_one_run_per_day(
    tmp_path: Path, whose: tuple[str, ...]
) -> None:
    start = datetime(2024, 3, 8, tzinfo=NEW_YORK).astimezone(UTC)  # clocks change
    instants = [start + timedelta(minutes=9 * number) for number in range(640)]
    records = tmp_path / "records.parquet"
    whole = sample_records(640).collect().with_columns(created_at=pl.Series(instants))
    whole.write_parquet(records)
    parts, single = tmp_path / "parts", tmp_path / "single.parquet"
    scope = [records, *whose, "--timezone=America/New_York"]
    window = ["--start=2024-03-08", "--end=2024-03-11"]
    answer = Answer("tally", *scope, *window, "--out-by-day", parts)
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    names = [f"2024-03-{day}" for day in ("08", "09", "10", "11")]
    assert sorted(path.stem for path in parts.iterdir()) == names
    for name in names:
        Answer("tally", *scope, f"--start={name}", f"--end={name}", "--out", single)
        assert single.read_bytes() == (parts / f"{name}.parquet").read_bytes()
    merged = Answer("merge", parts / "*.parquet")
    assert merged.code == 0
    assert merged.out == Answer("report", *scope, *window).out


def test_parts_by_day_need_a_folder_that_can_be_made(sample: Path) -> None:
    window = ["--each-integration", "--start=2024-05-01", "--end=2024-05-01"]
    for folder in (sample, sample.with_name("absent") / "parts"):
        answer = Answer("tally", sample, *window, "--out-by-day", folder)
        assert (answer.code, answer.out) == (1, "")
        assert answer.err.endswith(f": '{folder}'\n")
        assert answer.err.count("\n") == 1


def test_nothing_is_left_when_a_day_fails(
    monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    parts = sample.with_name("parts")
    parts.mkdir()
    (parts / "2024-05-01.parquet").write_text("before")

    def count(paths: list[str], request: Request, *_: object) -> pl.DataFrame:
        if request.query.start == date(2024, 5, 3):
            msg = "`status`: no"
            raise InvalidRecordsError(msg)
        return count_files(paths, request)

    monkeypatch.setattr(commands, "count_files", count)
    window = ["--start=2024-05-01", "--end=2024-05-04", "--each-integration"]
    answer = Answer("tally", sample, *window, "--out-by-day", parts)
    assert (answer.code, answer.err) == (1, "`status`: no\n")
    assert [path.name for path in parts.iterdir()] == ["2024-05-01.parquet"]
    assert (parts / "2024-05-01.parquet").read_text() == "before"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ([], "--out, --out-by-day: expected one of them\n"),
        (["--out=a.parquet", "--out-by-day=."], "--out, --out-by-day: expected one"),
        (["--out-by-day=.", "--start=2024-05-01"], "--out-by-day: expected a start"),
        (
            ["--out-by-day=.", "--start=2024-05-01", "--end=2024-05-01T10:00Z"],
            "--out-by-day: expected a start and an end that are dates",
        ),
    ],
)
def test_a_part_goes_to_one_file_or_one_per_day(
    sample: Path, words: list[str], fault: str
) -> None:
    answer = Answer("tally", sample, *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(fault)


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["--compare=foo"], "Error: Invalid value for '--compare': "),
        (["--format", "x" * 200], "Error: Invalid value for '--format': "),
        (["--starts"], "Error: No such option"),
    ],
)
def test_an_option_that_is_refused_by_typer_is_one_line_too(
    sample: Path, words: list[str], fault: str
) -> None:
    answer = Answer("report", sample, *words)
    assert (answer.code, answer.out) == (2, "")
    *usage, found = answer.err.splitlines()
    assert found.startswith(fault)
    assert usage[0].startswith("Usage: stats-core report")
    assert len(usage) <= 3


def test_a_part_never_replaces_its_records(sample: Path) -> None:
    answer = Answer("tally", sample, "--each-integration", "--out", sample)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"--out {sample}: is among the records")
    assert pl.read_parquet(sample).height == 300


def test_standard_input_is_a_file_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "clinic.csv"
    path.write_text(CLINIC_CSV)
    words = ["report", "-", *CLINIC_OPTIONS]
    result = CliRunner().invoke(
        commands.app, [*words, "--input-format=csv"], input=CLINIC_CSV
    )
    assert result.stdout == Answer("report", path, *CLINIC_OPTIONS).out
    unknown = CliRunner().invoke(commands.app, words, input=CLINIC_CSV)
    assert unknown.exit_code == 2
    assert unknown.stderr.startswith("-: the format of standard input is needed")
    broken = CliRunner().invoke(
        commands.app,
        ["report", "-", "--input-format=csv"],
        input="created_at,status\n1,2,3\n",
    )
    assert broken.exit_code == 1
    assert "standard input" in broken.stderr


def test_fields_that_no_document_has_are_a_note(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"created_at": "2024-05-01", "status": "failed"}\n')
    answer = Answer("report", path, "--column=utm_source=ads")
    assert answer.code == 0
    assert answer.err.startswith("note: unset for all records")
