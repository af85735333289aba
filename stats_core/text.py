"""Text for comparison: trimmed, in lower case, as a case-insensitive pattern."""

import re
from functools import cache

import polars as pl

# Unicode's white space, control and format characters; zero-width ones are among them.
INVISIBLE, VISIBLE = r"[\p{Z}\p{Cc}\p{Cf}]", r"[^\p{Z}\p{Cc}\p{Cf}]"
_CASED_END = 0x1E944  # from this code point on, no letter has another case (Unicode 16)
_DOTTED_I, _DOT = "\u0130", "\u0307"
_SURROGATE = re.compile("[\ud800-\udfff]")
_INVISIBLE_ENDS = f"^{INVISIBLE}+|{INVISIBLE}+$"


def trimmed(text: pl.Expr) -> pl.Expr:
    r"""Remove leading and trailing characters of Unicode's categories Z, Cc and Cf.

    >>> df = pl.DataFrame({"value": ["\ufeff ads\u200b", "\u00a0", None]})
    >>> df.select(trimmed(pl.col("value"))).rows()
    [('ads',), ('',), (None,)]
    """
    return text.cast(pl.String).str.replace_all(_INVISIBLE_ENDS, "")


def normalise_status(text: pl.Expr) -> pl.Expr:
    """Normalise a status for comparison: trim and lower-case it.

    >>> pl.select(normalise_status(pl.lit(" No-Show"))).item()
    'no-show'
    """
    return trimmed(text).str.to_lowercase()


def lower(text: str) -> str:
    r"""Return Unicode lower case, with every lower-case sigma in its non-final form.

    Sigma is the only letter whose lower case depends on its neighbours (The Unicode
    Standard, section 3.13).

    >>> lower("\u039f\u0394\u039f\u03a3")[-1] == "\u03c3"
    True
    """
    return text.lower().replace("\u03c2", "\u03c3")


def in_any_case(word: str) -> str:
    r"""Return a case-insensitive pattern for `word`.

    It matches in one pass over the rows; lower-casing first needs two.

    >>> in_any_case("F/U"), in_any_case("(1)")
    ('[fF]/[uU]', '\\(1\\)')
    """
    letters = lower(word)
    dotted = f"(?:[iI]{_DOT}|{_DOTTED_I})"
    pattern = "".join(map(_any_case, letters)).replace(f"[iI]{_DOT}", dotted)
    # In lower case, dotted capital I becomes two characters: a word may hold one of them.
    if letters.startswith(_DOT):
        pattern = f"[{_DOT}{_DOTTED_I}]{pattern[1:]}"
    if letters.endswith("i"):
        pattern = f"{pattern.removesuffix('[iI]')}[iI{_DOTTED_I}]"
    return pattern


@cache
def _upper_cases() -> dict[str, str]:
    """Map each lower-case letter to the letters that become it in lower case."""
    found: dict[str, str] = {}
    for number in range(_CASED_END):
        letter = chr(number)
        if lower(letter) != letter:
            found[lower(letter)] = found.get(lower(letter), "") + letter
    return found


def _any_case(letter: str) -> str:
    upper = _upper_cases().get(letter)
    return f"[{letter}{upper}]" if upper else pl.escape_regex(letter)


def is_unicode(text: str) -> bool:
    r"""Return whether the text has no lone surrogate, which UTF-8 cannot encode.

    >>> is_unicode("\u00c9"), is_unicode("\ud800")
    (True, False)
    """
    return text.isascii() or _SURROGATE.search(text) is None


def without_surrogates(text: str) -> str:
    r"""Replace each lone surrogate by U+FFFD.

    >>> ascii(without_surrogates("a\ud800"))
    "'a\\ufffd'"
    """
    return _SURROGATE.sub("\ufffd", text)
