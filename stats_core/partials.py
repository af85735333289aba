"""Statistics as one tidy frame, so that parts can be kept and added up later."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import polars as pl

from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS
from stats_core.tallies import BREAKDOWN_SCHEMA, OUTCOMES, TRENDS_SCHEMA

SECTIONS = ("total", "undated", "trends", *DIMENSIONS)
PARTIAL_SCHEMA = pl.Schema(
    {"timezone": pl.String(), "section": pl.String(), "day": pl.Date()}
    | dict(BREAKDOWN_SCHEMA)
)
COUNTS = ("count", "unset", *OUTCOMES)

Part = TypeVar("Part")


def partial_frame(
    counts: dict[str, int], sections: dict[str, pl.DataFrame], timezone: str
) -> pl.DataFrame:
    """One frame of `PARTIAL_SCHEMA`, its rows in the order of `SECTIONS`.

    Args:
        counts: `total` and `undated`; a row each, of which only `count` is set.
        sections: `trends` and the four breakdowns, in their own order.
        timezone: The zone of the days.
    """
    heads = pl.DataFrame({"section": [*counts], "count": [*counts.values()]})
    frames = [df.with_columns(section=pl.lit(name)) for name, df in sections.items()]
    whole = pl.concat([PARTIAL_SCHEMA.to_frame(), heads, *frames], how="diagonal")
    happened = pl.coalesce("count", pl.sum_horizontal(OUTCOMES))
    return whole.with_columns(
        pl.lit(timezone).alias("timezone"), happened.alias("count")
    ).with_columns(pl.col(COUNTS).fill_null(0))


def sections(frame: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The frame's rows by section; every section is there, be it empty."""
    return {name: frame.filter(pl.col("section") == name) for name in SECTIONS}


def trends_of(section: pl.DataFrame) -> pl.DataFrame:
    """The columns of a trend."""
    return section.select(TRENDS_SCHEMA.names())


def breakdown_of(section: pl.DataFrame) -> pl.DataFrame:
    """The columns of a breakdown."""
    return section.select(BREAKDOWN_SCHEMA.names())


def added_up(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The sum of partial frames of one zone, a partial frame itself.

    Rows of different integrations stay apart where the frames tell them apart.

    >>> none = {"total": 0, "undated": 0}
    >>> part = partial_frame(none, {"trends": TRENDS_SCHEMA.to_frame()}, "UTC")
    >>> added_up([part, part]).select("section", "count").rows()
    [('total', 0), ('undated', 0)]
    """
    whole = pl.concat(frames)
    keys = [name for name in whole.columns if name not in COUNTS]
    return (
        whole.group_by(keys)
        .agg(pl.col(COUNTS).sum())
        .sort(
            *(name for name in keys if name not in PARTIAL_SCHEMA),
            pl.col("section").replace_strict(SECTIONS, range(len(SECTIONS))),
            "day",
            pl.when(pl.col("value").is_not_null()).then(-pl.col("count")),
            "value",
        )
    )


def tree_sum(
    parts: Iterable[Part], add: Callable[[Sequence[Part]], Part], *, width: int = 256
) -> Part | None:
    """All parts added up as they come, ever `width` sums of as many; None of no parts.

    However many parts there are, only a few times `width` of them and of their sums are
    held at once, and each takes part in no more than a few additions.

    >>> tree_sum(range(100), sum)
    4950
    """
    levels: list[list[Part]] = []
    for part in parts:
        carry, level = part, 0
        while True:
            if level == len(levels):
                levels.append([])
            levels[level].append(carry)
            if len(levels[level]) < width:
                break
            carry, levels[level] = add(levels[level]), []
            level += 1
    rest = [part for level in levels for part in level]
    return add(rest) if rest else None


def checked_partial(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, if its columns, zone and sections are those of a partial.

    Raises:
        InvalidRecordsError: They are not; every fault is listed.
    """
    check_schema(frame, PARTIAL_SCHEMA)
    faults = [*foreign_faults(frame)]
    for name in ("total", "undated"):
        count = frame.filter(section=name).height
        if count != 1:
            faults.append(f"`section`: expected one row `{name}`, found {count}")
    faults += [f"`{name}`: holds nulls" for name in COUNTS if frame[name].has_nulls()]
    if faults:
        raise InvalidRecordsError(*faults)
    return frame


def check_schema(frame: pl.DataFrame, schema: pl.Schema) -> None:
    """Hold a frame against the columns of partial statistics.

    Raises:
        InvalidRecordsError: It has others.
    """
    if frame.schema != schema:
        expected, found = (
            ", ".join(f"{name}: {dtype}" for name, dtype in columns.items())
            for columns in (schema, frame.schema)
        )
        msg = f"not partial statistics: expected columns {expected}; found {found}"
        raise InvalidRecordsError(msg)


def foreign_faults(frame: pl.DataFrame) -> Iterator[str]:
    """What of the zone and the sections no partial statistics have.

    >>> list(foreign_faults(PARTIAL_SCHEMA.to_frame()))
    ['`timezone`: expected one for all rows, found []']
    """
    zones = frame["timezone"].unique().to_list()
    if len(zones) != 1 or zones == [None]:
        found = sorted(map(str, zones))
        yield f"`timezone`: expected one for all rows, found {found}"
    strange = frame.filter(
        ~pl.col("section").is_in(SECTIONS) | pl.col("section").is_null()
    )
    if strange.height:
        yield f"`section`: {strange.height} rows of no section of statistics"
