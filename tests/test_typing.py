from typing import Any, get_args

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from stats_core.request import Request
from stats_core.typing import ArrowStream, Engine

TABLE = pa.table({"status": ["failed"]})


@pytest.mark.parametrize(
    "records",
    [TABLE, TABLE.to_reader(), pd.DataFrame(), pl.DataFrame(), pl.Series()],
    ids=["pyarrow Table", "pyarrow reader", "pandas", "Polars", "Series"],
)
def test_whatever_exports_arrow_is_an_arrow_stream(records: Any) -> None:
    assert isinstance(records, ArrowStream)


def test_a_relation_of_duckdb_exports_arrow() -> None:
    assert issubclass(duckdb.DuckDBPyRelation, ArrowStream)


@pytest.mark.parametrize(
    "records",
    [[], {}, iter([]), "text", None, pl.LazyFrame()],
    ids=lambda records: type(records).__name__,
)
def test_documents_and_plans_are_no_arrow_stream(records: Any) -> None:
    assert not isinstance(records, ArrowStream)


def test_each_engine_can_be_requested() -> None:
    engines = get_args(Engine)
    assert set(engines) == {"auto", "in-memory", "streaming", "gpu"}
    assert [Request(engine=engine).engine for engine in engines] == list(engines)
