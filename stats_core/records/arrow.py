"""Arrow streams to a Polars frame; pandas frames column by column."""

from typing import Any

import polars as pl

from stats_core.errors import InvalidRecordsError, first_line
from stats_core.request import Request
from stats_core.typing import ArrowStream, Document


def arrow_records(
    stream: ArrowStream, request: Request
) -> pl.DataFrame | list[Document]:
    """Return the records of an Arrow stream.

    Columns of a pandas or pyarrow table that the request does not read are not
    converted, so they cannot be at fault; of pandas they become null. A pandas frame
    whose read columns hold other Python objects than text is returned as documents.

    Raises:
        InvalidRecordsError: The stream cannot be read, or a column that the request
            reads has its name twice.
    """
    library = type(stream).__module__.partition(".")[0]
    try:
        if library == "pandas":
            return _pandas_records(stream, request)
        return pl.DataFrame(_arrow_table(stream) if library == "pyarrow" else stream)
    except InvalidRecordsError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        msg = f"records: the Arrow stream cannot be read: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _pandas_records(frame: Any, request: Request) -> pl.DataFrame | list[Document]:  # noqa: ANN401 - a pandas frame
    names = [str(name) for name in frame.columns]
    read = [name for name in dict.fromkeys(names) if _is_read(name, request)]
    twice = [name for name in read if names.count(name) > 1]
    if twice:
        raise InvalidRecordsError(
            *(f"`{name}`: more than one column" for name in twice)
        )
    columns = {name: _utc(frame.iloc[:, names.index(name)]) for name in read}
    found = [_faithful(name, column) for name, column in columns.items()]
    series = [each for each in found if each is not None]
    if len(series) == len(columns):
        others = [name for name in dict.fromkeys(names) if name not in columns]
        nulls = [pl.Series(name, [None] * len(frame), pl.Null) for name in others]
        return pl.DataFrame([*series, *nulls])
    values = zip(*(column.tolist() for column in columns.values()), strict=True)
    return [dict(zip(read, row, strict=True)) for row in values]


def _is_read(name: str, request: Request) -> bool:
    layout = request.layout
    paths = [*layout.columns().values(), *(layout.search or ())]
    by_search = bool(request.patterns) and layout.search is None
    return by_search or any(f"{path}.".startswith(f"{name}.") for path in paths)


def _utc(column: Any) -> Any:  # noqa: ANN401 - a pandas column
    """Return instants with a zone in UTC: Polars does not know every fixed offset."""
    zoned = getattr(column.dtype, "tz", None) is not None
    return column.dt.tz_convert("UTC") if zoned else column


def _faithful(name: str, column: Any) -> pl.Series | None:  # noqa: ANN401 - a pandas column
    """Return a column as Arrow converts it; None for Python objects other than text."""
    objects = column.dtype == object
    try:
        series = pl.Series(name, column)
    except Exception:  # noqa: BLE001 - Arrow has no type for them, or is not installed
        return None
    return None if objects and series.dtype not in {pl.String, pl.Null} else series


def _arrow_table(stream: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the stream with instants of fixed offsets in UTC."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    fields = [
        field.with_type(pa.timestamp(field.type.unit, "UTC"))
        if pa.types.is_timestamp(field.type) and (field.type.tz or "")[:1] in {"+", "-"}
        else field
        for field in stream.schema
    ]
    schema = pa.schema(fields)
    return stream if schema.equals(stream.schema) else stream.cast(schema)
