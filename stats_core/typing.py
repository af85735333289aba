"""Types of the public arguments, for annotations."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Protocol, runtime_checkable

import polars as pl


@runtime_checkable
class ArrowStream(Protocol):
    """Anything with the Arrow PyCapsule interface: pyarrow, pandas, DuckDB and more."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule that holds an Arrow stream."""


Document = Mapping[str, Any]
Records = pl.DataFrame | pl.LazyFrame | ArrowStream | Iterable[Document]
Engine = Literal["auto", "in-memory", "streaming", "gpu"]
