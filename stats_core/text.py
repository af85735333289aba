"""Text as it is compared: without invisible ends, in one case."""

from functools import cache

import polars as pl

# Unicode's white space, control and format characters (zero-width ones among them).
INVISIBLE, VISIBLE = r"[\p{Z}\p{Cc}\p{Cf}]", r"[^\p{Z}\p{Cc}\p{Cf}]"
_CASED = 0x1E944  # no letter from here on has another case (Unicode 16)
_DOTTED_I, _DOT = "\u0130", "\u0307"
_AROUND = f"^{INVISIBLE}+|{INVISIBLE}+$"


def trimmed(text: pl.Expr) -> pl.Expr:
    r"""Text without the characters of Unicode's categories Z, Cc and Cf around it.

    >>> df = pl.DataFrame({"value": ["\ufeff ads\u200b", "\u00a0", None]})
    >>> df.select(trimmed(pl.col("value"))).rows()
    [('ads',), ('',), (None,)]
    """
    return text.cast(pl.String).str.replace_all(_AROUND, "")


def status_word(text: pl.Expr) -> pl.Expr:
    """A status, or a word that one is held against: trimmed and lower-case.

    >>> pl.select(status_word(pl.lit(" No-Show"))).item()
    'no-show'
    """
    return trimmed(text).str.to_lowercase()


def lower(text: str) -> str:
    r"""Unicode lower case, the sigma that ends a word being a sigma like any other.

    It is the one letter whose lower case depends on its neighbours (The Unicode
    Standard, section 3.13).

    >>> lower("\u039f\u0394\u039f\u03a3")[-1] == "\u03c3"
    True
    """
    return text.lower().replace("\u03c2", "\u03c3")


def in_any_case(word: str) -> str:
    r"""A regular expression for the texts whose lower case holds a word's lower case.

    One look at each row, where to make its lower case first takes two.

    >>> in_any_case("F/U"), in_any_case("(1)")
    ('[fF]/[uU]', '\\(1\\)')
    """
    letters = lower(word)
    dotted = f"(?:[iI]{_DOT}|{_DOTTED_I})"
    pattern = "".join(map(_any_case, letters)).replace(f"[iI]{_DOT}", dotted)
    # A dotted capital I is two letters in lower case, of which a word may hold one.
    if letters.startswith(_DOT):
        pattern = f"[{_DOT}{_DOTTED_I}]{pattern[1:]}"
    if letters.endswith("i"):
        pattern = f"{pattern.removesuffix('[iI]')}[iI{_DOTTED_I}]"
    return pattern


@cache
def _upper_cases() -> dict[str, str]:
    """For each letter, the others that lower case turns into it."""
    found: dict[str, str] = {}
    for number in range(_CASED):
        letter = chr(number)
        if lower(letter) != letter:
            found[lower(letter)] = found.get(lower(letter), "") + letter
    return found


def _any_case(letter: str) -> str:
    upper = _upper_cases().get(letter)
    return f"[{letter}{upper}]" if upper else pl.escape_regex(letter)


def is_unicode(text: str) -> bool:
    r"""Whether it is text at all: Polars, JSON and UTF-8 know no lone surrogates.

    >>> is_unicode("\u00c9"), is_unicode("\ud800")
    (True, False)
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)
