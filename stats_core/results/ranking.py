"""The first values of a breakdown, and pages of them."""

import polars as pl

from stats_core.schema import COUNTS


def top(breakdown: pl.DataFrame, n: int) -> pl.DataFrame:
    """Return the first `n` values of a breakdown, and one row that sums the others.

    Args:
        breakdown: A frame of `BREAKDOWN_SCHEMA`.
        n: How many values, from 1.

    Returns:
        The columns of the breakdown and `values: Int64`, in its order, so that each
        column still has its sum. `values` is 1, and in the row of the others how many
        they are; this row is the last, and its `value` is null, which no label is. If
        there are no others, it is not there.

    Raises:
        TypeError: `n` is no whole number.
        ValueError: `n` is below 1.

    >>> from stats_core.schema import BREAKDOWN_SCHEMA
    >>> rows = [(value, 1, 0, 1, 0, 0) for value in "abc"]
    >>> df = top(pl.DataFrame(rows, BREAKDOWN_SCHEMA, orient="row"), 1)
    >>> df.select("value", "count", "values").rows()
    [('a', 1, 1), (None, 2, 2)]
    """
    check_is_positive("n", n)
    others = breakdown.slice(min(n, breakdown.height))
    first = breakdown.head(min(n, breakdown.height))
    rest = others.select(
        pl.lit(None, pl.String).alias("value"),
        pl.col(COUNTS).sum(),
        pl.len().cast(pl.Int64).alias("values"),
    ).filter(pl.col("values") > 0)
    return pl.concat([first.with_columns(pl.lit(1, pl.Int64).alias("values")), rest])


def pages(breakdown: pl.DataFrame, size: int) -> int:
    """Return how many pages of so many rows a breakdown has; without a row, none.

    Raises:
        TypeError: `size` is no whole number.
        ValueError: `size` is below 1.

    >>> pages(pl.DataFrame({"value": ["a", "b", "c"]}), 2)
    2
    """
    check_is_positive("size", size)
    return -(-breakdown.height // size)


def page_rows(breakdown: pl.DataFrame, page: int, size: int) -> pl.DataFrame:
    """Return one page of a breakdown; past the end it is empty.

    Raises:
        TypeError: `page` or `size` is no whole number.
        ValueError: `page` or `size` is below 1.

    >>> page_rows(pl.DataFrame({"value": ["a", "b", "c"]}), 2, 2).rows()
    [('c',)]
    """
    check_is_positive("page", page)
    check_is_positive("size", size)
    height = breakdown.height
    return breakdown.slice(min((page - 1) * size, height), min(size, height))


def check_is_positive(name: str, number: int) -> None:
    """Check a number of rows or pages.

    Raises:
        TypeError: It is no whole number.
        ValueError: It is below 1.
    """
    if not isinstance(number, int):
        msg = f"`{name}`: expected a whole number, got {number!r}"
        raise TypeError(msg)
    if number < 1:
        msg = f"`{name}` starts at 1, got {number}"
        raise ValueError(msg)
