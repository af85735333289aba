"""The endpoint in Django; `urlpatterns` is that of a project's `urls.py`."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from pydantic import ValidationError

from stats_core import AppointmentIndex, StatisticsQuery
from stats_core.sample import sample_records

index = AppointmentIndex(sample_records(10_000))


def statistics(request: HttpRequest, integration_id: str) -> HttpResponse:
    try:
        query = StatisticsQuery.model_validate(request.GET.dict())
        found = index.dashboard(query, integration_id=integration_id)
    except ValidationError as error:
        return HttpResponse(error.json(), "application/json", 422)
    return HttpResponse(found.model_dump_json(), "application/json")


urlpatterns = [path("<integration_id>/appointments/statistics", statistics)]
