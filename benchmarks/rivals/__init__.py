"""What a user would pick instead: one file a tool, all with the same interface.

The module of a rival has a function `ways`. It loads the records in the tool's own best
form, which is not timed, and returns the ways to answer questions about them by name,
each as a skilled user of the tool writes it; the fastest counts. A way raises
`CannotError` where the tool has no means to answer. `MAX_ROWS`, where a module has it,
is the number of records above which it takes too much time or memory.
"""

from importlib import import_module

from benchmarks.contract import CannotError, Way
from benchmarks.data import Dataset

RIVALS = {
    "DuckDB": ("duckdb", "ways"),
    "DuckDB, compressed": ("duckdb", "compressed_ways"),
    "chDB": ("chdb", "ways"),
    "Polars by hand": ("polars", "ways"),
    "pandas": ("pandas", "ways"),
    "PyArrow": ("pyarrow", "ways"),
    "Python loop": ("loop", "ways"),
    "mongomock": ("mongo", "ways"),
}
# It replaces a server: its answers are compared, its times say nothing.
REFERENCES = {"mongomock"}
_BY_INTEGRATION = {"DuckDB", "DuckDB, compressed", "chDB"}

_loaded: dict[tuple[str, Dataset], dict[str, Way]] = {}


def ways(rival: str, records: Dataset, rows: int) -> dict[str, Way]:
    """Return all ways of a rival to answer; the last loaded records are kept.

    Raises:
        CannotError: There are too many records for it, or each integration counts.
        ModuleNotFoundError: It is not installed.
    """
    if records.by_integration and rival not in _BY_INTEGRATION:
        msg = "not written for each integration"
        raise CannotError(msg)
    module_name, function = RIVALS[rival]
    module = import_module(f"benchmarks.rivals.{module_name}")
    if rows > (most := getattr(module, "MAX_ROWS", rows)):
        msg = f"not run above {most:,} rows"
        raise CannotError(msg)
    if (rival, records) not in _loaded:
        _loaded.clear()  # two might not fit in memory
        _loaded[rival, records] = getattr(module, function)(records)
    return _loaded[rival, records]
