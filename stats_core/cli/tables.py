"""Statistics as tables for a terminal, as wide as it is."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stats_core.cli.renderables import Bar, Legend, SideBySide, Value
from stats_core.query import StatisticsQuery
from stats_core.readable import number, percent, printable
from stats_core.results.comparison import Comparison
from stats_core.results.ranking import page_rows
from stats_core.results.statistics import AppointmentStatistics
from stats_core.results.trends import fitting
from stats_core.schema import DIMENSIONS, OUTCOMES

_MAX_PERIODS = 31
_STEPS = (1, 7, 28, 91, 364)  # days; all but the first are whole weeks
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def statistics_tables(
    stats: AppointmentStatistics, *, page: int = 1, size: int = 10
) -> RenderableType:
    """Return an overview, the trend in periods that fit a screen, and the breakdowns."""
    breakdowns = [
        _breakdown(name, df, stats.total, page, size)
        for name, df in stats.breakdowns().items()
    ]
    tables = SideBySide([*breakdowns, *_hours(stats)])
    return Group(_overview(stats), "", _trend(stats), "", tables)


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
        table.add_row(key, number(total), *_counted(outcomes))
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
    days = _aligned_days(comparison.trends(query, before))
    breakdowns = [
        _changed_values(name, df, page, size)
        for name, df in comparison.breakdowns().items()
    ]
    return Group(overview, "", days, "", SideBySide(breakdowns))


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
        table.add_row(Value(value), *_change(row))
    _caption(table, df.height - page * size)
    return table


def _changes(title: str, first: str, *columns: str) -> Table:
    return _table(title, first, *columns, "now", "before", "change", "relative")


def _change(row: Sequence[Any]) -> Iterator[str]:
    now, before, change, relative = row
    yield from (number(now), number(before), f"{change:+,}")
    yield "-" if relative is None else f"{relative:+.1%}"


def _caption(table: Table, below: int) -> None:
    if below > 0:
        table.caption = f"{number(below)} more below"


def _overview(stats: AppointmentStatistics) -> Table:
    table = _table("overview", "days in", "total", *OUTCOMES, "success", "undated")
    table.add_row(
        stats.timezone,
        number(stats.total),
        *_counted(_outcomes(stats)),
        number(stats.undated),
    )
    return table


def _trend(stats: AppointmentStatistics) -> RenderableType:
    period, df = fitting(stats.trends, _MAX_PERIODS)
    table = _table("trends", f"{period} from", *OUTCOMES, "success")
    table.expand = True
    table.add_column(ratio=1)
    highest = max(df.select(pl.sum_horizontal(OUTCOMES)).to_series(), default=0)
    for day, *outcomes in df.iter_rows():
        table.add_row(day.isoformat(), *_counted(outcomes), Bar(outcomes, highest))
    return Group(table, Legend()) if df.height else table


def _hours(stats: AppointmentStatistics) -> Iterator[Table]:
    """Yield the table of hours and weekdays, if they were counted."""
    if not stats.has_hours:
        return
    table = _table("hours", "from", *_WEEKDAYS)
    count = pl.sum_horizontal(OUTCOMES).alias("count")
    counts = stats.hours().select("weekday", "hour", count)
    by_hour = counts.pivot("weekday", index="hour", values="count")
    for hour, *numbers in by_hour.iter_rows():
        table.add_row(f"{hour:02}:00", *map(number, numbers))
    yield table


def _breakdown(name: str, df: pl.DataFrame, total: int, page: int, size: int) -> Table:
    table = _table(name, "value", "count", "share", *OUTCOMES, "success")
    start = min((page - 1) * size, df.height)
    window = islice(df.iter_rows(), start, min(start + size, df.height))
    for value, count, _, *outcomes in window:
        share = percent(count, total)
        table.add_row(Value(value), number(count), share, *_counted(outcomes))
    _caption(table, df.height - start - size)
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(
        title=Text(printable(title), "bold"),
        title_justify="left",
        caption_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
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
    yield from map(number, outcomes)
    yield percent(successful, successful + failed)
