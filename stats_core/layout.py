"""Where the fields of a record are."""

from typing import Annotated, Self

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from stats_core.text import is_unicode, status_word

DIMENSIONS = ("source", "utm_source", "utm_medium", "utm_campaign")
ROLES = ("created_at", "status", "appointment_type", "integration_id", *DIMENSIONS)


def _name(text: str) -> str:
    if not is_unicode(text):
        msg = "expected Unicode text, got a lone surrogate"
        raise ValueError(msg)
    if not text.strip():
        msg = "expected a name, got blank text"
        raise ValueError(msg)
    return text


def _word(text: str) -> str:
    word: str = pl.select(status_word(pl.lit(_name(text)))).item()
    return _name(word)


Column = Annotated[str, AfterValidator(_name)]
Word = Annotated[str, AfterValidator(_word)]


class RecordLayout(BaseModel):
    """Which column holds each field, and which words mean successful and failed.

    A column is named as it stands, or as a dotted path into struct columns
    (`config.utm_source`); a column whose own name holds the dots comes first. A
    breakdown column that is absent reads as unset for all, unless it was named here:
    then its absence is an error, so that a typo never reads as 100 % direct.

    Attributes:
        created_at: When the appointment was made: any `Datetime`, a `Date`, ISO 8601
            text, or an export's `{"$date": …}`. Naive values are UTC.
        status: How it went: text, or Boolean with true for successful.
        appointment_type: One of the published types; needed when a type is asked for.
        integration_id: Whose appointment it is, 24 hexadecimal digits.
        source: Where it came from.
        utm_source: Its campaign source.
        utm_medium: Its campaign medium.
        utm_campaign: Its campaign.
        search: The columns that `search` reads; None for all text columns that the
            fields above do not read, nested ones excepted.
        successful: Status words, trimmed and case-insensitive.
        failed: Status words, trimmed and case-insensitive.

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
    successful: frozenset[Word] = Field(
        default=frozenset({"successful", "success", "succeeded"})
    )
    failed: frozenset[Word] = Field(default=frozenset({"failed", "failure", "error"}))

    @model_validator(mode="after")
    def _one_meaning_a_word(self) -> Self:
        if both := sorted(self.successful & self.failed):
            msg = f"status words in both `successful` and `failed`: {', '.join(both)}"
            raise ValueError(msg)
        return self

    def columns(self) -> dict[str, str]:
        """The column of each role, in the order of `ROLES`.

        >>> RecordLayout(source="Neighbourhood").columns()["source"]
        'Neighbourhood'
        """
        return {role: getattr(self, role) for role in ROLES}
