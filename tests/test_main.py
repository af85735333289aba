import subprocess
import sys

import pytest

from stats_core.__main__ import main


def test_main_runs_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["stats-core", "--help"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 0
    assert "report" in capsys.readouterr().out


def test_the_module_runs_as_a_script() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-m", "stats_core", "merge", "none.parquet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "none.parquet: no such file\n"


@pytest.mark.parametrize(
    ("lacking", "expected"),
    [("typer", SystemExit), ("stats_core.cli.output", ModuleNotFoundError)],
)
def test_main_names_the_extra_it_needs(
    monkeypatch: pytest.MonkeyPatch, lacking: str, expected: type[BaseException]
) -> None:
    for module in ("app", "options", "output", "tables"):
        monkeypatch.delitem(sys.modules, f"stats_core.cli.{module}", raising=False)
    monkeypatch.setitem(sys.modules, lacking, None)
    with pytest.raises(expected, match=r"stats-core\[cli\]|cli\.output"):
        main()
