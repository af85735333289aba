"""The endpoint's response: its names, their order and its formats."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from stats_core.readable import number, percent
from stats_core.results.html import Day, answer_html
from stats_core.schema import DIMENSIONS


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

    Attributes:
        overview: Its `total` is the number of records.
        trends: A row per local day: `id` (its first instant), `successful`, `failed`.
        source: The page of values with `id` and `count`, as the next three.
        utm_source: Unset is `direct`.
        utm_medium: Unset is `not set`.
        utm_campaign: Unset is `not set`.

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

    def __repr__(self) -> str:
        """Return one line: the total, and how many items each list has."""
        lists = ", ".join(f"{name}={len(items)}" for name, items in self._lists())
        return (
            f"AppointmentsDashboard(total={self.overview.total}, "
            f"trends={len(self.trends)}, {lists})"
        )

    def _lists(self) -> Iterator[tuple[str, tuple[StatsSource, ...]]]:
        for name in DIMENSIONS:
            yield name, getattr(self, name)

    def _repr_html_(self) -> str:
        """Return what notebooks show: figures, the trend, the first of each list."""
        successful = sum(day.successful for day in self.trends)
        failed = sum(day.failed for day in self.trends)
        # The response has the outcomes of days, so not those of undated records.
        return answer_html(
            {
                "total": number(self.overview.total),
                "successful, dated": number(successful),
                "failed, dated": number(failed),
                "success rate, dated": percent(successful, successful + failed),
            },
            [*_html_days(self.trends)],
            {name: _frame(items) for name, items in self._lists()},
            self.overview.total,
        )


def _html_days(trends: Sequence[AppointmentTrend]) -> Iterator[Day]:
    """Place each day by its first instant: days have 23 to 25 hours."""
    for item in trends:
        place = round((item.id - trends[0].id) / timedelta(days=1))
        name = f"{item.id:%Y-%m-%dT%H:%MZ}"
        yield Day(place, name, (item.successful, item.failed))


def _frame(items: Sequence[StatsSource]) -> pl.DataFrame:
    rows = [(item.id, item.count) for item in items]
    return pl.DataFrame(rows, {"value": pl.String, "count": pl.Int64}, orient="row")
