import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    appointment_statistics,
)
from stats_core.batch.files import (
    FileGroup,
    count_groups,
    file_groups,
)
from stats_core.batch.formats import file_format
from stats_core.batch.paths import file_paths
from stats_core.batch.tasks import count_files
from stats_core.records.canonical import CanonicalFrame, canonical_scan
from stats_core.records.columns import Columns
from stats_core.request import Request

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROWS = pl.DataFrame(
    {"created_at": [AT, AT], "status": ["failed", "success"], "source": ["web", None]}
)
ALL = Request()


def groups(*sources: Path | str, request: Request = ALL) -> list[FileGroup]:
    return file_groups(file_paths(map(str, sources)), request)


def counted(*sources: Path | str, request: Request = ALL) -> AppointmentStatistics:
    paths = file_paths(map(str, sources))
    stats = AppointmentStatistics(count_files(paths, request))
    stats.check()
    return stats


def records(group: FileGroup) -> CanonicalFrame:
    assert group.frame is not None
    return group.frame


def write(df: pl.DataFrame, path: Path) -> Path:
    match file_format(str(path)):
        case "parquet":
            df.write_parquet(path)
        case "ndjson":
            df.write_ndjson(path)
        case "csv":
            df.write_csv(path)
        case "ipc":
            df.write_ipc(path)
        case "json":
            path.write_text(json.dumps(df.to_dicts(), default=str))
    return path


@pytest.mark.parametrize(
    "name", ["a.parquet", "a.pq", "a.ndjson", "a.jsonl", "a.csv", "a.arrow", "a.json"]
)
def test_every_format_gives_the_same_answer(tmp_path: Path, name: str) -> None:
    assert counted(write(ROWS, tmp_path / name)) == appointment_statistics(ROWS)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "arrow"])
def test_several_files_are_one_scan(tmp_path: Path, suffix: str) -> None:
    for number in range(3):
        write(ROWS, tmp_path / f"{number}.{suffix}")
    paths = file_paths([str(tmp_path / f"*.{suffix}")])
    assert [Path(path).stem for path in paths] == ["0", "1", "2"]
    [group] = groups(*paths)
    assert group.paths == paths
    assert counted(*paths).total == 6


@pytest.mark.parametrize("suffix", ["ndjson", "json"])
def test_each_file_of_documents_is_read_in_batches(tmp_path: Path, suffix: str) -> None:
    paths = [str(write(ROWS, tmp_path / f"{number}.{suffix}")) for number in range(3)]
    assert groups(*paths) == [FileGroup([path], None) for path in paths]
    assert counted(*paths).total == 6


def test_brackets_in_a_file_name_are_no_glob(tmp_path: Path) -> None:
    assert counted(write(ROWS, tmp_path / "a[1].parquet")).total == 2


def test_a_column_that_one_file_lacks_is_unset_there(tmp_path: Path) -> None:
    write(ROWS.with_columns(ads=pl.lit("x")), tmp_path / "a.parquet")
    write(ROWS, tmp_path / "b.parquet")
    request = Request(layout=RecordLayout(utm_source="ads"))
    stats = counted(tmp_path / "*.parquet", request=request)
    assert stats.utm_source.rows() == [("direct", 2, 2, 1, 1, 0), ("x", 2, 0, 1, 1, 0)]


def test_types_and_formats_may_differ_from_file_to_file(tmp_path: Path) -> None:
    in_tokyo = ROWS.cast({"created_at": pl.Datetime("ms", "Asia/Tokyo")})
    write(ROWS, tmp_path / "a.parquet")
    write(in_tokyo, tmp_path / "b.parquet")
    write(ROWS, tmp_path / "c.csv")
    assert counted(*tmp_path.iterdir()).trends.rows() == [(AT.date(), 3, 3, 0)]


def test_an_impossible_type_is_named_with_its_file(tmp_path: Path) -> None:
    write(ROWS, tmp_path / "a.parquet")
    write(ROWS.with_columns(created_at=pl.lit(1)), tmp_path / "b.parquet")
    with pytest.raises(InvalidRecordsError, match=r"b\.parquet: `created_at`.*Int"):
        counted(tmp_path / "*.parquet")


def test_a_fault_among_alike_files_is_named_with_its_file(tmp_path: Path) -> None:
    text = ROWS.with_columns(created_at=pl.lit("2024-05-01"))
    for number in range(4):
        write(text, tmp_path / f"{number}.parquet")
    write(text.with_columns(created_at=pl.lit("soon")), tmp_path / "2.parquet")
    with pytest.raises(InvalidRecordsError) as caught:
        counted(tmp_path / "*.parquet")
    [fault] = caught.value.faults
    assert fault.startswith(str(tmp_path / "2.parquet"))
    assert "'soon' (row 0)" in fault


def test_a_fault_that_no_single_file_shows_is_still_raised(tmp_path: Path) -> None:
    paths = [str(write(ROWS, tmp_path / f"{name}.parquet")) for name in "ab"]
    soon = ROWS.with_columns(created_at=pl.lit("soon"))
    group = FileGroup(paths, canonical_scan(soon.lazy(), ALL))
    with pytest.raises(InvalidRecordsError, match=r"^`created_at`: 2 values"):
        list(count_groups([group], ALL))


def test_every_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "half.parquet").write_bytes(b"PAR1 and no more")
    (tmp_path / "half.ndjson").write_text('{"status": "failed"}\n{"sta')
    (tmp_path / "empty.csv").touch()
    (tmp_path / "text.json").write_text('"status"')
    (tmp_path / "half.json").write_text("[{")
    (tmp_path / "notes.txt").touch()
    write(ROWS, tmp_path / "whole.json")
    with pytest.raises(InvalidRecordsError) as caught:
        counted(*tmp_path.iterdir())
    named = {Path(fault.split(": ")[0]).name for fault in caught.value.faults}
    assert named == {path.name for path in tmp_path.iterdir()} - {"whole.json"}


def test_a_file_that_breaks_while_it_is_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "ragged.csv").write_text("created_at,status\n2024-05-01,failed,3\n")
    with pytest.raises(InvalidRecordsError, match=r"ragged\.csv: line 2: 3 fields"):
        counted(tmp_path / "ragged.csv")


def test_a_file_that_is_gone_when_it_is_read_is_named(tmp_path: Path) -> None:
    path = write(ROWS, tmp_path / "a.parquet")
    found = groups(path)
    path.unlink()
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: "):
        list(count_groups(found, ALL))


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_globs_in_urls_are_left_to_polars(tmp_path: Path, suffix: str) -> None:
    for number in range(2):
        write(ROWS, tmp_path / f"{number}.{suffix}")
    assert counted(f"{tmp_path.as_uri()}/*.{suffix}").total == 4


def test_a_nested_field_that_one_file_lacks_is_unset_there(tmp_path: Path) -> None:
    for number, name in enumerate(["utm_source", "utm_medium"]):
        config = pl.struct(pl.lit("x").alias(name)).alias("config")
        write(ROWS.with_columns(config), tmp_path / f"{number}.parquet")
    write(ROWS, tmp_path / "none.parquet")
    layout = RecordLayout(utm_source="config.utm_source", search=("config.utm_medium",))
    stats = counted(tmp_path / "*.parquet", request=Request(layout=layout))
    assert stats.utm_source.rows() == [("direct", 4, 4, 2, 2, 0), ("x", 2, 0, 1, 1, 0)]


def test_a_file_without_text_is_searched_in_vain(tmp_path: Path) -> None:
    write(ROWS.with_columns(name=pl.lit("ana")), tmp_path / "a.parquet")
    write(ROWS, tmp_path / "b.parquet")
    request = Request(query={"search": "ana"})
    assert counted(tmp_path / "*.parquet", request=request).total == 2
    [found] = count_groups(groups(tmp_path / "b.parquet", request=request), request)
    assert AppointmentStatistics(found.partial).total == 0


@pytest.mark.parametrize(("name", "text"), [("a.json", "[]"), ("a.ndjson", "")])
def test_files_without_a_document_are_an_empty_answer(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert counted(tmp_path / name) == AppointmentStatistics.empty()
    assert counted(tmp_path / name, write(ROWS, tmp_path / "b.parquet")).total == 2


def test_csv_values_are_text_as_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("created_at,status,utm_campaign\n2024-05-01,1,007\n,1,\n")
    request = Request(layout=RecordLayout(successful=frozenset({"1"})))
    stats = counted(path, request=request)
    assert stats.utm_campaign.rows() == [
        ("007", 1, 0, 1, 0, 0),
        ("not set", 1, 1, 1, 0, 0),
    ]
    assert stats.undated == 1


def test_ndjson_fields_first_seen_late_are_read(tmp_path: Path) -> None:
    late = {"created_at": None, "status": None, "config": {"utm_source": "late"}}
    lines = ['{"created_at": null, "status": null}'] * 500 + [json.dumps(late)]
    (tmp_path / "a.ndjson").write_text("\n".join(lines))
    layout = RecordLayout(utm_source="config.utm_source")
    stats = counted(tmp_path / "a.ndjson", request=Request(layout=layout))
    assert ("late", 1, 0, 0, 0, 1) in stats.utm_source.rows()


@pytest.mark.parametrize(
    "at",
    ['"2024-05-01T12:00:00Z"', '{"$numberLong": "1714564800000"}', "1714564800000"],
)
@pytest.mark.parametrize("name", ["a.ndjson", "a.json"])
def test_database_exports_are_unwrapped(tmp_path: Path, name: str, at: str) -> None:
    integration = '"integration_id": {"$oid": "5eb7cf5a86d9755df3a6c593"}'
    line = f'{{{integration}, "status": "failed", "created_at": {{"$date": {at}}}}}'
    (tmp_path / name).write_text(f"[{line}]" if name == "a.json" else line)
    request = Request(integration_id="5eb7cf5a86d9755df3a6c593")
    stats = counted(tmp_path / name, request=request)
    assert stats.trends.rows() == [(AT.date(), 0, 1, 0)]


def test_compressed_text_is_read(tmp_path: Path) -> None:
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(ROWS.write_csv())
    assert counted(tmp_path / "a.csv.gz").total == 2


@pytest.mark.parametrize("suffix", ["parquet", "ndjson", "csv", "arrow", "json"])
def test_each_file_with_brackets_in_its_name_counts_once(
    tmp_path: Path, suffix: str
) -> None:
    write(ROWS, tmp_path / f"x1.{suffix}")
    write(ROWS.head(1), tmp_path / f"x[1].{suffix}")
    assert counted(tmp_path / f"x[1].{suffix}").total == 1
    assert counted(tmp_path / f"x*.{suffix}").trends.rows() == [(AT.date(), 1, 2, 0)]


def test_a_column_named_twice_is_refused(tmp_path: Path) -> None:
    text = "created_at,status,status,a,a\n2024-05-01,failed,success,1,2\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InvalidRecordsError) as caught:
        counted(tmp_path / "a.csv")
    faults = [fault.split(": ", 1)[1] for fault in caught.value.faults]
    assert faults == ["`a`: more than one column", "`status`: more than one column"]


def test_faults_of_all_formats_are_told_at_once(tmp_path: Path) -> None:
    broken = ROWS.with_columns(created_at=pl.lit("soon"))
    names = {"a.csv", "b.ndjson", "c.parquet", "d.arrow", "e.json"}
    for name in names:
        write(broken, tmp_path / name)
    found = groups(*tmp_path.iterdir())
    with pytest.raises(InvalidRecordsError) as caught:
        list(count_groups(found, ALL))
    named = {Path(fault.split(": ")[0]).name for fault in caught.value.faults}
    assert named == names


def test_a_type_that_polars_panics_at_is_a_fault_of_its_file(tmp_path: Path) -> None:
    at = pa.array([0], pa.timestamp("us", "+05:30"))
    pq.write_table(
        pa.table({"created_at": at, "status": ["x"]}), tmp_path / "a.parquet"
    )
    with pytest.raises(InvalidRecordsError, match=r"a\.parquet: "):
        counted(tmp_path / "a.parquet")


def test_the_files_of_one_form_are_one_canonical_frame(tmp_path: Path) -> None:
    in_tokyo = ROWS.cast({"created_at": pl.Datetime("us", "Asia/Tokyo")})
    write(ROWS, tmp_path / "a.parquet")
    write(ROWS.drop("source"), tmp_path / "b.parquet")
    write(ROWS.with_columns(more=1), tmp_path / "c.arrow")
    write(in_tokyo, tmp_path / "d.parquet")
    write(ROWS, tmp_path / "e.csv")
    found = [
        [Path(path).name for path in group.paths]
        for group in groups(*sorted(tmp_path.iterdir()))
    ]
    assert found == [["a.parquet", "b.parquet", "c.arrow"], ["d.parquet"], ["e.csv"]]


def test_a_group_lacks_what_all_its_files_lack(tmp_path: Path) -> None:
    write(ROWS.drop("source"), tmp_path / "a.parquet")
    write(ROWS.with_columns(ads=pl.lit("x")), tmp_path / "b.parquet")
    layout = RecordLayout(utm_source="ads", utm_medium="medium")
    [group] = groups(tmp_path / "*.parquet", request=Request(layout=layout))
    assert list(records(group).columns.absent) == ["medium"]
    assert records(group).columns.names == ("created_at", "status", "source", "ads")


def test_no_file_is_one_group_without_records() -> None:
    [group] = groups()
    assert group.paths == []
    assert records(group).columns == Columns()
    assert counted() == AppointmentStatistics.empty()


def test_wrong_types_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    write(ROWS.with_columns(created_at=1), tmp_path / "a.parquet")
    write(ROWS.with_columns(status=pl.lit(b"x")), tmp_path / "b.parquet")
    write(ROWS.with_columns(created_at=1), tmp_path / "c.parquet")
    (tmp_path / "d.xlsx").touch()
    with pytest.raises(InvalidRecordsError) as caught:
        groups(*tmp_path.iterdir())
    assert [fault.removeprefix(f"{tmp_path}/") for fault in caught.value.faults] == [
        "a.parquet: `created_at`: expected a date-time, a date or ISO 8601 text, found `Int32`",
        "b.parquet: `status`: expected text, found `Binary`",
        "c.parquet: `created_at`: expected a date-time, a date or ISO 8601 text, found `Int32`",
        "d.xlsx: unknown file type '.xlsx', expected one of .parquet, .pq, .ndjson, .jsonl, .json, .csv, .tsv, .tab, .arrow, .ipc, .feather; `input_format` (`--input-format`) names the format of other files",
    ]


def test_wrong_types_are_told_with_what_is_absent(tmp_path: Path) -> None:
    write(pl.DataFrame({"status": [b"x"]}), tmp_path / "a.parquet")
    write(pl.DataFrame({"status": ["failed"]}), tmp_path / "b.parquet")
    with pytest.raises(InvalidRecordsError) as caught:
        counted(tmp_path / "*.parquet")
    assert caught.value.faults == (
        f"{tmp_path / 'a.parquet'}: `status`: expected text, found `Binary`",
        "`created_at`: absent, needed as `created_at`; the columns are `status`",
    )


def test_files_of_wrong_types_are_left_out_of_the_count(tmp_path: Path) -> None:
    write(ROWS, tmp_path / "a.parquet")
    write(ROWS.with_columns(created_at=1), tmp_path / "b.parquet")
    [found] = count_groups(groups(tmp_path / "*.parquet"), ALL)
    assert AppointmentStatistics(found.partial) == counted(tmp_path / "a.parquet")


def test_integrations_that_are_not_asked_for_are_not_examined(tmp_path: Path) -> None:
    good, other = "5eb7cf5a86d9755df3a6c593", "5eb7cf5a86d9755df3a6c594"
    soon = ROWS.with_columns(created_at=pl.lit("soon"))
    text = ROWS.with_columns(created_at=pl.lit("2024-05-01"))
    for name, df, key in (("a", text, good), ("b", soon, other)):
        scoped = df.with_columns(integration_id=pl.lit(key))
        write(scoped, tmp_path / f"{name}.parquet")
    sources = tmp_path / "*.parquet"
    assert counted(sources, request=Request(integration_id=good)).total == 2
    with pytest.raises(InvalidRecordsError) as caught:
        counted(sources, request=Request(integration_id=other))
    [fault] = caught.value.faults
    assert fault.startswith(f"{tmp_path / 'b.parquet'}: `created_at`: 2 values")
