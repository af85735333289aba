"""Records and a query to statistics."""

from collections.abc import Sized
from operator import itemgetter

import polars as pl

from stats_core.count import Count, Engine
from stats_core.dashboard import AppointmentsDashboard
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.query import Scope, StatisticsQuery, is_integration_id
from stats_core.records import Records, canonical
from stats_core.statistics import AppointmentStatistics

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()


def appointment_statistics(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    integration_id: str | None = None,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: str = "UTC",
    engine: Engine = "auto",
) -> AppointmentStatistics:
    """Count the records that a query asks for, completely and exactly.

    Args:
        records: A Polars frame, anything with the Arrow PyCapsule interface, or an
            iterable of documents. Never changed; a LazyFrame is scanned, not loaded.
        query: Which records count; its page and size have no say here.
        integration_id: Whose records count: 24 characters of `0-9a-f`. Needed if the
            records carry the layout's column, refused if they do not.
        layout: Where the fields are.
        timezone: The IANA zone whose calendar days are counted.
        engine: Which Polars engine computes; `auto` follows the size, `gpu` needs the
            package cudf-polars.

    Raises:
        InvalidRecordsError: The records cannot be counted; every fault is listed. All
            records are looked at, not only those asked for: the message may show
            instants of another integration.
        pydantic.ValidationError: A malformed id, an unknown zone, bounds out of order.

    >>> docs = [{"created_at": "2024-05-01T23:30:00Z", "status": "Success"}]
    >>> stats = appointment_statistics(docs, timezone="Europe/Berlin")
    >>> stats.trends.rows()
    [(datetime.date(2024, 5, 2), 1, 0, 0)]
    >>> stats.utm_source.rows()
    [('direct', 1, 1, 1, 0, 0)]
    """
    scope = Scope(integration_id=integration_id, timezone=timezone)
    lf = canonical(records, layout, query, scoped=integration_id is not None)
    count = Count(lf, query, scope, layout, engine, _rows(records))
    return _statistics(count.frames(), timezone)


def appointments_dashboard(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    integration_id: str | None = None,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: str = "UTC",
    engine: Engine = "auto",
) -> AppointmentsDashboard:
    """The endpoint's response: `appointment_statistics`, paged as the query asks.

    >>> records = [{"created_at": "2023-11-07T05:31:56Z", "status": "failed"}]
    >>> dashboard = appointments_dashboard(records)
    >>> dashboard.overview.total, dashboard.utm_source[0].id
    (1, 'direct')
    """
    stats = appointment_statistics(
        records,
        query,
        integration_id=integration_id,
        layout=layout,
        timezone=timezone,
        engine=engine,
    )
    return stats.dashboard(query.page, query.size)


def statistics_by_integration(
    records: Records,
    query: StatisticsQuery = _ALL,
    *,
    layout: RecordLayout = _DEFAULT_LAYOUT,
    timezone: str = "UTC",
    engine: Engine = "auto",
) -> dict[str, AppointmentStatistics]:
    """Every integration's statistics from one scan, by id, ids ascending.

    Equal to asking for each alone; an integration none of whose records the query asks
    for has no entry, and records without an id are no integration's.

    Raises:
        InvalidRecordsError: As `appointment_statistics`; also for ids that could not be
            asked for, which would otherwise be left out without a word.
        pydantic.ValidationError: An unknown zone, bounds out of order.

    >>> ids = ["5eb7cf5a86d9755df3a6c593", "5eb7cf5a86d9755df3a6c594"]
    >>> docs = [
    ...     {"created_at": None, "status": "error", "integration_id": key}
    ...     for key in ids
    ... ]
    >>> [stats.total for stats in statistics_by_integration(docs).values()]
    [1, 1]
    """
    scope = Scope(timezone=timezone)
    lf = canonical(records, layout, query, scoped=True)
    by = ("integration_id",)
    count = Count(lf, query, scope, layout, engine, _rows(records), by)
    trends, *breakdowns = map(_by_integration, count.frames())
    return {
        key: _statistics([trend, *(part[key] for part in breakdowns)], timezone)
        for key, trend in sorted(trends.items(), key=itemgetter(0))
    }


def _rows(records: Records) -> int | None:
    """How many records there are, if they can tell."""
    return len(records) if isinstance(records, Sized) else None


def _statistics(frames: list[pl.DataFrame], timezone: str) -> AppointmentStatistics:
    trend, *breakdowns = frames
    by_name = dict(zip(DIMENSIONS, breakdowns, strict=True))
    return AppointmentStatistics.of_tallies(trend, by_name, timezone)


def _by_integration(df: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """A frame taken apart, in which the rows of each integration follow each other."""
    held = df.drop_nulls("integration_id")
    heights, keys = held["integration_id"].rle().struct.unnest()
    starts = heights.cum_sum() - heights
    strange = sorted(key for key in keys if not is_integration_id(key))
    if strange:
        some = ", ".join(f"{key!r:.40}" for key in strange[:5])
        msg = f"`integration_id`: {len(strange)} values are not 24 characters of 0-9a-f: {some}"
        raise InvalidRecordsError(msg)
    rest = held.drop("integration_id")
    parts = zip(keys, starts, heights, strict=True)
    return {key: rest.slice(start, height) for key, start, height in parts}
