"""What a user would pick instead, a file each, all with the same interface.

A rival's module has a function `ways`: it is given the records and returns, by name,
the ways in which the tool can answer questions about them, each as its skilled user
would write it. The best of them counts. Getting the records into the tool's own best
form in memory is not timed; answering is, to the last label, order and outcome. A way
raises `CannotError` where the tool has no means to say what is asked. `MOST_ROWS`,
where a module has one, is the number of records beyond which nobody would wait for it,
or which would not fit in the memory of an ordinary machine.
"""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from benchmarks.answer import Answer, CannotError
from benchmarks.data import Held
from benchmarks.question import Question

Way = Callable[[Question], Answer]

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
# What these count is compared, how long they take is not: they stand in for a server.
REFERENCES = {"mongomock"}


def ways(rival: str, records: Held, rows: int) -> dict[str, Way]:
    """All the ways in which a rival can answer, its records held ready.

    Raises:
        CannotError: It is not installed, or there are too many records for it.
    """
    module_name, function = RIVALS[rival]
    try:
        module = import_module(f"benchmarks.rivals.{module_name}")
    except ModuleNotFoundError as error:
        msg = f"not installed: {error.name}"
        raise CannotError(msg) from error
    most = getattr(module, "MOST_ROWS", rows)
    if rows > most:
        msg = f"not run above {most:,} rows"
        raise CannotError(msg)
    return cast("dict[str, Way]", getattr(module, function)(records))
