import unicodedata

import pytest
from hypothesis import given, strategies as st

from stats_core.readable import number, percent, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spring", "spring"),
        ("a\tb\nc\r\u2028d", "a b c  d"),
        ("山田\u3000太郎", "山田 太郎"),
        ("\u202eright\x00\x1b[0m\ufeff", "\ufffdright\ufffd\ufffd[0m\ufffd"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u200c\u062e"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("<b>&amp;[red]", "<b>&amp;[red]"),
    ],
)
def test_text_is_one_line_that_obeys_nothing(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text())
def test_printable_text_keeps_every_character_that_shows(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        kept = unicodedata.category(before)[0] not in "CZ" or before in " \u200c\u200d"
        assert after == before if kept else after in " \ufffd"
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, "0"), (999, "999"), (1_000, "1,000"), (-2_500_000, "-2,500,000")],
)
def test_thousands_are_separated(count: int, expected: str) -> None:
    assert number(count) == expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 5, "0.0%"), (2, 3, "66.7%"), (5, 5, "100.0%"), (0, 0, "-")],
)
def test_a_share_has_one_decimal(part: int, whole: int, expected: str) -> None:
    assert percent(part, whole) == expected
