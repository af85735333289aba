"""One field of the records: dotted paths and the wrappers of Extended JSON."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import polars as pl

# Wrappers of MongoDB's Extended JSON around text.
EXTENDED_JSON = ("$oid", "$numberLong", "$numberInt", "$numberDecimal")


class Field(NamedTuple):
    """A field: an expression over the caller's frame, and its type."""

    expr: pl.Expr
    dtype: pl.DataType

    def is_text(self) -> bool:
        """Return whether the type is `String`, `Categorical` or `Enum`."""
        return isinstance(self.dtype, pl.String | pl.Categorical | pl.Enum)


def find(schema: Mapping[str, pl.DataType], path: str) -> Field | None:
    """Return the field at a dotted path; None where it is absent.

    A column whose name is the whole path comes first. Wrappers of MongoDB's Extended
    JSON (`{"$oid": …}`, `{"$date": …}`, `{"$numberLong": …}`) are removed.

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
            # By position: `pl.col` takes names such as `*` and `^a$` for patterns.
            column = Field(pl.nth(columns.index(head)), schema[head])
            return _descend(column, names[count:])
    return None


def names_in(schema: Mapping[str, pl.DataType], path: str) -> list[str]:
    """Return the names of the fields of the struct at a path; none without a struct.

    >>> names_in({"config": pl.Struct({"utm_source": pl.String()})}, "config")
    ['utm_source']
    """
    found = find(schema, path)
    if found is None or not isinstance(found.dtype, pl.Struct):
        return []
    return [member.name for member in found.dtype.fields]


def names_beside(
    path: str, names_at: Callable[[str], Sequence[str]]
) -> tuple[str, Sequence[str]] | None:
    """Return what holds an absent nested field, and the names in it.

    Args:
        path: The dotted path of the field.
        names_at: Returns the names in the struct or object at a path.

    Returns:
        The longest path above it at which there are names; None if there is none.

    >>> names_beside("a.b.c", {"a.b": ["d"], "a": ["b"]}.get)
    ('a.b', ['d'])
    """
    above = path
    while "." in above:
        above = above.rpartition(".")[0]
        if names := names_at(above):
            return above, names
    return None


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
    # Polars takes such a name for a pattern. In Polars 2.1 an escaped name, or a
    # position, panics.
    numbered = struct.struct.rename_fields([str(number) for number in range(width)])
    return numbered.struct.field(str(place))


def _unwrapped(field: Field) -> Field:
    members = field.dtype.fields if isinstance(field.dtype, pl.Struct) else []
    if len(members) != 1 or (inner := _member(field, members[0].name)) is None:
        return field
    match members[0].name:
        case "$date":
            return _exported_instant(inner)
        case "$numberDouble":
            return Field(inner.expr.cast(pl.Float64), pl.Float64())
        case name if name in EXTENDED_JSON:
            return inner
    return field


def _exported_instant(inner: Field) -> Field:
    number = _member(inner, "$numberLong") or inner
    if number is inner and not inner.dtype.is_integer():
        return inner
    milliseconds = pl.Datetime("ms", "UTC")
    return Field(number.expr.cast(pl.Int64).cast(milliseconds), milliseconds)
