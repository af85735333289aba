"""An answer on stdout: as the published JSON, or as tables; with the extra `cli`."""

import typer
from rich.console import Console

from stats_core.options import OutputFormat
from stats_core.parts import Answer
from stats_core.query import StatisticsQuery
from stats_core.statistics import AppointmentStatistics
from stats_core.tables import integrations_table, statistics_tables


def write(
    answer: Answer, query: StatisticsQuery, size: str | None, form: OutputFormat | None
) -> None:
    """Write an answer to stdout, each integration's on a line of its own.

    Args:
        answer: What was counted.
        query: Which page of the breakdowns is shown.
        size: The option that set its size, if it was given.
        form: How; None for tables on a terminal and JSON otherwise.
    """
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
