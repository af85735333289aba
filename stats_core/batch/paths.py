"""Sources of records to paths of files, and the partition keys in these paths."""

import os
from collections.abc import Iterable, Iterator
from glob import glob, has_magic
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from stats_core.batch.formats import ReadOptions, is_known_type
from stats_core.errors import Faults, InvalidRecordsError

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_DELTA_LOG = "_delta_log"
_MAX_SHOWN = 200


def file_paths(sources: Iterable[str], reading: ReadOptions | None = None) -> list[str]:
    """Return the files that paths, folders and globs name, each file once.

    The files of a glob or folder are sorted by path. A folder means all files of known
    types in it and in its folders; names that start with `.` or `_` are left out, and
    so is what has no known type. A file with several names, such as `a.csv`, `./a.csv`
    and a symbolic link, counts once, under the first name. URLs of object stores stay
    as they are.

    Args:
        sources: Paths, folders, globs and URLs.
        reading: If they give the format, files of all types are taken from folders.

    Raises:
        InvalidRecordsError: A source names no file; every one is listed.
    """
    found: list[str] = []
    faults = Faults()
    any_type = reading is not None and reading.input_format is not None
    for source in map(_local, sources):
        with faults.collected(shown_path(source)):
            found += [source] if is_url(source) else _files(source, any_type=any_type)
    for path in found:
        if not _is_unicode(path):
            fault = "the name is not UTF-8, so it cannot be opened; rename the file"
            faults.add(f"{shown_path(path)}: {fault}")
    faults.raise_if_any()
    return list({resolved(path): path for path in reversed(found)}.values())[::-1]


def resolved(path: str) -> str:
    """Return what is equal for two names of one file."""
    return path if is_url(path) else os.path.realpath(path)


def is_url(path: str) -> bool:
    """Return whether a path is the URL of an object store.

    >>> is_url("s3://bucket/may.parquet"), is_url("may.parquet")
    (True, False)
    """
    return "://" in path


def shown_path(path: str) -> str:
    r"""Return a path as messages show it: printable, and not too long.

    >>> print(shown_path("a\udcff.csv"))
    a\udcff.csv
    """
    text = path.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}…"


def partition_keys(path: str) -> dict[str, str | None]:
    """Return the keys and values of the folders in a path that are called `key=value`.

    Keys and values are percent-decoded; `__HIVE_DEFAULT_PARTITION__` means null. The
    absolute path counts, so that a file has the same keys from every working directory.

    Raises:
        InvalidRecordsError: A percent-encoded key or value is not UTF-8.

    >>> partition_keys("/data/utm_source=a%20b/day=__HIVE_DEFAULT_PARTITION__/x.csv")
    {'utm_source': 'a b', 'day': None}
    """
    folders = (
        path.split("/")[3:-1] if is_url(path) else Path(path).absolute().parts[:-1]
    )
    parted = [folder.partition("=") for folder in folders]
    return {
        _decoded(key): None if value == _NULL_PARTITION else _decoded(value)
        for key, equals, value in parted
        if key and equals
    }


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        msg = f"the folder name {text!r} is not percent-encoded UTF-8"
        raise InvalidRecordsError(msg) from error


def _local(source: str) -> str:
    """Return the path that a URL of a local file names; other sources as they are."""
    if not source.lower().startswith("file:///"):
        return source
    return url2pathname(urlsplit(source).path)


def _files(source: str, *, any_type: bool) -> list[str]:
    """Return the files that a path, folder or glob names."""
    # A file whose own name has brackets is that file.
    exact = _exists(source)
    paths = [source] if exact else sorted(glob(source, recursive=True))  # noqa: PTH207 - absolute patterns too
    files: list[str] = []
    for path in paths:
        if _is_file(path):
            files.append(path)
        elif Path(path).is_dir() and (exact or "**" not in source):
            files += _files_in(path, set(), any_type=any_type)
    if not files:
        raise InvalidRecordsError(_nothing(source, exact=exact))
    return files


def _is_file(path: str) -> bool:
    # A link to nothing counts as a file, so that it is named and not left out.
    return Path(path).is_file() or not _exists(path)


def _exists(path: str) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - `Path.exists` raises on long names


def _nothing(source: str, *, exact: bool) -> str:
    if not exact:
        return "no file matches" if has_magic(source) else "no such file"
    if Path(source).is_dir():
        return "the folder has no file of a known type"
    return "neither a file nor a folder; standard input, `-`, reads what is piped"


def _files_in(folder: str, seen: set[str], *, any_type: bool) -> Iterator[str]:
    """Yield the files in a folder and its folders, each folder once."""
    place = os.path.realpath(folder)
    if place in seen:  # a link to a folder around it
        return
    seen.add(place)
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if any(entry.name == _DELTA_LOG for entry in entries):
        msg = (
            f"{shown_path(folder)} is a Delta table, whose files also hold deleted "
            "rows; read the table with a library for Delta and count the frame"
        )
        raise InvalidRecordsError(msg)
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        if Path(entry.path).is_dir():
            yield from _files_in(entry.path, seen, any_type=any_type)
        elif _is_file(entry.path) and (any_type or is_known_type(entry.name)):
            yield entry.path


def _is_hidden(name: str) -> bool:
    """Return whether writers of tables mean a file by this name to be left out."""
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
