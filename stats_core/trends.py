"""Pure views of a trend, the frame of `tallies.TRENDS_SCHEMA` that statistics hold."""

from datetime import date
from typing import Literal

import polars as pl

from stats_core import days
from stats_core.tallies import OUTCOMES, TRENDS_SCHEMA

LongerPeriod = Literal["week", "month", "quarter", "year"]

_EVERY = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


def filled(
    trend: pl.DataFrame, first: date | None = None, last: date | None = None
) -> pl.DataFrame:
    """Every calendar day of a span, explicit zeros where nothing happened.

    Args:
        trend: `day: Date, successful, failed, other: Int64`, a row a day.
        first: The first day, inclusive; by default the first that holds records.
        last: The last day, inclusive; by default the last that holds records.

    Returns:
        The columns of the trend, `day` ascending; no row where a bound is lacking.

    Raises:
        ValueError: `first` is after `last`.

    >>> may = pl.DataFrame([(date(2024, 5, 1), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> filled(may, last=date(2024, 5, 2)).rows()[1]
    (datetime.date(2024, 5, 2), 0, 0, 0)
    """
    if first is not None and last is not None and first > last:
        msg = f"`first` is after `last`: {first} and {last}"
        raise ValueError(msg)
    start, end = first or trend["day"].min(), last or trend["day"].max()
    if not (isinstance(start, date) and isinstance(end, date)):
        return TRENDS_SCHEMA.to_frame()
    numbers = pl.int_range(_number(start), _number(end) + 1, eager=True)
    calendar = numbers.cast(pl.Int32).cast(pl.Date).alias("day").to_frame()
    whole = calendar.join(trend, on="day", how="left", maintain_order="left")
    return whole.with_columns(pl.col(OUTCOMES).fill_null(0))


def rolled_up(trend: pl.DataFrame, every: LongerPeriod) -> pl.DataFrame:
    """The trend in longer calendar periods.

    Returns:
        The columns of the trend, `day` being the first of its period (of an ISO 8601
        week its Monday), ascending; only periods that hold records.

    Raises:
        ValueError: No such period.

    >>> may = pl.DataFrame([(date(2024, 5, 2), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> rolled_up(may, "month").rows()
    [(datetime.date(2024, 5, 1), 2, 0, 0)]
    """
    if every not in _EVERY:
        msg = f"`every` is one of {', '.join(_EVERY)}, got {every!r}"
        raise ValueError(msg)
    period = pl.col("day").dt.truncate(_EVERY[every])
    return trend.group_by(period).agg(pl.col(OUTCOMES).sum()).sort("day")


def _number(day: date) -> int:
    return day.toordinal() - days.EPOCH_ORDINAL
