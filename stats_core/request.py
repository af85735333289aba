"""One request: what is counted, validated once and only read afterwards."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Self
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from stats_core import days
from stats_core.bounds import Period
from stats_core.errors import refused
from stats_core.layout import Column, RecordLayout, zone_name
from stats_core.mappings import FrozenMapping
from stats_core.query import StatisticsQuery
from stats_core.schema import DIMENSIONS, HOURS, OUTCOME, OUTCOMES
from stats_core.text import in_any_case, is_unicode, trimmed
from stats_core.typing import Engine

_INTEGRATION_ID = r"^[0-9a-f]{24}$"
_IdText = Annotated[str, StringConstraints(pattern=_INTEGRATION_ID)]


def is_integration_id(text: str) -> bool:
    """Return whether the text has the published form of an `integration_id`.

    >>> is_integration_id("5eb7cf5a86d9755df3a6c593"), is_integration_id("all")
    (True, False)
    """
    return re.fullmatch(_INTEGRATION_ID, text) is not None


def _id_text(value: object) -> object:
    """Return the text of a database driver's ObjectId; other values as they are."""
    return str(value) if type(value).__name__ == "ObjectId" else value


def _label(text: str) -> str:
    if (
        not text
        or not is_unicode(text)
        or text != pl.select(trimmed(pl.lit(text))).item()
    ):
        msg = "expected a label as an answer shows it, trimmed and not blank"
        raise refused(msg)
    return text


def _alternatives(value: object) -> object:
    """Return one text as a list of it; other values as they are."""
    return [value] if isinstance(value, str) else value


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    if not labels:
        msg = "expected at least one label, got none"
        raise refused(msg)
    return tuple(sorted(set(labels)))


_Labels = Annotated[
    tuple[Annotated[str, AfterValidator(_label)], ...],
    BeforeValidator(_alternatives),
    AfterValidator(_in_order),
]
_Where = Annotated[
    Mapping[Column, _Labels],
    AfterValidator(FrozenMapping),
    PlainSerializer(dict, return_type=dict[str, tuple[str, ...]]),
]


class Request(BaseModel):
    """What is counted, how the records are laid out, and which engine counts.

    Attributes:
        query: The endpoint's query parameters.
        layout: Which column holds each field.
        integration_id: The integration whose records count; None pools all records.
        by_integration: Whether each integration is counted separately.
        where: Which labels count, by dimension or `outcome`: a record counts if its
            label in each of them is one of those given.
        hours: Whether each local weekday and hour is counted as well.
        timezone: The IANA zone whose calendar days are counted.
        engine: The Polars engine; `auto` follows the size of the records.

    Raises:
        pydantic.ValidationError: An argument of the wrong kind, a malformed id, an
            unknown dimension or outcome, or bounds that are out of order in this zone.
        UnknownTimezoneError: No zone has this name. It is a fault of the program, not
            of its client, so it is no `ValidationError`.

    >>> Request(query=StatisticsQuery(search="ana F/U")).patterns
    ('[fF]/[uU]', '[aA][nN][aA]')
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    query: StatisticsQuery = StatisticsQuery()
    layout: RecordLayout = RecordLayout()
    integration_id: Annotated[_IdText | None, BeforeValidator(_id_text)] = None
    by_integration: bool = False
    where: _Where = Field(default_factory=FrozenMapping)
    hours: bool = False
    timezone: Annotated[str, BeforeValidator(zone_name)] = "UTC"
    engine: Engine = "auto"

    @field_validator("where")
    @classmethod
    def _is_known(cls, where: _Where, info: ValidationInfo) -> _Where:
        layout = info.data.get("layout", RecordLayout())
        names = (*layout.dimensions(), OUTCOME)
        if unknown := sorted(set(where) - set(names)):
            msg = f"no dimension {', '.join(unknown)}; there are {', '.join(names)}"
            raise refused(msg)
        if unknown := sorted(set(where.get(OUTCOME, ())) - set(OUTCOMES)):
            msg = f"no outcome {', '.join(unknown)}; there are {', '.join(OUTCOMES)}"
            raise refused(msg)
        return where

    def __init__(self, **arguments: object) -> None:
        """Validate the arguments, then resolve the zone and the period."""
        super().__init__(**arguments)
        _ = self.zone, self.naive_zone, self.period

    @property
    def scoped(self) -> bool:
        """Whether the records must carry an integration."""
        return self.by_integration or self.integration_id is not None

    @property
    def bounded(self) -> bool:
        """Whether the query has a start or an end."""
        return self.query.start is not None or self.query.end is not None

    @property
    def dimensions(self) -> Mapping[str, str]:
        """The label of unset records in each dimension, in the order of an answer."""
        return self.layout.dimensions()

    @property
    def value_sections(self) -> Mapping[str, str]:
        """The dimensions and, where they are counted, the hours; with their defaults."""
        return {**self.dimensions, HOURS: ""} if self.hours else self.dimensions

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return days.find_zone(self.timezone)

    @cached_property
    def naive_zone(self) -> ZoneInfo:
        """The time zone of instants without one."""
        return days.find_zone(self.layout.naive_timezone)

    @cached_property
    def period(self) -> Period:
        """The period between the query's bounds."""
        return self.query.period(self.zone)

    @cached_property
    def patterns(self) -> tuple[str, ...]:
        """One case-insensitive pattern per keyword; long keywords, as rare ones, first.

        Every keyword must occur, so the rarest first leaves the least to search.
        """
        keywords = sorted(
            set(self.query.keywords()), key=lambda word: (-len(word), word)
        )
        return tuple(map(in_any_case, keywords))

    def by_day(self) -> dict[date, "Request"]:
        """Return one request per day of the query's dates, in their order.

        Raises:
            ValueError: The query's bounds are not two dates.

        >>> query = StatisticsQuery(start="2024-05-01", end="2024-05-02")
        >>> [day.isoformat() for day in Request(query=query).by_day()]
        ['2024-05-01', '2024-05-02']
        """
        start, end = self.query.start, self.query.end
        if (
            not (start and end)
            or isinstance(start, datetime)
            or isinstance(end, datetime)
        ):
            msg = "expected a start and an end that are dates"
            raise ValueError(msg)
        days_ = (start + timedelta(days=n) for n in range((end - start).days + 1))
        return {
            day: Request(
                query=self.query.model_copy(update={"start": day, "end": day}),
                layout=self.layout,
                integration_id=self.integration_id,
                by_integration=self.by_integration,
                where=self.where,
                hours=self.hours,
                timezone=self.timezone,
                engine=self.engine,
            )
            for day in days_
        }

    @classmethod
    def from_question(cls, question: Mapping[str, str | None]) -> Self:
        """Return a request with the filters of a `question`; it keeps no more of them.

        Raises:
            ValueError, TypeError: It is no question of a request.

        >>> asked = Request(where={"outcome": "failed"}, integration_id="5eb7" * 6)
        >>> Request.from_question(asked.question()) == asked
        True
        """
        where = json.loads(question.get("where") or "{}")
        further = set(where) - {*DIMENSIONS, OUTCOME}
        return cls(
            query={it: question.get(it) for it in ("appointment_type", "search")},
            layout={"breakdowns": {name: name for name in further}},
            integration_id=question.get("integration_id"),
            where=where,
        )

    def question(self) -> dict[str, str | None]:
        """Return what two answers must share to add up; their dates may differ.

        >>> Request(timezone="Asia/Tokyo").question()["timezone"]
        'Asia/Tokyo'
        """
        return {
            "timezone": self.timezone,
            "integration_id": self.integration_id,
            "appointment_type": self.query.appointment_type,
            "search": " ".join(sorted(set(self.query.keywords()))),
            "breakdowns": ", ".join(self.layout.breakdowns),
            "where": json.dumps(dict(self.where)) if self.where else "",
            "hours": "counted" if self.hours else "",
        }
