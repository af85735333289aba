import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import stats_core

NAMES = [
    *("AppointmentIndex", "AppointmentStatistics"),
    *("AppointmentType", "AppointmentsDashboard"),
    *("InvalidRecordsError", "RecordLayout", "StatisticsQuery"),
    *("appointment_statistics", "appointments_dashboard", "merge_statistics"),
    "statistics_by_integration",
]
FOREIGN = "typer", "rich", "altair", "ray", "pandas", "pyarrow", "duckdb", "numpy"
PACKAGE = Path(stats_core.__file__).parent
# Each module imports only from modules above it. The packages are the stages of the
# data's way; the root package, which has the public names, follows what it imports.
ORDER = [
    "stats_core.errors",
    "stats_core.typing",
    "stats_core.mappings",
    "stats_core.parameters",
    "stats_core.text",
    "stats_core.readable",
    "stats_core.iso8601",
    "stats_core.tzif",
    "stats_core.zones",
    "stats_core.days",
    "stats_core.schema",
    "stats_core.bounds",
    "stats_core.windows",
    "stats_core.query",
    "stats_core.layout",
    "stats_core.request",
    "stats_core.records",
    "stats_core.records.fields",
    "stats_core.records.values",
    "stats_core.records.instants",
    "stats_core.records.columns",
    "stats_core.records.created_at",
    "stats_core.records.document_series",
    "stats_core.records.documents",
    "stats_core.records.arrow",
    "stats_core.records.canonical",
    "stats_core.records.invalid",
    "stats_core.engine",
    "stats_core.engine.labels",
    "stats_core.engine.filters",
    "stats_core.engine.sums",
    "stats_core.engine.aggregation",
    "stats_core.engine.dictionary",
    "stats_core.engine.integration_keys",
    "stats_core.engine.by_integration",
    "stats_core.engine.execution",
    "stats_core.engine.counting",
    "stats_core.results",
    "stats_core.results.invariants",
    "stats_core.results.partials",
    "stats_core.results.html",
    "stats_core.results.response",
    "stats_core.results.trends",
    "stats_core.results.hours",
    "stats_core.results.weekdays",
    "stats_core.results.rates",
    "stats_core.results.ranking",
    "stats_core.results.dashboard",
    "stats_core.results.views",
    "stats_core.results.comparison",
    "stats_core.results.json_lines",
    "stats_core.results.statistics",
    "stats_core.results.report",
    "stats_core.api",
    "stats_core.index",
    "stats_core.index.spans",
    "stats_core.index.dimension",
    "stats_core.index.searched",
    "stats_core.index.labels",
    "stats_core.index.beginnings",
    "stats_core.index.segment",
    "stats_core.index.clock",
    "stats_core.index.answer",
    "stats_core.index.decoding",
    "stats_core.index.each",
    "stats_core.index.numbers",
    "stats_core.index.arrangement",
    "stats_core.index.intake",
    "stats_core.index.contents",
    "stats_core.index.appointment_index",
    "stats_core",
    "stats_core.charts.theme",
    "stats_core.charts.rows",
    "stats_core.charts.panels",
    "stats_core.charts.page",
    "stats_core.charts.dashboard",
    "stats_core.charts",
    "stats_core.batch",
    "stats_core.batch.formats",
    "stats_core.batch.paths",
    "stats_core.batch.text_lines",
    "stats_core.batch.csv_rows",
    "stats_core.batch.csv_header",
    "stats_core.batch.csv_screen",
    "stats_core.batch.csv_files",
    "stats_core.batch.json_files",
    "stats_core.batch.scans",
    "stats_core.batch.file_batches",
    "stats_core.batch.files",
    "stats_core.batch.tasks",
    "stats_core.batch.writing",
    "stats_core.batch.parts",
    "stats_core.batch.cluster",
    "stats_core.sample",
    "stats_core.cli",
    "stats_core.cli.pairs",
    "stats_core.cli.options",
    "stats_core.cli.comparing",
    "stats_core.cli.standard_input",
    "stats_core.cli.tidy",
    "stats_core.cli.renderables",
    "stats_core.cli.tables",
    "stats_core.cli.output",
    "stats_core.cli.pictures",
    "stats_core.cli.app",
    "stats_core.__main__",
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
        ("from stats_core.engine import execution", {"stats_core.engine.execution"}),
        ("from stats_core.batch.files import FORMATS", {"stats_core.batch.files"}),
        ("from stats_core.results import nothing", {"stats_core.results"}),
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


@pytest.mark.parametrize("package", ["records", "engine", "results", "batch", "cli"])
def test_a_package_imports_nothing_and_its_modules_are_beside_each_other(
    package: str,
) -> None:
    name = f"stats_core.{package}"
    assert imports(MODULES[name].read_text("utf-8")) == set()
    places = [ORDER.index(one) for one in ORDER if f"{one}.".startswith(f"{name}.")]
    assert places == list(range(places[0], places[-1] + 1))
    assert ORDER[places[0]] == name


# Who embeds the library reads no files but those of the time zones, and needs no
# terminal and no cluster.
def test_nothing_above_the_batch_package_reads_files() -> None:
    above = {*ORDER[: ORDER.index("stats_core.batch")]} - {"stats_core.tzif"}
    for name in above:
        source = MODULES[name].read_text("utf-8")
        assert not re.search(r"pl\.(scan|read)_|\bopen\(|\bPath\(", source), name


def test_no_module_outside_its_package_brings_an_extra() -> None:
    for name, path in MODULES.items():
        found = set(
            re.findall(
                r"^ *(?:from|import) (\w+)", path.read_text("utf-8"), re.MULTILINE
            )
        )
        if not name.startswith("stats_core.cli."):
            assert found.isdisjoint({"typer", "rich"}), name
        if not name.startswith("stats_core.charts"):
            assert found.isdisjoint({"altair", "vl_convert"}), name
        if name != "stats_core.batch.cluster":
            assert "ray" not in found, name
