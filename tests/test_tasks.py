import pickle
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.batch.tasks import (
    TaskResult,
    count_files,
    count_task,
    merged,
    split_paths,
)
from stats_core.request import Request
from stats_core.results.partials import by_integration
from stats_core.sample import integration_ids, sample_records

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROWS = pl.DataFrame(
    {"created_at": [AT, AT], "status": ["failed", "success"], "source": ["web", None]}
)
ALL = Request()
ADS = Request(layout=RecordLayout(utm_source="ads"))
EACH = Request(by_integration=True)
ID = integration_ids(1)[0]
ABSENT = (
    "`ads`: absent, needed as `utm_source`; "
    "the columns are `created_at`, `status`, `source`"
)


def write(folder: Path, *frames: pl.DataFrame) -> list[str]:
    for number, df in enumerate(frames):
        df.write_parquet(folder / f"{number:03}.parquet")
    return sorted(str(path) for path in folder.iterdir())


def in_tasks(paths: list[str], request: Request) -> pl.DataFrame:
    return merged(count_task([path], request) for path in paths)


def faults(paths: list[str], request: Request) -> list[str]:
    with pytest.raises(InvalidRecordsError) as here:
        count_files(paths, request)
    with pytest.raises(InvalidRecordsError) as in_many:
        in_tasks(paths, request)
    assert here.value.faults == in_many.value.faults
    folder = str(Path(paths[0]).parent)
    return [fault.removeprefix(f"{folder}/") for fault in here.value.faults]


@pytest.mark.parametrize("request_", [Request(integration_id=ID), EACH])
def test_tasks_count_as_one_process_and_as_one_frame(
    tmp_path: Path, request_: Request
) -> None:
    whole = sample_records(300).collect()
    paths = write(tmp_path, whole[:40], whole[40:41].drop("clinic"), whole[41:])
    found = count_files(paths, request_)
    assert_frame_equal(found, in_tasks(paths, request_))
    if request_.by_integration:
        each = statistics_by_integration(whole)
        assert list(each) == integration_ids(3)
        parts = by_integration(found)
        assert {key: AppointmentStatistics(df) for key, df in parts.items()} == each
    else:
        one = appointment_statistics(whole, integration_id=ID)
        assert AppointmentStatistics(found) == one


def test_a_column_that_one_file_lacks_is_unset_there(tmp_path: Path) -> None:
    paths = write(tmp_path, ROWS, ROWS.with_columns(ads=pl.lit("x")), ROWS)
    for partial in (count_files(paths, ADS), in_tasks(paths, ADS)):
        assert AppointmentStatistics(partial).utm_source.rows() == [
            ("direct", 4, 4, 2, 2, 0),
            ("x", 2, 0, 1, 1, 0),
        ]


def test_a_status_that_one_file_lacks_is_other_there(tmp_path: Path) -> None:
    paths = write(tmp_path, ROWS, ROWS.drop("status"))
    for partial in (count_files(paths, ALL), in_tasks(paths, ALL)):
        assert AppointmentStatistics(partial).trends.rows() == [(AT.date(), 1, 1, 2)]


def test_an_instant_that_one_file_lacks_is_undated_there(tmp_path: Path) -> None:
    paths = write(tmp_path, ROWS, ROWS.drop("created_at"))
    for partial in (count_files(paths, ALL), in_tasks(paths, ALL)):
        stats = AppointmentStatistics(partial)
        assert (stats.total, stats.undated) == (4, 2)


def test_records_of_a_file_without_integrations_belong_to_none(tmp_path: Path) -> None:
    scoped = ROWS.with_columns(integration_id=pl.lit(ID))
    paths = write(tmp_path, scoped, ROWS)
    request = Request(integration_id=ID)
    for partial in (count_files(paths, request), in_tasks(paths, request)):
        assert AppointmentStatistics(partial).total == 2
    for partial in (count_files(paths, EACH), in_tasks(paths, EACH)):
        assert partial.filter(section="total")["count"].to_list() == [2]


def test_a_named_column_that_no_file_has_is_refused_without_a_file(
    tmp_path: Path,
) -> None:
    paths = write(tmp_path, ROWS.drop("source"), ROWS, ROWS.drop("source"))
    assert faults(paths, ADS) == [ABSENT]


def test_the_columns_of_all_files_are_listed(tmp_path: Path) -> None:
    paths = write(tmp_path, ROWS.rename({"source": "from"}), ROWS.drop("source"), ROWS)
    assert faults(paths, ADS) == [ABSENT.replace("`source`", "`from`, `source`")]


def test_a_search_needs_text_in_one_file_at_least(tmp_path: Path) -> None:
    paths = write(tmp_path, ROWS, ROWS)
    request = Request(query={"search": "ana"})
    [fault] = faults(paths, request)
    assert fault == (
        "`search`: the records have no text column to search in; those that hold a "
        "field are not searched unless `layout.search` (`--search-in`) names them; "
        "the columns are `created_at`, `status`, `source`"
    )
    paths = write(tmp_path, ROWS.with_columns(name=pl.lit("Ana")))
    for partial in (count_files(paths, request), in_tasks(paths, request)):
        assert AppointmentStatistics(partial).total == 2


def test_a_file_that_is_not_opened_may_have_the_column(tmp_path: Path) -> None:
    held = ROWS.with_columns(ads=pl.lit("x"), status=pl.lit(b"x"))
    paths = write(tmp_path, ROWS, held)
    wrong = "001.parquet: `status`: expected text, found `Binary`"
    assert faults(paths, ADS) == [wrong]
    layout = RecordLayout(utm_source="ads", utm_medium="medium")
    absent, wrong_type = sorted(faults(paths, Request(layout=layout)), reverse=True)
    assert absent.startswith("`medium`: absent, needed as `utm_medium`; the columns")
    assert wrong_type == wrong
    (tmp_path / "001.parquet").write_bytes(b"PAR1 and no more")
    [fault] = faults(paths, ADS)
    assert fault.startswith("001.parquet: ")


def test_documents_that_are_not_read_to_the_end_may_have_the_column(
    tmp_path: Path,
) -> None:
    paths = write(tmp_path, ROWS)
    cut = tmp_path / "001.ndjson"
    cut.write_text('{"status": "failed"}\n{"ads": "x"')
    [fault] = faults([*paths, str(cut)], ADS)
    assert fault.startswith("001.ndjson: line 2: not JSON")


def test_a_field_that_no_document_has_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"status": "failed", "created_at": "2024-05-01"}')
    told: list[str] = []
    for partial in (
        count_files([str(path)], ADS, unset=told.extend),
        merged([count_task([str(path)], ADS)], told.extend),
    ):
        rows = AppointmentStatistics(partial).utm_source.rows()
        assert rows == [("direct", 1, 1, 0, 1, 0)]
    assert [line.split(",")[0] for line in told] == ["`ads`: absent"] * 2


def test_wrong_types_of_documents_are_named_with_their_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"status": "failed", "created_at": null, "integration_id": "a"}]')
    [fault] = faults([str(path)], ALL)
    assert fault.startswith("a.json: `integration_id`: the records carry it")


def test_what_no_file_has_is_told_with_what_cannot_be_counted(tmp_path: Path) -> None:
    soon = ROWS.with_columns(created_at=pl.lit("soon"))
    paths = write(tmp_path, ROWS, soon)
    with pytest.raises(InvalidRecordsError) as caught:
        in_tasks(paths, ADS)
    wrong, absent = caught.value.faults
    assert wrong.startswith(f"{paths[1]}: `created_at`: 2 values are not ISO 8601")
    assert absent == ABSENT


def test_the_faults_of_all_tasks_are_told_at_once(tmp_path: Path) -> None:
    broken = [ROWS.with_columns(created_at=pl.lit("soon")), ROWS.drop("source")]
    paths = write(tmp_path, ROWS, *broken, ROWS.with_columns(status=pl.lit(b"x")))
    with pytest.raises(InvalidRecordsError) as caught:
        in_tasks([*paths, "none.xlsx"], ALL)
    named = [Path(fault.split(": ")[0]).name for fault in caught.value.faults]
    assert named == ["001.parquet", "003.parquet", "none.xlsx"]


def test_files_without_a_document_lack_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").touch()
    (tmp_path / "b.json").write_text("[]")
    paths = [str(tmp_path / "a.ndjson"), str(tmp_path / "b.json")]
    for partial in (count_files(paths, ADS), in_tasks(paths, ADS)):
        assert AppointmentStatistics(partial) == AppointmentStatistics.empty()
    ROWS.write_parquet(tmp_path / "c.parquet")
    assert faults([*paths, str(tmp_path / "c.parquet")], ADS) == [ABSENT]


def test_a_task_returns_its_faults_and_its_columns(tmp_path: Path) -> None:
    [path] = write(tmp_path, ROWS.drop("status"))
    lacking = count_task([path], ALL)
    [columns] = lacking.columns
    assert columns.names == ("created_at", "source")
    assert list(columns.absent) == ["status"]
    assert lacking.partial is not None
    assert lacking.faults == ()
    gone = count_task([str(tmp_path / "gone.csv")], ALL)
    assert (gone.partial, gone.columns, len(gone.faults)) == (None, (), 1)
    assert gone.faults[0].startswith(str(tmp_path / "gone.csv"))
    [path] = write(tmp_path, ROWS.with_columns(created_at=pl.lit("soon")))
    wrong = count_task([path], ALL)
    assert wrong.partial is None
    assert (len(wrong.columns), len(wrong.faults)) == (1, 1)


def test_what_a_task_takes_and_returns_survives_a_pickle(tmp_path: Path) -> None:
    [path] = write(tmp_path, ROWS)
    request = Request(
        query={"search": "ana web", "start": "2024-05-01"}, timezone="Asia/Tokyo"
    )
    assert request.patterns
    again = pickle.loads(pickle.dumps(request))  # noqa: S301 - its own
    assert (again, again.period, again.zone) == (request, request.period, request.zone)
    result = count_task([path], ALL)
    copy = pickle.loads(pickle.dumps(result))  # noqa: S301 - its own
    assert copy.columns == result.columns
    assert_frame_equal(merged([copy]), count_files([path], ALL))


def test_a_task_may_count_many_integrations(tmp_path: Path) -> None:
    whole = sample_records(90).collect()
    paths = write(tmp_path, whole[:40], whole[40:].drop("clinic"))
    result = count_task(paths, EACH)
    assert result.partial is not None
    ids = result.partial["integration_id"].unique().sort().to_list()
    assert ids == integration_ids(3)


def test_a_period_after_all_records_is_an_empty_answer(tmp_path: Path) -> None:
    zone = "Africa/Casablanca"
    paths = write(tmp_path, ROWS.with_columns(created_at=pl.lit("2024-05-01")))
    request = Request(query={"start": "2027-05-20"}, timezone=zone)
    for partial in (count_files(paths, request), in_tasks(paths, request)):
        assert AppointmentStatistics(partial) == AppointmentStatistics.empty(zone)


def test_the_results_of_tasks_are_merged_as_they_come() -> None:
    one = TaskResult(AppointmentStatistics.empty().frame)
    results = iter([one] * 5)
    assert_frame_equal(merged(results), AppointmentStatistics.empty().frame)
    assert next(results, None) is None


@pytest.mark.parametrize("files", [1, 7, 8, 9, 1_000, 10_000])
def test_groups_have_each_file_once_in_order(files: int) -> None:
    paths = list(map(str, range(files)))
    groups = split_paths(paths, cpus=2)
    assert [path for group in groups for path in group] == paths
    sizes = set(map(len, groups))
    assert max(sizes) <= 64
    assert max(sizes) - min(sizes) <= 1


@given(files=st.integers(1, 3_000), cpus=st.integers(1, 64))
def test_many_files_make_enough_tasks_for_all_cpus(files: int, cpus: int) -> None:
    groups = split_paths(list(map(str, range(files))), cpus)
    assert len(groups) >= min(files, 4 * cpus)
    assert all(groups)
