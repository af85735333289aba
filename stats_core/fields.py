"""One field of the records as an expression: dotted paths, wrappers, instants."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from stats_core.text import INVISIBLE

UTC_MICROSECONDS = pl.Datetime("us", "UTC")

# ISO 8601's extended format; of its fraction, the first six digits are read.
_ISO_8601 = (
    rf"^{INVISIBLE}*"
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?:(:[0-5][0-9])(?:[.,]([0-9]{1,9}))?)?"
    r"(?:[Zz]|([+-](?:[01][0-9]|2[0-3])):?([0-5][0-9])?)?)?"
    rf"{INVISIBLE}*$"
)


class Field(NamedTuple):
    """A field's expression over the caller's frame, and its type."""

    expr: pl.Expr
    dtype: pl.DataType

    def is_text(self) -> bool:
        """Whether it holds text: `String`, `Categorical` or `Enum`."""
        return isinstance(self.dtype, pl.String | pl.Categorical | pl.Enum)


def find(schema: Mapping[str, pl.DataType], path: str) -> Field | None:
    """The field at a dotted path, a column that is the whole path coming first.

    MongoDB's Extended JSON wrappers (`{"$oid": …}`, `{"$date": …}`) are undone.

    >>> df = pl.DataFrame({"config": [{"utm_source": "ads"}]})
    >>> df.select(find(df.schema, "config.utm_source").expr).rows()
    [('ads',)]
    >>> find(df.schema, "config.utm_medium")
    """
    names = path.split(".")
    columns = list(schema)
    for count in range(len(names), 0, -1):
        head = ".".join(names[:count])
        if head in schema:
            # By its place: `pl.col` takes names like `*` and `^a$` for patterns.
            column = Field(pl.nth(columns.index(head)), schema[head])
            return _descend(column, names[count:])
    return None


def instants(text: pl.Expr) -> pl.Expr:
    """ISO 8601 text to `Datetime(us, UTC)`; null where it is none.

    Offsets may differ from row to row, and text without one is UTC. Polars' own
    inference turns such a mixture partly into null.

    >>> df = pl.DataFrame({"at": ["2024-05-01", "2024-05-01T02:00:00+02:00", "soon"]})
    >>> df.select(instants(pl.col("at")).dt.epoch("s")).rows()
    [(1714521600,), (1714521600,), (None,)]
    """
    part = text.str.extract_groups(_ISO_8601).struct.field
    clock = part("2").fill_null("00:00") + part("3").fill_null(":00")
    local = (part("1") + "T" + clock).str.strptime(
        pl.Datetime("us"), "%Y-%m-%dT%H:%M:%S", strict=False
    )
    fraction = part("4").str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    hours = part("5").cast(pl.Int64).fill_null(0)
    minutes = part("6").cast(pl.Int64).fill_null(0)
    west = part("5").str.starts_with("-").cast(pl.Int64).fill_null(0)
    offset = 60 * hours + (1 - 2 * west) * minutes
    utc = local.to_physical() + fraction - offset * 60_000_000
    return utc.cast(UTC_MICROSECONDS)


def _descend(field: Field, names: list[str]) -> Field | None:
    for name in names:
        inner = _member(field, name)
        if inner is None:
            return None
        field = inner
    return _unwrapped(field)


def _member(field: Field, name: str) -> Field | None:
    members = field.dtype.fields if isinstance(field.dtype, pl.Struct) else []
    for place, member in enumerate(members):
        if member.name == name:
            dtype = member.dtype
            assert isinstance(dtype, pl.DataType)  # noqa: S101 - a schema's are instances
            return Field(_select(field.expr, name, place, len(members)), dtype)
    return None


def _select(struct: pl.Expr, name: str, place: int, width: int) -> pl.Expr:
    if name != "*" and not name.startswith("^"):
        return struct.struct.field(name)
    # Such a name is taken for a pattern, and in Polars 2.1 an escaped one, or a place
    # in its stead, panics.
    numbered = struct.struct.rename_fields([str(number) for number in range(width)])
    return numbered.struct.field(str(place))


def _unwrapped(field: Field) -> Field:
    if inner := _member(field, "$oid"):
        return inner
    if inner := _member(field, "$date"):
        number = _member(inner, "$numberLong") or inner
        if number is inner and not inner.dtype.is_integer():
            return inner
        milliseconds = pl.Datetime("ms", "UTC")
        return Field(number.expr.cast(pl.Int64).cast(milliseconds), milliseconds)
    return field
