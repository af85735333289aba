"""A picture of time against rows."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import polars as pl

from benchmarks.figures import Figure
from benchmarks.report import ours_of

# What of a whole run is worth a picture; of a smaller one, all is.
_PICTURED = ("memory-none", "memory-type-date", "memory-search-two", "parquet-none")


def draw(figures: Sequence[Figure], file: Path) -> None:
    """Time against rows, a line a rival, both logarithmic; SVG or PNG by the suffix."""
    import altair as alt  # noqa: PLC0415 - only where a picture is asked for

    df = _points(figures)
    pictured = df.filter(pl.col("case").is_in(_PICTURED))
    chart = (
        alt.Chart(df if pictured.is_empty() else pictured)
        .mark_line(point=True)
        .encode(
            x=alt.X("rows").scale(type="log").axis(format="~s"),
            y=alt.Y("seconds").scale(type="log"),
            color=alt.Color("rival").title(None).scale(scheme="tableau10"),
            strokeWidth=alt.condition(
                alt.datum.rival == "stats_core", alt.value(4), alt.value(1.5)
            ),
        )
        .properties(width=360, height=300)
        .facet(alt.Facet("case").title(None), columns=2)
    )
    chart.save(file)


def _points(figures: Sequence[Figure]) -> pl.DataFrame:
    rivals = [it for it in figures if it.second is not None and it.rival != "floor"]
    cases = groupby(rivals, lambda each: (each.rows, each.case))
    ours = [ours_of(list(group)) for _, group in cases]
    points = [(it.case, it.rows, it.rival, it.second) for it in (*ours, *rivals)]
    columns = ["case", "rows", "rival", "seconds"]
    return pl.DataFrame(points, schema=columns, orient="row")
