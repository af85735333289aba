"""What the words mean, for tools that have no words of their own for it."""

import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping

from benchmarks.answer import Answer
from benchmarks.question import DIMENSIONS

DEFAULTS = dict.fromkeys(DIMENSIONS, "not set") | {"utm_source": "direct"}
SUCCESSFUL = ("successful", "success", "succeeded")
FAILED = ("failed", "failure", "error")

INVISIBLE = "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
)

# How many records have a raw value and a raw status.
Groups = Mapping[tuple[object, object], int]


def outcome(status: object) -> int:
    """0 for successful, 1 for failed, 2 for other."""
    word = status.strip(INVISIBLE).lower() if isinstance(status, str) else ""
    return 0 if word in SUCCESSFUL else 1 if word in FAILED else 2


def tidied(groups: Mapping[str, Groups]) -> Answer:
    """The answer from raw groups of `trends` (by day) and of each dimension."""
    breakdowns = {
        name: _breakdown(groups[name], default) for name, default in DEFAULTS.items()
    }
    return {"trends": _trends(groups["trends"]), **breakdowns}


def _trends(groups: Groups) -> list[tuple[object, ...]]:
    days: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, status), count in groups.items():
        days[day][outcome(status)] += count
    undated = [(None, *days.pop(None))] if None in days else []
    return [*undated, *sorted((day, *counts) for day, counts in days.items())]


def _breakdown(groups: Groups, default: str) -> list[tuple[object, ...]]:
    outcomes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    unset = Counter[str]()
    for (value, status), count in groups.items():
        text = value.strip(INVISIBLE) if isinstance(value, str) else ""
        outcomes[text or default][outcome(status)] += count
        unset[text or default] += 0 if text else count
    counts = {value: sum(numbers) for value, numbers in outcomes.items()}
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [(it, counts[it], unset[it], *outcomes[it]) for it in ordered]
