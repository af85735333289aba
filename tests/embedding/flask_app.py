"""The endpoint in Flask; start it with `flask --app flask_app run`."""

from flask import Flask, Response, request
from pydantic import ValidationError

from stats_core import AppointmentIndex, StatisticsQuery
from stats_core.sample import sample_records

app = Flask(__name__)
index = AppointmentIndex(sample_records(10_000))


@app.get("/<integration_id>/appointments/statistics")
def statistics(integration_id: str) -> Response:
    try:
        query = StatisticsQuery.model_validate(request.args.to_dict())
        found = index.dashboard(query, integration_id=integration_id)
    except ValidationError as error:
        return Response(error.json(), 422, mimetype="application/json")
    return Response(found.model_dump_json(), mimetype="application/json")
