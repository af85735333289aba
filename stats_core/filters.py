"""The query as conditions on the canonical frame, one small function a filter.

Each returns an expression that is true for the rows to keep; null and false drop a row.
They are independent of each other and may be applied in any order; `narrowed` applies
them in a fast one.
"""

from collections.abc import Iterable

import polars as pl

from stats_core.query import AppointmentType, Period, StatisticsQuery
from stats_core.text import in_any_case

_NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6}
_LEAST, _MOST = -(2**63), 2**63 - 1


def record_filters(
    query: StatisticsQuery,
    period: Period,
    schema: pl.Schema,
    integration_id: str | None = None,
) -> tuple[pl.Expr, ...]:
    """All that is asked of a record of a canonical frame with this schema.

    >>> schema = pl.Schema({"appointment_type": pl.String()})
    >>> len(record_filters(StatisticsQuery(appointment_type="NP"), Period(), schema))
    1
    """
    filters = []
    if integration_id is not None:
        filters.append(of_integration(integration_id, schema))
    if query.appointment_type is not None:
        filters.append(of_type(query.appointment_type, schema))
    filters += created_within(period, schema)
    filters += matching(query.keywords())
    return tuple(filters)


def narrowed(lf: pl.LazyFrame, filters: Iterable[pl.Expr]) -> pl.LazyFrame:
    """A frame's rows that pass all filters, each text searched in what others left.

    >>> lf = pl.LazyFrame({"text": ["ana", "eva"], "appointment_type": ["NP", "NP"]})
    >>> found = narrowed(
    ...     lf, [pl.col("appointment_type") == "NP", *matching(["a", "n"])]
    ... )
    >>> found.collect().rows()
    [('ana', 'NP')]
    """
    for condition in filters:
        if condition.meta.root_names() == ["text"]:
            # As it stands Polars would merge this look at the text, which is dear, with
            # the conditions before it and look at every row; at a new column it cannot.
            lf = lf.with_columns(text=pl.col("text").str.slice(0))
        lf = lf.filter(condition)
    return lf


def of_integration(integration_id: str, schema: pl.Schema) -> pl.Expr:
    """Whose `integration_id` is just this one.

    >>> lf = pl.LazyFrame({"integration_id": ["5eb7cf5a86d9755df3a6c593", None]})
    >>> ours = of_integration("5eb7cf5a86d9755df3a6c593", lf.collect_schema())
    >>> lf.filter(ours).collect().height
    1
    """
    return _equals("integration_id", integration_id, schema)


def of_type(appointment_type: AppointmentType, schema: pl.Schema) -> pl.Expr:
    """Whose `appointment_type` is just this one, case included.

    >>> lf = pl.LazyFrame({"appointment_type": ["NP", "np", None]})
    >>> lf.filter(of_type(AppointmentType.NP, lf.collect_schema())).collect().rows()
    [('NP',)]
    """
    return _equals("appointment_type", appointment_type.value, schema)


def created_within(period: Period, schema: pl.Schema) -> tuple[pl.Expr, ...]:
    """Whose `created_at` lies in a period: none to two conditions, one a bound.

    Exact in every time unit: a bound between two of a column's ticks moves up to the
    next. Undated records stay only when both bounds are open.

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
    return tuple(filters)


def matching(keywords: list[str]) -> tuple[pl.Expr, ...]:
    """In whose `text` each keyword occurs, as a literal, in any case; one a keyword.

    Long ones come first, as they occur in the fewest texts.

    >>> lf = pl.LazyFrame({"text": ["Ana Souza +1 (555)", "Ana Maria"]})
    >>> lf.filter(*matching(["(555)", "ANA"])).collect().height
    1
    """
    words = sorted(dict.fromkeys(keywords), key=len, reverse=True)
    return tuple(pl.col("text").str.contains(in_any_case(word)) for word in words)


def _equals(column: str, value: str, schema: pl.Schema) -> pl.Expr:
    dtype = schema[column]
    if isinstance(dtype, pl.Enum) and value not in dtype.categories:
        return pl.lit(value=False)  # comparing with no category of it would raise
    return pl.col(column) == value


def _at_or_after(start: int, schema: pl.Schema) -> pl.Expr:
    tick = _tick(start, schema)
    if tick > _MOST:
        return pl.lit(value=False)
    return pl.col("created_at") >= _instant(tick, schema)


def _before(end: int, schema: pl.Schema) -> pl.Expr:
    tick = _tick(end, schema)
    if tick > _MOST:
        return pl.col("created_at").is_not_null()
    return pl.col("created_at") < _instant(tick, schema)


def _tick(nanoseconds: int, schema: pl.Schema) -> int:
    """The first tick of the column's unit that is not before an instant."""
    dtype = schema["created_at"]
    assert isinstance(dtype, pl.Datetime)  # noqa: S101 - what makes the frame canonical
    return -(-nanoseconds // _NANOSECONDS[dtype.time_unit])


def _instant(tick: int, schema: pl.Schema) -> pl.Expr:
    """A literal of the column's own type, so that a scan can skip by its statistics."""
    return pl.lit(max(tick, _LEAST), schema["created_at"])
