"""Ranges of rows."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import polars as pl


class Span(NamedTuple):
    """The rows from `first` up to `end`, which is not one of them."""

    first: int
    end: int


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join adjacent ranges, which ascend, and leave out those without a row.

    >>> joined([Span(0, 2), Span(2, 3), Span(4, 4), Span(5, 6)])
    [Span(first=0, end=3), Span(first=5, end=6)]
    """
    found: list[Span] = []
    for span in spans:
        if found and found[-1].end == span.first:
            found[-1] = Span(found[-1].first, span.end)
        elif span.first < span.end:
            found.append(span)
    return found


def length(spans: Iterable[Span]) -> int:
    """Return the number of rows.

    >>> length([Span(0, 2), Span(5, 6)])
    3
    """
    return sum(end - first for first, end in spans)


def rows_in(column: pl.Series, spans: Iterable[Span]) -> pl.Series:
    """Return the rows of a column that are in the ranges.

    >>> rows_in(pl.Series([5, 6, 7]), [Span(0, 1), Span(2, 3)]).to_list()
    [5, 7]
    """
    parts = [column.slice(first, end - first) for first, end in spans]
    return pl.concat(parts) if parts else column.clear()


def rows_of(spans: Sequence[Span]) -> pl.Series:
    """Return the rows of ranges, `UInt32`.

    >>> rows_of([Span(0, 2), Span(5, 6)]).to_list()
    [0, 1, 5]
    """
    parts = [pl.int_range(*span, dtype=pl.UInt32, eager=True) for span in spans]
    return pl.concat([pl.Series([], dtype=pl.UInt32), *parts])
