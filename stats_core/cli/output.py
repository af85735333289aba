"""An answer on stdout: the published JSON, or tables."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper

import polars as pl
import typer

from stats_core.cli.options import OutputFormat
from stats_core.request import Request
from stats_core.results.json_lines import response_lines
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import SECTIONS, all_sections

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
    if not as_table or "integration_id" in partial.columns:
        _say_not_shown(partial)
    with _quiet_if_closed():
        if as_table:
            _show(partial, request)
        elif "integration_id" in partial.columns:
            _write_lines(response_lines(partial, query.page, query.size))
        else:
            page = AppointmentStatistics(partial).dashboard(query.page, query.size)
            _write_lines([page.model_dump_json()])


def _say_not_shown(partial: pl.DataFrame) -> None:
    """Name the further breakdowns on stderr; the published JSON has no place for them."""
    further = all_sections(partial["section"].unique())[len(SECTIONS) :]
    if further:
        note = "note: counted, but shown only in tables and pictures of one answer"
        typer.echo(f"{note}: {', '.join(further)}", err=True)


@contextmanager
def _quiet_if_closed() -> Iterator[None]:
    """Exit with code 0 if the reader of stdout has seen enough, as `head` has."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered is written when Python ends, and must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


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
    with console.capture() as capture:  # because rich exits with 1 on a closed pipe
        console.print(shown)
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def _write_lines(lines: Iterable[str]) -> None:
    """Write JSON as UTF-8, whatever the encoding of the console is."""
    binary = hasattr(sys.stdout, "buffer")  # unlike a text that a program collects
    for line in lines:
        typer.echo(line.encode() if binary else line)
