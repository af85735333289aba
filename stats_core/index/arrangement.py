"""Rows to a segment: every text becomes a number, then all columns are put in order.

Only numbers are kept of each batch that is read, in few bytes, and each column is put in
order by itself, so that few columns are in memory twice.
"""

from collections.abc import Iterable
from typing import NamedTuple, cast

import polars as pl

from stats_core.engine.aggregation import outcome
from stats_core.engine.dictionary import decoded, new_dictionary
from stats_core.index import dimension, searched
from stats_core.index.beginnings import Running
from stats_core.index.dimension import smallest
from stats_core.index.segment import SLICES, TYPES, Segment
from stats_core.layout import RecordLayout
from stats_core.records.canonical import SEARCHED
from stats_core.schema import OUTCOMES, dimension_column

_NONE = pl.Series([None], dtype=pl.String)
_NULL = pl.Series([None], dtype=pl.UInt8)
_MAX_KEY = 2**63
_FEW = pl.QueryOptFlags.none()


class _Texts(NamedTuple):
    """A column of texts: the distinct ones, and the place of each row's text in them."""

    distinct: pl.Series
    places: pl.Series

    def mapped(self, values: pl.Series) -> pl.Series:
        """Return a value per row, given one per distinct text and a last one for null."""
        return values[self.places.fill_null(len(self.distinct))]


class _Batches:
    """The columns of rows that come in batches, as numbers."""

    def __init__(self, batches: Iterable[pl.DataFrame]) -> None:
        self._dictionaries: dict[str, pl.Series] = {}
        self._parts: dict[str, list[pl.Series]] = {}
        rows = 0
        for batch in batches:
            # Some records lack columns that others have.
            found = dict.fromkeys(self._parts, _NULL.new_from_index(0, batch.height))
            found |= self._numbered(batch).to_dict()
            for name, column in found.items():
                before = _NULL.new_from_index(0, rows)
                self._parts.setdefault(name, [before] if rows else []).append(column)
            rows += batch.height

    def _numbered(self, batch: pl.DataFrame) -> pl.DataFrame:
        texts = [name for name, dtype in batch.schema.items() if dtype == pl.String]
        for name in texts:
            self._dictionaries.setdefault(name, new_dictionary())
        numbers = (
            pl.col(name).cast(self._dictionaries[name].dtype).to_physical()
            for name in texts
        )
        plan = batch.lazy().with_columns(numbers)
        found = plan.collect(engine="in-memory", optimizations=_FEW)
        return found.with_columns(_narrow(found[name]) for name in texts)

    def names(self) -> list[str]:
        """Return the names of the columns that were not taken."""
        return list(self._parts)

    def take(self, name: str) -> pl.Series:
        """Return a column, once, so that its batches do not stay in memory."""
        parts = [part.to_frame(name) for part in self._parts.pop(name)]
        return pl.concat(parts, how="vertical_relaxed", rechunk=True).to_series()

    def take_texts(self, name: str) -> _Texts:
        """Return a column of texts, once."""
        places = self.take(name)
        return _Texts(decoded(self._dictionaries.pop(name), _size(places)), places)


def _size(numbers: pl.Series) -> int:
    """Return one more than the greatest number; 0 without any."""
    last = cast("int | None", numbers.max())
    return 0 if last is None else last + 1


def _narrow(numbers: pl.Series) -> pl.Series:
    """Return numbers in few bytes; one more than the greatest number fits too."""
    return numbers.cast(smallest(_size(numbers) + 1))


def arrange(batches: Iterable[pl.DataFrame], layout: RecordLayout) -> Segment:
    """Return the segment of some rows.

    Args:
        batches: Rows as `rows` describes them; at least one batch, which may be empty.
        layout: Which status words mean what.
    """
    columns = _Batches(batches)
    integrations, slices = _sliced(columns)
    instants, nanoseconds = columns.take("created_at"), None
    if "nanosecond" in columns.names():
        nanoseconds = columns.take("nanosecond").fill_null(0)
    sizes, undated = _sizes(slices, instants, len(integrations) * SLICES)
    order = _order(slices, instants, nanoseconds)
    # These first: they need the most memory while they are arranged.
    found = []
    for name in columns.names():
        if name.endswith(SEARCHED):
            texts, places = columns.take_texts(name)
            found.append(searched.arrange(texts, places[order]))
    outcomes = _outcomes(columns.take_texts("status"), layout)[order]
    dimensions = {}
    for name, default in layout.dimensions().items():
        texts, places = columns.take_texts(dimension_column(name))
        dimensions[name] = dimension.arrange(texts, places[order], outcomes, default)
    return Segment(
        integrations=integrations,
        starts=_before(sizes),
        undated=undated,
        running=Running(
            instants[order],
            _before(outcomes == OUTCOMES.index("successful")),
            _before(outcomes == OUTCOMES.index("failed")),
        ),
        nanoseconds=None if nanoseconds is None else nanoseconds[order],
        dimensions=dimensions,
        searched=tuple(found),
    )


def _sliced(columns: _Batches) -> tuple[pl.Series, pl.Series]:
    """Return the integrations, ascending, and the slice of each row: `UInt32`."""
    ids = columns.take_texts("integration_id")
    without = ids.places.has_nulls() or ids.places.is_empty()
    texts = pl.concat([ids.distinct, _NONE])
    integrations = texts.head(len(texts) - (not without)).sort()
    ranks = texts.rank("ordinal") - 1 + without
    first = ids.mapped(ranks.fill_null(0).cast(pl.UInt32)) * SLICES
    types = columns.take_texts("appointment_type")
    kinds = types.distinct.replace_strict(
        TYPES, range(len(TYPES)), default=len(TYPES), return_dtype=pl.UInt32
    )
    last = pl.Series([len(TYPES)], dtype=pl.UInt32)
    return integrations, first + types.mapped(pl.concat([kinds, last]))


def _sizes(
    slices: pl.Series, instants: pl.Series, count: int
) -> tuple[pl.Series, pl.Series]:
    """Return the number of records, and of undated ones, of each slice."""
    found = pl.DataFrame({"slice": slices, "at": instants}).lazy()
    sizes = found.group_by("slice").agg(pl.len(), undated=pl.col("at").null_count())
    every = pl.LazyFrame({"slice": pl.int_range(count, dtype=pl.UInt32, eager=True)})
    dense = every.join(sizes, on="slice", how="left", maintain_order="left")
    df = dense.select("len", "undated").fill_null(0).collect()
    return df["len"], df["undated"]


def _order(
    slices: pl.Series, instants: pl.Series, nanoseconds: pl.Series | None
) -> pl.Series:
    """Return the rows in the order of slice and instant; undated ones come first."""
    first, last, highest = (
        cast("int | None", end) or 0
        for end in (instants.min(), instants.max(), slices.max())
    )
    width = last - first + 2
    if nanoseconds is None and width * (highest + 1) < _MAX_KEY:
        # One number sorts several times as fast as two columns.
        later = (instants - first + 1).fill_null(0)
        return (slices.cast(pl.Int64) * width + later).arg_sort()
    found = {"slice": slices, "at": instants, "nanosecond": nanoseconds}
    by = pl.DataFrame({name: it for name, it in found.items() if it is not None})
    return by.select(order=pl.arg_sort_by(by.columns, nulls_last=False)).to_series()


def _outcomes(statuses: _Texts, layout: RecordLayout) -> pl.Series:
    """Return the place of each row's outcome in `OUTCOMES`: `UInt8`."""
    words = pl.DataFrame({"status": pl.concat([statuses.distinct, _NONE])})
    places = words.select(outcome(layout).to_physical().cast(pl.UInt8))
    return statuses.mapped(places.to_series())


def _before(counts: pl.Series) -> pl.Series:
    """Return the sum of the counts before each place, then that of all: `UInt32`."""
    zero = pl.Series([0], dtype=pl.UInt32)
    sums = counts.cast(pl.UInt32).cum_sum()
    return pl.concat([zero, sums], rechunk=True)
