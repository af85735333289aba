"""Pure views of a trend, a frame of `TRENDS_SCHEMA`."""

from datetime import date, datetime
from typing import Literal

import polars as pl

from stats_core import days
from stats_core.schema import OUTCOMES, TRENDS_SCHEMA

LongerPeriod = Literal["week", "month", "quarter", "year"]

_EVERY = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}


Day = date | str


def filled(
    trend: pl.DataFrame, first: Day | None = None, last: Day | None = None
) -> pl.DataFrame:
    """Return every calendar day of a range, with zeros where there is no record.

    Args:
        trend: `day: Date, successful, failed, other: Int64`, one row per day.
        first: The first day, inclusive, as a date or its ISO 8601 text; by default the
            first day of the trend.
        last: The last day, inclusive; by default the last day of the trend.

    Returns:
        The columns of the trend, `day` ascending; no row where a bound is missing.

    Raises:
        TypeError: A bound is neither a date nor text.
        ValueError: A text is not a date, or `first` is after `last`.

    >>> may = pl.DataFrame([(date(2024, 5, 1), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> filled(may, last="2024-05-02").rows()[1]
    (datetime.date(2024, 5, 2), 0, 0, 0)
    """
    first, last = _date("first", first), _date("last", last)
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
    """Return the trend in longer calendar periods.

    Returns:
        The columns of the trend; `day` is the first day of the period (of an ISO 8601
        week the Monday), ascending. Only periods that have records are listed.

    Raises:
        ValueError: `every` is not one of the periods.

    >>> may = pl.DataFrame([(date(2024, 5, 2), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> rolled_up(may, "month").rows()
    [(datetime.date(2024, 5, 1), 2, 0, 0)]
    """
    if every not in _EVERY:
        msg = f"`every` is one of {', '.join(_EVERY)}, got {every!r}"
        raise ValueError(msg)
    period = pl.col("day").dt.truncate(_EVERY[every])
    return trend.group_by(period).agg(pl.col(OUTCOMES).sum()).sort("day")


def _date(name: str, day: Day | None) -> date | None:
    match day:
        case str():
            return date.fromisoformat(day.strip())
        case datetime():
            pass  # its day depends on a zone
        case date() | None:
            return day
    msg = f"`{name}`: expected a date or its ISO 8601 text, got {day!r}"
    raise TypeError(msg)


def _number(day: date) -> int:
    return day.toordinal() - days.EPOCH_ORDINAL
