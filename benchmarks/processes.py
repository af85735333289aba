"""Fresh processes that measure: no tool's memory or threads weigh on another's."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks.cases import BY_NAME, Case
from benchmarks.data import held
from benchmarks.figures import Compared, Figure
from benchmarks.rivals import RIVALS

_ORDER = ("stats_core", *RIVALS, "floor")


@dataclass
class Processes:
    """What all of them are told.

    Attributes:
        folder: Where the records are kept.
        seconds: About how long to measure one rival at one case.
        rivals: Which of the rivals to measure.
        failures: How often a process ended badly: a rival broke, or gave an answer
            that is not stats_core's.
    """

    folder: Path
    seconds: float
    rivals: Sequence[str]
    failures: int = field(default=0, init=False)

    def figures(self, cases: Sequence[Case], rows: int, *, peaks: bool) -> list[Figure]:
        """The rivals at the cases, a process each, by case; peaks from Parquet only."""
        for case in cases:
            held(case, rows, self.folder)
        floor = () if all(case.dirty for case in cases) else ("floor",)
        found = [
            figure
            for rival in (*floor, *self.rivals)
            for figure in self._pairs(rival, cases, rows)
        ]
        if peaks:
            ours = [Figure(case.name, rows, "stats_core") for case in cases]
            found = [self._with_peak(figure) for figure in (*ours, *found)]
        places = {case.name: place for place, case in enumerate(cases)}
        return sorted(found, key=lambda it: (places[it.case], _ORDER.index(it.rival)))

    def compared(self, rows: int) -> list[Compared]:
        """stats_core against itself and the least it could do."""
        job = {"do": "compare", "rows": rows, "seconds": self.seconds}
        return [Compared(**found) for found in self._run(job)]

    def _pairs(self, rival: str, cases: Sequence[Case], rows: int) -> Iterator[Figure]:
        left = [case.name for case in cases]
        while left:
            _say(f"{rows:,} rows: {rival}")
            before = self.failures
            job = {"do": "pairs", "rival": rival, "cases": left, "rows": rows}
            for found in self._run(job | {"seconds": self.seconds}):
                yield Figure(**found)
                left = left[1:]
            if left and self.failures > before:  # and go on with the case after it
                yield Figure(left[0], rows, rival, note="**failed**, see the errors")
                left = left[1:]

    def _with_peak(self, figure: Figure) -> Figure:
        timed = figure.rival == "stats_core" or figure.ratio is not None
        from_file = BY_NAME[figure.case].source == "parquet"
        if not (timed and from_file) or figure.rival == "floor":
            return figure
        _say(f"{figure.rows:,} rows: memory of {figure.rival}, {figure.case}")
        peaks = [*self._run({"do": "peak", "figure": asdict(figure)})]
        return replace(figure, peak=peaks[0]["peak"] if peaks else None)

    def _run(self, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Start one and read what it finds; its errors go where ours go."""
        text = json.dumps(job | {"folder": str(self.folder)})
        command = [sys.executable, "-m", "benchmarks.worker", text]
        with subprocess.Popen(  # noqa: S603 - our own words
            command, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                _say(line.rstrip())  # an interrupted run is not lost
                yield json.loads(line)
        self.failures += process.returncode != 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
