"""Rows to a segment: all columns are put in order.

Each column is put in order by itself, so that few columns are in memory twice.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import cast

import polars as pl

from stats_core.engine.aggregation import outcome
from stats_core.index.beginnings import Running
from stats_core.index.dimension import Dimension, arrange as arrange_values, smallest
from stats_core.index.numbers import Numbers, Texts
from stats_core.index.searched import arrange as arrange_texts
from stats_core.index.segment import SLICES, TYPES, Segment
from stats_core.layout import RecordLayout
from stats_core.records.canonical import SEARCHED
from stats_core.schema import OUTCOMES, dimension_column

_NONE = pl.Series([None], dtype=pl.String)
_MAX_KEY = 2**63
_AT_ONCE = 2  # columns: more would need more memory


def arrange(columns: Numbers, layout: RecordLayout) -> Segment:
    """Return the segment of some rows.

    Args:
        columns: The columns of the rows, as `intake` describes them; all are taken.
        layout: Which status words mean what.
    """
    # These first: they need the most memory while they are arranged.
    searched = [
        arrange_texts(*columns.take_texts(name))
        for name in columns.names()
        if name.endswith(SEARCHED)
    ]
    integrations, slices = _sliced(columns)
    instants, nanoseconds = columns.take("created_at"), None
    if "nanosecond" in columns.names():
        nanoseconds = columns.take("nanosecond").fill_null(0)
    sizes, undated = _sizes(slices, instants, len(integrations) * SLICES)
    order = _order(slices, instants, nanoseconds)
    outcomes = _outcomes(columns.take_texts("status"), layout)[order]

    def dimension(name: str, default: str) -> Dimension:
        texts, places = columns.take_texts(dimension_column(name))
        return arrange_values(texts, places[order], outcomes, default)

    defaults = layout.dimensions()
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        dimensions = threads.map(dimension, defaults, defaults.values())
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
        dimensions=dict(zip(defaults, dimensions, strict=True)),
        searched=tuple(replace(it, codes=it.codes[order]) for it in searched),
    )


def _sliced(columns: Numbers) -> tuple[pl.Series, pl.Series]:
    """Return the integrations, ascending, and the slice of each row."""
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
    slices = first + types.mapped(pl.concat([kinds, last]))
    return integrations, slices.cast(smallest(len(integrations) * SLICES))


def _sizes(
    slices: pl.Series, instants: pl.Series, count: int
) -> tuple[pl.Series, pl.Series]:
    """Return the number of records, and of undated ones, of each slice."""
    found = pl.DataFrame({"slice": slices, "at": instants}).lazy()
    sizes = found.group_by("slice").agg(pl.len(), undated=pl.col("at").null_count())
    every = pl.LazyFrame({"slice": pl.int_range(count, eager=True).cast(slices.dtype)})
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
    found = {"slice": slices, "at": instants, "nanosecond": nanoseconds}
    rows = pl.DataFrame({name: it for name, it in found.items() if it is not None})
    if nanoseconds is None and width * (highest + 1) < _MAX_KEY:
        # One number sorts several times as fast as two columns.
        later = (pl.col("at") - first + 1).fill_null(0)
        key = pl.col("slice").cast(pl.Int64) * width + later
        return rows.select(key=key).to_series().arg_sort()
    return rows.select(pl.arg_sort_by(rows.columns, nulls_last=False)).to_series()


def _outcomes(statuses: Texts, layout: RecordLayout) -> pl.Series:
    """Return the place of each row's outcome in `OUTCOMES`: `UInt8`."""
    words = pl.DataFrame({"status": pl.concat([statuses.distinct, _NONE])})
    places = words.select(outcome(layout).to_physical().cast(pl.UInt8))
    return statuses.mapped(places.to_series())


def _before(counts: pl.Series) -> pl.Series:
    """Return the sum of the counts before each place, then that of all: `UInt32`."""
    zero = pl.Series([0], dtype=pl.UInt32)
    sums = counts.cast(pl.UInt32).cum_sum()
    return pl.concat([zero, sums], rechunk=True)
