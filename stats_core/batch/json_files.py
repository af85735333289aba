"""JSON files: an array of documents, or one document per line, read in batches."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any

import polars as pl
from pydantic_core import from_json

from stats_core.errors import InvalidRecordsError, first_line, reading
from stats_core.typing import Document

BATCH_ROWS = 50_000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def document_batches(path: str, size: int | None = None) -> Iterator[list[Document]]:
    """Yield the documents of a file, in order, at most `size` (50,000) at a time.

    The content decides, not the name: a file that starts with `[` is one JSON array,
    every other file has one document per line. Blank lines are no documents. An array
    is read whole; lines are read in bounded memory, also compressed (`.gz`, `.zst`).

    Raises:
        InvalidRecordsError: Text that is not JSON, with its line; damaged compression.
        OSError: The file cannot be read.
    """
    with _decompressing():
        documents = _documents(_lines(path))
        while batch := list(islice(documents, size or BATCH_ROWS)):
            yield batch


def _lines(path: str) -> Iterator[bytes]:
    if path.endswith(".zst") or "://" in path:
        yield from _polars_lines(path)
        return
    opened: Any = gzip.open if path.endswith(".gz") else open
    with opened(path, "rb") as file:
        yield from file


def _polars_lines(path: str) -> Iterator[bytes]:
    lines = pl.scan_lines(path, name="line")
    with reading():
        for df in lines.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            for line in df["line"]:
                yield line.encode() + b"\n"


@contextmanager
def _decompressing() -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error) as error:
        msg = f"the compressed data is damaged: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _documents(lines: Iterator[bytes]) -> Iterator[Any]:
    """Yield what should be documents: of an array, or of one line each."""
    numbered = enumerate(lines, 1)
    for number, line in numbered:
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if text.lstrip().startswith(b"["):
            yield from _array(b"".join([text, *(line for _, line in numbered)]))
        elif text.strip():
            yield from _parsed(chain([(number, text)], numbered))


def _parsed(lines: Iterable[tuple[int, bytes]]) -> Iterator[Any]:
    for number, line in lines:
        if line.strip():
            yield _json(line, f"line {number}: ", "; expected one document per line")


def _array(text: bytes) -> list[Any]:
    documents: list[Any] = _json(text, "", "; expected one array, as it starts with [")
    return documents


def _json(text: bytes, place: str, expected: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return from_json(text)
    except ValueError:
        pass
    try:  # slower, but it reads deeper objects, longer numbers and lone surrogates
        return json.loads(text, parse_int=_whole_number)
    except RecursionError as error:
        msg = f"{place}nested too deeply"
        raise InvalidRecordsError(msg) from error
    except ValueError as error:
        msg = f"{place}not JSON: {error}{expected}"
        raise InvalidRecordsError(msg) from error


def _whole_number(digits: str) -> float:
    """Return a whole number; one too long for Python is infinite, so it is no label."""
    try:
        return int(digits)
    except ValueError:
        return float(digits)
