"""One picture of a whole answer."""

import os
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import IO, Any

import altair as alt
import polars as pl
from altair.utils.save import write_file_or_filename

from stats_core.charts import panels
from stats_core.charts.page import page
from stats_core.charts.rows import (
    Row,
    change,
    day_text,
    hour_rows,
    list_rows,
    trend_rows,
    window_trend,
)
from stats_core.charts.theme import CONFIGS, Theme
from stats_core.errors import argument
from stats_core.mappings import FrozenMapping
from stats_core.query import StatisticsQuery
from stats_core.readable import number, percent, printable
from stats_core.results.ranking import check_is_positive
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import OUTCOMES
from stats_core.typing import Where

_ALL = StatisticsQuery()
_EVERY: Where = FrozenMapping()
_SHARP = 2  # pixels of a PNG for each one of the picture
_COLUMNS = 2
_LINE = 140  # characters of a subtitle's line; a longer one would widen the picture


class DashboardChart(alt.ConcatChart):  # type: ignore[misc] # mypy skips Altair
    """A chart of Altair that is saved as a page which needs no network."""

    def to_html(self, *_: Any, **__: Any) -> str:  # noqa: ANN401 - as Altair has it
        """Return the page, with all that draws it; Altair's options are ignored."""
        spec = self.to_dict()
        config, theme = spec.pop("config"), spec["usermeta"]["theme"]
        configs = {"light": config, "dark": CONFIGS["dark"]}
        title = spec["title"]["text"]
        return page(spec, configs if theme == "auto" else {theme: config}, title)

    def save(
        self,
        fp: str | os.PathLike[str] | IO[Any],
        format: str | None = None,  # noqa: A002 - as Altair has it
        *arguments: Any,  # noqa: ANN401 - likewise
        **options: Any,  # noqa: ANN401 - likewise
    ) -> None:
        """Save the chart as `html`, `png`, `svg`, `pdf` or `json`, by the file's ending.

        Args:
            fp: The file to write, or what is open for writing.
            format: The format, where no ending tells.
            arguments: As `altair.Chart.save`.
            options: As `altair.Chart.save`; a PNG has two pixels for each of the chart,
                unless `scale_factor` is given.
        """
        file = os.fspath(fp) if isinstance(fp, os.PathLike) else fp
        form = format or str(file).rpartition(".")[2].lower()
        if form == "html":
            write_file_or_filename(file, self.to_html(), encoding="utf-8")
            return
        if form == "png":
            options.setdefault("scale_factor", _SHARP)
        super().save(file, format, *arguments, **options)


def dashboard_chart(
    stats: AppointmentStatistics,
    *,
    title: str = "Appointments",
    query: StatisticsQuery = _ALL,
    where: Where = _EVERY,
    before: AppointmentStatistics | None = None,
    before_query: StatisticsQuery = _ALL,
    top: int = 10,
    theme: Theme = "auto",
) -> DashboardChart:
    """Return one chart of a whole answer.

    It shows the total, the outcomes and the success rate; the trend over all calendar
    days, or over weeks, months, quarters or years where days are too many; the hours of
    the week where they were counted; and the first values of each dimension. Pointing
    at a mark shows its exact figures. `.save("may.html")` writes one page that needs no
    network; `.png` and `.svg` are pictures.

    Args:
        stats: The answer.
        title: The title.
        query: What was asked; its filters stand below the title, and the trend begins
            and ends with its bounds, where it has them.
        where: Which labels were counted; they stand there too.
        before: An earlier answer to compare with, in the same time zone: its figures
            stand below the new ones, its trend below the new trend, its counts are
            upright marks in the lists.
        before_query: What `before` was asked; its bounds are those of the earlier trend.
        top: How many values of each dimension have a bar of their own, from 1; a last
            bar is the sum of all others, and says how many they are.
        theme: `light` or `dark`; `auto` is what the reader of the page prefers, and
            light in other formats.

    Raises:
        InvalidRecordsError: `before` has another zone or other dimensions.
        TypeError: `stats` or `before` is something else than statistics, or `top` no
            whole number.
        ValueError: `top` is below 1, or the theme is unknown.

    >>> chart = dashboard_chart(AppointmentStatistics.empty(), title="May")
    >>> chart.to_dict()["title"]["text"]
    'May'
    """
    if theme not in (expected := ("auto", *CONFIGS)):
        msg = f"`theme` is one of {', '.join(expected)}, got {theme!r}"
        raise ValueError(msg)
    argument("stats", stats, AppointmentStatistics)
    check_is_positive("top", top)
    if before is not None:
        stats.compared_with(before)  # raises where they cannot be compared
    asked = [(stats, query)] + ([(before, before_query)] if before else [])
    trends = [window_trend(*one) for one in asked]
    config = CONFIGS["light" if theme == "auto" else theme]
    chart: DashboardChart = DashboardChart(
        concat=[*_panels(stats, before, trends, top)],
        columns=1,
        title=alt.Title(
            printable(title),
            subtitle=[*_subtitle(stats, query, where, before, trends[-1])],
            fontSize=20,
            offset=16,
        ),
        spacing=28,
        usermeta={"theme": theme},
        config=config,
    ).resolve_scale(color="independent")
    return chart


def _panels(
    stats: AppointmentStatistics,
    before: AppointmentStatistics | None,
    trends: Sequence[pl.DataFrame],
    top: int,
) -> Iterator[alt.TopLevelMixin]:
    yield panels.figures([*_figures(stats, before)])
    if not stats.total and not (before and before.total):
        yield panels.note("no appointment was counted")
        return
    yield from _trends([it for it in (stats, before) if it], trends)
    yield from _hours(stats, before)
    lists = [
        panels.ranked(printable(name), list_rows(stats, name, top, before))
        for name in stats.breakdowns()
    ]
    for start in range(0, len(lists), _COLUMNS):
        yield alt.hconcat(*lists[start : start + _COLUMNS])


def _trends(
    answers: Sequence[AppointmentStatistics], trends: Sequence[pl.DataFrame]
) -> Iterator[alt.TopLevelMixin]:
    """Yield the trend, and that of the earlier answer on the same scale."""
    every, drawn = trend_rows(*trends)
    highest = max((row["total"] for rows in drawn for row in rows), default=0)
    panes = zip(("", "Before: "), answers, trends, drawn, strict=False)
    for name, stats, trend, rows in panes:
        if rows:
            yield panels.trend(f"{name}{_span(trend)}, by {every}", rows, highest)
        else:
            lacking = "has a date" if stats.total else "was counted"
            yield panels.note(f"{name}no appointment {lacking}")


def _hours(
    stats: AppointmentStatistics, before: AppointmentStatistics | None
) -> Iterator[alt.TopLevelMixin]:
    """Yield the hours of the week, where they were counted."""
    answers = {"Hours of the week": stats, "Before: hours of the week": before}
    maps = {
        title: hour_rows(answer)
        for title, answer in answers.items()
        if answer is not None and answer.has_hours
    }
    if maps:
        yield panels.hours([*maps], [*maps.values()])


def _figures(
    stats: AppointmentStatistics, before: AppointmentStatistics | None
) -> Iterator[Row]:
    """Yield the total, the success rate, the outcomes and the undated."""
    now, earlier = _counts(stats), _counts(before) if before else {}
    for name, count in now.items():
        note = ""
        if before:
            note = f"before {number(earlier[name])}, {change(count, earlier[name])}"
        yield {"name": name, "figure": number(count), "note": note}
    note = f"before {_rate(earlier)}" if before else ""
    yield {"name": "success rate", "figure": _rate(now), "note": note}


def _counts(stats: AppointmentStatistics) -> dict[str, int]:
    outcomes = stats.source.select(OUTCOMES).sum().row(0)
    counts = {"total": stats.total, **dict(zip(OUTCOMES, outcomes, strict=True))}
    return counts | ({"undated": stats.undated} if stats.undated else {})


def _rate(counts: dict[str, int]) -> str:
    return percent(counts["successful"], counts["successful"] + counts["failed"])


def _subtitle(
    stats: AppointmentStatistics,
    query: StatisticsQuery,
    where: Where,
    before: AppointmentStatistics | None,
    trend: pl.DataFrame,
) -> Iterator[str]:
    """Yield lines: the zone and the filters, and what it is compared with."""
    given = {
        "days in": stats.timezone,
        "type": query.appointment_type,
        "search": " ".join(query.keywords()),
        "from": query.start,
        "to": query.end,
    }
    filters = [f"{name} {value}" for name, value in given.items() if value]
    for name, labels in where.items():
        several = [labels] if isinstance(labels, str) else labels
        filters.append(f"{name} is {' or '.join(several)}")
    yield from wrap(printable(" · ".join(filters)), _LINE, break_on_hyphens=False)
    if before is not None:
        held = f" of {_span(trend)}" if trend.height else ""
        yield f"compared with {number(before.total)} before{held}: the upright marks in the lists"


def _span(trend: pl.DataFrame) -> str:
    """Return the first and the last day of a trend."""
    days = trend["day"]
    return " to ".join(dict.fromkeys((day_text(days[0]), day_text(days[-1]))))
