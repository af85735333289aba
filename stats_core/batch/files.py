"""Files of records, by path, glob or object-store URL, to canonical frames."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from glob import escape, glob, has_magic
from pathlib import Path
from typing import Literal, NamedTuple, assert_never

import polars as pl

from stats_core.engine import execution
from stats_core.errors import Faults, InvalidRecordsError
from stats_core.records.canonical import CanonicalFrame, canonical_scan, no_records
from stats_core.records.columns import joined
from stats_core.records.documents import documents_frame
from stats_core.request import Request
from stats_core.typing import Document

Format = Literal["parquet", "ndjson", "json", "csv", "ipc"]
FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".csv": "csv",
    ".arrow": "ipc",
    ".ipc": "ipc",
    ".feather": "ipc",
}
_COMPRESSED = (".gz", ".zst")


class FileGroup(NamedTuple):
    """Files whose records are counted as one canonical frame."""

    paths: list[str]
    frame: CanonicalFrame


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
    """Return the records of files in canonical form, with as few frames as possible.

    The faults of columns name their file; `check_columns` raises them.

    Parquet, NDJSON, CSV and Arrow IPC stay lazy; files of one format and schema are one
    scan. JSON arrays are read. Every CSV column is text; the types of NDJSON are those
    of the whole file, not of its first lines.

    Raises:
        InvalidRecordsError: A file cannot be read, or its name tells no format; every
            fault is listed with its file, and with those of the columns.
    """
    faults = Faults()
    files: list[_File] = []
    for path in paths:
        with faults.collected(path):
            files += _opened(path, request)
    groups = [_group(same, request) for same in _same_schema(files)]
    if faults.lines:
        faults.add(*(fault for group in groups for fault in group.frame.columns.faults))
    faults.raise_if_any()
    return [*_same_form(groups)] or [FileGroup([], no_records(request))]


def count_groups(
    groups: Iterable[FileGroup], request: Request
) -> Iterator[pl.DataFrame]:
    """Yield the partial frame of each group whose columns have no fault.

    Raises:
        InvalidRecordsError: Records cannot be counted; the faults of all files are
            listed, after all groups were tried.
    """
    faults = Faults()
    for group in groups:
        if group.frame.columns.faults:
            continue
        try:
            yield execution.count(group.frame, request)
        except InvalidRecordsError as error:
            faults.add(*(_file_faults(group, request) or error.faults))
    faults.raise_if_any()


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


def _file_faults(group: FileGroup, request: Request) -> list[str]:
    """Count each file of a group alone, to name the files that have faults."""
    faults = Faults()
    for path in group.paths:
        with faults.collected(path):
            for file in _opened(path, request):
                execution.count(canonical_scan(file.lf, request), request)
    return faults.lines


def _opened(path: str, request: Request) -> list[_File]:
    """Open one file; a file without documents has no columns and is left out."""
    kind = file_format(path)
    if kind == "json":
        df = documents_frame(_array(path), request)
        return [] if df is None else [_File(path, df.lazy(), df.schema)]
    if kind == "ndjson" and Path(path).exists() and not Path(path).stat().st_size:
        return []  # Polars finds no type in it
    if kind == "csv" and "://" not in path:
        _check_header(path)
    lf = _scan(kind, [path])
    return [_File(path, lf, lf.collect_schema())]


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


def _group(files: list[_File], request: Request) -> FileGroup:
    """Return files of one format and schema as one scan."""
    paths = [file.path for file in files]
    kind, (first, *others) = file_format(paths[0]), files
    if not others:
        lf = first.lf
    elif kind == "json":
        lf = pl.concat([file.lf for file in files])
    else:
        lf = _scan(kind, paths, first.schema)
    frame = canonical_scan(lf, request)
    faults = (f"{path}: {it}" for path in paths for it in frame.columns.faults)
    columns = replace(frame.columns, faults=tuple(faults))
    return FileGroup(paths, replace(frame, columns=columns))


def _same_form(groups: Sequence[FileGroup]) -> Iterator[FileGroup]:
    """Concatenate the groups whose canonical frames have one schema."""
    alike: dict[str, list[FileGroup]] = {}
    for group in groups:
        if group.frame.columns.faults:  # it may have no schema
            yield group
            continue
        alike.setdefault(str(group.frame.lf.collect_schema()), []).append(group)
    for same in alike.values():
        lf = pl.concat([group.frame.lf for group in same])
        paths = [path for group in same for path in group.paths]
        yield FileGroup(
            paths,
            CanonicalFrame(lf, None, joined([group.frame.columns for group in same])),
        )


def _scan(
    kind: Literal["parquet", "ndjson", "csv", "ipc"],
    paths: list[str],
    schema: pl.Schema | None = None,
) -> pl.LazyFrame:
    # Local globs are resolved before; those in URLs are left to Polars.
    globs = all("://" in path and has_magic(path) for path in paths)
    match kind:
        case "parquet":
            return pl.scan_parquet(paths, glob=globs)
        case "ndjson":
            # It takes every name for a glob; in brackets a character is only itself.
            names = [path if globs else escape(path) for path in paths]
            return pl.scan_ndjson(names, schema=schema, infer_schema_length=None)
        case "csv":
            return pl.scan_csv(paths, infer_schema=False, glob=globs)
        case "ipc":
            return pl.scan_ipc(paths, glob=globs)
    assert_never(kind)


def _array(path: str) -> list[Document]:
    if path.endswith(_COMPRESSED):
        msg = "a JSON array is not read compressed; NDJSON is"
        raise InvalidRecordsError(msg)
    try:
        documents = json.loads(Path(path).read_bytes())
    except ValueError as error:
        raise InvalidRecordsError(str(error)) from error
    if not isinstance(documents, list):
        msg = f"expected a JSON array of objects, found `{type(documents).__name__}`"
        raise InvalidRecordsError(msg)
    return documents
