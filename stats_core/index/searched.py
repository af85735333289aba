"""One searched column of the indexed records: its distinct texts, and their words.

A keyword has no white space, so it lies within one word of a text. Only the distinct
words are searched; each knows its texts (an inverted index: Zobel and Moffat, "Inverted
files for text search engines", 2006).
"""

from dataclasses import dataclass

import polars as pl

from stats_core.index.dimension import smallest

_WORD, _TEXT = pl.col("word"), pl.col("text")


@dataclass(frozen=True)
class SearchedColumn:
    """The searched texts of records that are in the order of the index.

    Attributes:
        texts: The distinct texts.
        codes: Of each record, the place of its text; one more than the last for none.
        words: `word: String`, distinct, and `texts: List(UInt32)`, the places of the
            texts that have it, some of them more than once.
    """

    texts: pl.Series
    codes: pl.Series
    words: pl.DataFrame

    def matching(self, pattern: str) -> pl.Series:
        """Return whether each text, and null as the last one, matches a pattern.

        Args:
            pattern: One of `text.in_any_case`, of a keyword.
        """
        found = self.words.filter(_WORD.str.contains(pattern))["texts"]
        none = pl.repeat(value=False, n=len(self.texts) + 1, eager=True)
        return none.scatter(found.explode(), values=True)


def arrange(texts: pl.Series, numbers: pl.Series) -> SearchedColumn:
    """Return the searched column of records that are in order.

    Args:
        texts: The distinct texts.
        numbers: Of each record, the place of its text in them; null for none.
    """
    found = texts.to_frame("word").with_row_index("text").lazy()
    words = (
        found.with_columns(_WORD.str.split(" "))
        .explode("word")
        .group_by("word")
        .agg(texts=_TEXT)
        .collect()
    )
    codes = numbers.fill_null(len(texts)).cast(smallest(len(texts) + 1))
    return SearchedColumn(texts, codes, words)
