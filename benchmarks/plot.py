"""A picture of time against rows."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.figures import Figure


def draw(figures: Sequence[Figure], file: Path) -> None:
    """Time against rows, a line a rival, both logarithmic; SVG or PNG by the suffix."""
    import altair as alt  # noqa: PLC0415 - only where a picture is asked for

    chart = (
        alt.Chart(_points(figures))
        .mark_line(point=True)
        .encode(
            x=alt.X("rows").scale(type="log").axis(format="~s"),
            y=alt.Y("seconds").scale(type="log"),
            color=alt.Color("rival").title(None),
        )
        .properties(width=360, height=300)
        .facet("case", columns=2)
    )
    chart.save(file)


def _points(figures: Sequence[Figure]) -> pl.DataFrame:
    timed = [
        each for each in figures if each.second is not None and each.rival != "floor"
    ]
    ours: dict[tuple[str, int], list[float]] = {}
    for each in timed:
        if each.first is not None:
            ours.setdefault((each.case, each.rows), []).append(each.first)
    rivals = [(each.case, each.rows, each.rival, each.second) for each in timed]
    our_own = [(*key, "stats_core", median(times)) for key, times in ours.items()]
    columns = ["case", "rows", "rival", "seconds"]
    return pl.DataFrame([*our_own, *rivals], schema=columns, orient="row")
