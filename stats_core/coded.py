"""Every integration's tallies at once: records as whole numbers, sorted, then counted.

With many integrations there are nearly as many groups as records, and tables of groups
of texts outgrow every cache; sorting numbers of 64 bits needs no table. A text is
labelled and compared once a batch, not once a record and integration.
"""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS, RecordLayout
from stats_core.tallies import (
    BREAKDOWN_SCHEMA,
    DEFAULTS,
    OUTCOMES,
    labelled,
    outcome,
)
from stats_core.text import trimmed

# A column of each kind of text: while there is one, Polars keeps the codes.
Codes = Mapping[str, pl.Series]
# `_TALLY`, its keys ascending, of the days and of each dimension.
Tallies = list[pl.DataFrame]

_TEXTS = ("integration_id", "status", *DIMENSIONS)
# A key, from its lowest bit: two of the outcome, one of unset, 32 of the label or day,
# the other 29 of the integration.
_UNSET, _VALUE, _PLACES = 1 << 2, 1 << 3, 1 << 32
_MOST_IDS = 1 << 29
_EPOCH = 1 << 31  # of days, so that none is negative; 0 stands for no day

_TALLY = pl.Schema({"key": pl.UInt64(), "len": pl.Int64()}).to_frame()
_NOTHING = [_TALLY for _ in ("day", *DIMENSIONS)]


def new_codes() -> Codes:
    """What numbers the texts of each column, and their labels, as they are first seen.

    Of its own for each answer, so that neither codes nor texts outlive it.
    """
    return {
        name: pl.Series([], dtype=pl.Categorical(pl.Categories.random()))
        for name in (*_TEXTS, "label")
    }


def coded(lf: pl.LazyFrame, day: pl.Expr, codes: Codes) -> pl.LazyFrame:
    """The columns of a canonical frame that are counted, in 28 bytes a row.

    Args:
        lf: A canonical frame with `integration_id`; rows without one are left out.
        day: The `Date` of a record, as `days.local_day` gives it.
        codes: The same for all batches that are added up.

    Returns:
        `integration_id`, `status` and the four breakdowns as `Categorical`, and `day`.
    """
    texts = [pl.col(name).cast(pl.String).cast(codes[name].dtype) for name in _TEXTS]
    return lf.filter(pl.col("integration_id").is_not_null()).select(*texts, day=day)


def tallied(
    df: pl.DataFrame, codes: Codes, layout: RecordLayout, status: pl.DataType
) -> Tallies:
    """How many records of a batch have each key.

    Args:
        df: A batch of what `coded` planned.
        codes: The same.
        layout: Which status words mean what.
        status: The type of `status` before it was coded.

    Raises:
        InvalidRecordsError: More integrations than a key can tell apart.
    """
    ids = _count(df.lazy().select(_number("integration_id")))
    if ids > _MOST_IDS:
        msg = (
            f"`integration_id`: expected at most {_MOST_IDS} to count each, found {ids}"
        )
        raise InvalidRecordsError(msg)
    whose = _number("integration_id") * (_PLACES * _VALUE)
    how = _looked_up(df["status"], _outcome(layout, status))
    head = df.select(*DIMENSIONS, "day", head=whose + how).lazy()
    day = (pl.col("day").to_physical().cast(pl.Int64) + _EPOCH).fill_null(0)
    labels = [
        _looked_up(df[name], _label(DEFAULTS[name], codes["label"].dtype))
        for name in DIMENSIONS
    ]
    values = [day.cast(pl.UInt64) * _VALUE, *labels]
    return pl.collect_all(_runs(head, pl.col("head") + value) for value in values)


def added_up(parts: Iterable[Tallies]) -> Tallies:
    """The tallies of all batches that share their codes, as they come.

    They are summed as soon as they are twice as many as their sum so far: only a few
    times the groups are held, and each takes part in few sums. What is left in the end
    stands side by side, in order, and is summed when it is decoded.
    """
    held: list[Tallies] = []
    for part in parts:
        held.append(part)
        if sum(map(_height, held[1:])) > 2 * _height(held[0]):
            held = [_summed(held)]
    return _joined([_NOTHING, *held])


def decoded(tallies: Tallies, codes: Codes) -> list[pl.DataFrame]:
    """The trend and the breakdowns of each integration.

    Returns:
        `integration_id: Categorical`, the rows of each one after the other; and the
        columns of `tallies.daily_trend`, and of `tallies.breakdown` for each dimension,
        in their order.
    """
    trend, *breakdowns = tallies
    label = pl.col("key") // _VALUE % _PLACES
    count = max(_count(df.lazy().select(label)) for df in breakdowns)
    labels = _texts(codes["label"].dtype, count)
    found = pl.collect_all(
        [_trend(trend), *(_breakdown(df, labels) for df in breakdowns)]
    )
    return [
        df.with_columns(
            _from_codes(df["integration_id"], codes["integration_id"].dtype)
        )
        for df in found
    ]


def _height(tallies: Tallies) -> int:
    return sum(df.height for df in tallies)


def _summed(parts: Sequence[Tallies]) -> Tallies:
    key, counts = pl.col("key"), {"len": pl.col("len")}
    return pl.collect_all(_ends(df.lazy(), key, counts) for df in _joined(parts))


def _joined(parts: Sequence[Tallies]) -> Tallies:
    # Sorting finds what is in order already, and but merges it.
    joined = [pl.concat(same).lazy() for same in zip(*parts, strict=True)]
    return pl.collect_all(lf.sort("key") for lf in joined)


def _runs(lf: pl.LazyFrame, key: pl.Expr) -> pl.LazyFrame:
    runs = lf.select(runs=key.sort().rle()).unnest("runs")
    return runs.select(key="value", len=pl.col("len").cast(pl.Int64))


def _ends(
    lf: pl.LazyFrame, group: pl.Expr, counts: Mapping[str, pl.Expr]
) -> pl.LazyFrame:
    """The sums of each group, whose rows follow each other: `key`, then the sums."""
    sums = {name: count.cum_sum() for name, count in counts.items()}
    last = (pl.col("key") != pl.col("key").shift(-1)).fill_null(value=True)
    # A group's sums are what the running ones have grown by at its last row.
    return (
        lf.select(key=group, **sums)
        .filter(last)
        .select("key", *(pl.col(name).diff().fill_null(pl.col(name)) for name in sums))
    )


def _counted(df: pl.DataFrame) -> pl.LazyFrame:
    """How often each integration and value occurs, and how it went."""
    rows, key = pl.col("len"), pl.col("key")
    counts = {
        "count": rows,
        "unset": rows * (key // _UNSET % 2 == 1),
        **{name: rows * (key % _UNSET == n) for n, name in enumerate(OUTCOMES)},
    }
    return _ends(df.lazy(), key // _VALUE, counts).select(
        *counts,
        integration_id=(key // _PLACES).cast(pl.UInt32),
        value=key % _PLACES,
    )


def _trend(df: pl.DataFrame) -> pl.LazyFrame:
    value = pl.col("value").cast(pl.Int64)
    date = pl.when(value > 0).then((value - _EPOCH).cast(pl.Int32).cast(pl.Date))
    return _counted(df).select("integration_id", date.alias("day"), *OUTCOMES)


def _breakdown(df: pl.DataFrame, labels: pl.Series) -> pl.LazyFrame:
    places = labels.rank("ordinal") - 1
    # One number sorts faster than three columns.
    whose, count, value = (
        pl.col(name).cast(pl.Int128) for name in ("integration_id", "count", "value")
    )
    order = whose * (1 << 96) - count * _PLACES + value
    return (
        _counted(df)
        .with_columns(value=pl.lit(places).gather("value"))
        .sort(order)
        .with_columns(value=pl.lit(labels.sort()).gather("value"))
        .select("integration_id", *BREAKDOWN_SCHEMA)
    )


def _looked_up(column: pl.Series, place: pl.Expr) -> pl.Expr:
    """The number that stands for each row's text in a key; null comes last."""
    # Only codes that are in use here: others may be in the making on another thread.
    codes = column.unique().alias("code")
    texts = pl.DataFrame([codes.to_physical(), codes.cast(pl.String).alias("text")])
    null = _count(texts.lazy().select("code"))
    used, places = texts.select(pl.col("code").fill_null(null), place=place)
    table = pl.zeros(null + 1, pl.UInt64, eager=True).scatter(used, places)
    return pl.lit(table).gather(pl.col(column.name).to_physical().fill_null(null))


def _label(default: str, dtype: pl.DataType) -> pl.Expr:
    text = trimmed(pl.col("text"))
    label = labelled(text, default).cast(dtype).to_physical().cast(pl.UInt64)
    unset = (text.fill_null("") == "").cast(pl.UInt64)
    return label * _VALUE + unset * _UNSET


def _outcome(layout: RecordLayout, dtype: pl.DataType) -> pl.Expr:
    """The place among `OUTCOMES` of what a status means."""
    text = pl.col("text")
    kind = outcome(text == "true" if dtype == pl.Boolean else text, layout, dtype)
    return kind.cast(pl.Enum(OUTCOMES)).to_physical().cast(pl.UInt64)


def _number(name: str) -> pl.Expr:
    return pl.col(name).to_physical().cast(pl.UInt64)


def _count(codes: pl.LazyFrame) -> int:
    """One more than the greatest code; 0 of none."""
    count = codes.select((pl.all().max().cast(pl.Int64) + 1).fill_null(0))
    return int(count.collect().item())


def _texts(dtype: pl.DataType, count: int) -> pl.Series:
    """The first texts that were numbered, of which there are as many at least."""
    numbers = pl.int_range(count, dtype=pl.UInt32, eager=True)
    return _from_codes(numbers, dtype).cast(pl.String)


def _from_codes(numbers: pl.Series, dtype: pl.DataType) -> pl.Series:
    # Polars 2 calls it `cat.to`, and knows no cast.
    to = getattr(numbers.cat, "to", numbers.cast)
    found: pl.Series = to(dtype)
    return found
