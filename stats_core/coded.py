"""Every integration's tallies at once: records as whole numbers, sorted, then counted.

With many integrations there are nearly as many groups as records, and tables of groups
of texts outgrow every cache; sorting numbers of 64 bits needs no table. A text is
labelled and compared once a batch, not once a record and integration.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

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

_TEXTS = ("integration_id", "status", *DIMENSIONS)
# A key, from its lowest bit: two of the outcome, one of unset, 32 of the label or day,
# the other 29 of the integration.
_UNSET, _VALUE, _PLACES = 1 << 2, 1 << 3, 1 << 32
_MOST_IDS = 1 << 29
_EPOCH = 1 << 31  # of days, so that none is negative; 0 stands for no day


class Tallies(NamedTuple):
    """How many records have each key; a few small numbers a group, whatever the texts.

    Attributes:
        runs: `key: UInt64`, ascending, `len: Int64`; of the days and each dimension.
        ids: `code: UInt32, text: String`; the integrations that the keys name by code.
        labels: The same for the labels.
    """

    runs: tuple[pl.DataFrame, ...]
    ids: pl.DataFrame
    labels: pl.DataFrame

    @property
    def height(self) -> int:
        """How many groups there are."""
        return sum(df.height for df in self.runs)


class _Sorted(NamedTuple):
    """Texts in their order, and the place of each by its code."""

    texts: pl.Series
    places: pl.Series


_RUNS = pl.Schema({"key": pl.UInt64(), "len": pl.Int64()}).to_frame()
_NAMES = pl.Schema({"code": pl.UInt32(), "text": pl.String()}).to_frame()
_NOTHING = Tallies((_RUNS,) * (1 + len(DIMENSIONS)), _NAMES, _NAMES)


def coded(lf: pl.LazyFrame, day: pl.Expr, codes: pl.Categories) -> pl.LazyFrame:
    """The columns of a canonical frame that are counted, in 28 bytes a row.

    Args:
        lf: A canonical frame with `integration_id`; rows without one are left out.
        day: The `Date` of a record, as `days.local_day` gives it.
        codes: What numbers the texts; the same for all batches that are added up.

    Returns:
        `integration_id`, `status` and the four breakdowns as `Categorical`, and `day`.
    """
    code = pl.Categorical(codes)
    texts = [pl.col(name).cast(pl.String).cast(code) for name in _TEXTS]
    return lf.filter(pl.col("integration_id").is_not_null()).select(*texts, day=day)


def tallied(df: pl.DataFrame, layout: RecordLayout, status: pl.DataType) -> Tallies:
    """The tallies of one batch of what `coded` planned.

    Args:
        df: The batch.
        layout: Which status words mean what.
        status: The type of `status` before it was coded.

    Raises:
        InvalidRecordsError: More texts than a key can tell apart.
    """
    code, text = pl.col("code").to_physical(), pl.col("code").cast(pl.String)
    ids, statuses, *values = pl.collect_all(
        df.lazy().select(code=name).unique().select(code, text=text) for name in _TEXTS
    )
    if ids.filter(pl.col("code") >= _MOST_IDS).height:
        msg = f"`integration_id`: too many to count each, more than {_MOST_IDS}"
        raise InvalidRecordsError(msg)
    labels = [
        _labels(texts, DEFAULTS[name], df.schema[name])
        for texts, name in zip(values, DIMENSIONS, strict=True)
    ]
    whose = pl.col("integration_id").to_physical().cast(pl.UInt64) * _PLACES
    how = _outcome(layout, status)
    head = df.lazy().select(
        *(*DIMENSIONS, "day"),
        head=whose * _VALUE + _looked_up("status", statuses, how),
    )
    day = (pl.col("day").to_physical().cast(pl.Int64) + _EPOCH).fill_null(0)
    label = pl.col("label").cast(pl.UInt64) * _VALUE + pl.col("unset") * _UNSET
    found = zip(DIMENSIONS, labels, strict=True)
    places = [
        day.cast(pl.UInt64) * _VALUE,
        *(_looked_up(name, texts, label) for name, texts in found),
    ]
    runs = pl.collect_all(_runs(head, pl.col("head") + place) for place in places)
    named = [texts.select(code="label", text="text") for texts in labels]
    return Tallies(tuple(runs), ids, pl.concat(named).unique())


def added_up(parts: Iterable[Tallies]) -> Tallies:
    """The sum of the tallies of batches that share their codes, as they come.

    They are added as soon as they are as many as their sum so far: no more than about
    twice the groups are held, and each takes part in few additions.
    """
    held = [_NOTHING]
    for part in parts:
        held.append(part)
        if sum(part.height for part in held[1:]) >= held[0].height:
            held = [_sum(held)]
    return _sum(held)


def decoded(tallies: Tallies) -> list[pl.DataFrame]:
    """The trend and the breakdowns of each integration.

    Returns:
        `integration_id: Enum`, ascending, then the columns of `tallies.daily_trend`,
        and of `tallies.breakdown` for each dimension, in their order.
    """
    ids, labels = _sorted(tallies.ids), _sorted(tallies.labels)
    trend, *breakdowns = (_counted(df, ids.places) for df in tallies.runs)
    found = pl.collect_all(
        [_trend(trend), *(_breakdown(lf, labels) for lf in breakdowns)]
    )
    names = ids.texts.cast(pl.Enum(ids.texts))
    return [
        df.with_columns(integration_id=pl.lit(names).gather("integration_id"))
        for df in found
    ]


def _sum(parts: Sequence[Tallies]) -> Tallies:
    runs = [
        # Sorting finds the runs that are in order already, and but merges them.
        _ends(pl.concat(same).lazy().sort("key"), pl.col("key"), {"len": pl.col("len")})
        for same in zip(*(part.runs for part in parts), strict=True)
    ]
    ids, labels = (
        pl.concat(names).unique()
        for names in ([part.ids for part in parts], [part.labels for part in parts])
    )
    return Tallies(tuple(pl.collect_all(runs)), ids, labels)


def _runs(lf: pl.LazyFrame, key: pl.Expr) -> pl.LazyFrame:
    runs = lf.select(runs=key.sort().rle()).unnest("runs")
    return runs.select(key="value", len=pl.col("len").cast(pl.Int64))


def _ends(lf: pl.LazyFrame, group: pl.Expr, counts: dict[str, pl.Expr]) -> pl.LazyFrame:
    """The sums of each group, whose rows follow each other: `key`, then the sums."""
    sums = {name: count.cum_sum() for name, count in counts.items()}
    last = (pl.col("key") != pl.col("key").shift(-1)).fill_null(value=True)
    # A group's sums are what the running ones have grown by at its last row.
    return (
        lf.select(key=group, **sums)
        .filter(last)
        .select("key", *(pl.col(name).diff().fill_null(pl.col(name)) for name in sums))
    )


def _counted(df: pl.DataFrame, places: pl.Series) -> pl.LazyFrame:
    """How often each integration and value occurs, and how it went."""
    rows, key = pl.col("len"), pl.col("key")
    counts = {
        "count": rows,
        "unset": rows * (key // _UNSET % 2 == 1),
        **{name: rows * (key % _UNSET == n) for n, name in enumerate(OUTCOMES)},
    }
    return _ends(df.lazy(), key // _VALUE, counts).select(
        *counts,
        integration_id=pl.lit(places).gather(key // _PLACES),
        value=key % _PLACES,
    )


def _trend(lf: pl.LazyFrame) -> pl.LazyFrame:
    date = (pl.col("value").cast(pl.Int64) - _EPOCH).cast(pl.Int32).cast(pl.Date)
    day = pl.when(pl.col("value") > 0).then(date)
    # The days of each are in order already.
    return lf.sort("integration_id", maintain_order=True).select(
        "integration_id", day.alias("day"), *OUTCOMES
    )


def _breakdown(lf: pl.LazyFrame, labels: _Sorted) -> pl.LazyFrame:
    return (
        lf.with_columns(value=pl.lit(labels.places).gather("value"))
        .sort("integration_id", "count", "value", descending=[False, True, False])
        .with_columns(value=pl.lit(labels.texts).gather("value"))
        .select("integration_id", *BREAKDOWN_SCHEMA)
    )


def _labels(texts: pl.DataFrame, default: str, codes: pl.DataType) -> pl.DataFrame:
    """The label of each text, whether it is the default, and the label's code."""
    text = trimmed(pl.col("text"))
    return texts.select(
        "code", text=labelled(text, default), unset=text.fill_null("") == ""
    ).with_columns(label=pl.col("text").cast(codes).to_physical())


def _outcome(layout: RecordLayout, dtype: pl.DataType) -> pl.Expr:
    """The place among `OUTCOMES` of what a status means."""
    text = pl.col("text")
    kind = outcome(text == "true" if dtype == pl.Boolean else text, layout, dtype)
    return kind.cast(pl.Enum(OUTCOMES)).to_physical().cast(pl.UInt64)


def _sorted(names: pl.DataFrame) -> _Sorted:
    ascending = names.sort("text")
    return _Sorted(ascending["text"], _table(ascending, pl.int_range(pl.len())))


def _looked_up(name: str, texts: pl.DataFrame, place: pl.Expr) -> pl.Expr:
    """The place of each row's text; the last of the table is that of null."""
    table = _table(texts, place)
    code = pl.col(name).to_physical().fill_null(table.len() - 1)
    return pl.lit(table).gather(code)


def _table(texts: pl.DataFrame, place: pl.Expr) -> pl.Series:
    """Places by code, and at the end that of null."""
    last = texts.select(pl.col("code").max().fill_null(0)).item() + 1
    codes, places = texts.select(pl.col("code").fill_null(last), place=place)
    return pl.zeros(last + 1, pl.UInt64, eager=True).scatter(codes, places)
