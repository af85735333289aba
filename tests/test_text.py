import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core.text import is_unicode, one_sigma, status_word, trimmed
from tests import naive

TEXTS = st.lists(st.none() | st.text(max_size=8), max_size=30)
# Python 3.11 knows Unicode 14 and Polars a later one: what neither may yet have named.
ASSIGNED = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) not in {"Cn", "Cs"}
]


def series(values: list[str | None]) -> pl.Expr:
    return pl.lit(pl.Series(values, dtype=pl.String))


@given(values=TEXTS)
def test_text_is_trimmed_as_the_naive_reference_trims(values: list[str | None]) -> None:
    found = pl.select(trimmed(series(values))).to_series().to_list()
    assert found == [None if v is None else naive.trim(v) for v in values]


def test_each_character_is_visible_or_trimmed() -> None:
    texts = [f"{character}a{character}" for character in ASSIGNED]
    found = pl.select(trimmed(series(list(texts)))).to_series().to_list()
    assert found == [naive.trim(text) for text in texts]
    assert found.count("a") > 200


@pytest.mark.parametrize(
    "text", ["a\u200bb", "a b", "0", "a\u00a0\tb", "\u05d0\u200f\u05d1"]
)
def test_what_stands_within_is_kept(text: str) -> None:
    assert pl.select(trimmed(pl.lit(f"\ufeff {text}\u200d"))).item() == text


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum([" a "]), pl.String()])
def test_any_text_type_is_trimmed_to_text(dtype: pl.DataType) -> None:
    found = pl.select(
        trimmed(pl.lit(pl.Series([" a ", None], dtype=dtype)))
    ).to_series()
    assert found.dtype == pl.String
    assert found.to_list() == ["a", None]


@given(values=TEXTS)
def test_a_status_word_is_trimmed_and_lower_case(values: list[str | None]) -> None:
    found = pl.select(status_word(series(values))).to_series().to_list()
    assert found == [None if v is None else naive.fold(naive.trim(v)) for v in values]


def test_a_sigma_is_a_sigma_wherever_it_stands() -> None:
    sigmas = [*"\u03a3\u03c3\u03c2", "\u0391\u03a3", "\u0391\u03a3\u0391"]
    found = pl.select(one_sigma(series(list(sigmas)).str.to_lowercase()))
    assert found.to_series().to_list() == [
        *"\u03c3\u03c3\u03c3",
        "\u03b1\u03c3",
        "\u03b1\u03c3\u03b1",
    ]


@given(text=st.text(st.characters(exclude_categories=()), max_size=5))
def test_text_is_unicode_if_it_can_be_written(text: str) -> None:
    assert is_unicode(text) == (text.encode("utf-8", "ignore").decode() == text)
