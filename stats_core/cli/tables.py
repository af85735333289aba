"""Statistics as tables for a terminal."""

from collections.abc import Iterator
from itertools import islice
from typing import Literal

import polars as pl
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import DIMENSIONS, OUTCOMES

_JOINER = "\u200d"  # joins the emoji of a family to one
_MAX_PERIODS = 31
_MIN_VALUE = 10  # cells of a value that are shown beside numbers of any width
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
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
        *_hours(stats),
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


def _hours(stats: AppointmentStatistics) -> Iterator[Table]:
    """Yield the table of hours and weekdays, if they were counted."""
    if not stats.has_hours:
        return
    table = _table("hours", "from", *_WEEKDAYS)
    count = pl.sum_horizontal(OUTCOMES).alias("count")
    counts = stats.hours().select("weekday", "hour", count)
    by_hour = counts.pivot("weekday", index="hour", values="count")
    for hour, *numbers in by_hour.iter_rows():
        table.add_row(f"{hour:02}:00", *map(_number, numbers))
    yield table


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
    if start + size < df.height:
        table.caption = f"{_number(df.height - start - size)} more below"
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
