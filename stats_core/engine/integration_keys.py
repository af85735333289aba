"""Records of every integration to 64-bit keys, which are sorted and summed.

With many integrations there are nearly as many groups as records, and hash tables of
texts outgrow every cache. Sorting 64-bit keys needs no table. Each text is labelled and
compared once per batch, not once per record and integration.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from stats_core.engine.aggregation import fill_unset, group_keys, is_unset, outcome
from stats_core.engine.dictionary import decoded, new_dictionary
from stats_core.errors import InvalidRecordsError
from stats_core.request import Request
from stats_core.schema import COUNTS, OUTCOMES, dimension_column
from stats_core.text import trimmed

# An empty column per kind of text. Polars keeps the codes while such a column exists.
Codes = Mapping[str, pl.Series]

# Bit layout of a key (UInt64), low to high: 2 outcome, 1 unset flag, 32 label code or
# day, 29 integration code.
_UNSET, _VALUE, PLACES = 1 << 2, 1 << 3, 1 << 32
_MAX_INTEGRATIONS = 1 << 29
_EPOCH = 1 << 31  # added to days, so that none is negative; 0 means no day
LABELS = "label"  # the code of what a value is called in an answer
_COUNT, _KEY = pl.col("count"), pl.col("key")
_NO_KEYS = pl.Schema({"key": pl.UInt64(), "count": pl.Int64()}).to_frame()


def nothing(request: Request) -> list[pl.DataFrame]:
    """Return what `preaggregate` finds in no row."""
    return [_NO_KEYS for _ in group_keys(request)]


def new_codes(request: Request) -> Codes:
    """Return columns whose types number the texts of one answer as they appear."""
    columns = map(dimension_column, request.value_sections)
    return {
        name: new_dictionary()
        for name in ("integration_id", "status", *columns, LABELS)
    }


def coded(lf: pl.LazyFrame, codes: Codes) -> pl.LazyFrame:
    """Return the counted columns of a canonical frame, in 28 bytes per row.

    Args:
        lf: A canonical frame with `integration_id` and `day`; rows without an
            integration are left out.
        codes: The codes of the answer.

    Returns:
        `integration_id`, `status`, the dimensions and the hour as `Categorical`, and
        `day`.
    """
    texts = [
        pl.col(name).cast(pl.String).cast(code.dtype)
        for name, code in codes.items()
        if name != LABELS
    ]
    return lf.filter(pl.col("integration_id").is_not_null()).select(*texts, "day")


def preaggregate(
    df: pl.DataFrame, codes: Codes, request: Request
) -> list[pl.DataFrame]:
    """Count the records of a batch by key.

    Args:
        df: A batch of `coded`.
        codes: The codes of the answer.
        request: What is counted.

    Returns:
        `key: UInt64` ascending and `count: Int64`; one frame for the days, then one per
        dimension.

    Raises:
        InvalidRecordsError: More integrations than a key can hold.
    """
    ids = _size(df.lazy().select(_number("integration_id")))
    if ids > _MAX_INTEGRATIONS:
        msg = (
            f"`integration_id`: expected at most {_MAX_INTEGRATIONS} to count each, "
            f"found {ids}"
        )
        raise InvalidRecordsError(msg)
    integration = _number("integration_id") * (PLACES * _VALUE)
    how = outcome(request.layout).to_physical().cast(pl.UInt64)
    head = integration + _looked_up(df["status"], how)
    lf = df.select(*group_keys(request), head=head).lazy()
    day = (pl.col("day").to_physical().cast(pl.Int64) + _EPOCH).fill_null(0)
    labels = [
        _looked_up(df[column], _label(column, default, codes[LABELS].dtype))
        for column, default in zip(
            group_keys(request)[1:], request.value_sections.values(), strict=True
        )
    ]
    values = [day.cast(pl.UInt64) * _VALUE, *labels]
    return pl.collect_all(_runs(lf, pl.col("head") + value) for value in values)


def sum_runs(lf: pl.LazyFrame) -> pl.LazyFrame:
    """Sum the counts of equal keys; the result has its keys ascending."""
    return sum_groups(lf.sort("key"), _KEY, {"count": _COUNT})


def counted(df: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of summed keys, by integration and place.

    Returns:
        `integration: UInt32`, its code; `place: Int64`, the code of a label, or a day as
        `day_of` reads it, 0 without one; and `COUNTS`. Both ascending.
    """
    counts = {
        "count": _COUNT,
        "unset": _COUNT * (_KEY // _UNSET % 2 == 1),
        **{name: _COUNT * (n == _KEY % _UNSET) for n, name in enumerate(OUTCOMES)},
    }
    place = (_KEY % PLACES).cast(pl.Int64).alias("place")
    whose = (_KEY // PLACES).cast(pl.UInt32).alias("integration")
    return (
        sum_groups(df.lazy(), _KEY // _VALUE, counts)
        .select(whose, place, *COUNTS)
        .collect()
    )


def _runs(lf: pl.LazyFrame, key: pl.Expr) -> pl.LazyFrame:
    runs = lf.select(runs=key.sort().rle()).unnest("runs")
    return runs.select(key="value", count=pl.col("len").cast(pl.Int64))


def day_of(place: str) -> pl.Expr:
    """Return the day of a place that is not 0."""
    return (pl.col(place) - _EPOCH).cast(pl.Int32).cast(pl.Date)


def sum_groups(
    lf: pl.LazyFrame, group: pl.Expr, counts: Mapping[str, pl.Expr]
) -> pl.LazyFrame:
    """Sum the counts of each group, whose rows are adjacent: `key`, then the sums."""
    running = {name: count.cum_sum() for name, count in counts.items()}
    last = (pl.col("key") != pl.col("key").shift(-1)).fill_null(value=True)
    # A group's sum is the growth of the running sum since the group before it.
    return (
        lf.select(key=group, **running)
        .filter(last)
        .select(
            "key", *(pl.col(name).diff().fill_null(pl.col(name)) for name in counts)
        )
    )


def _looked_up(column: pl.Series, place: pl.Expr) -> pl.Expr:
    """Return the bits of each row's text in a key, computed once per distinct text."""
    # Only codes in use in this batch: other threads may be adding more.
    codes = column.unique().alias("code")
    texts = pl.DataFrame(
        [codes.to_physical(), codes.cast(pl.String).alias(column.name)]
    )
    null = _size(texts.lazy().select("code"))
    used, places = texts.select(pl.col("code").fill_null(null), place=place)
    table = pl.zeros(null + 1, pl.UInt64, eager=True).scatter(used, places)
    return pl.lit(table).gather(pl.col(column.name).to_physical().fill_null(null))


def _label(name: str, default: str, dtype: pl.DataType) -> pl.Expr:
    text = trimmed(pl.col(name))
    label = fill_unset(text, pl.lit(default)).cast(dtype).to_physical()
    unset = is_unset(text).cast(pl.UInt64)
    return label.cast(pl.UInt64) * _VALUE + unset * _UNSET


def _number(name: str) -> pl.Expr:
    return pl.col(name).to_physical().cast(pl.UInt64)


def _size(codes: pl.LazyFrame) -> int:
    """Return one more than the greatest code; 0 without codes."""
    size = codes.select((pl.all().max().cast(pl.Int64) + 1).fill_null(0))
    return int(size.collect().item())


def texts_of(dictionary: pl.Series, codes: Sequence[pl.Series]) -> pl.Series:
    """Return the texts of all codes up to the greatest one in use, by code."""
    return decoded(dictionary, _size(pl.concat(codes).alias("code").to_frame().lazy()))
