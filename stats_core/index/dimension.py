"""One dimension of the indexed records: a code per record, and running counts.

A code is a label and an outcome. Every `block` records, `running` holds how many records
before that place have each code. So what lies between two such places is one
subtraction, however much it is, and only the records between a bound and the next such
place are counted. These are prefix sums (Blelloch, "Prefix sums and their applications",
1990) over blocks, as in the range-sum cubes of Ho, Agrawal, Megiddo and Srikant ("Range
queries in OLAP data cubes", 1997).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from operator import add

import polars as pl

from stats_core.engine.aggregation import is_unset
from stats_core.index.spans import Span, joined, rows_in
from stats_core.schema import OUTCOMES
from stats_core.text import trimmed

# `running` takes 4 bytes per code and block: here at most 12 bytes per record.
BLOCKS_PER_SIZE = 3
MIN_BLOCK = 1024
MAX_CELLS = 4_000_000  # of `running` that are computed at a time
MAX_HASHED = 200_000  # records that are counted faster without a plan
_ZERO = pl.Series([0], dtype=pl.UInt32)
_CODE = pl.col("code")


@dataclass(frozen=True)
class Dimension:
    """A dimension of records that are in the order of the index.

    Attributes:
        labels: `String`: null, which stands for unset, then the labels, ascending.
        default: The place of the label that unset records get.
        codes: Of each record, the place of its label, plus `len(labels)` times the
            place of its outcome in `OUTCOMES`.
        block: The number of records between two places where counts are kept.
        running: `UInt32`: for each such place, how many records before it have each
            code. The last place is after all records.
    """

    labels: pl.Series
    default: int
    codes: pl.Series
    block: int
    running: pl.Series

    @cached_property
    def size(self) -> int:
        """The number of codes."""
        return len(OUTCOMES) * len(self.labels)

    def with_label(self, labels: Sequence[str]) -> pl.Series:
        """Return whether the label of each code is one of some labels."""
        held = self.labels.is_in(labels)
        # Unset records have the default label.
        held = held.set(self.labels.is_null(), held[self.default])
        return pl.concat([held] * len(OUTCOMES))

    def with_outcome(self, outcomes: Sequence[str]) -> pl.Series:
        """Return whether the outcome of each code is one of some outcomes."""
        held = [pl.Series([name in outcomes]) for name in OUTCOMES]
        return pl.concat([it.new_from_index(0, len(self.labels)) for it in held])

    def counts_in(self, spans: Sequence[Span]) -> pl.Series:
        """Count the records in ranges, by code: `UInt32`."""
        counted: list[Span] = []
        sums: list[tuple[int, int]] = []
        for span in spans:
            low, high = self._places_in(span)
            if low < high:
                sums.append((low, high))
                counted.append(Span(span.first, low * self.block))
                counted.append(Span(min(high * self.block, span.end), span.end))
            else:
                counted.append(span)
        total = self._histogram(rows_in(self.codes, joined(counted)))
        for low, high in sums:
            total = total + self._before(high) - self._before(low)
        return total

    def counts_of(self, rows: pl.Series) -> pl.Series:
        """Count the records of some rows, by code: `UInt32`."""
        return self._histogram(self.codes[rows])

    def _histogram(self, codes: pl.Series) -> pl.Series:
        """Count the codes, by code: `UInt32`."""
        if codes.is_empty():
            return self._before(0)
        if len(codes) < MAX_HASHED:
            found = codes.value_counts(name="count")
        else:
            grouped = codes.to_frame().lazy().group_by(codes.name).len("count")
            found = grouped.collect(engine="streaming")
        code, count = found
        return _ZERO.new_from_index(0, self.size).scatter(code, count)

    def _places_in(self, span: Span) -> tuple[int, int]:
        """Return the first and the last place in a range."""
        low, high = -(-span.first // self.block), span.end // self.block
        ends = span.end == len(self.codes)
        return low, -(-span.end // self.block) if ends else high

    def _before(self, place: int) -> pl.Series:
        return self.running.slice(place * self.size, self.size)


def arrange(
    texts: pl.Series, numbers: pl.Series, outcomes: pl.Series, default: str
) -> Dimension:
    """Return the dimension of records that are in order.

    Args:
        texts: The distinct values as they are written.
        numbers: Of each record, the place of its value in `texts`; null is unset.
        outcomes: Of each record, the place of its outcome in `OUTCOMES`.
        default: The label of unset records.
    """
    labels, places = _labels(texts, default)
    size = len(OUTCOMES) * len(labels)
    label = pl.lit(places).gather(numbers.fill_null(len(texts)))
    how = outcomes.cast(pl.UInt32) * len(labels)
    codes = pl.select((label + how).cast(smallest(size))).to_series()
    block = max(MIN_BLOCK, -(-size // BLOCKS_PER_SIZE))
    running = _running(codes, size, block)
    default_place = labels.index_of(default)
    assert default_place is not None  # noqa: S101 - `_labels` adds it
    return Dimension(labels, default_place, codes, block, running)


def _labels(texts: pl.Series, default: str) -> tuple[pl.Series, pl.Series]:
    """Return null and the labels, ascending; and the place of each text's label.

    The last place is that of null.
    """
    text = pl.concat([texts.cast(pl.String), pl.Series([None], dtype=pl.String)])
    found = pl.select(label=trimmed(pl.lit(text)))
    found = found.with_columns(
        label=pl.when(~is_unset(pl.col("label"))).then(pl.col("label"))
    )
    known = pl.concat([found["label"].drop_nulls(), pl.Series("label", [default])])
    labels = pl.concat([pl.Series("label", [None], pl.String), known.unique().sort()])
    places = found.join(
        labels.to_frame().with_row_index("place"),
        on="label",
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return labels, places["place"].cast(pl.UInt32)


def _running(codes: pl.Series, size: int, block: int) -> pl.Series:
    """Return how many records before each place have each code."""
    before = [_ZERO.new_from_index(0, size)]
    step = max(1, MAX_CELLS // size) * block
    for first in range(0, len(codes), step):
        counts = _block_counts(codes.slice(first, step), size, block)
        blocks = (counts.slice(at, size) for at in range(0, len(counts), size))
        before += [*accumulate(blocks, add, initial=before[-1])][1:]
    return pl.concat(before, rechunk=True)


def _block_counts(codes: pl.Series, size: int, block: int) -> pl.Series:
    """Count the records of each block, by code; one block after the other."""
    blocks = -(-len(codes) // block)
    place = pl.int_range(pl.len(), dtype=pl.UInt32) // block * size + _CODE
    cells = codes.to_frame("code").select(place.cast(pl.UInt32).sort()).to_series()
    counts = cells.rle().struct.unnest()
    return _ZERO.new_from_index(0, blocks * size).scatter(
        counts["value"], counts["len"]
    )


def smallest(size: int) -> pl.DataType:
    """Return the smallest unsigned type that holds the numbers below `size`.

    >>> smallest(256), smallest(257)
    (UInt8, UInt16)
    """
    if size <= 1 << 8:
        return pl.UInt8()
    return pl.UInt16() if size <= 1 << 16 else pl.UInt32()
