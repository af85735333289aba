"""Measure stats_core beside what a user would pick instead, and beside itself."""

import argparse
import json
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from fnmatch import fnmatch
from importlib.metadata import distributions
from pathlib import Path
from tempfile import gettempdir

from benchmarks import jobs
from benchmarks.cases import BY_NAME, CASES, DIRTY
from benchmarks.comparisons import COMPARISONS
from benchmarks.measure import Measurement
from benchmarks.ours import FLOOR, OWN
from benchmarks.report import draw, markdown

_FEW, _MANY = 1_000, 10_000_000
_RIVALS = [tool for tool in jobs.TOOLS if tool not in {OWN, FLOOR}]
_PACKAGES = ("polars", "duckdb", "chdb", "pandas", "pyarrow", "mongomock", "ray")


def main() -> int:
    """Measure what the options select; return 1 if anything failed."""
    options = _options()
    options.data.mkdir(parents=True, exist_ok=True)
    budget = options.seconds, options.data
    found: list[Measurement] = []
    for rows, possible in [(_FEW, DIRTY), *((rows, CASES) for rows in options.rows)]:
        names = _selected((case.name for case in possible), options.case)
        fit = rows <= _MANY  # in memory
        cases = [BY_NAME[it] for it in names if fit or it.startswith("parquet")]
        tools = options.rival if possible is DIRTY else [*options.rival, FLOOR]
        found += jobs.measure_cases(cases, tools, rows, *budget)
    if not options.quick:
        found = [jobs.measure_peak(it, options.data) for it in found]
    names = _selected(COMPARISONS, options.case)
    found += jobs.measure_comparisons(names, max(options.rows), *budget)
    _write(options, found)
    return int(any(it.note == jobs.BROKEN for it in found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = ", ".join((*BY_NAME, *COMPARISONS))
    add = parser.add_argument
    add("--case", action="append", help=f"name or pattern, repeatable; one of {names}")
    add("--rival", action="append", choices=_RIVALS, help="repeatable")
    add("--rows", action="append", type=int, help="number of records, repeatable")
    add("--quick", action="store_true", help="everything once, at 1,000 records")
    add("--seconds", type=float, help="to measure one way of one rival at one case")
    add("--json", type=Path, metavar="FILE", help="write all measurements")
    add("--plot", type=Path, metavar="FILE", help="draw time against rows, SVG or PNG")
    folder = Path(gettempdir(), "stats-core-benchmarks")
    add("--data", type=Path, metavar="FOLDER", default=folder, help="for the records")
    options = parser.parse_args()
    options.case = options.case or ["*"]
    options.rival = options.rival or _RIVALS
    options.rows = options.rows or ([_FEW] if options.quick else [_FEW, 100_000, _MANY])
    options.seconds = options.seconds or (0.02 if options.quick else 5.0)
    return options


def _selected(names: Iterable[str], patterns: Sequence[str]) -> list[str]:
    return [it for it in names if any(fnmatch(it, pattern) for pattern in patterns)]


def _write(options: argparse.Namespace, found: list[Measurement]) -> None:
    packages = (f"{it.name} {it.version}" for it in distributions())
    used = [it for it in packages if it.split()[0].lower() in _PACKAGES]
    python = f"Python {platform.python_version()}"
    machine = ", ".join((platform.machine(), python, *sorted(used)))
    print(machine, markdown(found), sep="\n\n")
    if options.json:
        values = {"machine": machine, "measurements": [asdict(it) for it in found]}
        options.json.write_text(json.dumps(values, indent=1), encoding="utf-8")
    if options.plot:
        draw(found, options.plot)


if __name__ == "__main__":
    sys.exit(main())
