from datetime import UTC, datetime
from operator import eq, ge, lt
from pathlib import Path

import pytest

from benchmarks.answer import is_equal
from benchmarks.cases import BY_NAME, CASES, DIRTY, Case
from benchmarks.comparisons import COMPARISONS
from benchmarks.contract import CannotError, Question
from benchmarks.data import dataset
from benchmarks.index_comparisons import random_cases
from benchmarks.measure import Measurement, peak_megabytes
from benchmarks.ours import FLOOR, INDEX, OURS, OWN, bare_plans
from benchmarks.report import markdown
from benchmarks.rivals import RIVALS, ways

ROWS = 500


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


def assert_agrees(rival: str, case: Case, folder: Path) -> None:
    records = dataset(case, ROWS, folder)
    own = OURS[OWN](records, case)()
    try:
        for way in ways(rival, records, ROWS).values():
            assert is_equal(way(case.question), own)
    except ModuleNotFoundError as reason:
        pytest.skip(f"{rival}: {reason}")
    except CannotError as reason:
        if not any(part in str(reason) for part in ("no time zones", "no table")):
            raise
        pytest.skip(f"{rival}: {reason}")


POOLED = [case for case in CASES if not case.by_integration]


@pytest.mark.parametrize("case", POOLED, ids=lambda case: case.name)
def test_a_loop_over_documents_gives_the_same_answer(case: Case, folder: Path) -> None:
    assert_agrees("Python loop", case, folder)


IN_MEMORY = [case for case in (*CASES, *DIRTY) if case.source == "memory"]


@pytest.mark.parametrize("case", IN_MEMORY, ids=lambda case: case.name)
def test_an_index_gives_the_same_answer(case: Case, folder: Path) -> None:
    records = dataset(case, ROWS, folder)
    assert OURS[INDEX](records, case)() == OURS[OWN](records, case)()


def test_an_index_does_not_compete_with_answers_from_files(folder: Path) -> None:
    case = BY_NAME["parquet-none"]
    with pytest.raises(CannotError, match="in memory"):
        OURS[INDEX](dataset(case, ROWS, folder), case)


@pytest.mark.parametrize("source", ["memory", "parquet"])
def test_duckdb_counts_each_integration_alike(source: str, folder: Path) -> None:
    assert_agrees("DuckDB", BY_NAME[f"{source}-by-integration"], folder)


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("case", DIRTY, ids=lambda case: case.name)
def test_every_rival_counts_dirty_records_alike(
    rival: str, case: Case, folder: Path
) -> None:
    assert_agrees(rival, case, folder)


@pytest.mark.parametrize("change", ["no row", "another count", "another order"])
def test_an_answer_with_one_difference_is_not_equal(change: str, folder: Path) -> None:
    case = BY_NAME["memory-none"]
    records = dataset(case, ROWS, folder)
    [way] = ways("Python loop", records, ROWS).values()
    answer, own = dict(way(case.question)), OURS[OWN](records, case)()
    assert is_equal(answer, own)
    first, second, *rest = answer["utm_medium"]
    value, *counts, other = first
    answer["utm_medium"] = {
        "no row": [first, *rest],
        "another count": [(value, *counts, other + 1), second, *rest],
        "another order": [second, first, *rest],
    }[change]
    assert not is_equal(answer, own)


def test_the_floor_counts_what_is_asked_for(folder: Path) -> None:
    for case in (BY_NAME["memory-type-date-search"], BY_NAME["parquet-date"]):
        records = dataset(case, ROWS, folder)
        total = OURS[OWN](records, case)().total
        assert {df["len"].sum() for df in bare_plans(records, case)()} == {total}
        assert 0 < total < ROWS


@pytest.mark.parametrize("name", [name for name in COMPARISONS if name != "cluster"])
def test_both_tasks_of_a_comparison_agree(name: str, folder: Path) -> None:
    ours, theirs, agree = COMPARISONS[name].works(ROWS, folder)
    assert agree(ours(), theirs())


def test_random_requests_are_seeded_and_of_every_kind(folder: Path) -> None:
    records = dataset(BY_NAME["memory-integration"], ROWS, folder)
    instants = records.frame()["created_at"]
    cases = [*random_cases(instants, 200)]
    assert cases == [*random_cases(instants, 200)]
    starts = {case.parameters["start"] for case in cases}
    assert {len(start) for start in starts} == {
        0,
        len("2024-05-01"),
        len("2024-05-01T00:00:00.123456789Z"),
    }
    assert len({case.query.appointment_type for case in cases}) == 8
    assert len({case.integration_id for case in cases}) == 6
    assert len({case.timezone for case in cases}) == 8
    assert {len(case.query.keywords()) for case in cases} >= {0, 1, 2}
    totals = [OURS[OWN](records, case)().total for case in cases[:50]]
    assert 0 in totals
    assert len(set(totals)) > 10


def test_rivals_read_dates_as_local_days_and_ends_as_inclusive() -> None:
    parameters = {
        "appointmentType": "NP",
        "start": "2024-05-01",
        "end": "2024-05-02",
        "search": " Old  TOWN ",
    }
    question = Question.parse(parameters, "America/New_York")
    assert question.words == ["old", "town"]
    assert question.conditions == [
        ("appointment_type", eq, "NP"),
        ("created_at", ge, datetime(2024, 5, 1, 4, tzinfo=UTC)),
        ("created_at", lt, datetime(2024, 5, 3, 4, tzinfo=UTC)),
    ]
    instant = Question.parse({"end": "2024-05-01T23:59:59.999Z"}, "UTC")
    end = datetime(2024, 5, 1, 23, 59, 59, 999_001, tzinfo=UTC)
    assert instant.conditions == [("created_at", lt, end)]


def test_names_of_cases_and_comparisons_are_unique() -> None:
    assert len({*BY_NAME, *COMPARISONS}) == len(CASES) + len(DIRTY) + len(COMPARISONS)


def test_a_ratio_is_the_rivals_time_divided_by_ours() -> None:
    turns: list[str] = []
    found = Measurement("none", 1, "DuckDB").timed(
        lambda: turns.append("ours"),
        lambda: turns.extend(["theirs", *("" for _ in range(10_000))][:1]),
        0.01,
    )
    assert found.ratio is not None
    assert found.ratio > 1
    assert turns == ["ours", "theirs"] * found.rounds


def test_a_process_knows_its_peak_of_memory() -> None:
    assert peak_megabytes() > 10 or not Path("/proc/self/status").exists()


def test_the_report_shows_losses_like_wins() -> None:
    case, rows = "memory-none", 10_000_000
    text = markdown(
        [
            Measurement(case, rows, "DuckDB", "filtered once", 1.0, 2.0, 2.0),
            Measurement(case, rows, "chDB", "filtered once", 1.0, 0.5, 0.5),
            Measurement(case, rows, "pandas", "not installed"),
            Measurement(case, rows, FLOOR, "", 1.0, 0.5, 0.5),
            Measurement(case, rows, OWN, "", None, 1.0, 1.0),
            Measurement(
                "documents", 50_000, "`pl.DataFrame(dicts)`", "", 1.2, 1, 1 / 1.2
            ),
            Measurement("small-10", 10, "five bare plans", "", 7.0, 1.0, 1 / 7),
            Measurement("cluster", 1_000, "one process", "", 9.0, 1.0, 1 / 9),
            Measurement("memory-type", rows, "DuckDB", "filtered once", 1.0, 2.0, 2.0),
            Measurement(case, rows, INDEX, "", 1.0, 0.0125, 0.0125),
            Measurement("index-bytes", rows, "records", "", 3e8, 1e7, 1 / 30),
            Measurement("index-build", rows, "DuckDB's load", "", 8.0, 4.0, 0.5),
        ]
    )
    assert "| case | stats_core | index | DuckDB | chDB | floor |" in text
    assert "| memory-none | 1,000 ms | **0.013** | 2.00 | **0.50** | 0.50 |" in text
    assert "| index-bytes | records | 10,000,000 | 300,000,000 | 10,000,000 |" in text
    assert "| pandas | not installed | 1 |" in text
    assert "| memory-none, DuckDB | ≥ 3 | 2.00 | **missed** |" in text
    assert "| memory-none, DuckDB against the index | ≥ 100 | 160.00 | met |" in text
    assert "memory-type, DuckDB" not in text  # the index was not measured
    assert "| index-bytes, records | ≤ 48 | 30.00 | met |" in text
    assert "| index-build, µs | ≤ 1 | 0.80 | met |" in text
    assert "| memory-none, floor | ≤ 1.2 | 2.00 | **missed** |" in text
    assert "| documents, `pl.DataFrame(dicts)` | ≤ 1.3 | 1.20 | met |" in text
    assert "| small-10, five bare plans | ≤ 6 | 7.00 | **missed** |" in text
    assert "cluster, one process" not in text  # measured with too few records
