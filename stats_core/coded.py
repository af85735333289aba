"""Every integration's tallies at once: records as small codes, sorted, then counted.

With many integrations there are nearly as many groups as records, and tables of groups
no longer fit the caches; sorting whole numbers of 64 bits needs none. A text is replaced
by the place of its label among all labels, so that it is labelled and compared once,
not once a record and integration.
"""

import polars as pl

from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.tallies import (
    BREAKDOWN_SCHEMA,
    DEFAULTS,
    OUTCOMES,
    labelled,
    outcome,
)
from stats_core.text import trimmed

_TEXTS = ("integration_id", "status", *DIMENSIONS)
# A key, from its lowest bit: two of the outcome, one of unset, 32 of the value or day,
# the others of the integration.
_UNSET, _VALUE, _PLACES = 1 << 2, 1 << 3, 1 << 32
_EPOCH = 1 << 31


def coded(lf: pl.LazyFrame, day: pl.Expr) -> pl.LazyFrame:
    """The columns of a canonical frame that are counted, in 28 bytes a row.

    Args:
        lf: A canonical frame with `integration_id`; rows without one are left out.
        day: The `Date` of a record, as `days.local_day` gives it.

    Returns:
        `integration_id`, `status` and the four breakdowns as `Categorical`, and `day`.
    """
    # Categories of its own: neither codes nor texts outlive the answer.
    codes = pl.Categorical(pl.Categories.random())
    texts = [pl.col(name).cast(pl.String).cast(codes) for name in _TEXTS]
    return lf.filter(pl.col("integration_id").is_not_null()).select(*texts, day=day)


def tallied(
    df: pl.DataFrame, layout: RecordLayout, status: pl.DataType
) -> list[pl.DataFrame]:
    """The trend and the breakdowns of what `coded` gave.

    Args:
        df: What `coded` planned.
        layout: Which status words mean what.
        status: The type of `status` before it was coded.

    Returns:
        `integration_id: Enum`, ascending, then the columns of `tallies.daily_trend`,
        and of `tallies.breakdown` for each dimension, in their order.
    """
    found = pl.collect_all(
        df.lazy().select(pl.col(name).unique().alias("text")) for name in _TEXTS
    )
    distinct = {
        name: column.select(
            pl.col("text").cast(pl.String), code=pl.col("text").to_physical()
        )
        for name, column in zip(_TEXTS, found, strict=True)
    }
    ids = distinct["integration_id"]["text"].sort()
    whose = _code(distinct["integration_id"], _place(pl.col("text"), ids))
    how = _code(distinct["status"], _outcome(layout, status))
    head = df.select(
        *(*DIMENSIONS, "day"),
        head=_looked_up("integration_id", whose, _PLACES * _VALUE)
        + _looked_up("status", how, 1),
    ).lazy()
    plans = [
        _trend(head),
        *(_breakdown(head, name, distinct[name]) for name in DIMENSIONS),
    ]
    names = ids.cast(pl.Enum(ids))
    return [
        df.with_columns(integration_id=pl.lit(names).gather("integration_id"))
        for df in pl.collect_all(plans)
    ]


def _trend(lf: pl.LazyFrame) -> pl.LazyFrame:
    day = (pl.col("day").to_physical().cast(pl.Int64) + _EPOCH).fill_null(0)
    date = (pl.col("place").cast(pl.Int64) - _EPOCH).cast(pl.Int32).cast(pl.Date)
    return _counted(lf, day.cast(pl.UInt64) * _VALUE).select(
        "integration_id",
        pl.when(pl.col("place") > 0).then(date).alias("day"),
        *OUTCOMES,
    )


def _breakdown(lf: pl.LazyFrame, name: str, distinct: pl.DataFrame) -> pl.LazyFrame:
    text = trimmed(pl.col("text"))
    labels = distinct.with_columns(
        text=labelled(text, DEFAULTS[name]), unset=text.fill_null("") == ""
    )
    values = labels["text"].unique().sort()
    place = _place(pl.col("text"), values) * 2 + pl.col("unset").cast(pl.UInt64)
    return (
        _counted(lf, _looked_up(name, _code(labels, place), _UNSET))
        .sort(
            # In the order of their values already; one number sorts fastest.
            (pl.col("integration_id") + 1) * _PLACES - pl.col("count").cast(pl.UInt64),
            maintain_order=True,
        )
        .with_columns(value=pl.lit(values).gather("place"))
        .select("integration_id", *BREAKDOWN_SCHEMA)
    )


def _counted(lf: pl.LazyFrame, value: pl.Expr) -> pl.LazyFrame:
    """How often each integration and value occurs, both ascending, and how it went.

    Returns:
        `integration_id`, `place: UInt64`, the places of the id and the value; then
        `count, unset, successful, failed, other: Int64`.
    """
    rows, key, group = pl.col("len").cast(pl.Int64), pl.col("value"), pl.col("group")
    counts = {
        "count": rows,
        "unset": rows * (key // _UNSET % 2 == 1),
        **{name: rows * (key % _UNSET == n) for n, name in enumerate(OUTCOMES)},
    }
    return (
        lf.select(runs=(pl.col("head") + value).sort().rle())
        .unnest("runs")
        .select(
            group=key // _VALUE, **{name: n.cum_sum() for name, n in counts.items()}
        )
        # A group's sums are what the running ones have grown by at its last row.
        .filter((group != group.shift(-1)).fill_null(value=True))
        .select(
            *(pl.col(name).diff().fill_null(pl.col(name)) for name in counts),
            integration_id=group // _PLACES,
            place=group % _PLACES,
        )
    )


def _outcome(layout: RecordLayout, dtype: pl.DataType) -> pl.Expr:
    """The place among `OUTCOMES` of what a status means."""
    text = pl.col("text")
    word = text == "true" if dtype == pl.Boolean else text
    return _place(outcome(word, layout, dtype), pl.Series(OUTCOMES))


def _place(text: pl.Expr, among: pl.Series) -> pl.Expr:
    return text.cast(pl.Enum(among)).to_physical().cast(pl.UInt64)


def _code(distinct: pl.DataFrame, place: pl.Expr) -> pl.Series:
    """Places by code, and at the end that of null."""
    known = distinct.select("code", place=place)
    last = known.select(pl.col("code").max().fill_null(0)).item() + 1
    codes = pl.int_range(last + 1, dtype=pl.UInt32, eager=True).alias("code")
    return codes.to_frame().join(
        known.with_columns(pl.col("code").fill_null(last)),
        on="code",
        how="left",
        maintain_order="left",
    )["place"]


def _looked_up(name: str, places: pl.Series, step: int) -> pl.Expr:
    """The place of each row's text, in steps."""
    code = pl.col(name).to_physical().fill_null(places.len() - 1)
    return pl.lit(places * step).gather(code)
