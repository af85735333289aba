"""Parts of an answer kept as Parquet files, each with the question that it answers."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from stats_core import integrations
from stats_core.errors import InvalidRecordsError, first_line
from stats_core.records import READ_ERRORS
from stats_core.statistics import AppointmentStatistics, merge_statistics

Answer = AppointmentStatistics | dict[str, AppointmentStatistics]

Taken = TypeVar("Taken")

_KEY = "stats_core"  # in the file's metadata


@dataclass(frozen=True)
class Question:
    """What the parts of one answer have in common.

    Their dates differ, and so may the columns and status words of their files.

    Attributes:
        timezone: Whose days were counted.
        integration_id: Whose records were counted; None for all, or for each.
        appointment_type: Which type was; None for all.
        search: What was searched for; blank for nothing.
    """

    timezone: str = "UTC"
    integration_id: str | None = None
    appointment_type: str | None = None
    search: str = ""


def keep(answer: Answer, question: Question, path: Path) -> None:
    """Write an answer as a Parquet file: all of it, or no file at all.

    Its columns are those of `AppointmentStatistics.to_frame`, after `integration_id`
    where each integration was counted; its metadata holds the question.

    Raises:
        OSError: The file cannot be written.
    """
    frame = (
        integrations.integrations_frame(answer)
        if isinstance(answer, dict)
        else answer.to_frame()
    )
    unfinished = path.with_name(f"{path.name}.unfinished")
    frame.write_parquet(unfinished, metadata={_KEY: json.dumps(asdict(question))})
    unfinished.replace(path)


def merged(paths: Sequence[str]) -> Answer:
    """The sum of parts that `keep` wrote, a dictionary where they count each integration.

    A file that `AppointmentStatistics.to_frame` was written to, without a question, is
    a part too; it adds up with its like.

    Raises:
        InvalidRecordsError: A file is no part, or the parts answer different questions;
            every fault is listed.
    """
    kinds: dict[_Kind, str] = {}
    faults: list[str] = []
    for path in paths:
        try:
            kinds.setdefault(_kind(path), path)
        except READ_ERRORS as error:
            faults.append(f"{path}: {first_line(error)}")
    if len(kinds) > 1:
        faults += [f"{path}: other question: {kind}" for kind, path in kinds.items()]
    if faults:
        raise InvalidRecordsError(*faults)
    if any(kind.each for kind in kinds):
        frames = _checked(paths, integrations.checked_integrations)
        answer = integrations.integrations_of(integrations.add_up(frames))
        for stats in answer.values():
            stats.check()
        return answer
    return merge_statistics(_checked(paths, AppointmentStatistics.from_frame))


@dataclass(frozen=True)
class _Kind:
    """What two parts must share to add up; the question is told by its JSON text."""

    question: str
    each: bool

    def __str__(self) -> str:
        each = "each integration, " if self.each else ""
        return f"{each}{self.question or 'unknown'}"


def _kind(path: str) -> _Kind:
    question = pl.read_parquet_metadata(path).get(_KEY, "")
    return _Kind(question, each="integration_id" in pl.read_parquet_schema(path))


def _checked(
    paths: Sequence[str], take: Callable[[pl.DataFrame], Taken]
) -> Iterator[Taken]:
    faults: list[str] = []
    for path in paths:
        try:
            yield take(pl.read_parquet(path, glob=False))
        except READ_ERRORS as error:
            faults.append(f"{path}: {first_line(error)}")
        except InvalidRecordsError as error:
            faults += (f"{path}: {fault}" for fault in error.faults)
    if faults:
        raise InvalidRecordsError(*faults)
