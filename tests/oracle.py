"""A second reference, in SQL: clean records as DuckDB counts them."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tests import reference

_COUNT_BY = """
    SELECT coalesce({value}, '{default}') AS value, count(*), count(*) - count({value}),
        count(*) FILTER (status = 'successful'), count(*) FILTER (status = 'failed'),
        count(*) FILTER (status IS NULL OR status NOT IN ('successful', 'failed'))
    FROM asked GROUP BY 1 ORDER BY 2 DESC, 1
"""
_TREND = """
    SELECT ({day})::DATE AS day,
        count(*) FILTER (status = 'successful'), count(*) FILTER (status = 'failed'),
        count(*) FILTER (status IS NULL OR status NOT IN ('successful', 'failed'))
    FROM asked WHERE created_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""
_TOTALS = "SELECT count(*), count(*) - count(created_at) FROM asked"


def answer(
    records: pl.DataFrame | Path, where: str = "true", timezone: str = "UTC"
) -> reference.Answer:
    """Count a frame, or the Parquet files of a folder.

    Its values need no trimming, and its statuses are `successful`, `failed` or neither.
    """
    day = f"created_at AT TIME ZONE '{timezone}'"
    with duckdb.connect() as connection:
        if isinstance(records, Path):
            source = f"read_parquet('{records}/*.parquet')"
        else:
            source = "records"
            connection.register(source, records.to_arrow())
        connection.execute(
            f"CREATE VIEW asked AS SELECT * FROM {source} WHERE {where}"  # noqa: S608
        )

        def rows(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        [(total, undated)] = rows(_TOTALS)
        breakdowns = {
            name: rows(_COUNT_BY.format(value=name, default=default))
            for name, default in reference.DEFAULTS.items()
        }
        trends = rows(_TREND.format(day=day))
        return reference.Answer(total, undated, trends, breakdowns)
