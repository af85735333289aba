"""The request as conditions on the canonical frame, one small function per filter.

Each returns an expression that is true for the records to keep; null and false drop a
record. The filters are independent; `apply_filters` applies them in a fast order.
"""

from collections.abc import Sequence

import polars as pl

from stats_core.bounds import Period
from stats_core.engine.labels import COSTLY, label_filters
from stats_core.query import AppointmentType
from stats_core.records.instants import time_unit
from stats_core.request import Request
from stats_core.schema import dimension_column
from stats_core.text import in_any_case

_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6}
_INTEGRATION = {"integration_id", "integration_id_invalid"}
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def record_filters(request: Request, schema: pl.Schema) -> list[pl.Expr]:
    """Return all filters of a request but the scope, the cheapest first.

    >>> request = Request(query={"appointment_type": "NP"})
    >>> len(record_filters(request, pl.Schema({"appointment_type": pl.String()})))
    1
    """
    filters = []
    if request.query.appointment_type is not None:
        filters.append(of_type(request.query.appointment_type, schema))
    filters += created_within(request.period, schema)
    filters += label_filters(request)
    filters += map(matching, request.patterns)
    return filters


def apply_filters(lf: pl.LazyFrame, filters: Sequence[pl.Expr]) -> pl.LazyFrame:
    """Keep the records that pass all filters, costly ones after the others.

    >>> lf = pl.LazyFrame({"text": ["ana", "eva"], "appointment_type": ["NP", "NP"]})
    >>> of_np = of_type(AppointmentType.NP, lf.collect_schema())
    >>> apply_filters(lf, [of_np, containing("Eva")]).collect()["text"].to_list()
    ['eva']
    """
    for condition in filters:
        if condition.meta.output_name() == COSTLY:
            # Polars would merge this costly filter with those before it and look into
            # every row. It cannot do so with a filter on a new column.
            [column] = condition.meta.root_names()
            lf = lf.with_columns(pl.col(column).cast(pl.String).str.slice(0))
        lf = lf.filter(condition)
    return lf


def scope(request: Request, schema: pl.Schema) -> pl.Expr | None:
    """Return the condition on the integration; None where all records are pooled.

    Where each integration is counted, records without one belong to none. An id that
    cannot be read is not absent, so that it is reported.

    >>> scope(Request(), pl.Schema())
    """
    if request.integration_id is not None:
        return of_integration(request.integration_id, schema)
    if not request.by_integration:
        return None
    ids = [name for name in schema if name in _INTEGRATION]
    return pl.any_horizontal(pl.col(name).is_not_null() for name in ids)


def scoped(lf: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Keep records of the integration first, so that no other can cause a fault.

    >>> lf = pl.LazyFrame({"integration_id": ["0" * 24, None]})
    >>> scoped(lf, Request(integration_id="0" * 24)).collect().height
    1
    """
    condition = scope(request, lf.collect_schema())
    return lf if condition is None else lf.filter(condition)


def selected(lf: pl.LazyFrame, request: Request) -> pl.LazyFrame:
    """Keep the records that a request selects, and the columns that are counted.

    >>> from stats_core.records.canonical import canonical_frame
    >>> frame = canonical_frame([{"created_at": None, "status": "error"}], Request())
    >>> selected(frame.lf, Request()).collect().width
    6
    """
    filters = record_filters(request, lf.collect_schema())
    counted = ["created_at", "status", *map(dimension_column, request.dimensions)]
    if request.by_integration:
        counted.append("integration_id")
    return apply_filters(scoped(lf, request), filters).select(counted)


def of_integration(integration_id: str, schema: pl.Schema) -> pl.Expr:
    """Keep records of one integration.

    >>> lf = pl.LazyFrame({"integration_id": ["5eb7cf5a86d9755df3a6c593", None]})
    >>> ours = of_integration("5eb7cf5a86d9755df3a6c593", lf.collect_schema())
    >>> lf.filter(ours).collect().height
    1
    """
    return _equals("integration_id", integration_id, schema)


def of_type(appointment_type: AppointmentType, schema: pl.Schema) -> pl.Expr:
    """Keep records of exactly this type, case included.

    >>> lf = pl.LazyFrame({"appointment_type": ["NP", "np", None]})
    >>> lf.filter(of_type(AppointmentType.NP, lf.collect_schema())).collect().rows()
    [('NP',)]
    """
    return _equals("appointment_type", appointment_type.value, schema)


def created_within(period: Period, schema: pl.Schema) -> list[pl.Expr]:
    """Keep records created in `period`; one condition per bound.

    Exact in every time unit: a bound between two ticks of the column means the next
    tick, or the nanosecond of a text. Undated records stay only where both bounds are
    open.

    >>> lf = pl.LazyFrame({"created_at": [0, 1_000]}, {"created_at": pl.Datetime("ms")})
    >>> early = created_within(Period(end=1_000_000_000), lf.collect_schema())
    >>> lf.filter(*early).collect().height
    1
    """
    filters = []
    if period.start is not None:
        filters.append(_at_or_after(period.start, schema))
    if period.end is not None:
        filters.append(_before(period.end, schema))
    return filters


def containing(keyword: str) -> pl.Expr:
    """Keep records whose `text` contains the keyword, literally, in any case.

    >>> lf = pl.LazyFrame({"text": ["Ana Souza +1 (555)", "Ana Maria"]})
    >>> lf.filter(containing("(555)")).collect().height
    1
    """
    return matching(in_any_case(keyword))


def matching(pattern: str) -> pl.Expr:
    """Keep records whose `text` matches a pattern of `text.in_any_case`.

    >>> pl.select(text=pl.lit("Ana")).filter(matching("[aA]na")).height
    1
    """
    return pl.col("text").str.contains(pattern).alias(COSTLY)


def _equals(column: str, value: str, schema: pl.Schema) -> pl.Expr:
    dtype = schema[column]
    if isinstance(dtype, pl.Enum) and value not in dtype.categories:
        return pl.lit(value=False)  # comparing with no category of an Enum raises
    return pl.col(column) == value


def _at_or_after(start: int, schema: pl.Schema) -> pl.Expr:
    tick = _tick(start, schema)
    if tick > _INT64_MAX:
        return pl.lit(value=False)
    return (pl.col("created_at") >= _instant(tick, schema)) | _within(start, schema)


def _before(end: int, schema: pl.Schema) -> pl.Expr:
    tick = _tick(end, schema)
    if tick > _INT64_MAX:
        return pl.col("created_at").is_not_null()
    return (pl.col("created_at") < _instant(tick, schema)) & ~_within(end, schema)


def _within(bound: int, schema: pl.Schema) -> pl.Expr:
    """Return whether a record is in the tick that holds a bound, but not before it."""
    per_tick = _NANOSECONDS[time_unit(schema)]
    if "created_at_nanosecond" not in schema or bound % per_tick == 0:
        return pl.lit(value=False)
    tick = _instant(bound // per_tick, schema)
    nanosecond = pl.col("created_at_nanosecond").fill_null(0)
    return (pl.col("created_at") == tick) & (nanosecond >= bound % per_tick)


def _tick(nanoseconds: int, schema: pl.Schema) -> int:
    """Return the first tick of the column's unit that is not before an instant."""
    return -(-nanoseconds // _NANOSECONDS[time_unit(schema)])


def _instant(tick: int, schema: pl.Schema) -> pl.Expr:
    """Return a literal of the column's type, so that a scan can use its statistics."""
    return pl.lit(max(tick, _INT64_MIN), schema["created_at"])
