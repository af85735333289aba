from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import Phase, given, settings, strategies as st
from polars.testing import assert_frame_equal

from stats_core import AppointmentStatistics, InvalidRecordsError
from stats_core.engine.counting import Limits, count
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from stats_core.results.partials import by_integration
from stats_core.schema import BY_INTEGRATION_SCHEMA, PARTIAL_SCHEMA
from stats_core.typing import Engine
from tests import reference
from tests.strategies import (
    IDS,
    SCOPED_SCHEMA,
    Case,
    Document,
    as_answer,
    cases,
    frame,
    ids,
)

EXAMPLES = 100
# Each way to count, by the row counts at which the others begin.
LIMITS = {
    "as is": Limits(),
    "in memory without pre-aggregation": Limits(10**9, 10**9, 3, 3),
    "in memory with pre-aggregation": Limits(0, 10**9, 3, 3),
    "at once": Limits(0, 0, 10**9, 10**9),
    "in batches": Limits(0, 0, 3, 3),
    "in batches of one record": Limits(0, 0, 1, 1),
}
ENGINES: list[Engine] = ["auto", "in-memory", "streaming"]
WHOSE = ["pooled", "one", "each"]
TEXT = pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")


class Asked:
    """A request for a case, and its answers."""

    def __init__(self, case: Case, whose: str, key: str, engine: Engine) -> None:
        self.case, self.whose, self.key = case, whose, key
        self.request = Request(
            query=case.query,
            integration_id=key if whose == "one" else None,
            by_integration=whose == "each",
            engine=engine,
            **case.options,
        )

    @property
    def expected(self) -> dict[str, reference.Answer]:
        documents = self.case.documents
        if self.whose == "each":
            return self.case.expected_of_each(documents)
        key = self.key if self.whose == "one" else None
        return {"": self.case.expected_of(documents, key)}

    def frame(self, *, text: bool = False) -> pl.DataFrame:
        df = frame(self.case.documents, SCOPED_SCHEMA)
        df = df.with_columns(TEXT) if text else df
        return df.drop("integration_id") if self.whose == "pooled" else df

    def found(self, df: pl.DataFrame) -> dict[str, reference.Answer]:
        parts = by_integration(df) if self.whose == "each" else {"": df}
        return {
            key: as_answer(AppointmentStatistics(part)) for key, part in parts.items()
        }


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    case = draw(cases(scoped=True))
    case = case._replace(documents=case.documents * draw(st.sampled_from([1, 10, 10])))
    key = draw(ids(case.documents))
    return Asked(
        case, draw(st.sampled_from(WHOSE)), key, draw(st.sampled_from(ENGINES))
    )


def counted(
    records: Any, limits: Limits = LIMITS["as is"], **options: Any
) -> pl.DataFrame:
    request = Request(**options)
    return count(canonical_frame(records, request), request, limits)


def faults(records: Any, limits: Limits, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        counted(records, limits, **options)
    return list(caught.value.faults)


@pytest.mark.parametrize("limits", LIMITS)
@given(asked=asked(), text=st.booleans(), lazy=st.booleans())
def test_every_way_to_count_gives_the_answer_of_the_reference(
    limits: str, asked: Asked, *, text: bool, lazy: bool
) -> None:
    df = asked.frame(text=text)
    records = canonical_frame(df.lazy() if lazy else df, asked.request)
    found = count(records, asked.request, LIMITS[limits])
    each = asked.whose == "each"
    schema = BY_INTEGRATION_SCHEMA if each else PARTIAL_SCHEMA
    assert list(found.schema.items()) == list(schema.items())
    assert asked.found(found) == asked.expected


def test_many_drawn_answers_are_added_up_from_several_batches() -> None:
    batches: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate]
    )
    @given(asked=asked())
    def check(asked: Asked) -> None:
        total = sum(answer.total for answer in asked.expected.values())
        batches["two"] += total > LIMITS["in batches"].batch
        batches["four"] += total > 3 * LIMITS["in batches"].batch

    check()
    assert batches["two"] > 0.25 * EXAMPLES
    assert batches["four"] > 0.1 * EXAMPLES


class Spy:
    """The engines that run plans, and the sizes of the batches that are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engines: set[str] = set()
        self.chunks: set[int] = set()
        self.heights: list[int] = []
        collect_all, collect_batches = pl.collect_all, pl.LazyFrame.collect_batches

        def all_collected(plans: Any, **options: Any) -> list[pl.DataFrame]:
            if "optimizations" in options:  # the other plans read groups, not records
                self.engines.add(options["engine"])
            found: list[pl.DataFrame] = collect_all(plans, **options)
            return found

        def batches(lf: pl.LazyFrame, **options: Any) -> Iterator[pl.DataFrame]:
            self.chunks.add(options["chunk_size"])
            for df in collect_batches(lf, **options):
                self.heights.append(df.height)
                yield df

        monkeypatch.setattr(pl, "collect_all", all_collected)
        monkeypatch.setattr(pl.LazyFrame, "collect_batches", batches)


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    return Spy(monkeypatch)


MANY = pl.DataFrame(
    {"created_at": ["2024-05-01", "2024-05-02"] * 10, "status": "failed"}
).with_columns(
    pl.col("created_at").str.to_datetime(time_zone="UTC"),
    appointment_type=pl.Series(["NP", "F/U", "NP", "NP"] * 5),
    patient=pl.lit("Ana"),
    integration_id=pl.Series([IDS[0], IDS[1]] * 10),
)
POOLED = MANY.drop("integration_id")
AS_TEXT = TEXT.alias("created_at")
SMALL = Limits(0, 0, 4, 7)
# Records, a request, and of how many records each batch that is read has at most.
READ_IN_BATCHES: dict[str, tuple[Any, dict[str, Any], int]] = {
    "text": (POOLED.with_columns(AS_TEXT), {}, 4),
    "a scan of text": (POOLED.with_columns(AS_TEXT).lazy(), {}, 4),
    "a scan filtered by type": (
        POOLED.lazy(),
        {"query": {"appointment_type": "NP"}},
        4,
    ),
    "a scan filtered by date": (POOLED.lazy(), {"query": {"start": "2024-05-01"}}, 4),
    "a scan that is searched": (POOLED.lazy(), {"query": {"search": "ana"}}, 4),
    "a scan of one integration": (MANY.lazy(), {"integration_id": IDS[0]}, 4),
    "each integration": (MANY, {"by_integration": True}, 7),
    "a scan of each integration": (MANY.lazy(), {"by_integration": True}, 7),
}
READ_AT_ONCE: dict[str, tuple[Any, dict[str, Any]]] = {
    "a frame": (POOLED, {}),
    "a scan": (POOLED.lazy(), {}),
    "a filtered frame": (
        POOLED,
        {"query": {"appointment_type": "NP", "search": "ana"}},
    ),
    "one integration of a frame": (MANY, {"integration_id": IDS[0]}),
}


@pytest.mark.parametrize("name", READ_IN_BATCHES)
def test_plans_that_would_share_rows_read_them_in_batches(name: str, spy: Spy) -> None:
    records, options, size = READ_IN_BATCHES[name]
    found = counted(records, SMALL, **options)
    assert spy.chunks == {size}
    assert max(spy.heights) <= size
    assert len(spy.heights) > 1
    assert_frame_equal(found, counted(records, **options))


@pytest.mark.parametrize("name", READ_AT_ONCE)
def test_plans_that_read_their_own_columns_run_at_once(name: str, spy: Spy) -> None:
    records, options = READ_AT_ONCE[name]
    found = counted(records, SMALL, **options)
    assert spy.chunks == set()
    assert spy.engines == {"streaming"}
    assert_frame_equal(found, counted(records, **options))


@pytest.mark.parametrize("name", READ_IN_BATCHES)
def test_an_engine_that_reads_no_batches_counts_at_once(name: str, spy: Spy) -> None:
    records, options, _ = READ_IN_BATCHES[name]
    found = counted(records, SMALL, engine="in-memory", **options)
    assert spy.chunks == set()
    assert spy.engines <= {"in-memory"}
    assert_frame_equal(found, counted(records, **options))


def test_each_integration_of_text_is_read_in_batches_of_both_sizes(spy: Spy) -> None:
    records = MANY.with_columns(AS_TEXT)
    found = counted(records, SMALL, by_integration=True)
    assert spy.chunks == {4, 7}
    assert_frame_equal(found, counted(MANY, by_integration=True))


@pytest.mark.parametrize("rows", [19, 20, 21])
def test_records_that_are_known_to_be_few_are_counted_in_memory(
    rows: int, spy: Spy
) -> None:
    records = pl.concat([POOLED, POOLED])[:rows]
    for skip in (0, 20, 10**9):
        counted(records, Limits(skip, 20, 4, 4))
        assert spy.engines == {"in-memory" if rows < 20 else "streaming"}
        spy.engines.clear()


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("limits", ["as is", "at once"])
def test_the_requested_engine_runs_every_plan_that_reads_records(
    limits: str, engine: Engine, spy: Spy
) -> None:
    for records in (POOLED, POOLED.lazy()):
        counted(records, LIMITS[limits], engine=engine)
    assert spy.engines == {engine}


def test_the_gpu_runs_one_plan_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    collect = pl.LazyFrame.collect
    engines: list[str] = []

    def spied(lf: pl.LazyFrame, **options: Any) -> pl.DataFrame:
        if engine := options.pop("engine", None):  # eager methods name none
            engines.append(engine)
        df = collect(lf, engine="in-memory", **options)
        assert isinstance(df, pl.DataFrame)
        return df

    monkeypatch.setattr(pl.LazyFrame, "collect", spied)
    found = counted(POOLED, LIMITS["at once"], engine="gpu")
    assert engines.count("gpu") == 6
    monkeypatch.undo()
    assert_frame_equal(found, counted(POOLED))


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("engine", ENGINES)
def test_rows_in_faults_are_those_of_the_callers_frame(
    limits: str, engine: Engine
) -> None:
    texts = ["2024-05-01"] * 20
    texts[5], texts[13], texts[17] = "soon", "never", "0000-12-31"
    df = MANY.with_columns(created_at=pl.Series(texts))
    pooled = df.drop("integration_id")
    of_both = [
        "`created_at`: 2 values are not ISO 8601 date-times: 'soon' (row 5), 'never' (row 13)",
        (
            "`created_at`: 1 values are not on a day of the years 1 to 9999 in UTC: "
            "0000-12-31T00:00:00Z (row 17)"
        ),
    ]
    # A record that no filter keeps is examined nevertheless.
    queries: list[dict[str, Any]] = [{}, {"start": "2024-06-01", "search": "none"}]
    for query in queries:
        options: dict[str, Any] = {"engine": engine, "query": query}
        for records in (pooled, pooled.lazy()):
            assert faults(records, LIMITS[limits], **options) == sorted(of_both)
        found = faults(df, LIMITS[limits], by_integration=True, **options)
        # All three are in odd rows.
        assert found == sorted(f"integration {IDS[1]}: {fault}" for fault in of_both)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("engine", ENGINES)
def test_instants_of_other_integrations_are_not_examined(
    limits: str, engine: Engine
) -> None:
    at = MANY["created_at"].to_list()
    texts = [f"{moment:%Y-%m-%d}" for moment in at]
    texts[5], texts[14] = "soon", "0000-12-31"
    df = MANY.with_columns(created_at=pl.Series(texts))
    key, other = IDS[0], IDS[1]  # those of the even rows, and of the odd ones
    for records in (df, df.lazy()):
        options: dict[str, Any] = {"engine": engine, "integration_id": key}
        [fault] = faults(records, LIMITS[limits], **options)
        assert fault == (
            "`created_at`: 1 values are not on a day of the years 1 to 9999 in UTC: "
            "0000-12-31T00:00:00Z (row 14)"
        )
        options["integration_id"] = other
        [fault] = faults(records, LIMITS[limits], **options)
        assert fault == (
            "`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 5)"
        )
    texts[5] = "2024-05-02"
    mended = MANY.with_columns(created_at=pl.Series(texts))
    for records in (mended, mended.lazy()):
        found = counted(records, LIMITS[limits], integration_id=other)
        assert_frame_equal(found, counted(MANY, integration_id=other))


@pytest.mark.parametrize("limits", LIMITS)
def test_instants_of_other_integrations_beyond_the_calendar_are_not_examined(
    limits: str,
) -> None:
    far = pl.Series([0, 10**15] * 10, dtype=pl.Datetime("ms"))
    df = MANY.with_columns(created_at=far)
    for records in (df, df.lazy()):
        assert counted(records, LIMITS[limits], integration_id=IDS[0]).height > 0
        [fault] = faults(records, LIMITS[limits], integration_id=IDS[1])
        assert "10 values are not on a day" in fault
        assert fault.endswith(": row 1, row 3, row 5, row 7, row 9")


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("kind", ["bad cast", "gone"])
def test_records_that_cannot_be_read_are_a_fault(
    limits: str, kind: str, tmp_path: Any
) -> None:
    path = tmp_path / "records.parquet"
    MANY.write_parquet(path)
    if kind == "bad cast":
        lf = MANY.lazy().with_columns(
            status=pl.col("status").cast(pl.Int8, strict=True).cast(pl.String)
        )
    else:
        lf = pl.scan_parquet(path)
        lf.collect_schema()
        path.unlink()
    requests: list[dict[str, Any]] = [
        {"integration_id": IDS[0]},
        {"by_integration": True},
    ]
    for options in requests:
        [fault] = faults(lf, LIMITS[limits], **options)
        assert fault.startswith("records: cannot be read: ")


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("whose", WHOSE)
def test_no_records_are_counted_as_nothing(limits: str, whose: str) -> None:
    case = Case([], {"search": "ana", "start": "2024-05-01"}, "Asia/Tokyo")
    asked = Asked(case, whose, IDS[0], "auto")
    empty: list[Document] = []
    forms: list[Any] = [
        empty,
        asked.frame(),
        asked.frame(text=True),
        asked.frame().lazy(),
    ]
    for records in forms:
        canonical = canonical_frame(records, asked.request)
        found = count(canonical, asked.request, LIMITS[limits])
        assert asked.found(found) == asked.expected


def test_every_engine_but_the_gpu_is_tested() -> None:
    assert {*ENGINES, "gpu"} == set(get_args(Engine))
