"""The measurements as Markdown, and as a plot."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import polars as pl

from benchmarks.cases import BY_NAME
from benchmarks.comparisons import COMPARISONS
from benchmarks.jobs import TOOLS
from benchmarks.measure import Measurement
from benchmarks.ours import FLOOR, OWN
from benchmarks.targets import target_rows

Cell = Callable[[Measurement], str]

_WITHOUT_DECIMALS = 100  # milliseconds
_FEW_DIGITS = 0.1  # of a ratio; below, two that count


def markdown(found: Sequence[Measurement]) -> str:
    """Return the tables of each size, of comparisons and of targets."""

    def kind(it: Measurement) -> str:
        return "Dirty" if BY_NAME[it.case].dirty else f"{it.rows:,}"

    cases = [it for it in found if it.case in BY_NAME]
    compared = [_pair(it) for it in found if it.case in COMPARISONS]
    columns = "", "against", "records", OWN, "the other", "ratio"
    wanted = "what", "wanted", "measured", ""
    tables = [
        *(it for rows, group in groupby(cases, kind) for it in _size(rows, [*group])),
        _table(f"{OWN} against itself and the least", columns, compared),
        _table("Targets", wanted, target_rows(found)),
    ]
    return "\n\n".join(filter(None, tables))


def draw(found: Sequence[Measurement], file: Path) -> None:
    """Plot time against rows, a line for each tool; SVG or PNG by the suffix."""
    import altair as alt  # noqa: PLC0415 - only where a plot is wanted

    points = [
        (it.case, it.rows, it.rival, it.theirs)
        for it in found
        if it.case in BY_NAME and it.rival != FLOOR and it.theirs is not None
    ]
    df = pl.DataFrame(points, ["case", "rows", "rival", "seconds"], orient="row")
    width = alt.condition(alt.datum.rival == OWN, alt.value(4), alt.value(1.5))
    chart = (
        alt.Chart(df)
        .mark_line(point=True)
        .encode(
            x=alt.X("rows").scale(type="log").axis(format="~s"),
            y=alt.Y("seconds").scale(type="log"),
            color=alt.Color("rival").title(None).scale(scheme="tableau10"),
            strokeWidth=width,
        )
        .properties(width=360, height=300)
        .facet(alt.Facet("case").title(None), columns=2)
    )
    chart.save(file)


def _size(rows: str, found: list[Measurement]) -> Iterator[str]:
    """Yield the ratios, the peaks, and the rivals' fastest ways or reasons."""
    timed, peaks = [it for it in found if it.ratio], [it for it in found if it.peak]
    title = f"{rows} records: time divided by that of {OWN}, bold where it is less"
    yield _matrix(title, timed, _ratio)
    yield _matrix(
        f"{rows} records: peak memory", peaks, lambda it: f"{it.peak:,.0f} MB"
    )
    notes = Counter((it.rival, it.note) for it in found if it.note)
    lines = ((*pair, str(number)) for pair, number in notes.items())
    yield _table(f"{rows} records: ways and reasons", ("", "", "cases"), lines)


def _matrix(title: str, found: list[Measurement], cell: Cell) -> str:
    """Return a table with a row for each case and a column for each tool."""
    cells = {(it.case, it.rival): cell(it) for it in found}
    tools = [tool for tool in TOOLS if any(it.rival == tool for it in found)]
    cases = dict.fromkeys(it.case for it in found)
    rows = ((case, *(cells.get((case, it), "") for it in tools)) for case in cases)
    return _table(title, ("case", *tools), rows)


def _ratio(it: Measurement) -> str:
    if it.rival == OWN:
        return _time(it.theirs)
    ratio = it.ratio or 0
    bold = "**" if ratio < 1 and it.rival != FLOOR else ""
    return f"{bold}{ratio:{'.2f' if ratio >= _FEW_DIGITS else '.2g'}}{bold}"


def _pair(it: Measurement) -> tuple[str, ...]:
    ratio = f"{1 / it.ratio:.2f}" if it.ratio else it.note
    timed = COMPARISONS[it.case].clock is not None
    ours, theirs = (
        _time(each) if timed else f"{each or 0:,.0f}" for each in (it.ours, it.theirs)
    )
    return it.case, it.rival, f"{it.rows:,}", ours, theirs, ratio


def _table(title: str, head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join((f"## {title}", "", *lines)) if lines[2:] else ""


def _time(seconds: float | None) -> str:
    milliseconds = (seconds or 0) * 1_000
    return f"{milliseconds:,.{0 if milliseconds >= _WITHOUT_DECIMALS else 2}f} ms"
