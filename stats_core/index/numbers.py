"""The columns of rows that come in batches, in few bytes a value: texts as numbers."""

from collections.abc import Iterable
from typing import NamedTuple, cast

import polars as pl

from stats_core.engine.dictionary import decoded, new_dictionary
from stats_core.index.dimension import smallest

_NULL = pl.Series([None], dtype=pl.UInt8)
_FEW = pl.QueryOptFlags.none()


class Texts(NamedTuple):
    """A column of texts: the distinct ones, and the place of each row's text in them."""

    distinct: pl.Series
    places: pl.Series

    def mapped(self, values: pl.Series) -> pl.Series:
        """Return a value per row, given one per distinct text and a last one for null."""
        return values[self.places.fill_null(len(self.distinct))]


class Numbers:
    """The columns of rows that are added in batches; each is taken once."""

    def __init__(self) -> None:
        """Start without a row."""
        self._dictionaries: dict[str, pl.Series] = {}
        self._parts: dict[str, list[pl.Series]] = {}
        self._rows = 0

    def encoded(self, lf: pl.LazyFrame, names: Iterable[str]) -> pl.LazyFrame:
        """Return a plan whose texts are read as numbers.

        Polars reads batches ahead of who takes them, and numbers need little memory.
        """
        return lf.with_columns(pl.col(name).cast(self._dtype(name)) for name in names)

    def add(self, batch: pl.DataFrame) -> None:
        """Add rows; a column that only some batches have is null in the others."""
        found = dict.fromkeys(self._parts, _NULL.new_from_index(0, batch.height))
        for name, column in (found | self._numbered(batch).to_dict()).items():
            before = [_NULL.new_from_index(0, self._rows)] if self._rows else []
            self._parts.setdefault(name, before).append(column)
        self._rows += batch.height

    def _numbered(self, batch: pl.DataFrame) -> pl.DataFrame:
        texts = [name for name, dtype in batch.schema.items() if dtype == pl.String]
        encoded = self.encoded(batch.lazy(), texts)
        plan = encoded.with_columns(pl.col(pl.Categorical).to_physical())
        found = plan.collect(engine="in-memory", optimizations=_FEW)
        return found.with_columns(
            _narrow(column) for column in found.select(pl.col(pl.UInt32))
        )

    def _dtype(self, name: str) -> pl.DataType:
        return self._dictionaries.setdefault(name, new_dictionary()).dtype

    def names(self) -> list[str]:
        """Return the names of the columns that were not taken."""
        return list(self._parts)

    def take(self, name: str) -> pl.Series:
        """Return a column, once, so that its batches do not stay in memory."""
        parts = [part.to_frame(name) for part in self._parts.pop(name)]
        return pl.concat(parts, how="vertical_relaxed", rechunk=True).to_series()

    def take_texts(self, name: str) -> Texts:
        """Return a column of texts, once."""
        places = self.take(name)
        return Texts(decoded(self._dictionaries.pop(name), _size(places)), places)


def _size(numbers: pl.Series) -> int:
    """Return one more than the greatest number; 0 without any."""
    last = cast("int | None", numbers.max())
    return 0 if last is None else last + 1


def _narrow(numbers: pl.Series) -> pl.Series:
    """Return numbers in few bytes; one more than the greatest number fits too."""
    return numbers.cast(smallest(_size(numbers) + 1))
