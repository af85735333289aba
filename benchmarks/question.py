"""What is asked, read from the query's own strings without help from stats_core."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple, Self
from zoneinfo import ZoneInfo

SEARCHED = ("patient_name", "clinic")
_DATE_CHARACTERS = len("2024-05-01")


class Question(NamedTuple):
    """Which records count, and whose calendar days.

    Instants are half-open, [start, end), in UTC; words are lower-case; what is None or
    empty asks for nothing.
    """

    appointment_type: str | None
    start: datetime | None
    end: datetime | None
    words: tuple[str, ...]
    timezone: str

    @classmethod
    def of(cls, parameters: Mapping[str, str], timezone: str) -> Self:
        """The question in the strings of a request.

        >>> Question.of({"end": "2024-05-01"}, "America/New_York").end
        datetime.datetime(2024, 5, 2, 4, 0, tzinfo=datetime.timezone.utc)
        """
        return cls(
            appointment_type=parameters.get("appointmentType"),
            start=_start(parameters.get("start"), timezone),
            end=_end(parameters.get("end"), timezone),
            words=tuple(parameters.get("search", "").lower().split()),
            timezone=timezone,
        )

    def filters(self) -> bool:
        """Whether anything at all is asked of a record."""
        return any((self.appointment_type, self.start, self.end, self.words))

    def reads(self) -> list[str]:
        """The columns that it takes to answer."""
        typed = ["appointment_type"] if self.appointment_type else []
        return [*COUNTED, *typed, *(SEARCHED if self.words else ())]


DIMENSIONS = ("source", "utm_source", "utm_medium", "utm_campaign")
COUNTED = ("created_at", "status", *DIMENSIONS)


def _start(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    if len(text) == _DATE_CHARACTERS:
        return _first_instant(date.fromisoformat(text), timezone)
    return datetime.fromisoformat(text).astimezone(UTC)


def _end(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    if len(text) == _DATE_CHARACTERS:
        following = date.fromisoformat(text) + timedelta(days=1)
        return _first_instant(following, timezone)
    # The bound is inclusive, and the records' instants are whole microseconds.
    return datetime.fromisoformat(text).astimezone(UTC) + timedelta(microseconds=1)


def _first_instant(day: date, timezone: str) -> datetime:
    """Of two midnights the first; of none the instant the clock jumps at."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
