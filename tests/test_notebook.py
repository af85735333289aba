import nbformat
import pytest
from nbclient import NotebookClient

CODE = """
from stats_core import appointment_statistics
records = [{"created_at": "2024-05-01", "status": "success", "source": "<b>"}]
stats = appointment_statistics(records)
"""


@pytest.fixture(scope="module")
def outputs() -> list[dict[str, str]]:
    """What a notebook shows for the statistics, for a dashboard, and as plain text."""
    cells = [f"{CODE}stats", "stats.dashboard()", "print(stats, [stats.dashboard()])"]
    code = [*map(nbformat.v4.new_code_cell, cells)]
    book = nbformat.v4.new_notebook(cells=code)  # type: ignore[no-untyped-call]
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    found = [cell.outputs[0] for cell in book.cells]
    return [it["data"] if "data" in it else {"text": it["text"]} for it in found]


def test_a_notebook_shows_a_page(outputs: list[dict[str, str]]) -> None:
    for shown in outputs[:2]:
        assert "&lt;b&gt;" in shown["text/html"]
        assert "<svg" in shown["text/html"]


def test_a_terminal_shows_one_line(outputs: list[dict[str, str]]) -> None:
    statistics, dashboard = (shown["text/plain"] for shown in outputs[:2])
    assert statistics == (
        "AppointmentStatistics(total=1, undated=0, days=1, timezone='UTC')"
    )
    assert dashboard == (
        "AppointmentsDashboard(total=1, trends=1, source=1, utm_source=1, "
        "utm_medium=1, utm_campaign=1)"
    )
    assert outputs[2]["text"] == f"{statistics} [{dashboard}]\n"
