"""Sum and sort the counts of partial rows."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from stats_core.schema import COUNTS, SECTIONS

SECTION = pl.Enum(SECTIONS)  # where there are no further dimensions

_MIN_COMPACTED_ROWS = 100_000
_SUMS = pl.col(COUNTS).sum()


def sum_counts(
    lf: pl.LazyFrame, keys: Sequence[str] = ("section", "day", "value")
) -> pl.LazyFrame:
    """Sum the counts of rows with equal keys; the result has no order."""
    return lf.group_by(keys).agg(_SUMS)


def in_order(lf: pl.LazyFrame, *keys: str, section: pl.Enum = SECTION) -> pl.LazyFrame:
    """Sort partial rows by `keys`, section, day, count descending and value.

    The sections are in the order of the `section` type.
    """
    by = [*keys, pl.col("section").cast(section), "day", "count", "value"]
    return lf.sort(by, descending=[*(False for _ in by[2:]), True, False])


def add_up(
    parts: Iterable[Sequence[pl.DataFrame]],
    summed: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> list[pl.DataFrame]:
    """Sum frames incrementally, each with the frames at the same position.

    Buffers are compacted when they exceed twice the compacted size (amortised O(n)), so
    only a few times the result is in memory.

    Args:
        parts: Each holds one frame per position; not consumed at once.
        summed: The plan that sums the rows of concatenated frames.

    >>> part = [pl.DataFrame({"key": [7], "count": [1]})]
    >>> by_key = lambda lf: lf.group_by("key").sum()
    >>> add_up([part, part], by_key)[0].rows()
    [(7, 2)]
    """
    buffered: list[Sequence[pl.DataFrame]] = []
    for part in parts:
        buffered.append(part)
        if _height(buffered[1:]) > max(2 * _height(buffered[:1]), _MIN_COMPACTED_ROWS):
            buffered = [_compacted(buffered, summed)]
    return _compacted(buffered, summed)


def _height(parts: Sequence[Sequence[pl.DataFrame]]) -> int:
    return sum(df.height for part in parts for df in part)


def _compacted(
    parts: Sequence[Sequence[pl.DataFrame]],
    summed: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> list[pl.DataFrame]:
    stacked = [pl.concat(frames).lazy() for frames in zip(*parts, strict=True)]
    return pl.collect_all(map(summed, stacked), engine="in-memory")
