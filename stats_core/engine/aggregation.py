"""Filtered records to the partial frame: group, label, sum and sort.

Records are grouped by raw values first. Trimming, defaults, status words and sorting
then run on the few groups. No records are read here.
"""

from collections.abc import Mapping
from functools import lru_cache

import polars as pl

from stats_core.days import local_day
from stats_core.engine.sums import SECTION, in_order, sum_counts
from stats_core.layout import RecordLayout
from stats_core.records.instants import time_unit
from stats_core.request import Request
from stats_core.schema import (
    DIMENSIONS,
    OUTCOMES,
    PARTIAL_SCHEMA,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
)
from stats_core.text import normalise_status, trimmed

KEYS = ("day", *DIMENSIONS)  # what records are grouped by
OUTCOME = pl.Enum(OUTCOMES)


# Expressions are built once: in a small answer, building them is most of the cost.
_COUNT = pl.col("count")
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


def groups(
    lf: pl.LazyFrame, seconds: tuple[int, int], request: Request
) -> list[pl.LazyFrame]:
    """Return the plans of the pre-aggregates, in the order of `KEYS`."""
    dated = with_day(lf, seconds, request)
    frames = {"day": dated} | dict.fromkeys(DIMENSIONS, lf)
    return [preaggregate(frames[key], key, request.layout) for key in KEYS]


def with_day(
    lf: pl.LazyFrame, seconds: tuple[int, int], request: Request
) -> pl.LazyFrame:
    """Add the local `day` of each record; its instants lie in a range of seconds."""
    first, last = request.period.within(seconds)
    last = max(first, last)  # no record is in the period
    unit = time_unit(lf.collect_schema())
    instant = pl.col("created_at")
    day = local_day(instant, request.zone, unit=unit, first=first, last=last)
    return lf.with_columns(day=day)


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
