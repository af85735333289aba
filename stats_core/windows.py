"""Windows of time to compare with: the one just before, and that of a year before."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from stats_core.bounds import (
    end_nanosecond,
    first_nanosecond,
    instant,
    nanoseconds,
)

_FEBRUARY, _LEAP_DAY = 2, 29


class Window(NamedTuple):
    """The two bounds of a query, both inclusive; a date is a whole local day."""

    start: date | datetime
    end: date | datetime


Move = Callable[[Window, ZoneInfo], Window]


def previous(window: Window, zone: ZoneInfo) -> Window:
    """Return the window just before, with neither gap nor overlap between them.

    Two dates give as many dates. Two instants, or a date and an instant, give the
    instants of a window with the same number of nanoseconds.

    Raises:
        ValueError, OverflowError: It starts before the year 1.

    >>> previous(Window(date(2024, 5, 1), date(2024, 5, 31)), ZoneInfo("UTC"))
    Window(start=datetime.date(2024, 3, 31), end=datetime.date(2024, 4, 30))
    """
    if not (isinstance(window.start, datetime) or isinstance(window.end, datetime)):
        days = window.end - window.start + timedelta(days=1)
        return Window(window.start - days, window.end - days)
    first = first_nanosecond(window.start, zone)
    length = end_nanosecond(window.end, zone) - first
    return Window(instant(first - length), instant(first - 1))


def year_before(window: Window, zone: ZoneInfo) -> Window:
    """Return the window with the same dates and local clock times a year before.

    29 February becomes 28 February. A clock time that exists twice on that day is the
    first one. One that does not exist is read with the offset before the gap, so it is
    as much later as the gap is long. `zoneinfo` reads both so with `fold=0`.

    Raises:
        ValueError, OverflowError: It starts before the year 1.

    >>> year_before(Window(date(2024, 2, 1), date(2024, 2, 29)), ZoneInfo("UTC"))
    Window(start=datetime.date(2023, 2, 1), end=datetime.date(2023, 2, 28))
    """
    return Window(*(_year_before(bound, zone) for bound in window))


def _year_before(bound: date | datetime, zone: ZoneInfo) -> date | datetime:
    if not isinstance(bound, datetime):
        return _same_day_a_year_before(bound)
    # Below microseconds, `datetime` holds nothing.
    microseconds, rest = divmod(nanoseconds(bound), 1_000)
    local = instant(microseconds * 1_000).astimezone(zone)
    day = _same_day_a_year_before(local.date())
    clock = local.time().replace(fold=0)
    before = datetime.combine(day, clock, zone).astimezone(UTC)
    return instant(nanoseconds(before) + rest)


def _same_day_a_year_before(day: date) -> date:
    if (day.month, day.day) == (_FEBRUARY, _LEAP_DAY):
        day -= timedelta(days=1)
    return day.replace(year=day.year - 1)
