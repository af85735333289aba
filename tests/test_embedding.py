import ast
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import polars as pl
import pytest

from tests import reference
from tests.strategies import IDS, TYPES

EMBEDDING = Path(__file__).parent / "embedding"
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
TODAY = [it for it in RECORDS if it["created_at"] > "2024-05-03"]
SETTLED = [it for it in RECORDS if it["created_at"] < "2024-05-03"]
KEYS = {"key of the first": [IDS[0]], "key of the second": [IDS[1], "f" * 24]}
FIRST, SECOND = KEYS
ZONE = "Asia/Tokyo"
PATH = "/integrations/v2/resource-records/{integration_id}/appointments/statistics"


class Service(NamedTuple):
    web: httpx.Client
    process: int
    folder: Path

    def ask(
        self,
        params: dict[str, str] | None = None,
        *,
        key: str | None = SECOND,
        own: str = IDS[1],
    ) -> httpx.Response:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        url = PATH.format(integration_id=own)
        return self.web.get(url, params=params, headers=headers)

    def write_today(self, records: Sequence[dict[str, Any]]) -> None:
        written = self.folder / "written"
        pl.DataFrame(records).write_parquet(written)
        written.rename(self.folder / "today.parquet")

    def resident_kilobytes(self) -> int:
        status = Path(f"/proc/{self.process}/status").read_text("utf-8")
        return int(status.split("VmRSS:")[1].split()[0])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("appointments")
    pl.DataFrame(SETTLED).write_parquet(folder / "settled.parquet")
    pl.DataFrame(TODAY).write_parquet(folder / "today.parquet")
    names = {"APPOINTMENTS": str(folder), "API_KEYS": json.dumps(KEYS)}
    names["TIMEZONE"] = ZONE
    command = (
        *(sys.executable, "-m", "uvicorn", "service:app", "--app-dir", EMBEDDING),
        *("--port", "0", "--no-access-log", "--no-use-colors"),
    )
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, **names})  # noqa: S603 - our own interpreter
    try:
        url = address(process, folder / "log")
        with httpx.Client(base_url=url, timeout=60) as web:
            yield Service(web, process.pid, folder)
    finally:
        process.terminate()
        process.wait()


def address(process: subprocess.Popen[bytes], log: Path) -> str:
    while process.poll() is None:
        if found := re.search(r"running on (http://\S+)", log.read_text("utf-8")):
            return found[1]
        time.sleep(0.05)
    pytest.fail(log.read_text("utf-8"))


@pytest.fixture(scope="module")
def openapi(service: Service) -> Any:
    return service.web.get("/openapi.json").json()


def resolved(schema: Any, schemas: dict[str, Any]) -> Any:
    # Without what is said by pydantic only: titles, and that nothing else is allowed.
    match schema:
        case {"$ref": str(name), **more}:
            return resolved(schemas[name.rsplit("/", 1)[-1]] | more, schemas)
        case dict():
            return {
                key: resolved(value, schemas)
                for key, value in schema.items()
                if key not in {"title", "additionalProperties"}
            }
        case list():
            return [resolved(value, schemas) for value in schema]
    return schema


def or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"appointmentType": "F/U"},
        {"appointmentType": "", "search": " ", "start": "", "end": ""},
        {"search": "(555) bel"},
        {"start": "2024-05-02", "end": "2024-05-02"},
        {"start": "2024-05-01T23:30:00Z", "end": "2024-05-02T23:29:59.999+00:00"},
        {"page": "2", "size": "1"},
        {"appointmentType": "NP", "search": "ana", "end": "2024-05-02", "size": "1"},
    ],
    ids=str,
)
def test_a_request_gets_the_answer_of_the_reference(
    service: Service, params: dict[str, str]
) -> None:
    asked = {name: value for name, value in params.items() if value.strip()}
    page, size = int(asked.pop("page", 1)), int(asked.pop("size", 300))
    ask = {"appointment_type": asked.pop("appointmentType", None), **asked}
    found = reference.answer(
        RECORDS, ask, integration_id=IDS[1], timezone=ZONE, searched=["patient"]
    )
    expected = reference.response(found, ZONE, page, size)
    answer = service.ask(params)
    assert (answer.status_code, answer.headers["content-type"]) == (
        *(200, "application/json"),
    )
    assert answer.text == json.dumps(expected, separators=(",", ":"))


def test_the_request_of_the_page_gets_the_shape_of_the_page(service: Service) -> None:
    answer = service.ask(key=FIRST, own="5eb7cf5a86d9755df3a6c593").json()
    assert list(answer) == [
        *("overview", "trends", "source"),
        *("utm_source", "utm_medium", "utm_campaign"),
    ]
    assert answer["overview"] == {"total": 10}
    assert answer["trends"][0] == {
        "_id": "2024-05-01T15:00:00Z",
        "successful": 2,
        "failed": 0,
    }
    assert answer["source"] == [{"_id": "not set", "count": 10}]


def test_records_of_today_count_as_soon_as_they_are_there(service: Service) -> None:
    before = service.ask().json()
    more = {**TODAY[-1], "integration_id": IDS[1], "utm_source": "new"}
    try:
        service.write_today([*TODAY, more])
        after = service.ask().json()
    finally:
        service.write_today(TODAY)
    assert after["overview"]["total"] == before["overview"]["total"] + 1
    assert {"_id": "new", "count": 1} in after["utm_source"]
    assert service.ask().json() == before


def test_faulty_records_of_one_tenant_stop_nobody_else(service: Service) -> None:
    faulty = {**TODAY[0], "integration_id": IDS[0], "created_at": "soon"}
    before = service.ask().json()
    try:
        service.write_today([*TODAY, faulty])
        # Uvicorn closes the connection of a request that fails.
        with httpx.Client(base_url=service.web.base_url) as web:
            broken = service._replace(web=web).ask(key=FIRST, own=IDS[0])
        other = service.ask()
    finally:
        service.write_today(TODAY)
    assert (broken.status_code, broken.text) == (500, "Internal Server Error")
    assert "not ISO 8601 date-times: 'soon'" in (service.folder / "log").read_text(
        "utf-8"
    )
    assert (other.status_code, other.json()) == (200, before)


@pytest.mark.parametrize("key", [None, "key of nobody", IDS[1]])
def test_a_request_without_a_good_key_is_unauthorised(
    service: Service, key: str | None
) -> None:
    answer = service.ask(key=key)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert list(answer.json()) == ["detail"]


def test_the_id_of_another_tenant_is_not_found_like_one_of_nobody(
    service: Service,
) -> None:
    for own in (IDS[1], "0" * 24):
        answer = service.ask(key=FIRST, own=own)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_a_tenant_without_records_gets_an_empty_answer(service: Service) -> None:
    answer = service.ask(own="f" * 24)
    assert (answer.status_code, answer.json()["overview"]) == (200, {"total": 0})


@pytest.mark.parametrize(
    ("params", "field", "message"),
    [
        ({"page": "0"}, "page", "greater than or equal to 1"),
        ({"page": "1.5"}, "page", "valid integer"),
        ({"size": "0"}, "size", "greater than or equal to 1"),
        ({"size": "-1"}, "size", "greater than or equal to 1"),
        ({"size": "all"}, "size", "valid integer"),
        ({"start": "1714521600"}, "start", "expected an ISO 8601 date"),
        ({"end": "yesterday"}, "end", "expected an ISO 8601 date"),
        ({"search": "a" * 1_001}, "search", "at most 1000 characters, got 1001"),
        ({"startDate": "2024-05-01"}, "startDate", "Extra inputs are not permitted"),
        ({"appointmentType": "np"}, "appointmentType", "or 'RAP_ACCESS'"),
        (
            {"start": "2024-05-02", "end": "2024-05-01"},
            "end",
            "`start` is after `end`",
        ),
        # Only in the time zone of the service are these not in order.
        (
            {"start": "2024-05-01T15:00:00Z", "end": "2024-05-01"},
            "end",
            "`start` is after `end`",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_bad_query_is_unprocessable(
    service: Service, params: dict[str, str], field: str, message: str
) -> None:
    answer = service.ask(params)
    assert answer.status_code == 422
    [error] = answer.json()["detail"]
    assert message in error["msg"]
    # Not every version of FastAPI names the parameter by its alias.
    assert [it.replace("_t", "T") for it in error["loc"]] == ["query", field]


@pytest.mark.parametrize("own", ["all", IDS[1].upper(), IDS[1] + "0", IDS[1] + "%0A"])
def test_a_malformed_integration_is_unprocessable(service: Service, own: str) -> None:
    answer = service.ask(own=own)
    assert answer.status_code == 422
    [error] = answer.json()["detail"]
    assert error["loc"] == ["path", "integration_id"]


def test_fifty_requests_at_once_get_their_own_answers(service: Service) -> None:
    asked = [
        ({"page": str(1 + number % 3), "size": "1"}, *pair)
        for number in range(25)
        for pair in ((FIRST, IDS[0]), (SECOND, IDS[1]))
    ]

    def answer(one: tuple[dict[str, str], str, str]) -> str:
        params, key, own = one
        return service.ask(params, key=key, own=own).text

    alone = [answer(one) for one in asked]
    with ThreadPoolExecutor(50) as pool:
        assert [*pool.map(answer, asked)] == alone
    assert len(set(alone)) == 6


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_three_thousand_requests_leave_nothing_in_memory(service: Service) -> None:
    asked = {"search": "bel", "start": "2024-05-01", "end": "2024-05-03"}

    def answers(count: int) -> int:
        with ThreadPoolExecutor(8) as pool:
            found = {*pool.map(lambda _: service.ask(asked).text, range(count))}
        assert len(found) == 1
        return service.resident_kilobytes()

    warm = answers(500)
    assert answers(3_000) - warm < 16_000


def test_the_parameters_are_documented_as_published(openapi: Any) -> None:
    operation = openapi["paths"][PATH]["get"]
    assert operation["summary"] == "Get Appointments Dashboard"
    schemas = openapi["components"]["schemas"]
    found = {
        (it["in"], it["name"], it["required"], it.get("description")): it["schema"]
        for it in operation["parameters"]
    }
    text, number = {"type": "string"}, {"type": "integer", "minimum": 1}
    instant = {**text, "format": "date-time"}
    types = [
        *("NP", "F/U", "ASC_FU", "FU Tele", "PROCEDURE", "PROV_USE", "RAP_ACCESS"),
    ]
    published: dict[tuple[str, str, bool, str | None], dict[str, Any]] = {
        ("path", "integration_id", True, None): {
            **text,
            "minLength": 24,
            "maxLength": 24,
            "pattern": "^[0-9a-f]{24}$",
            "examples": ["5eb7cf5a86d9755df3a6c593"],
        },
        (
            "query",
            "appointmentType",
            False,
            "Filter statistics by appointment type",
        ): or_null(
            text
            | {
                "enum": types,
                "description": "Defines appointment types for integration.",
            }
        ),
        ("query", "size", False, "Number of items per page"): number | {"default": 300},
        ("query", "page", False, "Page number"): number | {"default": 1},
        # The one limit that the page does not name.
        ("query", "search", False, "Search keywords"): or_null(
            text | {"maxLength": 1_000}
        ),
        ("query", "start", False, "Filter by start time (ISO 8601 format)"): or_null(
            instant
        ),
        ("query", "end", False, "Filter by end time (ISO 8601 format)"): or_null(
            instant
        ),
    }
    assert list(found) == list(published)
    for head, expected in published.items():
        schema = resolved(found[head], schemas)
        schema.pop("description", None)  # it is beside the schema as well
        assert schema == expected


def test_the_key_is_documented_as_published(openapi: Any) -> None:
    schemes = openapi["components"]["securitySchemes"]
    assert [*schemes.values()] == [
        {
            "type": "http",
            "scheme": "bearer",
            "description": "Retrieve your API Key from Dashboard API Keys Section.",
        }
    ]
    assert openapi["paths"][PATH]["get"]["security"] == [{name: []} for name in schemes]


def test_the_response_is_documented_as_published(openapi: Any) -> None:
    schemas = openapi["components"]["schemas"]
    assert schemas["AppointmentsOverview"]["title"] == "Appointments Overview"
    answer = openapi["paths"][PATH]["get"]["responses"]["200"]
    assert answer["description"] == "Successful Response"
    found = resolved(answer["content"]["application/json"]["schema"], schemas)
    integer = {"type": "integer"}

    def rows(description: str, **fields: dict[str, str]) -> dict[str, Any]:
        item = {"type": "object", "required": [*fields], "properties": fields}
        array = {"type": "array", "items": item, "default": []}
        return {**array, "description": description}

    def values(description: str) -> dict[str, Any]:
        return rows(description, _id={"type": "string"}, count=integer)

    for name in ("AppointmentTrend", "StatsSource"):
        assert schemas[name].pop("description")  # the page has none
    found = resolved(answer["content"]["application/json"]["schema"], schemas)
    assert found == {
        "type": "object",
        "required": ["overview"],
        "description": "Response model for appointments dashboard data. "
        "Contains overview, trends, and source information for appointments.",
        "properties": {
            "overview": {
                "type": "object",
                "required": ["total"],
                "properties": {"total": integer},
                "description": "Overview of total appointments in the date range",
            },
            "trends": rows(
                "List of appointment trends broken down by date, "
                "showing successful and failed counts",
                _id={"type": "string", "format": "date-time"},
                successful=integer,
                failed=integer,
            ),
            "source": values(
                "List of appointment sources with counts, "
                "showing where appointments originated"
            ),
            "utm_source": values(
                "Unique UTM source values with counts. "
                "Defaults to 'direct' when not set."
            ),
            "utm_medium": values(
                "Unique UTM medium values with counts. "
                "Defaults to 'not set' when not set."
            ),
            "utm_campaign": values(
                "Unique UTM campaign values with counts. "
                "Defaults to 'not set' when not set."
            ),
        },
    }


def test_the_service_is_less_than_sixty_lines() -> None:
    assert len((EMBEDDING / "service.py").read_text("utf-8").splitlines()) < 60


# FastAPI runs what is no coroutine in threads, and the event loop goes on.
def test_no_part_of_the_service_runs_in_the_event_loop() -> None:
    tree = ast.parse((EMBEDDING / "service.py").read_text("utf-8"))
    assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree))
