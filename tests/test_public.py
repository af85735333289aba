import ast
import importlib
import inspect
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
PACKAGE = Path(stats_core.__file__).parent
# Each module imports only from modules above it; a package comes after its modules.
ORDER = [
    *("stats_core.errors", "stats_core.text", "stats_core.days", "stats_core.layout"),
    *("stats_core.query", "stats_core.documents", "stats_core.fields"),
    *("stats_core.records", "stats_core.survey", "stats_core.filters"),
    *("stats_core.tallies", "stats_core.laws", "stats_core.partials"),
    *("stats_core.trends", "stats_core.dashboard", "stats_core.statistics"),
    *("stats_core.coded", "stats_core.count", "stats_core.engine", "stats_core"),
    *("stats_core.integrations", "stats_core.files", "stats_core.parts"),
    *("stats_core.jobs", "stats_core.cluster", "stats_core.sample"),
    *("stats_core.tables", "stats_core.options", "stats_core.answers"),
    *("stats_core.cli", "stats_core.__main__"),
]


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {dotted(path): path for path in PACKAGE.rglob("*.py")}


def test_the_public_names_are_those_of_the_contract() -> None:
    assert stats_core.__all__ == NAMES
    assert sorted(stats_core.__all__) == stats_core.__all__


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_imports_and_is_documented(name: str) -> None:
    found = getattr(stats_core, name)
    assert found.__name__ == name
    assert found.__module__.startswith("stats_core.")
    # From the source: a dataclass has a docstring even where nobody wrote one.
    [written] = ast.parse(inspect.getsource(found)).body
    assert isinstance(written, ast.ClassDef | ast.FunctionDef)
    assert (ast.get_docstring(written) or "").splitlines()[0].endswith((".", ":"))


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


@pytest.mark.parametrize("name", [n for n in ORDER if not n.endswith("__main__")])
def test_every_module_says_what_it_is_for(name: str) -> None:
    module = importlib.import_module(name)
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
    assert (PACKAGE / "py.typed").is_file()


def imports(source: str) -> set[str]:
    # The modules of this package that a source imports, anywhere in it.
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module), level=0):
                names |= {f"{module}.{alias.name}" for alias in node.names}
            case ast.ImportFrom():
                pytest.fail(f"a relative import: {ast.unparse(node)}")
    own = {name for name in names if f"{name}.".startswith("stats_core.")}
    return {name if name in MODULES else name.rpartition(".")[0] for name in own}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import stats_core.text", {"stats_core.text"}),
        ("import stats_core.text as words, re", {"stats_core.text"}),
        ("from stats_core import days, text", {"stats_core.days", "stats_core.text"}),
        ("from stats_core.text import trimmed as t", {"stats_core.text"}),
        ("from stats_core import StatisticsQuery", {"stats_core"}),
        ("import stats_core", {"stats_core"}),
        ("def late():\n    from stats_core import text", {"stats_core.text"}),
        ("import stats_core_of_others, typing\nfrom typing import Any", set()),
    ],
)
def test_every_way_to_import_a_module_is_seen(source: str, found: set[str]) -> None:
    assert imports(source) == found


def test_every_module_has_a_place_in_the_order() -> None:
    assert sorted(ORDER) == sorted(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_only_from_those_above_it(name: str) -> None:
    above = ORDER[: ORDER.index(name)]
    assert imports(MODULES[name].read_text("utf-8")) <= set(above)
