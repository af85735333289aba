from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import polars as pl
import pytest

from stats_core import (
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.sample import integration_ids, sample_records
from tests import oracle, reference
from tests.strategies import as_answer

Engine = Literal["auto", "in-memory", "streaming"]
ENGINES: list[Engine] = ["auto", "in-memory", "streaming"]
ROWS = 60_000
# More than the library reads at a time.
VERY_MANY_ROWS = 1_200_000
IDS = integration_ids(3)
ZONE = "America/New_York"
TEXT = pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


class Question(NamedTuple):
    query: StatisticsQuery
    where: str  # the same in SQL


QUESTIONS = {
    "all": Question(StatisticsQuery(), "true"),
    "a search": Question(
        StatisticsQuery(search="ANA north"),
        """contains(lower(patient_name || ' ' || clinic), 'ana')
        AND contains(lower(patient_name || ' ' || clinic), 'north')""",
    ),
    "a window": Question(
        StatisticsQuery(start=date(2024, 3, 1), end="2025-01-31T23:59:59.999Z"),
        """created_at >= TIMESTAMPTZ '2024-03-01 05:00:00Z'
        AND created_at <= TIMESTAMPTZ '2025-01-31 23:59:59.999Z'""",
    ),
    "all filters": Question(
        StatisticsQuery(
            appointment_type="F/U", search="ina", start="2024-02-01", end="2025-06-30"
        ),
        """appointment_type = 'F/U'
        AND contains(lower(patient_name || ' ' || clinic), 'ina')
        AND created_at >= TIMESTAMPTZ '2024-02-01 05:00:00Z'
        AND created_at < TIMESTAMPTZ '2025-07-01 04:00:00Z'""",
    ),
}


@pytest.fixture(scope="module")
def records() -> pl.DataFrame:
    return sample_records(ROWS).collect()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, records: pl.DataFrame) -> Path:
    folder = tmp_path_factory.mktemp("records")
    for number, part in enumerate(records.iter_slices(ROWS // 4)):
        part.write_parquet(folder / f"{number}.parquet")
        part.with_columns(TEXT).write_parquet(folder / f"{number}.text")
        part.with_columns(TEXT).write_csv(folder / f"{number}.csv")
    return folder


@pytest.fixture(scope="module")
def expected(records: pl.DataFrame) -> Callable[[str], reference.Answer]:
    return cache(lambda where: oracle.answer(records, where, ZONE))


FORMS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    "DataFrame": lambda df, _: df,
    "DataFrame of text": lambda df, _: df.with_columns(TEXT),
    "LazyFrame": lambda df, _: df.lazy(),
    "pyarrow Table": lambda df, _: df.to_arrow(),
    "Parquet files": lambda _, folder: pl.scan_parquet(folder / "*.parquet"),
    "Parquet files of text": lambda _, folder: pl.scan_parquet(folder / "*.text"),
    "CSV files": lambda _, folder: pl.scan_csv(folder / "*.csv", infer_schema=False),
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_many_records_of_one_integration_count_as_in_sql(
    records: pl.DataFrame,
    folder: Path,
    expected: Callable[[str], reference.Answer],
    form: str,
    question: str,
    engine: Engine,
) -> None:
    query, where = QUESTIONS[question]
    stats = appointment_statistics(
        FORMS[form](records, folder),
        query,
        integration_id=IDS[1],
        timezone=ZONE,
        engine=engine,
    )
    assert as_answer(stats) == expected(f"integration_id = '{IDS[1]}' AND {where}")
    assert stats.total > 20
    stats.check()


@pytest.mark.parametrize("engine", ENGINES[:2])
@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_many_records_of_each_integration_count_as_in_sql(
    records: pl.DataFrame,
    folder: Path,
    expected: Callable[[str], reference.Answer],
    form: str,
    question: str,
    engine: Engine,
) -> None:
    query, where = QUESTIONS[question]
    found = statistics_by_integration(
        FORMS[form](records, folder), query, timezone=ZONE, engine=engine
    )
    assert list(found) == list(IDS)
    for key, stats in found.items():
        assert as_answer(stats) == expected(f"integration_id = '{key}' AND {where}")


@pytest.mark.parametrize("question", QUESTIONS)
def test_many_pooled_records_count_as_in_sql(
    records: pl.DataFrame,
    expected: Callable[[str], reference.Answer],
    question: str,
) -> None:
    query, where = QUESTIONS[question]
    pooled = records.drop("integration_id")
    whole, *parts = (
        appointment_statistics(part, query, timezone=ZONE)
        for part in (pooled, pooled[:49_999], pooled[49_999:50_000], pooled[50_000:])
    )
    assert as_answer(whole) == as_answer(merge_statistics(parts)) == expected(where)


def test_many_records_count_as_in_the_reference(records: pl.DataFrame) -> None:
    names = {"patient": "patient_name", "clinic": "clinic"}
    documents = records.with_columns(**{k: pl.col(v) for k, v in names.items()})
    ask = {"appointment_type": "F/U", "search": "NA harb", "start": "2024-11-03"}
    stats = appointment_statistics(
        records,
        StatisticsQuery.model_validate(ask),
        integration_id=IDS[0],
        timezone=ZONE,
    )
    expected = reference.answer(
        documents.iter_rows(named=True), ask, integration_id=IDS[0], timezone=ZONE
    )
    assert as_answer(stats) == expected
    assert stats.total > 20


@pytest.fixture(scope="module")
def very_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("very-many")
    whole = sample_records(VERY_MANY_ROWS, campaigns=50).collect()
    for number, part in enumerate(whole.iter_slices(VERY_MANY_ROWS // 5)):
        part.write_parquet(folder / f"{number}.parquet")
    yield folder
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    ("question", "text"),
    [("all", False), ("a window", False), ("all", True), ("all filters", True)],
)
def test_files_of_very_many_records_count_as_in_sql(
    very_many: Path, question: str, *, text: bool
) -> None:
    query, where = QUESTIONS[question]
    records = pl.scan_parquet(very_many / "*.parquet").drop("integration_id")
    records = records.with_columns(TEXT) if text else records
    stats = appointment_statistics(records, query, timezone=ZONE)
    assert as_answer(stats) == oracle.answer(very_many, where, ZONE)
    assert stats.total > 20
