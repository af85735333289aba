from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import RecordLayout, appointment_statistics
from stats_core.engine.filters import apply_filters
from stats_core.engine.labels import (
    having_label,
    having_outcome,
    label_filters,
    status_words,
)
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from tests import reference
from tests.strategies import (
    OUTCOMES,
    SHOWN,
    documents,
    frame,
    further,
    statuses,
    texts,
    wheres,
)

DEFAULT = RecordLayout()
WORDS = st.sets(st.sampled_from(["done", "k", "i", "\u03c3", "no-show", "success"]))
TYPES = [pl.String(), pl.Categorical()]


def columned(values: Sequence[object], dtype: pl.DataType) -> pl.DataFrame:
    column = pl.Series("text", values, pl.String).cast(dtype)
    return pl.DataFrame([column, column.alias("status")]).with_row_index()


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@given(
    values=st.lists(st.none() | texts() | st.sampled_from(SHOWN), max_size=30),
    labels=st.lists(st.sampled_from(SHOWN), min_size=1, max_size=4),
    default=st.sampled_from(["direct", "not set"]),
)
def test_labels_and_their_negation_part_the_records(
    dtype: pl.DataType, values: list[str | None], labels: list[str], default: str
) -> None:
    df = columned(values, dtype)
    condition = having_label("text", labels, default)
    wanted = [(reference.own_text(it) or default) in labels for it in values]
    assert df.select(condition).to_series().to_list() == wanted
    kept, others = df.filter(condition), df.filter(~condition)
    assert kept["index"].to_list() == [n for n, it in enumerate(wanted) if it]
    assert others["index"].to_list() == [n for n, it in enumerate(wanted) if not it]


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@given(
    values=st.lists(
        statuses() | st.sampled_from(["K", "\u212a", "\u0130", "I", "\u03a3", "Done"]),
        max_size=30,
    ),
    outcomes=st.sets(st.sampled_from(OUTCOMES), min_size=1),
    good=WORDS,
    bad=WORDS,
)
def test_outcomes_and_their_negation_part_the_records(
    dtype: pl.DataType,
    values: list[str | None],
    outcomes: set[str],
    good: set[str],
    bad: set[str],
) -> None:
    layout = RecordLayout(successful=frozenset(good), failed=frozenset(bad - good))
    words = dict.fromkeys(good, "successful") | dict.fromkeys(bad - good, "failed")
    df = columned(values, dtype)
    condition = having_outcome(sorted(outcomes), layout)
    wanted = [reference.outcome(it, words) in outcomes for it in values]
    assert df.select(condition).to_series().to_list() == wanted
    assert df.select(~condition).to_series().to_list() == [not it for it in wanted]
    request = Request(layout=layout, where={"outcome": outcomes})
    found = apply_filters(df.lazy(), [*label_filters(request)]).collect()
    assert found["index"].to_list() == [n for n, it in enumerate(wanted) if it]


@given(data=st.data())
def test_quick_tests_drop_no_record_that_counts(data: st.DataObject) -> None:
    records = data.draw(documents())
    named = data.draw(further())
    where = data.draw(wheres(records, named))
    request = Request(where=where, layout={"breakdowns": named})
    lf = canonical_frame(frame(records), request).lf.with_row_index()
    found = apply_filters(lf, [*label_filters(request)]).collect()
    assert found["index"].to_list() == [
        n for n, it in enumerate(records) if reference.is_one_of(it, where, named)
    ]


@pytest.mark.parametrize(
    ("where", "conditions"),
    [
        ({}, 0),
        ({"source": ["ads"]}, 2),
        ({"source": ["ads", "not set"]}, 1),
        ({"source": [f"{n}" for n in range(8)]}, 2),
        ({"source": [f"{n}" for n in range(9)]}, 1),
        ({"outcome": ["failed"]}, 2),
        ({"outcome": ["failed", "other"]}, 1),
    ],
)
def test_a_quick_test_comes_first_where_it_drops_much(
    where: dict[str, list[str]], conditions: int
) -> None:
    assert len([*label_filters(Request(where=where))]) == conditions


def test_no_words_are_the_words_of_an_outcome_that_has_none() -> None:
    layout = RecordLayout(failed=frozenset())
    assert status_words(["failed"], layout) == []
    assert status_words(["other", "failed"], layout) is None
    records: list[dict[str, Any]] = [{"created_at": None, "status": "failed"}]
    for outcome, total in {"failed": 0, "other": 1, "successful": 0}.items():
        where = {"outcome": outcome}
        found = appointment_statistics(records, where=where, layout=layout)
        assert found.total == total


def test_a_record_must_have_a_label_in_each_dimension() -> None:
    records: list[dict[str, Any]] = [
        {"created_at": None, "status": status, "source": source, "clinic": clinic}
        for status in ("failed", "Success ")
        for source in ("ads", None)
        for clinic in ("north", " north", "North")
    ]
    layout = RecordLayout(breakdowns={"place": "clinic"})
    where = {"source": "not set", "outcome": ["failed"], "place": ["north", "x"]}
    stats = appointment_statistics(records, where=where, layout=layout)
    assert stats.total == 2
    assert stats.source.rows() == [("not set", 2, 2, 0, 2, 0)]
    assert stats.breakdown("place").rows() == [("north", 2, 0, 0, 2, 0)]
