"""The figures as Markdown."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from statistics import median

from benchmarks.cases import BY_NAME
from benchmarks.figures import SAME, Compared, Figure
from benchmarks.rivals import RIVALS
from benchmarks.targets import Target

_MANY = 100  # milliseconds; fewer are shown with decimals


def markdown(
    figures: Sequence[Figure], compared: Sequence[Compared], targets: Sequence[Target]
) -> str:
    """All of it: who agrees, who takes how long, a table a case, what was to be met."""
    dirty = [each for each in figures if BY_NAME[each.case].dirty]
    timed = [each for each in figures if not BY_NAME[each.case].dirty]
    lines = [*_agreements(dirty)] if dirty else []
    for rows, group in groupby(timed, lambda each: each.rows):
        lines += _size(rows, list(group))
    if compared:
        lines += ["", "## stats_core against itself and the least it could do", ""]
        head = ("first", "second", "first takes", "second takes", "ratio")
        lines += _table(head, map(_comparison, compared))
    if targets:
        lines += ["", "## Targets", ""]
        lines += _table(("what", "wanted", "measured", ""), map(_target, targets))
    return "\n".join(lines).strip()


def ours_of(figures: Sequence[Figure]) -> Figure:
    """What stats_core did at a case, beside all rivals: the median of the medians."""
    first = [each.first for each in figures if each.first is not None]
    peak = next((each.peak for each in figures if each.rival == "stats_core"), None)
    ours = replace(figures[0], rival="stats_core", note="", way="", peak=peak)
    return replace(ours, ratio=1.0, second=median(first) if first else None)


def _agreements(figures: list[Figure]) -> Iterator[str]:
    def rows() -> Iterator[tuple[str, ...]]:
        for rival in dict.fromkeys(each.rival for each in figures):
            notes = [each.note for each in figures if each.rival == rival]
            others = dict.fromkeys(note for note in notes if note != SAME)
            yield rival, f"{notes.count(SAME)} of {len(notes)}", "; ".join(others)

    yield from ("## Whose answer to dirty records is stats_core's", "")
    yield from _table(("", "cases", "where not"), rows())


def _size(rows: int, figures: list[Figure]) -> Iterator[str]:
    by_case = {
        case: list(group) for case, group in groupby(figures, lambda each: each.case)
    }
    yield from ("", f"## {rows:,} rows", "")
    yield "How many times as long as stats_core each takes; bold where it takes less:"
    yield ""
    head = ("case", "stats_core", *RIVALS, "floor")
    yield from _table(head, (_summary(case, by_case[case]) for case in by_case))
    for case, group in by_case.items():
        yield from ("", f"### {case}, {rows:,} rows", "")
        yield from _details(group)


def _summary(case: str, figures: list[Figure]) -> Iterator[str]:
    ratios = {each.rival: each.ratio for each in figures}
    yield from (case, _time(ours_of(figures).second))
    for rival in (*RIVALS, "floor"):
        ratio = ratios.get(rival)
        beaten = ratio is not None and ratio < 1 and rival in RIVALS
        yield f"**{_ratio(ratio)}**" if beaten else _ratio(ratio)


def _details(figures: list[Figure]) -> Iterator[str]:
    timed = [each for each in figures if each.ratio is not None]
    floor = next((each.ratio for each in timed if each.rival == "floor"), None)
    rows = [
        _row(each, floor)
        for each in sorted([ours_of(figures), *timed], key=lambda it: it.ratio or 0)
        if each.second is not None
    ]
    rows += [(it.rival, it.note, "", "", "", "") for it in figures if it.note]
    head = ("", "time", "× stats_core", "× the floor", "peak memory", "how")
    return _table(head, rows)


def _row(figure: Figure, floor: float | None) -> tuple[str, ...]:
    return (
        figure.rival,
        _time(figure.second),
        _ratio(figure.ratio),
        _ratio(figure.ratio / floor if figure.ratio and floor else None),
        "" if figure.peak is None else f"{figure.peak:,.0f} MB",
        figure.way,
    )


def _comparison(compared: Compared) -> tuple[str, ...]:
    times = _time(compared.first), _time(compared.second)
    return compared.what, compared.by, *times, _ratio(compared.ratio)


def _target(target: Target) -> tuple[str, ...]:
    sign = "at least" if target.at_least else "at most"
    wanted = f"{sign} {target.wanted:g} {target.unit}"
    verdict = "met" if target.met else "**missed**"
    return target.what, wanted, f"{target.measured:.2f} {target.unit}", verdict


def _table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _ratio(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    milliseconds = seconds * 1_000
    return f"{milliseconds:,.{0 if milliseconds >= _MANY else 2}f} ms"
