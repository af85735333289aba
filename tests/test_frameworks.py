import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import django.conf
import django.core.wsgi
import pytest
from litestar.testing import TestClient
from werkzeug.test import Client

from stats_core import StatisticsQuery, appointments_dashboard
from stats_core.sample import integration_ids, sample_records

ID = integration_ids(1)[0]
PATH = "/{}/appointments/statistics"
RECORDS = sample_records(10_000).collect()
ASKED = {"appointmentType": "F/U", "start": "2024-05-02", "search": "ana", "size": "2"}
ANSWER = appointments_dashboard(
    RECORDS, StatisticsQuery.model_validate(ASKED), integration_id=ID
)
FRAMEWORKS = ("flask", "django", "litestar")


def module(framework: str) -> ModuleType:
    return importlib.import_module(f"tests.embedding.{framework}_app")


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def web(framework: str) -> Any:
    """A client of the framework's application."""
    if framework == "litestar":
        return TestClient(module(framework).app)
    if framework == "flask":
        return Client(module(framework).app)
    django.conf.settings.configure(
        ROOT_URLCONF="tests.embedding.django_app", ALLOWED_HOSTS=["localhost"]
    )
    return Client(django.core.wsgi.get_wsgi_application())


def get(web: Any, own: str, params: dict[str, str]) -> tuple[int, str, str]:
    asked = (
        {"params": params} if isinstance(web, TestClient) else {"query_string": params}
    )
    found = web.get(PATH.format(own), **asked)
    return found.status_code, found.headers["content-type"], found.text


def test_a_request_gets_the_answer(web: Any) -> None:
    assert ANSWER.overview.total > 0
    found = get(web, ID, ASKED)
    assert found == (200, "application/json", ANSWER.model_dump_json())


@pytest.mark.parametrize(
    ("own", "params", "places"),
    [
        (ID, {"size": "0", "appointmentType": "np"}, ["appointmentType", "size"]),
        (ID, {"startDate": "2024-05-02"}, ["startDate"]),
        ("all", {}, ["integration_id"]),
    ],
    ids=str,
)
def test_a_bad_request_is_unprocessable(
    web: Any, own: str, params: dict[str, str], places: list[str]
) -> None:
    status, kind, text = get(web, own, params)
    assert (status, kind) == (422, "application/json")
    assert [fault["loc"][0] for fault in json.loads(text)] == places


def test_each_is_ten_lines_beside_its_imports(framework: str) -> None:
    source = Path(str(module(framework).__file__)).read_text("utf-8")
    lines = source.partition("sample_records\n\n")[2].splitlines()
    assert 0 < sum(map(bool, lines)) <= 10
