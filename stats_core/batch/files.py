"""Files of records, by path, glob or object-store URL, to canonical frames."""

from collections.abc import Iterable, Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Literal, NamedTuple, assert_never

import polars as pl

from stats_core.batch.json_files import document_batches
from stats_core.engine import counting
from stats_core.errors import Faults, InvalidRecordsError
from stats_core.records.canonical import (
    CanonicalFrame,
    canonical_documents,
    canonical_scan,
)
from stats_core.records.columns import Columns, joined
from stats_core.records.documents import documents_list
from stats_core.request import Request

Format = Literal["parquet", "json", "csv", "ipc"]
FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "json",
    ".jsonl": "json",
    ".json": "json",
    ".csv": "csv",
    ".arrow": "ipc",
    ".ipc": "ipc",
    ".feather": "ipc",
}
_COMPRESSED = (".gz", ".zst")


class FileGroup(NamedTuple):
    """Files that are counted together.

    Attributes:
        paths: The files.
        frame: Their records; None for one file of documents, which is read once.
    """

    paths: list[str]
    frame: CanonicalFrame | None


class CountedGroup(NamedTuple):
    """The partial frame of a group, and its columns; None where it has no document."""

    partial: pl.DataFrame
    columns: Columns | None


class _File(NamedTuple):
    path: str
    lf: pl.LazyFrame
    schema: pl.Schema


def file_paths(sources: Iterable[str]) -> list[str]:
    """Return the files that paths and globs name, each once; a glob's files by name.

    Object-store URLs stay as they are.

    Raises:
        InvalidRecordsError: A path or glob names no file; every one is listed.
    """
    found: list[str] = []
    faults = Faults()
    for source in sources:
        if "://" in source:
            found.append(source)
            continue
        # A file whose own name has brackets is that file.
        exists = bool(source) and Path(source).exists()
        paths = [source] if exists else sorted(_matches(source))
        files = [path for path in paths if Path(path).is_file()]
        if not files:
            what = "no file matches" if has_magic(source) else "no such file"
            faults.add(f"{source}: {'a folder, give a glob' if paths else what}")
        found += files
    faults.raise_if_any()
    return list(dict.fromkeys(found))


def file_groups(paths: Sequence[str], request: Request) -> list[FileGroup]:
    """Return files in groups that are counted together, as few as possible.

    Parquet, CSV and Arrow IPC stay lazy; files of one format and schema are one scan,
    and scans of one canonical form are one group. Every CSV column is text. JSON files
    are documents, one group per file.

    Raises:
        InvalidRecordsError: A file cannot be read, its name tells no format, or its
            columns have wrong types; every fault is listed with its file.
    """
    faults = Faults()
    documents: list[FileGroup] = []
    scans: list[_File] = []
    for path in paths:
        with faults.collected(path):
            if file_format(path) == "json":
                documents.append(FileGroup([path], None))
            else:
                scans.append(_opened(path))
    frames = [_scanned(same, request) for same in _same_schema(scans)]
    for group, frame in frames:
        found = frame.columns.faults
        faults.add(*(f"{path}: {fault}" for path in group for fault in found))
    faults.raise_if_any()
    return [*_same_form(frames), *documents]


def count_groups(
    groups: Iterable[FileGroup], request: Request
) -> Iterator[CountedGroup]:
    """Yield the count of each group.

    Raises:
        InvalidRecordsError: Records cannot be counted; the faults of all files are
            listed, after all groups were tried.
    """
    faults = Faults()
    for group in groups:
        try:
            yield _counted(group, request)
        except (InvalidRecordsError, OSError) as error:
            faults.add(*_file_faults(group, request, error))
    faults.raise_if_any()


def _counted(group: FileGroup, request: Request) -> CountedGroup:
    if group.frame is not None:
        return CountedGroup(counting.count(group.frame, request), group.frame.columns)
    found: list[Columns] = []
    frames = _document_frames(group.paths[0], request, found)
    partial = counting.count_batches(frames, request)
    return CountedGroup(partial, joined(found) if found else None)


def _document_frames(
    path: str, request: Request, found: list[Columns]
) -> Iterator[CanonicalFrame]:
    """Yield the documents of a file in batches; add their columns to `found`."""
    first = 0
    for batch in document_batches(path):
        rows = documents_list(batch, first)
        frame = canonical_documents(rows, request)
        found.append(frame.columns)
        numbered = frame.lf.with_row_index("row", first)
        yield CanonicalFrame(numbered, frame.rows, frame.columns)
        first += len(rows)


def file_format(path: str) -> Format:
    """Return the format that a file's name tells.

    Raises:
        InvalidRecordsError: It tells none.

    >>> file_format("may.csv.gz")
    'csv'
    """
    name = path
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    suffix = Path(name).suffix.lower()
    if suffix not in FORMATS:
        msg = f"unknown file type {suffix!r}, expected one of {', '.join(FORMATS)}"
        raise InvalidRecordsError(msg)
    return FORMATS[suffix]


def _matches(pattern: str) -> list[str]:
    return glob(pattern, recursive=True)  # noqa: PTH207 - absolute patterns too


def _file_faults(group: FileGroup, request: Request, error: Exception) -> Sequence[str]:
    """Return the faults of each file of a group, counted alone if there are several."""
    faults = Faults()
    if len(group.paths) == 1:
        with faults.collected(group.paths[0]):
            raise error
        return faults.lines
    for path in group.paths:
        with faults.collected(path):
            counting.count(canonical_scan(_opened(path).lf, request), request)
    if not faults.lines:
        with faults.collected():
            raise error
    return faults.lines


def _opened(path: str) -> _File:
    kind = file_format(path)
    if kind == "csv" and "://" not in path:
        _check_header(path)
    lf = _scan(kind, [path])
    return _File(path, lf, lf.collect_schema())


def _check_header(path: str) -> None:
    """Refuse two columns of one name: Polars would silently rename one of them."""
    head = pl.scan_csv(
        path,
        has_header=False,
        infer_schema=False,
        n_rows=1,
        truncate_ragged_lines=True,
        glob=False,
    )
    names = [name for name in head.collect().row(0) if name is not None]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidRecordsError(
            *(f"`{name}`: more than one column" for name in twice)
        )


def _same_schema(files: Sequence[_File]) -> Iterable[list[_File]]:
    groups: dict[tuple[Format, str], list[_File]] = {}
    for file in files:
        key = file_format(file.path), str(file.schema)
        groups.setdefault(key, []).append(file)
    return groups.values()


def _scanned(files: list[_File], request: Request) -> tuple[list[str], CanonicalFrame]:
    """Return the records of files of one format and schema, as one scan."""
    paths = [file.path for file in files]
    lf = files[0].lf if len(files) == 1 else _scan(file_format(paths[0]), paths)
    return paths, canonical_scan(lf, request)


def _same_form(
    scans: Sequence[tuple[list[str], CanonicalFrame]],
) -> Iterator[FileGroup]:
    """Concatenate the scans whose canonical frames have one schema."""
    alike: dict[str, list[tuple[list[str], CanonicalFrame]]] = {}
    for paths, frame in scans:
        alike.setdefault(str(frame.lf.collect_schema()), []).append((paths, frame))
    for same in alike.values():
        lf = pl.concat([frame.lf for _, frame in same])
        columns = joined([frame.columns for _, frame in same])
        paths = [path for some, _ in same for path in some]
        yield FileGroup(paths, CanonicalFrame(lf, None, columns))


def _scan(kind: Format, paths: list[str]) -> pl.LazyFrame:
    # Local globs are resolved before; those in URLs are left to Polars.
    globs = all("://" in path and has_magic(path) for path in paths)
    match kind:
        case "parquet":
            return pl.scan_parquet(paths, glob=globs)
        case "csv":
            return pl.scan_csv(paths, infer_schema=False, glob=globs)
        case "ipc":
            return pl.scan_ipc(paths, glob=globs)
        case "json":
            msg = "documents are not scanned"
            raise ValueError(msg)
    assert_never(kind)
