"""JSON files: an array of documents, or one document per line, read in batches."""

import gzip
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

import polars as pl
from pydantic_core import from_json

from stats_core.errors import InvalidRecordsError
from stats_core.typing import Document

_BATCH_ROWS = 50_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PEEKED = 1 << 16


def document_batches(path: str) -> Iterator[list[Document]]:
    """Yield the documents of a file, in order, at most some ten thousand at a time.

    The content decides, not the name: a file that starts with `[` is one JSON array,
    every other file has one document per line. Blank lines are no documents. An array
    is read whole; lines are read in bounded memory, also compressed (`.gz`, `.zst`).

    Raises:
        InvalidRecordsError: Text that is not JSON, with its line.
        OSError: The file cannot be read.
    """
    if path.endswith(".zst") or "://" in path:
        yield from _batches(_parsed(_polars_lines(path)))
        return
    opened: Any = gzip.open if path.endswith(".gz") else open
    with opened(path, "rb") as file:
        if _start(file) == b"[":
            yield _array(file.read().removeprefix(_BYTE_ORDER_MARK))
        else:
            yield from _batches(_parsed(file))


def _start(file: BinaryIO) -> bytes:
    """Return the first visible byte of a file, and rewind it."""
    start = file.read(_PEEKED).removeprefix(_BYTE_ORDER_MARK).lstrip()[:1]
    file.seek(0)
    return start


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    while batch := list(islice(documents, _BATCH_ROWS)):
        yield batch


def _parsed(lines: Iterable[bytes]) -> Iterator[Document]:
    for number, line in enumerate(lines, 1):
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if not text.isspace() and text:
            yield _json(text, f"line {number}: ", "; expected one document per line")


def _array(text: bytes) -> list[Document]:
    documents = _json(text, "", "")
    if not isinstance(documents, list):
        msg = f"expected a JSON array of objects, found `{type(documents).__name__}`"
        raise InvalidRecordsError(msg)
    return documents


def _json(text: bytes, place: str, expected: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return from_json(text)
    except ValueError:
        pass
    try:  # slower, but it reads deeper objects and lone surrogates
        return json.loads(text)
    except RecursionError as error:
        msg = f"{place}nested too deeply"
        raise InvalidRecordsError(msg) from error
    except ValueError as error:
        msg = f"{place}not JSON: {error}{expected}"
        raise InvalidRecordsError(msg) from error


def _polars_lines(path: str) -> Iterator[bytes]:
    lines = pl.scan_lines(path, name="line")
    for df in lines.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=True):
        for line in df["line"]:
            yield line.encode()
