import csv
import io
import re
from html import unescape

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import appointment_statistics
from stats_core.cli.tidy import csv_text, markdown_text
from stats_core.results.comparison import TIDY_SCHEMA
from stats_core.schema import BY_INTEGRATION_SCHEMA, PARTIAL_SCHEMA
from tests.strategies import ALPHABET, Case, cases, counted

FORMULAS = (
    *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=", "-", '="a","b"', "\n=1"),
    *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20A1"),
)
PLAIN = ("1-1", "a=b", "'=1", " =1", "a\n=1", "a\tb", "", "null", '"', '",=1', ";=1")
STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
VALUES = st.sampled_from([*FORMULAS, *PLAIN]) | st.text(
    f"{ALPHABET}=+-@\r\n,;'|`<>&~#", max_size=4
)


def frame(*values: str | None) -> pl.DataFrame:
    return pl.DataFrame({"value": values}, {"value": pl.String})


def neutral(text: str | None) -> str:
    """What a reader of CSV gets: null and empty text are alike in it."""
    return f"'{text}" if text and text[0] in STARTS else text or ""


def rows(text: str) -> list[list[str]]:
    assert text[0] == "\ufeff"
    return list(csv.reader(io.StringIO(text[1:], newline="")))


@example(values=list(FORMULAS))
@example(values=list(PLAIN))
@given(values=st.lists(VALUES | st.none(), max_size=20))
def test_a_value_is_neutral_where_it_would_be_a_formula_and_only_there(
    values: list[str | None],
) -> None:
    counts = list(range(len(values)))
    df = frame(*values).with_columns(count=-pl.Series(counts, dtype=pl.Int64))
    header, *found = rows(csv_text(df))
    assert header == ["value", "count"]
    assert found == [
        [neutral(value), str(-count)]
        for value, count in zip(values, counts, strict=True)
    ]
    assert not any(cell[:1] in STARTS for cell, _ in found if cell)
    assert df["value"].to_list() == values


def test_a_value_is_one_field_for_any_separator() -> None:
    text = csv_text(frame("a;=1", "a\t=1", "a|=1", "a,=1"))
    for separator in ";\t|,":
        lines = csv.reader(io.StringIO(text[1:]), delimiter=separator)
        assert [len(line) for line in lines] == [1] * 5


@pytest.mark.parametrize(
    ("schema", "header"),
    [
        (PARTIAL_SCHEMA, '"timezone","section","day","value","count"'),
        (BY_INTEGRATION_SCHEMA, '"integration_id","timezone"'),
        (TIDY_SCHEMA, '"section","position"'),
    ],
)
def test_no_row_is_a_header(schema: pl.Schema, header: str) -> None:
    text = csv_text(schema.to_frame())
    assert text.startswith(f"\ufeff{header}")
    assert text.count("\n") == 1
    assert len(markdown_text(schema.to_frame()).splitlines()) == 2


@example(Case([], {}, "UTC"))
@example(Case([{"utm_campaign": "'+"}, {"utm_campaign": "+"}], {}, "UTC"))
@given(case=cases())
def test_statistics_come_back_from_csv(case: Case) -> None:
    df = counted(case.documents, case.zone).to_frame()
    back = pl.read_csv(csv_text(df).encode(), schema=PARTIAL_SCHEMA)
    neutralised = pl.col("value").map_elements(neutral, pl.String)
    assert_frame_equal(back, df.with_columns(neutralised))


def cells(line: str) -> list[str]:
    """Read a row as GitHub Flavored Markdown does, then its escapes and references."""
    assert line.startswith("| ")
    assert line.endswith(" |")
    parted = re.findall(r"((?:\\.|[^\\|])*)\|", line[1:])
    return [_text(cell.removeprefix(" ").removesuffix(" ")) for cell in parted]


def _text(cell: str) -> str:
    escaped = re.split(r"\\([!-/:-@\[-`{-~])", cell)
    return "".join(
        part if place % 2 else unescape(part) for place, part in enumerate(escaped)
    )


@example(values=["a|b", "a\\|b", "\\", "a\\", "|", "&#10;", "\n", "<b>", "`|`"])
@given(values=st.lists(VALUES | st.none(), max_size=20))
def test_a_markdown_table_has_every_value_in_one_cell(
    values: list[str | None],
) -> None:
    df = frame(*values).with_columns(count=pl.int_range(pl.len()))
    head, rules, *lines = markdown_text(df).split("\n")
    assert (head, rules) == ("| value | count |", "| --- | ---: |")
    assert [cells(line) for line in lines] == [
        [(value or "").replace("\x00", "\ufffd"), str(place)]
        for place, value in enumerate(values)
    ]


MARKUP = r"\*_[]<>&~`|"


@given(value=st.text(f"ab{MARKUP}", max_size=8))
def test_no_markup_in_a_value_is_obeyed(value: str) -> None:
    line = markdown_text(frame(value)).split("\n")[2]
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", line.removeprefix("|").removesuffix("|"))
    assert not set(bare) & set(MARKUP)


def test_control_characters_never_reach_a_terminal() -> None:
    line = markdown_text(frame("a\x1b[31mb\x00\x85c")).split("\n")[2]
    assert line == "| a\ufffd\\[31mb\ufffd\ufffdc |"


def test_fractions_have_four_digits_and_nulls_are_empty() -> None:
    df = pl.DataFrame({"relative": [1 / 3, None, -2.0], "change": [-1, None, 0]})
    assert markdown_text(df).split("\n")[2:] == [
        *("| 0.3333 | -1 |", "|  |  |", "| -2.0 | 0 |")
    ]


def test_days_are_iso_text() -> None:
    stats = appointment_statistics([{"created_at": "2024-05-01", "status": "failed"}])
    assert '"UTC","trends","2024-05-01",,1,0,0,1,0\n' in csv_text(stats.to_frame())
    table = markdown_text(stats.to_frame())
    assert "\n| UTC | trends | 2024-05-01 |  | 1 | 0 | 0 | 1 | 0 |\n" in table
