import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core.text import in_any_case, is_unicode, lower, status_word, trimmed
from tests import reference

CASED = "\u0130Ii\u0131\u0307\u03a3\u03c3\u03c2kK\u212asS\u017f\u00df\u1e9e\u00e5\u212b.[]^$\\*"
TEXTS = st.lists(st.none() | st.text(max_size=8), max_size=30)
# What this Python has a name for: Polars may know a later Unicode.
ASSIGNED = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) not in {"Cn", "Cs"}
]


def series(values: list[str | None]) -> pl.Expr:
    return pl.lit(pl.Series(values, dtype=pl.String))


def matches(text: str, word: str) -> bool:
    return bool(pl.select(pl.lit(text).str.contains(in_any_case(word))).item())


@example(text="\u0130", word="i")
@example(text="\u0130", word="\u0307")
@example(text="\u0130", word="I\u0307")
@example(text="\u0130s", word="is")
@example(text="I\u0307", word="\u0130")
@example(text="i\u0307i", word="\u0130i")
@example(text="\u03bf\u03c2 ", word="\u039f\u03a3")
@given(text=st.text(CASED, max_size=6), word=st.text(CASED, min_size=1, max_size=3))
def test_a_word_is_found_where_lower_case_holds_it(text: str, word: str) -> None:
    assert matches(text, word) == (reference.fold(word) in reference.fold(text))


@given(text=st.text(max_size=6), word=st.text(min_size=1, max_size=2))
def test_any_word_is_found_where_lower_case_holds_it(text: str, word: str) -> None:
    assert matches(text, word) == (reference.fold(word) in reference.fold(text))


def test_every_letter_is_found_in_each_of_its_cases() -> None:
    folded = {chr(number): reference.fold(chr(number)) for number in range(0x20000)}
    letters = {text: lower for text, lower in folded.items() if text != lower}
    cased = letters | {lower: lower for lower in letters.values()}
    texts = pl.Series(list(cased))
    for word in set(letters.values()):
        found = texts.filter(texts.str.contains(in_any_case(word))).to_list()
        assert found == [text for text, lower in cased.items() if word in lower]


@given(st.text(CASED + "AbZ", max_size=6))
def test_lower_case_is_that_of_the_reference(text: str) -> None:
    assert lower(text) == reference.fold(text)


@given(values=TEXTS)
def test_text_is_trimmed_as_the_reference_trims(values: list[str | None]) -> None:
    found = pl.select(trimmed(series(values))).to_series().to_list()
    assert found == [None if v is None else reference.trim(v) for v in values]


def test_each_character_is_visible_or_trimmed() -> None:
    texts = [f"{character}a{character}" for character in ASSIGNED]
    found = pl.select(trimmed(series(list(texts)))).to_series().to_list()
    assert found == [reference.trim(text) for text in texts]
    assert found.count("a") > 200


@pytest.mark.parametrize(
    "text", ["a\u200bb", "a b", "0", "a\u00a0\tb", "\u05d0\u200f\u05d1"]
)
def test_what_stands_within_is_kept(text: str) -> None:
    assert pl.select(trimmed(pl.lit(f"\ufeff {text}\u200d"))).item() == text


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum([" a "]), pl.String()])
def test_any_text_type_is_trimmed_to_text(dtype: pl.DataType) -> None:
    column = pl.lit(pl.Series([" a ", None], dtype=dtype))
    found = pl.select(trimmed(column)).to_series()
    assert found.dtype == pl.String
    assert found.to_list() == ["a", None]


@pytest.mark.parametrize("text", [" No-Show\u200b", "NO-SHOW", "\ufeffno-show\t"])
def test_a_status_word_has_one_spelling(text: str) -> None:
    assert pl.select(status_word(pl.lit(text))).item() == "no-show"


@given(text=st.text(st.characters(exclude_categories=()), max_size=5))
def test_text_is_unicode_if_it_can_be_written(text: str) -> None:
    assert is_unicode(text) == (text.encode("utf-8", "ignore").decode() == text)
