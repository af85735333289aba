"""Measure in fresh processes, so that no tool's memory or threads affect another.

Answers are compared before anything is timed.
"""

import json
import sys
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from statistics import median

from benchmarks.answer import is_equal
from benchmarks.cases import BY_NAME, Case
from benchmarks.comparisons import COMPARISONS
from benchmarks.contract import CannotError
from benchmarks.data import Dataset, dataset
from benchmarks.measure import Measurement, Task, elapsed, peak_megabytes
from benchmarks.ours import FLOOR, OURS, OWN, bare_plans
from benchmarks.rivals import REFERENCES, RIVALS, ways

Measure = Callable[[Measurement], Measurement]

# All that is measured at a case, in the order of the tables.
TOOLS = (*OURS, *RIVALS, FLOOR)
SAME, BROKEN = "the same answer", "**failed**, see the errors"
_CLEARLY_SLOWER = 1.3


def measure_cases(
    cases: Sequence[Case], rivals: Sequence[str], rows: int, seconds: float, data: Path
) -> list[Measurement]:
    """Measure rivals and stats_core, a process each, at cases of so many records."""
    for case in cases:
        dataset(case, rows, data)
    found: list[Measurement] = []
    for rival in rivals:
        blanks = [Measurement(case.name, rows, rival) for case in cases]
        found += _in_process(partial(_measure_case, seconds, data), blanks)
    for name in dict.fromkeys(it.case for it in found if it.ours):
        own = median(it.ours for it in found if it.case == name and it.ours)
        found.append(Measurement(name, rows, OWN, theirs=own, ratio=1.0))
    return found


def measure_peak(known: Measurement, data: Path) -> Measurement:
    """Add the peak of memory of one answer from Parquet, in the fastest way."""
    from_memory = BY_NAME[known.case].source == "memory"
    if not known.ratio or from_memory or known.rival == FLOOR:
        return known
    return _in_process(partial(_measure_peak, data), [known])[0]


def measure_comparisons(
    names: Sequence[str], most: int, seconds: float, data: Path
) -> list[Measurement]:
    """Measure comparisons at their own number of records, but at `most` so many.

    Neighbours with as many records and the same other share a process, and what they
    prepare in it.
    """
    chosen = [(name, COMPARISONS[name]) for name in names]
    blanks = [Measurement(name, min(it.rows, most), it.against) for name, it in chosen]
    measure = partial(_measure_comparison, seconds, data)
    groups = groupby(blanks, attrgetter("rows", "rival"))
    return [it for _, group in groups for it in _in_process(measure, [*group])]


def _in_process(measure: Measure, blanks: list[Measurement]) -> list[Measurement]:
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        try:
            return [*process.map(partial(_noted, measure), blanks)]
        except BrokenProcessPool:
            return [replace(blank, note=BROKEN) for blank in blanks]


def _noted(measure: Measure, blank: Measurement) -> Measurement:
    """Measure, or note the reason why that cannot be; log what is found to stderr."""
    try:
        found = measure(blank)
    except (CannotError, ModuleNotFoundError) as reason:
        found = replace(blank, note=str(reason))
    except Exception:  # noqa: BLE001 - continue with the next case
        traceback.print_exc()
        found = replace(blank, note=BROKEN)
    print(json.dumps(asdict(found)), file=sys.stderr, flush=True)
    return found


def _measure_case(seconds: float, data: Path, blank: Measurement) -> Measurement:
    case = BY_NAME[blank.case]
    records = dataset(case, blank.rows, data)
    own = OURS[OWN](records, case)
    tasks = _tasks(blank, records, case, own)
    if case.dirty or blank.rival in REFERENCES:
        return replace(blank, note=SAME)
    # A way that is clearly slower than the rival's fastest one is not measured.
    times = {name: elapsed(tasks[name]) for name in tasks if len(tasks) > 1}
    limit = _CLEARLY_SLOWER * min(times.values(), default=0)
    timed = (
        replace(blank, note=name).timed(own, task, seconds)
        for name, task in tasks.items()
        if times.get(name, 0) <= limit
    )
    return min(timed, key=lambda it: it.ratio or 0)


def _measure_peak(data: Path, known: Measurement) -> Measurement:
    case = BY_NAME[known.case]
    records = dataset(case, known.rows, data)
    if known.rival in OURS:
        OURS[known.rival](records, case)()
    else:
        ways(known.rival, records, known.rows)[known.note](case.question)
    return replace(known, peak=peak_megabytes())


def _measure_comparison(seconds: float, data: Path, blank: Measurement) -> Measurement:
    it = COMPARISONS[blank.case]
    ours, theirs, agree = it.works(blank.rows, data)
    found = ours(), theirs()
    assert agree(*found), f"{blank.case}: the results do not agree"
    if it.clock is None:
        a, b = found
        return replace(blank, ours=a, theirs=b, ratio=b / a, rounds=1)
    return blank.timed(ours, theirs, seconds, it.clock)


def _tasks(it: Measurement, records: Dataset, case: Case, own: Task) -> dict[str, Task]:
    """Return the tasks of all ways, after each has given the answer of `own`."""
    answer, error = own(), f"{it.rival}: another answer to {case.name}"
    if it.rival == FLOOR:
        return {"": bare_plans(records, case)}
    if it.rival in OURS:
        task = OURS[it.rival](records, case)
        assert task() == answer, error
        return {"": task}
    found = ways(it.rival, records, it.rows)
    assert all(is_equal(way(case.question), answer) for way in found.values()), error
    return {name: partial(way, case.question) for name, way in found.items()}
