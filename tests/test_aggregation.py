from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import RecordLayout
from stats_core.engine.aggregation import (
    OUTCOME,
    fill_unset,
    group_keys,
    groups,
    is_unset,
    outcome,
    partial_frame,
    preaggregate,
    with_day,
)
from stats_core.engine.filters import apply_filters, created_within
from stats_core.engine.sums import SECTION, in_order, sum_counts
from stats_core.records.canonical import canonical_frame
from stats_core.records.invalid import value_summary
from stats_core.request import Request
from stats_core.schema import (
    DIMENSIONS,
    OUTCOMES,
    PARTIAL_SCHEMA,
    SECTIONS,
    dimension_column,
)
from stats_core.text import trimmed
from tests import reference
from tests.strategies import STATUSES, documents, frame, statuses, texts

DEFAULT = RecordLayout()
DAYS = st.none() | st.dates(date(2024, 5, 1), date(2024, 5, 4))
VALUES = st.none() | texts()
ROW_SCHEMA = {"day": pl.Date} | dict.fromkeys(("status", *DIMENSIONS), pl.String)


class Row(NamedTuple):
    day: date | None
    status: str | None
    source: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None


ROWS = st.lists(st.builds(Row, DAYS, statuses(), *[VALUES] * 4), max_size=30)


def rows_frame(rows: Sequence[Row]) -> pl.LazyFrame:
    return pl.LazyFrame(rows, ROW_SCHEMA, orient="row")


def partial(rows: Sequence[Row], timezone: str = "UTC") -> pl.DataFrame:
    lf = rows_frame(rows)
    days, *values = (preaggregate(lf, key, DEFAULT) for key in ("day", *DIMENSIONS))
    named = dict(zip(DIMENSIONS, values, strict=True))
    return partial_frame(days, named, Request(timezone=timezone)).collect()


def expected_rows(
    rows: Sequence[Row], timezone: str = "UTC"
) -> Iterator[tuple[Any, ...]]:
    outcomes = [reference.outcome(row.status) for row in rows]
    days = Counter(row.day for row in rows)
    went = Counter(zip((row.day for row in rows), outcomes, strict=True))
    zeros = (0, 0, 0, 0)
    yield (timezone, "total", None, None, len(rows), *zeros)
    yield (timezone, "undated", None, None, days.pop(None, 0), *zeros)
    for day, count in sorted(days.items(), key=lambda item: item[0] or date.min):
        counts = (went[day, name] for name in ("successful", "failed", "other"))
        yield (timezone, "trends", day, None, count, 0, *counts)
    for name, default in reference.DEFAULTS.items():
        values = [getattr(row, name) for row in rows]
        for listed in reference.rows(values, outcomes, default):
            yield (timezone, name, None, *listed)


@given(values=st.lists(VALUES, max_size=30), default=texts())
def test_a_label_is_the_trimmed_text_or_the_default(
    values: list[str | None], default: str
) -> None:
    text = trimmed(pl.lit(pl.Series(values, dtype=pl.String)))
    found = pl.select(label=fill_unset(text, pl.lit(default)), unset=is_unset(text))
    own = [reference.trim(value or "") for value in values]
    assert found["label"].to_list() == [text or default for text in own]
    assert found["unset"].to_list() == [not text for text in own]


@given(words=st.lists(statuses() | texts(), max_size=30))
def test_outcomes_are_those_of_the_contract(words: list[str | None]) -> None:
    categories = pl.Enum([word for word in dict.fromkeys(words) if word is not None])
    for dtype in (pl.String(), pl.Categorical(), categories):
        df = pl.DataFrame({"status": pl.Series(words, dtype=dtype)})
        found = df.select(outcome(DEFAULT)).to_series()
        assert found.dtype == OUTCOME
        assert found.to_list() == [reference.outcome(word) for word in words]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        *(("done", "successful"), (" DONE\u200b", "successful"), ("no-show", "failed")),
        *(("NO-SHOW", "failed"), ("success", "other"), ("failed", "other")),
        *(("true", "other"), ("false", "other"), (None, "other"), ("", "other")),
        *(
            ("\u039f\u0394\u039f\u03a3", "failed"),
            ("\u03bf\u03b4\u03bf\u03c2", "failed"),
        ),
    ],
    ids=ascii,
)
def test_a_layout_names_other_words(word: str | None, expected: str) -> None:
    layout = RecordLayout(
        successful=frozenset({"Done "}),
        failed=frozenset({"No-Show", "\u03bf\u03b4\u03bf\u03c2"}),
    )
    df = pl.DataFrame({"status": [word]}, {"status": pl.String})
    assert df.select(outcome(layout)).item() == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"successful": []}, ["other", "other", "failed", "failed", "other"]),
        ({"failed": []}, ["successful", "successful", "other", "other", "other"]),
        ({"successful": [], "failed": []}, ["other"] * 5),
        (
            {"successful": ["false"], "failed": ["true"]},
            ["failed", "other", "successful", "other", "other"],
        ),
    ],
)
def test_an_outcome_without_words_is_the_outcome_of_no_record(
    words: dict[str, Any], expected: list[str]
) -> None:
    df = pl.DataFrame({"status": ["true", "Success", "false", "error", None]})
    kind = outcome(RecordLayout.model_validate(words))
    assert df.select(kind).to_series().to_list() == expected


@pytest.mark.parametrize("key", ["day", "source"])
@given(rows=ROWS)
def test_records_are_counted_by_raw_value_and_outcome(
    key: str, rows: list[Row]
) -> None:
    found = preaggregate(rows_frame(rows), key, DEFAULT).collect()
    assert found.schema == {
        key: ROW_SCHEMA[key],
        "outcome": OUTCOME,
        "count": pl.Int64,
    }
    counts: Counter[tuple[object, str]] = Counter()
    for value, kind, count in found.rows():
        assert count > 0
        counts[value, kind] += count
    assert counts == Counter(
        (getattr(row, key), reference.outcome(row.status)) for row in rows
    )


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum(["ads", " ads"])], ids=str)
def test_values_of_any_text_type_are_counted(dtype: pl.DataType) -> None:
    values = pl.Series(["ads", " ads", None, "ads"], dtype=dtype)
    lf = pl.LazyFrame({"source": values, "status": ["success"] * 4})
    nothing = rows_frame([]).select("day", outcome(DEFAULT), count=pl.lit(0, pl.Int64))
    counted = {"source": preaggregate(lf, "source", DEFAULT)}
    found = partial_frame(nothing.clear(), counted, Request()).collect()
    assert found.filter(section="source").select("value", "count", "unset").rows() == [
        ("ads", 3, 0),
        ("not set", 1, 1),
    ]


@example(rows=[])
@example(rows=[Row(None, None, "0", "direct", "\u200b", "not set")] * 2)
@given(rows=ROWS)
def test_the_partial_frame_equals_the_reference(rows: list[Row]) -> None:
    found = partial(rows, "Asia/Tokyo")
    assert list(found.schema.items()) == list(PARTIAL_SCHEMA.items())
    assert found.rows() == list(expected_rows(rows, "Asia/Tokyo"))


@given(rows=ROWS)
def test_records_that_were_not_grouped_give_the_same_partial_frame(
    rows: list[Row],
) -> None:
    lf = rows_frame(rows).with_columns(outcome(DEFAULT), count=pl.lit(1, pl.Int64))
    single = {key: lf.select(key, "outcome", "count") for key in ("day", *DIMENSIONS)}
    found = partial_frame(single.pop("day"), single, Request()).collect()
    assert_frame_equal(found, partial(rows))


@given(rows=ROWS, shared=st.booleans())
def test_further_dimensions_follow_by_name_each_with_a_marker(
    rows: list[Row], *, shared: bool
) -> None:
    further = {
        "status": "status",
        "Z": "source",
        "\u00e9": "utm_medium",
        "^a$": "source",
    }
    request = Request(timezone="Asia/Tokyo", layout={"breakdowns": further})
    lf = rows_frame(rows).with_columns(
        pl.col(path).alias(dimension_column(name)) for name, path in further.items()
    )
    assert group_keys(request)[5:] == tuple(
        f"{name}:breakdown" for name in ("Z", "^a$", "status", "\u00e9")
    )
    days, *values = (preaggregate(lf, key, DEFAULT) for key in group_keys(request))
    named = dict(zip(request.dimensions, values, strict=True))
    if shared:  # the order in which they are given does not matter
        named = dict(reversed(named.items()))
    found = partial_frame(days, named, request).collect().rows()
    outcomes = [reference.outcome(row.status) for row in rows]
    expected = [*expected_rows(rows, "Asia/Tokyo")]
    for name in ("Z", "^a$", "status", "\u00e9"):
        listed = [getattr(row, further[name]) for row in rows]
        expected += [
            ("Asia/Tokyo", name, None, *row)
            for row in reference.rows(listed, outcomes, "not set")
        ]
        expected.append(("Asia/Tokyo", name, None, None, 0, 0, 0, 0, 0))
    assert found == expected


def test_zero_is_a_value() -> None:
    rows = [Row(None, None, None, value, None, None) for value in ("0", "0", None)]
    listed = (
        partial(rows).filter(section="utm_source").select("value", "count", "unset")
    )
    assert listed.rows() == [("0", 2, 0), ("direct", 1, 1)]


@given(parts=st.lists(ROWS, min_size=1, max_size=3))
def test_partial_frames_of_parts_sum_to_that_of_the_whole(
    parts: list[list[Row]],
) -> None:
    stacked = pl.concat([partial(rows) for rows in parts]).lazy()
    summed = in_order(sum_counts(stacked, ("timezone", "section", "day", "value")))
    whole = partial([row for rows in parts for row in rows])
    assert_frame_equal(summed.select(whole.columns).collect(), whole)


def test_outcomes_and_sections_are_numbered_in_the_order_of_the_schema() -> None:
    assert OUTCOME.categories.to_list() == list(OUTCOMES)
    assert SECTION.categories.to_list() == list(SECTIONS)


def test_every_status_of_the_strategies_has_its_outcome() -> None:
    found = pl.DataFrame({"status": STATUSES}).select(outcome(DEFAULT)).to_series()
    assert found.to_list() == [reference.outcome(status) for status in STATUSES]
    assert set(found) == set(OUTCOMES)


@given(
    records=documents("Asia/Kathmandu"),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu"]),
    start=st.none() | st.just("2024-05-01"),
)
def test_the_day_of_each_record_is_its_local_date(
    records: list[dict[str, Any]], zone: str, start: str | None
) -> None:
    request = Request(timezone=zone, query={"start": start})
    lf = canonical_frame(frame(records), request).lf
    conditions = created_within(request.period, lf.collect_schema())
    kept = apply_filters(lf, conditions)
    first, last, _ = value_summary(lf).collect().fill_null(0).row(0)
    found = with_day(kept, (first, last), request).collect()
    at = [reference.instant(it) for it in kept.collect()["created_at"]]
    days = [None if it is None else reference.local_day(it, zone) for it in at]
    assert found["day"].to_list() == days
    assert found.drop("day").columns == lf.collect_schema().names()


@given(rows=ROWS)
def test_groups_are_in_the_order_of_their_keys(rows: list[Row]) -> None:
    lf = rows_frame(rows).drop("day")
    at = pl.Series([row.day for row in rows], dtype=pl.Date)
    lf = lf.with_columns(created_at=at.cast(pl.Datetime("us", "UTC")))
    seconds = (1_714_521_600, 1_714_521_600 + 9 * 86_400)
    found = pl.collect_all(groups(lf, seconds, Request()))
    for key, df in zip(group_keys(Request()), found, strict=True):
        alone = preaggregate(rows_frame(rows), key, DEFAULT).collect()
        assert Counter(df.rows()) == Counter(alone.rows())
        assert df.columns == [key, "outcome", "count"]
