import polars as pl
import pytest

from stats_core import schema
from tests import reference

OUTCOMES = [(name, pl.Int64()) for name in ("successful", "failed", "other")]


def test_dimensions_and_their_defaults_are_those_of_the_contract() -> None:
    assert list(schema.DIMENSIONS.items()) == list(reference.DEFAULTS.items())


def test_dimensions_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        schema.DIMENSIONS["source"] = "x"  # type: ignore[index]


def test_outcomes_are_those_of_the_contract() -> None:
    assert set(schema.OUTCOMES) == {*reference.WORDS.values(), "other"}


def test_the_partial_frame_has_the_columns_of_the_contract() -> None:
    expected = [
        *(("timezone", pl.String()), ("section", pl.String()), ("day", pl.Date())),
        *(("value", pl.String()), ("count", pl.Int64()), ("unset", pl.Int64())),
        *OUTCOMES,
    ]
    assert list(schema.PARTIAL_SCHEMA.items()) == expected
    keyed = [("integration_id", pl.String()), *expected]
    assert list(schema.BY_INTEGRATION_SCHEMA.items()) == keyed


def test_trends_and_breakdowns_have_the_columns_of_the_contract() -> None:
    assert list(schema.TRENDS_SCHEMA.items()) == [("day", pl.Date()), *OUTCOMES]
    assert list(schema.BREAKDOWN_SCHEMA.items()) == [
        *(("value", pl.String()), ("count", pl.Int64()), ("unset", pl.Int64())),
        *OUTCOMES,
    ]


def test_each_dimension_is_a_role_and_a_section() -> None:
    dimensions = ["source", "utm_source", "utm_medium", "utm_campaign"]
    needed = ["created_at", "status", "appointment_type", "integration_id"]
    assert list(schema.ROLES) == [*needed, *dimensions]
    assert list(schema.SECTIONS) == ["total", "undated", "trends", *dimensions]
