"""Every integration of an index at once, counted as the engine counts them."""

from collections.abc import Iterable, Iterator

import polars as pl

from stats_core.engine import integration_keys
from stats_core.engine.aggregation import with_day
from stats_core.engine.counting import summed_by_integration
from stats_core.engine.filters import apply_filters, created_within, of_type
from stats_core.index.beginnings import seconds
from stats_core.index.decoding import spans_of, values
from stats_core.index.segment import Segment, rows_where
from stats_core.index.spans import Span, rows_of
from stats_core.records.instants import UTC_MICROSECONDS
from stats_core.request import Request
from stats_core.schema import HOURS, dimension_column


def partial_frame(segments: Iterable[Segment], request: Request) -> pl.DataFrame:
    """Count the records that a request selects, of each integration.

    Returns:
        `BY_INTEGRATION_SCHEMA`, in its order.

    Raises:
        InvalidRecordsError: An id that no request could name.
    """
    codes = integration_keys.new_codes(request)
    counted = (
        integration_keys.preaggregate(df, codes, request)
        for segment in segments
        for span in spans_of(segment)
        for df in _selected(segment, span, request, codes)
    )
    return summed_by_integration(counted, codes, request)


def _selected(
    segment: Segment, span: Span, request: Request, codes: integration_keys.Codes
) -> Iterator[pl.DataFrame]:
    """Yield the counted columns of the selected records in a range, if there are any."""
    conditions = segment.conditions(request)
    rows = rows_where([span], conditions) if conditions else rows_of([span])
    texts = ("integration_id", "status", *map(dimension_column, request.dimensions))
    dtypes = {name: codes[name].dtype for name in texts}
    columns = values(segment, rows, request.layout, dtypes)
    lf = pl.LazyFrame(columns).cast({"created_at": UTC_MICROSECONDS})
    lf = lf.rename({"nanosecond": "created_at_nanosecond"}, strict=False)
    schema = lf.collect_schema()
    filters = [pl.col("integration_id").is_not_null()]
    filters += created_within(request.period, schema)
    if request.query.appointment_type is not None:
        filters.append(of_type(request.query.appointment_type, schema))
    dated = with_day(
        apply_filters(lf, filters), seconds(columns["created_at"]), request
    )
    hours = dimension_column(HOURS)
    if request.hours:
        dated = dated.with_columns(
            pl.col(hours).cast(pl.String).cast(codes[hours].dtype)
        )
        texts += (hours,)
    yield dated.select(*texts, "day").collect(engine="in-memory")
