"""An answer on stdout: JSON, tables, CSV or Markdown."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple, assert_never

import polars as pl
import typer

from stats_core.cli.options import OutputFormat, WrongUsageError
from stats_core.cli.tidy import csv_text, markdown_text
from stats_core.request import Request
from stats_core.results.comparison import Comparison
from stats_core.results.json_lines import response_lines
from stats_core.results.ranking import page_rows
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import HOURS, SECTIONS, TOTAL, TRENDS, UNDATED, all_sections

if TYPE_CHECKING:
    from rich.console import RenderableType

_TABLE_ROWS = 10
_WITHOUT_VALUES = (TOTAL, UNDATED, TRENDS)
_MAX_WIDTH = 1_000


def check_pages(request: Request, form: OutputFormat | None) -> None:
    """Check that no page is asked of a format that has all rows.

    Raises:
        WrongUsageError: One is.
    """
    if form in {OutputFormat.CSV, OutputFormat.MARKDOWN}:
        paged = sorted({"page", "size"} & request.query.model_fields_set)
        if paged:
            raise WrongUsageError(
                *(f"--{it}: not with --format {form}" for it in paged)
            )


class _Forms(NamedTuple):
    """How to make an answer in each form; only the one that is written is made."""

    tables: Callable[[int], "RenderableType"]
    frame: Callable[[], pl.DataFrame]
    lines: Callable[[], Iterable[str]]


def write(partial: pl.DataFrame, request: Request, form: OutputFormat | None) -> None:
    """Write an answer to stdout; each integration's JSON is one line.

    Args:
        partial: The partial frame of one answer, or of every integration's.
        request: Its query says which page of the breakdowns is shown.
        form: The format; None means tables on a terminal and JSON otherwise.
    """
    page, size = request.query.page, request.query.size

    def tables(size: int) -> "RenderableType":
        from stats_core.cli import tables  # noqa: PLC0415 - slow to import

        if "integration_id" in partial.columns:
            _say_not_shown(partial)
            return tables.integrations_table(partial)
        stats = AppointmentStatistics(partial)
        return tables.statistics_tables(stats, page=page, size=size)

    def lines() -> Iterable[str]:
        _say_not_shown(partial)
        if "integration_id" in partial.columns:
            return response_lines(partial, page, size)
        return [AppointmentStatistics(partial).dashboard_json(page, size)]

    # Markers are for those who read a frame back.
    listed = pl.col("value").is_not_null() | pl.col("section").is_in(_WITHOUT_VALUES)
    _write(_Forms(tables, lambda: partial.filter(listed), lines), request, form)


def write_comparison(
    comparison: Comparison,
    request: Request,
    before: Request,
    form: OutputFormat | None,
) -> None:
    """Write a comparison to stdout, as `write` does an answer; its JSON is one line.

    Args:
        comparison: The answers to both requests.
        request: What is compared; its query also says which page is shown.
        before: What it is compared with.
        form: The format; None means tables on a terminal and JSON otherwise.
    """
    queries = request.query, before.query
    page, size = request.query.page, request.query.size

    def tables(size: int) -> "RenderableType":
        from stats_core.cli import tables  # noqa: PLC0415 - slow to import

        return tables.comparison_tables(comparison, *queries, page=page, size=size)

    def lines() -> Iterable[str]:
        windows = (
            query.model_dump(mode="json", include={"start", "end"}) for query in queries
        )
        yield json.dumps(
            dict(zip(("now", "before"), windows, strict=True))
            | {
                "total": comparison.total._asdict(),
                "outcomes": comparison.outcomes.to_dicts(),
                "trends": comparison.trends(*queries).to_dicts(),
                "breakdowns": {
                    name: page_rows(df, page, size).to_dicts()
                    for name, df in comparison.breakdowns().items()
                },
            },
            default=str,  # of days
            ensure_ascii=False,
            separators=(",", ":"),
        )

    if request.hours:
        _say_left_out([HOURS], "without `--compare`, ")
    _write(_Forms(tables, lambda: comparison.to_frame(*queries), lines), request, form)


def _write(forms: _Forms, request: Request, form: OutputFormat | None) -> None:
    if form is None:
        form = OutputFormat.TABLE if sys.stdout.isatty() else OutputFormat.JSON
    with _quiet_if_closed():
        match form:
            case OutputFormat.TABLE:
                query = request.query
                sized = "size" in query.model_fields_set
                _show(forms.tables(query.size if sized else _TABLE_ROWS))
            case OutputFormat.CSV:
                _write_lines([csv_text(forms.frame()).removesuffix("\n")])
            case OutputFormat.MARKDOWN:
                _write_lines([markdown_text(forms.frame())])
            case OutputFormat.JSON:
                _write_lines(forms.lines())
            case _:
                assert_never(form)


def _say_not_shown(partial: pl.DataFrame) -> None:
    """Name further breakdowns on stderr: the published JSON has no place for them."""
    further = all_sections(partial["section"].unique())[len(SECTIONS) :]
    if further:
        _say_left_out(further)


def _say_left_out(sections: Iterable[str], where: str = "") -> None:
    note = f"note: counted, but not shown in this form: {', '.join(sections)}"
    typer.echo(f"{note}; {where}`--format csv` shows all", err=True)


@contextmanager
def _quiet_if_closed() -> Iterator[None]:
    """Exit with code 0 if the reader of stdout has seen enough, as `head` has."""
    try:
        yield
    except BrokenPipeError:
        # What is still buffered is written when Python ends, and must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _show(shown: "RenderableType") -> None:
    """Print tables, wider than the terminal if numbers would be cut.

    What the encoding of stdout lacks becomes `?`.
    """
    from rich.console import Console  # noqa: PLC0415 - slow to import

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console()
    unlimited = console.options.update(width=_MAX_WIDTH)
    needed = console.measure(shown, options=unlimited).minimum
    console.width = max(console.width, needed)
    with console.capture() as capture:  # because rich exits with 1 on a closed pipe
        console.print(shown)
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


def _write_lines(lines: Iterable[str]) -> None:
    """Write text as UTF-8, whatever the encoding of the console is."""
    binary = hasattr(sys.stdout, "buffer")  # unlike a text that a program collects
    for line in lines:
        typer.echo(line.encode() if binary else line)
