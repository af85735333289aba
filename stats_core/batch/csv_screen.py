"""Whether Polars can be trusted with the rows of a CSV file.

A quote that is not escaped, as in `"5" screen"`, makes Polars take the lines up to the
next such quote for one field, without an error. So before a file is scanned, its lines
are screened. If each line is by itself valid CSV, no field can cross lines.
"""

from io import SEEK_END
from pathlib import Path

import polars as pl

from stats_core.batch.csv_header import CsvHeader
from stats_core.batch.paths import is_url
from stats_core.batch.text_lines import UTF8
from stats_core.errors import READ_ERRORS

_BLOCK = 1 << 20


def is_scannable(path: str, header: CsvHeader) -> bool:
    """Return whether `scan_csv` reads a file as `csv_batches` does, or raises.

    Raises:
        OSError: The file cannot be read.
    """
    if header.encoding not in UTF8 or not header.separator.isascii():
        return False
    if not is_url(path) and not path.endswith((".gz", ".zst")):
        if _ends_with(path, header.separator):  # an empty field that Polars overlooks
            return False
        if _is_plain(path):
            return True
    return are_lines_valid(path, header.separator)


def are_lines_valid(path: str, separator: str) -> bool:
    r"""Return whether each line of a file, or of a glob in a URL, is valid CSV.

    >>> path = getfixture("tmp_path") / "a.csv"
    >>> _ = path.write_text('1,"a ""b"" c"\n')
    >>> are_lines_valid(str(path), ",")
    True
    >>> _ = path.write_text('1,"5" screen"\n')
    >>> are_lines_valid(str(path), ",")
    False
    """
    char = f"\\x{ord(separator):02x}"
    field = f'(?:[^"\\r{char}]*|"(?:[^"]|"")*")'
    line = pl.col("line")
    # The pattern is slow, so that it is for lines that need it.
    special = line.str.contains('"', literal=True) | line.str.contains(
        "\r", literal=True
    )
    invalid = (
        pl.scan_lines(path, name="line")
        .filter(special)
        .filter(~line.str.contains(f"^{field}(?:{char}{field})*$"))
    )
    try:
        return invalid.head(1).collect(engine="streaming").is_empty()
    except READ_ERRORS:
        return False


def _is_plain(path: str) -> bool:
    """Return whether a file has no quotes, and returns only before line feeds."""
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            if block.endswith(b"\r"):
                block += file.read(1)
            returns = block.count(b"\r")
            if b'"' in block or (returns and returns != block.count(b"\r\n")):
                return False
    return True


def _ends_with(path: str, separator: str) -> bool:
    with Path(path).open("rb") as file:
        file.seek(0, SEEK_END)
        file.seek(max(0, file.tell() - 1))
        return file.read() == separator.encode()
