"""Files of records, by path, glob or object-store URL, to what the engine takes."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import escape, glob, has_magic
from pathlib import Path
from typing import Literal, TypeVar, assert_never

import polars as pl

from stats_core.documents import Document, documents_frame
from stats_core.errors import InvalidRecordsError, first_line
from stats_core.fields import find
from stats_core.layout import RecordLayout
from stats_core.records import READ_ERRORS, Records

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

Opened = dict[str, tuple[pl.LazyFrame, pl.Schema]]
# Paths of fields, and whether they hold text somewhere.
Fields = frozenset[tuple[str, bool]]


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
        is_there = bool(source) and Path(source).exists()
        paths = [source] if is_there else sorted(_matches(source))
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

    Parquet, NDJSON, CSV and Arrow IPC stay lazy; JSON arrays are read. A column, or a
    field of the layout's, that only some of the files have is null in the others. Every
    CSV column is text, and NDJSON types are those of the whole file, not of its first
    lines.

    Raises:
        InvalidRecordsError: A file cannot be read, or its name tells no format; every
            fault is listed with its file.
    """
    opened = open_files(paths, layout)
    return scans_of(opened, fields_of(opened, layout))


def open_files(paths: Sequence[str], layout: RecordLayout) -> Opened:
    """Each file's own scan and schema, by its path; files without documents left out.

    Raises:
        InvalidRecordsError: As `scan_files`.
    """
    opened: Opened = {}
    faults: list[str] = []
    for path in paths:
        try:
            lf = _open(path, layout)
            if lf is not None:
                opened[path] = lf, lf.collect_schema()
        except (*READ_ERRORS, ValueError) as error:
            faults += [f"{path}: {line}" for line in _lines(error)]
    if faults:
        raise InvalidRecordsError(*faults)
    return opened


def fields_of(opened: Opened, layout: RecordLayout) -> Fields:
    """Every column, and every field of the layout's, that some of the files have."""
    paths = {*layout.columns().values(), *(layout.search or ())}
    return frozenset(
        (path, field.is_text())
        for _, schema in opened.values()
        for path in paths.union(schema)
        if (field := find(schema, path))
    )


def scans_of(opened: Opened, fields: Fields) -> list[Scan]:
    """Scans of opened files, one for each format and schema among them.

    Args:
        opened: The files.
        fields: What some file has; null in those that lack it.
    """
    groups: dict[tuple[Format, str], list[str]] = {}
    for path, (_, schema) in opened.items():
        groups.setdefault((file_format(path), str(schema)), []).append(path)
    return [
        Scan(
            {path: _with_fields(*opened[path], fields) for path in group},
            _with_fields(*_together(opened, group), fields),
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
    except (InvalidRecordsError, OSError) as error:
        faults: list[str] = []
        for path, lf in scan.files.items():
            try:
                count(lf)
            except (InvalidRecordsError, OSError) as own:
                faults += [f"{path}: {fault}" for fault in _lines(own)]
        raise InvalidRecordsError(*(faults or _lines(error))) from error


def count_scans(
    scans: Iterable[Scan], count: Callable[[Records], Counted]
) -> Iterator[Counted]:
    """Count each scan's records, as `count_scan` does.

    Raises:
        InvalidRecordsError: Records cannot be counted; the faults of all scans are
            listed, once all have been tried.
    """
    faults: list[str] = []
    for scan in scans:
        try:
            yield count_scan(scan, count)
        except InvalidRecordsError as error:
            faults += error.faults
    if faults:
        raise InvalidRecordsError(*faults)


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
    if kind == "csv" and "://" not in path:
        _check_header(path)
    return _scan(kind, [path])


def _check_header(path: str) -> None:
    """Refuse a name that two columns have: Polars would rename one of them unsaid."""
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


def _together(opened: Opened, paths: list[str]) -> tuple[pl.LazyFrame, pl.Schema]:
    """The scan of files of one format and schema, and that schema."""
    lf, schema = opened[paths[0]]
    if len(paths) == 1:
        return lf, schema
    kind = file_format(paths[0])
    if kind == "json":
        return pl.concat([opened[path][0] for path in paths]), schema
    return _scan(kind, paths, schema), schema


def _scan(
    kind: Literal["parquet", "ndjson", "csv", "ipc"],
    paths: list[str],
    schema: pl.Schema | None = None,
) -> pl.LazyFrame:
    # Of local paths, globs were read before; in URLs they are left to Polars.
    globs = all("://" in path and has_magic(path) for path in paths)
    match kind:
        case "parquet":
            return pl.scan_parquet(paths, glob=globs)
        case "ndjson":
            # It takes all names for globs; in brackets a character is only itself.
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
    documents = json.loads(Path(path).read_bytes())
    if not isinstance(documents, list):
        msg = f"expected a JSON array of objects, found `{type(documents).__name__}`"
        raise InvalidRecordsError(msg)
    return documents


def _with_fields(lf: pl.LazyFrame, schema: pl.Schema, fields: Fields) -> pl.LazyFrame:
    """The scan with nulls for the fields that it lacks.

    A nested one becomes a column whose name is the whole path.
    """
    lacking = {path for path, _ in fields if find(schema, path) is None}
    return lf.with_columns(
        pl.lit(None, pl.String if (path, True) in fields else pl.Null).alias(path)
        for path in sorted(lacking)
    )


def _lines(error: BaseException) -> Sequence[str]:
    if isinstance(error, InvalidRecordsError):
        return error.faults
    return [first_line(error)]
