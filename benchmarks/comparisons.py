"""stats_core against itself, and against the least that it can do."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path
from time import process_time
from unittest.mock import patch

import polars as pl

import stats_core as sc
from benchmarks.cases import BY_NAME, NEW_YORK, PLAIN, Case
from benchmarks.data import dataset, many_files
from benchmarks.index_comparisons import INDEX_COMPARISONS
from benchmarks.measure import Comparison, Works
from benchmarks.ours import bare_plans, count
from benchmarks.rivals import loop
from stats_core.__main__ import main as command_line
from stats_core.sample import integration_ids

_ID = integration_ids(1)[0]


def _start_up(_rows: int, _data: Path) -> Works:
    run = partial(subprocess.run, check=True)
    ours, theirs = "import stats_core", "import polars, pydantic"
    command = [sys.executable, "-c"]
    return Works(partial(run, [*command, ours]), partial(run, [*command, theirs]))


def _days(rows: int, data: Path) -> Works:
    case = PLAIN[0]
    records = dataset(case, rows, data)
    local = count(records, replace(case, timezone=NEW_YORK))
    return Works(local, count(records, case), lambda a, b: a.source.equals(b.source))


def _sizes(case: Case, other: Callable[[int], int], rows: int, data: Path) -> Works:
    """Compare one question to some records with the same to `other` of that number."""
    theirs = count(dataset(case, other(rows), data), case)
    return Works(count(dataset(case, rows, data), case), theirs)


def _integrations(source: str, rows: int, data: Path) -> Works:
    case = BY_NAME[f"{source}-by-integration"]
    pooled = replace(case, integrations=0)
    return Works(
        count(dataset(case, rows, data), case),
        count(dataset(pooled, rows, data), pooled),
        lambda each, whole: sc.merge_statistics(each.values()) == whole,
    )


def _end_to_end(case: Case, rows: int, data: Path) -> Works:
    records = dataset(case, rows, data)
    ours = partial(_respond, records.frame(), case.parameters)
    return Works(ours, loop.respond(records, case.parameters), str.__eq__)


def _small(rows: int, data: Path) -> Works:
    records = dataset(PLAIN[0], rows, data)
    return Works(
        partial(_respond, records.frame(), {}),
        bare_plans(records, PLAIN[0]),
        lambda text, dfs: json.loads(text)["overview"]["total"] == dfs[0]["len"].sum(),
    )


def _command(command: str, rows: int, data: Path) -> Works:
    """Compare the command line, without its start-up, with the function."""
    records = dataset(BY_NAME["parquet-by-integration"], rows, data)
    arguments = [command, str(records.path), "--each-integration"]
    if command == "merge":
        part = str(data / f"each-{rows}.part.parquet")
        _run("tally", *arguments[1:], "--out", part)
        arguments = [command, part]

    def agree(text: str, each: dict[str, sc.AppointmentStatistics]) -> bool:
        answers = map(json.loads, text.splitlines())
        found = {answer.pop("integration_id"): answer for answer in answers}
        return found == {key: json.loads(_json(stats)) for key, stats in each.items()}

    each = partial(sc.statistics_by_integration, records.scan())
    return Works(partial(_run, *arguments), each, agree)


def _documents(rows: int, data: Path) -> Works:
    documents = dataset(PLAIN[0], rows, data).frame().to_dicts()
    return Works(
        lambda: sc.appointment_statistics(documents),
        lambda: sc.appointment_statistics(pl.DataFrame(documents)),
        sc.AppointmentStatistics.__eq__,
    )


def _files(rows: int, data: Path) -> Works:
    number = max(10, rows // 1_000)
    pattern = str(many_files(number, rows // number, data) / "*.parquet")
    report = partial(_run, "report", pattern, "--integration-id", _ID)
    return Works(report, partial(_scan, pattern), lambda a, b: a == _json(b) + "\n")


def _cluster(rows: int, data: Path) -> Works:
    """Compare warm Ray workers with one process that has as many CPUs."""
    # Under `uv run`, Ray makes an environment for each worker unless told not to.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    import ray  # noqa: PLC0415 - an extra, and after its environment is set

    from stats_core.batch import cluster  # noqa: PLC0415 - as above

    level = logging.ERROR
    ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=level)
    pattern = str(many_files(10, rows // 10, data) / "*.parquet")
    ours = partial(cluster.appointment_statistics, pattern, integration_id=_ID)
    return Works(ours, partial(_scan, pattern), sc.AppointmentStatistics.__eq__)


def _scan(pattern: str) -> sc.AppointmentStatistics:
    """Count the files of a pattern in this process."""
    lf = pl.scan_parquet(pattern)
    return sc.appointment_statistics(lf, integration_id=_ID, engine="streaming")


def _respond(frame: pl.DataFrame, parameters: dict[str, str]) -> str:
    """Answer the query strings of a request with JSON."""
    query = sc.StatisticsQuery.model_validate(parameters)
    return sc.appointments_dashboard(frame, query).model_dump_json(by_alias=True)


def _run(*arguments: str) -> str:
    """Run `stats-core` in this process and return what it writes to stdout."""
    output, code = StringIO(), None
    with patch.object(sys, "argv", ["stats-core", *arguments]), redirect_stdout(output):
        try:
            command_line()
        except SystemExit as end:
            code = end.code
    assert not code, f"stats-core {arguments[0]}: exit code {code}"
    return output.getvalue()


def _json(stats: sc.AppointmentStatistics) -> str:
    return stats.dashboard().model_dump_json(by_alias=True)


_MILLION, _MANY, _FUNCTION = 1_000_000, 10_000_000, "`statistics_by_integration`"
_one_more = partial(_sizes, BY_NAME["memory-search-two"], lambda rows: rows + 1)
COMPARISONS = INDEX_COMPARISONS | {
    "start-up": Comparison("Polars and pydantic", 1_000, _start_up),
    "days-of-new-york": Comparison("days of UTC", _MANY, _days),
    "integrations-memory": Comparison(
        "pooled", _MANY, partial(_integrations, "memory")
    ),
    "integrations-parquet": Comparison(
        "pooled", _MANY, partial(_integrations, "parquet")
    ),
    "small-10": Comparison("five bare plans", 10, _small, process_time),
    "small-1000": Comparison("five bare plans", 1_000, _small, process_time),
    "search-49999": Comparison("one more record", 49_999, _one_more),
    "report-each": Comparison(_FUNCTION, _MILLION, partial(_command, "report")),
    "merge-each": Comparison(_FUNCTION, _MILLION, partial(_command, "merge")),
    "documents": Comparison("`pl.DataFrame(dicts)`", 50_000, _documents),
    "files": Comparison("one scan of them", _MILLION, _files),
    "cluster": Comparison("one process", _MANY, _cluster),
}
for _case in PLAIN:
    _tenth = partial(_sizes, _case, lambda rows: rows // 10)
    _loop = partial(_end_to_end, _case)
    COMPARISONS[f"growth-{_case.name}"] = Comparison("a tenth", _MANY, _tenth)
    COMPARISONS[f"end-to-end-{_case.name}"] = Comparison("loop", 1_000, _loop)
