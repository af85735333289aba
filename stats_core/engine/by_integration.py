"""The keys of every integration to its partial frame."""

from collections.abc import Sequence

import polars as pl

from stats_core.engine.integration_keys import (
    LABELS,
    PLACES,
    Codes,
    counted,
    day_of,
    sum_groups,
    texts_of,
)
from stats_core.errors import InvalidRecordsError
from stats_core.request import Request, is_integration_id
from stats_core.schema import (
    COUNTS,
    HOURS,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
    all_sections,
)

_MAX_EXAMPLES = 5
_COUNT = pl.col("count")
_IS_VALUE = pl.col("section") > SECTIONS.index(TRENDS)
_LABEL = pl.when(_IS_VALUE & (_COUNT > 0)).then("place")  # a marker has none


def partial_frame(
    groups: Sequence[pl.DataFrame], codes: Codes, request: Request
) -> pl.DataFrame:
    """Return the partial frame of every integration.

    Args:
        groups: The summed frames of `integration_keys.preaggregate`.
        codes: The codes of the answer.
        request: What was counted.

    Returns:
        `BY_INTEGRATION_SCHEMA`, in its order.

    Raises:
        InvalidRecordsError: An id that no request could name.
    """
    days, *values = (counted(df) for df in groups)
    ids = texts_of(codes["integration_id"], [days["integration"]])
    labels = texts_of(codes[LABELS], [df["place"] for df in values])
    _check_ids(ids.gather(days["integration"].unique()))
    sections = all_sections(request.value_sections)
    stacked = pl.concat(
        [*_day_sections(days, sections), *_value_sections(values, request, sections)]
    )
    ranked = stacked.with_columns(
        pl.lit(ids.rank("ordinal") - 1).gather("integration").alias("integration"),
        pl.coalesce(
            pl.lit(labels.rank("ordinal").cast(pl.Int64) - 1).gather(_LABEL), "place"
        ).alias("place"),
    )
    ordered = ranked.sort(_order(ranked, len(sections)))
    return _decoded(ordered, ids.sort(), labels.sort(), request)


def _check_ids(ids: pl.Series) -> None:
    invalid = sorted(key for key in ids if not is_integration_id(key))
    if invalid:
        some = ", ".join(f"{key!r:.40}" for key in invalid[:_MAX_EXAMPLES])
        msg = (
            f"`integration_id`: {len(invalid)} values are not 24 characters of 0-9a-f: "
            f"{some}"
        )
        raise InvalidRecordsError(msg)


def _day_sections(days: pl.DataFrame, sections: Sequence[str]) -> list[pl.DataFrame]:
    """Return the rows of all sections but dimensions, and the markers of these."""
    undated = _COUNT * (pl.col("place") == 0)
    heads = sum_groups(
        days.lazy(), pl.col("integration"), {TOTAL: _COUNT, UNDATED: undated}
    ).collect()
    zero = pl.lit(0, pl.Int64)
    one_rows = {TOTAL: pl.col(TOTAL), UNDATED: pl.col(UNDATED)}
    one_rows |= dict.fromkeys(sections[len(SECTIONS) :], zero)
    return [
        *(
            heads.select(
                pl.col("key").alias("integration"),
                zero.alias("place"),
                count.alias("count"),
                *(zero.alias(it) for it in COUNTS[1:]),
                _section(name, sections),
            )
            for name, count in one_rows.items()
        ),
        days.filter(pl.col("place") > 0).with_columns(_section(TRENDS, sections)),
    ]


def _value_sections(
    values: Sequence[pl.DataFrame], request: Request, sections: Sequence[str]
) -> list[pl.DataFrame]:
    dated = pl.col("unset") == 0  # undated records have no hour
    return [
        (df.filter(dated) if name == HOURS else df).with_columns(
            _section(name, sections)
        )
        for name, df in zip(request.value_sections, values, strict=True)
    ]


def _section(name: str, sections: Sequence[str]) -> pl.Expr:
    return pl.lit(sections.index(name), pl.UInt32).alias("section")


def _order(df: pl.DataFrame, sections: int) -> pl.Expr:
    """Return the order of partial rows as one number, which sorts faster than columns.

    It has 128 bits: 29 of the integration and 32 of the place leave 66 for the section
    and the count.
    """
    most = int(df.select(_COUNT.max().fill_null(0)).item())
    whose, section, place = (
        pl.col(name).cast(pl.Int128) for name in ("integration", "section", "place")
    )
    fewer = pl.when(_IS_VALUE).then(most - _COUNT).otherwise(0).cast(pl.Int128)
    group = whose * sections + section
    return (group * (most + 1) + fewer) * PLACES + place


def _decoded(
    df: pl.DataFrame, ids: pl.Series, labels: pl.Series, request: Request
) -> pl.DataFrame:
    sections = pl.Series(all_sections(request.value_sections))
    return df.select(
        pl.lit(ids).gather("integration").alias("integration_id"),
        pl.lit(request.timezone).alias("timezone"),
        pl.lit(sections).gather("section").alias("section"),
        pl.when(pl.col("section") == SECTIONS.index(TRENDS))
        .then(day_of("place"))
        .alias("day"),
        pl.lit(labels).gather(_LABEL).alias("value"),
        *COUNTS,
    )
