"""What stats_core is meant to reach."""

from collections.abc import Iterator, Sequence
from math import inf

from benchmarks.comparisons import COMPARISONS
from benchmarks.measure import Measurement
from benchmarks.ours import FLOOR, OWN

_PLAIN = ("none", "date", "type-date")
_SEARCHES = ("search-rare", "search-frequent", "search-two", "type-date-search")


# Of a case, what it is measured against, the limit and what it limits: the other's
# time divided by stats_core's (≥), the inverse (≤), stats_core's milliseconds (ms) or
# its megabytes at a hundred million records (MB). Comparisons are against their other.
_TARGETS = [
    *((f"memory-{name}", "DuckDB", 3.0, "≥") for name in _PLAIN),
    *((f"memory-{name}", "pandas", 4.0, "≥") for name in _PLAIN),
    *((f"memory-{name}", "Polars by hand", 3.0, "≥") for name in _PLAIN),
    *((f"parquet-{name}", "DuckDB", 1.5, "≥") for name in _PLAIN),
    *((f"memory-{name}", "DuckDB", 1.5, "≥") for name in _SEARCHES),
    ("memory-zone", "Polars by hand", 5.0, "≥"),
    ("memory-campaigns", "DuckDB", 2.0, "≥"),
    *((f"memory-{name}", FLOOR, 1.2, "≤") for name in _PLAIN),
    *((f"parquet-{name}", OWN, 500, "MB") for name in _PLAIN),
    *((f"end-to-end-{name}", "", 3.0, "≤") for name in _PLAIN),
    *((f"end-to-end-{name}", "", 3.0, "ms") for name in _PLAIN),
    *((f"growth-{name}", "", 10.5, "≤") for name in _PLAIN),
    *((f"integrations-{source}", "", 3.0, "≤") for source in ("memory", "parquet")),
    ("days-of-new-york", "", 1.4, "≤"),
    ("small-10", "", 6.0, "≤"),
    ("small-1000", "", 2.0, "≤"),
    ("search-49999", "", 1.2, "≤"),
    ("report-each", "", 2.5, "≤"),
    ("merge-each", "", 1.5, "≤"),
    ("documents", "", 1.3, "≤"),
    ("cluster", "", 1.5, "≤"),
]


def target_rows(found: Sequence[Measurement]) -> Iterator[tuple[str, ...]]:
    """Yield what, wanted, measured and verdict of each target that was measured.

    Cases count at ten million records, comparisons at their own number.
    """
    known = {(it.case, it.rival, it.rows): it for it in found}
    for case, rival, limit, kind in _TARGETS:
        rows = 100_000_000 if kind == "MB" else 10_000_000
        against, rows = COMPARISONS[case][:2] if case in COMPARISONS else (rival, rows)
        it = known.get((case, against, rows), Measurement(case, rows, against))
        inverse, milliseconds = 1 / (it.ratio or inf), 1_000 * (it.ours or 0)
        numbers = {"≥": it.ratio, "≤": inverse, "ms": milliseconds, "MB": it.peak}
        if number := numbers[kind]:
            met = number >= limit if kind == "≥" else number <= limit
            what = f"{case}, {kind if kind in {'ms', 'MB'} else against}"
            wanted = f"{'≥' if kind == '≥' else '≤'} {limit:g}"
            yield what, wanted, f"{number:.2f}", "met" if met else "**missed**"
