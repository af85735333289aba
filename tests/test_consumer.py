import re
import shutil
import subprocess
import sys

import pytest

from tests.readme import QUESTIONS, ROWS, SECTIONS

LINES = """\
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

from stats_core import (
    AppointmentIndex,
    AppointmentType,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.results.report import StatisticsReport
from stats_core.typing import Engine, Records, Where

query = StatisticsQuery(start="2024-05-02")
StatisticsQuery(start=date(2024, 5, 2), end=datetime(2024, 5, 3, tzinfo=UTC))
StatisticsQuery(appointment_type="F/U", search="ana", size=20, page=2)
StatisticsQuery(appointmentType="F/U")
StatisticsQuery(appointmentType=AppointmentType.F_U)
layout = RecordLayout(successful={"attended"}, failed=["no-show"], search=("name",))
RecordLayout(naive_timezone=ZoneInfo("Asia/Tokyo"), epoch="ms")
RecordLayout(breakdowns={"clinic": "place.clinic"}, search=["name"], source="from")
documents = [{"created_at": "2024-05-02", "status": None, "config": {"utm": 1}}]
stats = appointment_statistics(documents, query, where={"outcome": "failed"})
where = {"utm_source": ["google", "direct"], "outcome": "failed"}
appointment_statistics(pl.LazyFrame(), where=where, timezone=ZoneInfo("Asia/Tokyo"))
dashboard = appointments_dashboard(pl.DataFrame(), layout=layout, engine="streaming")
index = AppointmentIndex(documents)


def total(records: Records, where: Where, engine: Engine) -> int:
    return appointment_statistics(records, where=where, engine=engine).total


reveal_type(query.start)
reveal_type(query.appointment_type)
reveal_type(query.previous("Asia/Tokyo"))
reveal_type(layout.successful)
reveal_type(layout.breakdowns["clinic"])
reveal_type(stats + stats)
reveal_type(stats.total)
reveal_type(stats.utm_source)
reveal_type(stats.breakdowns()["source"])
reveal_type(merge_statistics([stats, stats]))
reveal_type(statistics_by_integration(documents))
reveal_type(index.statistics(query) + stats)
reveal_type(index.extended(documents))
reveal_type(stats.compared_with(stats).total.relative_change)
reveal_type(dashboard.overview.total)
reveal_type(dashboard.trends[0].id)
reveal_type(StatisticsReport.of(stats, query).request.timezone)
"""
REVEALED = [
    "date | datetime | None",
    "AppointmentType | None",
    "StatisticsQuery",
    "frozenset[str]",
    "str",
    "AppointmentStatistics",
    "int",
    "DataFrame",
    "DataFrame",
    "AppointmentStatistics",
    "dict[str, AppointmentStatistics]",
    "AppointmentStatistics",
    "AppointmentIndex",
    "float | None",
    "int",
    "datetime",
    "str",
]
WRONG = """\
from stats_core import RecordLayout, StatisticsQuery, appointment_statistics

StatisticsQuery(start=1714521600)
StatisticsQuery(startDate="2024-05-02")
RecordLayout(successful="attended")
RecordLayout(epoch="h")
appointment_statistics(None)
appointment_statistics([], engine="fast")
appointment_statistics([], where={"outcome": 1})
"""
MYPY = "[mypy]\nstrict = true\n"
# Without types of their own.
UNTYPED = "".join(
    f"\n[mypy-{name}.*]\nignore_missing_imports = true\nfollow_imports = skip\n"
    for name in ("dask", "pandas", "pymongo", "pyspark")
)
CHECKERS = ("mypy", "mypy with the plugin", "pyright")


def sections() -> list[str]:
    """Each section of the README as one script; the calls of its table too."""
    found = {
        title: "\n\n".join(block.code for block in blocks)
        for title, blocks in SECTIONS.items()
    }
    found[QUESTIONS] = "\n".join(
        [SECTIONS[QUESTIONS][0].code, *(row.call for row in ROWS), found[QUESTIONS]]
    )
    return [*found.values()]


@pytest.fixture(scope="module", params=CHECKERS)
def checked(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """What a type checker says of each file of a project that uses the library."""
    folder = tmp_path_factory.mktemp("consumer")
    plugin = "plugins = pydantic.mypy\n" if "plugin" in request.param else ""
    (folder / "mypy.ini").write_text(MYPY + plugin + UNTYPED, "utf-8")
    files = {"right.py": LINES, "wrong.py": WRONG} | {
        f"section_{number}.py": code for number, code in enumerate(sections())
    }
    for name, code in files.items():
        (folder / name).write_text(code, "utf-8")
    if request.param == "pyright":
        command = ["pyright", "--pythonpath", sys.executable, *files]
    else:
        command = ["mypy", "--cache-dir", ".cache", "--no-pretty", *files]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", *command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done  # there are wrong lines
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return {
        name: "\n".join(line for line in done.stdout.splitlines() if name + ":" in line)
        for name in files
    } | {"all": done.stdout + done.stderr}


def plain(found: str) -> str:
    return re.sub(r"[a-z_0-9]+\.", "", found)


def test_lines_of_a_consumer_have_no_fault(checked: dict[str, str]) -> None:
    assert "error" not in checked["right.py"], checked["all"]


def test_each_line_of_a_consumer_has_the_type_it_says(
    checked: dict[str, str],
) -> None:
    mypy = re.findall(r'Revealed type is "(.*)"', checked["right.py"])
    pyright = re.findall(r'Type of ".*" is "(.*)"', checked["right.py"])
    expected = (
        REVEALED
        if pyright
        else [it.replace("date | datetime", "date") for it in REVEALED]
    )
    assert [plain(it) for it in mypy or pyright] == expected


def test_every_wrong_line_is_found(checked: dict[str, str]) -> None:
    found = {int(it) for it in re.findall(r"wrong\.py:(\d+)", checked["wrong.py"])}
    assert found == set(range(3, len(WRONG.splitlines()) + 1)), checked["all"]


def test_every_line_of_the_readme_has_its_types(checked: dict[str, str]) -> None:
    faults = [
        line
        for name, lines in checked.items()
        if name.startswith("section")
        for line in lines.splitlines()
        if "error" in line and '"pyspark' not in line  # not always installed
    ]
    assert not faults
