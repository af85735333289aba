"""Every integration's statistics as one tidy frame: kept, added up, taken apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import polars as pl

from stats_core import partials
from stats_core.errors import InvalidRecordsError
from stats_core.layout import DIMENSIONS
from stats_core.query import is_integration_id
from stats_core.statistics import AppointmentStatistics
from stats_core.tallies import BREAKDOWN_SCHEMA, TRENDS_SCHEMA

INTEGRATIONS_SCHEMA = pl.Schema(
    {"integration_id": pl.String()} | dict(partials.PARTIAL_SCHEMA)
)

# The frames of many integrations may be large: few of them are held at once.
_WIDTH = 8


def integrations_frame(
    by_integration: Mapping[str, AppointmentStatistics],
) -> pl.DataFrame:
    """The statistics of each integration as one frame, to be kept or added up.

    Returns:
        `integration_id: String`, then the columns of `AppointmentStatistics.to_frame`.

    >>> key = "5eb7cf5a86d9755df3a6c593"
    >>> integrations_frame({key: AppointmentStatistics.empty()}).rows()[0][:3]
    ('5eb7cf5a86d9755df3a6c593', 'UTC', 'total')
    """
    frames = [
        stats.to_frame().select(pl.lit(key).alias("integration_id"), pl.all())
        for key, stats in by_integration.items()
    ]
    return pl.concat([INTEGRATIONS_SCHEMA.to_frame(), *frames])


def integrations_of(frame: pl.DataFrame) -> dict[str, AppointmentStatistics]:
    """Take apart what `add_up` added up: by id, ids ascending.

    >>> integrations_of(INTEGRATIONS_SCHEMA.to_frame())
    {}
    """
    runs = frame.group_by("integration_id", "section", maintain_order=True).len()
    trends, breakdowns = frame.select(*TRENDS_SCHEMA), frame.select(*BREAKDOWN_SCHEMA)
    sections: dict[str, dict[str, slice]] = {}
    start = 0
    for key, section, height in runs.iter_rows():
        sections.setdefault(key, {})[section] = slice(start, start + height)
        start += height
    none = slice(0, 0)
    return {
        key: AppointmentStatistics(
            total=breakdowns["count"][found["total"].start],
            undated=breakdowns["count"][found["undated"].start],
            timezone=frame["timezone"][0],
            trends=trends[found.get("trends", none)],
            **{name: breakdowns[found.get(name, none)] for name in DIMENSIONS},
        )
        for key, found in sections.items()
    }


def merge_integrations(
    parts: Iterable[Mapping[str, AppointmentStatistics]],
) -> dict[str, AppointmentStatistics]:
    """`merge_statistics` for each integration of parts that hold many.

    Raises:
        InvalidRecordsError: The parts count days of different zones.

    >>> merge_integrations([{}, {}])
    {}
    """
    frame = add_up(map(integrations_frame, parts))
    return integrations_of(frame)


def add_up(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The sum of frames of `integrations_frame`, as they come.

    Raises:
        InvalidRecordsError: They count days of different zones.
    """
    merged = partials.tree_sum(frames, _sum, width=_WIDTH)
    return INTEGRATIONS_SCHEMA.to_frame() if merged is None else merged


def checked_integrations(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame, if it is one of `integrations_frame`.

    Raises:
        InvalidRecordsError: It is not; every fault is listed.
    """
    partials.check_schema(frame, INTEGRATIONS_SCHEMA)
    if frame.is_empty():
        return frame
    faults = [*partials.foreign_faults(frame), *_foreign_ids(frame)]
    if faults:
        raise InvalidRecordsError(*faults)
    return frame


def _foreign_ids(frame: pl.DataFrame) -> Iterator[str]:
    ids = frame["integration_id"].unique().to_list()
    strange = [key for key in ids if key is None or not is_integration_id(key)]
    if strange:
        yield f"`integration_id`: {len(strange)} values are not 24 characters of 0-9a-f"
    for name in ("total", "undated"):
        rows = frame.filter(section=name)["integration_id"]
        if rows.n_unique() != len(ids) or rows.len() != len(ids):
            yield f"`section`: expected one row `{name}` for each of {len(ids)} integrations"


def _sum(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    whole = pl.concat(frames)
    zones = sorted(whole["timezone"].unique())
    if len(zones) > 1:
        msg = f"`timezone`: days of different zones do not add up: {', '.join(zones)}"
        raise InvalidRecordsError(msg)
    return partials.added_up([whole])
