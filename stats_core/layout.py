"""Which column holds each field of a record, and what status words mean."""

from typing import Annotated, Self

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from stats_core.errors import refused
from stats_core.schema import ROLES
from stats_core.text import is_unicode, normalise_status


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


Column = Annotated[str, AfterValidator(_name)]
Word = Annotated[str, AfterValidator(_word)]


class RecordLayout(BaseModel):
    """Which column holds each field, and which words mean successful and failed.

    A column is given by its name, or by a dotted path into struct columns
    (`config.utm_source`). If the name of a column contains the dots, that column comes
    first. A breakdown column that is absent is unset for all records. A column that is
    named here must exist, so that a typo never reads as 100 % direct.

    Attributes:
        created_at: When the appointment was made: any `Datetime`, a `Date`, ISO 8601
            text, or an export's `{"$date": …}`. Naive values are UTC.
        status: The outcome: text, or Boolean, which is the word `true` or `false`.
        appointment_type: The type; needed when the query filters by type.
        integration_id: The integration's id, 24 characters of `0-9a-f`.
        source: Where the appointment came from.
        utm_source: The campaign source.
        utm_medium: The campaign medium.
        utm_campaign: The campaign.
        search: The columns that `search` reads. None means all text columns that the
            statistics do not read; nested ones must be named.
        successful: Status words that mean successful; trimmed and case-insensitive.
        failed: Status words that mean failed; trimmed and case-insensitive.

    >>> RecordLayout(created_at="createdAt", utm_source="config.utm_source").status
    'status'
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
    search: tuple[Column, ...] | None = None
    successful: frozenset[Word] = frozenset(
        {"successful", "success", "succeeded", "true"}
    )
    failed: frozenset[Word] = frozenset({"failed", "failure", "error", "false"})

    @model_validator(mode="after")
    def _one_meaning_per_word(self) -> Self:
        if both := sorted(self.successful & self.failed):
            msg = f"status words in both `successful` and `failed`: {', '.join(both)}"
            raise refused(msg)
        return self

    def columns(self) -> dict[str, str]:
        """Return the column of each role, in the order of `ROLES`.

        >>> RecordLayout(source="Neighbourhood").columns()["source"]
        'Neighbourhood'
        """
        return {role: getattr(self, role) for role in ROLES}
