"""What an answer is compared with: the option, and the request that it makes."""

from enum import StrEnum
from typing import Annotated

import typer
from pydantic import ValidationError

from stats_core.cli.options import WrongUsageError
from stats_core.request import Request


class Earlier(StrEnum):
    """Which time before an answer is compared with."""

    PREVIOUS = "previous"
    YEAR = "year"


Compare = Annotated[
    Earlier | None,
    typer.Option(
        help="Compare with as much time just before, or the same days a year before."
    ),
]


def earlier_request(request: Request, which: Earlier) -> Request:
    """Return the same request for the time before its query.

    Raises:
        WrongUsageError: There is no such time, or each integration is counted.

    >>> from stats_core.cli.options import parsed_request
    >>> may = parsed_request({"start": "2024-05-01", "end": "2024-05-31"})
    >>> str(earlier_request(may, Earlier.YEAR).query.end)
    '2023-05-31'
    """
    if request.by_integration:
        msg = "--compare: not together with --each-integration"
        raise WrongUsageError(msg)
    query = request.query
    move = query.previous if which is Earlier.PREVIOUS else query.year_before
    try:
        before = move(request.timezone)
    except ValidationError as error:
        faults = (f"--{it['loc'][0]}: {it['msg']}" for it in error.errors())
        raise WrongUsageError(*faults) from error
    parts = {name: getattr(request, name) for name in Request.model_fields}
    return Request(**parts | {"query": before})
