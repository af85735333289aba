from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import AppointmentStatistics, appointment_statistics
from stats_core.results.ranking import pages, top
from stats_core.schema import BREAKDOWN_SCHEMA, COUNTS
from tests.strategies import Case, cases, counted

SCHEMA = pl.Schema({**BREAKDOWN_SCHEMA, "values": pl.Int64()})
DIMENSIONS = ("source", "utm_source", "utm_medium", "utm_campaign")


def of_sources(*values: str | None) -> AppointmentStatistics:
    return appointment_statistics(
        [{"created_at": None, "status": None, "source": value} for value in values]
    )


@example(Case([], {}, "UTC"), 1)
@given(case=cases(), n=st.integers(1, 12))
def test_the_first_values_and_the_others_are_the_whole(case: Case, n: int) -> None:
    stats = counted(case.documents, case.zone)
    for name, df in stats.breakdowns().items():
        found = stats.top(name, n)
        assert found.schema == SCHEMA
        assert found.height == min(df.height, n + 1)
        plain = found.filter(pl.col("value").is_not_null())
        assert_frame_equal(plain.drop("values"), df.head(n))
        assert set(plain["values"]) <= {1}
        assert found.select(COUNTS).sum().row(0) == df.select(COUNTS).sum().row(0)
        assert found["values"].sum() == df.height
        others = [row[1:] for row in df.rows()[n:]]
        sums = [(None, *map(sum, zip(*others, strict=True)), len(others))]
        rest = found.filter(pl.col("value").is_null()).rows()
        assert rest == (sums if others else [])
        assert found["value"].is_null().to_list() == [
            place == n for place in range(found.height)
        ]


def test_no_label_is_taken_for_the_row_of_the_others() -> None:
    stats = of_sources("null", "None", "other", "others", None, "a")
    assert stats.top("source", 5)["value"].null_count() == 1
    assert stats.top("source", 6)["value"].null_count() == 0
    assert stats.top("source", 10**30)["values"].sum() == 6


@example(Case([], {}, "UTC"), 1)
@given(case=cases(), size=st.integers(1, 12))
def test_there_are_as_many_pages_as_have_a_row(case: Case, size: int) -> None:
    stats = counted(case.documents, case.zone)
    numbers = stats.pages(size)
    assert tuple(numbers) == DIMENSIONS
    for name, number in numbers.items():
        shown = [
            len(getattr(stats.dashboard(page, size), name))
            for page in range(1, number + 2)
        ]
        assert shown[-1] == 0
        assert all(shown[:-1])


def test_pages_are_of_the_published_size_unless_another_is_given() -> None:
    stats = of_sources(*map(str, range(301)))
    assert stats.pages() == {name: 2 if name == "source" else 1 for name in DIMENSIONS}
    assert stats.pages(10**30)["source"] == 1
    assert AppointmentStatistics.empty().pages() == dict.fromkeys(DIMENSIONS, 0)


@pytest.mark.parametrize("number", [0, -1, -(10**30)])
def test_numbers_below_one_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match=f"^`n` starts at 1, got {number}$"):
        top(BREAKDOWN_SCHEMA.to_frame(), number)
    with pytest.raises(ValueError, match=f"^`size` starts at 1, got {number}$"):
        pages(BREAKDOWN_SCHEMA.to_frame(), number)
    with pytest.raises(ValueError, match="`n` starts at 1"):
        of_sources().top("source", number)
    with pytest.raises(ValueError, match="`size` starts at 1"):
        of_sources().pages(number)


def test_what_is_no_whole_number_is_named() -> None:
    stats = of_sources("ads")
    wrong: Any = "3"
    with pytest.raises(TypeError, match=r"^`n`: expected a whole number, got '3'$"):
        stats.top("source", wrong)
    with pytest.raises(TypeError, match=r"^`size`: expected a whole number, got 1\.5$"):
        stats.pages(1.5)  # type: ignore[arg-type]
