import asyncio
import json
from typing import Annotated, Any

import httpx
import polars as pl
import pytest
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from stats_core import AppointmentsDashboard, StatisticsQuery, appointments_dashboard
from tests import reference
from tests.strategies import IDS, TYPES

RECORDS: list[dict[str, Any]] = [
    {
        "integration_id": key,
        "created_at": f"2024-05-0{1 + number % 3}T23:30:00Z",
        "status": ["Success", "failed", "cancelled", None][number % 4],
        "appointment_type": TYPES[number % 2],
        "utm_source": ["ads", None, "mail", "ads", ""][number % 5],
        "patient": ["Ana Souza", "Bel (555)"][number % 2],
    }
    for number, key in enumerate(IDS[:2] * 10)
]
URL = "/integrations/v2/resource-records/{}/appointments/statistics"
app = FastAPI()


@app.get(URL.format("{integration_id}"))
def statistics(
    integration_id: Annotated[str, Path(pattern="^[0-9a-f]{24}$")],
    query: Annotated[StatisticsQuery, Query()],
) -> AppointmentsDashboard:
    """Answer as the README's example does."""
    frame = pl.DataFrame(RECORDS)
    return appointments_dashboard(frame, query, integration_id=integration_id)


@app.exception_handler(ValidationError)
def unprocessable(_: Request, error: ValidationError) -> JSONResponse:
    return JSONResponse(json.loads(error.json(include_context=False)), 422)


def get(integration_id: str, params: dict[str, str] | None = None) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
            return await web.get(URL.format(integration_id), params=params)

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"appointmentType": "F/U"},
        {"search": "(555) bel"},
        {"start": "2024-05-02", "end": "2024-05-02"},
        {"start": "2024-05-01T23:30:00Z", "end": "2024-05-02T23:29:59.999+00:00"},
        {"page": "2", "size": "1"},
        {"appointmentType": "NP", "search": "ana", "end": "2024-05-02", "size": "1"},
    ],
    ids=str,
)
def test_a_request_gets_the_answer_of_the_reference(params: dict[str, str]) -> None:
    answer = get(IDS[1], params)
    assert answer.status_code == 200
    asked: dict[str, Any] = dict(params)
    page, size = int(asked.pop("page", 1)), int(asked.pop("size", 300))
    ask = {"appointment_type": asked.pop("appointmentType", None), **asked}
    found = reference.answer(RECORDS, ask, integration_id=IDS[1], searched=["patient"])
    expected = reference.response(found, "UTC", page, size)
    assert answer.text == json.dumps(expected, separators=(",", ":"))


def test_an_unknown_integration_gets_an_empty_answer() -> None:
    answer = get("f" * 24)
    assert (answer.status_code, answer.json()["overview"]) == (200, {"total": 0})


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"page": "0"}, "page", "greater than or equal to 1"),
        ({"page": "1.5"}, "page", "valid integer"),
        ({"size": "-1"}, "size", "greater than or equal to 1"),
        ({"size": "all"}, "size", "valid integer"),
        ({"start": "1714521600"}, "start", "expected an ISO 8601 date"),
        ({"end": "yesterday"}, "end", "expected an ISO 8601 date"),
        ({"search": "a" * 1_001}, "search", "at most 1000 characters, got 1001"),
        ({"startDate": "2024-05-01"}, "startDate", "Extra inputs are not permitted"),
        (
            {"start": "2024-05-02T00:00:00Z", "end": "2024-05-01"},
            "end",
            "`start` is after `end`",
        ),
        # Versions of FastAPI name these in different ways.
        ({"appointmentType": "np"}, None, "or 'RAP_ACCESS'"),
        (
            {"start": "2024-05-02", "end": "2024-05-01"},
            None,
            "`start` is after `end`",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_query_is_unprocessable(
    params: dict[str, str], field: str | None, message: str
) -> None:
    answer = get(IDS[0], params)
    assert answer.status_code == 422
    body = answer.json()
    [error] = body["detail"] if isinstance(body, dict) else body
    assert message in error["msg"]
    assert field in {None, error["loc"][-1]}


@pytest.mark.parametrize("key", ["all", IDS[0].upper(), IDS[0] + "0"])
def test_a_malformed_integration_is_unprocessable(key: str) -> None:
    answer = get(key)
    assert answer.status_code == 422
    assert [error["loc"][-1] for error in answer.json()["detail"]] == ["integration_id"]


def test_the_parameters_are_documented_as_published() -> None:
    operation = app.openapi()["paths"][URL.format("{integration_id}")]["get"]
    parameters = {p["name"]: p for p in operation["parameters"]}
    assert [(p["in"], name, p["required"]) for name, p in parameters.items()] == [
        ("path", "integration_id", True),
        *(("query", name, False) for name in
          ("appointmentType", "size", "page", "search", "start", "end")),
    ]  # fmt: skip
    schemas = {name: p["schema"] for name, p in parameters.items()}
    assert schemas["integration_id"]["pattern"] == "^[0-9a-f]{24}$"
    for name, default in (("size", 300), ("page", 1)):
        schema = schemas[name]
        assert (schema["type"], schema["default"], schema["minimum"]) == ("integer", default, 1)  # fmt: skip
    for name in ("start", "end"):
        kinds = schemas[name]["anyOf"]
        assert {"type": "string", "format": "date-time"} in kinds
        assert {"type": "null"} in kinds
    assert parameters["search"]["description"] == "Search keywords"
    answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/AppointmentsDashboard"}
    types = app.openapi()["components"]["schemas"]["AppointmentType"]["enum"]
    assert types == list(TYPES)
