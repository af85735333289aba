"""CSV files: a fast scan, and a slow reader that names every fault.

Polars scans CSV fast, but its errors name no line, and it does not read a quote inside
an unquoted field, which other readers take for a character. Files that it cannot be
trusted with, and those that it refuses, are read by the `csv` module of the standard
library, a batch at a time: either every row counts, or the fault names its line.
"""

import csv
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice

import polars as pl

from stats_core.batch.csv_header import CsvHeader
from stats_core.batch.csv_rows import check_fields, csv_rows
from stats_core.batch.csv_screen import are_lines_valid
from stats_core.batch.formats import ReadOptions, default_separator
from stats_core.batch.text_lines import UTF8, text_lines
from stats_core.errors import InvalidRecordsError

_BATCH_ROWS = 20_000


def scan_csv(paths: Sequence[str], header: CsvHeader) -> pl.LazyFrame:
    """Return the rows of CSV files with one header; every column is `String`.

    Blank lines and lines of nothing but separators are no rows. All columns are read
    to tell these, so that Polars refuses a row with too many fields.
    """
    columns = [f"column_{n}" for n, _ in enumerate(header.names, 1)]
    lf = pl.scan_csv(
        list(paths),
        schema=dict.fromkeys(columns, pl.String()),
        has_header=False,
        skip_lines=header.lines,
        separator=header.separator,
        missing_columns="insert",
        raise_if_empty=False,
        glob=False,
    )
    named = dict(zip(columns, header.names, strict=True))
    return lf.filter(_is_row(columns)).rename(named)


def scan_csv_glob(url: str, reading: ReadOptions) -> pl.LazyFrame:
    """Return the rows of the CSV files that a glob in a URL names, as `scan_csv` does.

    Raises:
        InvalidRecordsError: The options need the slow reader, which reads one file.
        polars.exceptions.PolarsError: The files cannot be read.
    """
    separator = reading.separator or default_separator(url)
    plain = reading.encoding in UTF8 and separator.isascii()
    if not plain or not are_lines_valid(url, separator):
        msg = (
            "a glob in a URL is for UTF-8, an ASCII separator, and lines that each are "
            "valid CSV; name the files one by one"
        )
        raise InvalidRecordsError(msg)
    lf = pl.scan_csv(url, infer_schema=False, separator=separator)
    return lf.filter(_is_row([*lf.collect_schema()]))


def _is_row(columns: Sequence[str]) -> pl.Expr:
    """Return whether a row has a field that is not empty."""
    first, *others = (pl.nth(n) for n, _ in enumerate(columns))
    visible = first.str.strip_chars(" \t")
    return pl.any_horizontal(field != "" for field in (visible, *others))


def csv_batches(path: str, header: CsvHeader) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file in batches, at least one; slow, but exact.

    A quote inside an unquoted field is a character. The rows are those of `scan_csv`.

    Raises:
        InvalidRecordsError: A row is not CSV in this encoding; with its line.
        OSError: The file cannot be read.
    """
    with closing(_row_lines(path, header)) as lines:
        rows = csv.reader(lines, delimiter=header.separator, strict=True)
        try:
            while True:
                batch = list(islice(rows, _BATCH_ROWS))
                yield _frame(batch, header.names)
                if len(batch) < _BATCH_ROWS:
                    return
        except (csv.Error, UnicodeEncodeError, _TooManyFieldsError) as error:
            raise _first_fault(path, header) from error


class _TooManyFieldsError(Exception):
    """A row has more fields than the header."""


def _row_lines(path: str, header: CsvHeader) -> Generator[str, None, None]:
    with closing(text_lines(path, header.encoding)) as lines:
        yield from islice(lines, header.lines, None)


def _frame(rows: list[list[str]], names: Sequence[str]) -> pl.DataFrame:
    """Return rows as text columns; short rows are filled, blank ones left out.

    Raises:
        _TooManyFieldsError: A row has more fields than there are names.
        UnicodeEncodeError: A field is not Unicode.
    """
    width = len(names)
    if any(len(row) != width for row in rows):
        rows = [row + [""] * (width - len(row)) for row in rows if any(row)]
        if any(len(row) != width for row in rows):
            raise _TooManyFieldsError
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    series = [
        pl.Series(name, column, pl.String)
        for name, column in zip(names, columns, strict=True)
    ]
    return pl.DataFrame(series).filter(_is_row(names))


def _first_fault(path: str, header: CsvHeader) -> InvalidRecordsError:
    """Return the fault of the first row that cannot be counted."""
    try:
        with closing(_row_lines(path, header)) as lines:
            for row in csv_rows(lines, header.separator, header.lines):
                if any(row.fields):
                    check_fields(row, header.names, header.separator, header.encoding)
    except InvalidRecordsError as error:
        return error
    return InvalidRecordsError("the file changed while it was read")
