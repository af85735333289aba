import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from hypothesis import example, given
from pydantic import ValidationError

from stats_core import (
    AppointmentStatistics,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.results.report import StatisticsReport
from stats_core.sample import integration_ids, sample_records
from tests.strategies import SEARCHED, Case, cases, frame

ID = integration_ids(1)[0]
RECORDS = sample_records(200).collect()
EMPTY = AppointmentStatistics.empty("Asia/Tokyo")


@example(Case([], {}, "UTC"))
@given(case=cases())
def test_a_report_has_the_whole_answer_and_its_request(case: Case) -> None:
    stats = appointment_statistics(
        frame(case.documents), case.query, timezone=case.zone, layout=SEARCHED
    )
    report = StatisticsReport.of(stats, case.query, layout=SEARCHED)
    found = report.model_dump()
    request = found.pop("request")
    assert {**found, "timezone": case.zone} == {
        **stats.to_dict(),
        "trends": tuple(stats.to_dict()["trends"]),
        "breakdowns": {
            name: tuple(rows) for name, rows in stats.to_dict()["breakdowns"].items()
        },
        "hours": None,
    }
    query = case.query
    assert request["query"] == {
        "appointment_type": query.appointment_type,
        "search": query.search,
        "start": query.start,
        "end": query.end,
    }
    assert (request["timezone"], request["integration_id"]) == (case.zone, None)
    assert StatisticsReport.model_validate_json(report.model_dump_json()) == report
    assert StatisticsReport.model_validate(report.model_dump()) == report


def test_the_json_has_its_request_in_it() -> None:
    query = StatisticsQuery(
        appointment_type="F/U",
        search="ana",
        start="2024-05-01",
        end="2024-05-02T03:04:05.000000006Z",
        size=5,
    )
    layout = RecordLayout(
        source="place",
        search=("patient",),
        successful={"Yes", "ok"},
        failed={"no"},
        breakdowns={"type": "appointment_type", "clinic": "place.clinic"},
        naive_timezone="America/Sao_Paulo",
        epoch="ms",
    )
    report = StatisticsReport.of(
        EMPTY,
        query,
        integration_id=ID,
        where={"outcome": "failed", "clinic": ["Mill", "Harbour"]},
        layout=layout,
    )
    assert json.loads(report.model_dump_json())["request"] == {
        "query": {
            "appointment_type": "F/U",
            "search": "ana",
            "start": "2024-05-01",
            "end": "2024-05-02T03:04:05.000000006Z",
        },
        "integration_id": ID,
        "where": {"clinic": ["Harbour", "Mill"], "outcome": ["failed"]},
        "timezone": "Asia/Tokyo",
        "layout": {
            "columns": RecordLayout(source="place").columns(),
            "breakdowns": {"clinic": "place.clinic", "type": "appointment_type"},
            "naive_timezone": "America/Sao_Paulo",
            "epoch": "ms",
            "search": ["patient"],
            "successful": ["ok", "yes"],
            "failed": ["no"],
        },
    }


def test_one_answer_has_one_text_in_every_process() -> None:
    code = (
        "from stats_core import AppointmentStatistics\n"
        "from stats_core.results.report import StatisticsReport\n"
        "empty = AppointmentStatistics.empty()\n"
        "print(StatisticsReport.of(empty).model_dump_json())"
    )
    found = {
        subprocess.run(  # noqa: S603 - our own interpreter, a literal script
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    expected = StatisticsReport.of(AppointmentStatistics.empty()).model_dump_json()
    assert found == {f"{expected}\n"}


def test_a_report_is_a_value() -> None:
    report = StatisticsReport.of(EMPTY)
    assert report == StatisticsReport.of(EMPTY)
    with pytest.raises(ValidationError, match="frozen"):
        report.total = 2  # type: ignore[misc]
    with pytest.raises(ValidationError, match="24"):
        StatisticsReport.of(EMPTY, integration_id="all")
    with pytest.raises(ValidationError, match="no dimension clinic"):
        StatisticsReport.of(EMPTY, where={"clinic": "Mill"})


@pytest.mark.parametrize("stats", [None, EMPTY.to_frame()], ids=["none", "frame"])
def test_only_statistics_have_a_report(stats: Any) -> None:
    with pytest.raises(TypeError, match=r"^stats: expected `AppointmentStatistics`"):
        StatisticsReport.of(stats)


def test_a_report_has_the_dimensions_of_its_layout() -> None:
    docs = [{"created_at": None, "status": "success", "clinic": "Mill"}]
    layout = RecordLayout(breakdowns={"clinic": "clinic"})
    stats = appointment_statistics(docs, layout=layout)
    plain = appointment_statistics(docs)
    other = RecordLayout(breakdowns={"city": "clinic"})
    for one, laid in ((plain, layout), (stats, other), (stats, RecordLayout())):
        with pytest.raises(ValueError, match=r"^`layout`: has source, .*; `stats`: so"):
            StatisticsReport.of(one, layout=laid)
    idle = StatisticsReport.of(EMPTY, layout=layout)
    assert idle == StatisticsReport.of(
        appointment_statistics([], layout=layout, timezone=EMPTY.timezone),
        layout=layout,
    )


def validate(schema: dict[str, Any], value: Any, defs: dict[str, Any]) -> None:
    """As much of JSON Schema as the report's has."""
    if "$ref" in schema:
        schema = defs[schema["$ref"].rsplit("/", 1)[-1]]
    kinds = {"object": dict, "array": list, "string": str, "integer": int}
    if "anyOf" in schema:
        errors = []
        for one in schema["anyOf"]:
            try:
                validate(one, value, defs)
            except (AssertionError, ValueError) as error:
                errors.append(error)
        assert len(errors) < len(schema["anyOf"]), errors
        return
    kind = schema["type"]
    assert (value is None) if kind == "null" else isinstance(value, kinds[kind])
    match schema.get("format"):
        case "date":
            assert str(date.fromisoformat(value)) == value
        case "date-time":
            assert datetime.fromisoformat(value).tzinfo == UTC
    if "enum" in schema:
        assert value in schema["enum"]
    if kind == "array":
        for item in value:
            validate(schema["items"], item, defs)
    if kind == "object":
        own = schema.get("properties", {})
        assert set(schema.get("required", ())) <= set(value)
        for name, item in value.items():
            validate(own.get(name) or schema["additionalProperties"], item, defs)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"start": "2024-05-01", "end": "2024-12-31T10:00:00.5Z"},
        {"appointmentType": "F/U", "search": "clinic"},
    ],
    ids=str,
)
def test_an_endpoint_of_ones_own_sends_what_its_openapi_says(
    query: dict[str, str],
) -> None:
    app = FastAPI()

    @app.get("/report")
    def report(asked: Annotated[StatisticsQuery, Query()]) -> StatisticsReport:
        stats = appointment_statistics(RECORDS, asked, integration_id=ID)
        return StatisticsReport.of(stats, asked, integration_id=ID)

    async def get(path: str) -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
            return (await web.get(path, params=query)).json()

    openapi, sent = asyncio.run(get("/openapi.json")), asyncio.run(get("/report"))
    response = openapi["paths"]["/report"]["get"]["responses"]["200"]
    schema = response["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/StatisticsReport"}
    schemas = openapi["components"]["schemas"]
    validate(schema, sent, schemas)
    assert ">>>" not in json.dumps(schemas)
    asked = StatisticsQuery.model_validate(query)
    stats = appointment_statistics(RECORDS, asked, integration_id=ID)
    expected = StatisticsReport.of(stats, asked, integration_id=ID)
    assert sent == json.loads(expected.model_dump_json())
    assert sent["total"] == stats.total > 0


def test_hours_that_were_counted_are_in_the_answer_and_in_its_report() -> None:
    docs = [{"created_at": "2024-05-06T09:30:00Z", "status": "failed"}]
    stats = appointment_statistics(docs, hours=True)
    assert stats.to_dict()["hours"] == stats.hours().to_dicts()
    report = StatisticsReport.of(stats)
    assert report.hours is not None
    [busy] = [each for each in report.hours if each.failed]
    assert (len(report.hours), busy.weekday, busy.hour) == (168, 1, 9)
    without = appointment_statistics(docs)
    assert "hours" not in without.to_dict()
    assert StatisticsReport.of(without).hours is None
