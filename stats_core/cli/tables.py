"""Statistics as tables for a terminal, as wide as it is."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, islice, pairwise

import polars as pl
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stats_core.readable import number, percent, printable
from stats_core.results.statistics import AppointmentStatistics
from stats_core.results.trends import fitting
from stats_core.schema import DIMENSIONS, OUTCOMES

_MAX_PERIODS = 31
_MIN_VALUE = 10  # cells of a value that are shown beside numbers of any width
_MIN_BAR = 8
_GAP = 4  # cells between tables that are side by side
_STYLES = dict(zip(OUTCOMES, ("blue", "yellow", "bright_black"), strict=True))
# Outcomes differ by their characters too, for who sees no colours.
_BLOCKS, _ASCII = "█▒░", "#x."


class _Value:
    """One line of text that is cut where it does not fit."""

    def __init__(self, text: str) -> None:
        self._text = Text(printable(text), no_wrap=True, overflow="ellipsis")

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        yield self._text

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        width = self._text.cell_len
        least = Measurement(min(width, _MIN_VALUE), width)
        return least.with_maximum(options.max_width)


class _Bar:
    """The outcomes of a period side by side, `highest` as wide as the column."""

    def __init__(self, outcomes: Sequence[int], highest: int) -> None:
        self._outcomes, self._highest = outcomes, highest

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        bar = Text(no_wrap=True)
        blocks = _blocks(options)
        for name, cells in zip(OUTCOMES, self._cells(options.max_width), strict=True):
            bar.append(blocks[name] * cells, _STYLES[name])
        yield bar

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(_MIN_BAR, max(_MIN_BAR, options.max_width))

    def _cells(self, width: int) -> list[int]:
        """Return the width of each outcome; rounding does not add up."""
        sums = accumulate(self._outcomes, initial=0)
        ends = [round(width * it / max(self._highest, 1)) for it in sums]
        cells = [end - start for start, end in pairwise(ends)]
        if not any(cells):  # few are not none
            cells[self._outcomes.index(max(self._outcomes))] = int(any(self._outcomes))
        return cells


class _Legend:
    """Which block of a bar is which outcome."""

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        legend = Text()
        for name, block in _blocks(options).items():
            legend.append(block, _STYLES[name]).append(f" {name}  ")
        yield legend

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        width = sum(len(name) + 4 for name in OUTCOMES)
        return Measurement(width, width).with_maximum(options.max_width)


class _SideBySide:
    """Tables in as many columns as the width has room for."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tables

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        columns = self._columns(console, options)
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for start in range(0, len(self._tables), columns):
            row = self._tables[start : start + columns]
            grid.add_row(*(Padding(table, (0, 0, 1, 0)) for table in row))
        yield grid

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        needed = [Measurement.get(console, options, it) for it in self._tables]
        widest = max(it.minimum for it in needed)
        return Measurement(widest + _GAP, max(widest + _GAP, options.max_width))

    def _columns(self, console: Console, options: ConsoleOptions) -> int:
        """Return how many columns fill the rows evenly."""
        least = self.__rich_measure__(console, options).minimum
        rows = -(-len(self._tables) // max(1, options.max_width // least))
        return -(-len(self._tables) // rows)


def statistics_tables(
    stats: AppointmentStatistics, *, page: int = 1, size: int = 10
) -> RenderableType:
    """Return an overview, the trend in periods that fit a screen, and the breakdowns."""
    breakdowns = [
        _breakdown(name, df, stats.total, page, size)
        for name, df in stats.breakdowns().items()
    ]
    return Group(_overview(stats), "", _trend(stats), "", _SideBySide(breakdowns))


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
        table.add_row(day.isoformat(), *_counted(outcomes), _Bar(outcomes, highest))
    return Group(table, _Legend()) if df.height else table


def _breakdown(name: str, df: pl.DataFrame, total: int, page: int, size: int) -> Table:
    table = _table(name, "value", "count", "share", *OUTCOMES, "success")
    start = min((page - 1) * size, df.height)
    window = islice(df.iter_rows(), start, min(start + size, df.height))
    for value, count, _, *outcomes in window:
        share = percent(count, total)
        table.add_row(_Value(value), number(count), share, *_counted(outcomes))
    if start + size < df.height:
        table.caption = f"{number(df.height - start - size)} more below"
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


def _blocks(options: ConsoleOptions) -> dict[str, str]:
    blocks = _ASCII if options.ascii_only else _BLOCKS
    return dict(zip(OUTCOMES, blocks, strict=True))
