"""Records and a query to statistics; the only file that collects a scan."""

from collections.abc import Sized
from dataclasses import dataclass
from typing import Literal

import polars as pl

from stats_core import coded, days, filters, records as canon, tallies
from stats_core.dashboard import AppointmentsDashboard
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.query import Scope, StatisticsQuery, is_integration_id
from stats_core.records import Records
from stats_core.statistics import AppointmentStatistics

Engine = Literal["auto", "in-memory", "streaming", "gpu"]

# Below this many rows, starting the streaming engine and grouping twice cost more than
# they save.
_FEW_ROWS = 20_000
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
        engine: Which Polars engine computes; `auto` follows the size.

    Raises:
        InvalidRecordsError: The records cannot be counted; every fault is listed.
        pydantic.ValidationError: A malformed id, an unknown zone, bounds out of order.

    >>> docs = [{"created_at": "2024-05-01T23:30:00Z", "status": "Success"}]
    >>> stats = appointment_statistics(docs, timezone="Europe/Berlin")
    >>> stats.trends.rows()
    [(datetime.date(2024, 5, 2), 1, 0, 0)]
    >>> stats.utm_source.rows()
    [('direct', 1, 1, 1, 0, 0)]
    """
    scope = Scope(integration_id=integration_id, timezone=timezone)
    lf = canon.canonical(records, layout, query, scoped=integration_id is not None)
    count = _Count(lf, query, scope, layout, engine, few=_are_few(records))
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
    lf = canon.canonical(records, layout, query, scoped=True)
    count = _Count(
        *(lf, query, scope, layout, engine),
        few=_are_few(records),
        by=("integration_id",),
    )
    trends, *breakdowns = map(_by_integration, count.frames_by_integration())
    return {
        key: _statistics([trend, *(part[key] for part in breakdowns)], timezone)
        for key, trend in trends.items()
    }


@dataclass(frozen=True)
class _Count:
    """One question to one canonical frame."""

    lf: pl.LazyFrame
    query: StatisticsQuery
    scope: Scope
    layout: RecordLayout
    engine: Engine
    few: bool
    by: tuple[str, ...] = ()

    def frames(self) -> list[pl.DataFrame]:
        """The trend and the breakdowns; raises where any record cannot be counted."""
        survey = canon.survey(self.lf)
        if days.is_fixed(self.scope.timezone):
            always = days.countable_seconds(self.scope.timezone)
            surveyed, *frames = self.collect([survey, *self.plans(always)])
            self.check(surveyed)
            return frames
        # Which changes of offset to reckon with is known from the surveyed span.
        [surveyed] = self.collect([survey])
        self.check(surveyed)
        first, last, _ = surveyed.fill_null(0).row(0)
        return self.collect(self.plans((first, last)))

    def frames_by_integration(self) -> list[pl.DataFrame]:
        """As `frames`, for each integration."""
        frames = self.frames()
        if self.few:
            return frames
        [df] = frames
        return coded.tallied(df, self.layout, self.lf.collect_schema()["status"])

    def plans(self, span: tuple[int, int]) -> list[pl.LazyFrame]:
        """The plans of `frames`, for instants in a span of Unix seconds."""
        schema = self.lf.collect_schema()
        timezone = self.scope.timezone
        period = self.query.period(timezone)
        asked = self.lf.filter(
            *filters.record_filters(
                self.query, period, schema, self.scope.integration_id
            )
        )
        kind = tallies.outcome(pl.col("status"), self.layout, schema["status"])
        first, last = period.within(span)
        unit = canon.time_unit(schema)
        created_at = pl.col("created_at")
        day = days.local_day(created_at, timezone, unit=unit, first=first, last=last)
        if self.by and not self.few:
            return [coded.coded(asked, day)]
        breakdowns = (
            tallies.breakdown(asked, name, kind, by=self.by, few=self.few)
            for name in DIMENSIONS
        )
        trend = tallies.daily_trend(asked, day, kind, by=self.by, few=self.few)
        return [trend, *breakdowns]

    def check(self, surveyed: pl.DataFrame) -> None:
        """Raise if the survey shows an instant that cannot be counted."""
        first, last, unreadable = surveyed.row(0)
        earliest, latest = days.countable_seconds(self.scope.timezone)
        if unreadable or (first is not None and (first < earliest or last > latest)):
            [rows] = self.collect([canon.uncountable(self.lf, self.scope.timezone)])
            faults = canon.uncountable_faults(rows, self.scope.timezone)
            raise InvalidRecordsError(*faults)

    def collect(self, plans: list[pl.LazyFrame]) -> list[pl.DataFrame]:
        """Run plans as one; no Polars error reaches the caller."""
        fitting: Engine = "in-memory" if self.few else "streaming"
        engine = fitting if self.engine == "auto" else self.engine
        # Finding what plans share costs more than it saves on few records.
        flags = pl.QueryOptFlags(comm_subplan_elim=not self.few)
        try:
            return pl.collect_all(plans, engine=engine, optimizations=flags)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            msg = f"records: cannot be read: {error}"
            raise InvalidRecordsError(msg) from error


def _are_few(records: Records) -> bool:
    return isinstance(records, Sized) and len(records) < _FEW_ROWS


def _statistics(frames: list[pl.DataFrame], timezone: str) -> AppointmentStatistics:
    trend, *breakdowns = frames
    by_name = dict(zip(DIMENSIONS, breakdowns, strict=True))
    return AppointmentStatistics.of_tallies(trend, by_name, timezone)


def _by_integration(df: pl.DataFrame) -> dict[str, pl.DataFrame]:
    held = df.drop_nulls("integration_id")
    parts = held.partition_by("integration_id", as_dict=True, include_key=False)
    strange = sorted(key for (key,) in parts if not is_integration_id(key))
    if strange:
        some = ", ".join(f"{key!r:.40}" for key in strange[:5])
        msg = f"`integration_id`: {len(strange)} values are not 24 characters of 0-9a-f: {some}"
        raise InvalidRecordsError(msg)
    return {key: parts[key,] for (key,) in sorted(parts)}
