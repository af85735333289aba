from collections import Counter
from collections.abc import Iterator, Sequence

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import InvalidRecordsError
from stats_core.index import dimension, labels
from stats_core.index.dimension import Dimension, arrange, smallest
from stats_core.index.spans import Span

TEXTS = ("ads", " ads", "direct", "", "\u200b", "Ads", "mail")
LABELS = ("ads", "ads", "direct", None, None, "Ads", "mail")
Rows = list[tuple[int | None, int]]
ROWS = st.lists(
    st.tuples(st.none() | st.integers(0, len(TEXTS) - 1), st.integers(0, 2)),
    max_size=40,
)


@pytest.fixture(autouse=True, scope="module", params=[1, 3, 1_000])
def _block(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dimension, "MIN_BLOCK", request.param)
        patch.setattr(dimension, "BLOCKS_PER_SIZE", 20)
        patch.setattr(dimension, "MAX_CELLS", 50)
        patch.setattr(dimension, "MAX_HASHED", 6)
        yield


def made(rows: Rows) -> Dimension:
    places = pl.Series([place for place, _ in rows], dtype=pl.UInt8)
    outcomes = pl.Series([outcome for _, outcome in rows], dtype=pl.UInt8)
    return arrange(pl.Series(TEXTS), places, outcomes, "direct")


def expected(rows: Sequence[tuple[int | None, int]]) -> Counter[tuple[str | None, int]]:
    return Counter(
        (None if place is None else LABELS[place], outcome) for place, outcome in rows
    )


def counted(own: Dimension, counts: pl.Series) -> Counter[tuple[str | None, int]]:
    size = len(own.labels)
    found = {
        (own.labels[code % size], code // size): count
        for code, count in enumerate(counts)
        if count
    }
    return Counter(found)


@given(rows=ROWS, data=st.data())
def test_ranges_are_counted_as_one_by_one(rows: Rows, data: st.DataObject) -> None:
    places = st.lists(st.integers(0, len(rows)), max_size=6).map(sorted)
    ends = data.draw(places)
    spans = [Span(*pair) for pair in zip(ends[::2], ends[1::2], strict=False)]
    own = made(rows)
    within = [row for first, end in spans for row in rows[first:end]]
    assert counted(own, own.counts_in(spans)) == expected(within)


@given(rows=ROWS, data=st.data())
def test_chosen_rows_are_counted(rows: Rows, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1))) if rows else []
    own = made(rows)
    counts = own.counts_of(pl.Series(chosen, dtype=pl.UInt32))
    assert counted(own, counts) == expected([rows[n] for n in chosen])


@given(rows=ROWS, wanted=st.sets(st.sampled_from(["ads", "Ads", "direct", "none"])))
def test_a_label_of_unset_records_is_the_default(rows: Rows, wanted: set[str]) -> None:
    own = made(rows)
    held = own.with_label(sorted(wanted))[own.codes].to_list()
    labelled = [None if place is None else LABELS[place] for place, _ in rows]
    assert held == [(label or "direct") in wanted for label in labelled]


@given(rows=ROWS, wanted=st.sets(st.sampled_from(["successful", "failed", "other"])))
def test_records_with_an_outcome_are_told_apart(rows: Rows, wanted: set[str]) -> None:
    own = made(rows)
    held = own.with_outcome(sorted(wanted))[own.codes].to_list()
    names = ("successful", "failed", "other")
    assert held == [names[outcome] in wanted for _, outcome in rows]


def test_numbers_take_as_few_bytes_as_they_need() -> None:
    sizes = (1, 256, 257, 65_536, 65_537)
    types = [pl.UInt8, pl.UInt8, pl.UInt16, pl.UInt16, pl.UInt32]
    assert [smallest(size) for size in sizes] == types


def test_more_labels_than_a_number_can_order_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(labels, "_MAX_KEY", 1 << 34)
    with pytest.raises(InvalidRecordsError, match="expected fewer labels, found 5"):
        labels.labels({"source": made([(0, 0)])})
