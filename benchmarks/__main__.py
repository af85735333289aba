"""Time stats_core beside what a user would pick instead, and say who wins."""

import argparse
import json
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import gettempdir

from benchmarks.cases import BY_NAME, CASES, DIRTY, END_TO_END, Case
from benchmarks.figures import Compared, Figure
from benchmarks.plot import draw
from benchmarks.processes import Processes
from benchmarks.report import markdown
from benchmarks.rivals import RIVALS
from benchmarks.targets import targets

_FEW, _MOST_IN_MEMORY = 1_000, 10_000_000
_ROWS = (_FEW, 100_000, _MOST_IN_MEMORY)
_COMPARISONS = "comparisons"
_TOOLS = ("polars", "duckdb", "chdb", "pandas", "pyarrow", "mongomock")


def main() -> int:
    """Measure what is asked for; 1 where a rival failed or gave another answer."""
    asked = _arguments()
    asked.data.mkdir(parents=True, exist_ok=True)
    processes = Processes(asked.data, asked.seconds, asked.rival)
    figures: list[Figure] = []
    if dirty := _selected(DIRTY, asked.case):
        figures += processes.figures(dirty, _FEW, peaks=False)
    for rows in asked.rows:
        if cases := _selected(_possible(rows), asked.case):
            figures += processes.figures(cases, rows, peaks=not asked.quick)
    compared: list[Compared] = []
    if any(fnmatch(_COMPARISONS, pattern) for pattern in asked.case):
        compared = processes.compared(min(max(asked.rows), _MOST_IN_MEMORY))
    _show(asked, figures, compared)
    return min(processes.failures, 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join((*BY_NAME, _COMPARISONS))
    add = parser.add_argument
    add("--case", action="append", help=f"name or pattern, can be repeated; of {names}")
    add("--rival", action="append", choices=RIVALS, help="can be repeated")
    add("--rows", action="append", type=int, help="number, can be repeated")
    add("--quick", action="store_true", help="everything, at 1,000 rows, hardly timed")
    add("--seconds", type=float, help="to spend on one way of one rival at one case")
    add("--json", type=Path, metavar="FILE", help="all figures")
    add("--plot", type=Path, metavar="FILE", help="time against rows, SVG or PNG")
    folder = Path(gettempdir(), "stats-core-benchmarks")
    add("--data", type=Path, metavar="FOLDER", default=folder, help="for the records")
    asked = parser.parse_args()
    asked.case = asked.case or ["*"]
    asked.rival = asked.rival or list(RIVALS)
    asked.rows = asked.rows or ([_FEW] if asked.quick else list(_ROWS))
    asked.seconds = asked.seconds or (0.02 if asked.quick else 5.0)
    return asked


def _possible(rows: int) -> Sequence[Case]:
    """End to end is about few rows; more than fit in memory come from Parquet."""
    if rows > _MOST_IN_MEMORY:
        return [case for case in CASES if case.source == "parquet"]
    return [*END_TO_END, *CASES] if rows <= _FEW else CASES


def _selected(cases: Sequence[Case], patterns: Sequence[str]) -> list[Case]:
    return [
        case
        for case in cases
        if any(fnmatch(case.name, pattern) for pattern in patterns)
    ]


def _show(
    asked: argparse.Namespace, figures: list[Figure], compared: list[Compared]
) -> None:
    reached = [] if asked.quick else targets(figures, compared)
    print(_machine(), "", markdown(figures, compared, reached), sep="\n")
    if asked.json:
        found = {
            "machine": _machine(),
            "figures": [asdict(each) for each in figures],
            "comparisons": [asdict(each) for each in compared],
        }
        asked.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if asked.plot:
        draw(figures, asked.plot)


def _machine() -> str:
    tools = ", ".join(f"{name} {_version(name)}" for name in _TOOLS)
    return f"{platform.machine()}, Python {platform.python_version()}, {tools}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
