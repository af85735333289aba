"""Files of records, by path, glob or object-store URL, to what the engine takes."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Literal, TypeVar, assert_never

import polars as pl

from stats_core.documents import Document, documents_frame
from stats_core.errors import InvalidRecordsError
from stats_core.layout import RecordLayout
from stats_core.records import Records

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

Counted = TypeVar("Counted")


@dataclass(frozen=True)
class Scan:
    """Files of one format and schema, read as one; nothing is read yet.

    Attributes:
        files: Each file's own scan, by its path.
        records: The scan of them all; no documents where no file holds any.
    """

    files: dict[str, pl.LazyFrame]
    records: Records


def file_paths(sources: Iterable[str]) -> list[str]:
    """The files that paths and globs name, each once, globs in the order of names.

    Object-store URLs stay as they are.

    Raises:
        InvalidRecordsError: A path or glob names no file; every one is listed.
    """
    found: list[str] = []
    faults = []
    for source in sources:
        if "://" in source:
            found.append(source)
            continue
        # A file whose own name has brackets is that file.
        paths = [source] if Path(source).exists() else sorted(_matches(source))
        files = [path for path in paths if Path(path).is_file()]
        if not files:
            what = "no file matches" if has_magic(source) else "no such file"
            faults.append(f"{source}: {'a folder, give a glob' if paths else what}")
        found += files
    if faults:
        raise InvalidRecordsError(*faults)
    return list(dict.fromkeys(found))


def scan_files(paths: Sequence[str], layout: RecordLayout) -> list[Scan]:
    """Lazy scans of all the files, one for each format and schema among them.

    Parquet, NDJSON, CSV and Arrow IPC stay lazy; JSON arrays are read. A column that
    only some of the files have is null in the others. Every CSV column is text, and
    NDJSON types are those of the whole file, not of its first lines.

    Raises:
        InvalidRecordsError: A file cannot be read, or its name tells no format; every
            fault is listed with its file.
    """
    opened: dict[str, pl.LazyFrame] = {}
    groups: dict[tuple[Format, str], list[str]] = {}
    faults: list[str] = []
    for path in paths:
        try:
            lf = _open(path, layout)
            if lf is not None:
                opened[path] = lf
                key = (file_format(path), str(lf.collect_schema()))
                groups.setdefault(key, []).append(path)
        except (pl.exceptions.PolarsError, OSError, ValueError) as error:
            faults += [f"{path}: {line}" for line in _lines(error)]
    if faults:
        raise InvalidRecordsError(*faults)
    names = dict.fromkeys(
        name for lf in opened.values() for name in lf.collect_schema()
    )
    full = {path: _with_columns(lf, list(names)) for path, lf in opened.items()}
    return [
        Scan(
            {path: full[path] for path in group},
            _with_columns(
                _together([opened[path] for path in group], group), list(names)
            ),
        )
        for group in groups.values()
    ] or [Scan({}, [])]


def count_scan(scan: Scan, count: Callable[[Records], Counted]) -> Counted:
    """Count a scan's records, naming the file in each of their faults.

    Raises:
        InvalidRecordsError: The records cannot be counted.
    """
    try:
        return count(scan.records)
    except InvalidRecordsError as error:
        faults: list[str] = []
        for path, lf in scan.files.items():
            try:
                count(lf)
            except InvalidRecordsError as own:
                faults += [f"{path}: {fault}" for fault in own.faults]
        raise InvalidRecordsError(*(faults or error.faults)) from error


def file_format(path: str) -> Format:
    """The format that a file's name tells.

    Raises:
        ValueError: It tells none.

    >>> file_format("may.csv.gz")
    'csv'
    """
    name = path
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    suffix = Path(name).suffix.lower()
    if suffix not in FORMATS:
        msg = f"unknown file type {suffix!r}, expected one of {', '.join(FORMATS)}"
        raise ValueError(msg)
    return FORMATS[suffix]


def _matches(pattern: str) -> list[str]:
    return glob(pattern, recursive=True)  # noqa: PTH207 - absolute patterns too


def _open(path: str, layout: RecordLayout) -> pl.LazyFrame | None:
    """One file's scan; None where it holds no document, and so has no columns."""
    kind = file_format(path)
    if kind == "json":
        df = documents_frame(_array(path), layout)
        return None if df is None else df.lazy()
    if kind == "ndjson" and Path(path).exists() and not Path(path).stat().st_size:
        return None  # Polars finds no type in it
    return _scan(kind, [path])


def _together(lazy: list[pl.LazyFrame], paths: list[str]) -> pl.LazyFrame:
    """The scan of files of one format and schema."""
    if len(paths) == 1:
        return lazy[0]
    kind = file_format(paths[0])
    return (
        pl.concat(lazy)
        if kind == "json"
        else _scan(kind, paths, lazy[0].collect_schema())
    )


def _scan(
    kind: Literal["parquet", "ndjson", "csv", "ipc"],
    paths: list[str],
    schema: pl.Schema | None = None,
) -> pl.LazyFrame:
    match kind:
        case "parquet":
            return pl.scan_parquet(paths, glob=False)
        case "ndjson":
            return pl.scan_ndjson(paths, schema=schema, infer_schema_length=None)
        case "csv":
            return pl.scan_csv(paths, infer_schema=False, glob=False)
        case "ipc":
            return pl.scan_ipc(paths)
    assert_never(kind)


def _array(path: str) -> list[Document]:
    documents = json.loads(Path(path).read_bytes())
    if not isinstance(documents, list):
        msg = f"expected a JSON array of objects, found `{type(documents).__name__}`"
        raise InvalidRecordsError(msg)
    return documents


def _with_columns(lf: pl.LazyFrame, names: list[str]) -> pl.LazyFrame:
    own = lf.collect_schema()
    return lf.with_columns(
        pl.lit(None).alias(name) for name in names if name not in own
    )


def _lines(error: Exception) -> Sequence[str]:
    if isinstance(error, InvalidRecordsError):
        return error.faults
    return [str(error).splitlines()[0]]
