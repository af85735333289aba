"""The command line; with the extra `cli`.

Answers go to stdout and everything else to stderr. Exit codes: 0 answered, 1 records
that cannot be counted, 2 wrong usage or a bad query; each fault is a line.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Annotated

import polars as pl
import typer
from rich.console import Console
from rich.progress import Progress

from stats_core import cluster, files, options, parts
from stats_core.answers import write
from stats_core.integrations import integrations_of
from stats_core.jobs import Job
from stats_core.options import Asked, WrongUsageError
from stats_core.parts import Answer
from stats_core.sample import integration_ids, sample_records
from stats_core.statistics import AppointmentStatistics

app = typer.Typer(
    help="Appointment statistics, exactly, from files of records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_DEMO_ROWS = 100_000


@app.command()
def report(
    records: options.RecordFiles,
    appointment_type: options.AppointmentType = None,
    search: options.Search = None,
    start: options.Start = None,
    end: options.End = None,
    page: options.Page = None,
    size: options.Size = None,
    integration_id: options.IntegrationId = None,
    each_integration: options.EachIntegration = False,
    timezone: options.Timezone = "UTC",
    column: options.Column = None,
    search_in: options.SearchIn = None,
    successful: options.Successful = None,
    failed: options.Failed = None,
    on_cluster: options.OnCluster = False,
    format: options.Format = None,  # noqa: A002 - the option's name
) -> None:
    """Count appointments: the total, the daily trend, sources and UTM values."""
    with options.faults_to_exit_codes():
        asked = options.asked(
            appointment_type=appointment_type,
            search=search,
            start=start,
            end=end,
            page=page,
            size=size,
            integration_id=integration_id,
            each_integration=each_integration,
            timezone=timezone,
            column=column,
            search_in=search_in,
            successful=successful,
            failed=failed,
        )
        answer = _count(records, asked, on_cluster=on_cluster)
        write(answer, asked.query, size, format)


@app.command()
def tally(
    records: options.RecordFiles,
    out: Annotated[Path, typer.Option(help="The .parquet file to keep the part in.")],
    appointment_type: options.AppointmentType = None,
    search: options.Search = None,
    start: options.Start = None,
    end: options.End = None,
    integration_id: options.IntegrationId = None,
    each_integration: options.EachIntegration = False,
    timezone: options.Timezone = "UTC",
    column: options.Column = None,
    search_in: options.SearchIn = None,
    successful: options.Successful = None,
    failed: options.Failed = None,
    on_cluster: options.OnCluster = False,
) -> None:
    """Count appointments and keep the answer, for `merge` to add up with others."""
    with options.faults_to_exit_codes():
        if files.FORMATS.get(out.suffix.lower()) != "parquet":
            msg = f"--out {out}: expected a .parquet file"
            raise WrongUsageError(msg)
        asked = options.asked(
            appointment_type=appointment_type,
            search=search,
            start=start,
            end=end,
            integration_id=integration_id,
            each_integration=each_integration,
            timezone=timezone,
            column=column,
            search_in=search_in,
            successful=successful,
            failed=failed,
        )
        answer = _count(records, asked, on_cluster=on_cluster)
        parts.keep(answer, asked.question(), out)


@app.command()
def merge(
    kept: options.PartFiles,
    page: options.Page = None,
    size: options.Size = None,
    format: options.Format = None,  # noqa: A002 - the option's name
) -> None:
    """Add up what `tally` kept, and show the answer as `report` does.

    The parts must answer one question, for days or files that do not overlap.
    """
    with options.faults_to_exit_codes():
        query = options.asked(page=page, size=size).query
        with _progress("adding up"):
            answer = parts.merged(files.file_paths(kept))
        write(answer, query, size, format)


@app.command()
def sample(
    rows: Annotated[int, typer.Option(min=0, help="How many records.")],
    out: Annotated[
        Path, typer.Option(help="A .parquet, .ndjson, .csv or .arrow file to write.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other records.")] = 0,
) -> None:
    """Write synthetic records, the same for the same seed, however many."""
    with options.faults_to_exit_codes(), _progress(f"writing {rows:,} records"):
        _sink(sample_records(rows, seed=seed), out)


@app.command()
def demo(format: options.Format = None) -> None:  # noqa: A002 - the option's name
    """Make sample records, count them and show the answer."""
    integration_id = integration_ids(1)[0]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.parquet"
        _say(f"{_DEMO_ROWS:,} sample records; the same by hand:")
        _say(f"  stats-core sample --rows {_DEMO_ROWS} --out sample.parquet")
        _say(f"  stats-core report sample.parquet --integration-id {integration_id}")
        sample(_DEMO_ROWS, path)
        report([str(path)], integration_id=integration_id, format=format)


def _count(records: list[str], asked: Asked, *, on_cluster: bool) -> Answer:
    return (_count_on_cluster if on_cluster else _count_here)(records, asked)


def _count_here(records: list[str], asked: Asked) -> Answer:
    job = Job(
        asked.query,
        asked.layout,
        asked.timezone,
        asked.integration_id,
        asked.each_integration,
    )
    with _progress("counting"):
        frame = job.count(files.scan_files(files.file_paths(records), asked.layout))
    if asked.each_integration:
        return integrations_of(frame)
    return AppointmentStatistics.from_frame(frame)


def _count_on_cluster(records: list[str], asked: Asked) -> Answer:
    with _files_done() as done, _needs_ray():
        if asked.each_integration:
            return cluster.statistics_by_integration(
                records, **asked.keywords(), progress=done
            )
        return cluster.appointment_statistics(
            records,
            integration_id=asked.integration_id,
            **asked.keywords(),
            progress=done,
        )


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


@contextmanager
def _files_done() -> Iterator[cluster.Progress]:
    """A bar of the files done on a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("counting files", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def _needs_ray() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        msg = f"--cluster: {error}"
        raise WrongUsageError(msg) from error


def _say(line: str) -> None:
    typer.echo(line, err=True)
