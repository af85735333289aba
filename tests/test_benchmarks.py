from datetime import timedelta
from pathlib import Path

import pytest

from benchmarks.answer import CannotError, response, statistics
from benchmarks.cases import BY_NAME, CASES, DIRTY, END_TO_END, Case
from benchmarks.data import held
from benchmarks.figures import Compared, Figure
from benchmarks.measure import interleaved, peak_megabytes
from benchmarks.ours import counting
from benchmarks.report import markdown
from benchmarks.rivals import RIVALS, ways
from benchmarks.targets import targets
from stats_core.days import EPOCH

MICROSECOND = timedelta(microseconds=1)
EVERY_CASE = (*CASES, *END_TO_END, *DIRTY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


def agree(rival: str, case: Case, folder: Path) -> None:
    records = held(case, 500, folder)
    ours = counting(records, case)()
    for way in ways(rival, records, 500).values():
        answer = way(case.question)
        if case.json:
            assert response(answer, case.timezone) == ours
        else:
            assert statistics(answer, case.timezone) == ours


@pytest.mark.parametrize("case", EVERY_CASE, ids=lambda case: case.name)
def test_a_loop_over_documents_gives_the_same_answer(case: Case, folder: Path) -> None:
    agree("Python loop", case, folder)


@pytest.mark.parametrize("rival", [name for name in RIVALS if name != "Python loop"])
@pytest.mark.parametrize("case", DIRTY, ids=lambda case: case.name)
def test_every_rival_counts_dirty_records_alike_or_says_why_it_cannot(
    rival: str, case: Case, folder: Path
) -> None:
    try:
        agree(rival, case, folder)
    except CannotError as reason:
        known = ("not installed", "no time zones", "no table")
        if not any(part in str(reason) for part in known):
            raise
        pytest.skip(f"{rival}: {reason}")


def test_both_readings_of_a_request_are_the_same_period() -> None:
    for case in EVERY_CASE:
        bounds = case.question.start, case.question.end
        period = case.query.period(case.timezone)
        for bound, nanoseconds in zip(bounds, period, strict=True):
            assert (bound is None) == (nanoseconds is None)
            if bound is not None and nanoseconds is not None:
                # In the records' microseconds, rounded up.
                assert (bound - EPOCH) // MICROSECOND == -(-nanoseconds // 1_000)


def test_names_of_cases_are_unique() -> None:
    assert len(BY_NAME) == len(EVERY_CASE)


def test_a_ratio_is_of_the_second_to_the_first() -> None:
    turns: list[str] = []
    pair = interleaved(
        lambda: turns.append("first"),
        lambda: turns.extend(["second", *("" for _ in range(10_000))][:1]),
        0.01,
    )
    assert pair.ratio > 1
    assert turns == ["first", "second"] * pair.rounds
    assert peak_megabytes() > 10


def test_a_loss_stands_in_the_report_like_a_win() -> None:
    slow = Figure("memory-none", 10_000_000, "DuckDB", first=1.0, second=2.0, ratio=2.0)
    fast = Figure("memory-none", 10_000_000, "chDB", first=1.0, second=0.5, ratio=0.5)
    cannot = Figure("memory-none", 10_000_000, "pandas", note="not installed: pandas")
    growth = Compared(10_000_000, "UTC", "America/New_York", 1.0, 1.1, 1.1, 3)
    found = targets([slow], [growth])
    assert [target.met for target in found] == [False, True]
    text = markdown([slow, fast, cannot], [growth], found)
    assert "| memory-none | 1,000 ms | 2.00 |  | **0.50** |" in text
    assert "| pandas | not installed: pandas |" in text
    assert "| **missed** |" in text
