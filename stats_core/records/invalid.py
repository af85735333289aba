"""Values of a canonical frame that cannot be counted, and how they are reported."""

from collections.abc import Iterator, Sequence

import polars as pl

from stats_core import days
from stats_core.records.instants import is_from_text, time_unit
from stats_core.request import Request

_MAX_EXAMPLES, _MAX_SHOWN = 5, 40
_SUFFIX = "_invalid"
_ISO_8601 = "%Y-%m-%dT%H:%M:%SZ"
_KEYS = ("integration_id", "role", "out_of_range")
_INSTANT = pl.col("created_at")


def value_summary(lf: pl.LazyFrame) -> pl.LazyFrame:
    """Find the range of a canonical frame's instants, and count its invalid values.

    Returns:
        One row. `first`, `last`: `Int64`, Unix seconds, rounded down; null without any
        instant. `invalid`: `UInt32`.

    >>> at = pl.Series([86_400_000, None], dtype=pl.Datetime("ms"))
    >>> value_summary(pl.LazyFrame({"created_at": at})).collect().rows()
    [(86400, 86400, 0)]
    """
    schema = lf.collect_schema()
    invalid = [name for name in schema if name.endswith(_SUFFIX)]
    counts = [pl.col(name).count() for name in invalid] or [_NOTHING]
    return lf.select(*_RANGES[time_unit(schema)], invalid=pl.sum_horizontal(counts))


def invalid_values(
    lf: pl.LazyFrame, request: Request, scope: pl.Expr | None
) -> pl.LazyFrame:
    """Find the values of a canonical frame that cannot be counted.

    Args:
        lf: The canonical frame.
        request: Its zone decides which instants have a day.
        scope: Which records are examined; row numbers are those of the frame.

    Returns:
        One row per role, per integration where each is counted, and per kind of fault.
        `role: String`; `integration_id`; `out_of_range: Boolean`, for instants without
        a day; `count: UInt32`; `rows: List(UInt32)` and `values: List(String)`, the
        first few row numbers and their values, in no order.
    """
    schema = lf.collect_schema()
    first, last = days.countable_seconds(request.zone)
    seconds = _seconds(_INSTANT, time_unit(schema))
    # Polars panics where it writes the days that only other types reach.
    written = _INSTANT.dt.to_string(_ISO_8601) if is_from_text(schema) else pl.lit("")
    far = pl.when(~seconds.is_between(first, last)).then(written)
    roles = {
        name.removesuffix(_SUFFIX): pl.col(name)
        for name in schema
        if name.endswith(_SUFFIX)
    }
    whose = pl.col("integration_id") if request.by_integration else pl.lit(None)
    row = pl.col("row") if "row" in schema else pl.int_range(pl.len(), dtype=pl.UInt32)
    examined = lf.with_columns(row=row)
    examined = examined if scope is None else examined.filter(scope)
    found = [
        ("created_at", far, True),
        *((role, it, False) for role, it in roles.items()),
    ]
    parts = [
        examined.select(
            "row",
            role=pl.lit(role),
            integration_id=whose.cast(pl.String),
            out_of_range=pl.lit(out),
            value=value,
        ).filter(pl.col("value").is_not_null())
        for role, value, out in found
    ]
    examples = pl.col("row", "value").bottom_k_by("row", _MAX_EXAMPLES)
    return (
        pl.concat(parts)
        .group_by(_KEYS)
        .agg(pl.len().alias("count"), examples.name.suffix("s"))
        .sort(_KEYS)
    )


def invalid_value_faults(
    found: Sequence[pl.DataFrame], request: Request
) -> Iterator[str]:
    """Put the collected rows of `invalid_values` of all batches into words.

    >>> row = {"integration_id": None, "role": "source", "out_of_range": False}
    >>> row |= {"count": 1, "rows": [7], "values": ["[1]"]}
    >>> list(invalid_value_faults([pl.DataFrame([row])], Request()))
    ['`source`: 1 values are not text: [1] (row 7)']
    """
    kinds = pl.concat(found).group_by(*_KEYS, maintain_order=True)
    summed = kinds.agg(pl.col("count").sum(), pl.col("rows", "values").explode())
    columns = request.layout.columns()
    for key, role, out_of_range, count, rows, values in summed.iter_rows():
        wanted = _wanted(request) if role == "created_at" else "text"
        complaint = f"are not {wanted}"
        if out_of_range:
            complaint = f"are not on a day of the years 1 to 9999 in {request.timezone}"
        first = sorted(zip(rows, values, strict=True))[:_MAX_EXAMPLES]
        examples = ", ".join(
            f"{_printable(value)} (row {row})" if value else f"row {row}"
            for row, value in first
        )
        whose = "" if key is None else f"integration {key}: "
        yield f"{whose}`{columns[role]}`: {count} values {complaint}: {examples}"


def _wanted(request: Request) -> str:
    epoch = request.layout.epoch
    numbers = f" or whole numbers of `{epoch}` since 1970" if epoch else ""
    return f"ISO 8601 date-times{numbers}"


def _printable(text: str) -> str:
    """Return the beginning of a text, on one line."""
    return "".join(it if it.isprintable() else repr(it)[1:-1] for it in text)[
        :_MAX_SHOWN
    ]


def _seconds(instant: pl.Expr, unit: days.TimeUnit) -> pl.Expr:
    """Return Unix seconds, rounded down."""
    return instant.to_physical() // days.UNITS_PER_SECOND[unit]


# Built once, as many small answers need them.
_NOTHING = pl.lit(0, pl.UInt32)
_RANGES = {
    unit: (
        _seconds(_INSTANT.min(), unit).alias("first"),
        _seconds(_INSTANT.max(), unit).alias("last"),
    )
    for unit in days.UNITS_PER_SECOND
}
