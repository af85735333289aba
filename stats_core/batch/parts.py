"""Parts of an answer, kept as Parquet files, each with the question it answers."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import polars as pl

from stats_core.batch.writing import replacing
from stats_core.errors import Faults, InvalidRecordsError, first_line
from stats_core.request import Request
from stats_core.results.partials import checked_partial, merge_partials
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import BY_INTEGRATION_SCHEMA, PARTIAL_SCHEMA

_KEY = "stats_core"  # of the question in the metadata of the file


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
    questions: dict[str, dict[str, str | None]] = {}
    faults = Faults()
    for path in paths:
        with faults.collected(path):
            questions[path] = _question(path)
    faults.add(*_differences(questions))
    faults.raise_if_any()
    merged = merge_partials(_parts(paths))
    return AppointmentStatistics.empty().frame if merged is None else merged


def _question(path: str) -> dict[str, str | None]:
    """Return what two parts must share to be merged, and how each is written."""
    try:
        text = pl.read_parquet_metadata(path).get(_KEY)
        each = "integration_id" in pl.read_parquet_schema(path)
    except pl.exceptions.PolarsError as error:
        msg = f"not a part that `tally` wrote: {first_line(error)}"
        raise InvalidRecordsError(msg) from error
    question = json.loads(text) if text else {"question": "not kept"}
    return question | {"counts": "each integration" if each else "all together"}


def _differences(questions: Mapping[str, Mapping[str, str | None]]) -> Iterator[str]:
    """Yield what the question of a part has in common with no part before it."""
    known: list[tuple[str, Mapping[str, str | None]]] = []
    for path, question in questions.items():
        if known and all(question != other for _, other in known):
            first, other = known[0]
            words = (
                f"{name} is {question.get(name) or 'none'}, "
                f"in {first} {other.get(name) or 'none'}"
                for name in question
                if question.get(name) != other.get(name)
            )
            yield f"{path}: answers another question: {'; '.join(words)}"
        if all(question != other for _, other in known):
            known.append((path, question))


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
