"""Labels and outcomes of raw groups, for tools that cannot express them."""

import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping

from benchmarks.contract import DEFAULTS, Answer

SUCCESSFUL = ("successful", "success", "succeeded")
FAILED = ("failed", "failure", "error")
INVISIBLE = "".join(
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}
)

# Number of records by raw value and raw status.
Groups = Mapping[tuple[object, object], int]


def answer_from_groups(groups: Mapping[str, Groups]) -> Answer:
    """Return the answer from raw groups of `trends` (by day) and each dimension."""
    breakdowns = {name: _breakdown(groups[name], DEFAULTS[name]) for name in DEFAULTS}
    return {"trends": _trends(groups["trends"]), **breakdowns}


def _trends(groups: Groups) -> list[tuple[object, ...]]:
    days: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0])
    for (day, status), count in groups.items():
        days[day][_outcome(status)] += count
    undated = [(None, *days.pop(None))] if None in days else []
    return [*undated, *sorted((day, *counts) for day, counts in days.items())]


def _breakdown(groups: Groups, default: str) -> list[tuple[object, ...]]:
    outcomes: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    unset = Counter[str]()
    for (value, status), count in groups.items():
        text = value.strip(INVISIBLE) if isinstance(value, str) else ""
        outcomes[text or default][_outcome(status)] += count
        unset[text or default] += 0 if text else count
    counts = {value: sum(numbers) for value, numbers in outcomes.items()}
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    return [(it, counts[it], unset[it], *outcomes[it]) for it in ordered]


def _outcome(status: object) -> int:
    """Return 0 for successful, 1 for failed, 2 for other."""
    word = status.strip(INVISIBLE).lower() if isinstance(status, str) else ""
    return 0 if word in SUCCESSFUL else 1 if word in FAILED else 2
