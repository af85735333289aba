"""UTC instants to local calendar days, and back.

Instants are whole Unix seconds, days are numbers since 1970-01-01: Python's integers
reach past the years 1 and 9999, where its dates end. All offsets come from `zoneinfo`,
never from the copy of the time zone database inside Polars.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

TimeUnit = Literal["ms", "us", "ns"]

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
FIRST_SECOND = (date.min.toordinal() - EPOCH_ORDINAL) * DAY
LAST_SECOND = (date.max.toordinal() - EPOCH_ORDINAL + 1) * DAY - 1
UNITS_PER_SECOND: dict[TimeUnit, int] = {"ms": 10**3, "us": 10**6, "ns": 10**9}

# What systems keep beside the zones of IANA: `localtime` is the machine's own zone, and
# `right/` counts leap seconds, which Unix time does not.
_LOCAL_NAMES = ("localtime", "posixrules", "posix/", "right/")

# The IANA database (2026) has no change of offset before 1840, and none less than 6.9
# days after the one before it: a sample every 5 days sees them all.
_BEFORE_ALL_CHANGES = -5_364_662_400
_STEP = 5 * DAY
_BLOCK = 73 * _STEP

# Comparing with each change costs about a hundredth of a binary search per row.
_MOST_COMPARISONS = 64


class Offset(NamedTuple):
    """From this Unix second on, local time is UTC plus so many seconds."""

    since: int
    seconds: int


def zone(name: str) -> ZoneInfo:
    """The IANA time zone of that name.

    Raises:
        ValueError: There is no such zone.

    >>> zone("America/New_York").key
    'America/New_York'
    """
    try:
        if not name.startswith(_LOCAL_NAMES):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    msg = f"unknown time zone {name!r}, expected an IANA name such as 'Asia/Tokyo'"
    raise ValueError(msg)


def is_fixed(timezone: str) -> bool:
    """Whether the zone has the same offset always.

    >>> is_fixed("UTC"), is_fixed("Asia/Tokyo")
    (True, False)
    """
    return zone(timezone).utcoffset(None) is not None


def offsets(timezone: str, first: int, last: int) -> list[Offset]:
    """The zone's offsets between two Unix seconds, both inclusive, ascending.

    The first entry holds from before `first`, so each instant has an offset.

    >>> offsets("America/New_York", 1_704_067_200, 1_711_929_600)
    [Offset(since=1704067200, seconds=-18000), Offset(since=1710054000, seconds=-14400)]
    """
    found = [Offset(first, _offset_at(first, timezone))]
    low = max(first, _BEFORE_ALL_CHANGES)
    if not is_fixed(timezone):
        for block in range(low // _BLOCK, last // _BLOCK + 1):
            changes = _changes(timezone, block)
            found += [change for change in changes if first < change.since <= last]
    return found


def local_day(
    created_at: pl.Expr, timezone: str, *, unit: TimeUnit, first: int, last: int
) -> pl.Expr:
    """The local calendar date of each instant, as a `Date`; null stays null.

    The zone's offset is constant between its few changes, so a row costs additions and
    one division: no conversion, no midnight that does not exist or happens twice.

    Args:
        created_at: A `Datetime` column whose physical values are UTC.
        timezone: An IANA name.
        unit: The time unit of that column.
        first: A Unix second not after the earliest instant.
        last: A Unix second not before the latest instant.

    >>> df = pl.DataFrame({"at": [datetime(2024, 3, 11, 3, 59), None]})
    >>> day = local_day(
    ...     pl.col("at"), "America/New_York", unit="us", first=0, last=2_000_000_000
    ... )
    >>> df.select(day).rows()
    [(datetime.date(2024, 3, 10),), (None,)]
    """
    instant, per_second = created_at.to_physical(), UNITS_PER_SECOND[unit]
    if unit == "ns":  # an offset added at either end of this range would overflow
        instant, per_second = instant // per_second, 1
    shift = _shift(instant, offsets(timezone, first, last), per_second)
    return ((instant + shift) // (DAY * per_second)).cast(pl.Int32).cast(pl.Date)


def first_seconds(days: Sequence[int], timezone: str) -> list[int]:
    """The first Unix second of each local day, or of the next day that exists.

    Args:
        days: Days since 1970-01-01, ascending.
        timezone: An IANA name.

    >>> day = date(2024, 11, 3).toordinal() - EPOCH_ORDINAL
    >>> [EPOCH + timedelta(seconds=at) for at in first_seconds([day], "America/Havana")]
    [datetime.datetime(2024, 11, 3, 4, 0, tzinfo=datetime.timezone.utc)]
    """
    if not days:
        return []
    steps = offsets(timezone, (days[0] - 2) * DAY, (days[-1] + 3) * DAY)
    if len(steps) == 1:
        return [day * DAY - steps[0].seconds for day in days]
    starts = [step.since for step in steps]
    seconds = []
    for midnight in (day * DAY for day in days):
        # A clock shows this midnight first under the offset of the day before, or else
        # when, or after, the next one begins.
        place = bisect(starts, midnight - 2 * DAY, lo=1) - 1
        second = midnight - steps[place].seconds
        while place + 1 < len(steps) and second >= starts[place + 1]:
            place += 1
            second = max(starts[place], midnight - steps[place].seconds)
        seconds.append(second)
    return seconds


def first_instants(days: Iterable[date], timezone: str) -> list[datetime]:
    """The first instant of each local date, the dates ascending, in UTC.

    >>> first_instants([date(2025, 4, 25)], "Africa/Cairo")
    [datetime.datetime(2025, 4, 24, 22, 0, tzinfo=datetime.timezone.utc)]
    """
    numbers = [day.toordinal() - EPOCH_ORDINAL for day in days]
    return [EPOCH + timedelta(seconds=at) for at in first_seconds(numbers, timezone)]


def countable_seconds(timezone: str) -> tuple[int, int]:
    """The first and last Unix second that stand on a day with a date and a beginning.

    Python's, JSON's and ISO 8601's four-digit years are 1 to 9999; both the local date
    of an instant and the first instant of that date must lie within them.

    >>> countable_seconds("UTC") == (FIRST_SECOND, LAST_SECOND)
    True
    """
    early, late = (_offset_at(at, timezone) for at in (FIRST_SECOND, LAST_SECOND))
    first = FIRST_SECOND - early + (DAY if early > 0 else 0)
    return first, LAST_SECOND - max(late, 0)


def _shift(instant: pl.Expr, steps: list[Offset], per_second: int) -> pl.Expr:
    since = [step.since * per_second for step in steps]
    seconds = [step.seconds * per_second for step in steps]
    if len(steps) > _MOST_COMPARISONS:
        place = pl.lit(pl.Series(since[1:])).search_sorted(instant, side="right")
        return pl.lit(pl.Series(seconds)).gather(place)
    shift = pl.lit(seconds[0], dtype=pl.Int64)
    for start, offset in zip(since[1:], seconds[1:], strict=True):
        later = pl.lit(offset, dtype=pl.Int64)
        shift = pl.when(instant >= start).then(later).otherwise(shift)
    return shift


@lru_cache(maxsize=16_384)
def _changes(timezone: str, block: int) -> tuple[Offset, ...]:
    start = block * _BLOCK
    found = []
    before = _offset_at(start - 1, timezone)
    for low in range(start - 1, start + _BLOCK - 1, _STEP):
        after = _offset_at(low + _STEP, timezone)
        if after != before:
            found.append(Offset(_change(timezone, low, low + _STEP), after))
        before = after
    return tuple(found)


def _change(timezone: str, low: int, high: int) -> int:
    """The first second in (low, high] with the offset of `high`."""
    after = _offset_at(high, timezone)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_at(middle, timezone) == after:
            high = middle
        else:
            low = middle
    return high


def _offset_at(second: int, timezone: str) -> int:
    """Seconds to add to UTC; beyond the years 2 to 9998 those of the nearest."""
    inside = min(max(second, FIRST_SECOND + 365 * DAY), LAST_SECOND - 365 * DAY)
    local = (EPOCH + timedelta(seconds=inside)).astimezone(zone(timezone))
    offset = local.utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one; mypy cannot know
    return round(offset.total_seconds())
