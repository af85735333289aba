"""Which column holds each field of a record, and what status words mean."""

from collections.abc import Mapping, Set as AbstractSet
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from stats_core.errors import refused
from stats_core.mappings import FrozenMapping
from stats_core.parameters import Parameters
from stats_core.schema import (
    DIMENSIONS,
    HOURS,
    NOT_SET,
    OUTCOME,
    ROLES,
    TOTAL,
    TRENDS,
    UNDATED,
    dimension_column,
)
from stats_core.text import is_unicode, normalise_status

# What an answer has beside its further dimensions.
_RESERVED = (*DIMENSIONS, TOTAL, UNDATED, TRENDS, HOURS, OUTCOME)


def _name(text: str) -> str:
    if not is_unicode(text):
        msg = "expected Unicode text, got a lone surrogate"
        raise refused(msg)
    if not text.strip():
        msg = "expected a name, got blank text"
        raise refused(msg)
    return text


def _word(text: str) -> str:
    word: str = pl.select(normalise_status(pl.lit(_name(text)))).item()
    return _name(word)


def _further(name: str) -> str:
    if name in _RESERVED:
        msg = f"expected another name, an answer has `{name}` already"
        raise refused(msg)
    return name


def zone_name(value: object) -> object:
    """Return the name of a `ZoneInfo`; other values as they are.

    >>> zone_name(ZoneInfo("Asia/Tokyo"))
    'Asia/Tokyo'
    """
    return value.key if isinstance(value, ZoneInfo) else value


_Several = AbstractSet[str] | list[str] | tuple[str, ...]
Epoch = Literal["s", "ms", "us", "ns"]
Column = Annotated[str, AfterValidator(_name)]
Word = Annotated[str, AfterValidator(_word)]
Breakdowns = Annotated[
    Mapping[Annotated[Column, AfterValidator(_further)], Column],
    AfterValidator(FrozenMapping),
    PlainSerializer(dict, return_type=dict[str, str]),
]


class RecordLayout(Parameters):
    """Which column holds each field, and which words mean successful and failed.

    A column is given by its name, or by a dotted path into struct columns
    (`config.utm_source`). If the name of a column contains the dots, that column comes
    first. A breakdown column that is absent is unset for all records. A column that is
    named here must exist, so that a typo never reads as 100 % direct.

    Attributes:
        created_at: When the appointment was made: any `Datetime`, a `Date`, ISO 8601
            text, or an export's `{"$date": …}`. Values without a zone are times of a
            clock in `naive_timezone`; a date is its midnight there.
        status: The outcome: text, or Boolean, which is the word `true` or `false`.
        appointment_type: The type; needed when the query filters by type.
        integration_id: The integration's id, 24 characters of `0-9a-f`.
        source: Where the appointment came from.
        utm_source: The campaign source.
        utm_medium: The campaign medium.
        utm_campaign: The campaign.
        breakdowns: Further dimensions: the name of each and its column, which can be
            that of another field too. Unset is `not set`. Names are not blank, and not
            one of the four above, `total`, `undated`, `trends`, `hours` or `outcome`.
        naive_timezone: The IANA zone of the clock that values of `created_at` without a
            zone were read from. A time that does not exist, or that happens twice, is
            read as `zoneinfo` reads it with `fold=0`: under the offset before the
            change. The bounds of a query are not affected. A request of an unknown
            zone raises `UnknownTimezoneError`, as one of an unknown `timezone` does.
        epoch: The unit of numbers in `created_at`, counted from 1970-01-01 in UTC: whole
            numbers of any type, whole floats below 2**53, and text of nothing but
            digits (as CSV holds them), so that text such as `20240501` is a number too.
            None means that numbers are faults.
        search: The columns that `search` reads. None means all text columns but those
            of the fields above (`breakdowns` changes nothing: what is counted does not
            depend on how it is broken down); nested ones must be named.
        successful: Status words that mean successful; trimmed and case-insensitive.
        failed: Status words that mean failed; trimmed and case-insensitive.

    >>> RecordLayout(created_at="createdAt", utm_source="config.utm_source").status
    'status'
    >>> RecordLayout(breakdowns={"clinic": "place.clinic"}).breakdowns["clinic"]
    'place.clinic'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    created_at: Column = "created_at"
    status: Column = "status"
    appointment_type: Column = "appointment_type"
    integration_id: Column = "integration_id"
    source: Column = "source"
    utm_source: Column = "utm_source"
    utm_medium: Column = "utm_medium"
    utm_campaign: Column = "utm_campaign"
    naive_timezone: Annotated[str, BeforeValidator(zone_name)] = "UTC"
    epoch: Epoch | None = None
    breakdowns: Breakdowns = Field(default_factory=FrozenMapping)
    search: tuple[Column, ...] | None = None
    successful: frozenset[Word] = frozenset(
        {"successful", "success", "succeeded", "true"}
    )
    failed: frozenset[Word] = frozenset({"failed", "failure", "error", "false"})

    # For type checkers, which do not see what validators accept. pydantic makes the
    # constructor that runs.
    if TYPE_CHECKING:

        def __init__(  # noqa: PLR0913 - one argument per field
            self,
            *,
            created_at: str = "created_at",
            status: str = "status",
            appointment_type: str = "appointment_type",
            integration_id: str = "integration_id",
            source: str = "source",
            utm_source: str = "utm_source",
            utm_medium: str = "utm_medium",
            utm_campaign: str = "utm_campaign",
            naive_timezone: str | ZoneInfo = "UTC",
            epoch: Epoch | None = None,
            breakdowns: Mapping[str, str] = ...,
            search: _Several | None = None,
            successful: _Several = ...,
            failed: _Several = ...,
        ) -> None:
            """Validate the columns and the words."""

    @model_validator(mode="after")
    def _one_meaning_per_word(self) -> Self:
        if both := sorted(self.successful & self.failed):
            msg = f"status words in both `successful` and `failed`: {', '.join(both)}"
            raise refused(msg)
        return self

    def columns(self) -> dict[str, str]:
        """Return the column of each role: of `ROLES`, then of further dimensions.

        The role of a dimension is its column in a canonical frame.

        >>> RecordLayout(source="Neighbourhood").columns()["source"]
        'Neighbourhood'
        """
        further = {dimension_column(it): path for it, path in self.breakdowns.items()}
        return {role: getattr(self, role) for role in ROLES} | further

    def unsearched(self) -> set[str]:
        """Return the columns that `search` does not read unless it is told to.

        >>> sorted(RecordLayout(breakdowns={"clinic": "clinic"}).unsearched())[:2]
        ['appointment_type', 'created_at']
        """
        return {getattr(self, role) for role in ROLES}

    def dimensions(self) -> Mapping[str, str]:
        """Return the label of unset records in each dimension.

        The four published ones come first, then further ones by name.

        >>> RecordLayout(breakdowns={"clinic": "clinic"}).dimensions()["clinic"]
        'not set'
        """
        return _dimensions(tuple(self.breakdowns))


@lru_cache
def _dimensions(further: tuple[str, ...]) -> Mapping[str, str]:
    return MappingProxyType({**DIMENSIONS, **dict.fromkeys(sorted(further), NOT_SET)})
