"""Appointment statistics, computed exactly, wherever the records are."""

import importlib.metadata

from stats_core.api import (
    appointment_statistics,
    appointments_dashboard,
    statistics_by_integration,
)
from stats_core.errors import InvalidRecordsError
from stats_core.index.appointment_index import AppointmentIndex
from stats_core.layout import RecordLayout
from stats_core.query import AppointmentType, StatisticsQuery
from stats_core.results.response import AppointmentsDashboard
from stats_core.results.statistics import AppointmentStatistics, merge_statistics

__all__ = [
    "AppointmentIndex",
    "AppointmentStatistics",
    "AppointmentType",
    "AppointmentsDashboard",
    "InvalidRecordsError",
    "RecordLayout",
    "StatisticsQuery",
    "appointment_statistics",
    "appointments_dashboard",
    "merge_statistics",
    "statistics_by_integration",
]

__version__ = importlib.metadata.version("stats-core")
