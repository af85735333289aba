"""What holds for any statistics: the faults of a partial frame."""

from collections.abc import Iterator, Sequence

import polars as pl

from stats_core import days
from stats_core.request import is_integration_id
from stats_core.schema import (
    COUNTS,
    HOURS,
    HOURS_OF_WEEK,
    OUTCOMES,
    SECTIONS,
    TOTAL,
    TRENDS,
    UNDATED,
    all_sections,
)

_HEADS = (TOTAL, UNDATED)
_SECTION, _COUNT = pl.col("section"), pl.col("count")
_IS_HEAD, _IS_TREND = _SECTION.is_in(_HEADS), _SECTION == TRENDS
_IS_HOUR = _SECTION == HOURS
_IS_MARKER = (
    ~_SECTION.is_in(SECTIONS)
    & pl.all_horizontal(pl.col("day", "value").is_null())
    & (pl.max_horizontal(pl.col(COUNTS).abs()) == 0)
)
_MISPLACED = (pl.col("day").is_not_null() != _IS_TREND) | (
    pl.col("value").is_null() != (_IS_TREND | _IS_HEAD | _IS_MARKER)
)
_OUTCOMES = pl.sum_horizontal(OUTCOMES)
_ROW_FAULTS = {
    "a count is negative": pl.any_horizontal(pl.col(COUNTS) < 0),
    "a row counts no record": ~_IS_HEAD & ~_IS_MARKER & (_COUNT == 0),
    "a row's outcomes do not add up to its count": ~_IS_HEAD & (_OUTCOMES != _COUNT),
    "a row has more unset records than records": pl.col("unset") > _COUNT,
    "only the count of this row can be set": (
        (_IS_HEAD & (_OUTCOMES != 0))
        | ((_IS_HEAD | _IS_TREND | _IS_HOUR) & (pl.col("unset") != 0))
    ),
    "a value is no weekday and hour": (
        _IS_HOUR & ~_IS_MARKER & ~pl.col("value").is_in(HOURS_OF_WEEK)
    ),
}


def schema_faults(frame: pl.DataFrame, schema: pl.Schema) -> Iterator[str]:
    """Yield a fault if the frame does not have the columns of `schema`.

    >>> list(schema_faults(pl.DataFrame(), pl.Schema({"day": pl.Date()})))
    ['not partial statistics: expected columns day: Date; found ']
    """
    if frame.schema != schema:
        expected, found = (
            ", ".join(f"{name}: {dtype}" for name, dtype in columns.items())
            for columns in (schema, frame.schema)
        )
        yield f"not partial statistics: expected columns {expected}; found {found}"


def partial_faults(frame: pl.DataFrame) -> Iterator[str]:
    """Yield what no statistics have: wrong keys or order, else wrong counts or sums.

    Args:
        frame: `PARTIAL_SCHEMA`, or `BY_INTEGRATION_SCHEMA`.

    >>> from stats_core.schema import PARTIAL_SCHEMA
    >>> list(partial_faults(PARTIAL_SCHEMA.to_frame()))[0]
    '`section`: expected one row `total`, found 0'
    """
    keys = [name for name in ("integration_id",) if name in frame.columns]
    if keys and frame.is_empty():  # no integration has a record
        return
    faults = [*_key_faults(frame, keys)]
    if not faults:
        faults += _order_faults(frame, keys)
        groups = _groups(frame, keys)
        faults += _head_faults(groups, keys)
    if not faults:
        faults += _row_faults(frame)
        faults += _sum_faults(groups)
    yield from faults


def _key_faults(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[str]:
    yield from (f"`{name}`: has nulls" for name in COUNTS if frame[name].has_nulls())
    known = [*SECTIONS, *frame.filter(_IS_MARKER)["section"].unique()]
    unknown = frame.filter(~_SECTION.is_in(known).fill_null(value=False)).height
    if unknown:
        yield f"`section`: {unknown} rows of an unknown section"
    misplaced = frame.filter(_MISPLACED).height
    if misplaced:
        yield f"`day`, `value`: {misplaced} rows do not fit their section"
    for name in keys:
        ids = frame[name].unique().to_list()
        invalid = [key for key in ids if key is None or not is_integration_id(key)]
        if invalid:
            yield f"`{name}`: {len(invalid)} values are not 24 characters of 0-9a-f"
    if frame.height:
        yield from _zone_faults(frame)


def _zone_faults(frame: pl.DataFrame) -> Iterator[str]:
    zones = frame["timezone"].unique().to_list()
    if len(zones) != 1 or zones == [None]:
        yield f"`timezone`: expected one for all rows, found {sorted(map(str, zones))}"
        return
    dated = frame["day"].drop_nulls().unique().sort()
    try:
        zone = days.find_zone(zones[0])
        days.first_instants([*dated.head(1), *dated.tail(1)], zone)
    except (ValueError, OverflowError) as error:
        yield f"`trends`: a day has no beginning: {error}"


def _order_faults(frame: pl.DataFrame, keys: Sequence[str]) -> Iterator[str]:
    """Compare each row with the row before it, from the last sort key to the first."""
    place = _place(all_sections(frame["section"]))
    ordered = pl.lit(value=False)
    for key in (pl.col("value"), -_COUNT, pl.col("day"), place, *map(pl.col, keys)):
        before = key.shift()
        ordered = (key > before).fill_null(value=False) | (
            key.eq_missing(before) & ordered
        )
    if not frame.select(ordered.slice(1).all()).item():
        yield "the rows repeat or are not in order"


def _place(sections: Sequence[str]) -> pl.Expr:
    return _SECTION.cast(pl.Enum(sections)).to_physical().cast(pl.Int64)


def _groups(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return each section of each integration: its rows, its values and its sum."""
    section = pl.struct(*keys, "section")
    return (
        frame.lazy()
        .with_columns(group=section.ne_missing(section.shift()).cum_sum())
        .group_by("group", maintain_order=True)
        .agg(
            pl.first(*keys, "section"),
            pl.len().alias("rows"),
            pl.col("value").n_unique().alias("values"),
            _IS_MARKER.sum().alias("markers"),
            _COUNT.sum(),
        )
        .with_columns(whose=(_SECTION == TOTAL).cum_sum())
        .collect()
    )


def _head_faults(groups: pl.DataFrame, keys: Sequence[str]) -> Iterator[str]:
    wanted = groups.select(keys).n_unique() if keys else 1
    of_each = f" for each of {wanted} integrations" if keys else ""
    for name in _HEADS:
        rows = groups.filter(name == _SECTION)["rows"]
        if rows.len() != wanted or rows.sum() != wanted:
            yield f"`section`: expected one row `{name}`{of_each}, found {rows.sum()}"
    for name in all_sections(groups["section"])[len(SECTIONS) :]:
        markers = groups.filter(name == _SECTION)["markers"]
        if markers.len() != wanted or markers.sum() != wanted:
            yield f"`{name}`: expected one marker{of_each}, found {markers.sum()}"
    repeated = groups.filter(
        ~(_IS_HEAD | _IS_TREND), pl.col("values") != pl.col("rows")
    )
    for name in repeated["section"].unique().sort():
        yield f"`{name}`: a value has more than one row"


def _row_faults(frame: pl.DataFrame) -> Iterator[str]:
    for complaint, is_wrong in _ROW_FAULTS.items():
        sections = frame.filter(is_wrong)["section"].unique().sort()
        yield from (f"`{section}`: {complaint}" for section in sections)


def _sum_faults(groups: pl.DataFrame) -> Iterator[str]:
    """Compare the sum of each section with the total of its integration."""
    names = all_sections(groups["section"])
    places = groups.with_columns(place=_place(names))  # a name can be like a pattern
    sums = places.pivot("place", index="whose", values="count").fill_null(0)
    total, undated, *sections = map(str, range(len(names)))
    for name, place in zip(names[len(_HEADS) :], sections, strict=True):
        # A section without a row counts no record.
        found = pl.col(place) if place in sums.columns else pl.lit(0, pl.Int64)
        found = found + pl.col(undated) if name in (TRENDS, HOURS) else found
        wrong = sums.select(found.alias("sum"), total).filter(
            pl.col("sum") != pl.col(total)
        )
        if wrong.height:
            counted, whole = wrong.row(0)
            yield f"`{name}`: the counts add up to {counted}, not to the total of {whole}"
