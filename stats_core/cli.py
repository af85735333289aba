"""The command line; with the extra `cli`.

Answers go to stdout and everything else to stderr. Exit codes: 0 answered, 1 records
that cannot be counted, 2 wrong usage or a bad query; each fault is a line.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Annotated, Any, TypeVar

import polars as pl
import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console

from stats_core import files
from stats_core.engine import appointment_statistics, statistics_by_integration
from stats_core.errors import InvalidRecordsError
from stats_core.layout import ROLES, RecordLayout
from stats_core.query import Scope, StatisticsQuery
from stats_core.records import Records
from stats_core.sample import integration_ids, sample_records
from stats_core.statistics import AppointmentStatistics, merge_statistics
from stats_core.tables import integrations_table, statistics_tables

app = typer.Typer(
    help="Appointment statistics, exactly, from files of records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_UNCOUNTABLE, _WRONG_USAGE = 1, 2
_DEMO_ROWS = 100_000


Counted = TypeVar("Counted")


class OutputFormat(StrEnum):
    """How an answer is written."""

    JSON = "json"
    TABLE = "table"


class WrongUsageError(Exception):
    """Options that ask for nothing that could be answered; an argument for each fault."""


RecordFiles = Annotated[
    list[str],
    typer.Argument(
        metavar="RECORDS...",
        help="Parquet, NDJSON, JSON array, CSV or Arrow IPC files, and globs of them.",
    ),
]
Format = Annotated[
    OutputFormat | None,
    typer.Option("--format", help="Default: table on a terminal, JSON otherwise."),
]


@app.command()
def report(
    records: RecordFiles,
    appointment_type: Annotated[
        str | None, typer.Option(help="Count only this type: NP, F/U, ASC_FU …")
    ] = None,
    search: Annotated[
        str | None, typer.Option(help="Keywords, each of which must occur.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(help="First day, or instant, in ISO 8601.")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Last day, or instant, in ISO 8601.")
    ] = None,
    page: Annotated[
        str | None, typer.Option(metavar="N", help="Page of the breakdowns, from 1.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(metavar="N", help="Rows a page; 300, in a table 10."),
    ] = None,
    integration_id: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose records count.")
    ] = None,
    each_integration: Annotated[
        bool,
        typer.Option("--each-integration", help="One JSON object a line for each."),
    ] = False,
    timezone: Annotated[
        str, typer.Option(help="The IANA zone whose days are counted.")
    ] = "UTC",
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=COLUMN",
            help=f"Where a field is, dots for nested ones; roles: {', '.join(ROLES)}.",
        ),
    ] = None,
    search_in: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="A column to search; default: all text."),
    ] = None,
    successful: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A status that means successful."),
    ] = None,
    failed: Annotated[
        list[str] | None,
        typer.Option(metavar="WORD", help="A status that means failed."),
    ] = None,
    format: Format = None,  # noqa: A002 - the option's name
) -> None:
    """Count appointments: the total, the daily trend, sources and UTM values."""
    asked = {
        "appointment_type": appointment_type,
        "search": search,
        "start": start,
        "end": end,
        "page": page,
        "size": size,
    }
    with _faults_to_exit_codes():
        if integration_id is not None and each_integration:
            msg = "--each-integration: not together with --integration-id"
            raise WrongUsageError(msg)
        query, layout, _ = _all_valid(
            partial(StatisticsQuery.model_validate, _given(asked)),
            partial(_layout, column, search_in, successful, failed),
            partial(Scope, integration_id=integration_id, timezone=timezone),
        )
        query.period(timezone)
        write = partial(_write, query=query, size=size, form=format)
        asked_of = {"query": query, "layout": layout, "timezone": timezone}
        if each_integration:
            each = partial(statistics_by_integration, **asked_of)
            write(_merge_each(_count_files(records, layout, each)))
        else:
            one = partial(
                appointment_statistics, integration_id=integration_id, **asked_of
            )
            write(merge_statistics(_count_files(records, layout, one)))


@app.command()
def sample(
    rows: Annotated[int, typer.Option(min=0, help="How many records.")],
    out: Annotated[
        Path, typer.Option(help="A .parquet, .ndjson, .csv or .arrow file to write.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other records.")] = 0,
) -> None:
    """Write synthetic records, the same for the same seed, however many."""
    with _faults_to_exit_codes(), _progress(f"writing {rows:,} records"):
        _sink(sample_records(rows, seed=seed), out)


@app.command()
def demo(format: Format = None) -> None:  # noqa: A002 - the option's name
    """Make sample records, count them and show the answer."""
    integration_id = integration_ids(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.parquet"
        _say(f"{_DEMO_ROWS:,} sample records; the same by hand:")
        _say(f"  stats-core sample --rows {_DEMO_ROWS} --out sample.parquet")
        _say(f"  stats-core report sample.parquet --integration-id {integration_id}")
        sample(_DEMO_ROWS, path)
        report([str(path)], integration_id=integration_id, format=format)


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


def _count_files(
    sources: list[str], layout: RecordLayout, count: Callable[[Records], Counted]
) -> list[Counted]:
    with _progress("counting"):
        scans = files.scan_files(files.file_paths(sources), layout)
        return [files.count_scan(scan, count) for scan in scans]


def _merge_each(
    parts: list[dict[str, AppointmentStatistics]],
) -> dict[str, AppointmentStatistics]:
    ids = sorted({key for part in parts for key in part})
    return {
        key: merge_statistics(part[key] for part in parts if key in part) for key in ids
    }


def _write(
    answer: AppointmentStatistics | dict[str, AppointmentStatistics],
    query: StatisticsQuery,
    size: str | None,
    form: OutputFormat | None,
) -> None:
    terminal = Console()
    if form is None:
        form = OutputFormat.TABLE if terminal.is_terminal else OutputFormat.JSON
    match form, answer:
        case OutputFormat.TABLE, dict():
            terminal.print(integrations_table(answer))
        case OutputFormat.TABLE, AppointmentStatistics():
            rows = 10 if size is None else query.size
            terminal.print(statistics_tables(answer, page=query.page, size=rows))
        case _, dict():
            for key, stats in answer.items():
                response = _json(stats, query).removeprefix("{")
                typer.echo(f'{{"integration_id":"{key}",{response}')
        case _:
            typer.echo(_json(answer, query))


def _json(stats: AppointmentStatistics, query: StatisticsQuery) -> str:
    return stats.dashboard(query.page, query.size).model_dump_json(by_alias=True)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given; the others keep the model's defaults."""
    return {name: value for name, value in options.items() if value not in (None, [])}


def _layout(
    column: list[str] | None,
    search_in: list[str] | None,
    successful: list[str] | None,
    failed: list[str] | None,
) -> RecordLayout:
    columns = dict(text.partition("=")[::2] for text in column or [])
    if strange := [role for role in columns if role not in ROLES]:
        expected = f"expected ROLE=COLUMN, ROLE one of {', '.join(ROLES)}"
        raise WrongUsageError(*(f"--column {role!r}: {expected}" for role in strange))
    words = {"search": search_in, "successful": successful, "failed": failed}
    return RecordLayout.model_validate(columns | _given(words))


def _sink(lf: pl.LazyFrame, out: Path) -> None:
    match files.FORMATS.get(out.suffix.lower()):
        case "parquet":
            lf.sink_parquet(out)
        case "ndjson":
            lf.sink_ndjson(out)
        case "csv":
            lf.sink_csv(out)
        case "ipc":
            lf.sink_ipc(out)
        case _:
            msg = f"--out {out}: expected a .parquet, .ndjson, .csv or .arrow file"
            raise WrongUsageError(msg)


@contextmanager
def _faults_to_exit_codes() -> Iterator[None]:
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
        _say(fault)
    raise typer.Exit(code)


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


@contextmanager
def _progress(doing: str) -> Iterator[None]:
    """A sign of life on a terminal, for work over a second."""
    console = Console(stderr=True)
    status = console.status(f"{doing} …")
    timer = Timer(1, status.start)
    if console.is_terminal:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        status.stop()


def _say(line: str) -> None:
    typer.echo(line, err=True)
