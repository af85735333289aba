import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread, Timer

import polars as pl
import pytest
from typer.testing import CliRunner

from stats_core.batch.parts import keep
from stats_core.batch.writing import check_target, in_thread, replacing
from stats_core.cli.app import app
from stats_core.request import Request
from stats_core.results.statistics import AppointmentStatistics

ROWS = pl.DataFrame({"created_at": ["2024-05-01"], "status": ["success"]})


class StoppedError(BaseException):
    """Raised in the middle of writing."""


def run(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(map(str, words)))
    return done.exit_code, done.stderr


@pytest.fixture
def records(tmp_path: Path) -> Path:
    path = tmp_path / "records.parquet"
    ROWS.write_parquet(path)
    return path


def test_a_file_appears_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as unfinished:
        unfinished.write_text("all")
        assert not path.exists()
        assert unfinished.parent == tmp_path
        assert unfinished.name.startswith(".")
    assert path.read_text() == "all"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt, StoppedError])
def test_nothing_half_made_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")

    def write_half() -> None:
        with replacing(path) as unfinished:
            unfinished.write_text("half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_two_writers_at_once_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with replacing(path) as one, replacing(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"


def test_sigterm_is_an_exception_in_the_main_thread_only(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def write_half() -> None:
        with replacing(tmp_path / "a.txt") as path:
            path.write_text("half")
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(10)

    with pytest.raises(SystemExit) as caught:
        write_half()
    assert caught.value.code == 128 + signal.SIGTERM
    assert [*tmp_path.iterdir()] == []
    assert signal.getsignal(signal.SIGTERM) is before

    def write() -> None:
        with replacing(tmp_path / "a.txt") as path:
            path.write_text("all")

    thread = Thread(target=write)
    thread.start()
    thread.join()
    assert (tmp_path / "a.txt").read_text() == "all"


def test_a_link_stays_a_link_to_the_new_file(tmp_path: Path) -> None:
    (tmp_path / "link.txt").symlink_to("a.txt")
    with replacing(tmp_path / "link.txt") as unfinished:
        unfinished.write_text("all")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "a.txt").read_text() == "all"


def test_only_files_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").mkdir()
    for path in (tmp_path / "a.parquet", Path(os.devnull)):
        with pytest.raises(OSError, match="exists and is no file"):
            check_target(path)
    with pytest.raises(OSError, match="no such folder"):
        check_target(tmp_path / "none" / "a.parquet")


def test_what_a_thread_raises_is_raised() -> None:
    def fail() -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        in_thread(fail)


def test_a_signal_ends_the_wait_for_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stats_core.batch.writing._PATIENCE", 0.1)
    stopped = Event()
    Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        in_thread(lambda: stopped.wait(30))
    stopped.set()


def test_a_kept_part_is_complete_or_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "part.parquet"
    part = AppointmentStatistics.empty().frame
    keep(part, Request(), path)
    before = path.read_bytes()

    def half(_: pl.DataFrame, file: Path, **_options: object) -> None:
        file.write_text("half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pl.DataFrame, "write_parquet", half)
    with pytest.raises(KeyboardInterrupt):
        keep(part, Request(), path)
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("by", ["name", "spelling", "link", "folder", "glob"])
def test_an_output_among_the_records_is_refused(
    records: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.chdir(records.parent)
    Path("link.parquet").symlink_to(records.name)
    before = records.read_bytes()
    names: dict[str, tuple[str | Path, str | Path]] = {
        "name": (records.name, records.name),
        "spelling": (records, f"./{records.name}"),
        "link": (records.name, "link.parquet"),
        "folder": (".", records.name),
        "glob": ("rec*", records),
    }
    source, out = names[by]
    code, err = run("tally", source, "--out", out)
    assert (code, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"--out {Path(out)}: is among the records")
    assert records.read_bytes() == before


def test_an_output_that_cannot_be_is_said_before_counting(records: Path) -> None:
    code, err = run("tally", "no-records", "--out", records / "none.parquet")
    assert (code, len(err.splitlines())) == (1, 1)
    assert "no such folder" in err


@pytest.fixture
def sampling(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    words = ["sample", "--rows", "2000000000", "--out", str(tmp_path / "a.parquet")]
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-m", "stats_core", *words]
    ) as process:
        end = time.monotonic() + 60
        while not any(tmp_path.iterdir()) and time.monotonic() < end:
            time.sleep(0.05)
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sample_leaves_nothing(
    sampling: "subprocess.Popen[bytes]", tmp_path: Path, number: signal.Signals
) -> None:
    assert [path.name[:12] for path in tmp_path.iterdir()] == [".unfinished-"]
    sampling.send_signal(number)
    assert sampling.wait(30) == 128 + number
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["a.parquet", "a.ndjson", "a.csv", "a.tsv", "a.arrow"])
def test_samples_are_whole_and_readable(tmp_path: Path, name: str) -> None:
    assert run("sample", "--rows", 9, "--out", tmp_path / name) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert run("report", tmp_path, "--each-integration") == (0, "")


def test_a_sample_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    for out in (tmp_path / "none" / "a.csv", tmp_path / "a.json", tmp_path / "a.txt"):
        code, err = run("sample", "--rows", 1, "--out", out)
        assert (code in {1, 2}, len(err.splitlines())) == (True, 1)
    assert [*tmp_path.iterdir()] == []
