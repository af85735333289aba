import csv
import gzip
import io
import json
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Literal

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from pydantic import ValidationError

from stats_core import InvalidRecordsError, appointment_statistics
from stats_core.batch.csv_files import csv_batches, scan_csv
from stats_core.batch.csv_header import read_header
from stats_core.batch.csv_screen import is_scannable
from stats_core.batch.files import count_groups, file_groups
from stats_core.batch.formats import ReadOptions, file_format
from stats_core.batch.scans import open_scan
from stats_core.batch.tasks import count_files
from stats_core.request import Request
from stats_core.results.statistics import AppointmentStatistics

HEADER = "created_at,status,utm_source\n"
ROW = "2024-05-01,success,ads\n"
NOTED = "created_at,status,utm_source,note\n"
ALL = Request()
DEFAULT = ReadOptions()


def written(
    folder: Path, text: str | bytes, name: str = "a.csv", encoding: str = "utf-8"
) -> str:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return str(path)


def counted(
    *paths: str, reading: ReadOptions = DEFAULT, request: Request = ALL
) -> AppointmentStatistics:
    return AppointmentStatistics(count_files(paths, request, reading))


def fault(*paths: str, reading: ReadOptions = DEFAULT) -> str:
    with pytest.raises(InvalidRecordsError) as caught:
        counted(*paths, reading=reading)
    [line] = caught.value.faults
    assert line.startswith(f"{paths[0]}: ")
    return line.removeprefix(f"{paths[0]}: ")


def sources(stats: AppointmentStatistics) -> dict[str, int]:
    return dict(stats.utm_source.select("value", "count").iter_rows())


@pytest.mark.parametrize(
    "rows",
    [
        f"\n{ROW}\n\n",
        f"{ROW},,\n,\n",
        f"   \n\t\n{ROW}",
        f'{ROW}"","",""\n',
        ROW.replace("\n", "\r\n") + "\r\n,,\r\n",
        f"{ROW},,,,,,\n",
    ],
)
def test_blank_lines_and_lines_of_separators_are_no_records(
    tmp_path: Path, rows: str
) -> None:
    stats = counted(written(tmp_path, HEADER + rows))
    assert (stats.total, stats.undated, sources(stats)) == (1, 0, {"ads": 1})


@pytest.mark.parametrize("rows", [f"\n,,\n{ROW}", f"\n{ROW}   \n,,\n".strip(" ")])
def test_both_readers_leave_out_the_same_lines(tmp_path: Path, rows: str) -> None:
    path = written(tmp_path, HEADER + rows)
    header = read_header(path, DEFAULT)
    fast = scan_csv([path], header).collect()
    assert fast.rows() == [("2024-05-01", "success", "ads")]
    assert pl.concat(csv_batches(path, header)).equals(fast)


def test_a_field_that_is_not_empty_makes_a_record(tmp_path: Path) -> None:
    stats = counted(written(tmp_path, f"{HEADER},,x\n , ,y\n"))
    assert (stats.total, stats.undated) == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "created_at,status\r2024-05-01,success\r2024-05-02,failed\r",
        'created_at,"status"\r2024-05-01,success\r',
        'created_at,"status\r2"\r2024-05-01,success',
        "created_at,status\r2024-05-01,success\n2024-05-02,failed\n",
        "created_at,status,\r2024-05-01,success,\r\n",
    ],
)
def test_bare_carriage_returns_are_refused(tmp_path: Path, text: str) -> None:
    found = fault(written(tmp_path, text))
    assert found.startswith("line 1: a carriage return without a line feed")


def test_bare_carriage_returns_among_the_rows_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f"{HEADER}{ROW}2024-05-01\r2024-05-01,failed\n")
    assert fault(path).startswith("line 3: a carriage return without a line feed")


def test_carriage_returns_inside_quotes_are_text(tmp_path: Path) -> None:
    path = written(tmp_path, f'{HEADER}2024-05-01,success,"a\rb"\r\n')
    assert sources(counted(path)) == {"a\rb": 1}


@pytest.mark.parametrize(
    "first", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n", "\ufeffsep=;\n"]
)
def test_a_first_line_names_the_separator(tmp_path: Path, first: str) -> None:
    text = (HEADER + ROW).replace(",", ";")
    assert counted(written(tmp_path, first + text)).total == 1
    reading = ReadOptions(separator=";")
    assert counted(written(tmp_path, first + text), reading=reading).total == 1


@pytest.mark.parametrize("before", ["\n", "\ufeff\r\n\r\n", ",,\n"])
def test_the_header_is_the_first_line_that_is_not_blank(
    tmp_path: Path, before: str
) -> None:
    assert sources(counted(written(tmp_path, before + HEADER + ROW))) == {"ads": 1}


@pytest.mark.parametrize("separator", [";", "tab", "\\t", "|", " ", "¦", "😀"])
def test_any_character_separates(tmp_path: Path, separator: str) -> None:
    reading = ReadOptions(separator=separator)
    assert reading.separator is not None
    text = (HEADER + ROW).replace(",", reading.separator)
    assert sources(counted(written(tmp_path, text), reading=reading)) == {"ads": 1}


@pytest.mark.parametrize("name", ["a.tsv", "a.tab", "a.TSV"])
def test_names_tell_that_tabs_separate(tmp_path: Path, name: str) -> None:
    text = (HEADER + ROW).replace(",", "\t")
    assert sources(counted(written(tmp_path, text, name))) == {"ads": 1}


@pytest.mark.parametrize("separator", ["", "ab", '"', "\n", "\r", "\udcff", "\0"])
def test_what_cannot_separate_is_refused(separator: str) -> None:
    with pytest.raises(
        ValidationError, match="expected one character, or `tab`"
    ) as caught:
        ReadOptions(separator=separator)
    json.dumps(caught.value.errors())


def test_one_column_with_separators_in_its_name_tells_the_option(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, (HEADER + ROW).replace(",", ";"))
    found = fault(path)
    assert found.startswith("the header is one column, `created_at;status;utm_source`")
    assert "--separator" in found
    assert "absent" in fault_of_one_column(path)


def fault_of_one_column(path: str) -> str:
    with pytest.raises(InvalidRecordsError) as caught:
        counted(path, reading=ReadOptions(separator=","))
    return caught.value.faults[0]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "cp037", "gbk"])
def test_any_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    word = "广告" if encoding == "gbk" else "été"
    text = HEADER + ROW.replace("ads", word)
    path = written(tmp_path, text, encoding=encoding)
    assert sources(counted(path, reading=ReadOptions(encoding=encoding))) == {word: 1}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_byte_order_marks_tell_the_encoding(
    tmp_path: Path, encoding: str, name: str
) -> None:
    content = (HEADER + ROW.replace("ads", "été")).encode(encoding)
    content = gzip.compress(content) if name.endswith("gz") else content
    assert sources(counted(written(tmp_path, content, name))) == {"été": 1}


@pytest.mark.parametrize("name", ["base64", "no such", "rot13", ""])
def test_unknown_encodings_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="expected an encoding") as caught:
        ReadOptions(encoding=name)
    json.dumps(caught.value.errors())


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (f"{ROW}2024-05-01,success,ads,3\n", "line 3: 4 fields, but the header has 3"),
        (
            f",,\n{ROW}2024-05-01,success,ads,3\n",
            "line 4: 4 fields, but the header has",
        ),
        (f"{ROW}2024-05-01,success,ads,", "line 3: 4 fields, but the header has 3"),
        (f'{ROW}2024-05-01,success,"ads\n', "line 3: a quote is opened and never clos"),
        ('2024-05-01,"a\nb","x"y\n', "line 2: text follows the closing quote"),
        (f'{ROW}2024-05-01,ok,"{"x" * 200_000}\n', "line 3: a field is longer than"),
    ],
)
def test_a_row_that_is_not_csv_is_named_by_line(
    tmp_path: Path, rows: str, found: str
) -> None:
    assert fault(written(tmp_path, HEADER + rows)).startswith(found)


def test_a_row_with_too_many_fields_is_refused_though_few_are_read(
    tmp_path: Path,
) -> None:
    text = "status,created_at,a,b\nok,2024-05-01,x,y\nok,2024-05-01,x,y,z\n"
    assert fault(written(tmp_path, text)).startswith("line 3: 5 fields")


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (HEADER.encode() + ROW.encode() + b"2024-05-01,a\xffb,x\n", "line 3: `status`"),
        (b"created_at,\xffstatus\n", "line 1: `column 2`"),
    ],
)
def test_a_wrong_byte_is_named_by_line_and_column(
    tmp_path: Path, content: bytes, found: str
) -> None:
    line = fault(written(tmp_path, content))
    assert line.startswith(f"{found}: byte 0xff is not utf-8; `encoding`")


@pytest.mark.parametrize(
    ("content", "encoding", "found"),
    [
        (b"\xff\xfe" + "a,b\n".encode("utf-16-le") + b"\x00", "utf-8", "after line 1"),
        (b"no mark", "undefined", "after line 0: the text is not undefined"),
        (b"a,\\ud800\n", "unicode_escape", "line 1: `column 2`: a lone surrogate"),
    ],
)
def test_text_in_another_encoding_is_a_fault(
    tmp_path: Path, content: bytes, encoding: str, found: str
) -> None:
    path = written(tmp_path, content)
    if encoding == "undefined":
        with pytest.raises(ValidationError):
            ReadOptions(encoding=encoding)
        return
    assert fault(path, reading=ReadOptions(encoding=encoding)).startswith(found)


@pytest.mark.parametrize(
    ("quoted", "label"), [("x", "x"), ('"x"', "x"), ('"a ""b""\nc"', 'a "b"\nc')]
)
def test_a_quote_inside_an_unquoted_field_is_a_character(
    tmp_path: Path, quoted: str, label: str
) -> None:
    rows = f'2024-05-01,ok,{quoted},5" screen\n2024-05-02,ok,6",y\n'
    stats = counted(written(tmp_path, NOTED + rows))
    assert sources(stats) == {label: 1, '6"': 1}


def test_an_unescaped_quote_never_swallows_rows(tmp_path: Path) -> None:
    rows = '2024-05-01,ok,"5" screen"\n2024-05-02,ok,x\n2024-05-03,ok,"5" screen"\n'
    found = fault(written(tmp_path, HEADER + rows + ROW))
    assert found.startswith("line 2: text follows the closing quote of a field")


def test_valid_quotes_leave_a_file_to_polars(tmp_path: Path) -> None:
    text = f'{HEADER}"2024-05-01","a ""b"" c",\n'
    for name in ("a.csv", "a.csv.gz"):
        content = text.encode()
        zipped = gzip.compress(content) if name.endswith("gz") else content
        path = written(tmp_path, zipped, name)
        assert is_scannable(path, read_header(path, DEFAULT))
        assert counted(path).total == 1


def test_a_return_at_the_end_of_a_block_is_seen_with_its_line_feed(
    tmp_path: Path,
) -> None:
    long = "x" * ((1 << 20) - len(HEADER) - len("2024-05-01,ok,") - 1)
    path = written(tmp_path, f"{HEADER}2024-05-01,ok,{long}\r\n{ROW}")
    assert is_scannable(path, read_header(path, DEFAULT))
    assert counted(path).total == 2


def test_a_fault_in_one_of_many_files_is_named_and_no_other(tmp_path: Path) -> None:
    paths = [written(tmp_path, HEADER + ROW, f"{n}.csv") for n in range(5)]
    written(tmp_path, f"{HEADER}{ROW}1,2,3,4\n", "3.csv")
    written(tmp_path, HEADER.encode() + b"2024-05-01,\xff,\n", "4.csv")
    with pytest.raises(InvalidRecordsError) as caught:
        counted(*paths)
    assert [line.split(": ")[:2] for line in caught.value.faults] == [
        [paths[3], "line 3"],
        [paths[4], "line 2"],
    ]


def test_value_faults_beside_a_file_for_the_slow_reader_are_all_named(
    tmp_path: Path,
) -> None:
    soon = written(tmp_path, HEADER + ROW.replace("2024-05-01", "soon"), "a.csv")
    odd = written(
        tmp_path, f"{HEADER}{ROW.replace('ads', '6' + chr(34))}1,2,3\n", "b.csv"
    )
    with pytest.raises(InvalidRecordsError) as caught:
        counted(soon, odd, written(tmp_path, HEADER + ROW, "c.csv"))
    first, second = caught.value.faults
    assert "a.csv: `created_at`: 1 value" in first.replace("values", "value")
    assert "b.csv: `created_at`: 1 value" in second.replace("values", "value")
    assert "(row 1)" in second


@pytest.mark.parametrize("text", ["", "\n\n", ",,\n", "sep=;\n", "\ufeff"])
def test_a_file_without_a_header_is_named(tmp_path: Path, text: str) -> None:
    assert fault(written(tmp_path, text)).startswith("empty: expected a line with")


@pytest.mark.parametrize("text", [HEADER, HEADER.strip(), f"{HEADER}\n,,\n"])
def test_a_header_alone_is_an_empty_answer(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, text)
    assert counted(path) == AppointmentStatistics.empty()


def test_a_header_alone_lacks_columns_in_either_reader(tmp_path: Path) -> None:
    for name in ("status_", '"status\n"'):
        path = written(tmp_path, f"created_at,{name}\n")
        with pytest.raises(InvalidRecordsError, match="`status`: absent"):
            counted(path)


def test_columns_without_a_name_are_numbered(tmp_path: Path) -> None:
    path = written(tmp_path, ",created_at,,status\n1,2024-05-01,2,ok\n")
    assert counted(path).total == 1
    assert read_header(path, DEFAULT).names[::2] == ("column 1", "column 3")


def test_names_twice_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "created_at,status,a,a\n")
    assert fault(path) == "`a`: more than one column"


@pytest.mark.parametrize(
    "content", [gzip.compress(HEADER.encode() * 99, mtime=0)[:-20], b"no"]
)
def test_a_damaged_compressed_file_is_named(tmp_path: Path, content: bytes) -> None:
    assert fault(written(tmp_path, content, "a.csv.gz"))


def test_a_file_that_is_cut_while_compressed_is_named_after_its_header(
    tmp_path: Path,
) -> None:
    rows = "".join(f"2024-05-01,ok,{n * 7919 % 10_007}\n" for n in range(50_000))
    cut = gzip.compress((HEADER + rows).encode())[:-5_000]
    found = fault(written(tmp_path, cut, "a.csv.gz"))
    assert found == "the compressed file is cut or damaged"


def test_zst_files_are_read_in_utf_8_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.zst"
    lf = pl.LazyFrame({"created_at": ["2024-05-01"], "status": ['say "ok"']})
    lf.sink_csv(path, compression="zstd")
    assert counted(str(path)).total == 1
    found = fault(str(path), reading=ReadOptions(encoding="cp1252"))
    assert found.startswith("`encoding` is for local files that are not `.zst`")


def test_zst_files_that_polars_does_not_scan_are_read_line_by_line(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.csv.zst"
    lf = pl.LazyFrame({"x": [f'{HEADER}2024-05-01,ok,6" screen']})
    lf.sink_csv(path, compression="zstd", include_header=False, quote_style="never")
    assert sources(counted(str(path))) == {'6" screen': 1}


def test_a_file_that_changes_while_it_is_read_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stats_core.batch.csv_files._BATCH_ROWS", 1)
    path = written(tmp_path, f'{HEADER}{ROW}a,"b"c\n')
    batches = csv_batches(path, read_header(path, DEFAULT))
    assert next(batches).height == 1
    Path(path).unlink()
    written(tmp_path, HEADER + ROW)
    with pytest.raises(InvalidRecordsError, match="changed while it was read"):
        next(batches)


def test_a_file_that_changes_after_it_was_opened_is_counted_as_it_is(
    tmp_path: Path,
) -> None:
    paths = [written(tmp_path, HEADER + ROW, name) for name in ("a.csv", "b.csv")]
    groups = file_groups(paths, ALL)
    written(tmp_path, HEADER + ROW.replace("ads", '6"'), "b.csv")
    found = [AppointmentStatistics(it.partial) for it in count_groups(groups, ALL)]
    assert [sources(stats) for stats in found] == [{"ads": 1}, {'6"': 1}]


def test_slow_and_fast_reader_number_rows_alike(tmp_path: Path) -> None:
    rows = "\n,,\n2024-05-01,ok,x\nsoon,ok,y\n"
    faults = {
        fault(written(tmp_path, HEADER + rows), reading=ReadOptions(encoding=name))
        for name in ("utf-8", "cp1252")
    }
    assert len(faults) == 1


def test_batches_are_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stats_core.batch.csv_files._BATCH_ROWS", 2)
    path = written(tmp_path, f"{HEADER}\n\n{ROW * 3}soon,ok,x\n")
    found = fault(path, reading=ReadOptions(encoding="cp1252"))
    assert "'soon' (row 3)" in found


FIELDS = st.text(st.sampled_from('ab ,"\né;'), max_size=4)
PIECES = ['"', '"', ",", "\n", "\r\n", "a", "é", " ", '""', "\r", '5" b', '"5" b"\n']


def quoted(rows: list[list[str]], style: Literal[0, 1]) -> str:
    file = io.StringIO()
    csv.writer(file, quoting=style, lineterminator="\n").writerows(rows)
    return file.getvalue()


def texts() -> st.SearchStrategy[str]:
    rows = st.lists(st.lists(FIELDS, min_size=2, max_size=2), max_size=8)
    valid = st.builds(quoted, rows, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    return valid | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


def read_by_the_standard_library(text: str) -> Counter[tuple[str, ...]] | None:
    found: Counter[tuple[str, ...]] = Counter()
    try:
        for row in csv.reader(io.StringIO(text, newline="\n"), strict=True):
            if any(row) and len(row) > 2:
                return None
            if "".join(row[1:]) or "".join(row).strip(" \t"):
                found[*row, *[""] * (2 - len(row))] += 1
    except csv.Error:
        return None
    return found


def read(path: str) -> Counter[tuple[str, ...]] | None:
    header = read_header(path, DEFAULT)
    with suppress(pl.exceptions.PolarsError):
        if open_scan(path, DEFAULT) is not None:
            return Counter(scan_csv([path], header).collect().fill_null("").rows())
    try:
        df = pl.concat(csv_batches(path, header))
    except InvalidRecordsError as error:
        return None if str(error).startswith("line ") else Counter()
    return Counter(df.fill_null("").rows())


@given(text=texts(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
@example(text='"5" b"\na,b\n"5" b"\n', encoding="utf-8")
@example(text='""a"\n', encoding="utf-8")
@example(text='"""', encoding="utf-8")
@example(text="a,b,", encoding="utf-8")
@example(text="a\rb\n", encoding="utf-8")
@example(text=",,,\n", encoding="utf-8")
def test_csv_is_what_the_standard_library_reads_or_a_fault_with_its_line(
    text: str, encoding: str
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), f"source,medium\n{text}", encoding=encoding)
        assert read(path) == read_by_the_standard_library(text)


def test_a_glob_in_a_url_leaves_out_blank_lines(tmp_path: Path) -> None:
    for number in range(2):
        written(tmp_path, f"{HEADER}\n{ROW}", f"{number}.csv")
    url = f"{tmp_path.as_uri()}/*.csv"
    assert counted(url).total == 2
    written(tmp_path, f'{HEADER}2024-05-01,ok,6"\n', "2.csv")
    assert fault(url).startswith("a glob in a URL is for UTF-8")
    Path(tmp_path / "2.csv").unlink()
    found = fault(url, reading=ReadOptions(encoding="cp1252"))
    assert found.startswith("a glob in a URL is for UTF-8")
    written(tmp_path, f"{HEADER}1,2,3,4\n", "2.csv")
    assert "found more fields" in fault(url)


def test_the_input_format_overrides_names(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + ROW, "a.txt")
    assert "unknown file type '.txt'" in fault(path)
    assert "--input-format" in fault(path)
    assert counted(path, reading=ReadOptions(input_format="csv")).total == 1
    assert file_format("a.csv", ReadOptions(input_format="ndjson")) == "json"
    assert file_format("a.csv", ReadOptions(input_format="ipc")) == "ipc"


def test_the_encoding_is_for_csv(tmp_path: Path) -> None:
    path = written(tmp_path, "[]", "a.json")
    found = fault(path, reading=ReadOptions(encoding="cp1252"))
    assert found == "`encoding` cp1252 is for CSV; JSON is UTF-8"


def test_a_large_file_counts_the_same_with_a_stray_quote(tmp_path: Path) -> None:
    rows = [f"2024-05-01,ok,{n % 7},note {n}\n" for n in range(30_000)]
    plain = counted(written(tmp_path, NOTED + "".join(rows)))
    rows[20_000] = rows[20_000].replace("note", '5" screen')
    assert counted(written(tmp_path, NOTED + "".join(rows))) == plain
    docs = [
        {"created_at": "2024-05-01", "status": "ok", "utm_source": n % 7}
        for n in range(30_000)
    ]
    assert appointment_statistics(docs) == plain
