"""The count of many files on a Ray cluster; needs the extra `cluster`.

One task per group of files runs the same lazy scan as one process would, and returns
only its small partial frame; the partial frames are summed as they come. Ray is
imported when it is used. It is the cluster that this process is connected to, else the
one at `RAY_ADDRESS`, else a local one that is shut down in the end. Workers need
stats_core and the files, under the same paths as here. Local globs are resolved here; a
glob in an object-store URL is one task, so name its objects to spread them.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from stats_core.batch.formats import ReadOptions
from stats_core.batch.paths import file_paths
from stats_core.batch.tasks import (
    TaskResult,
    UnsetFields,
    count_task,
    ignore_unset,
    merged,
    split_paths,
)
from stats_core.errors import InvalidRecordsError
from stats_core.layout import RecordLayout
from stats_core.mappings import FrozenMapping
from stats_core.query import StatisticsQuery
from stats_core.request import Request
from stats_core.results.partials import by_integration
from stats_core.results.statistics import AppointmentStatistics
from stats_core.typing import IntegrationId, Timezone, Where

Source = str | os.PathLike[str]
Progress = Callable[[int, int], object]

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
_EVERY: Where = FrozenMapping()
_DEFAULT_READING = ReadOptions()
_MAX_RETRIES = 3


def appointment_statistics(
    sources: Source | Iterable[Source],
    query: StatisticsQuery = _ALL,
    *,
    integration_id: IntegrationId | None = None,
    where: Where = _EVERY,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: Timezone = "UTC",
    hours: bool = False,
    reading: ReadOptions = _DEFAULT_READING,
    progress: Progress | None = None,
) -> AppointmentStatistics:
    """Count the records of files on a cluster; equal to counting them in one process.

    Args:
        sources: Paths, folders, globs and object-store URLs of Parquet, NDJSON, CSV,
            Arrow IPC and JSON files; a file that is named twice counts once. Columns
            that some files lack are unset there.
        query: Which records count; its `page` and `size` are ignored.
        integration_id: Whose records count, as in `stats_core.appointment_statistics`.
        where: Which labels count, as there.
        layout: Which column holds each field.
        timezone: The IANA zone whose calendar days are counted.
        hours: Whether to count each local weekday and hour as well.
        reading: The format of the files, and the separator and encoding of CSV, where
            their names and contents do not tell.
        progress: Called with the number of files that are done, and of all files.

    Raises:
        InvalidRecordsError: No such file, or a file cannot be read or counted; every
            fault is listed with its file.
        pydantic.ValidationError: An argument of the wrong kind, a malformed id, bounds
            out of order; before anything is started.
        stats_core.errors.UnknownTimezoneError: No zone has this name.
        ModuleNotFoundError: Ray is not installed.
    """
    request = Request(
        query=query,
        integration_id=integration_id,
        where=where,
        layout=layout,
        timezone=timezone,
        hours=hours,
    )
    return AppointmentStatistics(count(sources, request, progress, reading))


def statistics_by_integration(
    sources: Source | Iterable[Source],
    query: StatisticsQuery = _ALL,
    *,
    where: Where = _EVERY,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: Timezone = "UTC",
    hours: bool = False,
    reading: ReadOptions = _DEFAULT_READING,
    progress: Progress | None = None,
) -> dict[str, AppointmentStatistics]:
    """Return every integration's statistics over files on a cluster, ids ascending.

    The arguments and errors are those of `appointment_statistics`. An integration
    without a selected record has no entry.
    """
    request = Request(
        query=query,
        by_integration=True,
        where=where,
        layout=layout,
        timezone=timezone,
        hours=hours,
    )
    parts = by_integration(count(sources, request, progress, reading))
    return {key: AppointmentStatistics(part) for key, part in parts.items()}


def count(
    sources: Source | Iterable[Source],
    request: Request,
    progress: Progress | None = None,
    reading: ReadOptions = _DEFAULT_READING,
    unset: UnsetFields = ignore_unset,
) -> pl.DataFrame:
    """Return the partial frame of files, as `appointment_statistics` counts them.

    `unset` is called with the fields that the layout names and no document has.

    Raises:
        InvalidRecordsError: As `appointment_statistics`.
        ModuleNotFoundError: Ray is not installed.
    """
    paths = [*map(_absolute, file_paths(_names(sources), reading))]
    if not paths:
        msg = "sources: expected at least one file, got none"
        raise InvalidRecordsError(msg)
    with _connected() as ray:
        pool = _TaskPool(ray, request, reading)
        return merged(_results(pool, paths, progress or _no_progress), unset)


def task_options(cpus: int) -> dict[str, Any]:
    """Return the Ray options of a task: its retries, CPUs and Polars threads.

    Polars reads the number of its threads when it is imported, before the code of a
    task runs, so the number must be in the worker's environment.
    """
    return {
        "num_cpus": cpus,
        "max_retries": _MAX_RETRIES,
        "runtime_env": {"env_vars": {"POLARS_MAX_THREADS": str(cpus)}},
    }


def _results(
    pool: "_TaskPool", paths: list[str], progress: Progress
) -> Iterator[TaskResult]:
    """Yield the result of each task once, in the order in which they end."""
    done = 0
    progress(done, len(paths))
    for group, result in pool.run(split_paths(paths, pool.cpus)):
        yield result
        done += len(group)
        progress(done, len(paths))


class _TaskPool:
    """Tasks on the CPUs of a cluster, each with some files and the same arguments."""

    def __init__(self, ray: Any, *arguments: object) -> None:  # noqa: ANN401 - a module that may not be installed
        self.ray = ray
        self.arguments = arguments
        nodes = [node["Resources"].get("CPU", 0) for node in ray.nodes()]
        self.cpus = max(1, int(sum(nodes)))
        self.cpus_of_largest_node = max(1, int(max(nodes)))

    def run(self, groups: list[list[str]]) -> Iterator[tuple[list[str], TaskResult]]:
        """Yield each group and its result; only a few tasks are submitted at a time."""
        spare = self.cpus // max(1, len(groups))
        cpus = min(self.cpus_of_largest_node, max(1, spare))
        task = self.ray.remote(count_task).options(**task_options(cpus))
        waiting = iter(groups)
        running: dict[Any, list[str]] = {}
        try:
            while True:
                for group in islice(waiting, 2 * self.cpus - len(running)):
                    running[task.remote(group, *self.arguments)] = group
                if not running:
                    return
                [ended], _ = self.ray.wait([*running], num_returns=1)
                group = running.pop(ended)
                yield group, self._result(ended, group)
        finally:
            for ref in running:
                self.ray.cancel(ref)

    def _result(self, ended: Any, group: list[str]) -> TaskResult:  # noqa: ANN401 - a reference of Ray
        try:
            result: TaskResult = self.ray.get(ended)
        except self.ray.exceptions.RayError as error:
            error.add_note(f"while counting {', '.join(group)}")
            raise
        return result


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


def _imported() -> Any:  # noqa: ANN401 - a module that may not be installed
    if "RAY_ADDRESS" not in os.environ:
        # Under `uv run`, Ray copies the working directory and makes uv create an
        # environment per worker, which this machine does not need.
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
    """Return an absolute path: workers may have another working directory."""
    return path if "://" in path else str(Path(path).absolute())


def _no_progress(_done: int, _total: int) -> None:
    """Show no progress."""
