"""The endpoint's response: its names, their order and its formats."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Response(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class AppointmentsOverview(_Response):
    """The total of appointments."""

    model_config = ConfigDict(title="Appointments Overview")

    total: int


class AppointmentTrend(_Response):
    """One local day; `_id` is its first instant, in UTC."""

    id: datetime = Field(alias="_id")
    successful: int
    failed: int


class StatsSource(_Response):
    """The number of appointments that have one value."""

    id: str = Field(alias="_id")
    count: int


_DESCRIPTION = (
    "Response model for appointments dashboard data. "
    "Contains overview, trends, and source information for appointments."
)


class AppointmentsDashboard(_Response):
    """Response model for appointments dashboard data.

    Contains overview, trends, and source information for appointments.
    `model_dump_json()` is the published JSON, byte for byte.

    >>> AppointmentsDashboard(
    ...     overview={"total": 1},
    ...     trends=[{"_id": "2023-11-07T05:31:56Z", "successful": 1, "failed": 0}],
    ... ).model_dump_json()[:85]
    '{"overview":{"total":1},"trends":[{"_id":"2023-11-07T05:31:56Z","successful":1,"faile'
    """

    # Without this, the published description would hold the example above.
    model_config = ConfigDict(json_schema_extra={"description": _DESCRIPTION})

    overview: AppointmentsOverview = Field(
        description="Overview of total appointments in the date range"
    )
    trends: tuple[AppointmentTrend, ...] = Field(
        default=(),
        description="List of appointment trends broken down by date, "
        "showing successful and failed counts",
    )
    source: tuple[StatsSource, ...] = Field(
        default=(),
        description="List of appointment sources with counts, "
        "showing where appointments originated",
    )
    utm_source: tuple[StatsSource, ...] = Field(
        default=(),
        description="Unique UTM source values with counts. "
        "Defaults to 'direct' when not set.",
    )
    utm_medium: tuple[StatsSource, ...] = Field(
        default=(),
        description="Unique UTM medium values with counts. "
        "Defaults to 'not set' when not set.",
    )
    utm_campaign: tuple[StatsSource, ...] = Field(
        default=(),
        description="Unique UTM campaign values with counts. "
        "Defaults to 'not set' when not set.",
    )
