"""The endpoint's query parameters."""

from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from stats_core import windows
from stats_core.bounds import (
    Bound,
    Period,
    bound_text,
    end_nanosecond,
    first_nanosecond,
    nanoseconds,
)
from stats_core.days import find_zone
from stats_core.errors import refused
from stats_core.parameters import Parameters
from stats_core.text import is_unicode
from stats_core.typing import Timezone
from stats_core.windows import Move, Window

MAX_SEARCH_CHARACTERS = 1_000
_START_AFTER_END = PydanticCustomError("start_after_end", "`start` is after `end`")
_NOT_COMPARABLE = PydanticCustomError(
    "bound_missing", "`start` and `end` are needed to find the time before"
)
_NO_TIME_BEFORE = PydanticCustomError(
    "no_time_before", "the time before is not in the years 1 to 9999"
)


class AppointmentType(StrEnum):
    """Defines appointment types for integration."""

    NP = "NP"
    F_U = "F/U"
    ASC_FU = "ASC_FU"
    FU_TELE = "FU Tele"
    PROCEDURE = "PROCEDURE"
    PROV_USE = "PROV_USE"
    RAP_ACCESS = "RAP_ACCESS"


def _searchable(search: str) -> str:
    if not is_unicode(search):
        msg = "expected Unicode text, got a lone surrogate"
        raise refused(msg)
    if len(search) > MAX_SEARCH_CHARACTERS:
        msg = f"expected at most {MAX_SEARCH_CHARACTERS} characters, got {len(search)}"
        raise refused(msg)
    return search


Keywords = Annotated[
    str,
    Strict(),
    AfterValidator(_searchable),
    WithJsonSchema({"type": "string", "maxLength": MAX_SEARCH_CHARACTERS}),
]


class StatisticsQuery(Parameters):
    """The query parameters of "Get Appointments Dashboard".

    Both spellings of `appointmentType` are accepted, unknown keys are refused. Blank
    text for one of the four optional parameters means "not given", as forms send it.

    Attributes:
        appointment_type: Which type counts; None counts all, unknown ones too.
        size: The rows on a page of each breakdown, from 1.
        page: The page, from 1.
        search: Keywords; each must occur in a searched column, in any case.
        start: The first local day, or the first instant; text is ISO 8601.
        end: The last local day, or the last instant, inclusive.

    Raises:
        pydantic.ValidationError: A parameter is faulty or unknown, or `start` is after
            `end`; every fault is listed, and can be written as JSON.

    >>> query = StatisticsQuery(appointmentType="F/U", start="2024-05-01", size=20)
    >>> query.appointment_type, query.start, query.size
    (<AppointmentType.F_U: 'F/U'>, datetime.date(2024, 5, 1), 20)
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        json_schema_extra={"description": "Query parameters of the dashboard."},
    )

    appointment_type: AppointmentType | None = Field(
        default=None,
        alias="appointmentType",
        description="Filter statistics by appointment type",
    )
    size: int = Field(default=300, ge=1, description="Number of items per page")
    page: int = Field(default=1, ge=1, description="Page number")
    search: Keywords | None = Field(default=None, description="Search keywords")
    start: Bound | None = Field(
        default=None, description="Filter by start time (ISO 8601 format)"
    )
    end: Bound | None = Field(
        default=None, description="Filter by end time (ISO 8601 format)"
    )

    # For type checkers, which see neither both spellings nor what validators accept.
    # pydantic makes the constructor that runs.
    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            appointment_type: AppointmentType | str | None = None,
            appointmentType: AppointmentType | str | None = None,  # noqa: N803 - published
            size: int = 300,
            page: int = 1,
            search: str | None = None,
            start: date | str | None = None,
            end: date | str | None = None,
        ) -> None:
            """Validate the parameters."""

    @field_validator("appointment_type", "search", "start", "end", mode="before")
    @classmethod
    def _blank_is_none(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was given
        return None if isinstance(value, str) and not value.strip() else value

    @field_validator("end", mode="after")
    @classmethod
    def _in_order(cls, end: Bound | None, info: ValidationInfo) -> Bound | None:
        start = info.data.get("start")
        match start, end:
            case datetime(), datetime():
                after = nanoseconds(start) > nanoseconds(end)
            case (datetime(), _) | (_, datetime()) | (None, _) | (_, None):
                after = False  # if a date is before a date-time depends on the zone
            case _:
                after = start > end
        if after:
            raise _START_AFTER_END
        return end

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
        start = None if self.start is None else first_nanosecond(self.start, zone)
        end = None if self.end is None else end_nanosecond(self.end, zone)
        mixed = isinstance(self.start, datetime) != isinstance(self.end, datetime)
        if mixed and start is not None and end is not None and start >= end:
            raise self._faults(_START_AFTER_END, "end")
        return Period(start, end)

    def previous(self, timezone: Timezone = "UTC") -> Self:
        """Return the same query for the time just before.

        Of two dates, as many local days just before. Of two instants, or a date and an
        instant, the instants of a window that is as long to the nanosecond. There is
        neither a gap nor an overlap between both windows.

        Args:
            timezone: The IANA zone whose days are meant.

        Raises:
            pydantic.ValidationError: A bound is missing or out of order, or the time
                before is not in the years 1 to 9999.
            stats_core.errors.UnknownTimezoneError: No zone has this name.
            TypeError: `timezone` is neither text nor a `ZoneInfo`.

        >>> may = StatisticsQuery(start="2024-05-01", end="2024-05-31").previous()
        >>> str(may.start), str(may.end)
        ('2024-03-31', '2024-04-30')
        """
        return self._earlier(windows.previous, timezone)

    def year_before(self, timezone: Timezone = "UTC") -> Self:
        """Return the same query for the same days of the year before.

        29 February becomes 28 February. An instant becomes that of the same local clock
        time. If that time does not exist, or exists twice, it is read as `zoneinfo`
        reads it with `fold=0`.

        Args:
            timezone: The IANA zone of the clock.

        Raises:
            pydantic.ValidationError: As `previous`. Also if the bounds are out of order
                a year before, because 29 February or a change of the clock is between
                them.
            stats_core.errors.UnknownTimezoneError, TypeError: As `previous`.

        >>> query = StatisticsQuery(start="2024-05-01T12:00Z", end="2024-05-31")
        >>> before = query.year_before("Europe/London")
        >>> before.start.isoformat(), before.end.isoformat()
        ('2023-05-01T12:00:00+00:00', '2023-05-31')
        """
        return self._earlier(windows.year_before, timezone)

    def _earlier(self, move: Move, timezone: Timezone) -> Self:
        zone = timezone if isinstance(timezone, ZoneInfo) else find_zone(timezone)
        _ = self.period(zone)
        if self.start is None or self.end is None:
            absent = [name for name in Window._fields if getattr(self, name) is None]
            raise self._faults(_NOT_COMPARABLE, *absent)
        try:
            window = move(Window(self.start, self.end), zone)
        except (ValueError, OverflowError) as error:
            raise self._faults(_NO_TIME_BEFORE, "start") from error
        given = {name: getattr(self, name) for name in self.model_fields_set}
        found = type(self).model_validate(given | window._asdict())
        _ = found.period(zone)  # whether a date and an instant are in order
        return found

    def _faults(self, kind: PydanticCustomError, *names: str) -> ValidationError:
        """Return the error that finds one fault in each of these bounds."""
        bounds = {name: getattr(self, name) for name in names}
        texts = {name: bound and bound_text(bound) for name, bound in bounds.items()}
        faults = [
            InitErrorDetails(type=kind, loc=(name,), input=text)
            for name, text in texts.items()
        ]
        return ValidationError.from_exception_data(type(self).__name__, faults)
