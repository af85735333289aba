import pickle
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.integrations import (
    INTEGRATIONS_SCHEMA,
    checked_integrations,
    integrations_frame,
    merge_integrations,
)
from stats_core.partials import tree_sum
from stats_core.parts import Question, keep, merged
from stats_core.sample import integration_ids, sample_records
from tests.strategies import SCOPED_SCHEMA, Case, cases, documents, frame

NEW_YORK = "America/New_York"
ID = integration_ids(1)[0]


def thirty_days(first: date) -> pl.DataFrame:
    start = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(NEW_YORK))
    instants = [start.astimezone(UTC) + timedelta(minutes=7 * n) for n in range(6_300)]
    whole = sample_records(len(instants)).drop("integration_id").collect()
    return whole.with_columns(created_at=pl.Series(instants))


@pytest.mark.parametrize("first", [date(2024, 3, 1), date(2024, 10, 20)])
def test_thirty_daily_parts_are_the_month(tmp_path: Path, first: date) -> None:
    records = thirty_days(first)
    days = [first + timedelta(days=number) for number in range(30)]
    for day in days:
        query = StatisticsQuery(start=day, end=day)
        part = appointment_statistics(records, query, timezone=NEW_YORK)
        part.to_frame().write_parquet(tmp_path / f"{day}.parquet")
    month = appointment_statistics(
        records, StatisticsQuery(start=days[0], end=days[-1]), timezone=NEW_YORK
    )
    assert month.trends["day"].to_list() == days
    assert merged(sorted(map(str, tmp_path.iterdir()))) == month
    assert month.dashboard().model_dump_json() == (
        merge_statistics(
            AppointmentStatistics.from_frame(pl.read_parquet(path))
            for path in tmp_path.iterdir()
        )
        .dashboard()
        .model_dump_json()
    )


@given(data=st.data())
def test_integrations_of_any_split_add_up(data: st.DataObject) -> None:
    whole = frame(data.draw(documents(scoped=True)), SCOPED_SCHEMA)
    cuts = sorted(data.draw(st.lists(st.integers(0, whole.height), max_size=3)))
    edges = [0, *cuts, whole.height]
    parts = [whole[start:stop] for start, stop in pairwise(edges)]
    found = merge_integrations(map(statistics_by_integration, parts))
    assert found == statistics_by_integration(whole)
    assert list(found) == sorted(found)
    for stats in found.values():
        stats.check()


@given(case=cases())
def test_a_part_survives_a_pickle_and_both_formats(case: Case) -> None:
    stats = appointment_statistics(
        frame(case.documents), case.query, timezone=case.zone
    )
    kept = stats.to_frame()
    for write, read in (
        (pl.DataFrame.write_parquet, pl.read_parquet),
        (pl.DataFrame.write_ipc, pl.read_ipc),
    ):
        file = BytesIO()
        write(kept, file)
        file.seek(0)
        again = AppointmentStatistics.from_frame(read(file))
        assert again == stats
        assert again.to_frame().equals(kept)
    assert pickle.loads(pickle.dumps(stats)) == stats  # noqa: S301 - its own


@pytest.mark.parametrize("parts", [0, 1, 2, 255, 256, 257, 2_000])
def test_any_number_of_parts_add_up_as_they_come(parts: int) -> None:
    one = appointment_statistics([{"created_at": "2024-05-01", "status": "failed"}])
    stats = merge_statistics(one for _ in range(parts))
    assert (stats.total, stats.source["failed"].sum()) == (parts, parts)


def test_few_parts_are_held_at_once() -> None:
    most = 0

    def add(numbers: Sequence[int]) -> int:
        nonlocal most
        most = max(most, len(numbers))
        return sum(numbers)

    assert tree_sum(iter(range(10_000)), add, width=8) == sum(range(10_000))
    assert most <= 8 * 5


@pytest.fixture
def stats() -> AppointmentStatistics:
    records = sample_records(90).drop("integration_id")
    return appointment_statistics(records, timezone=NEW_YORK)


def test_a_part_holds_its_question(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    path = tmp_path / "a.parquet"
    keep(stats, Question(timezone=NEW_YORK, search="ana"), path)
    assert merged([str(path)]) == stats
    assert list(tmp_path.iterdir()) == [path]
    assert pl.read_parquet_metadata(path)["stats_core"] == (
        '{"timezone": "America/New_York", "integration_id": null, '
        '"appointment_type": null, "search": "ana"}'
    )


@pytest.mark.parametrize(
    "question",
    [
        Question(timezone="UTC"),
        Question(NEW_YORK, integration_id=ID),
        Question(NEW_YORK, appointment_type="NP"),
        Question(NEW_YORK, search="ana"),
        None,
    ],
)
def test_parts_of_different_questions_do_not_add_up(
    tmp_path: Path, stats: AppointmentStatistics, question: Question | None
) -> None:
    one, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    keep(stats, Question(NEW_YORK), one)
    if question is None:
        stats.to_frame().write_parquet(other)
    else:
        keep(stats, question, other)
    with pytest.raises(InvalidRecordsError) as caught:
        merged([str(one), str(other)])
    assert [fault.split(": ")[0] for fault in caught.value.faults] == [
        str(one),
        str(other),
    ]


def test_parts_of_each_integration_add_up_to_each(tmp_path: Path) -> None:
    whole = sample_records(300).collect()
    for number, part in enumerate((whole[:120], whole[120:], whole[:0])):
        answer = statistics_by_integration(part)
        keep(answer, Question(), tmp_path / f"{number}.parquet")
    paths = sorted(map(str, tmp_path.iterdir()))
    assert merged(paths) == statistics_by_integration(whole)
    assert merged(paths[2:]) == {}


def test_one_and_each_integration_do_not_add_up(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats, Question(NEW_YORK), tmp_path / "a.parquet")
    keep({ID: stats}, Question(NEW_YORK), tmp_path / "b.parquet")
    with pytest.raises(InvalidRecordsError, match="other question: each integration"):
        merged(sorted(map(str, tmp_path.iterdir())))


def test_foreign_and_broken_files_are_no_parts(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats, Question(), tmp_path / "part.parquet")
    half = (tmp_path / "part.parquet").read_bytes()[:-9]
    (tmp_path / "part.parquet").write_bytes(half)
    with pytest.raises(InvalidRecordsError, match=r"part\.parquet: .*[Pp]arquet"):
        merged([str(tmp_path / "part.parquet")])
    for records in (sample_records(9), sample_records(9).drop("integration_id")):
        records.collect().write_parquet(tmp_path / "records.parquet")
        with pytest.raises(InvalidRecordsError, match=r"records.*not partial stat"):
            merged([str(tmp_path / "records.parquet")])


def test_a_part_that_breaks_while_it_is_read_is_named(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    path = tmp_path / "a.parquet"
    keep(stats, Question(), path)
    whole = bytearray(path.read_bytes())
    whole[4:200] = bytes(196)
    path.write_bytes(whole)
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: "):
        merged([str(path)])


def test_an_unfinished_part_is_no_part(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    with pytest.raises(OSError, match="none"):
        keep(stats, Question(), tmp_path / "none" / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_integrations_of_different_zones_do_not_add_up() -> None:
    parts = [{ID: AppointmentStatistics.empty(zone)} for zone in ("UTC", NEW_YORK)]
    with pytest.raises(InvalidRecordsError, match="America/New_York, UTC"):
        merge_integrations(parts)


def test_a_frame_of_integrations_is_checked(stats: AppointmentStatistics) -> None:
    kept = integrations_frame({ID: stats})
    assert checked_integrations(kept) is kept
    nothing = INTEGRATIONS_SCHEMA.to_frame()
    assert checked_integrations(nothing) is nothing
    wrong = kept.filter(pl.col("section") != "undated").with_columns(
        integration_id=pl.lit("x"), timezone=pl.lit(None, pl.String)
    )
    with pytest.raises(InvalidRecordsError) as caught:
        checked_integrations(wrong)
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["`integration_id`", "`section`", "`timezone`"]
