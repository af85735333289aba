"""The count of many files, at once or as tasks that run anywhere."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import polars as pl

from stats_core.batch.files import FileGroup, count_groups, file_groups
from stats_core.batch.formats import ReadOptions
from stats_core.errors import Faults, InvalidRecordsError
from stats_core.records.columns import Columns, check_columns, joined
from stats_core.request import Request
from stats_core.results.partials import merge_partials

# Few files become one task each. For many, there are enough tasks to keep all workers
# busy until the end.
_TASKS_PER_CPU = 4
_MAX_FILES = 64
_DEFAULT = ReadOptions()

# Called with the fields that the layout names and no document has, if there are any: one
# line for each.
UnsetFields = Callable[[Sequence[str]], object]


def ignore_unset(_fields: Sequence[str]) -> None:
    """Say nothing of fields that no document has."""


@dataclass(frozen=True)
class TaskResult:
    """What a task returns.

    Attributes:
        partial: The partial frame of its files; None where they cannot be counted.
        columns: The columns of its files; one entry per group of files.
        faults: Why the files cannot be counted.
        all_known: Whether the columns of all its files are known; a file that cannot be
            opened or read to its end may have what the others lack.
    """

    partial: pl.DataFrame | None = None
    columns: tuple[Columns, ...] = ()
    faults: tuple[str, ...] = ()
    all_known: bool = True


def count_files(
    paths: Sequence[str],
    request: Request,
    reading: ReadOptions = _DEFAULT,
    unset: UnsetFields = ignore_unset,
) -> pl.DataFrame:
    """Return the partial frame of files, counted in this process.

    Args:
        paths: The files.
        request: What is counted.
        reading: How the files are read.
        unset: Called with the fields that the layout names and no document has.

    Raises:
        InvalidRecordsError: Files cannot be read or counted; every fault is listed with
            its file.
    """
    groups = file_groups(paths, request, reading)
    if all(group.frame for group in groups):  # else a file of documents may have more
        check_columns(joined([group.frame.columns for group in groups if group.frame]))
    return merged([_result(groups, request, reading)], unset)


def count_task(
    paths: Sequence[str], request: Request, reading: ReadOptions = _DEFAULT
) -> TaskResult:
    """Count files in one task.

    Faults are returned, not raised, because Ray would wrap an error. A column that is
    absent here is no fault yet, because files of other tasks may have it.
    """
    try:
        groups = file_groups(paths, request, reading)
    except InvalidRecordsError as error:
        return TaskResult(faults=error.faults, all_known=False)
    return _result(groups, request, reading)


def _result(
    groups: Sequence[FileGroup], request: Request, reading: ReadOptions
) -> TaskResult:
    columns = [group.frame.columns for group in groups if group.frame and group.paths]
    faults = Faults()
    all_known = True

    def partials() -> Iterator[pl.DataFrame]:
        nonlocal all_known
        for group in groups:
            try:
                for counted in count_groups([group], request, reading):
                    if group.frame is None and counted.columns is not None:
                        columns.append(counted.columns)
                    yield counted.partial
            except InvalidRecordsError as error:
                faults.add(*error.faults)
                all_known &= group.frame is not None

    with faults.collected():
        partial = merge_partials(partials())
    if faults.lines:
        return TaskResult(None, tuple(columns), tuple(faults.lines), all_known)
    return TaskResult(partial, tuple(columns))


def merged(
    results: Iterable[TaskResult], unset: UnsetFields = ignore_unset
) -> pl.DataFrame:
    """Sum the results of all tasks as they come.

    Args:
        results: The results.
        unset: As in `count_files`; called once, if there are such fields.

    Raises:
        InvalidRecordsError: The faults of all tasks, and columns that no file has.
    """
    columns: list[Columns] = []
    faults = Faults()
    all_known = True

    def partials() -> Iterator[pl.DataFrame]:
        nonlocal all_known
        for result in results:
            all_known &= result.all_known
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
    if lines := [it for path, it in found.absent.items() if path in found.optional]:
        unset(lines)
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
