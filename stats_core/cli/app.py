"""The commands.

Answers go to stdout and everything else to stderr. Exit codes: 0 answered, 1 records
that cannot be counted, 2 wrong usage or a bad query; one line per fault.
"""

import importlib.metadata
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Annotated, cast

import polars as pl
import typer

from stats_core.batch.formats import FORMATS, ReadOptions, default_separator
from stats_core.batch.parts import keep_all, kept_request, merge_parts
from stats_core.batch.paths import file_paths, resolved
from stats_core.batch.tasks import count_files
from stats_core.batch.writing import check_target, in_thread, replacing
from stats_core.cli import comparing, options
from stats_core.cli.options import WrongUsageError, faults_to_exit_codes
from stats_core.cli.output import check_pages, write, write_comparison
from stats_core.cli.pictures import Pictures
from stats_core.cli.standard_input import standard_input
from stats_core.request import Request
from stats_core.results.comparison import Comparison
from stats_core.results.statistics import AppointmentStatistics
from stats_core.sample import integration_ids, sample_records

app = typer.Typer(
    help="Appointment statistics, exactly, from files of records.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # its boxes break a fault into lines
    pretty_exceptions_enable=False,
)
_DEMO_ROWS = 100_000
_Sink = Callable[[Path], object]


def _version(value: bool) -> None:  # noqa: FBT001 - what typer passes
    if value:
        typer.echo(importlib.metadata.version("stats-core"))
        raise typer.Exit


@app.callback()
def main(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version.", callback=_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Appointment statistics, exactly, from files of records."""


@app.command(epilog="Example: stats-core report may.csv --timezone America/New_York")
@options.fills_request()
def report(
    records: options.RecordFiles,
    request: Request,
    reading: ReadOptions,
    *,
    on_cluster: options.OnCluster = False,
    format: options.Format = None,  # noqa: A002 - the option's name
    compare: comparing.Compare = None,
    html: options.Html = None,
    png: options.Png = None,
    svg: options.Svg = None,
) -> None:
    """Count appointments: the total, the daily trend, sources and UTM values."""
    check_pages(request, format)
    pictures = Pictures(request, html=html, png=png, svg=svg)
    before = comparing.earlier_request(request, compare) if compare else None
    asked = [request, before] if before else [request]
    with standard_input(records, reading) as sources:
        _check_are_no_inputs(pictures.files, file_paths(sources, reading))
        counted = [
            _count(sources, one, reading, on_cluster=on_cluster) for one in asked
        ]
    pictures.draw(*zip(asked, counted, strict=True))
    if before:
        both = Comparison(*map(AppointmentStatistics, counted))
        write_comparison(both, request, before, format)
    else:
        write(counted[0], request, format)


@app.command(
    epilog="Example: stats-core tally may.csv --out may.parquet; or, for one part per "
    "day, stats-core tally may.csv --start 2024-05-01 --end 2024-05-31 "
    "--out-by-day parts"
)
@options.fills_request(pages=False)
def tally(
    records: options.RecordFiles,
    request: Request,
    reading: ReadOptions,
    *,
    out: Annotated[
        Path | None, typer.Option(help="The .parquet file to write the part to.")
    ] = None,
    out_by_day: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write one part per day from --start to --end: FOLDER/2024-05-01.parquet.",
        ),
    ] = None,
    on_cluster: options.OnCluster = False,
) -> None:
    """Count appointments and keep the answer, for `merge` to add to others."""
    parts = _parts(request, out, out_by_day)
    if out_by_day is not None:
        out_by_day.mkdir(exist_ok=True)
    for path in parts:
        check_target(path)
    with standard_input(records, reading) as sources:
        option = "--out" if out else "--out-by-day"
        outs = [(option, path) for path in parts]
        _check_are_no_inputs(outs, file_paths(sources, reading))
        counted = (
            (path, asked, _count(sources, asked, reading, on_cluster=on_cluster))
            for path, asked in parts.items()
        )
        keep_all(counted)


def _parts(
    request: Request, out: Path | None, out_by_day: Path | None
) -> dict[Path, Request]:
    """Return the files to write, and the request that each one answers."""
    if (out is None) == (out_by_day is None):
        msg = "--out, --out-by-day: expected one of them"
        raise WrongUsageError(msg)
    if out is not None:
        if FORMATS.get(out.suffix.lower()) != "parquet":
            msg = f"--out {out}: expected a .parquet file"
            raise WrongUsageError(msg)
        return {out: request}
    try:
        by_day = request.by_day()
    except ValueError as error:
        msg = f"--out-by-day: {error}: --start and --end"
        raise WrongUsageError(msg) from error
    folder = cast("Path", out_by_day)
    return {folder / f"{day}.parquet": asked for day, asked in by_day.items()}


@app.command(epilog="Example: stats-core merge 'parts/*.parquet' --format table")
@options.fills_request(counts=False)
def merge(
    kept: options.PartFiles,
    request: Request,
    *,
    format: options.Format = None,  # noqa: A002 - the option's name
    html: options.Html = None,
    png: options.Png = None,
    svg: options.Svg = None,
) -> None:
    """Add up what `tally` kept, and show the answer as `report` does.

    The parts must answer one question, for days or files that do not overlap.
    """
    check_pages(request, format)
    pictures = Pictures(request, html=html, png=png, svg=svg)
    paths = file_paths(kept)
    _check_are_no_inputs(pictures.files, paths)
    with _progress("adding up"):
        merged = merge_parts(paths)
    if pictures.files:  # only they show what the parts were counted for
        pictures.draw((kept_request(paths[0]), merged))
    write(merged, request, format)


@app.command(epilog="Example: stats-core sample --rows 1000000 --out sample.parquet")
def sample(
    rows: Annotated[int, typer.Option(min=0, help="How many records.")],
    out: Annotated[
        Path, typer.Option(help="A .parquet, .ndjson, .csv or .arrow file to write.")
    ],
    seed: Annotated[int, typer.Option(min=0, help="Another seed, other records.")] = 0,
) -> None:
    """Write synthetic records, the same for the same seed, however many."""
    with faults_to_exit_codes(), _progress(f"writing {rows:,} records"):
        _sink(sample_records(rows, seed=seed), out)


@app.command(epilog="Example: stats-core demo --format table")
def demo(format: options.Format = None) -> None:  # noqa: A002 - the option's name
    """Make sample records, count them and show the answer."""
    request = Request(integration_id=integration_ids(1)[0])
    with tempfile.TemporaryDirectory() as folder, faults_to_exit_codes():
        path = Path(folder) / "sample.parquet"
        _say(f"{_DEMO_ROWS:,} sample records; the same by hand:")
        _say(f"  stats-core sample --rows {_DEMO_ROWS} --out sample.parquet")
        _say(
            f"  stats-core report sample.parquet --integration-id {request.integration_id}"
        )
        sample(_DEMO_ROWS, path)
        counted = _count([str(path)], request, ReadOptions(), on_cluster=False)
        write(counted, request, format)


def _count(
    records: list[str], request: Request, reading: ReadOptions, *, on_cluster: bool
) -> pl.DataFrame:
    if on_cluster:
        from stats_core.batch import cluster  # noqa: PLC0415 - slow to import

        with _files_done() as done, _needs_ray():
            return cluster.count(records, request, done, reading, _say_unset)
    with _progress("counting"):
        return count_files(file_paths(records, reading), request, reading, _say_unset)


def _check_are_no_inputs(
    outs: Sequence[tuple[str, Path]], paths: Sequence[str]
) -> None:
    """Raise if a file to write, named by an option, is one that is read."""
    inputs = {*map(resolved, paths)}
    for option, out in outs:
        if resolved(str(out)) in inputs:
            msg = f"{option} {out}: is among the records, which it would replace"
            raise WrongUsageError(msg)


def _sink(lf: pl.LazyFrame, out: Path) -> None:
    suffix = out.suffix.lower()
    match FORMATS.get(suffix):
        case "parquet":
            sink: _Sink = lf.sink_parquet
        case "json" if suffix != ".json":
            sink = lf.sink_ndjson
        case "csv":
            sink = partial(lf.sink_csv, separator=default_separator(out.name))
        case "ipc":
            sink = lf.sink_ipc
        case _:
            msg = f"--out {out}: expected a .parquet, .ndjson, .csv or .arrow file"
            raise WrongUsageError(msg)
    with replacing(out) as unfinished:
        in_thread(partial(sink, unfinished))


@contextmanager
def _progress(doing: str) -> Iterator[None]:
    """Show a spinner on a terminal while work takes more than a second."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415 - slow to import

    status = Console(stderr=True).status(f"{doing} …")
    timer = Timer(1, status.start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        status.stop()


@contextmanager
def _files_done() -> Iterator[Callable[[int, int], object]]:
    """Show a bar of finished files on a terminal."""
    from rich.console import Console  # noqa: PLC0415 - slow to import
    from rich.progress import Progress  # noqa: PLC0415 - slow to import

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


def _say_unset(fields: Sequence[str]) -> None:
    _say(f"note: unset for all records, as no document has it: {' | '.join(fields)}")


def _say(line: str) -> None:
    typer.echo(line, err=True)
