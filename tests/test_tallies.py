from collections import Counter
from datetime import date

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import RecordLayout
from stats_core.tallies import (
    added_up,
    breakdown,
    daily_trend,
    labelled,
    outcome,
    tally,
)
from stats_core.text import trimmed
from tests import reference
from tests.strategies import DIMENSIONS, STATUSES, statuses, texts

KIND = outcome(pl.col("status"), RecordLayout(), pl.String())
ROWS = st.lists(st.tuples(st.none() | texts(), statuses()), max_size=30)


@given(values=st.lists(st.none() | texts(), max_size=30), default=texts())
def test_a_label_is_the_trimmed_text_or_the_default(
    values: list[str | None], default: str
) -> None:
    found = pl.select(
        labelled(trimmed(pl.lit(pl.Series(values, dtype=pl.String))), default)
    )
    assert found.to_series().to_list() == [
        reference.trim(v or "") or default for v in values
    ]


@given(words=st.lists(statuses() | texts(), max_size=30))
def test_outcomes_are_those_of_the_contract(words: list[str | None]) -> None:
    categories = pl.Enum([word for word in dict.fromkeys(words) if word is not None])
    for dtype in (pl.String(), pl.Categorical(), categories):
        df = pl.DataFrame({"status": pl.Series(words, dtype=dtype)})
        found = df.select(outcome(pl.col("status"), RecordLayout(), dtype))
        assert found.to_series().to_list() == [
            reference.outcome(word) for word in words
        ]


def test_a_boolean_says_how_it_went() -> None:
    df = pl.DataFrame({"status": [True, False, None]})
    kind = outcome(pl.col("status"), RecordLayout(), pl.Boolean())
    found = df.select(kind).to_series().to_list()
    assert found == ["successful", "failed", "other"]


@pytest.mark.parametrize(
    ("word", "went"),
    [
        *(("done", "successful"), (" DONE\u200b", "successful"), ("no-show", "failed")),
        *(("NO-SHOW", "failed"), ("success", "other"), ("failed", "other")),
        *(
            ("\u039f\u0394\u039f\u03a3", "failed"),
            ("\u03bf\u03b4\u03bf\u03c2", "failed"),
        ),
    ],
    ids=ascii,
)
def test_a_layout_names_other_words(word: str, went: str) -> None:
    layout = RecordLayout(
        successful=frozenset({"Done "}),
        failed=frozenset({"No-Show", "\u03bf\u03b4\u03bf\u03c2"}),
    )
    kind = outcome(pl.lit(word), layout, pl.String())
    assert pl.select(kind).item() == went


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("name", DIMENSIONS)
@given(rows=ROWS)
def test_a_breakdown_equals_the_reference(
    *,
    few: bool,
    name: str,
    rows: list[tuple[str | None, str | None]],
) -> None:
    values, went = [v for v, _ in rows], [s for _, s in rows]
    lf = pl.LazyFrame(
        {name: values, "status": went}, dict.fromkeys((name, "status"), pl.String)
    )
    found = breakdown(tally(lf, name, few=few), name, KIND).collect()
    outcomes = [reference.outcome(status) for status in went]
    expected = reference.rows(list(values), outcomes, reference.DEFAULTS[name])
    assert found.rows() == expected
    assert found.schema == {
        "value": pl.String,
        **dict.fromkeys(("count", "unset", "successful", "failed", "other"), pl.Int64),
    }


@pytest.mark.parametrize("few", [True, False])
@given(rows=st.lists(st.tuples(st.sampled_from("xyz"), *[st.sampled_from([*STATUSES, None])] * 2), max_size=30))  # fmt: skip
def test_a_breakdown_keeps_further_columns_apart(
    *,
    few: bool,
    rows: list[tuple[str, str | None, str | None]],
) -> None:
    names = ("whose", "source", "status")
    lf = pl.LazyFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    raw = tally(lf, "source", by=["whose"], few=few)
    found = breakdown(raw, "source", KIND, by=["whose"]).collect()
    expected = []
    for whose in sorted({row[0] for row in rows}):
        own = [row for row in rows if row[0] == whose]
        outcomes = [reference.outcome(row[2]) for row in own]
        listed = reference.rows([row[1] for row in own], outcomes, "not set")
        expected += [(whose, *row) for row in listed]
    assert found.rows() == expected


@pytest.mark.parametrize("few", [True, False])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("xy"),
            st.none() | st.dates(date(2024, 5, 1), date(2024, 5, 4)),
            statuses(),
        ),
        max_size=30,
    )
)
def test_a_trend_counts_the_outcomes_of_each_day(
    *,
    few: bool,
    rows: list[tuple[str, date | None, str | None]],
) -> None:
    schema = {"whose": pl.String, "day": pl.Date, "status": pl.String}
    lf = pl.LazyFrame(rows, schema, orient="row")
    raw = tally(lf, "day", by=["whose"], few=few)
    found = daily_trend(raw, KIND, by=["whose"]).collect()
    count = Counter((whose, day, reference.outcome(went)) for whose, day, went in rows)
    places = {(whose, day) for whose, day, _ in rows}
    assert found.rows() == [
        (*place, *(count[*place, went] for went in ("successful", "failed", "other")))
        for place in sorted(places, key=lambda p: (p[0], p[1] or date.min))
    ]
    assert found.drop("whose").schema == {
        "day": pl.Date,
        **dict.fromkeys(("successful", "failed", "other"), pl.Int64),
    }


def test_zero_is_a_value() -> None:
    lf = pl.LazyFrame({"utm_source": ["0", "0", None], "status": None})
    found = breakdown(tally(lf, "utm_source"), "utm_source", KIND).collect()
    assert found.rows() == [("0", 2, 0, 0, 0, 2), ("direct", 1, 1, 0, 0, 1)]


@given(parts=st.lists(ROWS, min_size=1, max_size=3))
def test_tallies_of_parts_add_up_to_that_of_the_whole(
    parts: list[list[tuple[str | None, str | None]]],
) -> None:
    schema = {"source": pl.String, "status": pl.String}
    frames = [pl.LazyFrame(part, schema, orient="row") for part in parts]
    [found] = added_up([[tally(lf, "source").collect()] for lf in frames])
    whole = tally(pl.concat(frames), "source").collect()
    assert found.schema == whole.schema
    assert sorted(found.rows(), key=str) == sorted(whole.rows(), key=str)
