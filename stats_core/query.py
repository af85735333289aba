"""The endpoint's query parameters."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from stats_core.bounds import (
    Bound,
    Period,
    bound_text,
    end_nanosecond,
    first_nanosecond,
    nanoseconds,
)
from stats_core.errors import refused
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


class StatisticsQuery(BaseModel):
    """The query parameters of "Get Appointments Dashboard".

    Both spellings of `appointmentType` are accepted, unknown keys are refused. Blank
    text for one of the four optional parameters means "not given", as forms send it.

    >>> query = StatisticsQuery(appointmentType="F/U", start="2024-05-01", size="20")
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
        if (
            mixed
            and self.end
            and start is not None
            and end is not None
            and start >= end
        ):
            error = InitErrorDetails(
                type=_START_AFTER_END, loc=("end",), input=bound_text(self.end)
            )
            raise ValidationError.from_exception_data(type(self).__name__, [error])
        return Period(start, end)
