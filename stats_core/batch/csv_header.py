"""The header of a CSV file: its columns, separator and encoding."""

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain
from typing import NamedTuple

from stats_core.batch.csv_rows import BARE_RETURNS, CsvRow, check_fields, csv_rows
from stats_core.batch.formats import ReadOptions, default_separator
from stats_core.batch.text_lines import UTF8, marked_encoding, start_of, text_lines
from stats_core.errors import InvalidRecordsError

_MAX_HEADER_LINES = 1_000
_SEPARATOR_LINE = re.compile(r'"?sep=([^"\r\n])"?\r?\n?', re.IGNORECASE)
_OTHER_SEPARATORS = ";\t|"


class CsvHeader(NamedTuple):
    """What the start of a CSV file tells.

    Attributes:
        names: The names of the columns.
        separator: What separates the fields.
        encoding: The encoding of the text.
        lines: Number of lines before the first row.
    """

    names: tuple[str, ...]
    separator: str
    encoding: str
    lines: int


def read_header(path: str, reading: ReadOptions) -> CsvHeader:
    """Return the header of a CSV file: its first line that is not blank.

    A first line `sep=;` names the separator, as spreadsheets write it.

    Raises:
        InvalidRecordsError: There is no header, it is not CSV, or two columns have one
            name.
        OSError: The file cannot be read.
    """
    start = start_of(path)
    encoding = reading.encoding
    if encoding in UTF8:
        encoding = marked_encoding(start)
    if b"\r" in start and b"\n" not in start:
        msg = f"line 1: {BARE_RETURNS}"
        raise InvalidRecordsError(msg)
    with closing(text_lines(path, encoding, _MAX_HEADER_LINES)) as lines:
        separator, row = _header_row(path, lines, reading.separator)
    names = tuple(name or f"column {n}" for n, name in enumerate(row.fields, 1))
    places = [f"column {n}" for n, _ in enumerate(names, 1)]
    check_fields(row, places, separator, encoding)
    _check_names(names, reading)
    return CsvHeader(names, separator, encoding, row.last_line)


def _header_row(
    path: str, lines: Iterator[str], given: str | None
) -> tuple[str, CsvRow]:
    """Return the separator, and the row with the names of the columns."""
    separator = given or default_separator(path)
    for number, line in enumerate(lines):
        named = _SEPARATOR_LINE.fullmatch(line) if number == 0 else None
        if named:
            separator = given or named[1]
        elif line.strip(f"{separator} \t\r\n"):
            return separator, next(csv_rows(chain([line], lines), separator, number))
    msg = "empty: expected a line with the names of the columns"
    raise InvalidRecordsError(msg)


def _check_names(names: Sequence[str], reading: ReadOptions) -> None:
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidRecordsError(
            *(f"`{name}`: more than one column" for name in twice)
        )
    other = [char for char in _OTHER_SEPARATORS if char in names[0]]
    if len(names) == 1 and other and reading.separator is None:
        msg = (
            f"the header is one column, `{names[0]}`; if {other[0]!r} separates the "
            "columns, name it as `separator` (`--separator`)"
        )
        raise InvalidRecordsError(msg)
