"""Dictionary encoding: texts as numbers, in the order in which they appear."""

import polars as pl


def new_dictionary() -> pl.Series:
    """Return an empty column whose type numbers texts as they are cast to it.

    Each answer needs its own, so that neither numbers nor texts outlive it: Polars
    keeps them while a column of this type exists.

    >>> dictionary = new_dictionary()
    >>> pl.Series(["ads", "mail"]).cast(dictionary.dtype).to_physical().to_list()
    [0, 1]
    """
    return pl.Series([], dtype=pl.Categorical(pl.Categories.random()))


def decoded(dictionary: pl.Series, size: int) -> pl.Series:
    """Return the texts of the first `size` numbers of a dictionary.

    >>> dictionary = new_dictionary()
    >>> column = pl.Series(["ads", "mail", "ads"]).cast(dictionary.dtype)
    >>> decoded(dictionary, 2).to_list()
    ['ads', 'mail']
    """
    numbers = pl.int_range(size, dtype=pl.UInt32, eager=True)
    # Polars before 2.0 casts; Polars 2 has `cat.to`.
    decode = getattr(numbers.cat, "to", numbers.cast)
    texts: pl.Series = decode(dictionary.dtype).cast(pl.String)
    return texts
