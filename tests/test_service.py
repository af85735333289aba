import asyncio
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated, Any

import httpx
import polars as pl
import pytest
from fastapi import FastAPI, Query
from pydantic import ValidationError

from stats_core import (
    AppointmentsDashboard,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
)
from stats_core.errors import UnknownTimezoneError
from stats_core.sample import integration_ids, sample_records

IDS = integration_ids(2)
RECORDS = sample_records(500, integrations=2).collect()


def total(integration_id: str) -> int:
    return appointment_statistics(RECORDS, integration_id=integration_id).total


def test_a_spawned_process_counts_after_this_one_has_counted() -> None:
    totals = [total(key) for key in IDS]
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        assert [*pool.map(total, IDS)] == totals


def test_a_frame_per_tenant_gives_the_answers_of_the_whole_frame() -> None:
    frames = RECORDS.partition_by("integration_id", as_dict=True, include_key=False)
    for key in IDS:
        own = appointment_statistics(frames[(key,)])
        assert own == appointment_statistics(RECORDS, integration_id=key)


def test_a_frame_made_once_answers_as_its_documents_do() -> None:
    documents = RECORDS.drop("integration_id").to_dicts()
    assert appointment_statistics(pl.DataFrame(documents)) == appointment_statistics(
        documents
    )


def get(app: FastAPI, params: dict[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as web:
            return await web.get("/statistics", params=params)

    return asyncio.run(ask())


class LocalQuery(StatisticsQuery):
    timezone: str = "UTC"


def test_a_subclass_of_the_query_has_a_further_parameter() -> None:
    app = FastAPI()

    @app.get("/statistics")
    def statistics(query: Annotated[LocalQuery, Query()]) -> AppointmentsDashboard:
        records = [{"created_at": "2024-05-01T23:30:00Z", "status": "failed"}]
        return appointments_dashboard(records, query, timezone=query.timezone)

    found = get(app, {"timezone": "Asia/Tokyo"}).json()
    assert found["trends"][0]["_id"] == "2024-05-01T15:00:00Z"
    assert get(app, {"size": "0", "more": "1"}).status_code == 422


@pytest.mark.parametrize(
    "parameters",
    [
        {"start": "soon"},
        {"start": "2024-05-01T00:00:00 02:00"},
        {"start": "2024-13-01"},
        {"end": 5},
        {"start": "2024-06-01", "end": "2024-05-01"},
        {"start": "2024-06-01T00:00Z", "end": "2024-05-01T00:00Z"},
        {"start": "9999-12-31T23:59:59-23:59"},
        {"search": "a" * 1_001},
        {"search": "\ud800"},
        {"appointmentType": "np", "size": 0, "page": "x", "more": 1},
    ],
    ids=str,
)
def test_the_faults_of_a_query_can_be_written_as_json(
    parameters: dict[str, Any],
) -> None:
    with pytest.raises(ValidationError) as caught:
        StatisticsQuery.model_validate(parameters)
    written = json.loads(json.dumps(caught.value.errors()))
    places = {fault["loc"][0] for fault in written}
    assert places <= {*parameters}


@pytest.mark.parametrize(
    "layout",
    [{"status": " "}, {"status": "\ud800"}, {"successful": ["x"], "failed": ["X"]}],
    ids=ascii,
)
def test_the_faults_of_a_layout_can_be_written_as_json(layout: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        RecordLayout.model_validate(layout)
    assert json.dumps(caught.value.errors())


def test_bounds_out_of_order_in_the_zone_are_a_fault_of_the_end() -> None:
    query = StatisticsQuery(start="2024-06-01", end="2024-05-01T00:00:00Z")
    with pytest.raises(ValidationError) as caught:
        appointment_statistics([], query)
    [fault] = json.loads(json.dumps(caught.value.errors()))
    assert (fault["loc"], fault["input"]) == (["end"], "2024-05-01T00:00:00Z")
    assert fault["msg"] == "`start` is after `end`"


def test_an_unknown_zone_is_no_fault_of_the_client() -> None:
    for name in ("Europe/Nowhere", "", "../etc", "localtime"):
        with pytest.raises(UnknownTimezoneError, match="expected an IANA name"):
            appointment_statistics([], timezone=name)
    assert not issubclass(UnknownTimezoneError, ValidationError)


def test_invalid_records_are_no_fault_of_the_client() -> None:
    assert not issubclass(InvalidRecordsError, ValidationError)
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics([{"created_at": "soon", "status": 1.5}])
    assert len(caught.value.faults) == 2
