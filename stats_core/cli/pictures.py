"""Pictures of an answer, as files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from stats_core.batch.paths import resolved
from stats_core.batch.writing import check_target, replacing
from stats_core.cli.options import WrongUsageError
from stats_core.request import Request
from stats_core.results.statistics import AppointmentStatistics

_Answered = tuple[Request, pl.DataFrame]


class Pictures:
    """The pictures that options ask for, checked before anything is counted.

    Attributes:
        files: The option and the file of each picture.

    Raises:
        OSError: A file cannot be written.
        WrongUsageError: Pictures of each integration, two in one file, or the extra is not
            installed.
    """

    def __init__(self, request: Request, **files: Path | None) -> None:
        """Take the file of each format; None is not asked for."""
        self._files = {form: path for form, path in files.items() if path}
        self.files = [(f"--{form}", path) for form, path in self._files.items()]
        _check_are_different(self.files)
        for option, path in self.files:
            check_target(path)
            if request.by_integration:
                msg = f"{option}: not together with --each-integration"
                raise WrongUsageError(msg)
            _check_extra(option)

    def draw(self, now: _Answered, before: _Answered | None = None) -> None:
        """Write the pictures of an answer, and of an earlier one beside it.

        Args:
            now: The request and the partial frame that answers it.
            before: Those of the earlier answer.

        Raises:
            OSError: A file cannot be written.
            WrongUsageError: The frame has more than one integration.
        """
        if not self._files:
            return
        request, partial = now
        if "integration_id" in partial.columns:
            msg = f"{self.files[0][0]}: the parts are of each integration"
            raise WrongUsageError(msg)
        from stats_core.charts import dashboard_chart  # noqa: PLC0415 - an extra

        earlier: dict[str, Any] = {}
        if before:
            query, frame = before[0].query, before[1]
            earlier = {"before": AppointmentStatistics(frame), "before_query": query}
        whose = request.integration_id
        chart = dashboard_chart(
            AppointmentStatistics(partial),
            title=f"Appointments of {whose}" if whose else "Appointments",
            query=request.query,
            where=request.where,
            **earlier,
        )
        for form, path in self._files.items():
            with replacing(path) as unfinished:
                chart.save(unfinished, form)


def _check_are_different(files: Sequence[tuple[str, Path]]) -> None:
    """Raise if two pictures have one file, of which only the last would be left."""
    first: dict[str, str] = {}
    faults = [
        f"{option} {path}: is the file of {before}"
        for option, path in files
        if (before := first.setdefault(resolved(str(path)), option)) != option
    ]
    if faults:
        raise WrongUsageError(*faults)


def _check_extra(option: str) -> None:
    try:
        import stats_core.charts  # noqa: F401, PLC0415 - an extra
    except ModuleNotFoundError as error:
        msg = f"{option}: {error}"
        raise WrongUsageError(msg) from error
