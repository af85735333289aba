"""Rows of CSV with their lines, and what can be wrong with one."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from stats_core.batch.text_lines import wrong_byte
from stats_core.errors import InvalidRecordsError

BARE_RETURNS = (
    "a carriage return without a line feed ends a line; save the file with line feeds"
)
_EXPLAINED = {
    "new-line character seen in unquoted field": BARE_RETURNS,
    "unexpected end of data": "a quote is opened and never closed",
    "field larger than field limit": "a field is longer than 131,072 characters, or a "
    "quote is never closed",
    "expected after": "text follows the closing quote of a field; write a quote inside "
    "a quoted field twice",
}


class CsvRow(NamedTuple):
    """The fields of a row, and the lines that it takes."""

    first_line: int
    last_line: int
    fields: list[str]


def csv_rows(lines: Iterable[str], separator: str, before: int) -> Iterator[CsvRow]:
    r"""Yield the rows of CSV.

    A quote inside an unquoted field is a character.

    Args:
        lines: The lines, which follow `before` others in their file.
        separator: What separates the fields.
        before: Number of lines before.

    Raises:
        InvalidRecordsError: A row is not CSV; with its first line.

    >>> [row.fields for row in csv_rows(['a,"b\n', 'c"\n', '5" screen\n'], ",", 0)]
    [['a', 'b\nc'], ['5" screen']]
    """
    reader = csv.reader(lines, delimiter=separator, strict=True)
    first = before + 1
    while True:
        try:
            fields = next(reader, None)
        except csv.Error as error:
            msg = f"line {first}: {_explained(error)}"
            raise InvalidRecordsError(msg) from error
        if fields is None:
            return
        yield CsvRow(first, before + reader.line_num, fields)
        first = before + reader.line_num + 1


def check_fields(
    row: CsvRow, names: Sequence[str], separator: str, encoding: str
) -> None:
    """Check that a row has a column for each field, and is text.

    Raises:
        InvalidRecordsError: It has more fields than there are names, or a byte that the
            encoding does not have.
    """
    if len(row.fields) > len(names):
        msg = (
            f"line {row.first_line}: {len(row.fields)} fields, but the header has "
            f"{len(names)}; quote a field that contains {separator!r}, or "
            "name another `separator` (`--separator`)"
        )
        raise InvalidRecordsError(msg)
    if wrong_byte("".join(row.fields)) is None:
        return
    wrong = (
        (name, wrong_byte(it)) for name, it in zip(names, row.fields, strict=False)
    )
    name, what = next((name, what) for name, what in wrong if what)
    msg = (
        f"line {row.first_line}: `{name}`: {what} is not {encoding}; `encoding` "
        "(`--encoding`) names another, such as `cp1252`"
    )
    raise InvalidRecordsError(msg)


def _explained(error: csv.Error) -> str:
    message = str(error)
    return next((it for start, it in _EXPLAINED.items() if start in message), message)
