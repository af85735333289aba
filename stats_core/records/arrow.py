"""Arrow streams to a Polars frame; pandas frames column by column."""

from typing import Any

import polars as pl

from stats_core.errors import Faults, InvalidRecordsError, first_line
from stats_core.request import Request
from stats_core.typing import ArrowStream, Document

_MAX_SHOWN, _MAX_DEPTH = 80, 100


def arrow_records(
    stream: ArrowStream, request: Request
) -> pl.DataFrame | list[Document]:
    """Return the records of an Arrow stream.

    Columns of pandas and pyarrow that the request does not read become null, so they
    cannot be at fault. A pandas frame whose read columns hold other Python objects than
    text is returned as documents.

    Raises:
        InvalidRecordsError: The stream cannot be read, or a column that the request
            reads has its name twice.
    """
    library = type(stream).__module__.partition(".")[0]
    try:
        if library == "pandas":
            return _pandas_records(stream, request)
        return pl.DataFrame(
            _read_columns(stream, request) if library == "pyarrow" else stream
        )
    except InvalidRecordsError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:
        msg = f"records: the Arrow stream cannot be read: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _pandas_records(frame: Any, request: Request) -> pl.DataFrame | list[Document]:  # noqa: ANN401 - a pandas frame
    names = [str(name) for name in frame.columns]
    by_search = bool(request.patterns) and request.layout.search is None
    read = [n for n in dict.fromkeys(names) if by_search or _is_named(n, request)]
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


def _is_named(name: str, request: Request) -> bool:
    """Return whether the layout names a column, or a field in it."""
    paths = [*request.layout.columns().values(), *(request.layout.search or ())]
    return any(f"{path}.".startswith(f"{name}.") for path in paths)


def _utc(column: Any) -> Any:  # noqa: ANN401 - a pandas column
    """Return instants with a zone in UTC: Polars does not know every fixed offset."""
    zoned = getattr(column.dtype, "tz", None) is not None
    return column.dt.tz_convert("UTC") if zoned else column


def _faithful(name: str, column: Any) -> pl.Series | None:  # noqa: ANN401 - a pandas column
    """Return a column as Arrow converts it; None for Python objects other than text."""
    from pandas.api.types import infer_dtype  # noqa: PLC0415 - the caller has it

    values = getattr(column.dtype, "categories", column)
    try:
        # Polars would crash on very deep values.
        if values.dtype == object and infer_dtype(values) not in {"string", "empty"}:
            return None
        return pl.Series(name, column)
    except Exception:  # noqa: BLE001 - Arrow has no type for them, or is not installed
        return None


def _read_columns(stream: Any, request: Request) -> Any:  # noqa: ANN401 - of pyarrow
    """Return a stream of pyarrow in which what the request does not read is null."""
    import pyarrow as pa  # noqa: PLC0415 - the caller has it

    by_search = bool(request.patterns) and request.layout.search is None
    types: dict[int, Any] = {}
    faults = Faults()
    for place, field in enumerate(stream.schema):
        searched = by_search and _is_arrow_text(field.type)
        if searched or _is_named(field.name, request):
            with faults.collected():
                types[place] = _supported(field)
        elif field.name not in stream.schema.names[:place]:
            types[place] = pa.null()
    faults.raise_if_any()
    names = [stream.schema.names[place] for place in types]
    schema = pa.schema(zip(names, types.values(), strict=True))
    batches = [stream] if isinstance(stream, pa.RecordBatch) else stream
    batches = batches.to_batches() if isinstance(batches, pa.Table) else batches
    chosen = (_chosen(batch, types, schema) for batch in batches)
    return pa.RecordBatchReader.from_batches(schema, chosen)


def _chosen(batch: Any, types: dict[int, Any], schema: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the columns of a batch at some places, each in its type."""
    import pyarrow as pa  # noqa: PLC0415 - not installed everywhere

    columns = [
        pa.nulls(len(batch)) if pa.types.is_null(dtype) else batch[place].cast(dtype)
        for place, dtype in types.items()
    ]
    return pa.record_batch(columns, schema=schema)


def _supported(field: Any) -> Any:  # noqa: ANN401 - of pyarrow
    """Return the type as which Polars reads a column.

    Raises:
        InvalidRecordsError: There is none.
    """
    import pyarrow as pa  # noqa: PLC0415 - not installed everywhere

    dtype = field.type
    if pa.types.is_timestamp(dtype) and (dtype.tz or "")[:1] in {"+", "-"}:
        dtype = pa.timestamp(dtype.unit, "UTC")
    if pa.types.is_decimal32(dtype) or pa.types.is_decimal64(dtype):
        dtype = pa.decimal128(dtype.precision, dtype.scale)
    found = f"found `{field.type!s:.{_MAX_SHOWN}}`"
    if _is_deep(dtype):  # Polars would crash
        msg = f"`{field.name}`: nested too deeply, {found}"
        raise InvalidRecordsError(msg)
    try:
        pl.Series(pa.array([], dtype))
    except (Exception, pl.exceptions.PanicException) as error:
        msg = f"`{field.name}`: expected another type, {found}"
        raise InvalidRecordsError(msg) from error
    return dtype


def _is_deep(dtype: Any) -> bool:  # noqa: ANN401 - of pyarrow
    level = [dtype]
    for _ in range(_MAX_DEPTH):
        level = [it.field(n).type for it in level for n in range(it.num_fields)]
    return bool(level)


def _is_arrow_text(dtype: Any) -> bool:  # noqa: ANN401 - of pyarrow
    values = str(dtype).removeprefix("dictionary<values=")
    return values.startswith(("string", "large_string"))
