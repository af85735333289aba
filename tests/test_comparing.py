from typing import Any

import pytest

from stats_core import StatisticsQuery
from stats_core.cli.comparing import Earlier, earlier_request
from stats_core.cli.options import WrongUsageError, parsed_request
from stats_core.request import Request
from stats_core.sample import integration_ids

GIVEN: dict[str, Any] = {
    "start": "2024-05-01",
    "end": "2024-05-07",
    "search": "ana",
    "size": "7",
    "integration_id": integration_ids(1)[0],
    "timezone": "Asia/Tokyo",
    "column": ["source=place"],
    "successful": ["Yes"],
}


@pytest.mark.parametrize(
    ("which", "start", "end"),
    [
        (Earlier.PREVIOUS, "2024-04-24", "2024-04-30"),
        (Earlier.YEAR, "2023-05-01", "2023-05-07"),
    ],
)
def test_only_the_time_of_a_request_changes(
    which: Earlier, start: str, end: str
) -> None:
    request = parsed_request(GIVEN)
    before = earlier_request(request, which)
    assert before == parsed_request({**GIVEN, "start": start, "end": end})
    assert before.period == before.query.period(before.zone) != request.period


def test_the_days_are_those_of_the_zone() -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-01T12:00:00Z")
    before = earlier_request(
        Request(query=query, timezone="Asia/Tokyo"), Earlier.PREVIOUS
    )
    assert before.query == query.previous("Asia/Tokyo")
    assert before.query != query.previous("UTC")


@pytest.mark.parametrize("which", Earlier)
@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (
            {},
            [
                "--start: `start` and `end` are needed to find the time before",
                "--end: `start` and `end` are needed to find the time before",
            ],
        ),
        (
            {"start": "2024-05-01"},
            ["--end: `start` and `end` are needed to find the time before"],
        ),
        (
            {"start": "0001-01-01", "end": "0001-01-01"},
            ["--start: the time before is not in the years 1 to 9999"],
        ),
        (
            {"each_integration": True},
            ["--compare: not together with --each-integration"],
        ),
    ],
)
def test_what_has_no_time_before_is_wrong_usage(
    which: Earlier, given: dict[str, Any], faults: list[str]
) -> None:
    with pytest.raises(WrongUsageError) as caught:
        earlier_request(parsed_request(given), which)
    assert list(caught.value.args) == faults
