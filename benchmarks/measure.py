"""Medians of interleaved pairs, and the peak of a process's memory."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

_MOST_ROUNDS = 101
Work = Callable[[], object]


class Pair(NamedTuple):
    """Two ways to spend time, measured in turns.

    Attributes:
        first: Seconds, the median.
        second: Seconds, the median.
        ratio: How many times as long as the first the second takes: the median of the
            rounds' own ratios, so that a machine's changing mood weighs little.
        rounds: How often both were measured.
    """

    first: float
    second: float
    ratio: float
    rounds: int


def interleaved(first: Work, second: Work, seconds: float) -> Pair:
    """Both in turns, warmed up by the caller, for about so long; once at the least."""
    times = [(timed(first), timed(second))]
    rounds = max(1, min(_MOST_ROUNDS, round(seconds / sum(times[0]))))
    times += [(timed(first), timed(second)) for _ in range(rounds - 1)]
    return Pair(
        first=median(a for a, _ in times),
        second=median(b for _, b in times),
        ratio=median(b / a for a, b in times),
        rounds=rounds,
    )


def timed(work: Work) -> float:
    """The seconds that it takes once."""
    start = perf_counter()
    work()
    return perf_counter() - start


def peak_megabytes() -> float:
    """The most memory that this process has held at once."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux' `ru_maxrss` counts what the process that forked this one had held.
        lines = status.read_text(encoding="ascii").splitlines()
        [peak] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peak) / 1024
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
