"""An answer on stdout: the published JSON, or tables."""

import polars as pl
import typer
from rich.console import Console

from stats_core.cli.options import OutputFormat
from stats_core.cli.tables import integrations_table, statistics_tables
from stats_core.request import Request
from stats_core.results.json_lines import response_lines
from stats_core.results.statistics import AppointmentStatistics

_TABLE_ROWS = 10


def write(partial: pl.DataFrame, request: Request, form: OutputFormat | None) -> None:
    """Write an answer to stdout; each integration's JSON is one line.

    Args:
        partial: The partial frame of one answer, or of every integration's.
        request: Its query says which page of the breakdowns is shown.
        form: The format; None means tables on a terminal and JSON otherwise.
    """
    terminal, query = Console(), request.query
    as_table = form is OutputFormat.TABLE or (form is None and terminal.is_terminal)
    if "integration_id" not in partial.columns:
        stats = AppointmentStatistics(partial)
        size = query.size if "size" in query.model_fields_set else _TABLE_ROWS
        if as_table:
            terminal.print(statistics_tables(stats, page=query.page, size=size))
        else:
            page = stats.dashboard(query.page, query.size)
            typer.echo(page.model_dump_json())
    elif as_table:
        terminal.print(integrations_table(partial))
    else:
        for line in response_lines(partial, query.page, query.size):
            typer.echo(line)
