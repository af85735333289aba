"""Pictures of an answer; needs the extra `charts`."""

try:
    from stats_core.charts.dashboard import DashboardChart, dashboard_chart
except ModuleNotFoundError as error:
    if error.name not in {"altair", "vl_convert"}:
        raise
    msg = "pictures need an extra: pip install 'stats-core[charts]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

__all__ = ["DashboardChart", "dashboard_chart"]
