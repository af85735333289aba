"""What is measured: a source, a question and the kind of columns, by name."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from benchmarks.question import Question
from stats_core import StatisticsQuery

NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class Case:
    """One question to one kind of source.

    Attributes:
        name: What `--case` selects it by.
        parameters: The request's query, as strings.
        source: Whether the records are held in memory or scanned from Parquet.
        timezone: Whose calendar days are counted.
        campaigns: How many distinct campaigns there are.
        enums: Whether the columns of few values are `Enum` instead of `String`.
        dirty: Whether the records are the few of every kind of dirt.
        json: Whether the answer is the response's JSON, from the strings of a request.
    """

    name: str
    parameters: dict[str, str]
    source: Literal["memory", "parquet"] = "memory"
    timezone: str = "UTC"
    campaigns: int = 2_000
    enums: bool = False
    dirty: bool = False
    json: bool = False

    @cached_property
    def query(self) -> StatisticsQuery:
        """The request as stats_core reads it."""
        return StatisticsQuery.model_validate(self.parameters)

    @cached_property
    def question(self) -> Question:
        """The request as the rivals read it."""
        return Question.of(self.parameters, self.timezone)


_TYPE = {"appointmentType": "NP"}
_DATE = {"start": "2024-07-01T00:00:00Z", "end": "2025-06-30T23:59:59.999Z"}
# The rare word stands in one name of ten thousand, the frequent one in a clinic of
# four; of the two, one stands in a name of ten and one in a clinic of six.
_RARE, _FREQUENT, _TWO = "quillon", "clinic", "ferdro HARBOUR"

_QUESTIONS = (
    Case("none", {}),
    Case("date", _DATE),
    Case("type-date", _TYPE | _DATE),
    Case("search-rare", {"search": _RARE}),
    Case("search-frequent", {"search": _FREQUENT}),
    Case("search-two", {"search": _TWO}),
    Case("type-date-search", _TYPE | _DATE | {"search": "ferdro"}),
    Case("zone", {}, timezone=NEW_YORK),
    Case("campaigns", {}, campaigns=200_000),
)
CASES = (
    *(replace(case, name=f"memory-{case.name}") for case in _QUESTIONS),
    Case("memory-enum-none", {}, enums=True),
    Case("memory-enum-type-date", _TYPE | _DATE, enums=True),
    *(
        replace(case, name=f"parquet-{case.name}", source="parquet")
        for case in _QUESTIONS
    ),
)
END_TO_END = tuple(
    Case(f"end-to-end-{name}", parameters, json=True)
    for name, parameters in (
        ("none", {}),
        ("date", _DATE),
        ("type-date", _TYPE | _DATE),
    )
)

_DIRTY = (
    Case("none", {}),
    Case("date", {"start": "2024-11-03", "end": "2024-11-03"}, timezone=NEW_YORK),
    Case(
        "bounds", {"start": "2024-11-03T04:00:00Z", "end": "2024-11-03T05:59:59.999Z"}
    ),
    Case("type", {"appointmentType": "F/U"}),
    Case("search-literal", {"search": r"100%_(\ 'É"}),
    Case("search-default", {"search": "direct"}),
    Case("zone", {}, timezone=NEW_YORK),
    Case("no-midnight", {}, timezone="Africa/Cairo"),
    Case("two-midnights", {}, timezone="America/Havana"),
)
DIRTY = tuple(
    replace(case, name=f"dirty-{source}-{case.name}", source=source, dirty=True)
    for source in ("memory", "parquet")
    for case in _DIRTY
)
BY_NAME = {case.name: case for case in (*CASES, *END_TO_END, *DIRTY)}
