"""The values of indexed records again, to arrange or to count them anew."""

from collections.abc import Iterator, Mapping

import polars as pl

from stats_core.index.segment import SLICES, TYPES, Segment
from stats_core.index.spans import Span
from stats_core.layout import RecordLayout
from stats_core.records.canonical import SEARCHED
from stats_core.schema import dimension_column

_TYPES = pl.Series([*TYPES, None], dtype=pl.String)
_NONE = pl.Series([None], dtype=pl.String)
BATCH = 1_000_000  # rows


def spans_of(segment: Segment) -> Iterator[Span]:
    """Yield all rows of a segment, some at a time."""
    for first in range(0, len(segment), BATCH):
        yield Span(first, min(first + BATCH, len(segment)))


def values(
    segment: Segment,
    rows: pl.Series,
    layout: RecordLayout,
    dtypes: Mapping[str, pl.DataType],
) -> dict[str, pl.Series]:
    """Return what requests count of some rows.

    Args:
        segment: The records.
        rows: The rows.
        layout: Its status words stand for the outcomes.
        dtypes: The types of columns of text that are not to be `String`.

    Returns:
        The columns of `intake.rows`, but those that are searched.
    """
    slices = segment.starts.search_sorted(rows, side="right") - 1
    exact = segment.nanoseconds
    first = next(iter(segment.dimensions.values()))
    texts = {
        "integration_id": (segment.integrations, slices // SLICES),
        "appointment_type": (_TYPES, slices % SLICES),
        "status": (_words(layout), first.codes[rows] // len(first.labels)),
    } | {
        dimension_column(name): (it.labels, it.codes[rows] % len(it.labels))
        for name, it in segment.dimensions.items()
    }
    instants = {"created_at": segment.instants[rows]}
    if exact is not None:
        instants["nanosecond"] = exact[rows]
    return instants | {
        name: some.cast(dtypes.get(name, pl.String()))[places]
        for name, (some, places) in texts.items()
    }


def searched(segment: Segment, rows: pl.Series) -> dict[str, pl.Series]:
    """Return the searched texts of some rows, as the columns of `intake.rows`."""
    return {
        f"{place}{SEARCHED}": pl.concat([column.texts, _NONE])[column.codes[rows]]
        for place, column in enumerate(segment.searched)
    }


def _words(layout: RecordLayout) -> pl.Series:
    """Return a status word of each outcome; no record has one that has no word."""
    some = (min(words, default=None) for words in (layout.successful, layout.failed))
    return pl.Series([*some, None], dtype=pl.String)
