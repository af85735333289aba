"""Filtered records to labelled, sorted counts: plans, nothing is collected here.

Rows are grouped as they are; trimming, defaults, status words and sorting then run on
the few groups. All plans take canonical frames (see `records`) and may be told to keep
further columns apart (`by`).
"""

from collections.abc import Sequence

import polars as pl

from stats_core.layout import RecordLayout
from stats_core.text import status_word, trimmed

DEFAULTS = {
    "source": "not set",
    "utm_source": "direct",
    "utm_medium": "not set",
    "utm_campaign": "not set",
}
OUTCOMES = ("successful", "failed", "other")
BREAKDOWN_SCHEMA = pl.Schema(
    {"value": pl.String()} | dict.fromkeys(("count", "unset", *OUTCOMES), pl.Int64()),
)
TRENDS_SCHEMA = pl.Schema({"day": pl.Date()} | dict.fromkeys(OUTCOMES, pl.Int64()))

_ROWS = pl.col("len")
_BY_OUTCOME = {name: _ROWS.filter(pl.col("outcome") == name).sum() for name in OUTCOMES}


def labelled(text: pl.Expr, default: str) -> pl.Expr:
    """The trimmed text, or the default where it is null or nothing was left.

    >>> df = pl.DataFrame({"value": [" Ads ", "0", "", None]})
    >>> label = labelled(trimmed(pl.col("value")), "direct")
    >>> df.select(label).to_series().to_list()
    ['Ads', '0', 'direct', 'direct']
    """
    return pl.when(text != "").then(text).otherwise(pl.lit(default))


def outcome(status: pl.Expr, layout: RecordLayout, dtype: pl.DataType) -> pl.Expr:
    """The column of `OUTCOMES` that a status counts in; null counts as other.

    >>> df = pl.DataFrame({"status": [" SUCCESS", "error", "late", None]})
    >>> kind = outcome(pl.col("status"), RecordLayout(), pl.String())
    >>> df.select(kind).to_series().to_list()
    ['successful', 'failed', 'other', 'other']
    """
    if dtype == pl.Boolean:
        successful, failed = status, ~status
    else:
        word = status_word(status)
        successful = word.is_in(sorted(layout.successful))
        failed = word.is_in(sorted(layout.failed))
    return (
        pl.when(successful)
        .then(pl.lit("successful"))
        .when(failed)
        .then(pl.lit("failed"))
        .otherwise(pl.lit("other"))
    )


def tally(
    lf: pl.LazyFrame, key: str, *, by: Sequence[str] = (), few: bool = False
) -> pl.LazyFrame:
    """How many records have each value and status, as they are: aggregate first.

    Args:
        lf: A canonical frame.
        key: A dimension, or `day` where `days.local_day` was added.
        by: Columns to keep apart, first in the answer.
        few: Whether the records are so few that to group them here and again by their
            labels costs more than it saves; then each stands by itself.

    Returns:
        The columns `by`, `key` and `status`, and `len: Int64`; in no order.

    >>> lf = pl.LazyFrame({"source": ["ads", "ads"], "status": ["success"] * 2})
    >>> tally(lf, "source").collect().rows()
    [('ads', 'success', 2)]
    """
    if few:
        return lf.select(*by, key, "status", len=pl.lit(1, pl.Int64))
    return lf.group_by(*by, key, "status").len().cast({"len": pl.Int64})


def added_up(parts: Sequence[Sequence[pl.DataFrame]]) -> list[pl.DataFrame]:
    """The sum of parts, each of them tallies by the same keys in the same order.

    >>> part = [pl.DataFrame({"source": ["ads"], "status": ["error"], "len": [1]})]
    >>> added_up([part, part])[0].rows()
    [('ads', 'error', 2)]
    """
    stacked = [pl.concat(same).lazy() for same in zip(*parts, strict=True)]
    return pl.collect_all(lf.group_by(pl.exclude("len")).sum() for lf in stacked)


def breakdown(
    lf: pl.LazyFrame, dimension: str, kind: pl.Expr, *, by: Sequence[str] = ()
) -> pl.LazyFrame:
    """How many records have each value of a dimension, and how they went.

    Args:
        lf: The `tally` of the dimension.
        dimension: One of the keys of `DEFAULTS`.
        kind: The `outcome` of the column `status`.
        by: Columns to keep apart, first in the answer.

    Returns:
        `BREAKDOWN_SCHEMA`, `count` descending, then `value` ascending by code point.
        `unset` says how many of `count` had no value of their own.

    >>> lf = pl.LazyFrame({"source": ["ads", None, ""], "status": ["success"] * 3})
    >>> kind = outcome(pl.col("status"), RecordLayout(), pl.String())
    >>> breakdown(tally(lf, "source"), "source", kind).collect().rows()
    [('not set', 2, 2, 2, 0, 0), ('ads', 1, 0, 1, 0, 0)]
    """
    text = trimmed(pl.col(dimension))
    label = labelled(pl.col("text"), DEFAULTS[dimension])
    return (
        lf.select(*by, "len", text=text, outcome=kind)
        .group_by(*by, value=label)
        .agg(
            count=_ROWS.sum(),
            unset=_ROWS.filter(pl.col("text").fill_null("") == "").sum(),
            **_BY_OUTCOME,
        )
        .sort(*by, "count", "value", descending=[*(False for _ in by), True, False])
    )


def daily_trend(
    lf: pl.LazyFrame, kind: pl.Expr, *, by: Sequence[str] = ()
) -> pl.LazyFrame:
    """How the records of each local day went.

    Args:
        lf: The `tally` of the column `day`, as `days.local_day` gives it.
        kind: The `outcome` of the column `status`.
        by: Columns to keep apart, first in the answer.

    Returns:
        `TRENDS_SCHEMA`, `day` ascending; first a row with null for the undated, if any.

    >>> days = pl.Series([None, None], dtype=pl.Date)
    >>> lf = pl.LazyFrame({"day": days, "status": ["error", "success"]})
    >>> kind = outcome(pl.col("status"), RecordLayout(), pl.String())
    >>> daily_trend(tally(lf, "day"), kind).collect().rows()
    [(None, 1, 1, 0)]
    """
    return (
        lf.select(*by, "day", "len", outcome=kind)
        .group_by(*by, "day")
        .agg(**_BY_OUTCOME)
        .sort(*by, "day", nulls_last=False)
    )
