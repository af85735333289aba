"""Files of records in groups that are counted together, and their counts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import NamedTuple

import polars as pl

from stats_core.batch.file_batches import canonical_batches
from stats_core.batch.formats import ReadOptions, file_format
from stats_core.batch.paths import shown_path
from stats_core.batch.scans import FileScan, is_glob, open_scan, shared_scans
from stats_core.engine import counting
from stats_core.errors import Faults, InvalidRecordsError, UnreadableRecordsError
from stats_core.records.canonical import (
    CanonicalFrame,
    canonical_documents,
    canonical_scan,
)
from stats_core.records.columns import Columns, joined
from stats_core.request import Request

_DEFAULT = ReadOptions()
_Scanned = tuple[list[str], CanonicalFrame]
_MAX_SCANS = 64  # in one plan; Polars needs a thread for each


class FileGroup(NamedTuple):
    """Files that are counted together.

    Attributes:
        paths: The files.
        frame: Their records; None for one file that is read in batches.
    """

    paths: list[str]
    frame: CanonicalFrame | None


class CountedGroup(NamedTuple):
    """The partial frame of a group, and its columns; None where it has no record."""

    partial: pl.DataFrame
    columns: Columns | None


def file_groups(
    paths: Sequence[str], request: Request, reading: ReadOptions = _DEFAULT
) -> list[FileGroup]:
    """Return files in groups that are counted together, as few as possible.

    The faults of columns name their file; `check_columns` raises them.

    Parquet, CSV and Arrow IPC stay lazy; files of one format, schema and partition are
    one scan, and scans of one canonical form are one group. A file that is read in
    batches is a group of its own.

    Raises:
        InvalidRecordsError: A file cannot be read, or its name tells no format; every
            fault is listed with its file, and with those of the columns.
    """
    faults = Faults()
    batched: list[FileGroup] = []
    scans: list[FileScan] = []
    for path in paths:
        with faults.collected(shown_path(path)):
            scan = open_scan(path, reading)
            if scan is None:
                batched.append(FileGroup([path], None))
            else:
                scans.append(scan)
    groups = [_scanned(some, lf, request) for some, lf in shared_scans(scans, reading)]
    if faults.lines:
        faults.add(*(fault for _, frame in groups for fault in frame.columns.faults))
        unread = [path for group in batched for path in group.paths]
        for _ in _counted_alone(unread, request, reading, faults):
            pass  # only for their faults
    faults.raise_if_any()
    found = [*_same_form(groups), *batched]
    return found or [FileGroup([], canonical_documents([], request))]


def count_groups(
    groups: Iterable[FileGroup], request: Request, reading: ReadOptions = _DEFAULT
) -> Iterator[CountedGroup]:
    """Yield the count of each group whose columns have no fault.

    A group that cannot be read at once is counted file by file, and CSV then by the
    slow reader, which counts more and names the lines of faults.

    Raises:
        InvalidRecordsError: Records cannot be counted; the faults of all files are
            listed, after all groups were tried.
    """
    faults = Faults()
    for group in groups:
        if group.frame is not None and group.frame.columns.faults:
            continue
        try:
            yield _counted(group, request, reading)
        except UnreadableRecordsError:
            yield from _counted_alone(group.paths, request, reading, faults)
        except (InvalidRecordsError, OSError) as error:
            faults.add(*_file_faults(group, request, reading, error))
    faults.raise_if_any()


def _counted(group: FileGroup, request: Request, reading: ReadOptions) -> CountedGroup:
    if group.frame is not None:
        return CountedGroup(counting.count(group.frame, request), group.frame.columns)
    return _counted_in_batches(group.paths[0], request, reading)


def _counted_in_batches(
    path: str, request: Request, reading: ReadOptions
) -> CountedGroup:
    found: list[Columns] = []
    frames = canonical_batches(path, request, reading, found)
    partial = counting.count_batches(frames, request)
    return CountedGroup(partial, _named(joined(found), [path]) if found else None)


def _counted_alone(
    paths: Sequence[str], request: Request, reading: ReadOptions, faults: Faults
) -> Iterator[CountedGroup]:
    """Yield the count of each file that can be counted; collect the other's faults."""
    for path in paths:
        with faults.collected(path):
            yield _counted_file(path, request, reading, alone=len(paths) == 1)


def _counted_file(
    path: str, request: Request, reading: ReadOptions, *, alone: bool
) -> CountedGroup:
    """Count a file again; if it was counted alone before, by the slow reader."""
    is_csv = file_format(path, reading) == "csv" and not is_glob(path)
    if is_csv and alone:
        return _counted_in_batches(path, request, reading)
    try:
        return _counted_fast(path, request, reading)
    except UnreadableRecordsError:
        if not is_csv:
            raise
        return _counted_in_batches(path, request, reading)


def _counted_fast(path: str, request: Request, reading: ReadOptions) -> CountedGroup:
    scan = open_scan(path, reading)
    if scan is None:
        return _counted_in_batches(path, request, reading)
    [(paths, lf)] = shared_scans([scan], reading)
    _, frame = _scanned(paths, lf, request)
    return CountedGroup(counting.count(frame, request), frame.columns)


def _file_faults(
    group: FileGroup, request: Request, reading: ReadOptions, error: Exception
) -> Sequence[str]:
    """Return the faults of each file of a group, counted alone if there are several."""
    faults = Faults()
    if len(group.paths) > 1:
        for _ in _counted_alone(group.paths, request, reading, faults):
            pass
    if not faults.lines:
        source = group.paths[0] if len(group.paths) == 1 else ""
        with faults.collected(source):
            raise error
    return faults.lines


def _scanned(paths: list[str], lf: pl.LazyFrame, request: Request) -> _Scanned:
    """Return files of one scan, and their records in canonical form."""
    frame = canonical_scan(lf, request)
    return paths, replace(frame, columns=_named(frame.columns, paths))


def _named(columns: Columns, paths: Sequence[str]) -> Columns:
    """Name the files in the faults of their columns."""
    faults = [f"{shown_path(path)}: {it}" for path in paths for it in columns.faults]
    return replace(columns, faults=tuple(faults))


def _same_form(scans: Sequence[_Scanned]) -> Iterator[FileGroup]:
    """Concatenate the scans whose canonical frames have one schema and no fault, 64 at most."""
    alike: dict[str, list[_Scanned]] = {}
    for paths, frame in scans:
        if frame.columns.faults:  # it is not counted
            yield FileGroup(paths, frame)
            continue
        alike.setdefault(str(frame.lf.collect_schema()), []).append((paths, frame))
    for same in chain.from_iterable(map(_some, alike.values())):
        lf = pl.concat([frame.lf for _, frame in same])
        columns = joined([frame.columns for _, frame in same])
        paths = [path for some, _ in same for path in some]
        yield FileGroup(paths, CanonicalFrame(lf, None, columns))


def _some(scans: list[_Scanned]) -> Iterator[list[_Scanned]]:
    for start in range(0, len(scans), _MAX_SCANS):
        yield scans[start : start + _MAX_SCANS]
