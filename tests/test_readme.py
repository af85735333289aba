import json
import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_ten_lines_print_what_the_readme_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exec(blocks("python")[0], {})  # noqa: S102 - the README's own code
    printed = capsys.readouterr().out
    assert printed == blocks("json")[0]
    assert json.loads(printed)["overview"] == {"total": 2}


@pytest.mark.parametrize("code", blocks("python")[1:])
def test_every_other_example_runs(code: str) -> None:
    exec(code, {"records": []})  # noqa: S102 - the README's own code


def test_the_two_lines_are_there_to_be_pasted() -> None:
    lines = [line.split("  #")[0].strip() for line in README.splitlines()]
    assert "pip install uv && uv run stats-core demo" in lines
    assert "pip install uv && uv run pytest" in lines
