"""The command line's options, what they ask for, and how it says what is wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypedDict, Unpack

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stats_core.errors import InvalidRecordsError
from stats_core.layout import ROLES, RecordLayout
from stats_core.parts import Question
from stats_core.query import Scope, StatisticsQuery

_UNCOUNTABLE, _WRONG_USAGE = 1, 2


class OutputFormat(StrEnum):
    """How an answer is written."""

    JSON = "json"
    TABLE = "table"


RecordFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="RECORDS...",
        help="Parquet, NDJSON, JSON array, CSV or Arrow IPC files, and globs of them.",
    ),
]
PartFiles = Annotated[
    list[str],
    typer.Argument(metavar="PART...", help="Files that `tally` wrote, and globs."),
]
AppointmentType = Annotated[
    str | None, typer.Option(help="Count only this type: NP, F/U, ASC_FU …")
]
Search = Annotated[str | None, typer.Option(help="Keywords, each of which must occur.")]
Start = Annotated[str | None, typer.Option(help="First day, or instant, in ISO 8601.")]
End = Annotated[str | None, typer.Option(help="Last day, or instant, in ISO 8601.")]
Page = Annotated[
    str | None, typer.Option(metavar="N", help="Page of the breakdowns, from 1.")
]
Size = Annotated[
    str | None, typer.Option(metavar="N", help="Rows a page; 300, in a table 10.")
]
IntegrationId = Annotated[
    str | None, typer.Option(metavar="ID", help="Whose records count.")
]
EachIntegration = Annotated[
    bool, typer.Option("--each-integration", help="Count each integration by itself.")
]
Timezone = Annotated[str, typer.Option(help="The IANA zone whose days are counted.")]
Column = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ROLE=COLUMN",
        help=f"Where a field is, dots for nested ones; roles: {', '.join(ROLES)}.",
    ),
]
SearchIn = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A column to search; default: all text."),
]
Successful = Annotated[
    list[str] | None,
    typer.Option(metavar="WORD", help="A status that means successful."),
]
Failed = Annotated[
    list[str] | None, typer.Option(metavar="WORD", help="A status that means failed.")
]
OnCluster = Annotated[
    bool, typer.Option("--cluster", help="Count on Ray: RAY_ADDRESS, or this machine.")
]
Format = Annotated[
    OutputFormat | None,
    typer.Option("--format", help="Default: table on a terminal, JSON otherwise."),
]


class WrongUsageError(Exception):
    """Options that ask for nothing that could be answered; an argument for each fault."""


class Words(TypedDict, total=False):
    """The options that say what is asked, as they were typed."""

    appointment_type: str | None
    search: str | None
    start: str | None
    end: str | None
    page: str | None
    size: str | None
    integration_id: str | None
    each_integration: bool
    timezone: str
    column: list[str] | None
    search_in: list[str] | None
    successful: list[str] | None
    failed: list[str] | None


class Keywords(TypedDict):
    """The keyword arguments that all functions that count share."""

    query: StatisticsQuery
    layout: RecordLayout
    timezone: str


@dataclass(frozen=True)
class Asked:
    """What the options ask: which records, whose, whose days, and where fields are."""

    query: StatisticsQuery
    layout: RecordLayout
    integration_id: str | None = None
    each_integration: bool = False
    timezone: str = "UTC"

    def keywords(self) -> Keywords:
        """What the functions that count are told, whatever they count."""
        return {
            "query": self.query,
            "layout": self.layout,
            "timezone": self.timezone,
        }

    def question(self) -> Question:
        """What a part keeps of it."""
        return Question(
            timezone=self.timezone,
            integration_id=self.integration_id,
            appointment_type=self.query.appointment_type,
            search=" ".join(sorted(set(self.query.keywords()))),
        )


def asked(**words: Unpack[Words]) -> Asked:
    """What the options ask, validated.

    Raises:
        WrongUsageError: They ask for nothing that could be answered; every fault.
        pydantic.ValidationError: The bounds are out of order in the time zone.

    >>> asked(start="2024-05-01", column=["status=state"]).layout.status
    'state'
    """
    integration_id, timezone = words.get("integration_id"), words.get("timezone", "UTC")
    each_integration = words.get("each_integration", False)
    fields = {name: words.get(name) for name in StatisticsQuery.model_fields}
    query, layout, *_ = _all_valid(
        partial(StatisticsQuery.model_validate, _given(fields)),
        partial(_layout, words),
        partial(Scope, integration_id=integration_id, timezone=timezone),
        partial(_one_scope, words),
    )
    query.period(timezone)
    return Asked(query, layout, integration_id, each_integration, timezone)


@contextmanager
def faults_to_exit_codes() -> Iterator[None]:
    """Write what was raised to stderr, a line for each fault, and leave with a code."""
    try:
        yield
    except WrongUsageError as error:
        faults, code = list(error.args), _WRONG_USAGE
    except ValidationError as error:
        faults, code = [_option_fault(fault) for fault in error.errors()], _WRONG_USAGE
    except InvalidRecordsError as error:
        faults, code = list(error.faults), _UNCOUNTABLE
    except OSError as error:
        faults, code = [str(error)], _UNCOUNTABLE
    else:
        return
    for fault in faults:
        typer.echo(fault, err=True)
    raise typer.Exit(code)


def _all_valid(*models: Callable[[], Any]) -> list[Any]:
    """Make models of options; the faults of all of them are raised as one."""
    made = []
    faults: list[str] = []
    for model in models:
        try:
            made.append(model())
        except ValidationError as error:
            faults += map(_option_fault, error.errors())
        except WrongUsageError as error:
            faults += error.args
    if faults:
        raise WrongUsageError(*faults)
    return made


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; the others keep the model's defaults."""
    return {name: value for name, value in options.items() if value not in (None, [])}


def _one_scope(words: Words) -> None:
    if words.get("each_integration") and words.get("integration_id") is not None:
        msg = "--each-integration: not together with --integration-id"
        raise WrongUsageError(msg)


def _layout(words: Words) -> RecordLayout:
    pairs = [text.partition("=")[::2] for text in words.get("column") or []]
    roles = [role for role, _ in pairs]
    expected = f"expected ROLE=COLUMN, ROLE one of {', '.join(ROLES)}"
    faults = [f"--column {role!r}: {expected}" for role in roles if role not in ROLES]
    twice = {role for role in roles if roles.count(role) > 1}
    faults += [f"--column {role}: given more than once" for role in sorted(twice)]
    faults += [f"--column {role}: expected a name" for role, name in pairs if not name]
    if faults:
        raise WrongUsageError(*faults)
    columns = dict(pairs)
    meanings = {
        "search": words.get("search_in"),
        "successful": words.get("successful"),
        "failed": words.get("failed"),
    }
    return RecordLayout.model_validate(columns | _given(meanings))


def _option_fault(fault: ErrorDetails) -> str:
    """One of pydantic's faults in terms of the option it came from."""
    message = fault["msg"].removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    name = str(fault["loc"][0])
    if name in ROLES and name not in {"appointment_type", "integration_id"}:
        return f"--column {name}: {message}"
    if name == "search" and len(fault["loc"]) > 1:
        name = "search_in"
    option = "appointment-type" if name == "appointmentType" else name.replace("_", "-")
    return f"--{option} {str(fault['input'])!r:.60}: {message}"
