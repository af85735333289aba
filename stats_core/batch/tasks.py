"""The count of many files, at once or as tasks that run anywhere."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from stats_core.batch.files import count_groups, file_groups
from stats_core.errors import Faults, InvalidRecordsError
from stats_core.records.columns import Columns, check_columns, joined
from stats_core.request import Request
from stats_core.results.partials import merge_partials

# Few files become one task each. For many, there are enough tasks to keep all workers
# busy until the end.
_TASKS_PER_CPU = 4
_MAX_FILES = 64


@dataclass(frozen=True)
class TaskResult:
    """What a task returns.

    Attributes:
        partial: The partial frame of its files; None where they cannot be counted.
        columns: The columns of its files; one entry per group of files.
        faults: Why the files cannot be counted.
    """

    partial: pl.DataFrame | None = None
    columns: tuple[Columns, ...] = ()
    faults: tuple[str, ...] = ()


def count_files(paths: Sequence[str], request: Request) -> pl.DataFrame:
    """Return the partial frame of files, counted in this process.

    Raises:
        InvalidRecordsError: Files cannot be read or counted; every fault is listed with
            its file.
    """
    groups = file_groups(paths, request)
    check_columns(joined([group.frame.columns for group in groups if group.paths]))
    return merged([TaskResult(part) for part in count_groups(groups, request)])


def count_task(paths: Sequence[str], request: Request) -> TaskResult:
    """Count files in one task.

    Faults are returned, not raised, because Ray would wrap an error. A column that is
    absent here is no fault yet, because files of other tasks may have it.
    """
    columns: tuple[Columns, ...] = ()
    try:
        groups = file_groups(paths, request)
        columns = tuple(group.frame.columns for group in groups if group.paths)
        partial = merge_partials(count_groups(groups, request))
    except InvalidRecordsError as error:
        return TaskResult(columns=columns, faults=error.faults)
    return TaskResult(partial, columns)


def merged(results: Iterable[TaskResult]) -> pl.DataFrame:
    """Sum the results of all tasks as they come.

    Raises:
        InvalidRecordsError: The faults of all tasks, and columns that no file has.
    """
    columns: list[Columns] = []
    faults = Faults()
    all_known = True

    def partials() -> Iterator[pl.DataFrame]:
        nonlocal all_known
        for result in results:
            all_known &= bool(result.columns) or not result.faults
            columns.extend(result.columns)
            faults.add(*result.faults)
            if result.partial is not None:
                yield result.partial

    partial = merge_partials(partials())
    found = joined(columns)
    if not all_known:  # a file that cannot be opened may have what the others lack
        found = replace(found, absent={})
    with faults.collected():
        check_columns(found)
    faults.raise_if_any()
    assert partial is not None  # noqa: S101 - without a fault each task has one
    return partial


def split_paths(paths: Sequence[str], cpus: int) -> list[list[str]]:
    """Split paths into groups of nearly equal size, one per task, in their order.

    >>> [len(group) for group in split_paths([f"{n}.csv" for n in range(10)], cpus=2)]
    [1, 1, 1, 2, 1, 1, 1, 2]
    """
    fewest = -(-len(paths) // _MAX_FILES)
    count = min(len(paths), max(cpus * _TASKS_PER_CPU, fewest))
    edges = [len(paths) * number // count for number in range(count + 1)]
    return [list(paths[start:stop]) for start, stop in pairwise(edges)]
