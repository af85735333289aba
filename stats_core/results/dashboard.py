"""From complete statistics to the endpoint's response."""

from collections.abc import Mapping

import polars as pl

from stats_core import days
from stats_core.results.ranking import page_rows
from stats_core.results.response import AppointmentsDashboard
from stats_core.schema import DIMENSIONS


def dashboard(
    total: int,
    trend: pl.DataFrame,
    breakdowns: Mapping[str, pl.DataFrame],
    *,
    timezone: str,
    page: int,
    size: int,
) -> AppointmentsDashboard:
    """Return the endpoint's response; only the breakdowns are paged.

    Raises:
        TypeError: `page` or `size` is no whole number.
        ValueError: `page` or `size` is below 1.
    """
    return AppointmentsDashboard.model_validate(
        {
            "overview": {"total": total},
            "trends": _trend_items(trend, timezone),
            **{
                name: _items(page_rows(breakdowns[name], page, size))
                for name in DIMENSIONS
            },
        }
    )


def _trend_items(trend: pl.DataFrame, timezone: str) -> list[dict[str, object]]:
    instants = days.first_instants(trend["day"].to_list(), days.find_zone(timezone))
    outcomes = trend["successful"].to_list(), trend["failed"].to_list()
    counts = zip(instants, *outcomes, strict=True)
    return [
        {"_id": instant, "successful": successful, "failed": failed}
        for instant, successful, failed in counts
    ]


def _items(breakdown: pl.DataFrame) -> list[dict[str, object]]:
    value, count = breakdown["value"].to_list(), breakdown["count"].to_list()
    rows = zip(value, count, strict=True)
    return [{"_id": value, "count": count} for value, count in rows]
