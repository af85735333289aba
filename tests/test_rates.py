from math import isclose, sqrt

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import AppointmentStatistics, appointment_statistics
from stats_core.results.rates import rates
from stats_core.schema import BREAKDOWN_SCHEMA
from tests import reference
from tests.strategies import Case, cases, counted

SCHEMA = pl.Schema(
    {"value": pl.String(), "count": pl.Int64()}
    | dict.fromkeys(("share", "success_rate", "low", "high"), pl.Float64())
)
Z = 1.959963984540054  # the 97.5th percentile of the standard normal distribution


def of(successful: int, failed: int, other: int = 0) -> tuple[float, ...]:
    count = successful + failed + other
    row = ("ads", count, 0, successful, failed, other)
    df = rates(pl.DataFrame([row], BREAKDOWN_SCHEMA, orient="row"))
    return df.select("success_rate", "low", "high").row(0)


# The score test of a rate p rejects the observed rate where they are further apart than
# Z standard deviations of p. The interval has all p that are not rejected.
def interval(successful: int, ended: int) -> tuple[float, float]:
    observed = successful / ended

    def is_kept(rate: float) -> bool:
        return abs(observed - rate) <= Z * sqrt(rate * (1 - rate) / ended)

    def edge(outside: float) -> float:
        inside = observed
        if is_kept(outside):
            return outside
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if is_kept(middle) else (inside, middle)
        return inside

    return edge(0.0), edge(1.0)


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics
# in Medicine 17 (1998), table I, method 3.
@pytest.mark.parametrize(
    ("successful", "ended", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_those_of_a_published_table(
    successful: int, ended: int, low: float, high: float
) -> None:
    rate, *bounds = of(successful, ended - successful, other=7)
    assert rate == successful / ended
    assert [round(bound, 4) for bound in bounds] == [low, high]


@example(successful=0, failed=1)
@example(successful=1, failed=0)
@example(successful=10**6, failed=0)
@given(successful=st.integers(0, 10**6), failed=st.integers(0, 10**6))
def test_an_interval_has_every_rate_that_the_score_test_keeps(
    successful: int, failed: int
) -> None:
    if successful + failed == 0:
        return
    rate, low, high = of(successful, failed)
    lowest, highest = interval(successful, successful + failed)
    assert isclose(low, lowest, abs_tol=1e-9)
    assert isclose(high, highest, abs_tol=1e-9)
    assert 0 <= low <= rate <= high <= 1


@given(
    counts=st.tuples(*[st.integers(0, 2**60)] * 3).filter(any),
)
def test_an_interval_is_around_its_rate_however_many_there_are(
    counts: tuple[int, int, int],
) -> None:
    successful, failed, _ = counts
    rate, low, high = of(*counts)
    if successful + failed:
        assert 0 <= low <= rate <= high <= 1
        mirrored = of(failed, successful)
        assert isclose(mirrored[1], 1 - high, abs_tol=1e-12)
    else:
        assert rate is low is high is None


def test_the_interval_of_a_rate_at_an_end_starts_there() -> None:
    for column, bound, value in (("failed", "low", 0.0), ("successful", "high", 1.0)):
        counts = pl.DataFrame({"count": range(1, 5_000)})
        df = BREAKDOWN_SCHEMA.to_frame().join(counts, on="count", how="right")
        whole = df.with_columns(
            pl.col("value", "unset", "successful", "failed").fill_null(0)
        ).with_columns(pl.col("count").alias(column))
        assert set(rates(whole)[bound]) == {value}


@given(case=cases())
def test_rates_are_those_of_the_records_in_the_order_of_the_breakdown(
    case: Case,
) -> None:
    stats = counted(case.documents, case.zone)
    answer = reference.answer(case.documents, {}, timezone=case.zone)
    for name, rows in answer.breakdowns.items():
        df = stats.rates(name)
        assert df.schema == SCHEMA
        assert df.select("value", "count").rows() == [row[:2] for row in rows]
        found = df.select("share", "success_rate").rows()
        for (share, rate), (_, count, _, good, bad, _) in zip(found, rows, strict=True):
            assert share == count / answer.total
            assert rate == (good / (good + bad) if good + bad else None)
        assert not rows or isclose(df["share"].sum(), 1)


def test_three_of_three_do_not_beat_ninety_of_a_hundred() -> None:
    records = [
        {"created_at": None, "status": status, "source": source}
        for source, status, number in (
            *(("few", "success", 3), ("many", "success", 90)),
            *(("many", "failed", 10), ("none", "cancelled", 5)),
        )
        for _ in range(number)
    ]
    df = appointment_statistics(records).rates("source")
    assert df["value"].to_list() == ["many", "none", "few"]
    best = df.sort("low", descending=True, nulls_last=True)
    assert best["value"].to_list() == ["many", "few", "none"]
    assert best.row(2) == ("none", 5, 5 / 108, None, None, None)


def test_nothing_has_no_rate() -> None:
    df = AppointmentStatistics.empty().rates("utm_campaign")
    assert (df.schema, df.height) == (SCHEMA, 0)


def test_an_unknown_dimension_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown dimension 'clinic'"):
        AppointmentStatistics.empty().rates("clinic")
