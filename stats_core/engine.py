"""Records and a query to statistics; the only file that collects a scan."""

from collections.abc import Iterator, Sized
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from stats_core import days, filters, survey, tallies
from stats_core.dashboard import AppointmentsDashboard
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.partials import tree_sum
from stats_core.query import Scope, StatisticsQuery, is_integration_id
from stats_core.records import READ_ERRORS, Records, canonical
from stats_core.statistics import AppointmentStatistics

Engine = Literal["auto", "in-memory", "streaming", "gpu"]

# Below so many rows, to group twice costs more than it saves; and so does to start the
# streaming engine, or to look for what plans share.
_FEW_ROWS, _SMALL_ROWS = 2_000, 50_000
_BATCH_ROWS = 500_000
_WIDTH = 8  # of the tallies of so many batches the sum is taken at a time
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
    lf = canonical(records, layout, query, scoped=integration_id is not None)
    count = _Count(lf, query, scope, layout, engine, _rows(records))
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
    count = _Count(lf, query, scope, layout, engine, _rows(records), by)
    trends, *breakdowns = map(_by_integration, count.frames())
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
    rows: int | None
    by: tuple[str, ...] = ()

    @cached_property
    def schema(self) -> pl.Schema:
        """Of the canonical frame."""
        return self.lf.collect_schema()

    @property
    def small(self) -> bool:
        """Whether the records are known to be no more than one plan does best."""
        return self.rows is not None and self.rows < _SMALL_ROWS

    @cached_property
    def conditions(self) -> tuple[pl.Expr, ...]:
        """What is asked of a record."""
        period = self.query.period(self.scope.timezone)
        return filters.record_filters(
            self.query, period, self.schema, self.scope.integration_id
        )

    def frames(self) -> list[pl.DataFrame]:
        """The trend and the breakdowns; raises where any record cannot be counted."""
        if self.small:
            return self.collect(self.labelled(self.plans()))
        raw = self.summed() if self.in_batches() else self.collect(self.plans())
        # For what is left by now the streaming engine takes longer to start than to run.
        labelled = self.labelled([df.lazy() for df in raw])
        return pl.collect_all(labelled, engine="in-memory")

    def plans(self) -> list[pl.LazyFrame]:
        """The tallies of all the records asked for."""
        return self.tallied(self.asked(self.lf), self.span(self.lf))

    def in_batches(self) -> bool:
        """Whether what is asked for is read once, a batch at a time.

        What several plans share, be it filtered or read from text, Polars would hold in
        memory whole, or make for each of them anew. A plain scan is neither.
        """
        text = survey.was_text(self.schema)
        streams = self.engine in {"auto", "streaming"}
        return streams and (text or (self.rows is None and bool(self.conditions)))

    def summed(self) -> list[pl.DataFrame]:
        """The tallies of all batches, added up as they come."""
        parts = (
            self.collect(self.tallied(batch, span)) for batch, span in self.batches()
        )
        nothing = self.tallied(self.asked(self.lf.clear()), (0, 0))
        return tree_sum(parts, tallies.added_up, width=_WIDTH) or self.collect(nothing)

    def batches(self) -> Iterator[tuple[pl.LazyFrame, tuple[int, int]]]:
        """The records asked for, in batches, and a span that holds their instants."""
        if survey.was_text(self.schema):
            for batch in self.read(self.lf):
                yield self.asked(batch), self.span(batch)
        else:
            span = self.span(self.lf)
            for batch in self.read(self.asked(self.lf)):
                yield batch, span

    def asked(self, lf: pl.LazyFrame) -> pl.LazyFrame:
        """What is counted of the records that are asked for."""
        counted = (*self.by, "created_at", "status", *DIMENSIONS)
        return filters.narrowed(lf, self.conditions).select(counted)

    def tallied(self, lf: pl.LazyFrame, span: tuple[int, int]) -> list[pl.LazyFrame]:
        """The tallies of days and of each dimension, instants being in a span."""
        timezone = self.scope.timezone
        first, last = self.query.period(timezone).within(span)
        unit = survey.time_unit(self.schema)
        created_at = pl.col("created_at")
        day = days.local_day(created_at, timezone, unit=unit, first=first, last=last)
        dated = lf.with_columns(day=day)
        few = self.rows is not None and self.rows < _FEW_ROWS
        keyed = [(dated, "day"), *((lf, name) for name in DIMENSIONS)]
        return [tallies.tally(lf, key, by=self.by, few=few) for lf, key in keyed]

    def labelled(self, plans: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
        """The trend and the breakdowns of their tallies."""
        kind = tallies.outcome(pl.col("status"), self.layout, self.schema["status"])
        trend, *others = plans
        return [
            tallies.daily_trend(trend, kind, by=self.by),
            *(
                tallies.breakdown(tally, name, kind, by=self.by)
                for tally, name in zip(others, DIMENSIONS, strict=True)
            ),
        ]

    def span(self, lf: pl.LazyFrame) -> tuple[int, int]:
        """The span of a frame's instants; raises if one of them cannot be counted."""
        [surveyed] = self.collect([survey.survey(lf)])
        first, last, unreadable = surveyed.fill_null(0).row(0)
        earliest, latest = days.countable_seconds(self.scope.timezone)
        if unreadable or first < earliest or last > latest:
            [rows] = self.collect([survey.uncountable(self.lf, self.scope.timezone)])
            faults = survey.uncountable_faults(rows, self.scope.timezone)
            raise InvalidRecordsError(*faults)
        return first, last

    def read(self, lf: pl.LazyFrame) -> Iterator[pl.LazyFrame]:
        """A plan's rows in batches; no Polars error reaches the caller."""
        try:
            batches = lf.collect_batches(chunk_size=_BATCH_ROWS, maintain_order=False)
            for df in batches:
                yield df.lazy()
        except READ_ERRORS as error:
            msg = f"records: cannot be read: {error}"
            raise InvalidRecordsError(msg) from error

    def collect(self, plans: list[pl.LazyFrame]) -> list[pl.DataFrame]:
        """Run plans as one; no Polars error reaches the caller."""
        fitting: Engine = "in-memory" if self.small else "streaming"
        engine = fitting if self.engine == "auto" else self.engine
        flags = pl.QueryOptFlags(comm_subplan_elim=not self.small)
        try:
            return pl.collect_all(plans, engine=engine, optimizations=flags)
        except READ_ERRORS as error:
            msg = f"records: cannot be read: {error}"
            raise InvalidRecordsError(msg) from error


def _rows(records: Records) -> int | None:
    """How many records there are, if they can tell."""
    return len(records) if isinstance(records, Sized) else None


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
