"""Conditions on labels and outcomes: what a row of an answer counts, as a filter.

Each is true for the records to keep and never null, so `~` keeps exactly the others.
"""

from collections.abc import Collection, Iterator, Sequence

import polars as pl

from stats_core.layout import RecordLayout
from stats_core.request import Request
from stats_core.schema import OUTCOME, OUTCOMES, dimension_column
from stats_core.text import normalise_status, trimmed

COSTLY = "costly"  # the name of conditions that look into every text
_MAX_PREFIXES = 8


def label_filters(request: Request) -> Iterator[pl.Expr]:
    """Yield the conditions of `where`, those first that are quick and drop the most.

    >>> len(list(label_filters(Request(where={"utm_source": "google"}))))
    2
    """
    exact = []
    for name, labels in request.where.items():
        prefixes: Collection[str] | None
        if name == OUTCOME:
            column, prefixes = "status", _initials(labels, request.layout)
            exact.append(having_outcome(labels, request.layout))
        else:
            column, default = dimension_column(name), request.dimensions[name]
            prefixes = None if default in labels else labels
            exact.append(having_label(column, labels, default))
        if prefixes is not None and len(prefixes) <= _MAX_PREFIXES:
            yield _may_start_with(column, prefixes)
    yield from exact


def having_label(column: str, labels: Sequence[str], default: str) -> pl.Expr:
    """Keep records whose label in a dimension is one of these; `~` keeps the others.

    Labels are exact, as an answer shows them. The default selects unset records too, as
    its row counts them.

    Args:
        column: The dimension's column in the canonical frame.
        labels: Labels, trimmed and not blank.
        default: The label of unset records.

    >>> df = pl.DataFrame({"utm_source": [" ads", "", None, "direct", "Ads"]})
    >>> df.filter(having_label("utm_source", ["direct"], "direct")).height
    3
    """
    # Unset text is equal to "" here: this is the inverse of `aggregation.fill_unset`.
    texts = [*labels, ""] if default in labels else [*labels]
    text = trimmed(pl.col(column)).fill_null("")
    return text.is_in(texts).alias(COSTLY)


def having_outcome(outcomes: Collection[str], layout: RecordLayout) -> pl.Expr:
    """Keep records with one of these outcomes; `~` keeps the others.

    >>> df = pl.DataFrame({"status": ["Success", "late", None]})
    >>> df.filter(having_outcome(["other"], RecordLayout())).height
    2
    """
    word = normalise_status(pl.col("status")).fill_null("")
    words = status_words(outcomes, layout)
    if words is not None:
        return word.is_in(words).alias(COSTLY)
    others = set(OUTCOMES).difference(outcomes)
    return (~word.is_in(status_words(others, layout) or [])).alias(COSTLY)


def status_words(outcomes: Collection[str], layout: RecordLayout) -> list[str] | None:
    """Return the status words of outcomes, ascending; None where any word is `other`.

    >>> status_words(["failed"], RecordLayout())
    ['error', 'failed', 'failure', 'false']
    """
    if "other" in outcomes:
        return None
    words = {"successful": layout.successful, "failed": layout.failed}
    return sorted(word for name in outcomes for word in words[name])


def _initials(outcomes: Collection[str], layout: RecordLayout) -> set[str] | None:
    """Return the first letters, in both cases, of statuses with one of these outcomes."""
    words = status_words(outcomes, layout)
    if words is None:
        return None
    return {letter for word in words for letter in (word[0], word[0].upper())}


def _may_start_with(column: str, prefixes: Collection[str]) -> pl.Expr:
    """Keep records whose trimmed text may start so; a quick test that drops the most.

    Text that begins with a visible ASCII character is not trimmed there.
    """
    text = pl.col(column).cast(pl.String)
    may = (text < "!") | (text > "~")
    for prefix in prefixes:
        may |= text.str.starts_with(prefix)
    return may
