import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import stats_core

NAMES = [
    *("AppointmentStatistics", "AppointmentType", "AppointmentsDashboard"),
    *("InvalidRecordsError", "RecordLayout", "StatisticsQuery"),
    *("appointment_statistics", "appointments_dashboard", "merge_statistics"),
    "statistics_by_integration",
]
FOREIGN = "typer", "rich", "altair", "ray", "pandas", "pyarrow", "duckdb", "numpy"
MODULES = [module.name for module in pkgutil.iter_modules(stats_core.__path__)]


def test_the_public_names_are_those_of_the_contract() -> None:
    assert stats_core.__all__ == NAMES
    assert sorted(stats_core.__all__) == stats_core.__all__


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_imports_and_is_documented(name: str) -> None:
    found = getattr(stats_core, name)
    assert found.__name__ == name
    assert found.__doc__
    assert found.__module__.startswith("stats_core.")


def test_nothing_else_is_public() -> None:
    public = {
        name
        for name, value in vars(stats_core).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == set(NAMES)


def test_a_star_import_brings_just_the_public_names() -> None:
    namespace: dict[str, object] = {}
    exec("from stats_core import *", namespace)  # noqa: S102
    assert set(namespace) - {"__builtins__"} == set(NAMES)


@pytest.mark.parametrize("name", [n for n in MODULES if n != "__main__"])
def test_every_module_says_what_it_is_for(name: str) -> None:
    module = importlib.import_module(f"stats_core.{name}")
    assert module.__doc__
    assert module.__doc__.splitlines()[0].endswith((".", ":"))


def loaded_by(code: str) -> set[str]:
    script = (
        f"{code}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter, a literal script
        [sys.executable, "-W", "error", "-c", script],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stdout.split())


def test_importing_and_counting_bring_no_other_package() -> None:
    count = (
        "import stats_core\n"
        "docs = [{'created_at': '2024-05-01', 'status': 'success', 'name': 'Ana'}]\n"
        "query = stats_core.StatisticsQuery(search='ana', start='2024-05-01')\n"
        "found = stats_core.appointments_dashboard(docs, query, timezone='Asia/Tokyo')\n"
        "assert found.overview.total == 1, found"
    )
    for code in ("import stats_core", count):
        loaded = loaded_by(code)
        assert {"stats_core", "polars", "pydantic"} <= loaded
        assert loaded.isdisjoint(FOREIGN)


def test_the_package_is_typed() -> None:
    assert (Path(stats_core.__file__).parent / "py.typed").is_file()


def test_a_module_imports_only_what_stands_above_it() -> None:
    order = [
        *("errors", "text", "days", "query", "layout", "documents", "fields"),
        *("records", "filters", "tallies", "laws", "partials", "dashboard"),
        *("statistics", "engine"),
    ]
    package = Path(stats_core.__file__).parent
    for place, name in enumerate(order):
        source = (package / f"{name}.py").read_text("utf-8")
        for later in order[place:]:
            assert f"from stats_core.{later} import" not in source
            assert f"import {later}\n" not in source
