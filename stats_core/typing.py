"""Types of the public arguments, for annotations."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol, runtime_checkable
from zoneinfo import ZoneInfo

import polars as pl
from typing_extensions import TypeAliasType  # pydantic brings it; 3.11 has none


@runtime_checkable
class ArrowStream(Protocol):
    """Anything with the Arrow PyCapsule interface: pyarrow, pandas, DuckDB and more."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule that holds an Arrow stream."""


class ObjectIdLike(Protocol):
    """An ObjectId of a MongoDB driver; its text is the id of an integration."""

    @property
    def generation_time(self) -> datetime:
        """When the id was made."""


Document = Mapping[str, Any]
Engine = Literal["auto", "in-memory", "streaming", "gpu"]
# These have names of their own, so that signatures are short in `help`.
IntegrationId = TypeAliasType("IntegrationId", str | ObjectIdLike)
Timezone = TypeAliasType("Timezone", str | ZoneInfo)
Records = TypeAliasType(
    "Records", pl.DataFrame | pl.LazyFrame | ArrowStream | Iterable[Document]
)
# The labels to keep, by dimension or `outcome`; one label may be plain text.
Where = TypeAliasType("Where", Mapping[str, str | Sequence[str]])
