import multiprocessing
import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from stats_core import (
    AppointmentIndex,
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
    statistics_by_integration,
)
from stats_core.index import intake
from stats_core.index.contents import Contents
from stats_core.sample import integration_ids, sample_records
from tests.strategies import (
    IDS,
    Document,
    a_part_of_the_examples,
    zones,
)

Answers = dict[str, AppointmentStatistics]


def indexed(parts: Sequence[Any], layout: RecordLayout) -> AppointmentIndex:
    first, *others = parts
    start = AppointmentIndex(first, layout=layout)
    return reduce(AppointmentIndex.extended, others, start)


SAMPLE = sample_records(20_000, integrations=3, campaigns=300).collect()
KEYS = integration_ids(3)
FIRST, SPAN = datetime(2024, 1, 1, tzinfo=UTC), timedelta(days=730)


@st.composite
def queries(draw: st.DrawFn) -> StatisticsQuery:
    seconds = st.floats(0, 1).map(lambda part: FIRST + part * SPAN)
    start, end = sorted([draw(seconds), draw(seconds)])
    dates = draw(st.booleans())
    some: dict[str, Any] = {
        "start": start.date()
        if dates
        else f"{start:%FT%T.%f}{draw(st.integers(0, 999)):03}Z",
        "end": end.date() if dates else end + timedelta(milliseconds=1),
        "appointment_type": draw(st.sampled_from(["NP", "F/U", "RAP_ACCESS"])),
        "search": draw(st.sampled_from(["clinic", "FERDRO", "ina harbour", "nobody"])),
    }
    kept = draw(st.sets(st.sampled_from(sorted(some))))
    return StatisticsQuery(**{name: some[name] for name in kept})


@pytest.fixture(scope="module")
def sample_index() -> AppointmentIndex:
    return AppointmentIndex(SAMPLE)


@pytest.fixture(scope="module")
def grown_index() -> AppointmentIndex:
    return indexed([*SAMPLE.iter_slices(1_700)], RecordLayout())


@given(query=queries(), zone=zones(), key=st.sampled_from([*KEYS, "0" * 24]))
def test_many_records_are_answered_as_by_the_engine(
    sample_index: AppointmentIndex,
    grown_index: AppointmentIndex,
    query: StatisticsQuery,
    zone: str,
    key: str,
) -> None:
    expected = appointment_statistics(SAMPLE, query, integration_id=key, timezone=zone)
    for index in (sample_index, grown_index):
        found = index.statistics(query, integration_id=key, timezone=zone)
        assert found == expected


@a_part_of_the_examples(5)
@given(query=queries(), zone=zones())
def test_each_integration_is_counted_as_by_the_engine(
    sample_index: AppointmentIndex,
    grown_index: AppointmentIndex,
    query: StatisticsQuery,
    zone: str,
) -> None:
    expected = statistics_by_integration(SAMPLE, query, timezone=zone)
    for index in (sample_index, grown_index):
        assert index.by_integration(query, timezone=zone) == expected


def test_a_dashboard_is_paged_as_asked(sample_index: AppointmentIndex) -> None:
    query = StatisticsQuery(page=2, size=7, start="2024-05-01")
    options: dict[str, Any] = {"integration_id": KEYS[0], "timezone": "Asia/Tokyo"}
    expected = appointments_dashboard(SAMPLE, query, **options)
    assert sample_index.dashboard(query, **options) == expected
    assert len(expected.utm_campaign) == 7


def test_records_of_a_file_are_read_in_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SAMPLE.write_parquet(tmp_path / "records.parquet", row_group_size=3_000)
    monkeypatch.setattr(intake, "BATCH", 3_000)
    index = AppointmentIndex(pl.scan_parquet(tmp_path / "records.parquet"))
    assert len(index) == SAMPLE.height
    expected = appointment_statistics(SAMPLE, integration_id=KEYS[1])
    assert index.statistics(integration_id=KEYS[1]) == expected


def test_an_extended_index_leaves_the_old_one_as_it_is() -> None:
    old = AppointmentIndex(SAMPLE[:100])
    before = old.statistics(integration_id=KEYS[0])
    new = old.extended(SAMPLE[100:300])
    assert (len(old), len(new)) == (100, 300)
    assert old.statistics(integration_id=KEYS[0]) == before
    both = appointment_statistics(SAMPLE[:300], integration_id=KEYS[0])
    assert new.statistics(integration_id=KEYS[0]) == both


def test_each_segment_is_at_least_twice_as_large_as_the_next() -> None:
    contents = Contents(RecordLayout())
    for part in SAMPLE[:4_000].iter_slices(50):
        contents = contents.extended(part)
        sizes = [len(segment) for segment in contents.segments]
        assert sum(sizes) == contents.records
        assert all(a >= 2 * b for a, b in pairwise(sizes))


def test_nothing_is_an_index_too() -> None:
    for index in (AppointmentIndex([]), AppointmentIndex([]).extended([])):
        assert index.statistics(timezone="Asia/Tokyo") == AppointmentStatistics.empty(
            "Asia/Tokyo"
        )
        assert index.statistics(integration_id=KEYS[0]).total == 0
        assert index.by_integration() == {}
        assert len(index) == 0
        assert repr(index) == "AppointmentIndex(records=0, integrations=0, nbytes=0)"
    grown = AppointmentIndex([]).extended([{"created_at": None, "status": None}])
    assert grown.statistics().total == 1


def test_an_index_says_what_it_holds(sample_index: AppointmentIndex) -> None:
    assert repr(sample_index) == (
        f"AppointmentIndex(records=20000, integrations=3, nbytes={sample_index.nbytes})"
    )
    texts = SAMPLE["patient_name"].unique().str.len_bytes().sum()
    assert 20 * 20_000 < sample_index.nbytes < 48 * 20_000 + 8 * texts


def test_threads_share_an_index(sample_index: AppointmentIndex) -> None:
    asked = [
        (StatisticsQuery(start=f"2024-{month:02}-01", search=search), key, zone)
        for month in range(1, 13)
        for search in (None, "clinic")
        for key in KEYS
        for zone in ("UTC", "America/New_York")
    ]

    def answer(case: tuple[StatisticsQuery, str, str]) -> AppointmentStatistics:
        query, key, zone = case
        return sample_index.statistics(query, integration_id=key, timezone=zone)

    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(answer, asked)]
    for (query, key, zone), each in zip(asked, found, strict=True):
        assert each == appointment_statistics(
            SAMPLE, query, integration_id=key, timezone=zone
        )


def test_an_index_is_pickled_for_another_process(
    sample_index: AppointmentIndex,
) -> None:
    expected = sample_index.statistics(integration_id=KEYS[0])  # fills its caches
    again = pickle.loads(pickle.dumps(sample_index))  # noqa: S301 - our own
    assert again.statistics(integration_id=KEYS[0]) == expected
    spawned = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawned) as pool:
        total = pool.submit(_total, AppointmentIndex(SAMPLE[:50]), KEYS[0]).result()
    assert total == SAMPLE[:50].filter(integration_id=KEYS[0]).height


def _total(index: AppointmentIndex, key: str) -> int:
    return index.statistics(integration_id=key).total


def test_bad_records_of_one_integration_do_not_stop_the_others() -> None:
    docs: list[Document] = [
        {"created_at": "2024-05-01", "status": "failed", "integration_id": IDS[0]},
        {"created_at": "soon", "status": "failed", "integration_id": IDS[1]},
    ]
    index = AppointmentIndex(docs)
    assert index.statistics(integration_id=IDS[0]).total == 1
    for ask in (
        lambda: index.statistics(integration_id=IDS[1]),
        index.by_integration,
        lambda: index.extended(docs[:1]).statistics(integration_id=IDS[1]),
    ):
        with pytest.raises(
            InvalidRecordsError, match=r"not ISO 8601.*'soon' \(row 1\)"
        ):
            ask()
    later = AppointmentIndex(docs[:1]).extended(docs)
    with pytest.raises(InvalidRecordsError, match=r"\(row 2\)"):
        later.statistics(integration_id=IDS[1])


def test_records_that_no_request_could_count_are_refused_at_once() -> None:
    with pytest.raises(InvalidRecordsError, match="'soon'"):
        AppointmentIndex([{"created_at": "soon", "status": None}])
    with pytest.raises(InvalidRecordsError, match="`status`: absent"):
        AppointmentIndex(pl.DataFrame({"created_at": ["2024-05-01"]}))


def test_a_type_that_cannot_be_counted_fails_only_requests_for_a_type() -> None:
    docs = [{"created_at": None, "status": None, "appointment_type": 1.5}]
    index = AppointmentIndex(docs)
    assert index.statistics().total == 1
    with pytest.raises(InvalidRecordsError, match="`appointment_type`: 1 values"):
        index.statistics(StatisticsQuery(appointment_type="NP"))


def test_what_a_request_needs_and_the_records_lack_is_said_when_asked() -> None:
    index = AppointmentIndex(pl.DataFrame({"created_at": [None], "status": ["error"]}))
    for query, key, fault in (
        (StatisticsQuery(appointment_type="NP"), None, "needed to filter by type"),
        (StatisticsQuery(search="ana"), None, "no text column"),
        (StatisticsQuery(), IDS[0], "so none can be asked for"),
    ):
        with pytest.raises(InvalidRecordsError, match=fault):
            index.statistics(query, integration_id=key)


@pytest.mark.parametrize(
    ("at", "zone", "countable"),
    [
        ("0001-01-01T00:00:00Z", "UTC", True),
        ("0001-01-01T00:00:00Z", "America/New_York", False),
        ("9999-12-31T23:59:59Z", "UTC", True),
        ("9999-12-31T23:59:59Z", "Asia/Tokyo", False),
    ],
)
def test_the_first_and_the_last_day_are_countable_in_some_zones(
    at: str,
    zone: str,
    countable: bool,  # noqa: FBT001
) -> None:
    docs = [{"created_at": at, "status": "error"}]
    index = AppointmentIndex(docs)
    if countable:
        assert index.statistics(timezone=zone) == appointment_statistics(
            docs, timezone=zone
        )
        return
    with pytest.raises(InvalidRecordsError) as found:
        index.statistics(timezone=zone)
    with pytest.raises(InvalidRecordsError) as expected:
        appointment_statistics(docs, timezone=zone)
    assert found.value.faults == expected.value.faults


def test_settled_records_and_those_of_today_add_up() -> None:
    settled, today = AppointmentIndex(SAMPLE[:15_000]), SAMPLE[15_000:]
    query = StatisticsQuery(start="2024-03-01", search="clinic")
    both = settled.statistics(query, integration_id=KEYS[2]) + appointment_statistics(
        today, query, integration_id=KEYS[2]
    )
    assert both == appointment_statistics(SAMPLE, query, integration_id=KEYS[2])


def test_parts_may_be_searched_in_other_columns() -> None:
    one = pl.DataFrame(
        {"created_at": ["2024-05-01"], "status": ["error"], "a": ["Ana"]}
    )
    two = one.with_columns(b=pl.lit("Eva"))
    index = AppointmentIndex(one).extended(two).extended(one.drop("a"))
    assert index.statistics(StatisticsQuery(search="eva")).total == 1
    assert index.statistics(StatisticsQuery(search="ana")).total == 2
    assert index.statistics().total == 3


def test_far_instants_and_many_integrations_need_more_than_one_number() -> None:
    docs = [
        {
            "created_at": f"{year:04}-05-01",
            "status": "error",
            "integration_id": f"{n:024x}",
        }
        for n in range(300)
        for year in (1, 9999)
    ]
    index = AppointmentIndex(docs)
    key = docs[-1]["integration_id"]
    found = index.statistics(integration_id=key)
    assert found == appointment_statistics(docs, integration_id=key)


def test_days_that_begin_twice_are_counted_once() -> None:
    # In St. John's, the clocks went back from 00:01 to 23:01 of the day before.
    start = datetime(2006, 10, 29, 2, tzinfo=UTC)
    df = pl.DataFrame(
        {
            "created_at": [start + timedelta(seconds=30 * n) for n in range(240)],
            "status": ["success", "failed", "late"] * 80,
        }
    )
    index, zone = AppointmentIndex(df), "America/St_Johns"
    for query in (StatisticsQuery(), StatisticsQuery(start="2006-10-29T02:30:10Z")):
        found = index.statistics(query, hours=True, timezone=zone)
        assert found == appointment_statistics(df, query, hours=True, timezone=zone)
        assert found.trends.height == 2


def test_a_frame_of_python_objects_has_a_schema() -> None:
    records = pd.DataFrame(
        {"created_at": ["2024-05-01"], "status": ["error"], "source": [Decimal("1.50")]}
    )
    assert AppointmentIndex(records).statistics().source.rows() == [
        ("1.50", 1, 0, 0, 1, 0)
    ]
    with pytest.raises(InvalidRecordsError, match="`campaign`: absent"):
        AppointmentIndex(records, layout=RecordLayout(utm_campaign="campaign"))


def test_further_dimensions_hours_and_labels_are_answered() -> None:
    layout = RecordLayout(breakdowns={"clinic": "clinic", "type": "appointment_type"})
    options: dict[str, Any] = {
        "integration_id": KEYS[0],
        "where": {"outcome": ["failed", "other"], "utm_source": "direct"},
        "hours": True,
        "timezone": "Asia/Kathmandu",
    }
    index = AppointmentIndex(SAMPLE, layout=layout)
    for query in (StatisticsQuery(), StatisticsQuery(start="2024-05-01")):
        for kept in ({}, {"where": options["where"]}):
            asked = {**options, "where": {}} | kept
            expected = appointment_statistics(SAMPLE, query, layout=layout, **asked)
            assert index.statistics(query, **asked) == expected
    nobody = index.statistics(**options | {"integration_id": "f" * 24})
    assert nobody == appointment_statistics(
        SAMPLE, layout=layout, **options | {"integration_id": "f" * 24}
    )
    assert nobody.breakdown("clinic").height == 0


@pytest.mark.parametrize("name", ["text", "text_0", "textile", "0:text", ":text"])
def test_a_dimension_of_any_name_is_not_searched(name: str) -> None:
    docs = [{"created_at": None, "status": None, "clinic": "mill", "note": "a"}]
    layout = RecordLayout(breakdowns={name: "clinic"}, search=("note",))
    for records in (docs, pl.DataFrame(docs, {**dict.fromkeys(docs[0], pl.String)})):
        index = AppointmentIndex(records, layout=layout).extended(records)
        assert index.statistics(StatisticsQuery(search="mill")).total == 0
        assert index.statistics(StatisticsQuery(search="a")).total == 2
        assert index.statistics().breakdown(name).rows() == [("mill", 2, 0, 0, 0, 2)]


def test_a_query_may_be_a_mapping_as_for_the_functions() -> None:
    docs = [{"created_at": None, "status": None, "source": it} for it in "ab"]
    query: Any = {"page": 2, "size": 1}
    found = AppointmentIndex(docs).dashboard(query)
    assert found == appointments_dashboard(docs, query)
    assert [it.id for it in found.source] == ["b"]


def test_a_layout_may_be_a_mapping_as_for_the_functions() -> None:
    docs = [{"created_at": None, "status": None, "from": "ads"}]
    layout: Any = {"source": "from"}
    found = AppointmentIndex(docs, layout=layout).extended(docs).statistics()
    assert found == appointment_statistics(docs * 2, layout=layout)
    with pytest.raises(ValidationError, match="layout"):
        AppointmentIndex(docs, layout=7)  # type: ignore[arg-type]
