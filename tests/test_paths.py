import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st
from typer.testing import CliRunner

from stats_core import InvalidRecordsError, RecordLayout
from stats_core.batch import cluster
from stats_core.batch.files import count_groups, file_groups
from stats_core.batch.formats import ReadOptions
from stats_core.batch.paths import file_paths, partition_keys, resolved, shown_path
from stats_core.batch.scans import open_scan
from stats_core.batch.tasks import count_files
from stats_core.cli.app import app
from stats_core.request import Request
from stats_core.results.statistics import AppointmentStatistics

IDS = ["5eb7cf5a86d9755d0000000" + digit for digit in "012"]
ROWS = pl.DataFrame({"created_at": ["2024-05-01"], "status": ["success"]})
ALL = Request()
FORMATS = ["csv", "parquet", "arrow", "ndjson", "json"]


def write(path: Path, df: pl.DataFrame = ROWS) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    match path.suffix:
        case ".csv":
            df.write_csv(path)
        case ".parquet":
            df.write_parquet(path)
        case ".arrow":
            df.write_ipc(path)
        case ".ndjson":
            df.write_ndjson(path)
        case _:
            path.write_text(json.dumps(df.to_dicts()))
    return str(path)


def counted(*sources: object, **asked: Any) -> AppointmentStatistics:
    paths = file_paths(map(str, sources))
    return AppointmentStatistics(count_files(paths, Request(**asked)))


def sources(stats: AppointmentStatistics) -> dict[str, int]:
    return dict(stats.utm_source.select("value", "count").iter_rows())


def run(*words: object, stdin: bytes | None = None) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, list(map(str, words)), input=stdin)
    return done.exit_code, done.stdout, done.stderr


def faults(*sources: str, reading: ReadOptions | None = None) -> tuple[str, ...]:
    with pytest.raises(InvalidRecordsError) as caught:
        file_paths(sources, reading)
    return caught.value.faults


def test_one_file_by_many_names_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv")
    (tmp_path / "link.csv").symlink_to("a.csv")
    (tmp_path / "folder").symlink_to(".")
    names = [
        *("./a.csv", "a.csv", "link.csv", str(tmp_path / "a.csv"), "*.csv"),
        *("folder/a.csv", "../" + tmp_path.name + "/a.csv", ".", "folder"),
        (tmp_path / "a.csv").as_uri(),
    ]
    assert file_paths(names) == ["./a.csv"]
    code, out, _ = run("report", *names)
    assert (code, json.loads(out)["overview"]) == (0, {"total": 1})


def test_one_part_by_two_names_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv")
    assert run("tally", "a.csv", "--out", "part.parquet") == (0, "", "")
    code, out, _ = run("merge", "part.parquet", "./part.parquet", "*.parquet")
    assert (code, json.loads(out)["overview"]) == (0, {"total": 1})


@pytest.mark.usefixtures("ray")
def test_the_cluster_counts_folders_keys_and_names_alike(tmp_path: Path) -> None:
    for key in IDS:
        write(tmp_path / f"integration_id={key}" / "a;b.csv")
    (tmp_path / "link").symlink_to(".")
    names = [str(tmp_path), f"{tmp_path}/*/*.csv", str(tmp_path / "link")]
    found = cluster.statistics_by_integration(names)
    assert {key: stats.total for key, stats in found.items()} == dict.fromkeys(IDS, 1)
    with pytest.raises(InvalidRecordsError, match="say whose to count"):
        cluster.appointment_statistics(names)
    (tmp_path / "b.txt").write_text("created_at;status\n2024-05-01;success\n")
    reading = ReadOptions(input_format="csv", separator=";")
    assert (
        cluster.appointment_statistics(tmp_path / "b.txt", reading=reading).total == 1
    )


def test_a_folder_is_its_files_of_known_types(tmp_path: Path) -> None:
    kept = [tmp_path / "a.csv", tmp_path / "b" / "c.parquet", tmp_path / "d" / "e.json"]
    for path in kept:
        write(path)
    for name in (
        *("_SUCCESS", "a.csv.crc", "_metadata", ".hidden.csv", "notes.txt"),
        *("_temporary/a.csv", ".git/a.csv", "b/_metadata", "_old.csv"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no records")
    assert file_paths([str(tmp_path)]) == list(map(str, kept))
    assert counted(tmp_path).total == 3


def test_a_folder_that_a_glob_matches_is_its_files_too(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name / "x.csv")
    assert len(file_paths([f"{tmp_path}/*"])) == 2
    assert len(file_paths([f"{tmp_path}/**"])) == 2


def test_a_format_given_takes_files_of_all_types(tmp_path: Path) -> None:
    (tmp_path / "a.dat").write_text("created_at,status\n2024-05-01,success\n")
    reading = ReadOptions(input_format="csv")
    assert faults(str(tmp_path)) == (
        f"{tmp_path}: the folder has no file of a known type",
    )
    assert file_paths([str(tmp_path)], reading) == [str(tmp_path / "a.dat")]
    code, out, _ = run("report", tmp_path, "--input-format", "csv")
    assert (code, json.loads(out)["overview"]) == (0, {"total": 1})


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path / "a" / "x.csv")
    (tmp_path / "a" / "around").symlink_to(tmp_path)
    assert len(file_paths([str(tmp_path)])) == 1


@pytest.mark.parametrize("target", ["gone.csv", "b.csv"])
def test_a_link_to_nothing_is_named(tmp_path: Path, target: str) -> None:
    write(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to(target)
    for source in (tmp_path, tmp_path / "*.csv"):
        with pytest.raises(InvalidRecordsError, match=r"b\.csv: "):
            counted(source)


def test_a_delta_table_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "table" / "a.parquet")
    write(tmp_path / "table" / "_delta_log" / "0.json")
    [fault] = faults(str(tmp_path))
    assert "is a Delta table" in fault


def test_every_source_without_a_file_is_a_line(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    empty = tmp_path / "empty"
    empty.mkdir()
    names = [str(empty), f"{tmp_path}/*.json", "none.csv", "", f"{tmp_path}/pipe.csv"]
    reasons = [fault.rpartition(": ")[2] for fault in faults(*names)]
    assert sorted(reasons) == [
        "neither a file nor a folder; standard input, `-`, reads what is piped",
        "no file matches",
        "no such file",
        "no such file",
        "the folder has no file of a known type",
    ]


@pytest.mark.parametrize(
    "name", ["x" * 5_000, "a/" * 5_000, "a\0b", "\ud800", "x" * 5_000 + "*", "[", "\0*"]
)
def test_names_that_cannot_be_are_no_files(name: str) -> None:
    [fault] = faults(name)
    assert len(fault) < 300
    assert fault.encode()


def test_a_name_that_is_not_utf_8_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad\udcff.csv").write_text("created_at,status\n")
    expected = "bad\\udcff.csv: the name is not UTF-8, so it cannot be opened"
    assert faults("bad\udcff.csv")[0].startswith(expected)
    code, out, err = run("report", "*.csv")
    assert (code, out) == (1, "")
    assert err.startswith(expected)


@given(
    name=st.text(max_size=8) | st.text(st.sampled_from("a*?[]!/.{}~%=:\\"), max_size=8)
)
def test_no_name_raises_another_error(name: str) -> None:
    try:
        file_paths([f"no such folder/{name}"])
    except InvalidRecordsError as error:
        assert str(error).encode()  # noqa: PT017 - often nothing is raised
    shown_path(name).encode()


@pytest.mark.parametrize("suffix", FORMATS)
def test_partition_keys_are_columns_in_every_format(
    tmp_path: Path, suffix: str
) -> None:
    for key, value in zip(
        IDS, ["a%20b", "007", "__HIVE_DEFAULT_PARTITION__"], strict=True
    ):
        write(
            tmp_path / f"integration_id={key}" / f"utm_source={value}" / f"x.{suffix}"
        )
    with pytest.raises(InvalidRecordsError, match="say whose to count"):
        counted(tmp_path)
    found = [counted(tmp_path, integration_id=key) for key in IDS]
    assert [sources(stats) for stats in found] == [
        {"a b": 1},
        {"007": 1},
        {"direct": 1},
    ]
    nobody = counted(tmp_path, integration_id="f" * 24)
    assert nobody == AppointmentStatistics.empty()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_column_of_the_file_comes_before_a_key(tmp_path: Path, suffix: str) -> None:
    rows = ROWS.with_columns(utm_source=pl.lit("own"))
    write(tmp_path / "utm_source=key" / f"a.{suffix}", rows)
    write(tmp_path / "utm_source=key" / f"b.{suffix}")
    assert sources(counted(tmp_path)) == {"own": 1, "key": 1}


def test_a_key_is_searched_and_named_as_any_column(tmp_path: Path) -> None:
    write(tmp_path / "tenant=x%2Fy" / "note=Ana%20B" / "a.csv")
    layout = RecordLayout(utm_source="tenant")
    stats = counted(tmp_path, layout=layout, query={"search": "ana"})
    assert sources(stats) == {"x/y": 1}


def test_keys_are_those_of_the_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "utm_source=x"
    write(folder / "a.csv")
    monkeypatch.chdir(folder)
    assert sources(counted("a.csv")) == sources(counted(folder)) == {"x": 1}


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
def test_keys_also_reach_files_that_are_read_in_batches(
    tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / "utm_source=x" / f"a.{suffix}"
    write(path, ROWS.with_columns(note=pl.lit('5" screen')))
    path.write_text(path.read_text().replace('"5"" screen"', '5" screen'))
    assert sources(counted(path)) == {"x": 1}


def test_names_without_a_key_are_no_partition() -> None:
    assert partition_keys("/a=/=b/=/c=d=e/f=g.csv") == {"a": "", "c": "d=e"}
    assert partition_keys("s3://bucket/a=b/c%3d=d/x=y.csv") == {"a": "b", "c=": "d"}


def test_a_key_that_is_not_utf_8_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path / "utm_source=%FF" / "a.csv")
    with pytest.raises(InvalidRecordsError, match=r"a\.csv: the folder name '%FF'"):
        counted(tmp_path)


def test_files_of_one_partition_share_a_scan_and_all_one_group(tmp_path: Path) -> None:
    for number in range(6):
        write(tmp_path / f"utm_source={number % 2}" / f"{number}.parquet")
    groups = file_groups(file_paths([str(tmp_path)]), ALL)
    assert [len(group.paths) for group in groups] == [6]
    [found] = count_groups(groups, ALL)
    assert sources(AppointmentStatistics(found.partial)) == {"0": 3, "1": 3}


def test_many_partitions_are_counted_some_at_a_time(tmp_path: Path) -> None:
    for number in range(130):
        write(tmp_path / f"utm_source={number}" / "x.parquet")
    groups = file_groups(file_paths([str(tmp_path)]), ALL)
    assert [len(group.paths) for group in groups] == [64, 64, 2]
    assert set(sources(counted(tmp_path)).values()) == {1}
    assert counted(tmp_path).total == 130


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("glob", ["integration_id=*/utm_source=*/*", "**/*", "*/*/*"])
def test_globs_in_urls_keep_keys(tmp_path: Path, suffix: str, glob: str) -> None:
    for key in IDS:
        write(tmp_path / f"integration_id={key}" / "utm_source=a%20b" / f"x.{suffix}")
    url = f"file://{tmp_path}/{glob}.{suffix}"
    with pytest.raises(InvalidRecordsError, match="say whose to count"):
        count_files([url], ALL)
    request = Request(integration_id=IDS[0])
    assert sources(AppointmentStatistics(count_files([url], request))) == {"a b": 1}


@pytest.mark.parametrize("suffix", ["csv", "ndjson"])
@pytest.mark.parametrize("glob", ["integration_id=*", "**", "*"])
def test_globs_in_urls_that_hide_keys_are_refused(
    tmp_path: Path, suffix: str, glob: str
) -> None:
    write(tmp_path / f"integration_id={IDS[0]}" / f"x.{suffix}")
    url = f"file://{tmp_path}/{glob}/x*.{suffix}"
    with pytest.raises(InvalidRecordsError, match="can hide partition keys"):
        count_files([url], ALL)
    plain = f"file://{tmp_path}/integration_id={IDS[0]}/*.{suffix}"
    with pytest.raises(InvalidRecordsError, match="say whose to count"):
        count_files([plain], ALL)
    assert open_scan(plain, ReadOptions()) is None or suffix == "csv"


def test_urls_are_left_as_they_are() -> None:
    urls = ["s3://bucket/a.csv", "file://host/a.csv", "s3://bucket/*.csv"]
    assert file_paths([*urls, *urls]) == urls
    assert resolved(urls[0]) == urls[0]


@pytest.mark.parametrize(
    ("form", "suffix"),
    [
        ("csv", "csv"),
        ("parquet", "parquet"),
        ("ipc", "arrow"),
        ("json", "json"),
        ("ndjson", "ndjson"),
    ],
)
def test_standard_input_is_read_in_the_format_that_is_named(
    tmp_path: Path, form: str, suffix: str
) -> None:
    stdin = Path(write(tmp_path / f"a.{suffix}")).read_bytes()
    code, out, err = run("report", "-", "--input-format", form, stdin=stdin)
    assert (code, err, json.loads(out)["overview"]) == (0, "", {"total": 1})
    out_path = tmp_path / "part.parquet"
    words = ["tally", "-", "--input-format", form, "--out", out_path]
    assert run(*words, stdin=stdin) == (0, "", "")
    assert run("merge", out_path)[1] == out


def test_standard_input_is_named_in_faults() -> None:
    code, out, err = run("report", "-", stdin=b"")
    assert (code, out, err) == (
        2,
        "",
        "-: the format of standard input is needed: --input-format\n",
    )
    code, _, err = run(
        "report", "-", "--input-format=csv", stdin=b"created_at,status\n1,2,3\n"
    )
    assert code == 1
    assert err.startswith("standard input: line 2: 3 fields")


def test_every_wrong_option_of_reading_is_a_line() -> None:
    words = ["--input-format=xml", "--separator=ab", "--encoding=base64", "--page=x"]
    code, out, err = run("report", "none.csv", *words, "--column", "status")
    assert (code, out) == (2, "")
    options = [line.split()[0] for line in err.splitlines()]
    assert sorted(options) == sorted(["--column", *(it.split("=")[0] for it in words)])
    assert "--column 'status': expected ROLE=COLUMN, ROLE one of created_at" in err


def test_separator_and_encoding_are_options(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("created_at;status;utm_source\n2024-05-01;ok;été\n", "cp1252")
    code, out, _ = run("report", path, "--separator=;", "--encoding=cp1252")
    assert (code, json.loads(out)["utm_source"]) == (0, [{"_id": "été", "count": 1}])


def test_a_field_that_no_document_has_is_said_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text(
        '{"created_at":null,"status":"ok","config":{"utm_source":"x"}}\n'
        '{"created_at":null,"status":"ok","config":[]}\n'
    )
    code, out, err = run("report", path, "--column=utm_source=config.utm_sorce")
    assert (code, json.loads(out)["overview"]) == (0, {"total": 2})
    assert len(err.splitlines()) == 1
    assert err.startswith(
        "note: unset for all records, as no document has it: `config."
    )
    assert "`config` has `utm_source`" in err
    other = tmp_path / "b.ndjson"
    other.write_text('{"created_at":null,"status":"ok","config":{"utm_sorce":"x"}}\n')
    assert run("report", path, other, "--column=utm_source=config.utm_sorce")[2] == ""


@pytest.mark.usefixtures("ray")
def test_the_cluster_says_so_too(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"created_at":null,"status":"ok"}\n')
    words = ["report", path, "--cluster", "--format=json", "--column=source=from"]
    code, _, err = run(*words)
    assert (code, len(err.splitlines())) == (0, 1)
    assert "`from`: absent" in err


def test_a_typo_in_a_nested_path_shows_what_is_there(tmp_path: Path) -> None:
    inner = pl.struct(utm_source=pl.lit("x"), deep=pl.struct(a=pl.lit("y")))
    path = write(tmp_path / "a.parquet", ROWS.with_columns(config=inner))
    _, _, err = run("report", path, "--column=utm_source=config.utm_sorce")
    assert "`config` has `utm_source`, `deep`; the columns are" in err
    _, _, err = run("report", path, "--column=utm_source=config.deep.b.c")
    assert "`config.deep` has `a`;" in err
    _, _, err = run("report", path, "--search=x", "--search-in=config.x")
    assert "needed by `search`; `config` has `utm_source`" in err
    _, _, err = run("report", path, "--column=utm_source=status.x")
    assert " has " not in err


def test_a_search_without_text_names_the_option(tmp_path: Path) -> None:
    _, _, err = run("report", write(tmp_path / "a.csv"), "--search=x")
    assert "no text column to search in" in err
    assert "`layout.search` (`--search-in`)" in err


def test_a_column_that_every_file_lacks_is_refused_in_any_format(
    tmp_path: Path,
) -> None:
    write(tmp_path / "a.csv")
    write(tmp_path / "b.parquet")
    code, _, err = run("report", tmp_path, "--column=utm_source=campaign")
    assert code == 1
    assert err.startswith("`campaign`: absent, needed as `utm_source`")


def test_a_file_that_is_gone_while_it_is_counted_is_named(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{number}.{it}") for number, it in enumerate(FORMATS)]
    groups = file_groups(paths, ALL)
    for path in paths:
        Path(path).unlink()
    with pytest.raises(InvalidRecordsError) as caught:
        list(count_groups(groups, ALL))
    assert {fault.split(": ")[0] for fault in caught.value.faults} == set(paths)


def test_standard_input_that_is_no_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = Path(write(tmp_path / "a.parquet")).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run("report", "-", "--input-format=parquet", stdin=data)[0] == 0
