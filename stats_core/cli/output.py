"""An answer on stdout: the published JSON, or tables."""

import sys
from collections.abc import Iterable
from io import TextIOWrapper

import polars as pl
import typer

from stats_core.cli.options import OutputFormat
from stats_core.request import Request
from stats_core.results.json_lines import response_lines
from stats_core.results.statistics import AppointmentStatistics

_TABLE_ROWS = 10
_MAX_WIDTH = 1_000


def write(partial: pl.DataFrame, request: Request, form: OutputFormat | None) -> None:
    """Write an answer to stdout; each integration's JSON is one line.

    Args:
        partial: The partial frame of one answer, or of every integration's.
        request: Its query says which page of the breakdowns is shown.
        form: The format; None means tables on a terminal and JSON otherwise.
    """
    query = request.query
    as_table = form is OutputFormat.TABLE or (form is None and sys.stdout.isatty())
    if as_table:
        _show(partial, request)
    elif "integration_id" in partial.columns:
        _write_lines(response_lines(partial, query.page, query.size))
    else:
        page = AppointmentStatistics(partial).dashboard(query.page, query.size)
        _write_lines([page.model_dump_json()])


def _show(partial: pl.DataFrame, request: Request) -> None:
    """Print tables, wider than the terminal if numbers would be cut.

    What the encoding of stdout lacks becomes `?`.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    from stats_core.cli import tables  # noqa: PLC0415 - slow to import

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    query, console = request.query, Console()
    size = query.size if "size" in query.model_fields_set else _TABLE_ROWS
    shown = (
        tables.integrations_table(partial)
        if "integration_id" in partial.columns
        else tables.statistics_tables(
            AppointmentStatistics(partial), page=query.page, size=size
        )
    )
    unlimited = console.options.update(width=_MAX_WIDTH)
    needed = console.measure(shown, options=unlimited).minimum
    console.width = max(console.width, needed)
    console.print(shown)


def _write_lines(lines: Iterable[str]) -> None:
    """Write JSON as UTF-8, whatever the encoding of the console is."""
    for line in lines:
        typer.echo(line.encode())
