import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from pydantic import ValidationError

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.batch import cluster
from stats_core.batch.tasks import TaskResult, count_task
from stats_core.errors import UnknownTimezoneError
from stats_core.sample import integration_ids, sample_records
from tests.strategies import (
    IDS,
    SCOPED_SCHEMA,
    asks,
    documents,
    frame,
    further,
    wheres,
    zones,
)

AT = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROWS = pl.DataFrame(
    {"created_at": [AT, AT], "status": ["failed", "success"], "source": ["web", None]}
)
ID = integration_ids(1)[0]


def write(folder: Path, *frames: pl.DataFrame) -> str:
    for number, df in enumerate(frames):
        df.write_parquet(folder / f"{number:03}.parquet")
    return str(folder / "*.parquet")


def bytes_of(stats: AppointmentStatistics) -> bytes:
    return stats.dashboard().model_dump_json(by_alias=True).encode()


@settings(
    max_examples=6,
    phases=[Phase.reuse, Phase.generate],  # to shrink would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), integration_id=st.sampled_from(IDS))
def test_the_cluster_answers_as_the_engine(
    ray: object,  # noqa: ARG001 - what the cluster runs on
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    integration_id: str,
) -> None:
    zone = data.draw(zones())
    query = StatisticsQuery(**data.draw(asks(zone)))
    records = data.draw(documents(zone, scoped=True))
    whole = frame(records, SCOPED_SCHEMA)
    cut = data.draw(st.integers(0, whole.height))
    files = write(tmp_path_factory.mktemp("files"), whole[:cut], whole[cut:])
    named = data.draw(further())
    options: dict[str, Any] = {
        "timezone": zone,
        "layout": RecordLayout(breakdowns=named),
        "where": data.draw(wheres(records, named)),
        "hours": data.draw(st.booleans()),
    }
    one = cluster.appointment_statistics(
        files, query, integration_id=integration_id, **options
    )
    each = cluster.statistics_by_integration([files], query, **options)
    assert one == appointment_statistics(
        whole, query, integration_id=integration_id, **options
    )
    assert each == statistics_by_integration(whole, query, **options)
    assert list(each) == sorted(each)


@pytest.mark.usefixtures("ray")
def test_a_job_twice_gives_identical_bytes(tmp_path: Path) -> None:
    whole = sample_records(3_000).collect()
    files = write(tmp_path, *whole.iter_slices(250))
    first, second = (
        cluster.appointment_statistics(files, integration_id=ID) for _ in range(2)
    )
    assert bytes_of(first) == bytes_of(second)
    assert first.to_frame().equals(second.to_frame())
    assert first == appointment_statistics(whole, integration_id=ID)


@pytest.mark.usefixtures("ray")
def test_a_worker_that_is_killed_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sample_records(8_000).collect()
    for number, df in enumerate(whole.iter_slices(1_000)):
        df.write_ndjson(tmp_path / f"{number}.ndjson")
    reported = tmp_path / "pid"
    killed: list[int] = []
    over = threading.Event()

    def kill_one() -> None:
        while not over.wait(0.01):
            if reported.is_symlink():
                killed.append(int(reported.readlink().name))
                os.kill(killed[0], signal.SIGKILL)
                return

    # The first task reports its process and waits for its end; the others count.
    def report_and_wait(paths: list[str], *arguments: Any) -> TaskResult:
        try:
            reported.symlink_to(str(os.getpid()))
        except FileExistsError:
            return count_task(paths, *arguments)
        time.sleep(60)
        return TaskResult(faults=("nobody killed this worker",))

    monkeypatch.setattr(cluster, "count_task", report_and_wait)
    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        stats = cluster.appointment_statistics(tmp_path / "*.ndjson", integration_id=ID)
    finally:
        over.set()
        killer.join()
    assert len(killed) == 1
    assert killed != [os.getpid()]
    assert stats == appointment_statistics(whole, integration_id=ID)


@pytest.mark.usefixtures("ray")
def test_broken_files_among_a_hundred_are_named(tmp_path: Path) -> None:
    files = write(tmp_path, *[ROWS] * 100)
    half = (tmp_path / "041.parquet").read_bytes()
    (tmp_path / "041.parquet").write_bytes(half[: len(half) // 2])
    text = ROWS.with_columns(created_at=pl.lit("soon"))
    text.write_parquet(tmp_path / "073.parquet")
    with pytest.raises(InvalidRecordsError) as caught:
        cluster.appointment_statistics(files)
    broken, unreadable = caught.value.faults
    assert broken.startswith(f"{tmp_path / '041.parquet'}: ")
    assert unreadable.startswith(f"{tmp_path / '073.parquet'}: `created_at`: 2 values")


@pytest.mark.usefixtures("ray")
def test_what_other_files_have_is_unset_where_it_is_missing(tmp_path: Path) -> None:
    struct = pl.struct(utm_source=pl.lit("ads")).alias("config")
    scoped = ROWS.with_columns(pl.lit(ID).alias("integration_id"), struct)
    plain = scoped.drop("config")
    files = write(tmp_path, scoped, *[plain] * 9, ROWS, scoped.drop("status"))
    layout = RecordLayout(utm_source="config.utm_source")
    stats = cluster.appointment_statistics(files, integration_id=ID, layout=layout)
    assert stats.utm_source.rows() == [
        ("direct", 18, 18, 9, 9, 0),
        ("ads", 4, 0, 1, 1, 2),
    ]


@pytest.mark.usefixtures("ray")
def test_a_named_column_that_no_file_has_is_refused_without_a_file(
    tmp_path: Path,
) -> None:
    files = write(tmp_path, ROWS.drop("source"), *[ROWS] * 9)
    layout = RecordLayout(utm_source="ads")
    with pytest.raises(InvalidRecordsError) as caught:
        cluster.appointment_statistics(files, layout=layout)
    [fault] = caught.value.faults
    assert fault == (
        "`ads`: absent, needed as `utm_source`; "
        "the columns are `created_at`, `status`, `source`"
    )


@pytest.mark.usefixtures("ray")
def test_each_file_is_read_by_one_task_whatever_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ROWS.with_columns(ads=pl.lit("x"))
    files = write(tmp_path, *[ROWS] * 8, held, ROWS.drop("status"))
    seen = tmp_path / "seen"
    seen.mkdir()

    def note_and_count(paths: list[str], *arguments: Any) -> TaskResult:
        for path in paths:
            (seen / Path(path).name).mkdir()  # a second time, this raises
        return count_task(paths, *arguments)

    monkeypatch.setattr(cluster, "count_task", note_and_count)
    layout = RecordLayout(utm_source="ads")
    stats = cluster.appointment_statistics(files, layout=layout)
    assert stats.utm_source.rows() == [
        ("direct", 18, 18, 8, 8, 2),
        ("x", 2, 0, 1, 1, 0),
    ]
    assert len([*seen.iterdir()]) == 10


@pytest.mark.usefixtures("ray")
def test_the_instants_of_files_may_differ_in_type(tmp_path: Path) -> None:
    in_tokyo = ROWS.cast({"created_at": pl.Datetime("ms", "Asia/Tokyo")})
    text = ROWS.with_columns(created_at=pl.lit("2024-05-01T12:00:00"))
    files = write(tmp_path, ROWS, in_tokyo, text)
    ROWS.write_csv(tmp_path / "a.csv")
    url = (tmp_path / "a.csv").as_uri()
    assert cluster.appointment_statistics([files, url]).trends.rows() == [
        (AT.date(), 4, 4, 0)
    ]
    write(tmp_path, ROWS, ROWS.with_columns(created_at=pl.lit(1)))
    with pytest.raises(InvalidRecordsError, match=r"001\.parquet: `created_at`.*Int"):
        cluster.appointment_statistics(files)


@pytest.mark.usefixtures("ray")
def test_an_id_that_no_file_holds_is_an_empty_answer(tmp_path: Path) -> None:
    files = write(tmp_path, *sample_records(9).collect().iter_slices(3))
    stats = cluster.appointment_statistics(
        files, integration_id="f" * 24, timezone="Asia/Tokyo"
    )
    assert stats == AppointmentStatistics.empty("Asia/Tokyo")


@pytest.mark.usefixtures("ray")
def test_progress_tells_how_many_files_are_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    cluster.appointment_statistics(
        write(tmp_path, *[ROWS] * 20),
        progress=lambda done, total: told.append((done, total)),
    )
    assert told[0] == (0, 20)
    assert told[-1] == (20, 20)
    assert told == sorted(told)


def test_statistics_travel_through_ray(ray: Any) -> None:
    stats = appointment_statistics(sample_records(99).drop("integration_id"))
    assert ray.get(ray.put(stats)) == stats


def test_threads_of_polars_are_the_cpus_of_the_task(ray: Any) -> None:
    threads = ray.remote(pl.thread_pool_size)
    assert ray.get(threads.options(**cluster.task_options(1)).remote()) == 1


def test_a_task_that_fails_for_ray_says_on_which_files(
    ray: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(cluster, "count_task", fail)
    with pytest.raises(ray.exceptions.RayError) as caught:
        cluster.appointment_statistics(write(tmp_path, *[ROWS] * 30))
    [note] = caught.value.__notes__
    assert note.startswith(f"while counting {tmp_path}")


def test_wrong_questions_and_sources_are_found_before_ray_is_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never() -> None:
        pytest.fail("Ray was asked for")

    monkeypatch.setattr(cluster, "_imported", never)
    late = StatisticsQuery(start="2024-05-02", end="2024-05-01T12:00Z")
    with pytest.raises(ValidationError, match="24"):
        cluster.appointment_statistics("none.csv", integration_id="no")
    with pytest.raises(UnknownTimezoneError, match="Mars"):
        cluster.statistics_by_integration("none.csv", timezone="Mars")
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        cluster.appointment_statistics("none.csv", late)
    with pytest.raises(InvalidRecordsError, match=r"no/\*\.csv: no file matches"):
        cluster.appointment_statistics(["no/*.csv"])
    with pytest.raises(InvalidRecordsError, match="expected at least one file"):
        cluster.appointment_statistics([])


def test_without_ray_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match=r"stats-core\[cluster\]"):
        cluster.appointment_statistics(write(tmp_path, ROWS))


class FakeRay:
    def __init__(self) -> None:
        self.calls: list[object] = []

    def is_initialized(self) -> bool:
        return False

    def init(self, address: str, **_: object) -> None:
        self.calls.append(address)

    def shutdown(self) -> None:
        self.calls.append("shutdown")

    def nodes(self) -> list[object]:
        msg = "stopped"
        raise RuntimeError(msg)


@pytest.mark.parametrize("address", [None, "10.0.0.1:6379"])
def test_what_was_started_is_shut_down_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str | None
) -> None:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    if address is not None:
        monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(RuntimeError, match="stopped"):
        cluster.appointment_statistics(write(tmp_path, ROWS))
    assert fake.calls == [address or "local", "shutdown"]


def test_a_local_ray_is_started_and_stopped_where_there_is_none(
    tmp_path: Path,
) -> None:
    write(tmp_path, ROWS)
    code = (
        "import sys; from stats_core.batch import cluster;"
        "assert 'ray' not in sys.modules;"
        "stats = cluster.appointment_statistics(sys.argv[1]);"
        "import ray; assert not ray.is_initialized(); print(stats.total)"
    )
    ended = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-W", "error", "-c", code, str(tmp_path / "*.parquet")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("2\n", "", 0)
