import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core.text import in_any_case, is_unicode, lower, status_word, trimmed
from tests import naive

CASED = "\u0130Ii\u0131\u0307\u03a3\u03c3\u03c2kK\u212asS\u017f\u00df\u1e9e\u00e5\u212b.[]^$\\*"


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
    assert matches(text, word) == (naive.fold(word) in naive.fold(text))


@given(text=st.text(max_size=6), word=st.text(min_size=1, max_size=2))
def test_any_word_is_found_where_lower_case_holds_it(text: str, word: str) -> None:
    assert matches(text, word) == (naive.fold(word) in naive.fold(text))


def test_every_letter_is_found_in_each_of_its_cases() -> None:
    folded = {chr(number): naive.fold(chr(number)) for number in range(0x20000)}
    letters = {text: lower for text, lower in folded.items() if text != lower}
    cased = letters | {lower: lower for lower in letters.values()}
    texts = pl.Series(list(cased))
    for word in set(letters.values()):
        found = texts.filter(texts.str.contains(in_any_case(word))).to_list()
        assert found == [text for text, lower in cased.items() if word in lower]


@given(st.text(CASED + "AbZ", max_size=6))
def test_lower_case_is_that_of_the_reference(text: str) -> None:
    assert lower(text) == naive.fold(text)


@given(st.text(max_size=8))
def test_text_is_trimmed_as_in_the_reference(text: str) -> None:
    assert pl.select(trimmed(pl.lit(text))).item() == naive.trim(text)


@pytest.mark.parametrize("text", [" No-Show\u200b", "NO-SHOW", "\ufeffno-show\t"])
def test_a_status_word_has_one_spelling(text: str) -> None:
    assert pl.select(status_word(pl.lit(text))).item() == "no-show"


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb"])
def test_lone_surrogates_are_no_text(text: str) -> None:
    assert not is_unicode(text)
    assert is_unicode("\U0001f600")
