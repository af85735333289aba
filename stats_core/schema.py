"""Dimensions, outcomes, and the schemas of every frame that holds an answer."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import polars as pl

NOT_SET = "not set"

# Each published dimension, and the label of a record whose value is unset. A layout can
# have more of them: `RecordLayout.dimensions` has all.
DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "source": NOT_SET,
        "utm_source": "direct",
        "utm_medium": NOT_SET,
        "utm_campaign": NOT_SET,
    }
)
OUTCOME, OUTCOMES = "outcome", ("successful", "failed", "other")
ROLES = ("created_at", "status", "appointment_type", "integration_id", *DIMENSIONS)

COUNTS = ("count", "unset", *OUTCOMES)
TRENDS_SCHEMA = pl.Schema({"day": pl.Date()} | dict.fromkeys(OUTCOMES, pl.Int64()))
BREAKDOWN_SCHEMA = pl.Schema({"value": pl.String()} | dict.fromkeys(COUNTS, pl.Int64()))

TOTAL, UNDATED, TRENDS = "total", "undated", "trends"
SECTIONS = (TOTAL, UNDATED, TRENDS, *DIMENSIONS)

# The section of weekdays and hours: `1 00` is Monday from 00:00 to 00:59.
HOURS = "hours"
HOURS_OF_WEEK = tuple(f"{day} {hour:02}" for day in range(1, 8) for hour in range(24))
HOURS_SCHEMA = pl.Schema(
    {"weekday": pl.Int8(), "hour": pl.Int8()} | dict.fromkeys(OUTCOMES, pl.Int64())
)

# The tidy form of an answer. Rows are sorted by integration (where each one is
# counted), section in the order of `all_sections`, day, count descending, value.
# A section that is not in `SECTIONS`, of hours or of a further dimension, ends with a marker, a row without a value whose
# counts are 0: so an answer tells that it was counted, even without a record.
PARTIAL_SCHEMA = pl.Schema(
    {"timezone": pl.String(), "section": pl.String(), "day": pl.Date()}
    | dict(BREAKDOWN_SCHEMA)
)
BY_INTEGRATION_SCHEMA = pl.Schema(
    {"integration_id": pl.String()} | dict(PARTIAL_SCHEMA)
)


def dimension_column(name: str) -> str:
    """Return the column of a dimension in a canonical frame.

    The column of a further dimension has a suffix: its name may be that of another
    column, such as `status`.

    >>> dimension_column("utm_source"), dimension_column("status")
    ('utm_source', 'status:breakdown')
    """
    return name if name in DIMENSIONS else f"{name}:breakdown"


def all_sections(found: Iterable[str]) -> tuple[str, ...]:
    """Return the sections of any answer, then hours and further dimensions by name.

    >>> all_sections(["type", "clinic", "total"])[-3:]
    ('utm_campaign', 'clinic', 'type')
    """
    return (*SECTIONS, *sorted(set(found).difference(SECTIONS)))
