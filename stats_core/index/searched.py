"""One searched column of the indexed records: its distinct texts, and their words.

A keyword has no white space, so it lies within one word of a text. Only the distinct
words are searched; each knows its texts (an inverted index: Zobel and Moffat, "Inverted
files for text search engines", 2006).
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from stats_core.engine.dictionary import decoded, new_dictionary
from stats_core.index.dimension import smallest

_MAX_TEXTS = 500_000  # that are taken apart at a time
_WORD, _TEXT = pl.col("word"), pl.col("text")


@dataclass(frozen=True)
class SearchedColumn:
    """The searched texts of records.

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
    """Return the searched column of records.

    Args:
        texts: The distinct texts.
        numbers: Of each record, the place of its text in them; null for none.
    """
    codes = numbers.fill_null(len(texts)).cast(smallest(len(texts) + 1))
    return SearchedColumn(texts, codes, _words(texts))


def _words(texts: pl.Series) -> pl.DataFrame:
    """Return the distinct words of texts, and which texts have each of them."""
    dictionary = new_dictionary()
    number = _WORD.cast(dictionary.dtype).to_physical()
    parts = [
        part.lazy()
        .with_columns(_WORD.str.split(" "))
        .explode("word")
        .with_columns(number)
        .collect(engine="in-memory")
        for part in _some_at_a_time(texts.to_frame("word").with_row_index("text"))
    ]
    grouped = pl.concat(parts).lazy().group_by("word").agg(texts=_TEXT).collect()
    words = decoded(dictionary, grouped.height)
    return grouped.with_columns(word=words[grouped["word"]])


def _some_at_a_time(df: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield rows in parts, at least one, which may be empty."""
    yield df.head(_MAX_TEXTS)
    yield from df[_MAX_TEXTS:].iter_slices(_MAX_TEXTS)
