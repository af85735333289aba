"""The full answer with its request, as a model for one's own endpoint."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from stats_core.bounds import Bound
from stats_core.errors import argument
from stats_core.layout import Epoch, RecordLayout
from stats_core.mappings import FrozenMapping
from stats_core.query import AppointmentType, StatisticsQuery
from stats_core.request import Request
from stats_core.results.statistics import AppointmentStatistics
from stats_core.results.views import is_empty
from stats_core.schema import ROLES
from stats_core.typing import IntegrationId, Where

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
_EVERY: Where = FrozenMapping()


_AsSent = Annotated[
    Bound,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "format": "date-time"},
            ]
        }
    ),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReportQuery(_Part):
    """Which records count; a report has no pages."""

    appointment_type: AppointmentType | None
    search: str | None = Field(description="The keywords, all of which occur")
    start: _AsSent | None = Field(description="The first local day, or instant")
    end: _AsSent | None = Field(description="The last local day, or instant, inclusive")


class ReportLayout(_Part):
    """What the records call their fields and outcomes."""

    columns: dict[str, str] = Field(description="The column of each field")
    breakdowns: dict[str, str] = Field(
        description="The column of each further dimension"
    )
    naive_timezone: str = Field(
        description="The IANA zone of times that have none of their own"
    )
    epoch: Epoch | None = Field(description="The unit of times that are numbers")
    search: tuple[str, ...] | None = Field(
        description="The columns that are searched; null: all text"
    )
    successful: tuple[str, ...] = Field(description="Status words that mean successful")
    failed: tuple[str, ...] = Field(description="Status words that mean failed")


class ReportRequest(_Part):
    """What was counted: which records, whose, on the days of which zone."""

    query: ReportQuery
    integration_id: str | None = Field(
        description="The integration whose records count; null where they have none"
    )
    where: dict[str, tuple[str, ...]] = Field(
        description="The labels that count, by dimension or `outcome`; "
        "each record has one of those of each"
    )
    timezone: str = Field(description="The IANA zone of all days")
    layout: ReportLayout


class ReportDay(_Part):
    """One local day that has records, with its outcomes."""

    day: date
    successful: int
    failed: int
    other: int


class ReportValue(_Part):
    """One value of a dimension, with its outcomes."""

    value: str
    count: int
    unset: int = Field(description="How many of `count` had no value")
    successful: int
    failed: int
    other: int


class ReportHour(_Part):
    """One hour of the local week, with its outcomes."""

    weekday: int = Field(description="1 to 7 from Monday, as in ISO 8601")
    hour: int = Field(description="0 to 23 of the local clock")
    successful: int
    failed: int
    other: int


class StatisticsReport(_Part):
    """The full answer with its request: every outcome of every day and value, unpaged.

    `model_dump_json()` has one text for one answer. `model_validate_json` reads it.

    >>> from stats_core import AppointmentStatistics
    >>> report = StatisticsReport.of(AppointmentStatistics.empty("Asia/Tokyo"))
    >>> report.request.timezone, report.total, list(report.breakdowns)[:2]
    ('Asia/Tokyo', 0, ['source', 'utm_source'])
    """

    # Without this, the description in OpenAPI would hold the example above.
    model_config = ConfigDict(
        json_schema_extra={
            "description": "The full answer with its request: every outcome of every "
            "day and value, unpaged."
        }
    )

    request: ReportRequest
    total: int = Field(description="The number of records")
    undated: int = Field(description="How many of them are on no day")
    trends: tuple[ReportDay, ...] = Field(description="The days, ascending")
    breakdowns: dict[str, tuple[ReportValue, ...]] = Field(
        description="The values of each dimension; `count` descending, then `value`"
    )
    hours: tuple[ReportHour, ...] | None = Field(
        default=None, description="The hours of the week; null: they were not counted"
    )

    @classmethod
    def of(
        cls,
        stats: AppointmentStatistics,
        query: StatisticsQuery = _ALL,
        *,
        integration_id: IntegrationId | None = None,
        where: Where = _EVERY,
        layout: RecordLayout = _DEFAULT_LAYOUT,
    ) -> Self:
        """Return the report of statistics and the request that they answer.

        Args:
            stats: The statistics; they know their time zone and nothing else.
            query: What they were counted for, as all other arguments.
            integration_id: Whose records count.
            where: Which labels count.
            layout: Which column holds each field.

        Raises:
            pydantic.ValidationError: As `appointment_statistics`.
            TypeError: `stats` is something else than statistics.
            ValueError: The statistics have other dimensions than the layout (but
                `empty` has the report of any layout).
        """
        stats = argument("stats", stats, AppointmentStatistics)
        asked = Request(
            query=query,
            integration_id=integration_id,
            where=where,
            layout=layout,
            timezone=stats.timezone,
        )
        answer = stats.to_dict()
        del answer["timezone"]
        found, expected = answer["breakdowns"], asked.dimensions
        if not is_empty(stats) and [*found] != [*expected]:
            msg = f"`layout`: has {', '.join(expected)}; `stats`: {', '.join(found)}"
            raise ValueError(msg)
        answer["breakdowns"] = {name: found.get(name, ()) for name in expected}
        return cls(request=_summary(asked), **answer)


def _summary(request: Request) -> ReportRequest:
    query, layout = request.query, request.layout
    return ReportRequest(
        query=ReportQuery(
            **{name: getattr(query, name) for name in ReportQuery.model_fields}
        ),
        integration_id=request.integration_id,
        where=dict(request.where),
        timezone=request.timezone,
        layout=ReportLayout(
            columns={role: getattr(layout, role) for role in ROLES},
            breakdowns=dict(layout.breakdowns),
            naive_timezone=layout.naive_timezone,
            epoch=layout.epoch,
            search=layout.search,
            successful=tuple(sorted(layout.successful)),
            failed=tuple(sorted(layout.failed)),
        ),
    )
