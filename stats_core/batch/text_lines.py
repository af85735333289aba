"""Lines of text files: compressed ones, in any encoding, never whole in memory."""

import gzip
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast
from zlib import error as CompressionError  # noqa: N812 - `error` says too little

import polars as pl

from stats_core.batch.paths import is_url
from stats_core.errors import InvalidRecordsError

UTF8 = frozenset({"utf-8", "utf-8-sig", "ascii"})
_BYTE_ORDER_MARK = "\ufeff"
_BYTE_ORDER_MARKS = {  # the longer ones first
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_START = 1 << 16
_ESCAPED_BYTES = range(0xDC80, 0xDD00)  # of the error handler `surrogateescape`


def text_lines(
    path: str, encoding: str, first: int | None = None
) -> Generator[str, None, None]:
    """Yield the lines of a file with their line feeds, without a byte order mark.

    Only a line feed ends a line. A byte that the encoding does not have becomes a lone
    surrogate, which `wrong_byte` shows.

    Args:
        path: A local file, also compressed (`.gz`, `.zst`), or a URL.
        encoding: The encoding; only UTF-8 where the file is a URL or `.zst`.
        first: How many lines are needed; None means all.

    Raises:
        InvalidRecordsError: The text cannot be decoded or decompressed.
        OSError: The file cannot be read.
    """
    lines = _polars_lines if _is_left_to_polars(path) else _decoded_lines
    for number, line in enumerate(lines(path, encoding, first)):
        yield line if number else line.removeprefix(_BYTE_ORDER_MARK)


def start_of(path: str) -> bytes:
    """Return the first bytes of a local file, decompressed; none of a URL or `.zst`."""
    if _is_left_to_polars(path):
        return b""
    with closing(_opened(path)) as file, _decompressed():
        return file.read(_START)


def marked_encoding(start: bytes) -> str:
    """Return the encoding that a byte order mark tells; without one UTF-8.

    >>> marked_encoding("a".encode("utf-16"))
    'utf-16'
    """
    found = (it for mark, it in _BYTE_ORDER_MARKS.items() if start.startswith(mark))
    return next(found, "utf-8")


def wrong_byte(text: str) -> str | None:
    r"""Return what in a text is not Unicode, as messages show it; None if all is.

    >>> wrong_byte("a\udcff"), wrong_byte("é")
    ('byte 0xff', None)
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        code = ord(text[error.start])
        if code in _ESCAPED_BYTES:
            return f"byte 0x{code - 0xDC00:02x}"
        return "a lone surrogate"
    return None


def _is_left_to_polars(path: str) -> bool:
    return is_url(path) or path.endswith(".zst")


def _opened(path: str) -> IO[bytes]:
    if path.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path))
    return Path(path).open("rb")


@contextmanager
def _decompressed() -> Iterator[None]:
    try:
        yield
    except (EOFError, CompressionError) as error:
        msg = "the compressed file is cut or damaged"
        raise InvalidRecordsError(msg) from error


def _decoded_lines(path: str, encoding: str, _first: int | None) -> Iterator[str]:
    number = 0
    with closing(_opened(path)) as file, _decompressed():
        text = TextIOWrapper(file, encoding, errors="surrogateescape", newline="\n")
        try:
            for line in text:
                yield line
                number += 1
        except UnicodeError as error:
            msg = f"after line {number}: the text is not {encoding}: {error}"
            raise InvalidRecordsError(msg) from error


def _polars_lines(path: str, encoding: str, first: int | None) -> Iterator[str]:
    if encoding not in UTF8:
        msg = "`encoding` is for local files that are not `.zst`; decompress the file"
        raise InvalidRecordsError(msg)
    lf = pl.scan_lines(path, name="line")
    needed = lf if first is None else lf.head(first)
    for df in needed.collect_batches(maintain_order=True):
        for line in df["line"]:
            yield f"{line}\n"
