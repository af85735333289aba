"""The same over many files on a Ray cluster; with the extra `cluster`.

A task for each group of files runs the very scan that one process would run and returns
only its small statistics, which are added up as they come. Ray is imported when it is
used: the cluster that this process is connected to, else the one at `RAY_ADDRESS`, else
a local one that is shut down in the end. Workers need stats_core and the files, under
the same paths as here; local globs are read here, and a glob in an object-store URL is
one task, so name its objects to spread them.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from stats_core import files, integrations, partials
from stats_core.errors import InvalidRecordsError
from stats_core.jobs import Counted, Job, count_group, grouped
from stats_core.layout import RecordLayout
from stats_core.query import Scope, StatisticsQuery
from stats_core.statistics import AppointmentStatistics

Source = str | os.PathLike[str]
Progress = Callable[[int, int], object]

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
_TRIES_AGAIN = 3
_WIDTH = 8


def appointment_statistics(
    sources: Source | Iterable[Source],
    query: StatisticsQuery = _ALL,
    *,
    integration_id: str | None = None,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: str = "UTC",
    progress: Progress | None = None,
) -> AppointmentStatistics:
    """Count the records of files on a cluster; equal to counting them in one process.

    Args:
        sources: Paths, globs and object-store URLs of Parquet, NDJSON, CSV, Arrow IPC
            and JSON files; a file that is named twice counts once. Columns that some
            of them lack are unset there.
        query: Which records count; its page and size have no say here.
        integration_id: Whose records count, as the engine wants it.
        layout: Where the fields are.
        timezone: The IANA zone whose calendar days are counted.
        progress: Called with how many files are done, and of how many.

    Raises:
        InvalidRecordsError: No such file, or a file cannot be read or counted; every
            fault is listed with its file.
        pydantic.ValidationError: A malformed id, an unknown zone, bounds out of order;
            before anything is started.
        ModuleNotFoundError: Ray is not installed.
    """
    job = Job(query, layout, timezone, integration_id)
    return AppointmentStatistics.from_frame(_count(sources, job, progress))


def statistics_by_integration(
    sources: Source | Iterable[Source],
    query: StatisticsQuery = _ALL,
    *,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: str = "UTC",
    progress: Progress | None = None,
) -> dict[str, AppointmentStatistics]:
    """Every integration's statistics over files on a cluster, by id, ids ascending.

    Args, and what is raised, are those of `appointment_statistics`; an integration none
    of whose records the query asks for has no entry.
    """
    job = Job(query, layout, timezone, each_integration=True)
    return integrations.integrations_of(_count(sources, job, progress))


def task_options(cpus: int) -> dict[str, Any]:
    """How Ray runs a task: again if its worker dies, on so many CPUs and threads.

    Polars reads the number of its threads when it is imported, before any task's code
    runs; so it must stand in the worker's environment.
    """
    return {
        "num_cpus": cpus,
        "max_retries": _TRIES_AGAIN,
        "runtime_env": {"env_vars": {"POLARS_MAX_THREADS": str(cpus)}},
    }


def _count(
    sources: Source | Iterable[Source], job: Job, progress: Progress | None
) -> pl.DataFrame:
    Scope(integration_id=job.integration_id, timezone=job.timezone)
    job.query.period(job.timezone)
    paths = [*map(_absolute, files.file_paths(_names(sources)))]
    if not paths:
        msg = "sources: expected at least one file, got none"
        raise InvalidRecordsError(msg)
    with _connected() as ray:
        frames = _frames(ray, paths, job, progress or _unseen)
        merged = partials.tree_sum(frames, partials.added_up, width=_WIDTH)
    assert merged is not None  # noqa: S101 - each file gave statistics, or a fault
    return merged


def _frames(
    ray: Any,  # noqa: ANN401 - a module that is not always there
    paths: list[str],
    job: Job,
    progress: Progress,
) -> Iterator[pl.DataFrame]:
    """The statistics of each group of files once, as they come.

    A group that lacks what other groups turn out to have is counted again, for what is
    missing in some of the files is unset there.
    """
    known: files.Fields = frozenset()
    failed: list[tuple[list[str], Counted]] = []
    done = 0
    progress(done, len(paths))
    crew = _Crew(ray)
    for group, counted in crew.run(grouped(paths, crew.cpus), job, known):
        known |= counted.fields
        if counted.frame is None:
            failed.append((group, counted))
        else:
            yield counted.frame
        done += len(group)
        progress(done, len(paths))
    again: list[list[str]] = []
    faults: list[str] = []
    for group, counted in failed:
        if known - counted.fields:
            again.append(group)
        else:
            faults += counted.faults
    for _, counted in crew.run(again, job, known):
        if counted.frame is not None:
            yield counted.frame
        faults += counted.faults
    if faults:
        raise InvalidRecordsError(*faults)


class _Crew:
    """The CPUs of a cluster, and tasks on them."""

    def __init__(self, ray: Any) -> None:  # noqa: ANN401 - as above
        self.ray = ray
        nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes()]
        self.cpus = max(1, int(sum(nodes)))
        self.most = max(1, int(max(nodes)))

    def run(
        self, groups: list[list[str]], job: Job, fields: files.Fields
    ) -> Iterator[tuple[list[str], Counted]]:
        """What each group's task returns, as they end; few are under way at a time."""
        spare = self.cpus // max(1, len(groups))
        task = self.ray.remote(count_group).options(
            **task_options(min(self.most, max(1, spare)))
        )
        waiting = iter(groups)
        running: dict[Any, list[str]] = {}
        try:
            while True:
                for group in islice(waiting, 2 * self.cpus - len(running)):
                    running[task.remote(group, job, fields)] = group
                if not running:
                    return
                [ended], _ = self.ray.wait([*running], num_returns=1)
                group = running.pop(ended)
                yield group, self._result(ended, group)
        finally:
            for ref in running:
                self.ray.cancel(ref)

    def _result(self, ended: Any, group: list[str]) -> Counted:  # noqa: ANN401 - a reference of Ray's
        try:
            counted: Counted = self.ray.get(ended)
        except self.ray.exceptions.RayError as error:
            error.add_note(f"while counting {', '.join(group)}")
            raise
        return counted


@contextmanager
def _connected() -> Iterator[Any]:
    ray = _imported()
    if ray.is_initialized():
        yield ray
        return
    if address := os.environ.get("RAY_ADDRESS"):
        ray.init(address)
    else:
        ray.init(
            "local",
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    try:
        yield ray
    finally:
        ray.shutdown()


def _imported() -> Any:  # noqa: ANN401 - a module that is not always there
    if "RAY_ADDRESS" not in os.environ:
        # Under `uv run`, Ray would copy the working directory and have uv make every
        # worker its own environment: for this very machine, in vain.
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    try:
        import ray  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        msg = "a cluster needs an extra: pip install 'stats-core[cluster]'"
        raise ModuleNotFoundError(msg, name=error.name) from error
    return ray


def _names(sources: Source | Iterable[Source]) -> list[str]:
    if isinstance(sources, str | os.PathLike):
        return [os.fspath(sources)]
    return [os.fspath(source) for source in sources]


def _absolute(path: str) -> str:
    """Workers may have another working directory."""
    return path if "://" in path else str(Path(path).absolute())


def _unseen(_done: int, _total: int) -> None:
    """No progress is shown."""
