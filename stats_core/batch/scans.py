"""Lazy scans of files; those of one format, schema and place share a scan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from glob import has_magic
from typing import Literal, NamedTuple, assert_never

import polars as pl

from stats_core.batch.csv_files import scan_csv, scan_csv_glob
from stats_core.batch.csv_header import CsvHeader, read_header
from stats_core.batch.csv_screen import is_scannable
from stats_core.batch.formats import Format, ReadOptions, file_format
from stats_core.batch.paths import is_url, partition_keys
from stats_core.errors import InvalidRecordsError

ScannedFormat = Literal["parquet", "csv", "ipc"]
_ANY_FOLDER = {"*", "**"}


class FileScan(NamedTuple):
    """A file that can be scanned.

    Attributes:
        path: The file, or a glob in a URL.
        kind: Its format.
        header: The header, if it is CSV.
        schema: Its own columns.
        keys: The partition keys in its path.
    """

    path: str
    kind: ScannedFormat
    header: CsvHeader | None
    schema: pl.Schema
    keys: Mapping[str, str | None]

    def alike(self) -> object:
        """Return what is equal for files that share a scan."""
        globs = self.path if is_glob(self.path) else None
        keys = tuple(self.keys.items())
        return self.kind, self.header, str(self.schema), keys, globs


def open_scan(path: str, reading: ReadOptions) -> FileScan | None:
    """Return a file as it is scanned; None if it can only be read in batches.

    Every CSV column is `String`. JSON files are read in batches, and so are CSV files
    that Polars cannot be trusted with, such as those in other encodings than UTF-8.

    Raises:
        InvalidRecordsError: The name tells no format, or the file has no valid header.
        OSError: The file cannot be read.
        polars.exceptions.PolarsError: The same.
    """
    kind, globs = file_format(path, reading), is_glob(path)
    if globs:
        _check_glob(path, kind)
    if kind == "json":
        return None
    header = None
    if kind == "csv" and not globs:
        header = read_header(path, reading)
        if not is_scannable(path, header):
            return None
        schema = pl.Schema(dict.fromkeys(header.names, pl.String()))
    else:
        schema = _scan(kind, [path], reading).collect_schema()
    return FileScan(path, kind, header, schema, partition_keys(path))


def shared_scans(
    files: Iterable[FileScan], reading: ReadOptions
) -> Iterator[tuple[list[str], pl.LazyFrame]]:
    """Yield the paths of files that share a scan, and the scan with partition keys."""
    groups: dict[object, list[FileScan]] = {}
    for file in files:
        groups.setdefault(file.alike(), []).append(file)
    for same in groups.values():
        paths, [first, *_] = [file.path for file in same], same
        if first.header is None:
            lf = _scan(first.kind, paths, reading)
        else:
            lf = scan_csv(paths, first.header)
        yield paths, with_keys(lf, first.schema, first.keys)


def with_keys(
    lf: pl.LazyFrame, names: Iterable[str], keys: Mapping[str, str | None]
) -> pl.LazyFrame:
    """Add partition keys as text columns; columns of the file itself come first."""
    own = set(names)
    return lf.with_columns(
        pl.lit(value, pl.String).alias(key)
        for key, value in keys.items()
        if key not in own
    )


def is_glob(path: str) -> bool:
    """Return whether Polars resolves a path: local globs are resolved before.

    >>> is_glob("s3://bucket/*.parquet"), is_glob("may[1].parquet")
    (True, False)
    """
    return is_url(path) and has_magic(path)


def _scan(
    kind: ScannedFormat, paths: Sequence[str], reading: ReadOptions
) -> pl.LazyFrame:
    globs = any(map(is_glob, paths))
    hive = _hive_schema(paths[0]) if globs else None
    match kind:
        case "parquet":
            return pl.scan_parquet(
                list(paths),
                glob=globs,
                hive_partitioning=globs,
                hive_schema=hive,
                try_parse_hive_dates=False,
            )
        case "ipc":
            return pl.scan_ipc(
                list(paths),
                glob=globs,
                hive_partitioning=globs,
                hive_schema=hive,
                try_parse_hive_dates=False,
            )
        case "csv":
            return scan_csv_glob(paths[0], reading)
    assert_never(kind)


def _hive_schema(url: str) -> dict[str, pl.DataType] | None:
    """Return the partition keys of a glob, if it spells all; Polars then keeps text."""
    if _ANY_FOLDER & {*_folders(url)}:
        return None
    return dict.fromkeys(partition_keys(url), pl.String()) or None


def _folders(url: str) -> list[str]:
    return url.split("/")[3:-1]


def _check_glob(url: str, kind: Format) -> None:
    """Refuse globs behind which partition keys, such as a tenant's, would be lost."""
    hiding = [
        part
        for part in _folders(url)
        if part in _ANY_FOLDER or ("=" in part and has_magic(part))
    ]
    if hiding and kind in {"csv", "json"}:
        msg = (
            f"the glob {hiding[0]!r} can hide partition keys, which only Parquet and "
            "Arrow IPC keep; name the folders"
        )
        raise InvalidRecordsError(msg)
