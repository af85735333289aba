"""Counting every integration at once: records as dictionary codes, sorted and summed.

With many integrations there are nearly as many groups as records, and hash tables of
texts outgrow every cache. Sorting 64-bit keys needs no table. Each text is labelled and
compared once per batch, not once per record and integration.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from stats_core.engine.aggregation import fill_unset, group_keys, is_unset, outcome
from stats_core.engine.dictionary import decoded, new_dictionary
from stats_core.errors import InvalidRecordsError
from stats_core.request import Request, is_integration_id
from stats_core.schema import (
    COUNTS,
    HOURS,
    OUTCOMES,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
    all_sections,
    dimension_column,
)
from stats_core.text import trimmed

# An empty column per kind of text. Polars keeps the codes while such a column exists.
Codes = Mapping[str, pl.Series]

# Bit layout of a key (UInt64), low to high: 2 outcome, 1 unset flag, 32 label code or
# day, 29 integration code.
_UNSET, _VALUE, _PLACES = 1 << 2, 1 << 3, 1 << 32
_MAX_INTEGRATIONS = 1 << 29
_EPOCH = 1 << 31  # added to days, so that none is negative; 0 means no day
_MAX_EXAMPLES = 5
_COUNT, _KEY = pl.col("count"), pl.col("key")
_IS_VALUE = pl.col("section") > SECTIONS.index(TRENDS)
_LABEL = pl.when(_IS_VALUE & (_COUNT > 0)).then("place")  # a marker has none
_LABELS = "label"  # the code of what a value is called in an answer

_NO_KEYS = pl.Schema({"key": pl.UInt64(), "count": pl.Int64()}).to_frame()


def nothing(request: Request) -> list[pl.DataFrame]:
    """Return what `preaggregate` finds in no row."""
    return [_NO_KEYS for _ in group_keys(request)]


def new_codes(request: Request) -> Codes:
    """Return columns whose types number the texts of one answer as they appear."""
    columns = map(dimension_column, request.value_sections)
    return {
        name: new_dictionary()
        for name in ("integration_id", "status", *columns, _LABELS)
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
        if name != _LABELS
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
    integration = _number("integration_id") * (_PLACES * _VALUE)
    how = outcome(request.layout).to_physical().cast(pl.UInt64)
    head = integration + _looked_up(df["status"], how)
    lf = df.select(*group_keys(request), head=head).lazy()
    day = (pl.col("day").to_physical().cast(pl.Int64) + _EPOCH).fill_null(0)
    labels = [
        _looked_up(df[column], _label(column, default, codes[_LABELS].dtype))
        for column, default in zip(
            group_keys(request)[1:], request.value_sections.values(), strict=True
        )
    ]
    values = [day.cast(pl.UInt64) * _VALUE, *labels]
    return pl.collect_all(_runs(lf, pl.col("head") + value) for value in values)


def sum_runs(lf: pl.LazyFrame) -> pl.LazyFrame:
    """Sum the counts of equal keys; the result has its keys ascending."""
    return _sum_groups(lf.sort("key"), _KEY, {"count": _COUNT})


def partial_frame(
    groups: Sequence[pl.DataFrame], codes: Codes, request: Request
) -> pl.DataFrame:
    """Return the partial frame of every integration.

    Args:
        groups: The summed frames of `preaggregate`.
        codes: The codes of the answer.
        request: What was counted.

    Returns:
        `BY_INTEGRATION_SCHEMA`, in its order.

    Raises:
        InvalidRecordsError: An id that no request could name.
    """
    days, *values = (_counted(df) for df in groups)
    ids = _texts(codes["integration_id"], [days["integration"]])
    labels = _texts(codes[_LABELS], [df["place"] for df in values])
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


def _counted(df: pl.DataFrame) -> pl.DataFrame:
    """Count each integration and place, a label code or a day, and its outcomes."""
    counts = {
        "count": _COUNT,
        "unset": _COUNT * (_KEY // _UNSET % 2 == 1),
        **{name: _COUNT * (n == _KEY % _UNSET) for n, name in enumerate(OUTCOMES)},
    }
    place = (_KEY % _PLACES).cast(pl.Int64).alias("place")
    whose = (_KEY // _PLACES).cast(pl.UInt32).alias("integration")
    return (
        _sum_groups(df.lazy(), _KEY // _VALUE, counts)
        .select(whose, place, *COUNTS)
        .collect()
    )


def _day_sections(days: pl.DataFrame, sections: Sequence[str]) -> list[pl.DataFrame]:
    """Return the rows of all sections but dimensions, and the markers of these."""
    undated = _COUNT * (pl.col("place") == 0)
    heads = _sum_groups(
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
    return (group * (most + 1) + fewer) * _PLACES + place


def _decoded(
    df: pl.DataFrame, ids: pl.Series, labels: pl.Series, request: Request
) -> pl.DataFrame:
    date = (pl.col("place") - _EPOCH).cast(pl.Int32).cast(pl.Date)
    sections = pl.Series(all_sections(request.value_sections))
    return df.select(
        pl.lit(ids).gather("integration").alias("integration_id"),
        pl.lit(request.timezone).alias("timezone"),
        pl.lit(sections).gather("section").alias("section"),
        pl.when(pl.col("section") == SECTIONS.index(TRENDS)).then(date).alias("day"),
        pl.lit(labels).gather(_LABEL).alias("value"),
        *COUNTS,
    )


def _runs(lf: pl.LazyFrame, key: pl.Expr) -> pl.LazyFrame:
    runs = lf.select(runs=key.sort().rle()).unnest("runs")
    return runs.select(key="value", count=pl.col("len").cast(pl.Int64))


def _sum_groups(
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


def _texts(dictionary: pl.Series, codes: Sequence[pl.Series]) -> pl.Series:
    """Return the texts of all codes up to the greatest one in use, by code."""
    return decoded(dictionary, _size(pl.concat(codes).alias("code").to_frame().lazy()))
