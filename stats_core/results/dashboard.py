"""From complete statistics to the endpoint's response, as a model or as its JSON."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from stats_core import days
from stats_core.results.ranking import page_rows
from stats_core.results.response import AppointmentsDashboard
from stats_core.schema import DIMENSIONS

_OFFSET = "+00:00"


class Response(NamedTuple):
    """What a response is made of.

    Attributes:
        total: The number of records.
        trend: `day`, `successful`, `failed`.
        pages: Of each published dimension, the rows of the asked page: `value`, `count`.
        zone: The time zone of the days.
    """

    total: int
    trend: pl.DataFrame
    pages: Mapping[str, pl.DataFrame]
    zone: ZoneInfo

    @classmethod
    def of_page(
        cls,
        total: int,
        trend: pl.DataFrame,
        breakdowns: Mapping[str, pl.DataFrame],
        *,
        timezone: str,
        page: int,
        size: int,
    ) -> "Response":
        """Return a response; only the breakdowns are paged.

        Raises:
            TypeError: `page` or `size` is no whole number.
            ValueError: `page` or `size` is below 1.
        """
        pages = {name: page_rows(breakdowns[name], page, size) for name in DIMENSIONS}
        return cls(total, trend, pages, days.find_zone(timezone))

    def model(self) -> AppointmentsDashboard:
        """Return the response."""
        return AppointmentsDashboard.model_validate(
            {
                "overview": {"total": self.total},
                "trends": [
                    {"_id": instant, "successful": successful, "failed": failed}
                    for instant, successful, failed in zip(
                        days.first_instants(self._days(), self.zone),
                        *self._outcomes(),
                        strict=True,
                    )
                ],
                **{
                    name: [{"_id": value, "count": count} for value, count in rows]
                    for name, rows in self._values()
                },
            }
        )

    def json(self) -> str:
        """Return the JSON of the model; no model is made.

        A model for each item takes most of the time of a response.
        """
        zone = self.zone
        counted = zip(self._days(), *self._outcomes(), strict=True)
        trend = [
            f'{_day_text(day, zone)},"successful":{successful},"failed":{failed}}}'
            for day, successful, failed in counted
        ]
        lists = {"trends": trend} | {
            name: [
                f'{{"_id":{encode_basestring(value)},"count":{count}}}'
                for value, count in rows
            ]
            for name, rows in self._values()
        }
        texts = [f'"{name}":[{",".join(items)}]' for name, items in lists.items()]
        return f'{{"overview":{{"total":{self.total}}},{",".join(texts)}}}'

    def _days(self) -> list[date]:
        return self.trend["day"].to_list()

    def _outcomes(self) -> tuple[list[int], list[int]]:
        return self.trend["successful"].to_list(), self.trend["failed"].to_list()

    def _values(self) -> Iterator[tuple[str, Iterator[tuple[str, int]]]]:
        for name, df in self.pages.items():
            yield name, zip(df["value"].to_list(), df["count"].to_list(), strict=True)


@lru_cache(maxsize=50_000)  # as many as `days.first_instants` keeps
def _day_text(day: date, zone: ZoneInfo) -> str:
    """Return the beginning of a day's JSON."""
    [instant] = days.first_instants([day], zone)
    return f'{{"_id":"{instant.isoformat().removesuffix(_OFFSET)}Z"'
