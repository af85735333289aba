"""Formats of files, and the options with which files are read."""

import codecs
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict

from stats_core.errors import InvalidRecordsError, refused

Format = Literal["parquet", "json", "csv", "ipc"]
InputFormat = Literal["csv", "ndjson", "json", "parquet", "ipc"]
INPUT_FORMATS: tuple[InputFormat, ...] = get_args(InputFormat)
FORMATS: dict[str, Format] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".ndjson": "json",
    ".jsonl": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".arrow": "ipc",
    ".ipc": "ipc",
    ".feather": "ipc",
}
_COMPRESSED = (".gz", ".zst")
_SEPARATORS = {".tsv": "\t", ".tab": "\t"}
_SPELLED = {"tab": "\t", "\\t": "\t"}


def _separator(text: str) -> str:
    separator = _SPELLED.get(text.lower(), text)
    if len(separator) != 1 or separator in '"\r\n\0\ufeff' or not _is_text(separator):
        msg = "expected one character, or `tab`"
        raise refused(msg)
    return separator


def _is_text(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


def _encoding(name: str) -> str:
    try:
        "".encode(name)  # refuses codecs that are not for text
        return codecs.lookup(name).name
    except (LookupError, ValueError) as error:
        msg = "expected an encoding, such as `cp1252` or `utf-16`"
        raise refused(msg) from error


class ReadOptions(BaseModel):
    """How files are read where their names and contents do not tell.

    Attributes:
        input_format: The format of all files; None means the one that a file's name
            tells.
        separator: What separates the fields of CSV: one character, or `tab`. None means
            what a first line `sep=;` names, else a tab in `.tsv` and `.tab` files, else
            a comma.
        encoding: The encoding of CSV, any of Python's. A file that starts with a byte
            order mark of UTF-8, UTF-16 or UTF-32 is read as that by default.

    >>> ReadOptions(separator="tab", encoding="latin1").encoding
    'iso8859-1'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_format: InputFormat | None = None
    separator: Annotated[str, AfterValidator(_separator)] | None = None
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"


def file_format(path: str, reading: ReadOptions | None = None) -> Format:
    """Return the format of a file, by the options or else by its name.

    Raises:
        InvalidRecordsError: Neither tells it.

    >>> (
    ...     file_format("may.csv.gz"),
    ...     file_format("may.txt", ReadOptions(input_format="csv")),
    ... )
    ('csv', 'csv')
    """
    given = reading.input_format if reading else None
    if given is not None:
        return "json" if given == "ndjson" else given
    suffix = _suffix(path)
    if suffix not in FORMATS:
        msg = (
            f"unknown file type {suffix!r}, expected one of {', '.join(FORMATS)}; "
            "`input_format` (`--input-format`) names the format of other files"
        )
        raise InvalidRecordsError(msg)
    return FORMATS[suffix]


def is_known_type(path: str) -> bool:
    """Return whether the name of a file tells its format.

    >>> is_known_type("a.csv.gz"), is_known_type("_SUCCESS")
    (True, False)
    """
    return _suffix(path) in FORMATS


def default_separator(path: str) -> str:
    r"""Return the separator that the name of a CSV file tells.

    >>> default_separator("a.tsv.gz"), default_separator("a.csv")
    ('\t', ',')
    """
    return _SEPARATORS.get(_suffix(path), ",")


def _suffix(path: str) -> str:
    name = path
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return Path(name).suffix.lower()
