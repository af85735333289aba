"""Parts of an answer, kept as Parquet files, each with the question it answers."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import polars as pl

from stats_core.batch.writing import replacing
from stats_core.errors import Faults, InvalidRecordsError, first_line
from stats_core.request import Request
from stats_core.results.invariants import schema_faults
from stats_core.results.partials import checked_partial, merge_partials
from stats_core.results.statistics import AppointmentStatistics
from stats_core.schema import BY_INTEGRATION_SCHEMA, PARTIAL_SCHEMA

_INTEGRATION = "integration_id"
_KEY = "stats_core"  # of the question in the metadata of the file


def keep(partial: pl.DataFrame, request: Request, path: Path) -> None:
    """Write a partial frame and its question as Parquet, completely or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    keep_all([(path, request, partial)])


def keep_all(parts: Iterable[tuple[Path, Request, pl.DataFrame]]) -> None:
    """Write parts as `keep` does: all of them, or none if one fails.

    Args:
        parts: The path, the request and the partial frame of each; they are consumed
            one by one.

    Raises:
        OSError: A file cannot be written.
    """
    with ExitStack() as unfinished_files:
        for path, request, partial in parts:
            metadata = {_KEY: json.dumps(request.question())}
            unfinished = unfinished_files.enter_context(replacing(path))
            partial.write_parquet(unfinished, metadata=metadata)


def merge_parts(paths: Sequence[str]) -> pl.DataFrame:
    """Return the sum of parts that `keep` wrote.

    A file of `AppointmentStatistics.to_frame`, without a question, is a part too. It
    can be merged with files of its kind.

    Raises:
        InvalidRecordsError: A file is not a part, or the parts answer different
            questions; every fault is listed.
    """
    questions: dict[str, Mapping[str, str]] = {}
    faults = Faults()
    for path in paths:
        with faults.collected(path):
            questions[path] = _question(path)
    faults.add(*_differences(questions))
    faults.raise_if_any()
    merged = merge_partials(_parts(paths))
    return AppointmentStatistics.empty().frame if merged is None else merged


def kept_request(path: str) -> Request:
    """Return what a part that `keep` wrote was counted for: its filters, not its days.

    A file without a question has none.

    Raises:
        InvalidRecordsError: The question is not one that `keep` wrote.
    """
    try:
        return Request.from_question(_kept(path))
    except (TypeError, ValueError) as error:
        msg = f"{path}: not a part that `tally` wrote: {first_line(error)}"
        raise InvalidRecordsError(msg) from error


def _kept(path: str) -> dict[str, str | None]:
    text = pl.read_parquet_metadata(path).get(_KEY)
    return json.loads(text) if text else {}


def _question(path: str) -> Mapping[str, str]:
    """Return in words what a part answers; parts that are merged have the same words.

    Raises:
        InvalidRecordsError: The file is not a part.
    """
    try:
        schema = pl.read_parquet_schema(path)
        kept = _kept(path)
    except (pl.exceptions.PolarsError, ValueError) as error:
        msg = f"not a part that `tally` wrote: {first_line(error)}"
        raise InvalidRecordsError(msg) from error
    faults = [*schema_faults(pl.DataFrame(schema=schema), _part_schema(schema))]
    if faults:
        raise InvalidRecordsError(*faults)
    return {
        "counts": "each integration" if _INTEGRATION in schema else "one answer",
        "question": "kept" if kept else "not kept",
        **{name: repr(value) if value else "not given" for name, value in kept.items()},
    }


def _differences(questions: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield for each part how its question differs from that of the first one."""
    for path, question in islice(questions.items(), 1, None):
        first, expected = next(iter(questions.items()))
        words = [
            f"`{name}`: {found} instead of {expected[name]}"
            for name, found in question.items()
            if name in expected and found != expected[name]
        ]
        if words:
            yield f"{path}: answers another question than {first}: {'; '.join(words)}"


def _parts(paths: Sequence[str]) -> Iterator[pl.DataFrame]:
    faults = Faults()
    for path in paths:
        with faults.collected(path):
            frame = pl.read_parquet(path, glob=False)
            yield checked_partial(frame, _part_schema(frame.schema))
    faults.raise_if_any()


def _part_schema(found: Mapping[str, object]) -> pl.Schema:
    return BY_INTEGRATION_SCHEMA if _INTEGRATION in found else PARTIAL_SCHEMA
