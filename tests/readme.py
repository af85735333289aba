"""The README as data: its sections, their blocks of Python, and its table of calls."""

import re
from pathlib import Path
from typing import NamedTuple

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


class Block(NamedTuple):
    code: str
    shown: str


class Row(NamedTuple):
    question: str
    call: str
    options: list[str]


def blocks(section: str) -> list[Block]:
    """The blocks of Python, each with the output that is shown before the next one."""
    found: list[Block] = []
    for language, text in re.findall(r"```(\w+)\n(.*?)```", section, flags=re.DOTALL):
        if language == "python":
            found.append(Block(text, ""))
        else:
            found[-1] = Block(found[-1].code, text)
    return found


def rows() -> list[Row]:
    [table] = re.findall(
        r"\| question \| call \| options \|\n.*\n((?:\|.*\n)+)", README
    )
    cells = [line.strip("|").split("|") for line in table.splitlines()]
    return [
        Row(question.strip(), call.strip(" `"), re.findall(r"`(.*?)`", options))
        for question, call, options in cells
    ]


_PARTS = [part.partition("\n") for part in README.split("\n## ")]
SECTIONS = {title: found for title, _, text in _PARTS if (found := blocks(text))}
QUESTIONS = "Which call answers which question"
ROWS = rows()
