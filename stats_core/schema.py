"""Dimensions, outcomes, and the schemas of every frame that holds an answer."""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

# Each dimension, and the label of a record whose value is unset.
DIMENSIONS: Mapping[str, str] = MappingProxyType(
    {
        "source": "not set",
        "utm_source": "direct",
        "utm_medium": "not set",
        "utm_campaign": "not set",
    }
)
OUTCOMES = ("successful", "failed", "other")
ROLES = ("created_at", "status", "appointment_type", "integration_id", *DIMENSIONS)

COUNTS = ("count", "unset", *OUTCOMES)
TRENDS_SCHEMA = pl.Schema({"day": pl.Date()} | dict.fromkeys(OUTCOMES, pl.Int64()))
BREAKDOWN_SCHEMA = pl.Schema({"value": pl.String()} | dict.fromkeys(COUNTS, pl.Int64()))

TOTAL, UNDATED, TRENDS = "total", "undated", "trends"
SECTIONS = (TOTAL, UNDATED, TRENDS, *DIMENSIONS)

# The tidy form of an answer. Rows are sorted by integration (where each one is
# counted), section in the order of `SECTIONS`, day, count descending, value.
PARTIAL_SCHEMA = pl.Schema(
    {"timezone": pl.String(), "section": pl.String(), "day": pl.Date()}
    | dict(BREAKDOWN_SCHEMA)
)
BY_INTEGRATION_SCHEMA = pl.Schema(
    {"integration_id": pl.String()} | dict(PARTIAL_SCHEMA)
)
