"""Time zones: from UTC instants to local calendar days, and back.

Instants are whole Unix seconds and days are numbers since 1970-01-01, because Python's
dates end at the years 1 and 9999. All offsets come from `zoneinfo`, never from the copy
of the time zone database inside Polars.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from stats_core.errors import UnknownTimezoneError

TimeUnit = Literal["ms", "us", "ns"]

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
FIRST_SECOND = (date.min.toordinal() - EPOCH_ORDINAL) * DAY
LAST_SECOND = (date.max.toordinal() - EPOCH_ORDINAL + 1) * DAY - 1
UNITS_PER_SECOND: dict[TimeUnit, int] = {"ms": 10**3, "us": 10**6, "ns": 10**9}

# Names that systems keep beside the IANA zones: `localtime` is the zone of the machine;
# `right/` counts leap seconds, which Unix time does not.
_LOCAL_NAMES = ("localtime", "posixrules", "posix/", "right/")

# The IANA database (2026) has no change of offset before 1840, and no two changes less
# than 6.9 days apart: one sample every 5 days finds all of them.
_BEFORE_ALL_CHANGES = -5_364_662_400
_STEP = 5 * DAY
_BLOCK = 73 * _STEP

# Comparing a row with one change costs about a hundredth of a binary search.
_MAX_COMPARISONS = 64


class Offset(NamedTuple):
    """From the Unix second `since` on, local time is UTC plus `seconds`."""

    since: int
    seconds: int


def find_zone(name: str) -> ZoneInfo:
    """Return the IANA time zone of that name.

    Raises:
        ValueError: No zone has this name.

    >>> find_zone("America/New_York").key
    'America/New_York'
    """
    try:
        if not name.startswith(_LOCAL_NAMES):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    msg = f"unknown time zone {name!r}, expected an IANA name such as 'Asia/Tokyo'"
    raise UnknownTimezoneError(msg)


def is_fixed(zone: ZoneInfo) -> bool:
    """Return whether the zone always has the same offset.

    >>> is_fixed(ZoneInfo("UTC")), is_fixed(ZoneInfo("Asia/Tokyo"))
    (True, False)
    """
    return zone.utcoffset(None) is not None


def offsets(zone: ZoneInfo, first: int, last: int) -> list[Offset]:
    """Return the zone's offsets between two Unix seconds, both inclusive, ascending.

    The first entry is the offset at `first`, so each instant has an offset.

    >>> offsets(ZoneInfo("America/New_York"), 1_704_067_200, 1_711_929_600)
    [Offset(since=1704067200, seconds=-18000), Offset(since=1710054000, seconds=-14400)]
    """
    found = [Offset(first, _offset_at(first, zone))]
    low = max(first, _BEFORE_ALL_CHANGES)
    if not is_fixed(zone):
        for block in range(low // _BLOCK, last // _BLOCK + 1):
            changes = _changes(zone, block)
            found += [change for change in changes if first < change.since <= last]
    return found


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
    instant, per_second = created_at.to_physical(), UNITS_PER_SECOND[unit]
    if unit == "ns":  # an offset added at either end of this range would overflow
        instant, per_second = instant // per_second, 1
    shift = _shift(instant, offsets(zone, first, last), per_second)
    return ((instant + shift) // (DAY * per_second)).cast(pl.Int32).cast(pl.Date)


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
    if not days:
        return []
    steps = offsets(zone, (days[0] - 2) * DAY, (days[-1] + 3) * DAY)
    if len(steps) == 1:
        return [day * DAY - steps[0].seconds for day in days]
    starts = [step.since for step in steps]
    seconds = []
    for midnight in (day * DAY for day in days):
        # The first clock to show this midnight runs under the offset of the day
        # before, or under one that begins later.
        place = bisect(starts, midnight - 2 * DAY, lo=1) - 1
        second = midnight - steps[place].seconds
        while place + 1 < len(steps) and second >= starts[place + 1]:
            place += 1
            second = max(starts[place], midnight - steps[place].seconds)
        seconds.append(second)
    return seconds


def first_instants(days: Iterable[date], zone: ZoneInfo) -> list[datetime]:
    """Return the first instant of each local date in UTC; the dates ascend.

    >>> first_instants([date(2025, 4, 25)], ZoneInfo("Africa/Cairo"))
    [datetime.datetime(2025, 4, 24, 22, 0, tzinfo=datetime.timezone.utc)]
    """
    numbers = [day.toordinal() - EPOCH_ORDINAL for day in days]
    return [EPOCH + timedelta(seconds=at) for at in first_seconds(numbers, zone)]


def countable_seconds(zone: ZoneInfo) -> tuple[int, int]:
    """Return the earliest and latest Unix second that can be counted, both inclusive.

    The local date of an instant, and the first instant of that date, must lie in the
    years 1 to 9999: Python, JSON and ISO 8601 have four-digit years.

    >>> countable_seconds(ZoneInfo("UTC")) == (FIRST_SECOND, LAST_SECOND)
    True
    """
    early, late = (_offset_at(at, zone) for at in (FIRST_SECOND, LAST_SECOND))
    first = FIRST_SECOND - early + (DAY if early > 0 else 0)
    return first, LAST_SECOND - max(late, 0)


def _shift(instant: pl.Expr, steps: list[Offset], per_second: int) -> pl.Expr:
    since = [step.since * per_second for step in steps]
    seconds = [step.seconds * per_second for step in steps]
    if len(steps) > _MAX_COMPARISONS:
        place = pl.lit(pl.Series(since[1:])).search_sorted(instant, side="right")
        return pl.lit(pl.Series(seconds)).gather(place)
    shift = pl.lit(seconds[0], dtype=pl.Int64)
    for start, offset in zip(since[1:], seconds[1:], strict=True):
        later = pl.lit(offset, dtype=pl.Int64)
        shift = pl.when(instant >= start).then(later).otherwise(shift)
    return shift


@lru_cache(maxsize=16_384)
def _changes(zone: ZoneInfo, block: int) -> tuple[Offset, ...]:
    start = block * _BLOCK
    found = []
    before = _offset_at(start - 1, zone)
    for low in range(start - 1, start + _BLOCK - 1, _STEP):
        after = _offset_at(low + _STEP, zone)
        if after != before:
            found.append(Offset(_change(zone, low, low + _STEP), after))
        before = after
    return tuple(found)


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """Return the first second in (low, high] that has the offset of `high`."""
    after = _offset_at(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(middle, zone) == after:
            high = middle
        else:
            low = middle
    return high


def _offset_at(second: int, zone: ZoneInfo) -> int:
    """Return the seconds to add to UTC; outside the years 2 to 9998, of the nearest."""
    inside = min(max(second, FIRST_SECOND + 365 * DAY), LAST_SECOND - 365 * DAY)
    local = (EPOCH + timedelta(seconds=inside)).astimezone(zone)
    offset = local.utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one; mypy cannot know
    return round(offset.total_seconds())
