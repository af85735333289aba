"""The endpoint's query parameters, and the period that their bounds give."""

import re
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from stats_core import days
from stats_core.iso8601 import ISO_8601
from stats_core.text import is_unicode

MAX_SEARCH_CHARACTERS = 1_000
_START_AFTER_END = PydanticCustomError("start_after_end", "`start` is after `end`")


class AppointmentType(StrEnum):
    """Defines appointment types for integration."""

    NP = "NP"
    F_U = "F/U"
    ASC_FU = "ASC_FU"
    FU_TELE = "FU Tele"
    PROCEDURE = "PROCEDURE"
    PROV_USE = "PROV_USE"
    RAP_ACCESS = "RAP_ACCESS"


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


def parse_bound(value: object) -> date | datetime:
    """Read a bound: a date stays a date, an instant becomes an aware UTC `datetime`.

    Text is in ISO 8601's extended format, to the microsecond; without an offset it is
    UTC.

    Raises:
        ValueError: The value is no such text, date or date-time. Numbers, and text that
            looks like one, are refused: they can be seconds or milliseconds.

    >>> parse_bound("2024-05-01")
    datetime.date(2024, 5, 1)
    >>> parse_bound("2024-05-01T02:00+02:00")
    datetime.datetime(2024, 5, 1, 0, 0, tzinfo=datetime.timezone.utc)
    """
    if isinstance(value, str):
        text = value.strip().upper()
        if not re.fullmatch(ISO_8601, text):
            msg = "expected an ISO 8601 date or date-time such as 2024-05-01T09:30:00Z"
            raise ValueError(msg)
        value = (date if len(text) == len("2024-05-01") else datetime).fromisoformat(
            text
        )
    match value:
        case datetime():
            plain = datetime.combine(value.date(), value.timetz())
            return _as_utc(plain)
        case date():
            return value
    msg = "expected an ISO 8601 date or date-time, as text or object, never a number"
    raise ValueError(msg)


def _iso_8601(bound: date | datetime) -> str:
    return bound.isoformat().replace("+00:00", "Z")


def _as_utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError as error:
        msg = "expected an instant in the years 1 to 9999 UTC"
        raise ValueError(msg) from error


def _searchable(search: str) -> str:
    if not is_unicode(search):
        msg = "expected Unicode text, got a lone surrogate"
        raise ValueError(msg)
    if len(search) > MAX_SEARCH_CHARACTERS:
        msg = f"expected at most {MAX_SEARCH_CHARACTERS} characters, got {len(search)}"
        raise ValueError(msg)
    return search


Bound = Annotated[
    date | datetime,
    PlainValidator(parse_bound),
    PlainSerializer(_iso_8601, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class StatisticsQuery(BaseModel):
    """The query parameters of "Get Appointments Dashboard".

    Both spellings of `appointmentType` are accepted, unknown keys are refused.

    >>> query = StatisticsQuery(appointmentType="F/U", start="2024-05-01", size="20")
    >>> query.appointment_type, query.start, query.size
    (<AppointmentType.F_U: 'F/U'>, datetime.date(2024, 5, 1), 20)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    appointment_type: AppointmentType | None = Field(
        default=None,
        alias="appointmentType",
        description="Filter statistics by appointment type",
    )
    size: int = Field(default=300, ge=1, description="Number of items per page")
    page: int = Field(default=1, ge=1, description="Page number")
    search: Annotated[str, Strict(), AfterValidator(_searchable)] | None = Field(
        default=None, description="Search keywords"
    )
    start: Bound | None = Field(
        default=None, description="Filter by start time (ISO 8601 format)"
    )
    end: Bound | None = Field(
        default=None, description="Filter by end time (ISO 8601 format)"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        same_kind = type(self.start) is type(self.end)
        if same_kind and self.start and self.end and self.start > self.end:
            raise _START_AFTER_END
        return self

    def keywords(self) -> list[str]:
        """Return the words of `search` as they are given; none when it is blank.

        >>> StatisticsQuery(search="  ana  F/U ").keywords()
        ['ana', 'F/U']
        """
        return (self.search or "").split()

    def period(self, zone: ZoneInfo) -> Period:
        """Return the period between the bounds; a date means the whole local day.

        A date-time bound is inclusive at both ends. A date starts at its first instant
        and ends just before the first instant of the next date, so date windows tile
        without gap or overlap.

        Raises:
            pydantic.ValidationError: A date and a date-time bound are out of order in
                this zone.

        >>> query = StatisticsQuery(start="2024-05-01", end="2024-05-01")
        >>> query.period(ZoneInfo("Asia/Tokyo"))
        Period(start=1714489200000000000, end=1714575600000000000)
        """
        start = None if self.start is None else _start(self.start, zone)
        end = None if self.end is None else _end(self.end, zone)
        mixed = type(self.start) is not type(self.end)
        if mixed and start is not None and end is not None and start >= end:
            details = InitErrorDetails(
                type=_START_AFTER_END, loc=("end",), input=self.end
            )
            title = type(self).__name__
            raise ValidationError.from_exception_data(title, [details])
        return Period(start, end)


def _start(bound: date | datetime, zone: ZoneInfo) -> int:
    if isinstance(bound, datetime):
        return _nanoseconds(bound)
    return _first_second(_day_number(bound), zone) * 10**9


def _end(bound: date | datetime, zone: ZoneInfo) -> int:
    if isinstance(bound, datetime):
        return _nanoseconds(bound) + 1
    return _first_second(_day_number(bound) + 1, zone) * 10**9


def _first_second(day: int, zone: ZoneInfo) -> int:
    return days.first_seconds([day], zone)[0]


def _day_number(day: date) -> int:
    return day.toordinal() - days.EPOCH_ORDINAL


def _nanoseconds(instant: datetime) -> int:
    return (instant - days.EPOCH) // timedelta(microseconds=1) * 1_000
