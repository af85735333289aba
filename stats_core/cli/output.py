"""An answer on stdout: the published JSON, or tables."""

import sys
from collections.abc import Iterable
from io import TextIOWrapper

import polars as pl
import typer
from rich.console import Console, RenderableType

from stats_core.cli.options import OutputFormat
from stats_core.cli.tables import integrations_table, statistics_tables
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
    terminal, query = _terminal(), request.query
    as_table = form is OutputFormat.TABLE or (form is None and terminal.is_terminal)
    if "integration_id" not in partial.columns:
        stats = AppointmentStatistics(partial)
        size = query.size if "size" in query.model_fields_set else _TABLE_ROWS
        if as_table:
            _show(terminal, statistics_tables(stats, page=query.page, size=size))
        else:
            page = stats.dashboard(query.page, query.size)
            _write_lines([page.model_dump_json()])
    elif as_table:
        _show(terminal, integrations_table(partial))
    else:
        _write_lines(response_lines(partial, query.page, query.size))


def _terminal() -> Console:
    """Return the console of stdout; what its encoding lacks becomes `?`."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    return Console()


def _show(terminal: Console, tables: RenderableType) -> None:
    """Print tables, wider than the terminal if numbers would be cut."""
    unlimited = terminal.options.update(width=_MAX_WIDTH)
    needed = terminal.measure(tables, options=unlimited).minimum
    terminal.width = max(terminal.width, needed)
    terminal.print(tables)


def _write_lines(lines: Iterable[str]) -> None:
    """Write JSON as UTF-8, whatever the encoding of the console is."""
    for line in lines:
        typer.echo(line.encode())
