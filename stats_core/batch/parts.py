"""Parts of an answer, kept as Parquet files, each with the question it answers."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from stats_core.batch.writing import replacing
from stats_core.errors import Faults
from stats_core.request import Request
from stats_core.results.partials import checked_partial, merge_partials
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import BY_INTEGRATION_SCHEMA, PARTIAL_SCHEMA

_KEY = "stats_core"  # of the question in the metadata of the file
_BY_INTEGRATION = "each integration, "


def keep(partial: pl.DataFrame, request: Request, path: Path) -> None:
    """Write a partial frame and its question as Parquet, completely or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    metadata = {_KEY: json.dumps(request.question())}
    with replacing(path) as unfinished:
        partial.write_parquet(unfinished, metadata=metadata)


def merge_parts(paths: Sequence[str]) -> pl.DataFrame:
    """Return the sum of parts that `keep` wrote.

    A file of `AppointmentStatistics.to_frame`, without a question, is a part too. It
    can be merged with files of its kind.

    Raises:
        InvalidRecordsError: A file is not a part, or the parts answer different
            questions; every fault is listed.
    """
    questions: dict[str, str] = {}
    faults = Faults()
    for path in paths:
        with faults.collected(path):
            questions.setdefault(_question(path), path)
    if len(questions) > 1:
        differ = (f"{path}: other question: {text}" for text, path in questions.items())
        faults.add(*differ)
    faults.raise_if_any()
    merged = merge_partials(_parts(paths))
    return AppointmentStatistics.empty().frame if merged is None else merged


def _question(path: str) -> str:
    """Return what two parts must share to be merged."""
    question = pl.read_parquet_metadata(path).get(_KEY, "unknown")
    each = "integration_id" in pl.read_parquet_schema(path)
    return f"{_BY_INTEGRATION if each else ''}{question}"


def _parts(paths: Sequence[str]) -> Iterator[pl.DataFrame]:
    faults = Faults()
    for path in paths:
        with faults.collected(path):
            frame = pl.read_parquet(path, glob=False)
            each = "integration_id" in frame.columns
            yield checked_partial(
                frame, BY_INTEGRATION_SCHEMA if each else PARTIAL_SCHEMA
            )
    faults.raise_if_any()
