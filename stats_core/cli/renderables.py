"""What tables are made of: values that are cut, bars, tables side by side."""

from collections.abc import Sequence
from itertools import accumulate, pairwise

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from stats_core.readable import printable
from stats_core.schema import OUTCOMES

_MIN_VALUE = 10  # cells of a value that are shown beside numbers of any width
_MIN_BAR = 8
_GAP = 4  # cells between tables that are side by side
_STYLES = dict(zip(OUTCOMES, ("blue", "yellow", "bright_black"), strict=True))
# Outcomes differ by their characters too, for who sees no colours.
_BLOCKS, _ASCII = "█▒░", "#x."


class Value:
    """One line of text that is cut where it does not fit."""

    def __init__(self, text: str) -> None:
        """Take text of one line; what is more becomes one."""
        self._text = Text(printable(text), no_wrap=True, overflow="ellipsis")

    def __rich_console__(self, _: Console, __: ConsoleOptions) -> RenderResult:
        """Yield what rich prints."""
        yield self._text

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """Return the least and the best width."""
        width = self._text.cell_len
        least = Measurement(min(width, _MIN_VALUE), width)
        return least.with_maximum(options.max_width)


class Bar:
    """The outcomes of a period side by side, `highest` as wide as the column."""

    def __init__(self, outcomes: Sequence[int], highest: int) -> None:
        """Take the outcomes, and the sum of those of the highest bar."""
        self._outcomes, self._highest = outcomes, highest

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what rich prints."""
        bar = Text(no_wrap=True)
        blocks = _blocks(options)
        for name, cells in zip(OUTCOMES, self._cells(options.max_width), strict=True):
            bar.append(blocks[name] * cells, _STYLES[name])
        yield bar

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """Return the least and the best width."""
        return Measurement(_MIN_BAR, max(_MIN_BAR, options.max_width))

    def _cells(self, width: int) -> list[int]:
        """Return the width of each outcome; rounding does not add up."""
        sums = accumulate(self._outcomes, initial=0)
        ends = [round(width * it / max(self._highest, 1)) for it in sums]
        cells = [end - start for start, end in pairwise(ends)]
        if not any(cells):  # few are not none
            cells[self._outcomes.index(max(self._outcomes))] = int(any(self._outcomes))
        return cells


class Legend:
    """Which block of a bar is which outcome."""

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        """Yield what rich prints."""
        legend = Text()
        for name, block in _blocks(options).items():
            legend.append(block, _STYLES[name]).append(f" {name}  ")
        yield legend

    def __rich_measure__(self, _: Console, options: ConsoleOptions) -> Measurement:
        """Return the least and the best width."""
        width = sum(len(name) + 4 for name in OUTCOMES)
        return Measurement(width, width).with_maximum(options.max_width)


class SideBySide:
    """Tables in as many columns as the width has room for."""

    def __init__(self, tables: Sequence[Table]) -> None:
        """Take tables, at least one."""
        self._tables = tables

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        """Yield what rich prints."""
        columns = self._columns(console, options)
        grid = Table.grid(padding=(0, _GAP, 0, 0))
        for start in range(0, len(self._tables), columns):
            row = self._tables[start : start + columns]
            grid.add_row(*(Padding(table, (0, 0, 1, 0)) for table in row))
        yield grid

    def __rich_measure__(
        self, console: Console, options: ConsoleOptions
    ) -> Measurement:
        """Return the least and the best width."""
        needed = [Measurement.get(console, options, it) for it in self._tables]
        widest = max(it.minimum for it in needed)
        return Measurement(widest + _GAP, max(widest + _GAP, options.max_width))

    def _columns(self, console: Console, options: ConsoleOptions) -> int:
        """Return how many columns fill the rows evenly."""
        least = self.__rich_measure__(console, options).minimum
        rows = -(-len(self._tables) // max(1, options.max_width // least))
        return -(-len(self._tables) // rows)


def _blocks(options: ConsoleOptions) -> dict[str, str]:
    blocks = _ASCII if options.ascii_only else _BLOCKS
    return dict(zip(OUTCOMES, blocks, strict=True))
