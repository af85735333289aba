"""Time zones: from UTC instants to local calendar days, and back.

Instants are whole Unix seconds and days are numbers since 1970-01-01, because Python's
dates end at the years 1 and 9999. All offsets come from `zoneinfo`, never from the copy
of the time zone database inside Polars.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from stats_core import zones
from stats_core.errors import UnknownTimezoneError, argument
from stats_core.zones import Changes, Offset

TimeUnit = Literal["ms", "us", "ns"]

DAY = zones.DAY
EPOCH = zones.EPOCH
EPOCH_ORDINAL = EPOCH.toordinal()
FIRST_SECOND, LAST_SECOND = zones.FIRST_SECOND, zones.LAST_SECOND
UNITS_PER_SECOND: dict[TimeUnit, int] = {"ms": 10**3, "us": 10**6, "ns": 10**9}

HOUR, _WEEK_HOURS = 3_600, 168
_EPOCH_HOUR = 3 * 24  # 1970-01-01 was a Thursday

# Names that systems keep beside the IANA zones: `localtime` is the zone of the machine;
# `right/` counts leap seconds, which Unix time does not.
_LOCAL_NAMES = ("localtime", "posixrules", "posix/", "right/")

# Comparing a row with one change costs about a hundredth of a binary search.
_MAX_COMPARISONS = 64


def find_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name.

    Raises:
        UnknownTimezoneError: No zone has this name.
        TypeError: It is no text.

    >>> find_zone("America/New_York").key
    'America/New_York'
    """
    try:
        if not argument("timezone", name, str).startswith(_LOCAL_NAMES):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    msg = f"unknown time zone {name!r}, expected an IANA name such as 'Asia/Tokyo'"
    raise UnknownTimezoneError(msg)


def offsets(zone: ZoneInfo, first: int, last: int) -> list[Offset]:
    """Return the zone's offsets between two Unix seconds, both inclusive, ascending.

    The first entry is the offset at `first`, so each instant has an offset.

    >>> offsets(ZoneInfo("America/New_York"), 1_704_067_200, 1_711_929_600)
    [Offset(since=1704067200, seconds=-18000), Offset(since=1710054000, seconds=-14400)]
    """
    since, seconds = zones.changes(zone).between(first, last)
    return [Offset(first, seconds[0]), *map(Offset, since, seconds[1:])]


def day_range(zone: ZoneInfo, first: int, last: int) -> tuple[date, date]:
    """Return the earliest and the latest local day between two Unix seconds, inclusive.

    They are not those of the two seconds where the clocks go back a day between them.

    >>> juneau = ZoneInfo("America/Juneau")  # had two 18 October, the second after a 19
    >>> [str(day) for day in day_range(juneau, -3_225_224_000, -3_225_220_000)]
    ['1867-10-18', '1867-10-19']
    """
    found = offsets(zone, first, last)
    ends = [*(offset.since - 1 for offset in found[1:]), last]
    days = [
        (second + offset.seconds) // DAY + EPOCH_ORDINAL
        for offset, end in zip(found, ends, strict=True)
        for second in (offset.since, end)
    ]
    return date.fromordinal(min(days)), date.fromordinal(max(days))


def local_day(
    created_at: pl.Expr, zone: ZoneInfo, *, unit: TimeUnit, first: int, last: int
) -> pl.Expr:
    """Return the local calendar date of each instant, as `Date`; null stays null.

    The zone's offset is constant between its few changes, so a row costs additions and
    one division. Midnights that do not exist or happen twice need no special case.

    Args:
        created_at: A `Datetime` column whose physical values are UTC.
        zone: The time zone.
        unit: The time unit of that column.
        first: A Unix second not after the earliest instant.
        last: A Unix second not before the latest instant.

    >>> df = pl.DataFrame({"at": [datetime(2024, 3, 9, 15), None]})
    >>> day = local_day(
    ...     pl.col("at"), ZoneInfo("Asia/Tokyo"), unit="us", first=0, last=2_000_000_000
    ... )
    >>> df.select(day).rows()
    [(datetime.date(2024, 3, 10),), (None,)]
    """
    changes = zones.changes(zone).between(first, last)
    clock, per_second = _local(created_at, changes, unit)
    return (clock // (DAY * per_second)).cast(pl.Int32).cast(pl.Date)


def hour_of_week(
    created_at: pl.Expr, zone: ZoneInfo, *, unit: TimeUnit, first: int, last: int
) -> pl.Expr:
    """Return the local hour of the week, 0 to 167 from Monday 00:00, as `Int64`.

    An hour that happens twice is one hour of the clock. The arguments are those of
    `local_day`; null stays null.

    >>> df = pl.DataFrame({"at": [datetime(2024, 3, 10, 15), None]})
    >>> hour = hour_of_week(
    ...     pl.col("at"), ZoneInfo("Asia/Tokyo"), unit="us", first=0, last=2_000_000_000
    ... )
    >>> df.select(hour).rows()  # in Tokyo, a Monday begins
    [(0,), (None,)]
    """
    changes = zones.changes(zone).between(first, last)
    clock, per_second = _local(created_at, changes, unit)
    return (clock // (HOUR * per_second) + _EPOCH_HOUR) % _WEEK_HOURS


@lru_cache(maxsize=64)
def day_starts(zone: ZoneInfo, first: int, last: int) -> pl.DataFrame:
    """Return the local day at an instant, and every later change of the local day.

    A day has two rows where the clocks go back over a midnight.

    Args:
        zone: The time zone.
        first: The Unix second of the instant.
        last: The last Unix second at which a day can change.

    Returns:
        `since: Int64`, Unix seconds, ascending; `day: Date`.

    >>> day_starts(ZoneInfo("Asia/Tokyo"), 0, 100_000).rows()
    [(0, datetime.date(1970, 1, 1)), (54000, datetime.date(1970, 1, 2))]
    """
    since, number = _starts(zone, first, last, DAY)
    return pl.DataFrame({"since": since, "day": number.cast(pl.Int32).cast(pl.Date)})


@lru_cache(maxsize=16)
def hour_starts(zone: ZoneInfo, first: int, last: int) -> pl.DataFrame:
    """Return the local hour of the week at an instant, and every later change of it.

    The arguments are those of `day_starts`.

    Returns:
        `since: Int64`, Unix seconds, ascending; `hour: Int64`, as of `hour_of_week`.

    >>> hour_starts(ZoneInfo("Asia/Tokyo"), 0, 4_000).rows()
    [(0, 81), (3600, 82)]
    """
    since, number = _starts(zone, first, last, HOUR)
    return pl.DataFrame({"since": since, "hour": (number + _EPOCH_HOUR) % _WEEK_HOURS})


def _starts(
    zone: ZoneInfo, first: int, last: int, step: int
) -> tuple[pl.Series, pl.Series]:
    """Return where each `step` of the local clock begins, and its number since 1970."""
    since: list[int] = []
    numbers: list[int] = []
    after = Offset(last + 1, 0)
    for (start, offset), (end, _) in pairwise([*offsets(zone, first, last), after]):
        for number in range((start + offset) // step, (end - 1 + offset) // step + 1):
            if not numbers or number != numbers[-1]:
                since.append(max(start, number * step - offset))
                numbers.append(number)
    return pl.Series(since, dtype=pl.Int64), pl.Series(numbers, dtype=pl.Int64)


def from_local(local: pl.Expr, zone: ZoneInfo, *, unit: TimeUnit) -> pl.Expr:
    """Return the instants of a local clock, as physical values in UTC; null stays null.

    A local time that does not exist, or that happens twice, is read as `zoneinfo` reads
    it with `fold=0`: under the offset before the change.

    Args:
        local: A `Datetime` column whose physical values are local.
        zone: The time zone of the clock.
        unit: The time unit of that column. Nanoseconds can overflow at the ends of
            their range.

    >>> df = pl.DataFrame({"at": [datetime(2024, 3, 10), None]})
    >>> at = from_local(pl.col("at"), ZoneInfo("Asia/Tokyo"), unit="us")
    >>> df.select(at.cast(pl.Datetime)).rows()
    [(datetime.datetime(2024, 3, 9, 15, 0),), (None,)]
    """
    clock, changes = local.to_physical(), zones.wall_changes(zone)
    return clock - _offset(clock, changes, UNITS_PER_SECOND[unit])


def first_seconds(days: Sequence[int], zone: ZoneInfo) -> list[int]:
    """Return the first Unix second of each local day, or of the next day that exists.

    Args:
        days: Days since 1970-01-01, ascending.
        zone: The time zone.

    >>> havana = ZoneInfo("America/Havana")
    >>> day = date(2024, 11, 3).toordinal() - EPOCH_ORDINAL
    >>> [EPOCH + timedelta(seconds=at) for at in first_seconds([day], havana)]
    [datetime.datetime(2024, 11, 3, 4, 0, tzinfo=datetime.timezone.utc)]
    """
    since, offset = zones.changes(zone)
    found = []
    for midnight in (day * DAY for day in days):
        # The first clock to show this midnight runs under the offset of two days
        # before, or under one that begins later.
        place = bisect(since, midnight - 2 * DAY)
        second = midnight - offset[place]
        while place < len(since) and second >= since[place]:
            place += 1
            second = max(since[place - 1], midnight - offset[place])
        found.append(second)
    return found


def first_instants(days: Iterable[date], zone: ZoneInfo) -> list[datetime]:
    """Return the first instant of each local date in UTC.

    >>> first_instants([date(2025, 4, 25)], ZoneInfo("Africa/Cairo"))
    [datetime.datetime(2025, 4, 24, 22, 0, tzinfo=datetime.timezone.utc)]
    """
    return [_first_instant(day, zone) for day in days]


@lru_cache(maxsize=50_000)  # dashboards show the same days again and again
def _first_instant(day: date, zone: ZoneInfo) -> datetime:
    [second] = first_seconds([day.toordinal() - EPOCH_ORDINAL], zone)
    return EPOCH + timedelta(seconds=second)


def countable_seconds(zone: ZoneInfo) -> tuple[int, int]:
    """Return the earliest and latest Unix second that can be counted, both inclusive.

    The local date of an instant, and the first instant of that date, must lie in the
    years 1 to 9999: Python, JSON and ISO 8601 have four-digit years.

    >>> countable_seconds(ZoneInfo("UTC")) == (FIRST_SECOND, LAST_SECOND)
    True
    """
    early, late = (zones.offset_at(at, zone) for at in (FIRST_SECOND, LAST_SECOND))
    first = FIRST_SECOND - early + (DAY if early > 0 else 0)
    return first, LAST_SECOND - max(late, 0)


def _local(
    created_at: pl.Expr, changes: Changes, unit: TimeUnit
) -> tuple[pl.Expr, int]:
    """Return the ticks of the local clock since 1970, and how many a second has."""
    instant, per_second = created_at.to_physical(), UNITS_PER_SECOND[unit]
    if unit == "ns":  # an offset added at either end of this range would overflow
        instant, per_second = instant // per_second, 1
    return instant + _offset(instant, changes, per_second), per_second


def _offset(instant: pl.Expr, changes: Changes, per_second: int) -> pl.Expr:
    few = len(changes.since) < _MAX_COMPARISONS
    return (_compared if few else _searched)(instant, changes, per_second)


def _compared(instant: pl.Expr, changes: Changes, per_second: int) -> pl.Expr:
    """Return the offset of each instant; each change costs one comparison per row."""
    first, *later_ones = changes.seconds
    shift = pl.lit(first * per_second, dtype=pl.Int64)
    for start, seconds in zip(changes.since, later_ones, strict=True):
        later = pl.lit(seconds * per_second, dtype=pl.Int64)
        shift = pl.when(instant >= start * per_second).then(later).otherwise(shift)
    return shift


def _searched(instant: pl.Expr, changes: Changes, per_second: int) -> pl.Expr:
    """Return the offset of each instant; a row costs one binary search."""
    since = pl.Series(changes.since, dtype=pl.Int64) * per_second
    seconds = pl.Series(changes.seconds, dtype=pl.Int64) * per_second
    place = pl.lit(since).search_sorted(instant, side="right")
    return pl.lit(seconds).gather(place)
