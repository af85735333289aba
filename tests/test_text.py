import sys
import unicodedata

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core.text import in_any_case, is_unicode, lower, normalise_status, trimmed
from tests import reference

CASED = "\u0130Ii\u0131\u0307\u03a3\u03c3\u03c2kK\u212asS\u017f\u00df\u1e9e\u00e5\u212b.[]^$\\*"
TEXTS = st.lists(st.none() | st.text(max_size=8), max_size=30)
CHARACTERS = list(map(chr, range(sys.maxunicode + 1)))
SIGMA, FINAL_SIGMA = "\u03c3", "\u03c2"
# What this Python has a name for: Polars may know a later Unicode.
ASSIGNED = [
    character
    for character in CHARACTERS
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
    folded = {character: reference.fold(character) for character in CHARACTERS}
    letters = {text: lower for text, lower in folded.items() if text != lower}
    cased = letters | {lower: lower for lower in letters.values()}
    texts = pl.Series(list(cased))
    for word in set(letters.values()):
        found = texts.filter(texts.str.contains(in_any_case(word))).to_list()
        assert found == [text for text, lower in cased.items() if word in lower]
    assert len(letters) > 1_300


def test_only_the_final_sigma_has_another_lower_case_than_python_says() -> None:
    found = {c: lower(c) for c in CHARACTERS if lower(c) != c.lower()}
    assert found == {FINAL_SIGMA: SIGMA}


def test_only_the_final_sigma_has_another_lower_case_than_polars_says() -> None:
    polars = pl.Series(ASSIGNED).str.to_lowercase().to_list()
    found = {
        c: lower(c)
        for c, there in zip(ASSIGNED, polars, strict=True)
        if lower(c) != there
    }
    assert found == {FINAL_SIGMA: SIGMA}
    assert sum(c != there for c, there in zip(ASSIGNED, polars, strict=True)) > 1_300


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("ANA", "ana"), ("BEL\u00c9M", "bel\u00e9m"), ("F/U (1)", "f/u (1)")),
        *(("\u0130", "i\u0307"), ("\u1e9e", "\u00df"), ("\u212a\u212b", "k\u00e5")),
        *(("\u039f\u03a3", "\u03bf\u03c3"), ("\u03bf\u03c2", "\u03bf\u03c3")),
        *(("\u03a3\u0391", "\u03c3\u03b1"), ("\u0131\u017f", "\u0131\u017f")),
        *(("\U00010400", "\U00010428"), ("\U0001f600", "\U0001f600"), ("", "")),
    ],
    ids=ascii,
)
def test_lower_case_is_that_of_unicode(text: str, expected: str) -> None:
    assert lower(text) == expected


@example(text="\u0391\u03a3 \u03a3")
@given(text=st.text(CASED + "AbZ", max_size=6) | st.text(max_size=6))
def test_the_lower_case_of_a_letter_ignores_its_neighbours(text: str) -> None:
    assert lower(text) == "".join(map(lower, text))


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
def test_invisible_characters_within_a_text_are_kept(text: str) -> None:
    assert pl.select(trimmed(pl.lit(f"\ufeff {text}\u200d"))).item() == text


@pytest.mark.parametrize("dtype", [pl.Categorical(), pl.Enum([" a "]), pl.String()])
def test_any_text_type_is_trimmed_to_text(dtype: pl.DataType) -> None:
    column = pl.lit(pl.Series([" a ", None], dtype=dtype))
    found = pl.select(trimmed(column)).to_series()
    assert found.dtype == pl.String
    assert found.to_list() == ["a", None]


@pytest.mark.parametrize("text", [" No-Show\u200b", "NO-SHOW", "\ufeffno-show\t"])
def test_a_normalise_status_has_one_spelling(text: str) -> None:
    assert pl.select(normalise_status(pl.lit(text))).item() == "no-show"


@given(text=st.text(st.characters(exclude_categories=()), max_size=5))
def test_text_is_unicode_if_it_can_be_written(text: str) -> None:
    assert is_unicode(text) == (text.encode("utf-8", "ignore").decode() == text)
