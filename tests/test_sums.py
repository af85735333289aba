from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core.engine.sums import SECTION, add_up, in_order, sum_counts
from stats_core.schema import COUNTS, SECTIONS

MIN_COMPACTED_ROWS = 100_000
DAYS = st.none() | st.dates(date(2024, 5, 1), date(2024, 5, 4))


@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from("xy"),
            st.sampled_from(SECTIONS),
            DAYS,
            st.integers(0, 2),
            st.sampled_from(["b", "B", "a", "\u00e9"]),
        ),
        max_size=30,
    )
)
def test_rows_are_in_the_order_of_the_contract(rows: list[tuple[Any, ...]]) -> None:
    schema = {"whose": pl.String, "section": pl.String, "day": pl.Date}
    schema |= {"count": pl.Int64, "value": pl.String}
    lf = pl.LazyFrame(rows, schema, orient="row")

    def place(row: tuple[Any, ...]) -> tuple[Any, ...]:
        whose, section, day, count, value = row
        return (whose, SECTIONS.index(section), day or date.min, -count, value)

    assert in_order(lf, "whose").collect().rows() == sorted(rows, key=place)
    pooled = in_order(lf.drop("whose")).collect().rows()
    assert pooled == [row[1:] for row in sorted(rows, key=lambda row: place(row)[1:])]


def test_counts_of_equal_keys_are_summed() -> None:
    rows = [("source", None, "a", *range(1, 6))] * 2 + [("source", None, "b", *[1] * 5)]
    schema: dict[str, Any] = {"section": SECTION, "day": pl.Date, "value": pl.String}
    schema |= dict.fromkeys(COUNTS, pl.Int64)
    lf = pl.LazyFrame(rows, schema, orient="row")
    assert sorted(sum_counts(lf).select("value", *COUNTS).collect().rows()) == [
        ("a", 2, 4, 6, 8, 10),
        ("b", *[1] * 5),
    ]
    whole = sum_counts(lf, ["section"]).collect().rows()
    assert whole == [("source", 3, 5, 7, 9, 11)]


def by_key(lf: pl.LazyFrame) -> pl.LazyFrame:
    return lf.group_by("key").agg(pl.col("count").sum())


@given(
    parts=st.lists(
        st.tuples(*[st.lists(st.integers(0, 5), max_size=9)] * 2),
        min_size=1,
        max_size=5,
    )
)
def test_frames_are_added_up_each_with_those_at_its_position(
    parts: list[tuple[list[int], list[int]]],
) -> None:
    schema = {"key": pl.Int64, "count": pl.Int64}
    frames = [
        [
            pl.DataFrame([(key, 1) for key in keys], schema, orient="row")
            for keys in part
        ]
        for part in parts
    ]
    found = add_up(frames, by_key)
    assert [dict(df.rows()) for df in found] == [
        Counter(key for part in parts for key in part[place]) for place in range(2)
    ]


@pytest.mark.parametrize("keys", [1, 40_000])
def test_only_a_few_times_the_sum_is_in_memory_while_adding_up(keys: int) -> None:
    part = pl.DataFrame({"key": range(keys), "count": 1})
    part = pl.concat([part] * (40_000 // keys))
    parts, heights = 30, []

    def summed(lf: pl.LazyFrame) -> pl.LazyFrame:
        heights.append(lf.select(pl.len()).collect().item())
        return by_key(lf)

    [found] = add_up(([part] for _ in range(parts)), summed)
    assert found.height == keys
    assert set(found["count"]) == {40_000 // keys * parts}
    assert len(heights) > 5
    assert max(heights) <= part.height + MIN_COMPACTED_ROWS + part.height


def test_parts_are_summed_before_the_last_is_made() -> None:
    summed = 0

    def parts() -> Iterator[list[pl.DataFrame]]:
        for _ in range(4):
            yield [pl.DataFrame({"key": range(60_000), "count": 1})]
        assert summed > 0

    def plan(lf: pl.LazyFrame) -> pl.LazyFrame:
        nonlocal summed
        summed += 1
        return by_key(lf)

    [found] = add_up(parts(), plan)
    assert found.height == 60_000


def test_the_sum_of_one_part_is_summed_too() -> None:
    twice = pl.DataFrame({"key": [7, 7], "count": [1, 2]})
    assert [df.rows() for df in add_up([[twice]], by_key)] == [[(7, 3)]]
