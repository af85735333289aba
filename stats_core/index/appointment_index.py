"""`AppointmentIndex`: records arranged once, to answer many requests in milliseconds.

How it works, each part described in its file:

- Records are in the order of integration, type and instant, so that what a request
  selects, except by label and search, is a few ranges of rows (`segment`).
- Every thousand records or more, the running counts of all labels are kept. The
  counts of a range are the difference of two of them, plus the records at both ends that
  are counted one by one (`dimension`). The trend comes from running counts at the
  beginnings of the local days (`beginnings`, `clock`).
- A search looks at the distinct words of the searched columns (`searched`). The records
  that it finds, or that have the labels in `where`, are counted one by one.
- Added records are merged in a logarithmic number of steps (`contents`).

What a request costs. Let a dimension have V labels times outcomes, the records lie in r
ranges (one per type), and the period have D days. Each dimension takes r additions of V
numbers, and counts at most 2 r V / 3 records; the trend takes r additions of D numbers;
the labels are sorted. Nothing depends on the number of records but two binary searches
per range and bound. The first request for an integration in a time zone also searches for
the beginning of each day. A search, or a condition on labels, looks at a number for each
record in the ranges and counts those that it finds. Counting each integration looks at
every record.
"""

from typing import Self

from stats_core.index.contents import Contents
from stats_core.layout import RecordLayout
from stats_core.mappings import FrozenMapping
from stats_core.query import StatisticsQuery
from stats_core.request import Request
from stats_core.results.partials import by_integration
from stats_core.results.response import AppointmentsDashboard
from stats_core.results.statistics import AppointmentStatistics
from stats_core.typing import IntegrationId, Records, Timezone, Where

_ALL = StatisticsQuery()
_DEFAULT_LAYOUT = RecordLayout()
_EVERY: Where = FrozenMapping()


class AppointmentIndex:
    """Records arranged so that a request costs milliseconds, whatever their number.

    Every answer equals that of the functions which count records. An index never
    changes: threads can share it, and it can be pickled for other processes.

    It holds what requests can ask for, and nothing else of the records: the distinct
    texts, and for each record 16 bytes for instant and outcome, 1 to 4 for each
    searched column, and 1 to 16 for each dimension, more if it has more values.
    """

    __slots__ = ("_contents",)

    def __init__(
        self, records: Records, *, layout: RecordLayout = _DEFAULT_LAYOUT
    ) -> None:
        """Arrange records, in time proportional to their number.

        Args:
            records: As `appointment_statistics` takes them. A LazyFrame is read in
                batches, of which only numbers and distinct texts are kept.
            layout: Which column holds each field.

        Raises:
            InvalidRecordsError: The records cannot be counted; every fault is listed.
                If they carry integrations, values that cannot be counted are raised
                when their integration is asked for, so that one does not stop the
                others.
            pydantic.ValidationError: `layout` is no layout.

        >>> docs = [{"created_at": "2024-05-01T23:30:00Z", "status": "Success"}]
        >>> index = AppointmentIndex(docs)
        >>> index.statistics(timezone="Europe/Berlin").trends.rows()
        [(datetime.date(2024, 5, 2), 1, 0, 0)]
        """
        checked = Request(layout=layout).layout
        self._contents = Contents(checked).extended(records)

    def statistics(
        self,
        query: StatisticsQuery = _ALL,
        *,
        integration_id: IntegrationId | None = None,
        where: Where = _EVERY,
        hours: bool = False,
        timezone: Timezone = "UTC",
    ) -> AppointmentStatistics:
        """Count the records that a query selects; see `appointment_statistics`.

        Raises:
            InvalidRecordsError, pydantic.ValidationError, UnknownTimezoneError: As
                `appointment_statistics`.

        >>> docs = [{"created_at": None, "status": "error", "utm_source": "ads"}]
        >>> AppointmentIndex(docs).statistics().utm_source.rows()
        [('ads', 1, 0, 0, 1, 0)]
        """
        request = self._request(
            query=query,
            integration_id=integration_id,
            where=where,
            hours=hours,
            timezone=timezone,
        )
        return AppointmentStatistics(self._contents.partial_frame(request))

    def dashboard(
        self,
        query: StatisticsQuery = _ALL,
        *,
        integration_id: IntegrationId | None = None,
        where: Where = _EVERY,
        timezone: Timezone = "UTC",
    ) -> AppointmentsDashboard:
        """Return the endpoint's response; see `appointments_dashboard`.

        >>> docs = [{"created_at": None, "status": "error"}]
        >>> AppointmentIndex(docs).dashboard().overview.total
        1
        """
        request = self._request(
            query=query,
            integration_id=integration_id,
            where=where,
            timezone=timezone,
        )
        stats = AppointmentStatistics(self._contents.partial_frame(request))
        return stats.dashboard(request.query.page, request.query.size)

    def by_integration(
        self,
        query: StatisticsQuery = _ALL,
        *,
        where: Where = _EVERY,
        hours: bool = False,
        timezone: Timezone = "UTC",
    ) -> dict[str, AppointmentStatistics]:
        """Return every integration's statistics; see `statistics_by_integration`.

        >>> key = "5eb7cf5a86d9755df3a6c593"
        >>> docs = [{"created_at": None, "status": "error", "integration_id": key}]
        >>> AppointmentIndex(docs).by_integration()[key].total
        1
        """
        request = self._request(
            query=query,
            by_integration=True,
            where=where,
            hours=hours,
            timezone=timezone,
        )
        parts = by_integration(self._contents.partial_frame(request))
        return {key: AppointmentStatistics(part) for key, part in parts.items()}

    def _request(self, **options: object) -> Request:
        return Request(layout=self._contents.layout, **options)

    def extended(self, records: Records) -> Self:
        """Return an index of these records and more; this one stays as it is.

        Adding k records to n takes time proportional to k times the logarithm of n, on
        average over many additions.

        Args:
            records: Of the same layout. No record is in both; nothing checks that. A
                column that only some of the records have is unset, or absent, for the
                others, as if all of them had been stacked.

        Raises:
            InvalidRecordsError: As for a new index. Row numbers continue those of the
                records that are there.

        >>> docs = [{"created_at": None, "status": "error"}]
        >>> len(AppointmentIndex(docs).extended(docs))
        2
        """
        index = object.__new__(type(self))
        index._contents = self._contents.extended(records)
        return index

    def __len__(self) -> int:
        """Return the number of records that were given."""
        return self._contents.records

    @property
    def nbytes(self) -> int:
        """The number of bytes that the index takes in memory."""
        return self._contents.nbytes()

    def __repr__(self) -> str:
        """Return one line: the records, the integrations and the bytes.

        >>> AppointmentIndex([])
        AppointmentIndex(records=0, integrations=0, nbytes=0)
        """
        return (
            f"AppointmentIndex(records={len(self)}, "
            f"integrations={self._contents.integrations()}, nbytes={self.nbytes})"
        )
