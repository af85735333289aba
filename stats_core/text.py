"""Text as it is compared: without invisible ends, in one case."""

import polars as pl

# Unicode's white space, control and format characters (zero-width ones among them).
INVISIBLE, VISIBLE = r"[\p{Z}\p{Cc}\p{Cf}]", r"[^\p{Z}\p{Cc}\p{Cf}]"
_AROUND = f"^{INVISIBLE}+|{INVISIBLE}+$"


def trimmed(text: pl.Expr) -> pl.Expr:
    r"""Text without the characters of Unicode's categories Z, Cc and Cf around it.

    >>> df = pl.DataFrame({"value": ["\ufeff ads\u200b", "\u00a0", None]})
    >>> df.select(trimmed(pl.col("value"))).rows()
    [('ads',), ('',), (None,)]
    """
    return text.cast(pl.String).str.replace_all(_AROUND, "")


def one_sigma(lower: pl.Expr) -> pl.Expr:
    r"""Lower-case text in which the sigma that ends a word is a sigma like any other.

    Lower case alone tells `\u03a3` at the end of a word from `\u03a3` within: the only
    letter whose case depends on its neighbours (Unicode Standard, section 3.13).

    >>> pl.select(one_sigma(pl.lit("\u03bf\u03b4\u03bf\u03c2"))).item()[-1] == "\u03c3"
    True
    """
    return lower.str.replace_all("\u03c2", "\u03c3", literal=True)


def status_word(text: pl.Expr) -> pl.Expr:
    """A status, or a word that one is held against: trimmed and lower-case.

    >>> pl.select(status_word(pl.lit(" No-Show"))).item()
    'no-show'
    """
    return one_sigma(trimmed(text).str.to_lowercase())


def is_unicode(text: str) -> bool:
    r"""Whether it is text at all: Polars, JSON and UTF-8 know no lone surrogates.

    >>> is_unicode("\u00c9"), is_unicode("\ud800")
    (True, False)
    """
    return not any("\ud800" <= character <= "\udfff" for character in text)
