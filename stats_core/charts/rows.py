"""The rows that the panels of a picture draw, as plain values.

Days are text here, so that no time zone of a browser moves them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, get_args

import polars as pl

from stats_core.bounds import bound_day
from stats_core.days import find_zone
from stats_core.query import StatisticsQuery
from stats_core.readable import number, percent, printable
from stats_core.results.statistics import AppointmentStatistics
from stats_core.results.trends import CalendarPeriod, fitting, rolled_up
from stats_core.schema import OUTCOMES, TRENDS_SCHEMA

Row = dict[str, Any]

_PERIODS: tuple[CalendarPeriod, ...] = get_args(CalendarPeriod)
_MAX_PERIODS = 106  # two years of weeks
_MAX_TEXT = 200
_GONE: Row = {"value": None, "count": 0, **dict.fromkeys(OUTCOMES, 0)}
# Of no locale, unlike `strftime`.
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
WEEKDAYS = (
    *("Monday", "Tuesday", "Wednesday", "Thursday"),
    *("Friday", "Saturday", "Sunday"),
)


def day_text(day: date) -> str:
    """Return a date as people write it, in no need of a locale.

    >>> day_text(date(2024, 5, 1))
    '1 May 2024'
    """
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def window_trend(stats: AppointmentStatistics, query: StatisticsQuery) -> pl.DataFrame:
    """Return the trend, with rows of zeros for the first and the last day of a query.

    Without records it stays empty. A bound on a day that no calendar has is left out.
    """
    trend, zone, ends = stats.trends, find_zone(stats.timezone), set[date]()
    for bound in (query.start, query.end):
        if bound is not None:
            with suppress(OverflowError):
                ends.add(bound_day(bound, zone))
    new = sorted(ends.difference(trend["day"])) if trend.height else []
    zeros = [(day, *[0] * len(OUTCOMES)) for day in new]
    return trend.vstack(pl.DataFrame(zeros, TRENDS_SCHEMA, orient="row")).sort("day")


def trend_rows(*trends: pl.DataFrame) -> tuple[str, list[list[Row]]]:
    """Return the period that fits all trends, and each of them in such periods.

    Each row has `label`, `period`, `total`, `rate` and the outcomes.
    """
    fits = [fitting(trend, _MAX_PERIODS) for trend in trends]
    every = max((name for name, _ in fits), key=_PERIODS.index)
    frames = [
        df
        if every == "day" or every == name  # noqa: PLR1714 - mypy knows only this
        else rolled_up(trend, every, filled=True)
        for trend, (name, df) in zip(trends, fits, strict=True)
    ]
    return every, [[*_trend_rows(every, df)] for df in frames]


def _trend_rows(every: str, df: pl.DataFrame) -> Iterator[Row]:
    for day, *outcomes in df.iter_rows():
        label, period = _names(every, day)
        yield {"label": label, "period": period, **_outcomes(outcomes)}


def _names(every: str, day: date) -> tuple[str, str]:
    """Return the short and the full name of a period."""
    match every:
        case "day":
            return day_text(day), f"{WEEKDAYS[day.weekday()]}, {day_text(day)}"
        case "week":
            last = min(day, date.max - timedelta(days=6)) + timedelta(days=6)
            return day_text(day), f"{day_text(day)} to {day_text(last)}"
        case "month":
            name = f"{_MONTHS[day.month - 1]} {day.year}"
        case "quarter":
            name = f"Q{(day.month + 2) // 3} {day.year}"
        case _:
            name = str(day.year)
    return name, name


def list_rows(
    stats: AppointmentStatistics,
    name: str,
    top: int,
    before: AppointmentStatistics | None = None,
) -> list[Row]:
    """Return the first values of a dimension, and one row for all others.

    Values of an earlier answer that are gone are among the others, or a row.

    Each row has `key` (its place and its label, as labels may be alike), `value`,
    `total`, `share`, `rate`, `shown`, the outcomes and, where there is an earlier
    answer, `before` and `change`.
    """
    found = stats.top(name, top)
    rows = [
        _list_row(place, row, stats.total)
        for place, row in enumerate(found.iter_rows(named=True))
    ]
    if before is None:
        return rows
    counts = dict(before.breakdown(name).select("value", "count").iter_rows())
    # Rows without a value are last, when the earlier counts of all others are taken.
    earlier = [
        sum(counts.values()) if value is None else counts.pop(value, 0)
        for value in found["value"]
    ]
    if counts and None not in found["value"]:
        rows.append(_list_row(len(rows), _GONE | {"values": len(counts)}, 0))
        earlier.append(sum(counts.values()))
    return [
        row | {"before": count, "change": change(row["total"], count)}
        for row, count in zip(rows, earlier, strict=True)
    ]


def _list_row(place: int, row: Row, total: int) -> Row:
    more = "more" if row["count"] else "earlier"
    plural = "s" if row["values"] > 1 else ""
    others = f"{number(row['values'])} {more} value{plural}"
    label = others if row["value"] is None else _label(row["value"])
    share = percent(row["count"], total)
    return {
        "key": f"{place} {label}",
        "value": label,
        "share": share,
        "shown": f"{number(row['count'])} ({share})",
        **_outcomes([row[outcome] for outcome in OUTCOMES]),
    }


def hour_rows(stats: AppointmentStatistics) -> list[Row]:
    """Return a row for each hour of the week: `weekday`, `hour`, `time`, the outcomes."""
    return [
        {
            "weekday": WEEKDAYS[weekday - 1],
            "hour": hour,
            "time": f"{hour:02}:00 to {hour:02}:59",
            **_outcomes(outcomes),
        }
        for weekday, hour, *outcomes in stats.hours().iter_rows()
    ]


def _label(value: str) -> str:
    text = printable(value)
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"


def change(now: int, before: int) -> str:
    """Return how much a count grew or fell, in per cent; from nothing, a dash.

    >>> change(150, 100), change(1, 0)
    ('+50.0%', '-')
    """
    return f"{now / before - 1:+.1%}" if before else "-"


def _outcomes(outcomes: Sequence[int]) -> Row:
    successful, failed, _ = outcomes
    return {
        **dict(zip(OUTCOMES, outcomes, strict=True)),
        "total": sum(outcomes),
        "rate": percent(successful, successful + failed),
    }
