"""What stats_core is meant to reach, beside what it did."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.figures import Compared, Figure

_MANY = 10_000_000
_PLAIN = ("none", "date", "type-date")
_SEARCHES = ("search-rare", "search-frequent", "search-two", "type-date-search")
# How many times as long as stats_core a rival takes, at the least, at ten million rows.
_RATIOS = (
    *((f"memory-{case}", "DuckDB", 3.0) for case in _PLAIN),
    *((f"memory-{case}", "pandas", 4.0) for case in _PLAIN),
    *((f"memory-{case}", "Polars by hand", 3.0) for case in _PLAIN),
    *((f"parquet-{case}", "DuckDB", 1.5) for case in _PLAIN),
    *((f"memory-{case}", "DuckDB", 1.5) for case in _SEARCHES),
    ("memory-zone", "Polars by hand", 5.0),
    ("memory-campaigns", "DuckDB", 2.0),
)
_MOST_MEGABYTES = {100_000_000: 500.0}
_MOST_MILLISECONDS, _MOST_LOOPS, _FEW = 3.0, 3.0, 1_000
# Of comparisons, by the beginning of what is compared.
_MOST = {"five bare plans": 1.2, "UTC": 1.4, "1,000,000 rows": 10.5}


class Target(NamedTuple):
    """A wanted and a measured number."""

    what: str
    wanted: float
    measured: float
    unit: str
    at_least: bool

    @property
    def met(self) -> bool:
        """Whether the measured number is on the right side of the wanted one."""
        if self.at_least:
            return self.measured >= self.wanted
        return self.measured <= self.wanted


def targets(figures: Sequence[Figure], compared: Sequence[Compared]) -> list[Target]:
    """All about which something was measured."""
    return [*_ratios(figures), *_small(figures), *_peaks(figures), *_growth(compared)]


def _ratios(figures: Sequence[Figure]) -> Iterator[Target]:
    found = {(each.case, each.rival): each.ratio for each in _at(figures, _MANY)}
    for case, rival, wanted in _RATIOS:
        ratio = found.get((case, rival))
        if ratio is not None:
            yield Target(f"{case}: {rival}", wanted, ratio, "×", at_least=True)


def _small(figures: Sequence[Figure]) -> Iterator[Target]:
    for each in _at(figures, _FEW):
        if each.first is None or not each.ratio or each.rival != "Python loop":
            continue
        if each.case.startswith("end-to-end"):
            took, loops = each.first * 1_000, 1 / each.ratio
            yield Target(each.case, _MOST_MILLISECONDS, took, "ms", at_least=False)
            what = f"{each.case}: Python loops"
            yield Target(what, _MOST_LOOPS, loops, "×", at_least=False)


def _peaks(figures: Sequence[Figure]) -> Iterator[Target]:
    for each in figures:
        most = _MOST_MEGABYTES.get(each.rows)
        if most and each.peak and each.rival == "stats_core":
            what = f"{each.case}: peak of {each.rows:,} rows"
            yield Target(what, most, each.peak, "MB", at_least=False)


def _growth(compared: Sequence[Compared]) -> Iterator[Target]:
    for each in (it for it in compared if it.rows == _MANY):
        for start, most in _MOST.items():
            if each.what.startswith(start):
                what = f"{each.by} to {each.what}"
                yield Target(what, most, each.ratio, "×", at_least=False)


def _at(figures: Sequence[Figure], rows: int) -> list[Figure]:
    return [each for each in figures if each.rows == rows]
