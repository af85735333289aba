"""What stats_core is meant to reach."""

from collections.abc import Iterator, Sequence
from math import inf

from benchmarks.comparisons import COMPARISONS
from benchmarks.index_comparisons import INDEX_CASES
from benchmarks.measure import Measurement
from benchmarks.ours import FLOOR, INDEX, OWN

_PLAIN = ("none", "date", "type-date")
_SEARCHES = ("search-rare", "search-frequent", "search-two", "type-date-search")
_UNITS = {"ms", "µs", "MB"}


# Of a case, what it is measured against, the limit and what it limits: the other's
# time divided by stats_core's (≥), the inverse (≤), stats_core's milliseconds (ms) or
# its megabytes at a hundred million records (MB), or its microseconds a record (µs).
# For the index, it is the other's time divided by the index's, both against stats_core.
# Comparisons are against their other.
_TARGETS = [
    *((f"memory-{name}", "DuckDB", 3.0, "≥") for name in _PLAIN),
    *((f"memory-{name}", "pandas", 4.0, "≥") for name in _PLAIN),
    *((f"memory-{name}", "Polars by hand", 3.0, "≥") for name in _PLAIN),
    *((f"parquet-{name}", "DuckDB", 1.5, "≥") for name in _PLAIN),
    *((f"memory-{name}", "DuckDB", 1.5, "≥") for name in _SEARCHES),
    ("memory-zone", "Polars by hand", 5.0, "≥"),
    ("memory-campaigns", "DuckDB", 2.0, "≥"),
    *((f"memory-{name}", "DuckDB", 100.0, INDEX) for name in INDEX_CASES),
    *((f"memory-{name}", "DuckDB", 3.0, INDEX) for name in _SEARCHES),
    ("memory-campaigns", "DuckDB", 20.0, INDEX),
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
    *((f"index-{name}", "", 1.5, "≤") for name in INDEX_CASES),
    ("index-growth", "", 1.5, "≤"),
    ("index-peak", "", 2.0, "≤"),
    *((f"index-json-{rows}", "", 3.0, "≥") for rows in (1_000, 10_000, 100_000)),
    ("index-json", "", 1.0, "≤"),
    ("index-build", "", 1.0, "µs"),
    ("index-bytes", "", 48, "≤"),
    ("index-threads", "", 1.0, "≥"),
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
        blank = Measurement(case, rows, against)
        it, index = (known.get((case, by, rows), blank) for by in (against, INDEX))
        seconds = it.ours or 0
        numbers = {
            "≥": it.ratio,
            INDEX: (it.ratio or 0) / (index.ratio or inf),
            "≤": 1 / (it.ratio or inf),
            "ms": seconds * 1e3,
            "µs": seconds * 1e6 / rows,
            "MB": it.peak,
        }
        if number := numbers[kind]:
            more = kind in {"≥", INDEX}
            met = number >= limit if more else number <= limit
            whole = f"{against} against the index" if kind == INDEX else against
            what = f"{case}, {kind if kind in _UNITS else whole}"
            wanted = f"{'≥' if more else '≤'} {limit:g}"
            yield what, wanted, f"{number:.2f}", "met" if met else "**missed**"
