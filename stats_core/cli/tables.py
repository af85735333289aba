"""Statistics as tables for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Literal

import polars as pl
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from stats_core.query import StatisticsQuery
from stats_core.results.comparison import Comparison
from stats_core.results.ranking import page_rows
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import DIMENSIONS, OUTCOMES

_JOINER = "\u200d"  # joins the emoji of a family to one
_MAX_PERIODS = 31
_STEPS = (1, 7, 28, 91, 364)  # days; all but the first are whole weeks
_MIN_VALUE = 10  # cells of a value that are shown beside numbers of any width
_PERIODS: tuple[Literal["week", "month", "quarter"], ...] = ("week", "month", "quarter")


class _Value:
    """One line of text that is cut where it does not fit."""

    def __init__(self, text: str) -> None:
        self._text = Text(text, no_wrap=True, overflow="ellipsis")

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> Iterator[Text]:
        yield self._text

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        width = self._text.cell_len
        least = Measurement(min(width, _MIN_VALUE), width)
        return least.with_maximum(options.max_width)


def statistics_tables(
    stats: AppointmentStatistics, *, page: int = 1, size: int = 10
) -> RenderableType:
    """Return an overview, the trend in periods that fit a screen, and the breakdowns."""
    return Group(
        _overview(stats),
        _trend(stats),
        *(
            _breakdown(name, df, stats.total, page, size)
            for name, df in stats.breakdowns().items()
        ),
    )


def integrations_table(partial: pl.DataFrame) -> Table:
    """Return one row per integration: its total and its outcomes."""
    table = _table("integrations", "integration_id", "total", *OUTCOMES, "success")
    counts = pl.col("count", *OUTCOMES).sum()
    totals = (
        partial.filter(section=next(iter(DIMENSIONS)))
        .group_by("integration_id", maintain_order=True)
        .agg(counts)
    )
    for key, total, *outcomes in totals.iter_rows():
        table.add_row(key, _number(total), *_counted(outcomes))
    return table


def comparison_tables(
    comparison: Comparison,
    query: StatisticsQuery,
    before: StatisticsQuery,
    *,
    page: int = 1,
    size: int = 10,
) -> RenderableType:
    """Return the total and the outcomes, the days and the breakdowns, now and before."""
    overview = _changes("overview", "appointments")
    for name, *row in (("total", *comparison.total), *comparison.outcomes.iter_rows()):
        overview.add_row(name, *_change(row))
    return Group(
        overview,
        _aligned_days(comparison.trends(query, before)),
        *(
            _changed_values(name, df, page, size)
            for name, df in comparison.breakdowns().items()
        ),
    )


def _aligned_days(df: pl.DataFrame) -> Table:
    """Return the days, or sums of as many days as fit a screen, first beside first."""
    steps = (step for step in _STEPS if df.height <= step * _MAX_PERIODS)
    step = next(steps, _STEPS[-1])
    place = (pl.col("position") - 1) // step
    sums = df.group_by(place, maintain_order=True).agg(
        pl.col("day", "day_before").first(), pl.col("now", "before").sum()
    )
    days = "days" if step == 1 else f"each {step} days"
    table = _changes(f"trends, {days}", "day", "compared with")
    for _, *ends, now, past in sums.iter_rows():
        names = ("-" if day is None else day.isoformat() for day in ends)
        change = now - past
        table.add_row(
            *names, *_change([now, past, change, change / past if past else None])
        )
    return table


def _changed_values(name: str, df: pl.DataFrame, page: int, size: int) -> Table:
    table = _changes(name, "value")
    for value, *row in page_rows(df, page, size).iter_rows():
        table.add_row(_printable(value), *_change(row))
    _caption(table, df.height - page * size)
    return table


def _changes(title: str, first: str, *columns: str) -> Table:
    return _table(title, first, *columns, "now", "before", "change", "relative")


def _change(row: Sequence[Any]) -> Iterator[str]:
    now, before, change, relative = row
    yield from (_number(now), _number(before), f"{change:+,}")
    yield "-" if relative is None else f"{relative:+.1%}"


def _caption(table: Table, below: int) -> None:
    if below > 0:
        table.caption = f"{_number(below)} more below"


def _overview(stats: AppointmentStatistics) -> Table:
    table = _table("overview", "days in", "total", *OUTCOMES, "success", "undated")
    table.add_row(
        stats.timezone,
        _number(stats.total),
        *_counted(_outcomes(stats)),
        _number(stats.undated),
    )
    return table


def _trend(stats: AppointmentStatistics) -> Table:
    period, df = _fitting(stats)
    table = _table("trends", f"{period} from", *OUTCOMES, "success")
    for day, *outcomes in df.iter_rows():
        table.add_row(day.isoformat(), *_counted(outcomes))
    return table


def _fitting(stats: AppointmentStatistics) -> tuple[str, pl.DataFrame]:
    """Return the name of the shortest period whose trend fits a screen, and the trend."""
    if stats.trends.height <= _MAX_PERIODS:
        return "day", stats.trends
    for period in _PERIODS:
        df = stats.trends_by(period)
        if df.height <= _MAX_PERIODS:
            return period, df
    return "year", stats.trends_by("year")


def _breakdown(
    name: str, df: pl.DataFrame, total: int, page: int, size: int
) -> RenderableType:
    table = _table(name, "value", "count", "share", *OUTCOMES, "success")
    start = min((page - 1) * size, df.height)
    window = islice(df.iter_rows(), start, min(start + size, df.height))
    for value, count, _, *outcomes in window:
        share = _percent(count, total)
        table.add_row(_printable(value), _number(count), share, *_counted(outcomes))
    _caption(table, df.height - start - size)
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(
        title=Text(_printed(title)), title_justify="left", caption_justify="left"
    )
    table.add_column(first)  # only a column that may wrap gives way to the others
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _outcomes(stats: AppointmentStatistics) -> list[int]:
    return list(stats.source.select(OUTCOMES).sum().row(0))


def _counted(outcomes: list[int]) -> Iterator[str]:
    """Yield the outcomes, and the share of successful ones among those that ended."""
    successful, failed, _ = outcomes
    yield from map(_number, outcomes)
    yield _percent(successful, successful + failed)


def _number(count: int) -> str:
    return f"{count:,}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _printable(value: str) -> _Value:
    """Return one line of text, without markup and terminal control sequences."""
    return _Value(_printed(value))


def _printed(value: str) -> str:
    shown = (char.isprintable() or char == _JOINER for char in value)
    return "".join(
        char if ok else "\ufffd" for char, ok in zip(value, shown, strict=True)
    )
