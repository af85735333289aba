"""A compact page of an answer, as notebooks show it: figures, a sparkline, lists."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import NamedTuple

import polars as pl

from stats_core.readable import number, percent, printable
from stats_core.schema import OUTCOMES

# Okabe and Ito, "Color Universal Design" (2008): told apart in any vision of colour.
COLOURS = dict(zip(OUTCOMES, ("#0072b2", "#d55e00", "#b3b9c0"), strict=True))

_MAX_BARS = 120
_BAR, _HEIGHT = 4, 40
_MAX_ROWS = 5
_MAX_TEXT = 40
_FLOW = "display:flex;flex-wrap:wrap;gap:0.5em 2em;margin:0.5em 0"


class Day(NamedTuple):
    """The outcomes of a day, those that are known, in the order of `OUTCOMES`."""

    place: int  # counts calendar days, from any first day
    name: str
    outcomes: Sequence[int]


def answer_html(
    figures: Mapping[str, str],
    days: Sequence[Day],
    lists: Mapping[str, pl.DataFrame],
    total: int,
) -> str:
    """Return the page; every text in it is escaped.

    Args:
        figures: Figures by their names, in the order in which they are shown.
        days: The trend, ascending; days without a record may be left out.
        lists: Frames `value: String, count: Int64`; of each the first rows are shown.
        total: The number of records, of which the lists show shares.

    >>> sources = pl.DataFrame({"value": ["<b>"], "count": [1]})
    >>> "&lt;b&gt;" in answer_html({"total": "1"}, [], {"source": sources}, 1)
    True
    """
    heads = "".join(
        f'<div><div style="font-size:1.5em">{_text(figure)}</div>{_text(name)}</div>'
        for name, figure in figures.items()
    )
    tables = "".join(_list(name, df, total) for name, df in lists.items())
    return (
        f'<div><div style="{_FLOW}">{heads}</div>{_sparkline(days)}'
        f'<div style="{_FLOW}">{tables}</div></div>'
    )


def _sparkline(days: Sequence[Day]) -> str:
    """Return the trend as an inline SVG; a bar is one day, or as many as are needed."""
    if not days:
        return ""
    first, last = days[0].place, days[-1].place
    step = -(-(last - first + 1) // _MAX_BARS)
    bars = [
        (place, list(group))
        for place, group in groupby(days, lambda day: (day.place - first) // step)
    ]
    highest = max(sum(_sums(group)) for _, group in bars)
    drawn = "".join(_bar(place, group, highest) for place, group in bars)
    width = _BAR * ((last - first) // step + 1)
    return (
        f'<svg width="{width}" height="{_HEIGHT}" viewBox="0 0 {width} {_HEIGHT}" '
        f'role="img"><title>trend</title>{drawn}</svg>'
        f"<div>{_period(days)}{_legend(days[0])}</div>"
    )


def _bar(place: int, days: Sequence[Day], highest: int) -> str:
    """Return the outcomes of some days on each other, and their figures as a tooltip."""
    top, rectangles = float(_HEIGHT), ""
    sums = dict(zip(OUTCOMES, _sums(days), strict=False))
    for name, count in sums.items():
        height = _HEIGHT * count / max(highest, 1)
        top -= height
        rectangles += (
            f'<rect x="{place * _BAR}" y="{top:.2f}" width="{_BAR - 1}" '
            f'height="{height:.2f}" fill="{COLOURS[name]}"/>'
        )
    figures = ", ".join(f"{number(count)} {name}" for name, count in sums.items())
    return f"<g><title>{_period(days)}: {figures}</title>{rectangles}</g>"


def _sums(days: Iterable[Day]) -> list[int]:
    return [sum(counts) for counts in zip(*(it.outcomes for it in days), strict=True)]


def _period(days: Sequence[Day]) -> str:
    return " to ".join(dict.fromkeys((days[0].name, days[-1].name)))


def _legend(day: Day) -> str:
    return "".join(
        f' <span style="color:{COLOURS[name]}">■</span> {name}'
        for name, _ in zip(OUTCOMES, day.outcomes, strict=False)
    )


def _list(name: str, df: pl.DataFrame, total: int) -> str:
    rows = zip(df["value"].head(_MAX_ROWS), df["count"].head(_MAX_ROWS), strict=True)
    lines = [_line(_text(value), count, total) for value, count in rows]
    if df.height > _MAX_ROWS:
        label = f"<i>{number(df.height - _MAX_ROWS)} more</i>"
        lines.append(_line(label, int(df["count"][_MAX_ROWS:].sum()), total))
    return f"<div><b>{_text(name)}</b><table>{''.join(lines)}</table></div>"


def _line(label: str, count: int, total: int) -> str:
    right = '<td style="text-align:right">'
    return (
        f'<tr><td style="text-align:left"><bdi>{label}</bdi></td>'
        f"{right}{number(count)}</td>{right}{percent(count, total)}</td></tr>"
    )


def _text(text: str) -> str:
    """Return escaped text of one line, cut where it is long."""
    line = printable(text)
    return escape(line if len(line) <= _MAX_TEXT else f"{line[: _MAX_TEXT - 1]}…")
