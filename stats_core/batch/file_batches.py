"""Files that are read once, in batches: documents, and CSV that Polars cannot scan."""

from collections.abc import Iterator
from typing import Any

from stats_core.batch.csv_files import csv_batches
from stats_core.batch.csv_header import read_header
from stats_core.batch.formats import ReadOptions, file_format
from stats_core.batch.json_files import document_batches
from stats_core.batch.paths import partition_keys
from stats_core.batch.scans import with_keys
from stats_core.batch.text_lines import UTF8
from stats_core.errors import InvalidRecordsError
from stats_core.records.canonical import (
    CanonicalFrame,
    canonical_documents,
    canonical_scan,
)
from stats_core.records.columns import Columns
from stats_core.records.documents import documents_list
from stats_core.request import Request


def canonical_batches(
    path: str, request: Request, reading: ReadOptions, found: list[Columns]
) -> Iterator[CanonicalFrame]:
    """Yield the records of a file in batches; add their columns to `found`.

    A column `row` numbers the records.

    Raises:
        InvalidRecordsError: The text of the file is malformed; with its line.
        OSError: The file cannot be read.
    """
    is_csv = file_format(path, reading) == "csv"
    batches = _csv_frames if is_csv else _document_frames
    first = 0
    for frame in batches(path, request, reading):
        found.append(frame.columns)
        numbered = frame.lf.with_row_index("row", first)
        yield CanonicalFrame(numbered, frame.rows, frame.columns)
        first += frame.rows or 0


def _csv_frames(
    path: str, request: Request, reading: ReadOptions
) -> Iterator[CanonicalFrame]:
    header, keys = read_header(path, reading), partition_keys(path)
    for df in csv_batches(path, header):
        lf = with_keys(df.lazy(), header.names, keys)
        yield canonical_scan(lf, request, df.height)


def _document_frames(
    path: str, request: Request, reading: ReadOptions
) -> Iterator[CanonicalFrame]:
    if reading.encoding not in UTF8:
        msg = f"`encoding` {reading.encoding} is for CSV; JSON is UTF-8"
        raise InvalidRecordsError(msg)
    keys, first = partition_keys(path), 0
    for batch in document_batches(path):
        rows: list[Any] = documents_list(batch, first)
        if keys:
            rows = [{**keys, **row} for row in rows]
        yield canonical_documents(rows, request)
        first += len(rows)
