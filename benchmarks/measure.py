"""Medians of interleaved pairs, and the peak of a process's memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple, Self

_MAX_ROUNDS = 101

Task = Callable[[], Any]
Clock = Callable[[], float]


class Works(NamedTuple):
    """Two tasks, and whether their results agree; those of two questions always do."""

    ours: Task
    theirs: Task
    agree: Callable[[Any, Any], bool] = lambda _ours, _theirs: True


class Comparison(NamedTuple):
    """A task of stats_core, and what it is measured against.

    Attributes:
        against: The name of the other task.
        rows: Number of records; fewer if the largest `--rows` is smaller.
        works: Prepare both tasks, for a number of records and a folder for files.
        clock: Which seconds count: those that pass, or those of the CPUs. None: the
            tasks return numbers, and these are compared.
    """

    against: str
    rows: int
    works: Callable[[int, Path], Works]
    clock: Clock | None = perf_counter


@dataclass(frozen=True)
class Measurement:
    """The time of stats_core beside the time of something else.

    Attributes:
        rival: The name of what stats_core is measured against.
        note: The name of the rival's fastest way, or the reason why there are no times.
        ours: Median seconds of stats_core.
        theirs: Median seconds of the rival.
        ratio: Median over the rounds of the rival's time divided by stats_core's.
        peak: The most memory of a fresh process with one answer, in megabytes.
    """

    case: str
    rows: int
    rival: str
    note: str = ""
    ours: float | None = None
    theirs: float | None = None
    ratio: float | None = None
    rounds: int = 0
    peak: float | None = None

    def timed(
        self, ours: Task, theirs: Task, seconds: float, clock: Clock = perf_counter
    ) -> Self:
        """Run both tasks in turns for about `seconds`, at least once each.

        The caller has run both before. The ratio is the median of the rounds' ratios:
        if the machine gets slower between two rounds, it hardly changes.
        """
        pairs = ((elapsed(ours, clock), elapsed(theirs, clock)) for _ in count())
        times = [next(pairs)]
        rounds = max(1, min(_MAX_ROUNDS, round(seconds / sum(times[0]))))
        times += islice(pairs, rounds - 1)
        return replace(
            self,
            ours=median(a for a, _ in times),
            theirs=median(b for _, b in times),
            ratio=median(b / a for a, b in times),
            rounds=rounds,
        )


def elapsed(task: Task, clock: Clock = perf_counter) -> float:
    """Run a task once and return the seconds that passed on the clock."""
    start = clock()
    task()
    return clock() - start


def peak_megabytes() -> float:
    """Return the most memory that this process has used at once; 0 outside Linux."""
    status = Path("/proc/self/status")
    # `ru_maxrss` includes the peak of the process that forked this one.
    lines = status.read_text("ascii").splitlines() if status.exists() else []
    return sum(int(it.split()[1]) / 1024 for it in lines if it.startswith("VmHWM:"))
