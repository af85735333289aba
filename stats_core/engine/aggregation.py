"""Filtered records to the partial frame: group, label, sum and sort.

Records are grouped by raw values first. Trimming, defaults, status words and sorting
then run on the few groups. No records are read here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

import polars as pl

from stats_core.layout import RecordLayout
from stats_core.request import Request
from stats_core.schema import (
    COUNTS,
    DIMENSIONS,
    OUTCOMES,
    PARTIAL_SCHEMA,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
)
from stats_core.text import normalise_status, trimmed

OUTCOME = pl.Enum(OUTCOMES)
SECTION = pl.Enum(SECTIONS)

_MIN_COMPACTED_ROWS = 100_000

# Expressions are built once: in a small answer, building them is most of the cost.
_COUNT = pl.col("count")
_SUMS = pl.col(COUNTS).sum()
_UNDATED = pl.col("day").is_null()
_NO_DAY = pl.lit(None, pl.Date).alias("day")
_NO_VALUE = pl.lit(None, pl.String).alias("value")
_NO_OUTCOME = pl.lit(None, OUTCOME).alias("outcome")
_SECTION = {name: pl.lit(name, SECTION).alias("section") for name in SECTIONS}
_HEAD = (_NO_DAY, _NO_VALUE, _NO_OUTCOME)
_TOTAL_ROW = (_SECTION[TOTAL], *_HEAD, _COUNT.sum())
_UNDATED_ROW = (_SECTION[UNDATED], *_HEAD, _COUNT.filter(_UNDATED).sum())
_TREND_ROWS = (_SECTION[TRENDS], "day", _NO_VALUE, "outcome", "count")
_VALUE_ROWS = {
    name: (
        _SECTION[name],
        _NO_DAY,
        pl.col(name).cast(pl.String).alias("value"),
        "outcome",
        "count",
    )
    for name in DIMENSIONS
}


def preaggregate(lf: pl.LazyFrame, key: str, layout: RecordLayout) -> pl.LazyFrame:
    """Count the records of each raw value and status.

    Args:
        lf: A canonical frame.
        key: A dimension, or `day` where `days.local_day` was added.
        layout: Which status words mean what.

    Returns:
        `key`, `outcome: Enum` and `count: Int64`; a key can have several rows with one
        outcome. In no order.

    >>> lf = pl.LazyFrame({"source": ["ads", "ads"], "status": ["success"] * 2})
    >>> preaggregate(lf, "source", RecordLayout()).collect().rows()
    [('ads', 'successful', 2)]
    """
    return (
        lf.group_by(key, "status")
        .len("count")
        .select(key, outcome(layout), _COUNT.cast(pl.Int64))
    )


def outcome(layout: RecordLayout) -> pl.Expr:
    """Return the outcome of the column `status` as an `Enum`; null is `other`.

    >>> df = pl.DataFrame({"status": [" SUCCESS", "error", "late", None]})
    >>> df.select(outcome(RecordLayout())).to_series().to_list()
    ['successful', 'failed', 'other', 'other']
    """
    return _outcome(layout.successful, layout.failed)


@lru_cache
def _outcome(successful: frozenset[str], failed: frozenset[str]) -> pl.Expr:
    word = normalise_status(pl.col("status"))
    return (
        pl.when(word.is_in(sorted(successful)))
        .then(pl.lit("successful", OUTCOME))
        .when(word.is_in(sorted(failed)))
        .then(pl.lit("failed", OUTCOME))
        .otherwise(pl.lit("other", OUTCOME))
        .alias("outcome")
    )


def is_unset(text: pl.Expr) -> pl.Expr:
    """Return whether trimmed text is null or empty.

    >>> pl.DataFrame({"text": ["0", "", None]}).select(is_unset(pl.col("text"))).rows()
    [(False,), (True,), (True,)]
    """
    return text.fill_null("") == ""


def fill_unset(text: pl.Expr, default: pl.Expr) -> pl.Expr:
    """Return trimmed text, or the default where it is unset.

    >>> df = pl.DataFrame({"text": ["0", "", None]})
    >>> df.select(fill_unset(pl.col("text"), pl.lit("direct"))).rows()
    [('0',), ('direct',), ('direct',)]
    """
    return pl.when(text != "").then(text).otherwise(default)


def partial_frame(
    days: pl.LazyFrame, values: Mapping[str, pl.LazyFrame], request: Request
) -> pl.LazyFrame:
    """Return the partial frame of pre-aggregated records.

    Args:
        days: `day`, `outcome` and `count`, as `preaggregate` returns them.
        values: The same for each dimension, by its name.
        request: Its time zone is a column of the result.

    Returns:
        `PARTIAL_SCHEMA`, in its order.

    >>> days = pl.LazyFrame(
    ...     schema={"day": pl.Date, "outcome": OUTCOME, "count": pl.Int64}
    ... )
    >>> df = partial_frame(days, {}, Request()).collect()
    >>> df.select("section", "count").rows()
    [('total', 0), ('undated', 0)]
    """
    stacked = pl.concat(
        [
            days.select(_TOTAL_ROW),
            days.select(_UNDATED_ROW),
            days.filter(~_UNDATED).select(_TREND_ROWS),
            *(lf.select(_VALUE_ROWS[name]) for name, lf in values.items()),
        ]
    )
    labelled = stacked.with_columns(_TRIMMED).select(_LABELLED)
    return in_order(sum_counts(labelled)).select(
        pl.lit(request.timezone).alias("timezone"),
        pl.col("section").cast(pl.String),
        *list(PARTIAL_SCHEMA)[2:],
    )


def sum_counts(
    lf: pl.LazyFrame, keys: Sequence[str] = ("section", "day", "value")
) -> pl.LazyFrame:
    """Sum the counts of rows with equal keys; the result has no order."""
    return lf.group_by(keys).agg(_SUMS)


def in_order(lf: pl.LazyFrame, *keys: str) -> pl.LazyFrame:
    """Sort partial rows by `keys`, section, day, count descending and value."""
    by = [*keys, pl.col("section").cast(SECTION), "day", "count", "value"]
    return lf.sort(by, descending=[*(False for _ in by[2:]), True, False])


def add_up(
    parts: Iterable[Sequence[pl.DataFrame]],
    summed: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> list[pl.DataFrame]:
    """Sum frames incrementally, each with the frames at the same position.

    Buffers are compacted when they exceed twice the compacted size (amortised O(n)), so
    only a few times the result is in memory.

    Args:
        parts: Each holds one frame per position; not consumed at once.
        summed: The plan that sums the rows of concatenated frames.

    >>> part = [pl.DataFrame({"key": [7], "count": [1]})]
    >>> by_key = lambda lf: lf.group_by("key").sum()
    >>> add_up([part, part], by_key)[0].rows()
    [(7, 2)]
    """
    buffered: list[Sequence[pl.DataFrame]] = []
    for part in parts:
        buffered.append(part)
        if _height(buffered[1:]) > max(2 * _height(buffered[:1]), _MIN_COMPACTED_ROWS):
            buffered = [_compacted(buffered, summed)]
    return _compacted(buffered, summed)


def _height(parts: Sequence[Sequence[pl.DataFrame]]) -> int:
    return sum(df.height for part in parts for df in part)


def _compacted(
    parts: Sequence[Sequence[pl.DataFrame]],
    summed: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> list[pl.DataFrame]:
    stacked = [pl.concat(frames).lazy() for frames in zip(*parts, strict=True)]
    return pl.collect_all(map(summed, stacked), engine="in-memory")


def _labelled(text: pl.Expr) -> tuple[pl.Expr, ...]:
    """Fill unset values and split the count into a column per outcome."""
    defaults = pl.Series([DIMENSIONS.get(name) for name in SECTIONS], dtype=pl.String)
    default = pl.lit(defaults).gather(pl.col("section").to_physical())
    unset = is_unset(text) & default.is_not_null()
    return (
        pl.col("section"),
        pl.col("day"),
        fill_unset(text, default).alias("value"),
        _COUNT,
        (unset * _COUNT).alias("unset"),
        *(((pl.col("outcome") == name) * _COUNT).alias(name) for name in OUTCOMES),
    )


_TRIMMED = trimmed(pl.col("value")).alias("text")
_LABELLED = _labelled(pl.col("text"))
