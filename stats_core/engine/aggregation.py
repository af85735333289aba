"""Filtered records to the partial frame: group, label, sum and sort.

Records are grouped by raw values first. Trimming, defaults, status words and sorting
then run on the few groups. No records are read here.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

import polars as pl

from stats_core.days import hour_of_week, local_day
from stats_core.engine.sums import in_order, sum_counts
from stats_core.layout import RecordLayout
from stats_core.records.instants import time_unit
from stats_core.request import Request
from stats_core.schema import (
    COUNTS,
    DIMENSIONS,
    HOURS,
    HOURS_OF_WEEK,
    OUTCOMES,
    PARTIAL_SCHEMA,
    TOTAL,
    TRENDS,
    UNDATED,
    all_sections,
    dimension_column,
)
from stats_core.text import normalise_status, trimmed

OUTCOME = pl.Enum(OUTCOMES)
_HOURS_COLUMN = dimension_column(HOURS)
_HOURS = pl.lit(pl.Series(HOURS_OF_WEEK, dtype=pl.Enum(HOURS_OF_WEEK)))


# Expressions are built once: in a small answer, building them is most of the cost.
_COUNT = pl.col("count")
_UNDATED = pl.col("day").is_null()
_NO_DAY = pl.lit(None, pl.Date).alias("day")
_NO_VALUE = pl.lit(None, pl.String).alias("value")
_NO_OUTCOME = pl.lit(None, OUTCOME).alias("outcome")
_HEAD = (_NO_DAY, _NO_VALUE, _NO_OUTCOME)
_COUNTED = (pl.col("outcome"), _COUNT)
_TRIMMED = trimmed(pl.col("value")).alias("text")


def group_keys(request: Request) -> tuple[str, ...]:
    """Return what records are grouped by: their day, then each dimension, then hours.

    >>> group_keys(Request())[:2]
    ('day', 'source')
    """
    return ("day", *map(dimension_column, request.value_sections))


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
    """Return the plans of the pre-aggregates, in the order of `group_keys`."""
    dated = with_day(lf, seconds, request)
    frames = {"day": dated, _HOURS_COLUMN: dated}
    return [
        preaggregate(frames.get(key, lf), key, request.layout)
        for key in group_keys(request)
    ]


def with_day(
    lf: pl.LazyFrame, seconds: tuple[int, int], request: Request
) -> pl.LazyFrame:
    """Add the local `day` of each record, and its hour of the week if that is counted.

    The instants lie in a range of seconds.
    """
    first, last = request.period.within(seconds)
    last = max(first, last)  # no record is in the period
    unit = time_unit(lf.collect_schema())
    instant, zone = pl.col("created_at"), request.zone
    day = local_day(instant, zone, unit=unit, first=first, last=last)
    if not request.hours:
        return lf.with_columns(day=day)
    hour = hour_of_week(instant, zone, unit=unit, first=first, last=last)
    return lf.with_columns(_HOURS.gather(hour).alias(_HOURS_COLUMN), day=day)


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
        values: The same for each dimension, by its name, and for the hours.
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
    rows = _rows(tuple(request.value_sections.items()))
    if HOURS in values:
        values = {**values, HOURS: values[HOURS].drop_nulls(_HOURS_COLUMN)}
    stacked = pl.concat(
        [
            days.select(rows.total),
            days.select(rows.undated),
            days.filter(~_UNDATED).select(rows.trends),
            *(lf.select(rows.values[name]) for name, lf in values.items()),
        ]
    )
    summed = sum_counts(stacked.with_columns(_TRIMMED).select(rows.labelled))
    if rows.markers is not None:
        summed = pl.concat([summed, rows.markers])
    return in_order(summed, section=rows.section).select(
        pl.lit(request.timezone).alias("timezone"),
        pl.col("section").cast(pl.String),
        *list(PARTIAL_SCHEMA)[2:],
    )


class _Rows(NamedTuple):
    """How pre-aggregates become the rows of each section.

    Attributes:
        section: The type of the column `section`, in the order of the sections.
        total: The row of the total.
        undated: The row of the undated records.
        trends: The rows of the days.
        values: The rows of each dimension and of the hours, by its name.
        labelled: The rows with labels, and with one column per outcome.
        markers: The markers of hours and further dimensions; None where there are none.
    """

    section: pl.Enum
    total: tuple[pl.Expr, ...]
    undated: tuple[pl.Expr, ...]
    trends: tuple[pl.Expr, ...]
    values: Mapping[str, tuple[pl.Expr, ...]]
    labelled: tuple[pl.Expr, ...]
    markers: pl.LazyFrame | None


@lru_cache
def _rows(dimensions: tuple[tuple[str, str], ...]) -> _Rows:
    defaults = dict(dimensions)
    names = all_sections(defaults)
    dtype = pl.Enum(names)
    section = {name: pl.lit(name, dtype).alias("section") for name in names}
    return _Rows(
        section=dtype,
        total=(section[TOTAL], *_HEAD, _COUNT.sum()),
        undated=(section[UNDATED], *_HEAD, _COUNT.filter(_UNDATED).sum()),
        trends=(section[TRENDS], pl.col("day"), _NO_VALUE, *_COUNTED),
        values={
            name: (section[name], _NO_DAY, _value(dimension_column(name)), *_COUNTED)
            for name in defaults
        },
        labelled=_labelled(
            pl.Series([defaults.get(it) for it in names], dtype=pl.String)
        ),
        markers=_markers([it for it in defaults if it not in DIMENSIONS], dtype),
    )


def _value(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String).alias("value")


def _labelled(defaults: pl.Series) -> tuple[pl.Expr, ...]:
    """Fill unset values and split the count into a column per outcome."""
    text = pl.col("text")
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


def _markers(further: list[str], section: pl.Enum) -> pl.LazyFrame | None:
    """Return a row without a value and with counts of 0 for each further dimension."""
    if not further:
        return None
    rows = {"section": further, "day": None, "value": None} | dict.fromkeys(COUNTS, 0)
    schema = pl.Schema(PARTIAL_SCHEMA | {"section": section})
    del schema["timezone"]
    return pl.LazyFrame(rows, schema)
