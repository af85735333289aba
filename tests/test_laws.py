import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
    merge_statistics,
)
from stats_core.filters import record_filters
from stats_core.records import canonical
from stats_core.sample import integration_ids, sample_records
from tests import reference
from tests.strategies import (
    DIMENSIONS,
    EDGE_DAYS,
    IDS,
    SCOPED_SCHEMA,
    SEARCHED,
    ZONES,
    Case,
    Document,
    a_part_of_the_examples,
    as_answer,
    asks,
    cases,
    counted,
    documents,
    frame,
    splits,
    zones,
)

# One frame in every form that a caller may hold it in.
FORMS: dict[str, Callable[[pl.DataFrame], Any]] = {
    "DataFrame": lambda df: df,
    "LazyFrame": lambda df: df.lazy(),
    "pyarrow Table": lambda df: df.to_arrow(),
    "pyarrow RecordBatchReader": lambda df: df.to_arrow().to_reader(max_chunksize=3),
    "pandas": lambda df: df.to_pandas(),
    "pandas of Arrow types": lambda df: df.to_pandas(use_pyarrow_extension_array=True),
    "list of dicts": lambda df: df.to_dicts(),
    "generator of dicts": lambda df: df.iter_rows(named=True),
}
# In a process of its own: having read a relation, DuckDB complains at the exit.
RELATION = """
import duckdb
from stats_core import appointment_statistics

relation = duckdb.sql("SELECT DATE '2024-05-01' AS created_at, 'failed' AS status")
print(appointment_statistics(relation).trends.rows())
"""
TEXT_COLUMNS = ("status", "appointment_type", *DIMENSIONS, *reference.SEARCHED)


@given(case=cases(), data=st.data())
def test_statistics_ignore_the_order_of_records(
    case: Case, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(case.documents))
    assert case.answer(frame(shuffled)) == case.expected


def test_a_relation_of_duckdb_is_records() -> None:
    command = [sys.executable, "-c", RELATION]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert done.stdout == "[(datetime.date(2024, 5, 1), 0, 1, 0)]\n"


@given(case=cases(), data=st.data())
def test_statistics_ignore_how_a_frame_is_chunked(
    case: Case, data: st.DataObject
) -> None:
    chunks = [frame(part) for part in data.draw(splits(case.documents))]
    df = pl.concat(chunks, rechunk=False)
    assert case.answer(df) == case.answer(df.rechunk()) == case.expected


@pytest.mark.parametrize("engine", ["auto", "in-memory", "streaming"])
@a_part_of_the_examples(2)
@given(case=cases())
def test_every_engine_gives_the_same_answer(engine: str, case: Case) -> None:
    assert case.answer(engine=engine) == case.expected
    assert case.answer(frame(case.documents).lazy(), engine=engine) == case.expected


@pytest.mark.parametrize("form", FORMS)
@a_part_of_the_examples(4)
@given(case=cases())
def test_every_form_of_records_gives_the_same_answer(form: str, case: Case) -> None:
    records = FORMS[form](frame(case.documents))
    assert case.answer(records) == case.expected


@given(case=cases(), data=st.data())
def test_every_type_of_column_gives_the_same_answer(
    case: Case, data: st.DataObject
) -> None:
    for record in case.documents:  # to what all of the units can hold
        if at := record["created_at"]:
            record["created_at"] = at.replace(microsecond=at.microsecond // 1000 * 1000)
    df = frame(case.documents).with_columns(data.draw(instants_of_any_type()))
    for name in TEXT_COLUMNS:
        categories = pl.Enum(df[name].unique().drop_nulls())
        kinds = [pl.String(), pl.Categorical(), categories]
        df = df.with_columns(pl.col(name).cast(data.draw(st.sampled_from(kinds))))
    assert case.answer(df) == case.expected


def instants_of_any_type() -> st.SearchStrategy[pl.Expr]:
    at = pl.col("created_at")
    there = [at.dt.convert_time_zone(zone) for zone in ("Asia/Tokyo", *ZONES[:3])]
    forms = [at, at.dt.replace_time_zone(None), *there]
    units: list[Any] = ["ms", "us", "ns"]
    texts = ["%Y-%m-%dT%H:%M:%S%.fZ", "%Y-%m-%d %H:%M:%S%.3f", "%FT%T%.6f+00:00"]
    return st.one_of(
        st.builds(lambda form, unit: form.dt.cast_time_unit(unit),
                  st.sampled_from(forms), st.sampled_from(units)),
        st.sampled_from([at.dt.strftime(text) for text in texts]),
    )  # fmt: skip


@given(case=cases(), data=st.data())
def test_parts_merge_to_the_whole(case: Case, data: st.DataObject) -> None:
    parts = [
        appointment_statistics(
            frame(part), case.query, timezone=case.zone, layout=SEARCHED
        )
        for part in data.draw(splits(case.documents))
    ]
    merged = merge_statistics(parts)
    assert as_answer(merged) == case.expected
    merged.check()


@a_part_of_the_examples(2)
@given(zone=zones(), data=st.data())
def test_merging_is_associative_and_commutative_with_an_empty_unit(
    zone: str, data: st.DataObject
) -> None:
    a, b, c = (counted(data.draw(documents(zone)), zone) for _ in "abc")
    nothing = AppointmentStatistics.empty(zone)
    assert (a + b) + c == a + (b + c) == merge_statistics([a, b, c])
    assert a + b == b + a
    assert a + nothing == nothing + a == merge_statistics([a]) == a


@given(case=cases())
def test_each_filter_only_narrows(case: Case) -> None:
    narrow = counts(case.answer())
    for name in case.ask:
        ask = {key: value for key, value in case.ask.items() if key != name}
        wide = counts(Case(case.documents, ask, case.zone).answer())
        assert narrow <= wide


def counts(answer: reference.Answer) -> Counter[object]:
    """Every figure of an answer by its place, as a multiset."""
    found: Counter[object] = Counter()
    found.update({"total": answer.total, "undated": answer.undated})
    for day, *figures in answer.trends:
        found.update({(day, place): n for place, n in enumerate(figures)})
    for name, listed in answer.breakdowns.items():
        for value, *figures in listed:
            found.update({(name, value, place): n for place, n in enumerate(figures)})
    return found


@given(data=st.data(), integration_id=st.sampled_from(IDS))
def test_filters_may_be_applied_in_any_order(
    data: st.DataObject, integration_id: str
) -> None:
    zone = data.draw(zones())
    ask = data.draw(asks(zone))
    records = data.draw(documents(zone, scoped=True))
    query = StatisticsQuery(**ask)
    lf = canonical(frame(records, SCOPED_SCHEMA), RecordLayout(), query, scoped=True)
    filters = record_filters(
        query, query.period(zone), lf.collect_schema(), integration_id
    )
    lf = lf.with_row_index()
    for condition in data.draw(st.permutations(filters)):
        lf = lf.filter(condition)
    assert lf.collect()["index"].to_list() == [
        place
        for place, record in enumerate(records)
        if record["integration_id"] == integration_id
        and reference.is_asked_for(record, ask, zone, reference.SEARCHED)
    ]


@a_part_of_the_examples(2)
@given(zone=zones(), data=st.data())
def test_each_row_equals_counting_its_value(zone: str, data: st.DataObject) -> None:
    records = data.draw(documents(zone))
    name = data.draw(st.sampled_from(DIMENSIONS))
    default = reference.DEFAULTS[name]
    labels = [reference.trim(record[name] or "") or default for record in records]
    breakdown = counted(records, zone).breakdowns()[name]
    assert set(breakdown["value"]) == set(labels)
    for label, *figures in breakdown.rows():
        own = [
            record
            for record, value in zip(records, labels, strict=True)
            if value == label
        ]
        alone = counted(own, zone)
        assert alone.breakdowns()[name].rows() == [(label, *figures)]
        assert figures[0] == alone.total == len(own)


@pytest.mark.parametrize("zone", ZONES)
@a_part_of_the_examples(10)
@given(data=st.data())
def test_consecutive_windows_of_dates_tile(zone: str, data: st.DataObject) -> None:
    edge = data.draw(st.sampled_from([day for name, day in EDGE_DAYS if name == zone]))
    records = data.draw(documents(zone))
    steps = data.draw(st.sets(st.integers(-4, 4), min_size=2, max_size=5))
    cuts = [edge + timedelta(days=step) for step in sorted(steps)]
    windows = [(start, end - timedelta(days=1)) for start, end in pairwise(cuts)]
    tiles = [
        appointment_statistics(
            frame(records), StatisticsQuery(start=start, end=end), timezone=zone
        )
        for start, end in windows
    ]
    whole = {"start": windows[0][0], "end": windows[-1][1]}
    expected = reference.answer(records, whole, timezone=zone)
    assert as_answer(merge_statistics(tiles)) == expected


@given(case=cases(), size=st.integers(1, 5))
def test_concatenated_pages_give_the_whole_list_once(case: Case, size: int) -> None:
    expected = reference.response(case.expected, case.zone, 1, 100)
    longest = max(len(expected[name]) for name in DIMENSIONS)
    found: dict[str, list[object]] = {name: [] for name in DIMENSIONS}
    for page in range(1, longest // size + 3):
        query = StatisticsQuery(**case.ask, page=page, size=size)
        dashboard = appointments_dashboard(
            frame(case.documents), query, timezone=case.zone
        )
        shown = dashboard.model_dump(mode="json", by_alias=True)
        assert shown["overview"] == expected["overview"]
        assert shown["trends"] == expected["trends"]
        for name in DIMENSIONS:
            assert len(shown[name]) <= size
            found[name] += shown[name]
    assert found == {name: expected[name] for name in DIMENSIONS}


def test_ties_are_on_one_page_each() -> None:
    values = [*"cabDB\u00e9", "\U0001f600", "\uffff", None]
    records: list[Document] = [
        {"created_at": None, "status": None, "source": value} for value in values * 2
    ]
    pages = [
        appointments_dashboard(records, StatisticsQuery(page=page, size=1)).source
        for page in range(1, 11)
    ]
    assert [[(item.id, item.count) for item in page] for page in pages] == [
        *([("B", 2)], [("D", 2)], [("a", 2)], [("b", 2)], [("c", 2)]),
        *([("not set", 2)], [("\u00e9", 2)], [("\uffff", 2)], [("\U0001f600", 2)], []),
    ]


COUNT_BY = """
    SELECT coalesce({value}, '{default}') AS value, count(*), count(*) - count({value}),
        count(*) FILTER (status = 'successful'), count(*) FILTER (status = 'failed'),
        count(*) FILTER (status IS NULL OR status NOT IN ('successful', 'failed'))
    FROM asked GROUP BY 1 ORDER BY 2 DESC, 1
"""
TREND = """
    SELECT ({day})::DATE AS day,
        count(*) FILTER (status = 'successful'), count(*) FILTER (status = 'failed'),
        count(*) FILTER (status IS NULL OR status NOT IN ('successful', 'failed'))
    FROM asked WHERE created_at IS NOT NULL GROUP BY 1 ORDER BY 1
"""
TOTALS = "SELECT count(*), count(*) - count(created_at) FROM asked"


def answer_of_duckdb(
    records: pl.DataFrame,
    where: str = "true",
    day: str = "created_at AT TIME ZONE 'UTC'",
) -> reference.Answer:
    with duckdb.connect() as connection:
        connection.register("records", records.to_arrow())
        connection.execute(
            f"CREATE VIEW asked AS SELECT * FROM records WHERE {where}"  # noqa: S608
        )

        def rows(sql: str) -> list[Any]:
            return connection.execute(sql).fetchall()

        [(total, undated)] = rows(TOTALS)
        breakdowns = {
            name: rows(COUNT_BY.format(value=name, default=default))
            for name, default in reference.DEFAULTS.items()
        }
        return reference.Answer(total, undated, rows(TREND.format(day=day)), breakdowns)


@a_part_of_the_examples(2)
@given(
    records=st.lists(
        st.fixed_dictionaries(
            {
                "created_at": st.none()
                | st.datetimes(
                    datetime(2024, 3, 9),  # noqa: DTZ001 - hypothesis wants it naive
                    datetime(2024, 3, 12),  # noqa: DTZ001
                ),
                "status": st.sampled_from(["successful", "failed", "cancelled", None]),
                **dict.fromkeys(DIMENSIONS, st.sampled_from(["ads", "mail", None])),
            }
        ),
        max_size=30,
    )
)
def test_clean_records_count_as_in_sql(records: list[Document]) -> None:
    stats = counted(records, "America/New_York")
    day = "created_at AT TIME ZONE 'America/New_York'"
    assert as_answer(stats) == answer_of_duckdb(frame(records), day=day)


def test_sample_records_count_as_in_sql() -> None:
    records = sample_records(30_000, integrations=2, campaigns=50).collect()
    key = integration_ids(2)[1]
    query = StatisticsQuery(
        appointment_type="F/U",
        search="ina",
        start=date(2024, 2, 1),
        end="2024-11-30T23:59:59.999Z",
    )
    stats = appointment_statistics(records, query, integration_id=key)
    where = f"""integration_id = '{key}' AND appointment_type = 'F/U'
        AND created_at BETWEEN '2024-02-01 00:00:00Z' AND '2024-11-30 23:59:59.999Z'
        AND contains(lower(patient_name || ' ' || clinic), 'ina')"""
    assert as_answer(stats) == answer_of_duckdb(records, where)
    assert stats.total > 100
