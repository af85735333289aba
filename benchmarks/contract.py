"""What every rival gets, and what it gives."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from operator import eq, ge, lt
from typing import Any, NamedTuple, Self
from zoneinfo import ZoneInfo

INTEGRATION = "integration_id"
DEFAULTS = {"source": "not set", "utm_source": "direct"}
DEFAULTS |= dict.fromkeys(("utm_medium", "utm_campaign"), "not set")
SEARCHED = ("patient_name", "clinic")
_DATE_LENGTH = len("2024-05-01")


# Keep records in which the function is true of the column's value and the last one.
Condition = tuple[str, Callable[[Any, Any], Any], str | datetime]


class Question(NamedTuple):
    """A request, parsed without help from stats_core.

    The keywords are in lower case. Each must occur in one of the `SEARCHED` columns.
    """

    conditions: list[Condition]
    words: list[str]
    timezone: str

    @classmethod
    def parse(cls, parameters: Mapping[str, str], timezone: str) -> Self:
        """Parse the query strings of a request."""
        conditions: list[Condition] = []
        if "appointmentType" in parameters:
            conditions.append(("appointment_type", eq, parameters["appointmentType"]))
        if "start" in parameters:
            start = _bound(parameters["start"], timezone, end=False)
            conditions.append(("created_at", ge, start))
        if "end" in parameters:
            end = _bound(parameters["end"], timezone, end=True)
            conditions.append(("created_at", lt, end))
        words = parameters.get("search", "").lower().split()
        return cls(conditions, words, timezone)

    def columns(self) -> list[str]:
        """Return the names of the columns that an answer needs."""
        tested = [column for column, *_ in self.conditions]
        searched = SEARCHED if self.words else ()
        return [*dict.fromkeys(["created_at", "status", *DEFAULTS, *tested, *searched])]


# A list of rows, or a table with the Arrow PyCapsule interface, of
# - `trends`: day, successful, failed, other; first a null day, then days ascending
# - each dimension: value, count, unset, successful, failed, other; `count` descending,
#   then `value` ascending by code point.
# If each integration is counted, all are Arrow tables and have `integration_id` too.
Answer = Mapping[str, Any]
Way = Callable[[Question], Answer]


class CannotError(Exception):
    """The reason why a tool cannot answer."""


def _bound(text: str, timezone: str, *, end: bool) -> datetime:
    """Return the first instant inside a start, or after an end, in UTC."""
    if len(text) == _DATE_LENGTH:
        day = date.fromisoformat(text) + timedelta(days=end)
        # The first of two midnights; where there is none, the clock jumps then.
        return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
    # An end is inclusive, and instants of records are whole microseconds.
    return datetime.fromisoformat(text).astimezone(UTC) + timedelta(microseconds=end)
