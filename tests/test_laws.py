from collections import Counter
from datetime import date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
    merge_statistics,
)
from stats_core.sample import integration_ids, sample_records
from tests import oracle, reference
from tests.strategies import (
    DIMENSIONS,
    EDGE_DAYS,
    ZONES,
    Case,
    Document,
    a_part_of_the_examples,
    as_answer,
    cases,
    counted,
    documents,
    frame,
    further,
    zones,
)


@a_part_of_the_examples(4)
@given(zone=zones(), data=st.data())
def test_merging_is_associative_and_commutative_with_an_empty_unit(
    zone: str, data: st.DataObject
) -> None:
    a, b, c = (counted(data.draw(documents(zone)), zone) for _ in "abc")
    nothing = AppointmentStatistics.empty(zone)
    assert (a + b) + c == a + (b + c) == merge_statistics([a, b, c])
    assert a + b == b + a
    assert a + nothing == nothing + a == merge_statistics([a]) == a


@a_part_of_the_examples(3)
@given(case=cases())
def test_each_filter_only_narrows(case: Case) -> None:
    narrow = counts(case.answer())
    for name in case.ask:
        ask = {key: value for key, value in case.ask.items() if key != name}
        wide = counts(case._replace(ask=ask).answer())
        assert narrow <= wide
    for name in case.where:
        where = {key: it for key, it in case.where.items() if key != name}
        assert narrow <= counts(case._replace(where=where).answer())


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


@given(case=cases(), data=st.data())
def test_filters_may_be_applied_one_after_the_other(
    case: Case, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(sorted(case.ask)))
    cut = data.draw(st.integers(0, len(order)))
    first = {name: case.ask[name] for name in order[:cut]}
    then = {name: case.ask[name] for name in order[cut:]}
    kept = [r for r in case.documents if reference.is_asked_for(r, first, case.zone)]
    drilled = data.draw(st.booleans())
    if drilled:
        kept = [r for r in kept if reference.is_one_of(r, case.where, case.further)]
    where = {} if drilled else case.where
    found = case._replace(documents=kept, ask=then, where=where).answer()
    assert found == case.expected


@given(case=cases())
def test_further_breakdowns_change_nothing_else(case: Case) -> None:
    of_both = {name: case.where[name] for name in case.where.keys() - case.further}
    case = case._replace(where=of_both)
    plain = case._replace(further={}, hours=False).statistics()
    found = case.statistics()
    assert found.frame[: plain.frame.height].equals(plain.frame)
    assert found.dashboard() == plain.dashboard()


@a_part_of_the_examples(2)
@given(zone=zones(), data=st.data())
def test_each_row_equals_counting_its_value(zone: str, data: st.DataObject) -> None:
    records = data.draw(documents(zone))
    case = Case(records, {}, zone, data.draw(further()))
    named = reference.dimensions(case.further)
    name, column, default = data.draw(st.sampled_from(named))
    labels = [reference.trim(record[column] or "") or default for record in records]
    breakdown = case.statistics().breakdown(name)
    assert set(breakdown["value"]) == set(labels)
    for label, *figures in breakdown.rows():
        own = [
            record
            for record, value in zip(records, labels, strict=True)
            if value == label
        ]
        alone = case._replace(documents=own).statistics()
        assert alone.breakdown(name).rows() == [(label, *figures)]
        drilled = case._replace(where={name: [label]}).statistics()
        assert drilled == alone
        assert figures[0] == alone.total == len(own)


@a_part_of_the_examples(2)
@given(case=cases(), data=st.data())
def test_the_labels_of_a_dimension_split_the_answer(
    case: Case, data: st.DataObject
) -> None:
    case = case._replace(where={})
    whole = case.statistics()
    name = data.draw(st.sampled_from([*whole.breakdowns(), "outcome"]))
    labels = ["successful", "failed", "other"]
    if name != "outcome":
        labels = whole.breakdown(name)["value"].to_list()
    some = data.draw(st.sets(st.sampled_from(labels))) if labels else set()
    parts = [
        case._replace(where={name: part}).statistics()
        for part in (sorted(some), sorted(set(labels) - some))
        if part
    ]
    nothing = AppointmentStatistics.empty(case.zone)
    assert merge_statistics([nothing, *parts]) == (whole if parts else nothing)


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


@a_part_of_the_examples(2)
@given(case=cases(), size=st.integers(1, 5))
def test_concatenated_pages_give_the_whole_list_once(case: Case, size: int) -> None:
    expected = reference.response(case.expected, case.zone, 1, 100)
    longest = max(len(expected[name]) for name in DIMENSIONS)
    found: dict[str, list[object]] = {name: [] for name in DIMENSIONS}
    for page in range(1, longest // size + 3):
        query = StatisticsQuery(**case.ask, page=page, size=size)
        dashboard = case.dashboard(query)
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
    expected = oracle.answer(frame(records), timezone="America/New_York")
    assert as_answer(stats) == expected


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
    assert as_answer(stats) == oracle.answer(records, where)
    assert stats.total > 100
