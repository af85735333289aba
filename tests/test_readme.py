import importlib
import importlib.metadata
import re
import shlex
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from typer.testing import CliRunner

import stats_core
from stats_core import AppointmentStatistics
from stats_core.cli.app import app
from stats_core.sample import sample_records
from tests.readme import QUESTIONS, README, ROWS, SECTIONS, Block, Row

EMBEDDING = Path(__file__).parent / "embedding"
CLUSTER, SERVICE = "Files on a cluster", "Behind a web framework"


class Prepared(NamedTuple):
    folder: Path
    names: dict[str, Any]


def run(code: str, names: dict[str, Any]) -> None:
    exec(code, names)  # noqa: S102 - the README's own code


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, with the environment of the service."""
    monkeypatch.chdir(tmp_path)
    for name in ("settled", "today"):
        sample_records(60).sink_parquet(tmp_path / f"{name}.parquet")
    monkeypatch.setenv("APPOINTMENTS", str(tmp_path))
    monkeypatch.setenv("API_KEYS", "{}")
    return tmp_path


def check(found: list[Block], capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    for block in found:
        run(block.code, names)
        assert capsys.readouterr().out == block.shown


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("title", SECTIONS)
def test_the_blocks_of_a_section_run_and_print_what_is_shown(
    title: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    if title == CLUSTER:
        request.getfixturevalue("ray")
    check([it for it in SECTIONS[title] if "pyspark" not in it.code], capsys)


@pytest.mark.usefixtures("here")
def test_the_lines_for_spark_run(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyspark", reason="the lines for Spark need PySpark and Java")
    check(SECTIONS["Any other engine"], capsys)


# `test_embedding` drives this service over HTTP.
def test_the_service_is_the_one_that_is_tested() -> None:
    code = (EMBEDDING / "service.py").read_text("utf-8")
    assert SECTIONS[SERVICE][0].code == code


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The names that the calls of the table use, and the folder of their files."""
    folder = tmp_path_factory.mktemp("questions")
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run(SECTIONS[QUESTIONS][0].code, names)
    return Prepared(folder, names)


def size(answer: Any) -> int:
    match answer:
        case AppointmentStatistics():
            return answer.total
        case pl.DataFrame():
            return answer.height
        case tuple():
            return int(answer[0])
    return len(answer)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.question)
def test_the_call_of_each_question_answers(
    row: Row, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prepared.folder)
    answer = eval(row.call, prepared.names)  # noqa: S307 - the README's own code
    assert size(answer) >= ("today" not in row.call)


@pytest.mark.parametrize(
    "options", dict.fromkeys(it for row in ROWS for it in row.options)
)
def test_the_options_of_each_question_answer(options: str, prepared: Prepared) -> None:
    path = prepared.folder / "appointments.parquet"
    if "--each-integration" in options:
        path = prepared.folder.with_name("everyone.parquet")
        prepared.names["everyone"].write_parquet(path)
    elif "--format" not in options:
        options += " --format table"  # as on a terminal
    done = CliRunner().invoke(app, ["report", str(path), *shlex.split(options)])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout


def test_at_least_twenty_questions_have_a_call() -> None:
    assert len({row.question for row in ROWS}) == len(ROWS) >= 20
    assert README.count("| question | call |") == 1


def test_the_two_lines_are_there_to_be_pasted() -> None:
    lines = [line.split("  #")[0].strip() for line in README.splitlines()]
    assert "pip install uv && uv run stats-core demo" in lines
    assert "pip install uv && uv run pytest -n auto" in lines


def test_every_module_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`(stats_core(?:\.\w+)+)`", README))
    assert named
    for name in named:
        module, _, last = name.rpartition(".")
        if hasattr(importlib.import_module(module), last):
            continue
        assert importlib.import_module(name).__doc__


def test_the_changes_begin_with_the_version_that_is_installed() -> None:
    metadata = importlib.metadata.metadata("stats-core")
    assert stats_core.__version__ == metadata["Version"]
    newest = README.split("| version | what changed |\n")[1].splitlines()[1]
    assert newest.startswith(f"| {stats_core.__version__} |")


def test_the_metadata_of_the_package_are_complete() -> None:
    metadata = importlib.metadata.metadata("stats-core")
    for name in ("Summary", "Keywords", "Requires-Python", "Description-Content-Type"):
        assert metadata[name]
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
