import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, ValidationError

from stats_core import (
    AppointmentsDashboard,
    appointment_statistics,
    appointments_dashboard,
)
from stats_core.results.response import (
    AppointmentsOverview,
    AppointmentTrend,
    StatsSource,
)
from tests import reference
from tests.strategies import DIMENSIONS, Case, cases, frame

# The response of the endpoint's published page: "Get Appointments Dashboard".
SAMPLE = (
    '{"overview":{"total":0},'
    '"trends":[{"_id":"2023-11-07T05:31:56Z","successful":0,"failed":0}],'
    '"source":[{"_id":"<string>","count":0}],'
    '"utm_source":[{"_id":"<string>","count":0}],'
    '"utm_medium":[{"_id":"<string>","count":0}],'
    '"utm_campaign":[{"_id":"<string>","count":0}]}'
)
PUBLISHED = {
    "overview": ("object", "Overview of total appointments in the date range"),
    "trends": (
        "object[]",
        (
            "List of appointment trends broken down by date, showing successful "
            "and failed counts"
        ),
    ),
    "source": (
        "object[]",
        "List of appointment sources with counts, showing where appointments originated",
    ),
    "utm_source": (
        "object[]",
        "Unique UTM source values with counts. Defaults to 'direct' when not set.",
    ),
    "utm_medium": (
        "object[]",
        "Unique UTM medium values with counts. Defaults to 'not set' when not set.",
    ),
    "utm_campaign": (
        "object[]",
        "Unique UTM campaign values with counts. Defaults to 'not set' when not set.",
    ),
}
TITLE = "AppointmentsDashboard"
DESCRIPTION = (
    "Response model for appointments dashboard data.",
    "Contains overview, trends, and source information for appointments.",
)
ITEMS = {
    "Appointments Overview": {"total": "integer"},
    "AppointmentTrend": {
        "_id": "date-time",
        "successful": "integer",
        "failed": "integer",
    },
    "StatsSource": {"_id": "string", "count": "integer"},
}


def schema() -> dict[str, Any]:
    return AppointmentsDashboard.model_json_schema(mode="serialization")


def test_the_fields_are_those_published() -> None:
    found = schema()
    properties = found["properties"]
    assert list(properties) == list(PUBLISHED)
    kinds = {}
    for name, prop in properties.items():
        kind = (
            "object" if "$ref" in prop else f"object{prop['type'] == 'array' and '[]'}"
        )
        kinds[name] = (kind, prop["description"])
    assert kinds == PUBLISHED
    assert found["title"] == TITLE
    assert all(line in found["description"] for line in DESCRIPTION)


def test_only_the_overview_is_required() -> None:
    assert AppointmentsDashboard.model_json_schema()["required"] == ["overview"]
    empty = AppointmentsDashboard.model_validate({"overview": {"total": 0}})
    assert json.loads(empty.model_dump_json(by_alias=True)) == {
        "overview": {"total": 0},
        "trends": [],
        **{name: [] for name in DIMENSIONS},
    }


@pytest.mark.parametrize("model", [AppointmentsOverview, AppointmentTrend, StatsSource])
def test_items_hold_the_published_fields(model: type[BaseModel]) -> None:
    found = model.model_json_schema()
    kinds = {
        name: prop.get("format", prop["type"])
        for name, prop in found["properties"].items()
    }
    assert kinds == ITEMS[found["title"]]
    assert found["required"] == list(kinds)
    assert found["additionalProperties"] is False


def test_every_breakdown_holds_the_same_items() -> None:
    properties = schema()["properties"]
    refs = {properties[name]["items"]["$ref"] for name in DIMENSIONS}
    assert refs == {"#/$defs/StatsSource"}
    assert properties["trends"]["items"]["$ref"] == "#/$defs/AppointmentTrend"


def test_the_published_sample_survives_to_the_last_byte() -> None:
    read = AppointmentsDashboard.model_validate_json(SAMPLE)
    assert read.model_dump_json(by_alias=True) == SAMPLE


@given(case=cases())
def test_the_response_is_that_of_the_reference_to_the_last_byte(case: Case) -> None:
    found = appointments_dashboard(
        frame(case.documents),
        case.query,
        where=case.where,
        layout=case.layout,
        timezone=case.zone,
    ).model_dump_json(by_alias=True)
    expected = reference.response(case.expected, case.zone, 1, 300)
    assert found == json.dumps(expected, separators=(",", ":"), ensure_ascii=False)
    assert AppointmentsDashboard.model_validate_json(found).overview.total == (
        case.expected.total
    )


def test_a_response_is_written_in_the_published_order() -> None:
    records = [
        {
            "created_at": "2024-05-01T23:30:00Z",
            "status": "success",
            "source": 'a"\u00e9',
        },
        {"created_at": "2024-05-02T09:00:00Z", "status": "failed", "utm_medium": "cpc"},
    ]
    found = appointments_dashboard(records, timezone="Asia/Kathmandu")
    assert found.model_dump_json(by_alias=True) == (
        '{"overview":{"total":2},'
        '"trends":[{"_id":"2024-05-01T18:15:00Z","successful":1,"failed":1}],'
        '"source":[{"_id":"a\\"\u00e9","count":1},{"_id":"not set","count":1}],'
        '"utm_source":[{"_id":"direct","count":2}],'
        '"utm_medium":[{"_id":"cpc","count":1},{"_id":"not set","count":1}],'
        '"utm_campaign":[{"_id":"not set","count":2}]}'
    )


def test_a_default_stands_once_beside_its_own_label() -> None:
    blank = {"created_at": None, "status": None}
    labels = ["not set", "Not Set", None, " not set\u200b"]
    stats = appointment_statistics([{**blank, "utm_medium": v} for v in labels])
    assert [(item.id, item.count) for item in stats.dashboard().utm_medium] == [
        ("not set", 3),
        ("Not Set", 1),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"Overview": {"total": 1}},
        {"overview": {"total": 1, "undated": 0}},
        {"trends": [{"_id": "2024-05-01T00:00:00Z", "successful": 1, "failed": 0, "other": 1}]},
        {"source": [{"_id": "a", "count": 1, "unset": 0}]},
    ],
)  # fmt: skip
def test_an_unknown_key_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        AppointmentsDashboard.model_validate({"overview": {"total": 0}} | change)


def test_a_response_is_never_changed() -> None:
    found = AppointmentsDashboard.model_validate_json(SAMPLE)
    assert hash(found) == hash(AppointmentsDashboard.model_validate_json(SAMPLE))
    with pytest.raises(ValidationError, match="frozen"):
        found.overview = AppointmentsOverview(total=1)  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        found.overview.total = 1  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        found.source[0].count = 1  # type: ignore[misc]


def test_items_may_be_named_as_python_names_them() -> None:
    at = datetime(2024, 5, 1, tzinfo=UTC)
    trend = AppointmentTrend.model_validate({"id": at, "successful": 1, "failed": 0})
    assert trend.id == at
    assert StatsSource.model_validate({"id": "a", "count": 1}).id == "a"


def test_the_repr_is_one_line_of_what_it_holds() -> None:
    answer = AppointmentsDashboard.model_validate(
        {"overview": {"total": 3}, "source": [{"_id": "a\n", "count": 3}]}
    )
    assert repr(answer) == (
        "AppointmentsDashboard(total=3, trends=0, source=1, utm_source=0, "
        "utm_medium=0, utm_campaign=0)"
    )
