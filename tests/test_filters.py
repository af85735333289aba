from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import (
    AppointmentType,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.filters import (
    created_within,
    matching,
    of_integration,
    of_type,
    record_filters,
)
from stats_core.query import Period
from stats_core.records import canonical
from tests import reference
from tests.strategies import (
    IDS,
    NAMES,
    SCOPED_SCHEMA,
    TYPES,
    asks,
    documents,
    frame,
    ids,
    zones,
)

UNITS = {"ms": 10**6, "us": 10**3, "ns": 1}
LEAST, MOST = -(2**63), 2**63 - 1
ALL_TEXT = [pl.String(), pl.Categorical(), pl.Enum([*TYPES, "np"])]


def kept(lf: pl.LazyFrame, *conditions: pl.Expr) -> list[int]:
    """The places of the rows that all conditions keep."""
    return lf.with_row_index().filter(*conditions).collect()["index"].to_list()


@pytest.mark.parametrize("dtype", ALL_TEXT, ids=str)
@pytest.mark.parametrize("kind", AppointmentType)
def test_a_type_is_just_that_type(dtype: pl.DataType, kind: AppointmentType) -> None:
    values = [*TYPES, "np", None]
    lf = pl.LazyFrame({"appointment_type": pl.Series(values, dtype=dtype)})
    assert kept(lf, of_type(kind, lf.collect_schema())) == [values.index(kind)]


def test_a_type_that_is_no_category_is_kept_nowhere() -> None:
    for dtype in (pl.Enum(["np"]), pl.Enum([]), pl.Categorical()):
        lf = pl.LazyFrame({"appointment_type": pl.Series([None, None], dtype=dtype)})
        condition = of_type(AppointmentType.NP, lf.collect_schema())
        assert kept(lf, condition) == []
        assert kept(lf, ~condition) in ([], [0, 1])


@pytest.mark.parametrize("dtype", [pl.String(), pl.Categorical(), pl.Enum(IDS)])
def test_an_integration_is_just_that_one(dtype: pl.DataType) -> None:
    lf = pl.LazyFrame({"integration_id": pl.Series([*IDS, None], dtype=dtype)})
    for place, key in enumerate(IDS):
        assert kept(lf, of_integration(key, lf.collect_schema())) == [place]
    assert kept(lf, of_integration("f" * 24, lf.collect_schema())) == []


@st.composite
def ticks(draw: st.DrawFn) -> int:
    near = draw(st.sampled_from([0, 1_714_521_600 * 10**9, -(10**9), LEAST, MOST]))
    return near + draw(st.integers(-2_000_000, 2_000_000))


@pytest.mark.parametrize("unit", UNITS)
@example(values=[LEAST, MOST, 0], start=None, end=None)
@example(values=[LEAST, MOST, 0], start=MOST + 1, end=None)
@example(values=[LEAST, MOST, 0], start=LEAST - 1, end=MOST + 1)
@example(values=[LEAST, MOST, 0], start=MOST * 10**7, end=None)
@example(values=[LEAST, MOST, 0], start=None, end=MOST * 10**7)
@example(values=[LEAST, MOST, 0], start=None, end=LEAST * 10**7)
@example(values=[None, MOST], start=None, end=MOST * 10**7)
@example(values=[None, LEAST], start=LEAST * 10**7, end=None)
@example(values=[LEAST, MOST, 0], start=LEAST * 10**7, end=None)
@example(values=[-1, 0, 1], start=1, end=1_000_001)
@example(values=[-1, 0, 1], start=-1, end=1)
@given(
    values=st.lists(st.none() | ticks(), max_size=30),
    start=st.none() | ticks(),
    end=st.none() | ticks(),
)
def test_a_period_is_exact_in_every_unit(
    unit: Any, values: list[int | None], start: int | None, end: int | None
) -> None:
    held = [None if v is None or not LEAST <= v <= MOST else v for v in values]
    instants = pl.Series(held, dtype=pl.Int64).cast(pl.Datetime(unit, "UTC"))
    lf = pl.LazyFrame({"created_at": instants})
    found = kept(lf, *created_within(Period(start, end), lf.collect_schema()))
    assert found == [
        place
        for place, value in enumerate(held)
        if (start is None or (value is not None and value * UNITS[unit] >= start))
        and (end is None or (value is not None and value * UNITS[unit] < end))
    ]


def test_an_open_period_has_no_condition() -> None:
    schema = pl.Schema({"created_at": pl.Datetime("us")})
    assert created_within(Period(), schema) == ()
    assert len(created_within(Period(start=0), schema)) == 1
    assert len(created_within(Period(start=0, end=1), schema)) == 2


@pytest.mark.parametrize("unit", UNITS)
def test_an_inclusive_end_ends_with_its_own_instant(unit: Any) -> None:
    query = StatisticsQuery(end="2024-05-01T23:59:59.999Z")
    end = 1_714_607_999_999 * 10**6
    steps = [step // UNITS[unit] for step in (-1_000_000, 0, 1, 1_000, 1_000_000)]
    values = [end // UNITS[unit] + step for step in steps]
    lf = pl.LazyFrame({"created_at": pl.Series(values).cast(pl.Datetime(unit))})
    found = kept(lf, *created_within(query.period(), lf.collect_schema()))
    inside = {"ms": [0, 1, 2, 3], "us": [0, 1, 2], "ns": [0, 1]}
    assert found == inside[unit]


@given(
    texts=st.lists(st.sampled_from(NAMES) | st.text(max_size=6), max_size=30),
    word=st.sampled_from(NAMES) | st.text(min_size=1, max_size=3),
)
def test_a_keyword_is_a_literal_in_any_case(texts: list[str], word: str) -> None:
    # What a canonical frame's `text` is: lower case, by Polars' own tables.
    lf = pl.LazyFrame({"text": pl.Series(texts, dtype=pl.String)}).select(
        pl.col("text").str.to_lowercase()
    )
    expected = [
        n
        for n, text in enumerate(texts)
        if reference.fold(word) in reference.fold(text)
    ]
    assert kept(lf, *matching([word])) == expected


@pytest.mark.parametrize(
    ("word", "found"),
    [
        *(("(", [0]), ("(555)", [0]), ("+1", [0]), ("010-0000", [0]), (".", [7])),
        *(("f/u", [1]), ("F/U", [1]), ("%", [2]), ("50%", [2]), ("_", [3])),
        *(("a_b", [3]), ("*", [4, 7]), ("\\", [5]), ("c:\\new", [5]), ('"', [6])),
        *(("[a-z]", [7]), ("^", [7]), ("$", [7]), (".*", [7]), ("|", [7])),
        *(("\u00c9", [8]), ("\u00e9", [8]), ("\u0130", [9]), ("\u1e9e", [10])),
        *(("\u039f\u0394\u039f\u03a3", [11]), ("\u03c2", [11]), ("\u03a3", [11])),
        *(("\\d", []), ("?", []), ("%%", []), ("null", []), ("direct", [])),
    ],
    ids=ascii,
)
def test_no_character_of_a_search_is_special(word: str, found: list[int]) -> None:
    names = [
        *("+1 (555) 010-0000", "F/U", "50%", "a_b", "*", "C:\\new", 'say "hi"'),
        *("[a-z]^$.*|", "BEL\u00c9M", "\u0130stanbul", "STRA\u1e9eE"),
        *("\u03bf\u03b4\u03cc\u03c2 \u03bf\u03b4\u03bf\u03c2", None),
    ]
    df = pl.DataFrame({"name": names, "source": map(str, range(len(names)))})
    df = df.with_columns(created_at=None, status=None)
    for records in (df, df.to_dicts()):
        stats = appointment_statistics(records, StatisticsQuery(search=word))
        assert sorted(map(int, stats.source["value"])) == found


def test_keywords_may_be_found_in_different_columns() -> None:
    records = [
        {"created_at": None, "status": None, "patient": patient, "clinic": clinic}
        for patient, clinic in [("Ana", "North"), ("Ana", None), (None, "North"), ("Ann", "aNorth")]
    ]  # fmt: skip
    for search, total in [("ana north", 1), ("NORTH  an", 2), ("ana", 2), ("anan", 0)]:
        stats = appointment_statistics(records, StatisticsQuery(search=search))
        assert stats.total == total


def test_a_search_for_a_default_selects_no_unset_rows() -> None:
    blank = {"created_at": None, "status": None, "name": "Ana"}
    records = [{**blank, "utm_source": v} for v in (None, "", "direct")]
    query = StatisticsQuery(search="direct")
    assert appointment_statistics(records, query).total == 0
    records.append({**blank, "name": "Direct"})
    assert appointment_statistics(records, query).total == 1


def test_the_words_of_several_columns_do_not_run_together() -> None:
    records = [{"created_at": None, "status": None, "a": "north", "b": "side"}]
    for word, total in (("northside", 0), ("hs", 0), ("north side", 1)):
        query = StatisticsQuery(search=word)
        assert appointment_statistics(records, query).total == total


def test_nothing_asked_is_no_condition() -> None:
    schema = pl.Schema({"created_at": pl.Datetime("us"), "text": pl.String()})
    assert record_filters(StatisticsQuery(), Period(), schema) == ()
    assert matching([]) == ()


def test_every_question_is_a_condition() -> None:
    schema = pl.Schema(
        {"created_at": pl.Datetime("us")}
        | dict.fromkeys(("text", "appointment_type", "integration_id"), pl.String())
    )
    query = StatisticsQuery(appointment_type="NP", search="ana (555)")
    conditions = record_filters(query, Period(0, 1), schema, IDS[0])
    assert len(conditions) >= 5
    day = timedelta(days=1)
    lf = pl.LazyFrame(
        {
            "created_at": [datetime(1970, 1, 1), None, datetime(1970, 1, 1) + day],  # noqa: DTZ001
            "text": "ana (555)",
            "appointment_type": "NP",
            "integration_id": IDS[0],
        },
        schema=schema,
    )
    assert kept(lf, *conditions) == [0]


@given(data=st.data())
def test_filters_may_be_applied_in_any_order(data: st.DataObject) -> None:
    zone = data.draw(zones())
    records = data.draw(documents(zone, scoped=True))
    ask = data.draw(asks(zone, records))
    integration_id = data.draw(ids(records))
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
