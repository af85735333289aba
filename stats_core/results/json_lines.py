"""The published JSON of many integrations, written by one plan.

Equal to `AppointmentStatistics.dashboard_json` for each, byte for byte; where there are
many, one plan is faster.
"""

from collections.abc import Iterator

import polars as pl

from stats_core import days
from stats_core.schema import DIMENSIONS, TOTAL, TRENDS

_LISTS = (TRENDS, *DIMENSIONS)
_MAX_INT64 = 2**63 - 1


def response_lines(partial: pl.DataFrame, page: int, size: int) -> Iterator[str]:
    """Yield the endpoint's JSON of each integration, ids ascending.

    Args:
        partial: A frame of `BY_INTEGRATION_SCHEMA`, in its order. The id is the first
            key of each text.
        page: Which page of each breakdown, from 1.
        size: The number of rows on a page, from 1.

    >>> from stats_core.schema import BY_INTEGRATION_SCHEMA
    >>> list(response_lines(BY_INTEGRATION_SCHEMA.to_frame(), 1, 300))
    []
    """
    totals, trends, values = _lists(partial, page, size)
    items = {(key, name): text for key, name, text in (*trends.rows(), *values.rows())}
    for key, total in totals.iter_rows():
        lists = ",".join(f'"{name}":[{items.get((key, name), "")}]' for name in _LISTS)
        yield f'{{"integration_id":"{key}","overview":{{"total":{total}}},{lists}}}'


def _lists(partial: pl.DataFrame, page: int, size: int) -> list[pl.DataFrame]:
    """Return the total of each integration, then each of its lists as one text."""
    row, section = pl.int_range(pl.len()), pl.col("section")
    new = section.ne_missing(section.shift())
    first, end = (min(number * size, _MAX_INT64) for number in (page - 1, page))
    place = row - pl.when(new).then(row).forward_fill()
    trends = (
        partial.lazy()
        .filter(section == TRENDS)
        .join(_instants(partial), on="day", how="left", maintain_order="left")
        .select("integration_id", "section", item=_json("_id", "successful", "failed"))
    )
    values = (
        partial.lazy()
        .with_columns(place=place)
        .filter(
            section.is_in([*DIMENSIONS]), pl.col("place").is_between(first, end - 1)
        )
        .rename({"value": "_id"})
        .select("integration_id", "section", item=_json("_id", "count"))
    )
    keys = ("integration_id", "section")
    texts = pl.col("item").str.join(",")
    return pl.collect_all(
        [
            partial.lazy().filter(section == TOTAL).select("integration_id", "count"),
            *(
                lf.group_by(keys, maintain_order=True).agg(texts)
                for lf in (trends, values)
            ),
        ]
    )


def _json(*names: str) -> pl.Expr:
    return pl.struct(names).struct.json_encode()


def _instants(partial: pl.DataFrame) -> pl.LazyFrame:
    """Return the first instant of each day, as the response writes it."""
    held = partial["day"].drop_nulls().unique().sort()
    zone = days.find_zone(partial["timezone"][0]) if held.len() else None
    instants = days.first_instants(held.to_list(), zone) if zone else []
    texts = [at.isoformat().replace("+00:00", "Z") for at in instants]
    return pl.LazyFrame({"day": held, "_id": pl.Series(texts, dtype=pl.String)})
