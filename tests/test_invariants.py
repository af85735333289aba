from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    appointment_statistics,
)
from tests.strategies import DIMENSIONS, Case, cases

Change = Callable[[pl.DataFrame], pl.DataFrame]

RECORDS: list[dict[str, Any]] = [
    {"created_at": at, "status": status, **dict.fromkeys(DIMENSIONS, value)}
    for at, status, value in [
        ("2024-05-01", "success", "ads"),
        ("2024-05-02", "failed", "ads"),
        ("2024-05-02", "success", None),
        (None, "cancelled", "mail"),
    ]
]


def stats() -> AppointmentStatistics:
    return appointment_statistics(RECORDS)


def at(row: int, **values: object) -> Change:
    here = pl.int_range(pl.len()) == row
    return lambda df: df.with_columns(
        pl.when(here)
        .then(pl.lit(value, df.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in values.items()
    )


def added(*row: object) -> Change:
    return lambda df: pl.concat([df, pl.DataFrame([row], df.schema, orient="row")])


def faults(broken: AppointmentStatistics) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        broken.check()
    return list(caught.value.faults)


@given(case=cases())
def test_what_was_counted_has_no_fault(case: Case) -> None:
    appointment_statistics(case.documents, timezone=case.zone).check()


# The rows of every breakdown: ads 2, not set (or direct) 1, mail 1, in some order.
@pytest.mark.parametrize("name", DIMENSIONS)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda df: df.drop("unset"), ["expected the columns Schema"]),
        (lambda df: df.cast({"count": pl.Int32}), ["expected the columns Schema"]),
        (lambda df: df.select(reversed(df.columns)), ["expected the columns Schema"]),
        (lambda df: df[[1, 0, 2]], ["not in order of `count` descending, `value`"]),
        (lambda df: df[[0, 2, 1]], ["not in order of `count` descending, `value`"]),
        (
            lambda df: df[:2],
            ["the counts add up to 3, not to the total of 4"],
        ),
        (
            at(0, count=3),
            [
                "a row's outcomes do not add up to its count",
                "the counts add up to 5, not to the total of 4",
            ],
        ),
        (at(0, failed=0), ["a row's outcomes do not add up to its count"]),
        (at(0, unset=3), ["a row has more unset records than records"]),
        (at(0, unset=-1), ["a count is negative"]),
        (at(0, other=-1, failed=2), ["a count is negative"]),
        (at(0, unset=None), ["holds nulls"]),
        (at(0, value=None), ["holds nulls"]),
        (
            lambda df: df.with_columns(value=pl.lit("ads")),
            ["a value has more than one row"],
        ),
        (added("zzz", 0, 0, 0, 0, 0), ["a row counts no record"]),
    ],
)  # fmt: skip
def test_a_broken_breakdown_shows_its_fault(
    name: str, change: Change, expected: list[str]
) -> None:
    whole = stats()
    one: Any = {name: change(whole.breakdowns()[name])}
    found = faults(replace(whole, **one))
    for fault, text in zip(found, expected, strict=True):
        assert fault.startswith(f"`{name}`: {text}")


@pytest.mark.parametrize("name", DIMENSIONS)
def test_a_breakdown_whose_order_and_sums_hold_has_no_fault(name: str) -> None:
    one: Any = {name: at(2, value="zebra")(stats().breakdowns()[name])}
    replace(stats(), **one).check()


BROKEN_TRENDS: dict[str, tuple[Change, str]] = {
    "a column less": (lambda df: df.drop("other"), "expected the columns Schema"),
    "another type": (
        lambda df: df.cast({"day": pl.Datetime}),
        "expected the columns Schema",
    ),
    "backwards": (lambda df: df[::-1], "the days repeat or are not ascending"),
    "a day twice": (
        at(1, day=date(2024, 5, 1)),
        "the days repeat or are not ascending",
    ),
    "no day": (at(0, day=None), "holds nulls"),
    "negative": (at(0, other=1, failed=-1), "a count is negative"),
    "one more": (at(0, successful=2), "the outcomes add up to 4, not to the 3 dated"),
    "a row less": (lambda df: df[:1], "the outcomes add up to 1, not to the 3 dated"),
    "an empty day": (added(date(2024, 5, 3), 0, 0, 0), "a day holds no record"),
    "the year 29349": (
        lambda df: df.with_columns(
            day=pl.Series([0, 10**7]).cast(pl.Int32).cast(pl.Date)
        ),
        "a day has no beginning",
    ),
}


@pytest.mark.parametrize("kind", BROKEN_TRENDS)
def test_a_broken_trend_shows_its_fault(kind: str) -> None:
    change, expected = BROKEN_TRENDS[kind]
    whole = stats()
    [fault] = faults(replace(whole, trends=change(whole.trends)))
    assert fault.startswith(f"`trends`: {expected}")


def test_a_day_that_begins_before_the_first_year_is_a_fault() -> None:
    whole = appointment_statistics(RECORDS[:1])
    broken = replace(whole, trends=at(0, day=date.min)(whole.trends))
    broken.check()
    [fault] = faults(replace(broken, timezone="Asia/Tokyo"))
    assert fault.startswith("`trends`: a day has no beginning")


def test_an_unknown_zone_is_a_fault() -> None:
    for whole in (stats(), AppointmentStatistics.empty()):
        [fault] = faults(replace(whole, timezone="Mars/Base"))
        assert "unknown time zone 'Mars/Base'" in fault


def test_a_total_that_nothing_adds_up_to_is_a_fault_of_all() -> None:
    found = faults(replace(stats(), total=5))
    assert found == [
        *(f"`{name}`: the counts add up to 4, not to the total of 5"
          for name in sorted(DIMENSIONS) if name == "source"),
        "`trends`: the outcomes add up to 3, not to the 4 dated",
        *(f"`{name}`: the counts add up to 4, not to the total of 5"
          for name in sorted(DIMENSIONS) if name != "source"),
    ]  # fmt: skip


def test_undated_records_count_in_the_total() -> None:
    assert faults(replace(stats(), undated=0)) == [
        "`trends`: the outcomes add up to 3, not to the 4 dated"
    ]
    broken = replace(stats(), undated=-1)
    assert "`undated`: negative, -1" in faults(broken)
