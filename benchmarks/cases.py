"""The questions that stats_core and its rivals answer."""

from dataclasses import dataclass, replace
from functools import cached_property
from operator import eq
from typing import Literal

from benchmarks.contract import INTEGRATION, Question
from stats_core import StatisticsQuery
from stats_core.sample import integration_ids

NEW_YORK = "America/New_York"


@dataclass(frozen=True)
class Case:
    """One question about one kind of records.

    Attributes:
        name: The name that `--case` selects.
        parameters: The query strings of the request.
        source: Whether the records are in memory or scanned from Parquet.
        timezone: The zone of the calendar days.
        campaigns: Number of distinct campaigns.
        integrations: Number of integrations that the records carry; 0: none.
        integration_id: The only one that is counted; None: each by itself.
        enums: Whether columns of few values are `Enum` instead of `String`.
        dirty: Whether the records are the few that hold every kind of dirt.
    """

    name: str
    parameters: dict[str, str]
    source: Literal["memory", "parquet"] = "memory"
    timezone: str = "UTC"
    campaigns: int = 2_000
    integrations: int = 0
    integration_id: str | None = None
    enums: bool = False
    dirty: bool = False

    @cached_property
    def query(self) -> StatisticsQuery:
        """The request as stats_core reads it."""
        return StatisticsQuery.model_validate(self.parameters)

    @cached_property
    def question(self) -> Question:
        """The request as the rivals read it."""
        question = Question.parse(self.parameters, self.timezone)
        if self.integration_id:
            question.conditions.append((INTEGRATION, eq, self.integration_id))
        return question

    @property
    def by_integration(self) -> bool:
        """Whether each integration is counted by itself."""
        return self.integrations > 0 and self.integration_id is None


_TYPE = {"appointmentType": "NP"}
_DATE = {"start": "2024-07-01T00:00:00Z", "end": "2025-06-30T23:59:59.999Z"}
_ID = integration_ids(1)[0]
PLAIN = (Case("none", {}), Case("date", _DATE), Case("type-date", _TYPE | _DATE))
# The rare word is in one name of ten thousand, the frequent one in one clinic of four.
# Of the two words, one is in one name of ten, the other in one clinic of six.
_QUESTIONS = (
    *PLAIN,
    Case("search-rare", {"search": "quillon"}),
    Case("search-frequent", {"search": "clinic"}),
    Case("search-two", {"search": "ferdro HARBOUR"}),
    Case("type-date-search", _TYPE | _DATE | {"search": "ferdro"}),
    Case("zone", {}, timezone=NEW_YORK),
    Case("campaigns", {}, campaigns=200_000),
    Case("by-integration", {}, integrations=2_000),
)
CASES = (
    *(replace(it, name=f"memory-{it.name}") for it in _QUESTIONS),
    Case("memory-type", _TYPE),
    Case("memory-integration", {}, integrations=5, integration_id=_ID),
    Case("memory-enum-none", {}, enums=True),
    Case("memory-enum-type-date", _TYPE | _DATE, enums=True),
    *(replace(it, name=f"parquet-{it.name}", source="parquet") for it in _QUESTIONS),
)

_HOURS = {"start": "2024-11-03T04:00:00Z", "end": "2024-11-03T05:59:59.999Z"}
_DIRTY = (
    Case("none", {}),
    Case("date", {"start": "2024-11-03", "end": "2024-11-03"}, timezone=NEW_YORK),
    Case("bounds", _HOURS),
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
BY_NAME = {case.name: case for case in (*CASES, *DIRTY)}
