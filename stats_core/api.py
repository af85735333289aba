"""The public functions: records and a query to statistics."""

import polars as pl

from stats_core.engine import counting
from stats_core.layout import RecordLayout
from stats_core.mappings import FrozenMapping
from stats_core.query import StatisticsQuery
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from stats_core.results.partials import by_integration
from stats_core.results.response import AppointmentsDashboard
from stats_core.results.statistics import AppointmentStatistics
from stats_core.typing import Engine, IntegrationId, Records, Timezone, Where

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
_EVERY: Where = FrozenMapping()


def appointment_statistics(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    integration_id: IntegrationId | None = None,
    where: Where = _EVERY,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: Timezone = "UTC",
    engine: Engine = "auto",
    hours: bool = False,
) -> AppointmentStatistics:
    """Count the records that a query selects, completely and exactly.

    Args:
        records: A Polars frame, anything with the Arrow PyCapsule interface, or an
            iterable of documents. Never changed; a LazyFrame is scanned, not loaded.
        query: Which records count; its `page` and `size` are ignored.
        integration_id: Whose records count: 24 characters of `0-9a-f`. Needed if the
            records carry the layout's column, refused if they do not. Records of other
            integrations are not examined.
        where: Which labels count, by the name of a dimension or `outcome`; a record
            counts if its label in each of them is one of those given. Labels are exact,
            as the answer shows them; `direct` selects the unset as well.
        layout: Which column holds each field.
        timezone: The IANA zone whose calendar days are counted.
        engine: The Polars engine; `auto` follows the size of the records, `gpu` needs
            the package cudf-polars.
        hours: Whether to count each local weekday and hour as well, for `.hours()`.

    Raises:
        InvalidRecordsError: The records cannot be counted; every fault is listed.
        pydantic.ValidationError: An argument of the wrong kind, a malformed id, bounds
            out of order, a dimension or an outcome that is not there.
        stats_core.errors.UnknownTimezoneError: No zone has this name.

    >>> docs = [{"created_at": "2024-05-01T23:30:00Z", "status": "Success"}]
    >>> stats = appointment_statistics(docs, timezone="Europe/Berlin")
    >>> stats.trends.rows()
    [(datetime.date(2024, 5, 2), 1, 0, 0)]
    >>> stats.utm_source.rows()
    [('direct', 1, 1, 1, 0, 0)]
    >>> where = {"utm_source": ["google", "direct"], "outcome": "failed"}
    >>> appointment_statistics(docs, where=where).total
    0
    """
    request = Request(
        query=query,
        integration_id=integration_id,
        where=where,
        layout=layout,
        timezone=timezone,
        engine=engine,
        hours=hours,
    )
    return AppointmentStatistics(_count(records, request))


def appointments_dashboard(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    integration_id: IntegrationId | None = None,
    where: Where = _EVERY,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: Timezone = "UTC",
    engine: Engine = "auto",
) -> AppointmentsDashboard:
    """Return the endpoint's response: the statistics, paged as the query says.

    The arguments and errors are those of `appointment_statistics`.

    >>> records = [{"created_at": "2023-11-07T05:31:56Z", "status": "failed"}]
    >>> dashboard = appointments_dashboard(records)
    >>> dashboard.overview.total, dashboard.utm_source[0].id
    (1, 'direct')
    """
    request = Request(
        query=query,
        integration_id=integration_id,
        where=where,
        layout=layout,
        timezone=timezone,
        engine=engine,
    )
    stats = AppointmentStatistics(_count(records, request))
    return stats.dashboard(request.query.page, request.query.size)


def statistics_by_integration(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    where: Where = _EVERY,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: Timezone = "UTC",
    engine: Engine = "auto",
    hours: bool = False,
) -> dict[str, AppointmentStatistics]:
    """Return every integration's statistics from one scan, by id, ids ascending.

    Each equals `appointment_statistics` for that id. An integration without a selected
    record has no entry; records without an id belong to no integration.

    Raises:
        InvalidRecordsError: As `appointment_statistics`; also for ids that no request
            could name, which would otherwise be left out silently.
        pydantic.ValidationError, UnknownTimezoneError: As `appointment_statistics`.

    >>> ids = ["5eb7cf5a86d9755df3a6c593", "5eb7cf5a86d9755df3a6c594"]
    >>> docs = [
    ...     {"created_at": None, "status": "error", "integration_id": key}
    ...     for key in ids
    ... ]
    >>> [stats.total for stats in statistics_by_integration(docs).values()]
    [1, 1]
    """
    request = Request(
        query=query,
        by_integration=True,
        where=where,
        layout=layout,
        timezone=timezone,
        engine=engine,
        hours=hours,
    )
    parts = by_integration(_count(records, request))
    return {key: AppointmentStatistics(part) for key, part in parts.items()}


def _count(records: Records, request: Request) -> pl.DataFrame:
    return counting.count(canonical_frame(records, request), request)
