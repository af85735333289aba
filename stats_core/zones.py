"""Changes of a zone's offset, all of them and as `zoneinfo` has them.

A zone lists its past changes; most zones with summer time follow a yearly rule after
that. The calendar repeats after 400 years, so one such cycle stands for all later ones.
"""

from array import array
from bisect import bisect
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

from stats_core import tzif

DAY = 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL = EPOCH.toordinal()
FIRST_SECOND = (date.min.toordinal() - _EPOCH_ORDINAL) * DAY
LAST_SECOND = (date.max.toordinal() - _EPOCH_ORDINAL + 1) * DAY - 1

# The Gregorian calendar repeats after 400 years, weekdays included.
_CYCLE = 146_097 * DAY

# The offset of a zone without known data is sampled from 1800 on. After 2100, the IANA
# database (2026) has only yearly rules.
_FIRST_SAMPLE = -5_364_662_400
_LAST_LISTED = 4_102_444_800
_STEP = 5 * DAY


class Offset(NamedTuple):
    """From the Unix second `since` on, local time is UTC plus `seconds`."""

    since: int
    seconds: int


class Changes(NamedTuple):
    """All changes of a zone's offset up to the year 9999.

    Attributes:
        since: The Unix seconds of the changes, ascending.
        seconds: The offset before the first change, and the one after each change.
    """

    since: Sequence[int]
    seconds: Sequence[int]

    def between(self, first: int, last: int) -> Self:
        """Return the changes after the Unix second `first` and not after `last`.

        >>> paris = changes(ZoneInfo("Europe/Paris"))
        >>> list(paris.between(1_704_067_200, 1_711_929_600).seconds)
        [3600, 7200]
        """
        # No instant is in a range that ends before it starts; it has one offset too.
        low, high = bisect(self.since, first), bisect(self.since, max(first, last))
        return self._replace(
            since=self.since[low:high], seconds=self.seconds[low : high + 1]
        )


@lru_cache(maxsize=128)  # about 200 kB each, for a zone with a yearly rule
def changes(zone: ZoneInfo) -> Changes:
    """Return all changes of a zone's offset, also those a few minutes apart.

    They are found once per zone, in some milliseconds. A zone that `ZoneInfo.from_file`
    made without a key does not tell its data: of its changes, those before 1800 or less
    than five days apart can be missed.

    >>> list(changes(ZoneInfo("Asia/Kathmandu")).seconds)
    [20476, 19800, 20700]
    """
    listed, last = _one_cycle(zone)
    yearly = [change for change in listed if change.since > last]
    cycles = range(_CYCLE, LAST_SECOND - last + _CYCLE, _CYCLE)
    since = [since for since, _ in listed]
    since += [since + later for later in cycles for since, _ in yearly]
    seconds = [offset_at(FIRST_SECOND, zone)]
    seconds += [seconds for _, seconds in listed]
    seconds += [seconds for _, seconds in yearly] * len(cycles)
    return Changes(array("q", since), array("i", seconds))


@lru_cache(maxsize=32)
def wall_changes(zone: ZoneInfo) -> Changes:
    """Return all changes of a zone's offset by local time, as `zoneinfo` reads it.

    A local time that does not exist, or that happens twice, has the offset before the
    change (`fold=0`). The attribute `since` is in seconds of the local clock.

    >>> paris = wall_changes(ZoneInfo("Europe/Paris"))
    >>> place = bisect(paris.since, 1_711_850_400)  # 2024-03-31T02:00, which is skipped
    >>> list(paris.seconds[place : place + 2])
    [3600, 7200]
    """
    found = changes(zone)
    # It can change only where the clock of one offset ends, or that of another begins.
    steps = zip(found.since, pairwise(found.seconds), strict=True)
    clocks = {at + offset for at, both in steps for offset in both}
    clocks = {FIRST_SECOND, *(it for it in clocks if FIRST_SECOND < it <= LAST_SECOND)}
    since, seconds = array("q"), array("i")
    for clock in sorted(clocks):
        offset = (EPOCH + timedelta(seconds=clock)).replace(tzinfo=zone).utcoffset()
        assert offset is not None  # noqa: S101 - a `ZoneInfo` knows all of them
        if not seconds or seconds[-1] != offset.total_seconds():
            since.append(clock)
            seconds.append(int(offset.total_seconds()))
    return Changes(since[1:], seconds)


def offset_at(second: int, zone: ZoneInfo) -> int:
    """Return the seconds to add to UTC at a Unix second.

    Near both ends of the calendar, where local time can be outside of it, the same day
    400 years later or earlier is looked up.

    >>> offset_at(LAST_SECOND, ZoneInfo("Australia/Sydney"))
    39600
    """
    if second < FIRST_SECOND + 2 * DAY:
        second += _CYCLE
    elif second > LAST_SECOND - 2 * DAY:
        second -= _CYCLE
    local = (EPOCH + timedelta(seconds=second)).astimezone(zone)
    # Not `utcoffset()`: near two close changes it cannot tell which one is meant.
    clock = 3_600 * local.hour + 60 * local.minute + local.second
    return (local.toordinal() - _EPOCH_ORDINAL) * DAY + clock - second


def _one_cycle(zone: ZoneInfo) -> tuple[list[Offset], int]:
    """Return a zone's changes, and the second after which they repeat.

    The changes end one cycle after that second.
    """
    transitions = tzif.find_transitions(zone.key) if zone.key else None
    if transitions:
        times, last = _times(transitions)
        found = _changes_at(times, zone)
        if found is not None:
            return found, last
    return _sampled(zone), _LAST_LISTED


def _times(transitions: tzif.Transitions) -> tuple[list[int], int]:
    """Return when the offset can change, and the second after which this repeats."""
    times = [at for at in transitions.times if FIRST_SECOND < at <= LAST_SECOND]
    last = times[-1] if times else FIRST_SECOND
    if transitions.rule:
        last += 1  # the rule holds after the last listed second
        year = (EPOCH + timedelta(seconds=last)).year
        years = range(year, min(year + 400, date.max.year) + 1)
        yearly = {at for year in years for at in transitions.rule.times(year)}
        times += [last, *sorted(at for at in yearly if last < at <= last + _CYCLE)]
    return times, last


def _changes_at(times: list[int], zone: ZoneInfo) -> list[Offset] | None:
    """Return the changes at these times; None if there are others between them.

    There are, if the zone was made of other data than those now found for its key.
    """
    found = []
    before = offset_at(FIRST_SECOND, zone)
    for at in times:
        if offset_at(at - 1, zone) != before:
            return None
        after = offset_at(at, zone)
        if after != before:
            found.append(Offset(at, after))
        before = after
    return found


def _sampled(zone: ZoneInfo) -> list[Offset]:
    """Return the changes between samples of which the offset differs."""
    found = []
    samples = range(_FIRST_SAMPLE, _LAST_LISTED + _CYCLE + 1, _STEP)
    before = offset_at(_FIRST_SAMPLE, zone)
    for low, high in pairwise(samples):
        after = offset_at(high, zone)
        if after != before:
            found.append(Offset(_change(zone, low, high), after))
        before = after
    return found


def _change(zone: ZoneInfo, low: int, high: int) -> int:
    """Return the first second in (low, high] that has the offset of `high`."""
    after = offset_at(high, zone)
    while high - low > 1:
        middle = (low + high) // 2
        if offset_at(middle, zone) == after:
            high = middle
        else:
            low = middle
    return high
