import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.batch.parts import keep, keep_all, kept_request, merge_parts
from stats_core.request import Request
from stats_core.sample import integration_ids, sample_records

NEW_YORK = "America/New_York"
ID = integration_ids(1)[0]
IN_NEW_YORK = Request(timezone=NEW_YORK)
EACH = Request(by_integration=True)


def merged(*paths: Path) -> AppointmentStatistics:
    return AppointmentStatistics(merge_parts([*map(str, paths)]))


def of_each(records: pl.DataFrame) -> pl.DataFrame:
    parts = statistics_by_integration(records).items()
    return pl.concat(
        stats.frame.select(pl.lit(key).alias("integration_id"), pl.all())
        for key, stats in parts
    )


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
    assert merged(*tmp_path.iterdir()) == month
    assert month.dashboard().model_dump_json() == (
        merge_statistics(
            AppointmentStatistics.from_frame(pl.read_parquet(path))
            for path in tmp_path.iterdir()
        )
        .dashboard()
        .model_dump_json()
    )


@pytest.fixture
def stats() -> AppointmentStatistics:
    records = sample_records(90).drop("integration_id")
    return appointment_statistics(records, timezone=NEW_YORK)


def test_a_part_holds_its_question(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    path = tmp_path / "a.parquet"
    request = Request(timezone=NEW_YORK, query={"search": "ana"})
    keep(stats.frame, request, path)
    assert merged(path) == stats
    assert list(tmp_path.iterdir()) == [path]
    assert pl.read_parquet_metadata(path)["stats_core"] == (
        '{"timezone": "America/New_York", "integration_id": null, '
        '"appointment_type": null, "search": "ana", "breakdowns": "", "where": "", "hours": ""}'
    )


def test_a_question_is_the_same_in_any_words(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    for number, search in enumerate(["ana  CLINIC", " CLINIC ana\tana "]):
        request = Request(
            timezone=NEW_YORK, query={"search": search, "page": number + 1}
        )
        keep(stats.frame, request, tmp_path / f"{number}.parquet")
    assert merged(*tmp_path.iterdir()) == stats + stats


@pytest.mark.parametrize(
    ("request_of_other", "difference"),
    [
        (Request(timezone="UTC"), f"`timezone`: 'UTC' instead of '{NEW_YORK}'"),
        (
            Request(timezone=NEW_YORK, integration_id=ID),
            f"`integration_id`: '{ID}' instead of not given",
        ),
        (
            Request(query={"appointment_type": "NP", "search": "ana"}),
            (
                f"`timezone`: 'UTC' instead of '{NEW_YORK}'; "
                "`appointment_type`: 'NP' instead of not given; "
                "`search`: 'ana' instead of not given"
            ),
        ),
        (
            Request(timezone=NEW_YORK, layout={"breakdowns": {"b": "c", "a": "c"}}),
            "`breakdowns`: 'a, b' instead of not given",
        ),
        (
            Request(timezone=NEW_YORK, where={"outcome": ["failed"]}),
            '`where`: \'{"outcome": ["failed"]}\' instead of not given',
        ),
        (
            Request(timezone=NEW_YORK, hours=True),
            "`hours`: 'counted' instead of not given",
        ),
        (None, "`question`: not kept instead of kept"),
    ],
)
def test_parts_of_different_questions_do_not_add_up(
    tmp_path: Path,
    stats: AppointmentStatistics,
    request_of_other: Request | None,
    difference: str,
) -> None:
    one, other = tmp_path / "a.parquet", tmp_path / "b.parquet"
    keep(stats.frame, IN_NEW_YORK, one)
    if request_of_other is None:
        stats.to_frame().write_parquet(other)
    else:
        keep(stats.frame, request_of_other, other)
    with pytest.raises(InvalidRecordsError) as caught:
        merged(one, other)
    [fault] = caught.value.faults
    assert fault == f"{other}: answers another question than {one}: {difference}"


def test_parts_of_each_integration_add_up_to_each(tmp_path: Path) -> None:
    whole = sample_records(300).collect()
    for number, part in enumerate((whole[:120], whole[120:])):
        keep(of_each(part), EACH, tmp_path / f"{number}.parquet")
    nothing = of_each(whole).clear()
    keep(nothing, EACH, tmp_path / "nothing.parquet")
    paths = sorted(map(str, tmp_path.iterdir()))
    assert_frame_equal(merge_parts(paths), of_each(whole))
    assert_frame_equal(merge_parts(paths[2:]), nothing)


def test_one_and_each_integration_do_not_add_up(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats.frame, IN_NEW_YORK, tmp_path / "a.parquet")
    each = stats.frame.select(pl.lit(ID).alias("integration_id"), pl.all())
    keep(each, IN_NEW_YORK, tmp_path / "b.parquet")
    with pytest.raises(
        InvalidRecordsError, match="`counts`: each integration instead of one"
    ):
        merged(*sorted(tmp_path.iterdir()))


def test_no_parts_merge_to_nothing_in_utc() -> None:
    assert merged() == AppointmentStatistics.empty("UTC")


def test_frames_without_a_question_add_up(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    for name in "ab":
        stats.to_frame().write_parquet(tmp_path / f"{name}.parquet")
    assert merged(*tmp_path.iterdir()) == stats + stats


def test_brackets_in_the_name_of_a_part_are_no_glob(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats.frame, IN_NEW_YORK, tmp_path / "a1.parquet")
    keep(AppointmentStatistics.empty().frame, EACH, tmp_path / "a[1].parquet")
    assert merged(tmp_path / "a[1].parquet").total == 0


def test_foreign_and_broken_files_are_no_parts(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats.frame, IN_NEW_YORK, tmp_path / "part.parquet")
    half = (tmp_path / "part.parquet").read_bytes()[:-9]
    (tmp_path / "part.parquet").write_bytes(half)
    with pytest.raises(InvalidRecordsError, match=r"part\.parquet: .*[Pp]arquet"):
        merged(tmp_path / "part.parquet")
    for records in (sample_records(9), sample_records(9).drop("integration_id")):
        records.collect().write_parquet(tmp_path / "records.parquet")
        with pytest.raises(InvalidRecordsError, match=r"records.*not partial stat"):
            merged(tmp_path / "records.parquet")


def test_a_part_that_breaks_while_it_is_read_is_named(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    path = tmp_path / "a.parquet"
    keep(stats.frame, IN_NEW_YORK, path)
    whole = bytearray(path.read_bytes())
    whole[4:200] = bytes(196)
    path.write_bytes(whole)
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: "):
        merged(path)


def test_an_unfinished_part_is_no_part(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    with pytest.raises(OSError, match="none"):
        keep(stats.frame, IN_NEW_YORK, tmp_path / "none" / "a.parquet")
    assert not list(tmp_path.iterdir())


def test_a_part_that_was_changed_is_named_with_every_fault(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    for name in "ab":
        changed = stats.frame.with_columns(
            pl.col("count") + (pl.col("section") == "total")
        )
        keep(changed, IN_NEW_YORK, tmp_path / f"{name}.parquet")
    with pytest.raises(InvalidRecordsError) as caught:
        merged(*tmp_path.iterdir())
    named = [fault.split(": ")[0] for fault in caught.value.faults]
    assert named == [str(tmp_path / f"{name}.parquet") for name in "aaaaabbbbb"]
    assert "the counts add up to 90, not to the total of 91" in caught.value.faults[0]


def test_unlike_parts_are_told_with_those_that_cannot_be_read(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    keep(stats.frame, IN_NEW_YORK, tmp_path / "a.parquet")
    keep(stats.frame, Request(), tmp_path / "b.parquet")
    (tmp_path / "c.parquet").touch()
    with pytest.raises(InvalidRecordsError) as caught:
        merged(*sorted(tmp_path.iterdir()))
    named = [Path(fault.split(": ")[0]).name for fault in caught.value.faults]
    assert named == ["b.parquet", "c.parquet"]


def test_a_file_without_json_where_its_question_should_be_is_no_part(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    path = tmp_path / "a.parquet"
    stats.frame.write_parquet(path, metadata={"stats_core": "{"})
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: not a part that"):
        merged(path)


def test_a_part_knows_its_filters(tmp_path: Path, stats: AppointmentStatistics) -> None:
    path = tmp_path / "a.parquet"
    layout = RecordLayout(breakdowns={"a, b": "c"})
    for request in (
        Request(),
        Request(query={"search": "ana b", "appointment_type": "NP"}),
        Request(where={"a, b": ["x"], "outcome": "failed"}, layout=layout),
        Request(integration_id=ID, where={"source": ["b", "a"]}),
    ):
        keep(stats.frame, request, path)
        found = kept_request(str(path))
        assert found.query == request.query
        assert found.where == request.where
        assert found.integration_id == request.integration_id
    stats.frame.write_parquet(path)
    assert kept_request(str(path)) == Request()


@pytest.mark.parametrize("where", ["{", "5", '"a"', '{"outcome": ["lost"]}'])
def test_a_question_that_no_request_has_is_no_part(
    tmp_path: Path, stats: AppointmentStatistics, where: str
) -> None:
    path = tmp_path / "a.parquet"
    question = json.dumps({"where": where})
    stats.frame.write_parquet(path, metadata={"stats_core": question})
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: not a part that"):
        kept_request(str(path))


def test_parts_are_all_kept_or_none(
    tmp_path: Path, stats: AppointmentStatistics
) -> None:
    before = tmp_path / "a.parquet"
    before.write_text("before")

    def parts() -> Iterator[tuple[Path, Request, pl.DataFrame]]:
        yield before, IN_NEW_YORK, stats.frame
        yield tmp_path / "b.parquet", IN_NEW_YORK, stats.frame
        raise InvalidRecordsError

    with pytest.raises(InvalidRecordsError):
        keep_all(parts())
    assert list(tmp_path.iterdir()) == [before]
    assert before.read_text() == "before"
