"""stats_core against itself and against the least it could do: what grows, and how."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.baselines import bare_plans
from benchmarks.cases import CASES, NEW_YORK, Case
from benchmarks.data import held
from benchmarks.measure import Work
from benchmarks.ours import counting

_PLAIN = {"memory-none", "memory-date", "memory-type-date"}


class Comparison(NamedTuple):
    """Two ways to spend time, in words and in deeds."""

    first: str
    second: str
    works: tuple[Work, Work]


def comparisons(rows: int, folder: Path) -> Iterator[Comparison]:
    """All of them, each made when the one before it is done with."""
    plain = [case for case in CASES if case.name in _PLAIN]
    for case in plain:
        records = held(case, rows, folder)
        works = bare_plans(records, case), counting(records, case)
        yield Comparison(f"five bare plans, {case.name}", "stats_core", works)
    utc, local = Case("utc", {}), Case("zone", {}, timezone=NEW_YORK)
    records = held(utc, rows, folder)
    works = counting(records, utc), counting(records, local)
    yield Comparison("UTC", NEW_YORK, works)
    for case in plain:
        works = counting(held(case, rows // 10, folder), case), counting(records, case)
        first = f"{rows // 10:,} rows, {case.name}"
        yield Comparison(first, f"{rows:,} rows", works)
    imports = "import polars, pydantic", "import stats_core"
    yield Comparison(*imports, (_started(imports[0]), _started(imports[1])))


def _started(statement: str) -> Work:
    """Run a statement in a process of its own."""
    command = [sys.executable, "-c", statement]
    return lambda: subprocess.run(command, check=True)  # noqa: S603 - our own words
