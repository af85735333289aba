"""A count of many files as a job of many tasks, whoever runs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from stats_core import engine, files, integrations
from stats_core.errors import InvalidRecordsError
from stats_core.layout import RecordLayout
from stats_core.query import StatisticsQuery
from stats_core.records import Records
from stats_core.statistics import AppointmentStatistics, merge_statistics

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
# Few files make a task each; of many, enough tasks that no worker waits for long.
_TASKS_A_CPU = 4
_MOST_FILES = 64


@dataclass(frozen=True)
class Job:
    """What every task is asked."""

    query: StatisticsQuery = _ALL
    layout: RecordLayout = _DEFAULT_LAYOUT
    timezone: str = "UTC"
    integration_id: str | None = None
    each_integration: bool = False

    def count(self, scans: Sequence[files.Scan]) -> pl.DataFrame:
        """The statistics of scans, as the frame in which they travel and add up."""
        if self.each_integration:
            each = files.count_scans(scans, self._each)
            return integrations.add_up(map(integrations.integrations_frame, each))
        return merge_statistics(files.count_scans(scans, self._one)).to_frame()

    def _one(self, records: Records) -> AppointmentStatistics:
        return engine.appointment_statistics(
            records,
            self.query,
            integration_id=self.integration_id,
            layout=self.layout,
            timezone=self.timezone,
        )

    def _each(self, records: Records) -> dict[str, AppointmentStatistics]:
        return engine.statistics_by_integration(
            records, self.query, layout=self.layout, timezone=self.timezone
        )


@dataclass(frozen=True)
class Counted:
    """What a task returns.

    Attributes:
        frame: The statistics of its files; None where they could not be counted.
        faults: Why not.
        fields: The fields that some of its files have.
    """

    frame: pl.DataFrame | None
    faults: tuple[str, ...] = ()
    fields: files.Fields = frozenset()


def count_group(paths: Sequence[str], job: Job, fields: files.Fields) -> Counted:
    """Count a group of files: what a task runs.

    Faults are returned, not raised: Ray would wrap them, and other groups may know of
    fields that these files merely lack.

    Args:
        paths: The files.
        job: What is asked.
        fields: What is known to be in other files, and thus unset in these.
    """
    own: files.Fields = frozenset()
    try:
        opened = files.open_files(paths, job.layout)
        own = files.fields_of(opened, job.layout)
        frame = job.count(files.scans_of(opened, own | fields))
    except InvalidRecordsError as error:
        return Counted(None, error.faults, own)
    return Counted(frame, fields=own)


def grouped(paths: Sequence[str], cpus: int) -> list[list[str]]:
    """The paths in groups of nearly one size, in their order.

    >>> [len(group) for group in grouped([f"{n}.csv" for n in range(10)], cpus=2)]
    [1, 1, 1, 2, 1, 1, 1, 2]
    """
    fewest = -(-len(paths) // _MOST_FILES)
    count = min(len(paths), max(cpus * _TASKS_A_CPU, fewest))
    edges = [len(paths) * number // count for number in range(count + 1)]
    return [list(paths[start:stop]) for start, stop in pairwise(edges)]
