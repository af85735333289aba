"""`AppointmentIndex`: records arranged once, to answer many requests in milliseconds."""

from typing import Self

from stats_core.index.contents import Contents
from stats_core.layout import RecordLayout
from stats_core.query import StatisticsQuery
from stats_core.request import Request
from stats_core.results.response import AppointmentsDashboard
from stats_core.results.statistics import AppointmentStatistics
from stats_core.typing import IntegrationId, Records, Timezone

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()


class AppointmentIndex:
    """Records arranged so that a request costs milliseconds, however many there are.

    Every request is answered exactly as by the functions of `stats_core.api`. An index
    never changes, so threads can share it, and it can be pickled.
    """

    __slots__ = ("_contents",)

    def __init__(
        self, records: Records, *, layout: RecordLayout = _DEFAULT_LAYOUT
    ) -> None:
        self._contents = Contents(layout).extended(records)

    def statistics(
        self,
        query: StatisticsQuery = _ALL,
        *,
        integration_id: IntegrationId | None = None,
        timezone: Timezone = "UTC",
    ) -> AppointmentStatistics:
        """Count the records that a query selects."""
        request = Request(
            query=query,
            integration_id=integration_id,
            layout=self._contents.layout,
            timezone=timezone,
        )
        return AppointmentStatistics(self._contents.partial_frame(request))

    def dashboard(
        self,
        query: StatisticsQuery = _ALL,
        *,
        integration_id: IntegrationId | None = None,
        timezone: Timezone = "UTC",
    ) -> AppointmentsDashboard:
        """Return the endpoint's response: the statistics, paged as the query says."""
        stats = self.statistics(query, integration_id=integration_id, timezone=timezone)
        return stats.dashboard(query.page, query.size)

    def extended(self, records: Records) -> Self:
        """Return an index of these records and more; this one stays as it is."""
        index = object.__new__(type(self))
        index._contents = self._contents.extended(records)
        return index

    def __len__(self) -> int:
        """Return the number of records."""
        return self._contents.records

    @property
    def nbytes(self) -> int:
        """The number of bytes in memory."""
        return self._contents.size()
