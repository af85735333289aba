"""Pure views of a trend, a frame of `TRENDS_SCHEMA`."""

from datetime import date, datetime
from typing import Literal, get_args

import polars as pl

from stats_core import days
from stats_core.schema import OUTCOMES, TRENDS_SCHEMA

LongerPeriod = Literal["week", "month", "quarter", "year"]
CalendarPeriod = Literal["day", "week", "month", "quarter", "year"]
Weekday = Literal[
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
]

_EVERY = {"week": "1w", "month": "1mo", "quarter": "1q", "year": "1y"}
_WEEKDAYS = get_args(Weekday)

Day = date | str


def filled(
    trend: pl.DataFrame, first: Day | None = None, last: Day | None = None
) -> pl.DataFrame:
    """Return every calendar day of a range of a trend; see `Views.trends_filled`.

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


def rolled_up(
    trend: pl.DataFrame,
    every: LongerPeriod,
    *,
    week_start: Weekday = "monday",
    filled: bool = False,
) -> pl.DataFrame:
    """Return a trend in longer calendar periods; see `Views.trends_by`.

    >>> may = pl.DataFrame([(date(2024, 5, 2), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> rolled_up(may, "month").rows()
    [(datetime.date(2024, 5, 1), 2, 0, 0)]
    """
    for name, value, known in (
        ("every", every, tuple(_EVERY)),
        ("week_start", week_start, _WEEKDAYS),
    ):
        if value not in known:
            msg = f"`{name}` is one of {', '.join(known)}, got {value!r}"
            raise ValueError(msg)
    shift = _WEEKDAYS.index(week_start) if every == "week" else 0
    day = pl.col("day")
    first = day.dt.offset_by(f"-{shift}d").dt.truncate(_EVERY[every])
    periods = trend.with_columns(first.dt.offset_by(f"{shift}d"))
    sums = periods.group_by("day").agg(pl.col(OUTCOMES).sum()).sort("day")
    if filled and not sums.is_empty():
        sums = sums.upsample("day", every=_EVERY[every])
        sums = sums.with_columns(pl.col(OUTCOMES).fill_null(0))
    return sums.with_columns(day.clip(lower_bound=date.min))


def fitting(trend: pl.DataFrame, most: int) -> tuple[CalendarPeriod, pl.DataFrame]:
    """Return the trend in the shortest calendar periods of which there are few enough.

    Args:
        trend: `day: Date, successful, failed, other: Int64`, one row per day.
        most: How many periods are not too many.

    Returns:
        `day`, `week`, `month`, `quarter` or `year`, and the trend in such periods; each
        period has a row, with zeros where it has no record. If even the years are too
        many, only those that have records are listed.

    >>> may = pl.DataFrame([(date(2024, 5, 2), 2, 0, 0)], TRENDS_SCHEMA, orient="row")
    >>> fitting(may, 31)[0]
    'day'
    """
    first, last = trend["day"].min(), trend["day"].max()
    if not (isinstance(first, date) and isinstance(last, date)):
        return "day", trend
    if _number(last) - _number(first) < most:
        return "day", filled(trend)
    longer: tuple[LongerPeriod, ...] = get_args(LongerPeriod)
    for every in longer:
        df = rolled_up(trend, every, filled=True)
        if df.height <= most:
            return every, df
    return "year", rolled_up(trend, "year")


def _date(name: str, day: Day | None) -> date | None:
    msg = f"`{name}`: expected a date or its ISO 8601 text, got {day!r}"
    match day:
        case str():
            try:
                return date.fromisoformat(day.strip())
            except ValueError as error:
                raise ValueError(msg) from error
        case datetime():
            pass  # its day depends on a zone
        case date() | None:
            return day
    raise TypeError(msg)


def _number(day: date) -> int:
    return day.toordinal() - days.EPOCH_ORDINAL
