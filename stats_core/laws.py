"""What must hold of any one statistics; each function yields the faults it finds."""

from collections.abc import Iterator

import polars as pl

from stats_core.tallies import BREAKDOWN_SCHEMA, OUTCOMES, TRENDS_SCHEMA


def breakdown_faults(name: str, df: pl.DataFrame, total: int) -> Iterator[str]:
    """A breakdown: its columns, its order, and that its counts add up to `total`.

    >>> list(breakdown_faults("source", BREAKDOWN_SCHEMA.to_frame(), 2))
    ['`source`: the counts add up to 0, not to the total of 2']
    """
    if df.schema != BREAKDOWN_SCHEMA:
        yield f"`{name}`: expected the columns {BREAKDOWN_SCHEMA}, found {df.schema}"
        return
    if df.null_count().sum_horizontal().item():
        yield f"`{name}`: holds nulls"
    if df["value"].n_unique() != df.height:
        yield f"`{name}`: a value has more than one row"
    if not df.equals(df.sort("count", "value", descending=[True, False])):
        yield f"`{name}`: not in order of `count` descending, `value` ascending"
    yield from _negative_faults(name, df)
    if df.filter(count=0).height:
        yield f"`{name}`: a row counts no record"
    counted = df["count"].sum()
    if counted != total:
        yield f"`{name}`: the counts add up to {counted}, not to the total of {total}"
    outcomes = pl.sum_horizontal(OUTCOMES)
    if df.filter(outcomes != pl.col("count")).height:
        yield f"`{name}`: a row's outcomes do not add up to its count"
    if df.filter(pl.col("unset") > pl.col("count")).height:
        yield f"`{name}`: a row has more unset records than records"


def trend_faults(df: pl.DataFrame, dated: int) -> Iterator[str]:
    """A trend: its columns, its order, and that its counts add up to `dated`.

    >>> list(trend_faults(TRENDS_SCHEMA.to_frame(), 0))
    []
    """
    if df.schema != TRENDS_SCHEMA:
        yield f"`trends`: expected the columns {TRENDS_SCHEMA}, found {df.schema}"
        return
    if df.null_count().sum_horizontal().item():
        yield "`trends`: holds nulls"
    days = df["day"]
    if days.n_unique() != df.height or not days.is_sorted():
        yield "`trends`: the days repeat or are not ascending"
    yield from _negative_faults("trends", df)
    if df.filter(pl.sum_horizontal(OUTCOMES) == 0).height:
        yield "`trends`: a day holds no record"
    counted = df.select(OUTCOMES).sum().sum_horizontal().item()
    if counted != dated:
        yield f"`trends`: the outcomes add up to {counted}, not to the {dated} dated"


def _negative_faults(name: str, df: pl.DataFrame) -> Iterator[str]:
    numbers = df.select(pl.col(pl.Int64))
    if numbers.select(pl.any_horizontal(pl.all() < 0).any()).item():
        yield f"`{name}`: a count is negative"
