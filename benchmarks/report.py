"""The figures as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from statistics import median

from benchmarks.cases import BY_NAME
from benchmarks.figures import SAME, Compared, Figure
from benchmarks.targets import Target

_MANY = 100  # milliseconds; fewer are shown with decimals


def markdown(
    figures: Sequence[Figure], compared: Sequence[Compared], targets: Sequence[Target]
) -> str:
    """All of it: a table for each case and size, the comparisons, the targets."""
    dirty = [each for each in figures if BY_NAME[each.case].dirty]
    timed = [each for each in figures if not BY_NAME[each.case].dirty]
    lines: list[str] = []
    if dirty:
        lines += ["### Whose answer to dirty records is stats_core's", ""]
        lines += _table(("", "cases", "where not"), _agreements(dirty))
    for (rows, case), group in groupby(timed, lambda each: (each.rows, each.case)):
        lines += ["", f"### {case}, {rows:,} rows", "", *_case_table(list(group))]
    if compared:
        lines += ["", "### stats_core against itself and the least it could do", ""]
        lines += _table(
            ("first", "second", "first takes", "second takes", "ratio"),
            (_comparison(each) for each in compared),
        )
    if targets:
        lines += ["", "### Targets", ""]
        lines += _table(("what", "wanted", "measured", ""), map(_target, targets))
    return "\n".join(lines).strip()


def _agreements(figures: list[Figure]) -> Iterator[tuple[str, ...]]:
    for rival in dict.fromkeys(each.rival for each in figures):
        notes = [each.note for each in figures if each.rival == rival]
        others = dict.fromkeys(note for note in notes if note != SAME)
        yield rival, f"{notes.count(SAME)} of {len(notes)}", "; ".join(others)


def _case_table(figures: list[Figure]) -> Iterator[str]:
    timed = [each for each in figures if each.ratio is not None]
    floor = next((each.ratio for each in timed if each.rival == "floor"), None)
    first = [each.first for each in timed if each.first is not None]
    ours = Figure("", 0, "stats_core", ratio=1.0, peak=_peak_of_ours(figures))
    rows = [
        (each.ratio or 0, _row(each, floor))
        for each in timed
        if each.rival != "stats_core"
    ]
    if first:
        shown = Figure(**{**vars(ours), "second": median(first)})
        rows.append((1.0, _row(shown, floor)))
    cells = [row for _, row in sorted(rows, key=lambda pair: pair[0])]
    cells += [
        (each.rival, each.note, "", "", "", "")
        for each in figures
        if each.ratio is None and each.note
    ]
    head = ("", "time", "× stats_core", "× the floor", "peak memory", "how")
    return _table(head, cells)


def _peak_of_ours(figures: list[Figure]) -> float | None:
    return next((each.peak for each in figures if each.rival == "stats_core"), None)


def _row(figure: Figure, floor: float | None) -> tuple[str, ...]:
    ratio = figure.ratio or 0
    return (
        figure.rival,
        _time(figure.second or 0),
        f"{ratio:.2f}",
        "" if floor is None else f"{ratio / floor:.1f}",
        "" if figure.peak is None else f"{figure.peak:,.0f} MB",
        figure.way,
    )


def _comparison(compared: Compared) -> tuple[str, ...]:
    times = _time(compared.first), _time(compared.second)
    return compared.what, compared.by, *times, f"{compared.ratio:.2f}"


def _target(target: Target) -> tuple[str, ...]:
    sign = "at least" if target.at_least else "at most"
    wanted = f"{sign} {target.wanted:g} {target.unit}"
    verdict = "met" if target.met else "**missed**"
    return target.what, wanted, f"{target.measured:.2f} {target.unit}", verdict


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from map(_line, rows)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _time(seconds: float) -> str:
    milliseconds = seconds * 1_000
    return f"{milliseconds:,.{0 if milliseconds >= _MANY else 2}f} ms"
