"""Statistics as tables for a terminal; with the extra `cli`."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from stats_core.statistics import AppointmentStatistics
from stats_core.tallies import OUTCOMES

_MOST_PERIODS = 31
_PERIODS: tuple[Literal["week", "month", "quarter"], ...] = ("week", "month", "quarter")


def statistics_tables(
    stats: AppointmentStatistics, *, page: int = 1, size: int = 10
) -> RenderableType:
    """An overview, the trend in periods that fit a screen, and a page of each breakdown."""
    return Group(
        _overview(stats),
        _trend(stats),
        *(
            _breakdown(name, df, stats.total, page, size)
            for name, df in stats.breakdowns().items()
        ),
    )


def integrations_table(by_integration: dict[str, AppointmentStatistics]) -> Table:
    """A row for each integration: its total and how its appointments went."""
    table = _table("integrations", "integration_id", "total", *OUTCOMES, "success")
    for key, stats in by_integration.items():
        outcomes = _outcomes(stats)
        table.add_row(key, _number(stats.total), *_counted(outcomes))
    return table


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
    """The finest trend that fits a screen, and what its periods are called."""
    if stats.trends.height <= _MOST_PERIODS:
        return "day", stats.trends
    for period in _PERIODS:
        df = stats.trends_by(period)
        if df.height <= _MOST_PERIODS:
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
    if start + size < df.height:
        table.caption = f"{_number(df.height - start - size)} more below"
    return table


def _table(title: str, first: str, *numbers: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column(first, overflow="ellipsis", no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _outcomes(stats: AppointmentStatistics) -> list[int]:
    return list(stats.source.select(OUTCOMES).sum().row(0))


def _counted(outcomes: list[int]) -> Iterator[str]:
    """The outcomes, and what part of those that ended either way was successful."""
    successful, failed, _ = outcomes
    yield from map(_number, outcomes)
    yield _percent(successful, successful + failed)


def _number(count: int) -> str:
    return f"{count:,}"


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _printable(value: str) -> Text:
    """Data may hold markup and terminal control sequences; neither is obeyed."""
    return Text("".join(char if char.isprintable() else "\ufffd" for char in value))
