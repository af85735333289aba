"""TZif data (RFC 9636): when the offset of a time zone can change.

`zoneinfo` does not publish these times, so the data it loads are read once more. Only
times are taken from them; what the offset is, `zoneinfo` itself answers.
"""

import re
import struct
import zoneinfo
from calendar import monthrange, timegm
from importlib import resources
from pathlib import Path
from typing import NamedTuple

_DAY = 86_400
_HEADER = struct.Struct(">4sc15x6L")
_ABBREVIATION = r"(?:<[^>]+>|[A-Za-z]+)"
_CLOCK = r"[+-]?[0-9]+(?::[0-9]+){0,2}"
_FOOTER = re.compile(
    rf"{_ABBREVIATION}({_CLOCK}){_ABBREVIATION}({_CLOCK})?"
    rf",([^,/]+)(?:/({_CLOCK}))?,([^,/]+)(?:/({_CLOCK}))?"
)


class Rule(NamedTuple):
    """The yearly rule of a TZif footer for all times after the listed ones.

    Attributes:
        standard: Seconds that standard time adds to UTC.
        summer: Seconds that summer time adds to UTC.
        start: The day on which summer time starts, as the footer writes it.
        start_clock: Seconds after that day's midnight in standard time.
        end: The day on which summer time ends.
        end_clock: Seconds after that day's midnight in summer time.
    """

    standard: int
    summer: int
    start: str
    start_clock: int
    end: str
    end_clock: int

    def times(self, year: int) -> list[int]:
        """Return the Unix seconds of a year at which the offset can change.

        New Year in UTC is among them: `zoneinfo` applies the rule to each UTC year.

        >>> rule = parse_footer("EST5EDT,M3.2.0,M11.1.0")
        >>> rule.times(2024)
        [1704067200, 1710054000, 1730613600]
        """
        start, end = self.start_clock - self.standard, self.end_clock - self.summer
        return [
            timegm((year, 1, 1, 0, 0, 0)),
            *(midnight + start for midnight in _midnights(self.start, year)),
            *(midnight + end for midnight in _midnights(self.end, year)),
        ]


class Transitions(NamedTuple):
    """The listed times of a zone, as ascending Unix seconds, and the rule after them.

    A listed time is not always a change of the offset: the name can change instead.
    """

    times: tuple[int, ...]
    rule: Rule | None


def find_transitions(key: str) -> Transitions | None:
    """Read the data that `zoneinfo` loads for a key.

    Returns:
        None if there are no such data, or if they are not TZif.

    >>> find_transitions("Etc/GMT+5")
    Transitions(times=(), rule=None)
    """
    try:
        return _parse(_load(key))
    except (ImportError, OSError, ValueError, struct.error):
        return None


def parse_footer(footer: str) -> Rule | None:
    """Read a footer, a POSIX `TZ` string; None if it has no summer time.

    >>> parse_footer("<+0330>-3:30")
    >>> parse_footer("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0").start
    'M10.1.0'
    """
    found = _FOOTER.fullmatch(footer)
    if found is None:
        return None
    standard, summer, start, start_clock, end, end_clock = found.groups()
    east = -_seconds(standard)  # POSIX counts offsets to the west
    return Rule(
        standard=east,
        summer=east + 3_600 if summer is None else -_seconds(summer),
        start=start,
        start_clock=_seconds(start_clock or "2"),
        end=end,
        end_clock=_seconds(end_clock or "2"),
    )


def _load(key: str) -> bytes:
    """Return the first data in the order of `zoneinfo`: `TZPATH`, then `tzdata`."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, key)
        if path.is_file():
            return path.read_bytes()
    return resources.files("tzdata.zoneinfo").joinpath(key).read_bytes()


def _parse(data: bytes) -> Transitions:
    version, times, end = _block(data, 0, "l")
    if version == b"\0":
        return Transitions(times, None)
    # The first block ends in 2037; the second has 64-bit times and a footer.
    _, times, end = _block(data, end, "q")
    return Transitions(times, parse_footer(data[end:].decode("ascii").strip("\n")))


def _block(data: bytes, begin: int, code: str) -> tuple[bytes, tuple[int, ...], int]:
    """Return the version of a block, its times, and where it ends."""
    magic, version, *counts = _HEADER.unpack_from(data, begin)
    if magic != b"TZif":
        msg = f"expected TZif data, got {magic!r}"
        raise ValueError(msg)
    utc_flags, standard_flags, leaps, times, types, letters = counts
    begin += _HEADER.size
    layout = struct.Struct(f">{times}{code}")
    leap_size = struct.calcsize(f">{code}l")
    rest = times + 6 * types + letters + leap_size * leaps + standard_flags + utc_flags
    return version, layout.unpack_from(data, begin), begin + layout.size + rest


def _seconds(clock: str) -> int:
    """Return the seconds of `[+-]hours[:minutes[:seconds]]`."""
    hours, minutes, seconds, *_ = (*map(int, clock.lstrip("+-").split(":")), 0, 0)
    total = 3_600 * hours + 60 * minutes + seconds
    return -total if clock.startswith("-") else total


def _midnights(day: str, year: int) -> list[int]:
    """Return the Unix seconds at which a footer's day can start in UTC.

    The forms are `Mm.w.d` (weekday d, Sunday is 0, of week w of month m; week 5 is the
    last), `Jn` (day n from 1, February 29 is not counted) and `n` (day n from 0).
    """
    if not day.startswith("M"):
        place = int(day.removeprefix("J"))
        # Leap years and versions of `zoneinfo` differ in where they start to count.
        new_year = timegm((year, 1, 1, 0, 0, 0))
        return [new_year + (place - 1) * _DAY, new_year + place * _DAY]
    month, week, weekday = map(int, day[1:].split("."))
    first, length = monthrange(year, month)  # weekday 0 is Monday
    place = (weekday - 1 - first) % 7 + 7 * (week - 1)
    place -= 7 if place >= length else 0
    return [timegm((year, month, 1, 0, 0, 0)) + place * _DAY]
