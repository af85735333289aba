"""CSV files: a fast scan, and a slow reader that names every fault.

Polars scans CSV fast, but its errors name no line, and it refuses a quote inside an
unquoted field, which other readers take for a character. A file that it cannot read is
read again by the `csv` module of the standard library, a batch at a time: either every
row counts, or the fault names its line. Files in other encodings than UTF-8 are read in
this way at once.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from io import SEEK_END
from itertools import islice
from pathlib import Path

import polars as pl

from stats_core.batch.csv_header import CsvHeader
from stats_core.batch.csv_rows import check_fields, csv_rows
from stats_core.batch.formats import ReadOptions, default_separator
from stats_core.batch.paths import is_url
from stats_core.batch.text_lines import UTF8, text_lines
from stats_core.errors import InvalidRecordsError

_BATCH_ROWS = 50_000


def is_fast(path: str, header: CsvHeader) -> bool:
    """Return whether Polars reads the file as `csv_batches` does, or else refuses it."""
    return (
        header.encoding in UTF8
        and header.separator.isascii()
        and not _ends_with(path, header.separator)
    )


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
    if reading.encoding not in UTF8 or not separator.isascii():
        msg = "a glob in a URL needs UTF-8 and an ASCII separator; name the files"
        raise InvalidRecordsError(msg)
    lf = pl.scan_csv(url, infer_schema=False, separator=separator)
    return lf.filter(_is_row([*lf.collect_schema()]))


def _is_row(columns: Sequence[str]) -> pl.Expr:
    """Return whether a row has a field that is not empty."""
    first, *others = (pl.nth(n) for n, _ in enumerate(columns))
    visible = first.str.strip_chars(" \t")
    return pl.any_horizontal(field != "" for field in (visible, *others))


def csv_batches(path: str, header: CsvHeader) -> Iterator[pl.DataFrame]:
    """Yield the rows of a CSV file in batches; slow, but exact.

    A quote inside an unquoted field is a character.

    Raises:
        InvalidRecordsError: A row is not CSV in this encoding; with its line.
        OSError: The file cannot be read.
    """
    schema = dict.fromkeys(header.names, pl.String())
    with closing(text_lines(path, header.encoding)) as lines:
        rows = _records(islice(lines, header.lines, None), header)
        while batch := list(islice(rows, _BATCH_ROWS)):
            yield pl.DataFrame(batch, schema, orient="row")


def _records(lines: Iterable[str], header: CsvHeader) -> Iterator[list[str | None]]:
    """Yield the fields of each row that is not blank; null where a field is empty."""
    width = len(header.names)
    for row in csv_rows(lines, header.separator, header.lines):
        fields = row.fields
        if not any(fields) or (not any(fields[1:]) and not fields[0].strip(" \t")):
            continue
        check_fields(row, header.names, header.separator, header.encoding)
        yield [field or None for field in fields] + [None] * (width - len(fields))


def _ends_with(path: str, separator: str) -> bool:
    """Return whether a file ends with an empty field, which Polars may overlook."""
    if is_url(path) or path.endswith((".gz", ".zst")):
        return False
    with Path(path).open("rb") as file:
        file.seek(0, SEEK_END)
        file.seek(max(0, file.tell() - 1))
        return file.read() == separator.encode()
