import gzip
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from stats_core import InvalidRecordsError
from stats_core.batch.json_files import document_batches

DOCUMENTS: list[dict[str, Any]] = [{"n": n, "text": "\u00e9\u05d0"} for n in range(7)]
MARK = b"\xef\xbb\xbf"


def array(documents: Sequence[Any], **options: Any) -> bytes:
    return json.dumps(documents, **options).encode()


def lines(documents: Sequence[Any], end: str = "\n") -> bytes:
    return "".join(json.dumps(it) + end for it in documents).encode()


def written(folder: Path, content: bytes, name: str = "records.json") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def read(path: str, size: int = 3) -> list[Any]:
    batches = list(document_batches(path, size))
    assert all(0 < len(batch) <= size for batch in batches)
    return [document for batch in batches for document in batch]


CONTENTS: dict[str, bytes] = {
    "array": array(DOCUMENTS),
    "array over lines": array(DOCUMENTS, indent=2),
    "array after blank lines": b"\n \r\n\t" + array(DOCUMENTS),
    "array with a mark": MARK + array(DOCUMENTS),
    "lines": lines(DOCUMENTS),
    "lines with a mark": MARK + lines(DOCUMENTS),
    "lines of Windows": lines(DOCUMENTS, end="\r\n"),
    "blank lines": b"\n\r\n" + lines(DOCUMENTS, end="\n \t\n\r\n\n"),
    "no last line end": lines(DOCUMENTS).rstrip(),
    "escaped": array(DOCUMENTS, ensure_ascii=True),
    "not escaped": array(DOCUMENTS, ensure_ascii=False),
}
COMPRESSED: dict[str, Callable[[str, bytes], Any]] = {
    "": lambda path, content: Path(path).write_bytes(content),
    ".gz": lambda path, content: Path(path).write_bytes(gzip.compress(content)),
    ".zst": lambda path, content: pl.DataFrame([content.decode()]).write_csv(
        path, include_header=False, quote_style="never", compression="zstd"
    ),
}


@pytest.mark.parametrize("kind", CONTENTS)
@pytest.mark.parametrize("ending", COMPRESSED)
@pytest.mark.parametrize("name", ["records.json", "records.ndjson"])
def test_the_content_decides_what_a_file_holds(
    kind: str, ending: str, name: str, tmp_path: Path
) -> None:
    path = str(tmp_path / f"{name}{ending}")
    COMPRESSED[ending](path, CONTENTS[kind])
    assert read(path) == DOCUMENTS
    assert list(document_batches(path)) == [DOCUMENTS]


@pytest.mark.parametrize("size", [1, 2, 7, 8])
@pytest.mark.parametrize("kind", ["array", "lines"])
def test_documents_come_in_batches(kind: str, size: int, tmp_path: Path) -> None:
    path = written(tmp_path, CONTENTS[kind])
    sizes = [len(batch) for batch in document_batches(path, size)]
    assert sizes == [size] * (7 // size) + [7 % size] * (7 % size > 0)


def test_lines_are_read_as_they_are_needed(tmp_path: Path) -> None:
    path = written(tmp_path, lines(DOCUMENTS[:2]) + b"{" + lines(DOCUMENTS))
    batches = document_batches(path, 2)
    assert next(batches) == DOCUMENTS[:2]
    with pytest.raises(InvalidRecordsError, match=r"^line 3: not JSON: "):
        next(batches)


@pytest.mark.parametrize(
    "content", [b"", b"\n \r\n", b"[]", b" [ ]\n", MARK, MARK + b"\n"]
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_a_file_without_documents_has_no_batch(
    content: bytes, ending: str, tmp_path: Path
) -> None:
    path = str(tmp_path / f"records.json{ending}")
    COMPRESSED[ending](path, content)
    assert list(document_batches(path)) == []


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", r"^line 1: not JSON: .*; expected one document per line$"),
        (b'{"a": 1}\n\n{"a": 1', r"^line 3: not JSON: "),
        (b'{"a": 1}\rx', r"^line 1: not JSON: "),
        (b'{"a": 1}\n\xff', r"^line 2: not JSON: "),
        (b'{"a": 1} {"a": 2}', r"^line 1: not JSON: "),
        (b"[1, 2", r"^not JSON: .*; expected one array, as it starts with \[$"),
        (b"[1] [2]", r"^not JSON: "),
        (b"[1]\n[2]", r"^not JSON: "),
        (b'["\xff"]', r"^not JSON: "),
        (b"soon", r"^line 1: not JSON: "),
        ("{}\n{}".encode("utf-16"), r"^line 1: not JSON: "),
        (b"[" * 100_000, r"^nested too deeply$"),
        (b"{}\n" + b'{"a":' * 100_000, r"^line 2: nested too deeply$"),
    ],
    ids=range(13),
)
def test_what_is_not_json_is_named_by_its_line(
    content: bytes, fault: str, tmp_path: Path
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InvalidRecordsError, match=fault) as caught:
        list(document_batches(path))
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1" * 5_000, float("inf")),
        ("-" + "1" * 5_000, float("-inf")),
        ("9" * 4_300, 10**4_300 - 1),
        ("-" + "9" * 4_300, 1 - 10**4_300),
        ("1e400", float("inf")),
        ("1.5", 1.5),
        ("1.0", 1.0),
        ('"\\ud800"', "\ud800"),
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ("null", None),
    ],
    ids=range(10),
)
@pytest.mark.parametrize("start", ["", "["])
def test_any_value_of_json_is_read(
    text: str, value: object, start: str, tmp_path: Path
) -> None:
    content = f'{start}{{"a": {text}}}{start and "]"}'
    [document] = read(written(tmp_path, content.encode()))
    assert document == {"a": value}
    assert type(document["a"]) is type(value)


def test_the_last_of_equal_keys_counts(tmp_path: Path) -> None:
    assert read(written(tmp_path, b'{"a": 1, "a": 2}')) == [{"a": 2}]
    assert read(written(tmp_path, b'{"a": 1, "a": "\\ud800"}')) == [{"a": "\ud800"}]


def test_three_hundred_nested_objects_are_read(tmp_path: Path) -> None:
    nested = b'{"a":' * 300 + b"1" + b"}" * 300
    assert len(read(written(tmp_path, nested + b"\n" + nested))) == 2
    assert len(read(written(tmp_path, b"[" + nested + b"]"))) == 1


def test_a_damaged_file_is_a_fault(tmp_path: Path) -> None:
    content = lines([{"text": str(n**9)} for n in range(9_000)])
    whole = gzip.compress(content)
    for damaged in (whole[:-9], whole[:5_000], whole[:900] + b"x" * 99 + whole[999:]):
        path = written(tmp_path, damaged, "records.json.gz")
        with pytest.raises(
            (InvalidRecordsError, OSError), match=r"damaged|CRC|not JSON"
        ):
            list(document_batches(path))
    path = str(tmp_path / "records.json.zst")
    COMPRESSED[".zst"](path, content)
    Path(path).write_bytes(Path(path).read_bytes()[:-9])
    with pytest.raises(InvalidRecordsError, match=r"^records: cannot be read: "):
        list(document_batches(path))
    Path(path).write_bytes(b"soon")
    with pytest.raises(InvalidRecordsError, match=r"^line 1: not JSON: "):
        list(document_batches(path))


def test_a_file_that_is_gone_raises_what_the_system_raises(tmp_path: Path) -> None:
    for ending in ("", ".gz"):
        with pytest.raises(FileNotFoundError):
            list(document_batches(str(tmp_path / f"gone.json{ending}")))
