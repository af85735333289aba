"""One question to one canonical frame; the only file that collects a scan."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import polars as pl

from stats_core import coded, days, filters, survey, tallies
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.partials import tree_sum
from stats_core.query import Scope, StatisticsQuery
from stats_core.records import reading

Engine = Literal["auto", "in-memory", "streaming", "gpu"]

# Below so many rows, to group twice costs more than it saves; and so does to start the
# streaming engine, or to look for what plans share.
_FEW_ROWS, _SMALL_ROWS = 2_000, 50_000
_BATCH_ROWS = 500_000
_WIDTH = 8  # of the tallies of so many batches the sum is taken at a time
# Each integration's records are few in a batch of that size: it would hold nearly as
# many groups as records. They are coded, and take a tenth of the room.
_CODED_ROWS = 4_000_000


@dataclass(frozen=True)
class Count:
    """One question to one canonical frame.

    Attributes:
        lf: The frame.
        query: Which of its records count.
        scope: Whose records, and whose days.
        layout: Which status words mean what.
        engine: Which Polars engine computes.
        rows: How many records there are, if that is known.
        by: Columns to keep apart.
    """

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

    @property
    def narrows(self) -> bool:
        """Whether anything is asked of a record."""
        return bool(self.conditions)

    @property
    def streams(self) -> bool:
        """Whether many records may be read a batch at a time."""
        return self.engine in {"auto", "streaming"}

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
        if self.by:
            return self.each()
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
        return self.streams and (text or (self.rows is None and self.narrows))

    def summed(self) -> list[pl.DataFrame]:
        """The tallies of all batches, added up as they come."""
        parts = (
            self.collect(self.tallied(batch, span)) for batch, span in self.batches()
        )
        nothing = self.tallied(self.asked(self.lf.clear()), (0, 0))
        return tree_sum(parts, tallies.added_up, width=_WIDTH) or self.collect(nothing)

    def each(self) -> list[pl.DataFrame]:
        """The same of each integration, its records counted as codes, batch by batch."""
        codes, status = coded.new_codes(), self.schema["status"]
        parts = (
            coded.tallied(df, codes, self.layout, status) for df in self.coded(codes)
        )
        return coded.decoded(coded.added_up(parts), codes)

    def coded(self, codes: coded.Codes) -> Iterator[pl.DataFrame]:
        """The records asked for as codes, in batches."""
        if self.streams and survey.was_text(self.schema):
            plans = self.batches()
        else:
            plans = iter([(self.asked(self.lf), self.span(self.lf))])
        for lf, span in plans:
            yield from self.read(
                coded.coded(lf, self.local_day(span), codes), _CODED_ROWS
            )

    def batches(self) -> Iterator[tuple[pl.LazyFrame, tuple[int, int]]]:
        """The records asked for, in batches, and a span that holds their instants."""
        if survey.was_text(self.schema):
            for df in self.read(self.lf, _BATCH_ROWS):
                batch = df.lazy()
                yield self.asked(batch), self.span(batch)
        else:
            span = self.span(self.lf)
            for df in self.read(self.asked(self.lf), _BATCH_ROWS):
                yield df.lazy(), span

    def asked(self, lf: pl.LazyFrame) -> pl.LazyFrame:
        """What is counted of the records that are asked for."""
        counted = (*self.by, "created_at", "status", *DIMENSIONS)
        return filters.narrowed(lf, self.conditions).select(counted)

    def tallied(self, lf: pl.LazyFrame, span: tuple[int, int]) -> list[pl.LazyFrame]:
        """The tallies of days and of each dimension, instants being in a span."""
        dated = lf.with_columns(day=self.local_day(span))
        few = self.rows is not None and self.rows < _FEW_ROWS
        keyed = [(dated, "day"), *((lf, name) for name in DIMENSIONS)]
        return [tallies.tally(lf, key, by=self.by, few=few) for lf, key in keyed]

    def local_day(self, span: tuple[int, int]) -> pl.Expr:
        """The day of each record, instants being in a span."""
        timezone = self.scope.timezone
        first, last = self.query.period(timezone).within(span)
        unit = survey.time_unit(self.schema)
        created_at = pl.col("created_at")
        return days.local_day(created_at, timezone, unit=unit, first=first, last=last)

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

    def read(self, lf: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
        """A plan's rows in batches, if the engine has such; raises as `collect`."""
        if not self.streams:
            yield from self.collect([lf])
            return
        with reading():
            yield from lf.collect_batches(chunk_size=rows, maintain_order=False)

    def collect(self, plans: list[pl.LazyFrame]) -> list[pl.DataFrame]:
        """Run plans as one; no Polars error reaches the caller."""
        fitting: Engine = "in-memory" if self.small else "streaming"
        engine = fitting if self.engine == "auto" else self.engine
        # Plans share what is left of the records; all of them each reads by itself, for
        # Polars holds in memory what it shares.
        shares = self.narrows and not self.small
        flags = pl.QueryOptFlags(comm_subplan_elim=shares)
        with reading():
            if engine == "gpu":  # which takes one plan at a time
                return [plan.collect(engine=engine) for plan in plans]
            return pl.collect_all(plans, engine=engine, optimizations=flags)
