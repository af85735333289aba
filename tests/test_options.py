import re
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from stats_core import InvalidRecordsError, RecordLayout, StatisticsQuery
from stats_core.batch.formats import ReadOptions
from stats_core.cli.options import (
    Format,
    OutputFormat,
    WrongUsageError,
    faults_to_exit_codes,
    fills_request,
    parsed_request,
)
from stats_core.request import Request
from stats_core.sample import integration_ids
from stats_core.schema import ROLES

ID = integration_ids(1)[0]
EVERY_OPTION: dict[str, Any] = {
    "appointment_type": "F/U",
    "search": " ana  clinic ",
    "start": "2024-02-01",
    "end": "2024-06-30T23:59:59.999Z",
    "page": "2",
    "size": "7",
    "integration_id": ID,
    "each_integration": False,
    "hours": True,
    "timezone": "Asia/Tokyo",
    "column": ["created_at=at", "utm_source=config.utm_source", "source=a=b"],
    "breakdown": ["type=kind", "clinic=a=b"],
    "naive_timezone": "America/Sao_Paulo",
    "epoch": "ms",
    "where": ["clinic=a=b", "outcome=failed", "clinic=c"],
    "search_in": ["name", "config.name"],
    "successful": ["Yes", "ok"],
    "failed": ["No"],
}


def faults(**given: Any) -> list[str]:
    with pytest.raises(WrongUsageError) as caught:
        parsed_request(given)
    return list(caught.value.args)


def test_options_fill_every_part_of_a_request() -> None:
    assert parsed_request(EVERY_OPTION) == Request(
        query=StatisticsQuery(
            appointment_type="F/U",
            search=" ana  clinic ",
            start="2024-02-01",
            end="2024-06-30T23:59:59.999Z",
            page=2,
            size=7,
        ),
        layout=RecordLayout(
            created_at="at",
            utm_source="config.utm_source",
            source="a=b",
            breakdowns={"clinic": "a=b", "type": "kind"},
            naive_timezone="America/Sao_Paulo",
            epoch="ms",
            search=("name", "config.name"),
            successful={"yes", "ok"},
            failed={"no"},
        ),
        integration_id=ID,
        where={"clinic": ["c", "a=b"], "outcome": "failed"},
        hours=True,
        timezone="Asia/Tokyo",
    )


def test_options_that_are_not_given_keep_their_defaults() -> None:
    nothing: dict[str, Any] = dict.fromkeys(EVERY_OPTION)
    nothing |= {"each_integration": False, "hours": False}
    lists: dict[str, Any] = {
        name: []
        for name in (
            "column",
            "breakdown",
            "where",
            "search_in",
            "successful",
            "failed",
        )
    }
    blank = dict.fromkeys(("start", "end", "search", "appointment_type"), " ")
    for given in ({}, nothing, nothing | lists, blank):
        request = parsed_request(given)
        assert request == Request()
        assert request.query.model_fields_set <= set(blank)
        assert request.layout.model_fields_set == set()


def test_each_integration_is_a_request_for_all_of_them() -> None:
    assert parsed_request({"each_integration": True}) == Request(by_integration=True)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"page": "0"}, "--page '0': Input should be greater than or equal to 1"),
        ({"size": ""}, "--size '': Input should be a valid integer, unable to parse"),
        ({"start": "soon"}, "--start 'soon': expected an ISO 8601 date"),
        ({"end": "1714564800"}, "--end '1714564800': expected an ISO 8601 date"),
        ({"appointment_type": "fu"}, "--appointment-type 'fu': Input should be 'NP'"),
        ({"search": "x" * 1_001}, f"--search '{'x' * 59}: expected at most 1000"),
        ({"timezone": "Mars"}, "--timezone 'Mars': unknown time zone 'Mars'"),
        ({"timezone": ""}, "--timezone '': unknown time zone ''"),
        ({"integration_id": "no"}, "--integration-id 'no': String should match"),
        ({"integration_id": ""}, "--integration-id '': String should match"),
        (
            {"start": "2024-05-02", "end": "2024-05-01"},
            "--end '2024-05-01': `start` is after `end`",
        ),
        (
            {"start": "2024-05-02", "end": "2024-05-01T12:00Z"},
            "--end '2024-05-01T12:00:00Z': `start` is after `end`",
        ),
        (
            {"column": ["x=y"]},
            "--column 'x': expected ROLE=COLUMN, ROLE one of created",
        ),
        ({"column": ["status"]}, "--column 'status': expected ROLE=COLUMN, ROLE one"),
        ({"column": ["status="]}, "--column status: expected a name"),
        ({"column": ["status= "]}, "--column status: expected a name, got blank text"),
        ({"column": ["integration_id= "]}, "--column integration_id: expected a name"),
        ({"column": ["appointment_type= "]}, "--column appointment_type: expected a"),
        ({"column": ["status=a", "status=b"]}, "--column status: given more than once"),
        ({"breakdown": ["a"]}, "--breakdown 'a': expected NAME=COLUMN"),
        ({"breakdown": ["a="]}, "--breakdown a: expected a name"),
        ({"breakdown": ["a=b", "a=b"]}, "--breakdown a: given more than once"),
        ({"breakdown": [" =b"]}, "--breakdown ' ': expected a name, got blank text"),
        ({"breakdown": ["total=b"]}, "--breakdown 'total': expected another name"),
        ({"breakdown": ["a= "]}, "--breakdown 'a= ': expected a name, got blank text"),
        ({"where": ["a"]}, "--where 'a': expected NAME=LABEL"),
        ({"where": ["a=b"]}, "--where: no dimension a; there are source, utm_source"),
        ({"where": ["outcome=b"]}, "--where: no outcome b; there are successful, fai"),
        ({"where": ["=b"]}, "--where '': expected a name, got blank text"),
        ({"where": ["\udcff=b"]}, "--where '\\udcff': expected Unicode text, got a"),
        ({"where": ["source= b"]}, "--where 'source= b': expected a label as an answ"),
        ({"where": ["source="]}, "--where 'source=': expected a label as an answer"),
        ({"naive_timezone": "Mars"}, "--naive-timezone 'Mars': unknown time zone 'Ma"),
        ({"naive_timezone": ""}, "--naive-timezone '': unknown time zone ''"),
        ({"epoch": "minute"}, "--epoch 'minute': Input should be 's', 'ms', 'us' or"),
        ({"search_in": ["a", ""]}, "--search-in '': expected a name, got blank text"),
        ({"successful": [" "]}, "--successful ' ': expected a name, got blank text"),
        ({"failed": ["ok", "\ufeff"]}, "--failed '\\ufeff': expected a name"),
        ({"successful": ["failed"]}, "status words in both `successful` and `failed`"),
        ({"failed": ["true"]}, "status words in both `successful` and `failed`: true"),
        (
            {"each_integration": True, "integration_id": ID},
            "--each-integration: not together with --integration-id",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_option_is_one_line_that_names_it(
    given: dict[str, Any], fault: str
) -> None:
    [found] = faults(**given)
    assert found.startswith(fault)
    assert "\n" not in found


def test_every_fault_is_a_line() -> None:
    found = faults(
        page="0",
        size="x",
        start="1714564800",
        end="soon",
        appointment_type="fu",
        timezone="Mars",
        integration_id="no",
        each_integration=True,
        search="x" * 1_001,
        column=["x=y", "status=", "source=a", "source=b", "utm_source= "],
        search_in=[""],
        successful=[" "],
        failed=["", "ok"],
    )
    assert sorted(fault.partition(":")[0].split(" ")[0] for fault in found) == sorted(
        [
            *("--page", "--size", "--start", "--end", "--appointment-type"),
            *("--timezone", "--integration-id", "--each-integration", "--search"),
            *("--column", "--column", "--column", "--column"),
            *("--search-in", "--successful", "--failed"),
        ]
    )


@pytest.mark.parametrize(
    ("error", "code", "lines"),
    [
        (WrongUsageError("--b: no", "--a: no"), 2, ["--a: no", "--b: no"]),
        (InvalidRecordsError("`b`: no", "`a`: no"), 1, ["`a`: no", "`b`: no"]),
        (FileNotFoundError(2, "No such file", "a"), 1, ["[Errno 2] No such file: 'a'"]),
    ],
)
def test_what_is_raised_is_lines_on_stderr_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: Exception, code: int, lines: list[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, faults_to_exit_codes():
        raise error
    assert caught.value.exit_code == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err.splitlines()) == ("", lines)


def test_other_errors_and_none_pass_through(capsys: pytest.CaptureFixture[str]) -> None:
    with faults_to_exit_codes():
        pass
    with pytest.raises(ZeroDivisionError), faults_to_exit_codes():
        raise ZeroDivisionError
    with pytest.raises(typer.Exit) as caught, faults_to_exit_codes():
        raise typer.Exit(7)
    assert caught.value.exit_code == 7
    assert capsys.readouterr() == ("", "")


def run(command: Callable[..., None], *words: str) -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(command)
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, words)
    return result.exit_code, result.stdout, result.stderr


def test_a_command_gets_its_request_and_its_own_options() -> None:
    given: list[object] = []

    @fills_request()
    def command(
        files: list[str],
        request: Request,
        *,
        format: Format = None,  # noqa: A002 - the option's name
    ) -> None:
        """Take what was given."""
        given.extend([files, request, format])

    words = ["--appointment-type", "NP", "--column", "status=state", "--size=2"]
    assert run(command, "a", "b", *words, "--format=table", "--failed=no")[0] == 0
    assert given == [
        ["a", "b"],
        Request(
            query={"appointment_type": "NP", "size": 2},
            layout={"status": "state", "failed": ["no"]},
        ),
        OutputFormat.TABLE,
    ]


def test_a_wrong_option_keeps_a_command_from_running() -> None:
    @fills_request()
    def command(request: Request) -> None:
        pytest.fail(f"called with {request}")

    code, out, err = run(command, "--page=0", "--timezone=Mars")
    assert (code, out) == (2, "")
    assert [line.split()[0] for line in err.splitlines()] == ["--page", "--timezone"]


def test_what_a_command_raises_is_its_exit_code() -> None:
    @fills_request()
    def command(request: Request) -> None:
        msg = f"`{request.timezone}`: no"
        raise InvalidRecordsError(msg)

    assert run(command) == (1, "", "`UTC`: no\n")


@pytest.mark.parametrize(
    ("counts", "pages"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_a_command_has_the_options_that_it_fills(*, counts: bool, pages: bool) -> None:
    @fills_request(counts=counts, pages=pages)
    def command(request: Request) -> None:
        """Do nothing."""

    shown = set(re.findall(r"--[a-z-]+", run(command, "--help")[1])) - {"--help"}
    paging = {"--page", "--size"} if pages else set()
    names = {f"--{name.replace('_', '-')}" for name in EVERY_OPTION}
    counting = names - {"--page", "--size"} if counts else set()
    assert {name for name in shown if "completion" not in name} == paging | counting
    assert "request" not in signature(command).parameters
    assert command.__doc__ == "Do nothing."


def test_the_help_names_every_role() -> None:
    @fills_request()
    def command(request: Request) -> None:
        """Do nothing."""

    text = run(command, "--help")[1]
    assert all(role in text for role in ROLES)


def test_the_help_says_what_is_a_flag_and_what_can_be_repeated() -> None:
    @fills_request()
    def command(request: Request, reading: ReadOptions) -> None:
        """Do nothing."""

    lines = [line for line in run(command, "--help")[1].splitlines() if "--" in line]
    named = {line.split("--")[1].split()[0]: line for line in lines}
    assert {name for name, line in named.items() if "can be repeated" in line} == {
        *("column", "breakdown", "where", "search-in", "successful", "failed")
    }
    assert "Flag: " in named["each-integration"]
    assert {"input-format", "separator", "encoding"} <= set(named)


def test_a_command_gets_how_files_are_read() -> None:
    given: list[ReadOptions] = []

    @fills_request()
    def command(request: Request, reading: ReadOptions) -> None:
        """Take what was given."""
        assert request == Request()
        given.append(reading)

    assert run(command)[0] == 0
    words = ["--input-format=csv", "--separator=tab", "--encoding=latin1"]
    assert run(command, *words)[0] == 0
    assert given == [
        ReadOptions(),
        ReadOptions(input_format="csv", separator="tab", encoding="latin1"),
    ]
    code, _, err = run(
        *(command, "--timezone=Mars", "--page=0", "--separator=ab"),
        *("--encoding=no", "--input-format=xlsx"),
    )
    assert code == 2
    assert [line.split()[0] for line in err.splitlines()] == [
        *("--encoding", "--input-format", "--page", "--separator", "--timezone")
    ]
