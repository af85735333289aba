import importlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from stats_core import (
    AppointmentStatistics,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.cli.comparing import Earlier
from stats_core.results.comparison import Comparison
from stats_core.sample import sample_records

QUESTIONS = ("week.previous()", ".rates(", "StatisticsReport")
README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
EMBEDDING = Path(__file__).parent / "embedding"
RECORDS = sample_records(60).drop("integration_id").collect()
EXPECTED = appointment_statistics(RECORDS)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def block(word: str) -> str:
    [code] = [code for code in blocks("python") if word in code]
    return code


def run(code: str, **names: object) -> dict[str, Any]:
    exec(code, names)  # noqa: S102 - the README's own code
    return names


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    RECORDS[:20].write_parquet(tmp_path / "may-01.parquet")
    RECORDS[20:].write_parquet(tmp_path / "may-02.parquet")
    return tmp_path


def test_the_ten_lines_print_what_the_readme_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(blocks("python")[0])
    printed = capsys.readouterr().out
    assert printed == blocks("json")[0]
    assert json.loads(printed)["overview"] == {"total": 2}


def test_the_lines_for_further_dimensions_run() -> None:
    stats = run(block("breakdowns="), records=RECORDS)["stats"]
    assert list(stats.breakdowns())[4:] == ["clinic", "status", "type"]
    assert stats.dashboard() == EXPECTED.dashboard()


def test_the_example_of_a_layout_runs() -> None:
    run(block("createdAt"))


# `test_embedding` drives this service over HTTP.
def test_the_service_is_the_one_that_is_tested(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = block("FastAPI")
    assert code == (EMBEDDING / "service.py").read_text("utf-8")
    for name in ("settled", "today"):
        RECORDS.write_parquet(folder / f"{name}.parquet")
    monkeypatch.setenv("APPOINTMENTS", str(folder))
    monkeypatch.setenv("API_KEYS", "{}")
    assert run(code)["app"].title == "Appointments"


def test_the_incremental_job_adds_up(folder: Path) -> None:
    assert run(block(".part"), folder=folder)["may"] == EXPECTED


@pytest.mark.usefixtures("ray")
def test_the_lines_for_the_cluster_run(folder: Path) -> None:
    stats: AppointmentStatistics = run(block("import cluster"), folder=folder)["stats"]
    assert stats == appointment_statistics(RECORDS, timezone="Asia/Tokyo")


def test_the_dictionaries_of_two_days_add_up() -> None:
    whole = sample_records(60, integrations=3).collect()
    found = run(block("may_01"), may_01=whole[:2], may_02=whole[2:])["both"]
    assert found == statistics_by_integration(whole)
    assert list(found) == sorted(found)


def test_the_lines_for_dask_run(folder: Path) -> None:
    paths = list(map(str, folder.iterdir()))
    assert run(block("dask"), paths=paths)["stats"] == EXPECTED


def test_the_lines_for_spark_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyspark", reason="the lines for Spark need PySpark and Java")
    from pyspark.sql import SparkSession  # noqa: PLC0415 - where there is one

    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.master("local[2]").getOrCreate()
    try:
        paths = list(map(str, folder.iterdir()))
        found = run(block("treeReduce"), spark=spark, paths=paths)
        assert found["stats"] == EXPECTED
    finally:
        spark.stop()


def test_a_further_parameter_is_read_by_a_subclass() -> None:
    query = run(block("LocalQuery"))["query"]
    assert query.timezone == "Asia/Tokyo"
    assert str(query.start) == "2024-05-01"


def test_the_picture_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(block("dashboard_chart"))
    assert "10,000" in (tmp_path / "sample.html").read_text("utf-8")


def test_the_examples_of_questions_print_what_the_readme_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = re.findall(
        r"```python\n([^`]*)```\n\n```text\n([^`]*)```", README, flags=re.DOTALL
    )
    assert [code for code, _ in pairs] == [block(word) for word in QUESTIONS]
    names: dict[str, Any] = {}
    for code, shown in pairs:
        names = run(code, **names)
        assert capsys.readouterr().out == shown


def test_every_call_that_answers_a_question_is_there() -> None:
    table = README.split("| question | call |")[1].split("\n\n")[0]
    calls = re.findall(r"`(stats|comparison|query)\.(\w+)", table)
    assert len(calls) >= len(table.splitlines()) - 3
    owners = {
        "stats": AppointmentStatistics,
        "comparison": Comparison,
        "query": StatisticsQuery,
    }
    for owner, name in calls:
        assert getattr(owners[owner], name).__doc__
    options = set(re.findall(r"--[a-z]+ [a-z]+", table))
    assert options == {
        *(f"--compare {which}" for which in Earlier),
        *("--format csv", "--format markdown"),
    }


def test_every_example_is_run() -> None:
    words = (
        *QUESTIONS,
        "createdAt",
        "breakdowns=",
        "FastAPI",
        ".part",
        "import cluster",
        "dask",
        "treeRe",
        "may_01",
        "LocalQuery",
        "dashboard_chart",
    )
    assert {*blocks("python")[1:]} == {block(word) for word in words}


def test_the_two_lines_are_there_to_be_pasted() -> None:
    lines = [line.split("  #")[0].strip() for line in README.splitlines()]
    assert "pip install uv && uv run stats-core demo" in lines
    assert "pip install uv && uv run pytest" in lines


def test_every_module_that_the_readme_names_is_there() -> None:
    named = set(re.findall(r"`(stats_core(?:\.\w+)+)`", README))
    assert named
    for name in named:
        module, _, last = name.rpartition(".")
        if last[0].isupper():
            assert getattr(importlib.import_module(module), last).__doc__
        else:
            assert importlib.import_module(name).__doc__
