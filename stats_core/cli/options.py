"""The options of the commands, the request they fill, and how faults are shown."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stats_core.batch.formats import INPUT_FORMATS, ReadOptions
from stats_core.cli.pairs import named_columns, named_labels
from stats_core.days import find_zone
from stats_core.errors import InvalidRecordsError, UnknownTimezoneError
from stats_core.query import StatisticsQuery
from stats_core.request import Request
from stats_core.schema import ROLES

_UNCOUNTABLE, _WRONG_USAGE = 1, 2


class OutputFormat(StrEnum):
    """How an answer is written."""

    JSON = "json"
    TABLE = "table"
    CSV = "csv"
    MARKDOWN = "markdown"


class WrongUsageError(Exception):
    """Options that cannot be used; one argument per fault."""


RecordFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="RECORDS",
        help="Parquet, NDJSON, JSON, CSV or Arrow IPC files, folders and globs of "
        "them; - for standard input.",
    ),
]
PartFiles = Annotated[
    list[str],
    typer.Argument(metavar="PART", help="Files that `tally` wrote, and globs."),
]
OnCluster = Annotated[
    bool,
    typer.Option(
        "--cluster", help="Flag: count on Ray, at RAY_ADDRESS or on this machine."
    ),
]
Format = Annotated[
    OutputFormat | None,
    typer.Option("--format", help="Default: table on a terminal, JSON otherwise."),
]
Html = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Draw it too, as a page that needs no network."),
]
Png = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it too, as PNG.")]
Svg = Annotated[Path | None, typer.Option(metavar="FILE", help="Draw it too, as SVG.")]
_Words = list[str] | None
_Option = tuple[Any, str | None, str]

# The options that fill a request, or say how files are read: their types, metavars and
# help.
_PAGING: dict[str, _Option] = {
    "page": (str | None, "N", "Page of the breakdowns, from 1."),
    "size": (str | None, "N", "Rows per page; default: 300, in a table 10."),
}
_COUNTING: dict[str, _Option] = {
    "appointment_type": (
        str | None,
        None,
        "Count only this type: NP, F/U, ASC_FU and others",
    ),
    "search": (str | None, None, "Keywords, each of which must occur."),
    "start": (str | None, None, "First day, or instant, in ISO 8601."),
    "end": (str | None, None, "Last day, or instant, in ISO 8601."),
    "integration_id": (str | None, "ID", "Count the records of this integration."),
    "each_integration": (bool, None, "Flag: count each integration separately."),
    "where": (
        _Words,
        "NAME=LABEL",
        "Count this label of a breakdown, or `outcome=failed`; can be repeated.",
    ),
    "timezone": (str | None, None, "IANA zone of the days; default: UTC."),
    "hours": (bool, None, "Flag: count each weekday and hour; tables show them."),
    "column": (
        *(_Words, "ROLE=COLUMN"),
        f"The column of a field, dots for nested ones; can be repeated; roles: {', '.join(ROLES)}.",
    ),
    "breakdown": (
        _Words,
        "NAME=COLUMN",
        "A further breakdown and its column; can be repeated; tables show it.",
    ),
    "naive_timezone": (
        str | None,
        "ZONE",
        "IANA zone of the clock of times without a zone; default: UTC.",
    ),
    "epoch": (
        str | None,
        "UNIT",
        "Unit of numbers in created_at, since 1970: s, ms, us or ns.",
    ),
    "search_in": (
        _Words,
        "COLUMN",
        "A column to search; can be repeated; default: all text.",
    ),
    "successful": (_Words, "WORD", "A status that means successful; can be repeated."),
    "failed": (_Words, "WORD", "A status that means failed; can be repeated."),
}
_READING: dict[str, _Option] = {
    "input_format": (
        str | None,
        "FORMAT",
        f"Format of all files: {', '.join(INPUT_FORMATS)}; default: by their endings.",
    ),
    "separator": (
        str | None,
        "CHARACTER",
        "What separates CSV fields, or tab; default: comma, in .tsv and .tab a tab.",
    ),
    "encoding": (str | None, None, "Encoding of CSV, such as cp1252; default: UTF-8."),
}


def fills_request(
    *, counts: bool = True, pages: bool = True
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that fill its parameter `request`.

    A command with a parameter `reading` also has the options of how files are read.

    Args:
        counts: Whether the command has the options of what is counted.
        pages: Whether it has those of the page that is shown.
    """
    asked = (_COUNTING if counts else {}) | (_PAGING if pages else {})

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        found = dict(signature(command).parameters)
        reads = found.pop("reading", None) is not None
        shared = asked | (_READING if reads else {})
        del found["request"]

        def run(**given: Any) -> None:  # noqa: ANN401 - whatever typer parsed
            with faults_to_exit_codes():
                options = {name: given.pop(name) for name in shared}
                command(**_parsed(options, asked, reads=reads), **given)

        parameters = [
            *found.values(),
            *(_parameter(name, *shared[name]) for name in shared),
        ]
        by_default = sorted(
            parameters, key=lambda it: it.default is not Parameter.empty
        )
        run.__doc__, run.__name__ = command.__doc__, command.__name__
        run.__annotations__ = {it.name: it.annotation for it in by_default}
        vars(run)["__signature__"] = signature(command).replace(parameters=by_default)
        return run

    return decorate


def _parameter(name: str, kind: Any, metavar: str | None, text: str) -> Parameter:  # noqa: ANN401 - a type
    option = typer.Option(f"--{name.replace('_', '-')}", metavar=metavar, help=text)
    return Parameter(
        name,
        Parameter.KEYWORD_ONLY,
        default=False if kind is bool else None,
        annotation=Annotated[kind, option],
    )


def _parsed(
    options: dict[str, Any], asked: Iterable[str], *, reads: bool
) -> dict[str, object]:
    """Return the values that options fill, or raise the faults of all options."""
    values: dict[str, object] = {}
    faults: list[str] = []
    try:
        values["request"] = parsed_request({name: options[name] for name in asked})
    except WrongUsageError as error:
        faults += error.args
    if reads:
        given = {name: options[name] for name in _READING if options[name] is not None}
        try:
            values["reading"] = ReadOptions(**given)
        except ValidationError as error:
            faults += map(_option_fault, error.errors())
    if faults:
        raise WrongUsageError(*faults)
    return values


def parsed_request(given: dict[str, Any]) -> Request:
    """Return the request that options fill; those not given keep their defaults.

    Raises:
        WrongUsageError: Options that do not fit together, or values that are refused;
            every fault.

    >>> parsed_request(
    ...     {"start": "2024-05-01", "column": ["status=state"]}
    ... ).layout.status
    'state'
    """
    options = {name: it for name, it in given.items() if it not in (None, [], False)}
    columns, faults = named_columns("column", options.pop("column", []), ROLES)
    breakdowns, more = named_columns("breakdown", options.pop("breakdown", []))
    faults += more
    where, more = named_labels(options.pop("where", []))
    faults += more
    names = {"search_in": "search"}
    names |= {it: it for it in ("naive_timezone", "epoch", "successful", "failed")}
    faults += _zone_faults(options)
    layout = {to: options.pop(name) for name, to in names.items() if name in options}
    layout |= {"breakdowns": breakdowns} if breakdowns else {}
    query = {
        name: options.pop(name)
        for name in StatisticsQuery.model_fields
        if name in options
    }
    by_integration = options.pop("each_integration", False)
    if by_integration and "integration_id" in options:
        faults.append("--each-integration: not together with --integration-id")
    try:
        request = Request(
            query=query,
            layout=columns | layout,
            by_integration=by_integration,
            where=where,
            **options,
        )
    except ValidationError as error:
        faults += map(_option_fault, error.errors())
    if faults:
        raise WrongUsageError(*faults)
    return request


@contextmanager
def faults_to_exit_codes() -> Iterator[None]:
    """Write what was raised to stderr, one line per fault, and exit with its code."""
    try:
        yield
    except WrongUsageError as error:
        faults, code = sorted(error.args), _WRONG_USAGE
    except InvalidRecordsError as error:
        faults, code = list(error.faults), _UNCOUNTABLE
    except OSError as error:
        faults, code = [str(error)], _UNCOUNTABLE
    else:
        return
    for fault in faults:
        typer.echo(fault, err=True)
    raise typer.Exit(code)


def _zone_faults(options: dict[str, Any]) -> list[str]:
    """Take unknown zones out of the options, to find the other faults as well."""
    faults = []
    for name in ("timezone", "naive_timezone"):
        try:
            find_zone(options.get(name, "UTC"))
        except UnknownTimezoneError as error:
            option = name.replace("_", "-")
            faults.append(f"--{option} {options.pop(name)!r:.60}: {error}")
    return faults


def _option_fault(fault: ErrorDetails) -> str:
    """Return one of pydantic's faults, with the option that it came from."""
    message, given = fault["msg"], str(fault["input"])
    path = [str(part) for part in fault["loc"]]
    if path in (["query"], ["layout"]):
        return message
    if path == ["where"]:
        return f"--where: {message}"
    model, name, *key = path if path[0] in ("query", "layout") else ["", *path]
    if model == "layout" and name in ROLES:
        return f"--column {name}: {message}"
    if name in ("where", "breakdowns") and key[-1] != "[key]":
        given = f"{key[0]}={given}"
    names = {"appointmentType": "appointment-type", "breakdowns": "breakdown"}
    if model == "layout":
        names["search"] = "search-in"
    option = names.get(name, name.replace("_", "-"))
    return f"--{option} {given!r:.60}: {message}"
