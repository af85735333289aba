"""The statistics endpoint as a service; start it with `uvicorn service:app`."""

import json
import os
from typing import Annotated

import polars as pl
from fastapi import Depends, FastAPI, HTTPException, Path, Query
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from stats_core import (
    AppointmentIndex,
    AppointmentsDashboard,
    StatisticsQuery,
    appointment_statistics,
)

folder = os.environ["APPOINTMENTS"]  # settled.parquet and today.parquet
zone = os.environ.get("TIMEZONE", "UTC")  # whose calendar days are counted
tenants: dict[str, list[str]] = json.loads(os.environ["API_KEYS"])  # ids by key
settled = AppointmentIndex(pl.scan_parquet(f"{folder}/settled.parquet"))
app = FastAPI(title="Appointments")
auth = HTTPBearer(description="Retrieve your API Key from Dashboard API Keys Section.")
IntegrationId = Path(
    min_length=24,
    max_length=24,
    pattern="^[0-9a-f]{24}$",
    examples=["5eb7cf5a86d9755df3a6c593"],
)


def own_integration(
    integration_id: Annotated[str, IntegrationId],
    key: Annotated[HTTPAuthorizationCredentials, Depends(auth)],
) -> str:
    if key.credentials not in tenants:
        raise HTTPException(401, "Invalid API key", {"WWW-Authenticate": "Bearer"})
    if integration_id not in tenants[key.credentials]:
        raise HTTPException(404)  # another tenant's id, or nobody's
    return integration_id


@app.get("/integrations/v2/resource-records/{integration_id}/appointments/statistics")
def get_appointments_dashboard(
    own: Annotated[str, Depends(own_integration)],
    query: Annotated[StatisticsQuery, Query()],
) -> AppointmentsDashboard:
    today = pl.read_parquet(f"{folder}/today.parquet")
    try:
        stats = settled.statistics(query, integration_id=own, timezone=zone)
        stats += appointment_statistics(today, query, integration_id=own, timezone=zone)
    except ValidationError as error:  # is a date before a date-time? the zone decides
        faults = [fault | {"loc": ("query", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error
    return stats.dashboard(query.page, query.size)
