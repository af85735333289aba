"""The labels of all dimensions, and the rows of an answer in their order."""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import polars as pl

from stats_core.errors import InvalidRecordsError
from stats_core.index.dimension import Dimension
from stats_core.schema import OUTCOMES, SECTIONS

_MAX_COUNT = 1 << 32  # Polars numbers rows with 32 bits
_MAX_KEY = 1 << 63
_ZERO = pl.Series([0], dtype=pl.UInt32)


class Labels(NamedTuple):
    """The labels of all dimensions, one dimension after the other.

    Attributes:
        section: The name of the dimension: `String`.
        value: The label: `String`; null, the first of each dimension, stands for unset.
        unset: `UInt32`: of a default label, the place of the null of its dimension,
            whose records it counts too; of another, the place after the last label.
        is_label: `Int64`: 1, or 0 for null.
        is_marker: `Boolean`: whether it is the null of a further dimension: its row
            shows that the dimension was counted.
        rank: `Int64`: orders rows of equal counts, the greatest first.
        step: What a count is multiplied by before the rank is added, to order all rows.
    """

    section: pl.Series
    value: pl.Series
    unset: pl.Series
    is_label: pl.Series
    is_marker: pl.Series
    rank: pl.Series
    step: int

    def rows(self, codes: Sequence[pl.Series]) -> dict[str, pl.Series]:
        """Return the rows of all breakdowns, in their order.

        Args:
            codes: The counts by code of each dimension.

        Returns:
            `section`, `value` and the counts, `Int64`.
        """
        size = len(self.value)
        found = [self._of_outcome(codes, place) for place in range(len(OUTCOMES))]
        unset = [counts[self.unset] for counts in found]
        outcomes = [
            it.slice(0, size) * self.is_label + more
            for it, more in zip(found, unset, strict=True)
        ]
        count = reduce(add, outcomes)
        keys = (count * self.step + self.rank).filter((count > 0) | self.is_marker)
        # The last bits of a key are the place of its label, from the end.
        # Few keys are sorted in less time by one thread than by all.
        keys = keys.sort(descending=True, multithreaded=False)
        order = (size - 1 - keys % self.step).cast(pl.UInt32)
        columns = {
            "section": self.section,
            "value": self.value,
            "count": count,
            "unset": reduce(add, unset),
            **dict(zip(OUTCOMES, outcomes, strict=True)),
        }
        return {name: column[order] for name, column in columns.items()}

    def _of_outcome(self, codes: Sequence[pl.Series], place: int) -> pl.Series:
        """Return the counts of an outcome, by label, and 0 after the last label."""
        parts = []
        for counts in codes:
            size = len(counts) // len(OUTCOMES)
            parts.append(counts.slice(place * size, size))
        return pl.concat([*parts, _ZERO]).cast(pl.Int64)


def labels(dimensions: Mapping[str, Dimension]) -> Labels:
    """Return the labels of dimensions, in the order of these and ascending.

    Raises:
        InvalidRecordsError: There are more labels than one number can order.
    """
    total = sum(len(it.labels) for it in dimensions.values())
    step = 1 << total.bit_length()
    if len(dimensions) * _MAX_COUNT * step > _MAX_KEY:
        msg = f"records: expected fewer labels, found {total}"
        raise InvalidRecordsError(msg)
    parts: list[pl.DataFrame] = []
    before = 0
    for name, it in dimensions.items():
        is_default = pl.int_range(pl.len()) == it.default
        unset = pl.when(is_default).then(before).otherwise(total).cast(pl.UInt32)
        section = pl.lit(name).alias("section")
        values = pl.DataFrame({"value": it.labels})
        parts.append(values.select(section, "value", unset=unset))
        before += len(it.labels)
    found = pl.concat(parts).rechunk()
    dimension = pl.col("section").rle_id().cast(pl.Int64)
    later = len(dimensions) - 1 - dimension
    rank = later * (_MAX_COUNT * step) + total - 1 - pl.int_range(pl.len())
    is_null, is_further = pl.col("value").is_null(), ~pl.col("section").is_in(SECTIONS)
    columns = found.select(
        *found.columns,
        is_label=(~is_null).cast(pl.Int64),
        is_marker=is_null & is_further,
        rank=rank,
    )
    return Labels(**columns.to_dict(), step=step)
