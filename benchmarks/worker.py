"""What one fresh process measures; `python -m benchmarks` starts it.

It takes its job as JSON and prints what it finds, as JSON, a line each.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.answer import Answer, CannotError, response, statistics
from benchmarks.baselines import floor
from benchmarks.cases import BY_NAME, Case
from benchmarks.comparisons import comparisons
from benchmarks.data import Held, held
from benchmarks.figures import SAME, Compared, Figure
from benchmarks.measure import Work, interleaved, peak_megabytes, timed
from benchmarks.ours import counting
from benchmarks.question import Question
from benchmarks.rivals import REFERENCES, Way, ways

Job = Callable[..., Iterator[Figure | Compared]]

# A way that is so many times slower than the rival's fastest is not its best.
_CLEARLY_SLOWER = 1.3


def main(job: str) -> None:
    """Do a job and print its figures as they come."""
    jobs: dict[str, Job] = {"pairs": _pairs, "peak": _peak, "compare": _compare}
    arguments = json.loads(job)
    folder = Path(arguments.pop("folder"))
    for found in jobs[arguments.pop("do")](**arguments, folder=folder):
        print(json.dumps(asdict(found)), flush=True)


def _pairs(
    rival: str, cases: Sequence[str], rows: int, seconds: float, folder: Path
) -> Iterator[Figure]:
    """A rival at cases of so many rows, each in turns with stats_core."""
    ready: dict[Held, dict[str, Way]] = {}
    for case in (BY_NAME[name] for name in cases):
        records = held(case, rows, folder)
        figure = Figure(case.name, rows, rival)
        try:
            if rival == "floor":
                works = {"": floor(records, case)}
            else:
                if records not in ready:
                    ready.clear()  # both might not fit in memory
                    ready[records] = ways(rival, records, rows)
                works = _equal_works(rival, ready[records], records, case)
            yield _best(figure, works, counting(records, case), case, seconds)
        except CannotError as error:
            yield replace(figure, note=str(error))


def _equal_works(
    rival: str, ready: dict[str, Way], records: Held, case: Case
) -> dict[str, Work]:
    """The case's work in each way; it is stats_core's answer, or nothing is timed."""
    ours = counting(records, case)()
    for name, way in ready.items():
        answer = way(case.question)
        theirs = (
            response(answer, case.timezone)
            if case.json
            else statistics(answer, case.timezone)
        )
        assert theirs == ours, f"{rival} {name}: not stats_core's answer to {case.name}"
    return {name: partial(_asked, way, case) for name, way in ready.items()}


def _asked(way: Way, case: Case) -> Answer | str:
    if not case.json:
        return way(case.question)
    question = Question.of(case.parameters, case.timezone)
    return response(way(question), case.timezone)


def _best(
    figure: Figure, works: dict[str, Work], ours: Work, case: Case, seconds: float
) -> Figure:
    """The rival's fastest way."""
    if case.dirty or figure.rival in REFERENCES:
        return replace(figure, note=SAME)
    pairs = {
        name: interleaved(ours, work, seconds)
        for name, work in _candidates(works).items()
    }
    way = min(pairs, key=lambda name: pairs[name].ratio)
    return replace(figure, way=way, **pairs[way]._asdict())


def _candidates(works: dict[str, Work]) -> dict[str, Work]:
    """The works without those that one more turn shows to be clearly slower."""
    if len(works) == 1:
        return works
    took = {name: timed(work) for name, work in works.items()}
    limit = _CLEARLY_SLOWER * min(took.values())
    return {name: work for name, work in works.items() if took[name] <= limit}


def _peak(figure: dict[str, Any], folder: Path) -> Iterator[Figure]:
    """The figure with the peak of one answer in the way that was best."""
    known = Figure(**figure)
    case = BY_NAME[known.case]
    records = held(case, known.rows, folder)
    if known.rival == "stats_core":
        counting(records, case)()
    else:
        ways(known.rival, records, known.rows)[known.way](case.question)
    yield replace(known, peak=peak_megabytes())


def _compare(rows: int, seconds: float, folder: Path) -> Iterator[Compared]:
    for comparison in comparisons(rows, folder):
        for work in comparison.works:
            work()
        pair = interleaved(*comparison.works, seconds)
        yield Compared(rows, comparison.first, comparison.second, **pair._asdict())


if __name__ == "__main__":
    main(sys.argv[1])
