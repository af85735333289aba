"""The bounds of a query: ISO 8601 text or objects, to the nanosecond."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from stats_core import days
from stats_core.errors import refused
from stats_core.iso8601 import ISO_8601

_DATE_CHARACTERS = len("2024-05-01")
_MICROSECOND_DIGITS = 6
_SPACED_OFFSET = re.compile(r".*[0-9] [0-9]{2}:?([0-9]{2})?")


class Period(NamedTuple):
    """A half-open period [start, end) in Unix nanoseconds; None means no bound."""

    start: int | None = None
    end: int | None = None

    def within(self, span: tuple[int, int]) -> tuple[int, int]:
        """Return the part of a range of Unix seconds that overlaps the period.

        Args:
            span: The first and the last second, both inclusive; so is the result.

        >>> Period(start=5_000_000_000).within((0, 9))
        (5, 9)
        """
        first, last = span
        if self.start is not None:
            first = max(first, self.start // 10**9)
        if self.end is not None:
            last = min(last, self.end // 10**9)
        return first, last


class Instant(datetime):
    """A UTC date-time whose fraction has more digits than `datetime` holds.

    Attributes:
        nanosecond: The nanoseconds after the microsecond, 1 to 999.
    """

    nanosecond: int

    @classmethod
    def of(cls, instant: datetime, nanosecond: int) -> Self:
        """Return the instant so many nanoseconds later."""
        found = cls.combine(instant.date(), instant.timetz())
        found.nanosecond = nanosecond
        return found

    def isoformat(self, sep: str = "T", timespec: str = "auto") -> str:
        """Return the text with nine digits of fraction, or as `timespec` says."""
        exact = timespec == "auto"
        text = super().isoformat(sep, "microseconds" if exact else timespec)
        return text.replace("+00:00", f"{self.nanosecond:03}+00:00") if exact else text

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same nanosecond."""
        same = super().__eq__(other) is True  # of no date-time, `NotImplemented`
        return same and self.nanosecond == getattr(other, "nanosecond", 0)

    def __ne__(self, other: object) -> bool:
        """Return whether they are not; `datetime` has its own."""
        return not self == other

    def __hash__(self) -> int:
        """Return a hash of the nanosecond."""
        return hash((super().__hash__(), self.nanosecond))

    def __repr__(self) -> str:
        """Return the expression that makes it."""
        return f"Instant.of({self._plain()!r}, {self.nanosecond})"

    def __reduce_ex__(self, _protocol: object) -> tuple[Any, ...]:
        """Return what makes a copy, also a pickled one."""
        return Instant.of, (self._plain(), self.nanosecond)

    def _plain(self) -> datetime:
        return datetime.combine(self.date(), self.timetz())


def parse_bound(value: object) -> date | datetime:
    """Read a bound: a date stays a date, an instant becomes an aware UTC `datetime`.

    Text is in ISO 8601's extended format, to the nanosecond; without an offset it is
    UTC. Beyond microseconds, the result is an `Instant`.

    Raises:
        ValueError: The value is no such text, date or date-time. Numbers, and
            text that looks like one, are refused: they can be seconds or milliseconds.

    >>> parse_bound("2024-05-01")
    datetime.date(2024, 5, 1)
    >>> parse_bound("2024-05-01T02:00+02:00")
    datetime.datetime(2024, 5, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    match value:
        case str():
            return _parsed(value.strip())
        case datetime():
            plain = datetime.combine(value.date(), value.timetz())
            return _exact(_as_utc(plain), getattr(value, "nanosecond", 0))
        case date():
            return value
    msg = "expected an ISO 8601 date or date-time, as text or object, not a number"
    raise refused(msg)


def nanoseconds(at: datetime) -> int:
    """Return the Unix nanoseconds of an aware instant.

    >>> nanoseconds(parse_bound("1970-01-01T00:00:00.000000001Z"))
    1
    """
    microseconds = (at - days.EPOCH) // timedelta(microseconds=1)
    return microseconds * 1_000 + getattr(at, "nanosecond", 0)


def instant(nanosecond: int) -> datetime:
    """Return the aware instant of a Unix nanosecond; the inverse of `nanoseconds`.

    Raises:
        OverflowError: It is not in the years 1 to 9999.

    >>> instant(1_500).isoformat()
    '1970-01-01T00:00:00.000001500+00:00'
    """
    microseconds, rest = divmod(nanosecond, 1_000)
    return _exact(days.EPOCH + timedelta(microseconds=microseconds), rest)


def first_nanosecond(bound: date | datetime, zone: ZoneInfo) -> int:
    """Return the first nanosecond of a start; of a date, that of its local day.

    >>> first_nanosecond(date(1970, 1, 2), ZoneInfo("UTC")) // 10**9
    86400
    """
    if isinstance(bound, datetime):
        return nanoseconds(bound)
    return _first_second(_day_number(bound), zone) * 10**9


def end_nanosecond(bound: date | datetime, zone: ZoneInfo) -> int:
    """Return the nanosecond after an inclusive end; of a date, after its local day.

    >>> end_nanosecond(date(1970, 1, 1), ZoneInfo("UTC")) // 10**9
    86400
    """
    if isinstance(bound, datetime):
        return nanoseconds(bound) + 1
    return _first_second(_day_number(bound) + 1, zone) * 10**9


def bound_day(bound: date | datetime, zone: ZoneInfo) -> date:
    """Return the local day of a bound.

    Raises:
        OverflowError: It is not in the years 1 to 9999.

    >>> bound_day(parse_bound("2024-05-01T20:00Z"), ZoneInfo("Asia/Tokyo"))
    datetime.date(2024, 5, 2)
    """
    return bound.astimezone(zone).date() if isinstance(bound, datetime) else bound


def bound_text(bound: date | datetime) -> str:
    """Return a bound as ISO 8601 text.

    >>> bound_text(parse_bound("2024-05-01T02:00+02:00"))
    '2024-05-01T00:00:00Z'
    """
    return bound.isoformat().replace("+00:00", "Z")


Bound = Annotated[
    date | datetime,
    PlainValidator(parse_bound),
    PlainSerializer(bound_text, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _parsed(text: str) -> date | datetime:
    found = re.fullmatch(ISO_8601, text)
    if not found:
        raise refused(_advice(text))
    try:
        if len(text) == _DATE_CHARACTERS:
            return date.fromisoformat(text)
        digits = (found[4] or "").ljust(9, "0")
        short = text.upper().replace(",", ".")
        if found[4]:
            short = short.replace(f".{found[4]}", f".{digits[:_MICROSECOND_DIGITS]}", 1)
        at = _as_utc(datetime.fromisoformat(short))
        return _exact(at, int(digits[_MICROSECOND_DIGITS:]))
    except ValueError as error:
        raise refused(str(error)) from error


def _advice(text: str) -> str:
    if _SPACED_OFFSET.fullmatch(text):
        return "expected an offset such as +02:00; in a URL, write its `+` as `%2B`"
    return "expected an ISO 8601 date or date-time such as 2024-05-01T09:30:00Z"


def _exact(at: datetime, nanosecond: int) -> datetime:
    return Instant.of(at, nanosecond) if nanosecond else at


def _as_utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        msg = "expected an instant in the years 1 to 9999 UTC"
        raise refused(msg) from error


def _first_second(day: int, zone: ZoneInfo) -> int:
    return days.first_seconds([day], zone)[0]


def _day_number(day: date) -> int:
    return day.toordinal() - days.EPOCH_ORDINAL
