"""The endpoint in Litestar; start it with `litestar --app litestar_app:app run`."""

from typing import Any

from litestar import Litestar, Request, Response, get
from pydantic import ValidationError

from stats_core import AppointmentIndex, StatisticsQuery
from stats_core.sample import sample_records

index = AppointmentIndex(sample_records(10_000))


@get("/{integration_id:str}/appointments/statistics", sync_to_thread=True)
def statistics(request: Request[Any, Any, Any]) -> Response[str]:
    try:
        query = StatisticsQuery.model_validate(dict(request.query_params))
        found = index.dashboard(query, **request.path_params)
    except ValidationError as error:
        return Response(error.json(), status_code=422, media_type="application/json")
    return Response(found.model_dump_json(), media_type="application/json")


app = Litestar([statistics])
