from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import Phase, given, settings, strategies as st

from stats_core import AppointmentType, StatisticsQuery, appointment_statistics
from stats_core.bounds import Period
from stats_core.days import TimeUnit
from stats_core.engine.filters import (
    apply_filters,
    containing,
    created_within,
    matching,
    of_integration,
    of_type,
    record_filters,
    scope,
    scoped,
    selected,
)
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from stats_core.text import in_any_case
from tests import reference
from tests.strategies import (
    IDS,
    NAMES,
    SCOPED_SCHEMA,
    TYPES,
    Document,
    asks,
    documents,
    frame,
    ids,
    zones,
)

UNITS: dict[TimeUnit, int] = {"ms": 10**6, "us": 10**3, "ns": 1}
LEAST, MOST = -(2**63), 2**63 - 1
ALL_TEXT = [pl.String(), pl.Categorical(), pl.Enum([*TYPES, "np"])]
EXAMPLES = 200
UTC_ZONE = ZoneInfo("UTC")


def kept(lf: pl.LazyFrame, *conditions: pl.Expr) -> list[int]:
    """The places of the rows that all conditions keep."""
    return lf.with_row_index().filter(*conditions).collect()["index"].to_list()


def share_of_both(
    strategy: st.SearchStrategy[Any], keep: Callable[[Any], list[bool]]
) -> float:
    """The share of examples in which some rows are kept and some are dropped."""
    found: Counter[bool] = Counter()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate]
    )
    @given(drawn=strategy)
    def count(drawn: Any) -> None:
        found[set(keep(drawn)) == {True, False}] += 1

    count()
    return found[True] / found.total()


@pytest.mark.parametrize("dtype", ALL_TEXT, ids=str)
@pytest.mark.parametrize("kind", AppointmentType)
def test_a_type_is_just_that_type(dtype: pl.DataType, kind: AppointmentType) -> None:
    values = [*TYPES, "np", None]
    lf = pl.LazyFrame({"appointment_type": pl.Series(values, dtype=dtype)})
    condition = of_type(kind, lf.collect_schema())
    assert kept(lf, condition) == [values.index(kind)]
    known = pl.col("appointment_type").is_not_null()
    others = [n for n, value in enumerate(values) if value not in {kind, None}]
    assert kept(lf, known, ~condition) == others


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Categorical(), pl.Enum(["np", "F/U"])], ids=str
)
def test_a_type_of_no_record_keeps_no_record(dtype: pl.DataType) -> None:
    kinds = pl.Series(["np", "F/U", None, "F/U"], dtype=dtype)
    lf = pl.LazyFrame({"appointment_type": kinds})
    schema = lf.collect_schema()
    assert kept(lf, of_type(AppointmentType.NP, schema)) == []
    assert kept(lf, of_type(AppointmentType.F_U, schema)) == [1, 3]


@pytest.mark.parametrize("dtype", [pl.Enum([]), pl.Categorical(), pl.String()], ids=str)
def test_no_type_is_null(dtype: pl.DataType) -> None:
    lf = pl.LazyFrame({"appointment_type": pl.Series([None, None], dtype=dtype)})
    assert kept(lf, of_type(AppointmentType.NP, lf.collect_schema())) == []


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Categorical(), pl.Enum(IDS)], ids=str
)
def test_an_integration_is_just_that_one(dtype: pl.DataType) -> None:
    lf = pl.LazyFrame({"integration_id": pl.Series([*IDS, None], dtype=dtype)})
    for place, key in enumerate(IDS):
        assert kept(lf, of_integration(key, lf.collect_schema())) == [place]
    assert kept(lf, of_integration("f" * 24, lf.collect_schema())) == []


class Instants(NamedTuple):
    values: list[int | None]
    period: Period

    def inside(self, unit: TimeUnit) -> list[bool]:
        start, end = self.period
        return [
            (start is None or (value is not None and value * UNITS[unit] >= start))
            and (end is None or (value is not None and value * UNITS[unit] < end))
            for value in self.values
        ]


@st.composite
def periods(draw: st.DrawFn, unit: TimeUnit) -> Instants:
    """Ticks of a unit, and a period whose bounds are at or beside some of them."""
    tick = UNITS[unit]
    centers = [0, 1_714_521_600 * 10**9 // tick, -(10**9), LEAST, MOST]
    center = draw(st.sampled_from(centers))
    ticks = st.integers(max(center - 9, LEAST), min(center + 9, MOST))
    some = st.none() | ticks | ticks | ticks | ticks
    few, many = st.lists(some, max_size=3), st.lists(some, min_size=6, max_size=30)
    values = draw(st.one_of(few, many, many, many))
    known = sorted(value for value in values if value is not None) or [center]
    first, last = known[: len(known) // 2 + 1], known[len(known) // 2 :]
    beside = st.integers(-tick, tick)
    start = draw(st.sampled_from(first)) * tick + draw(beside)
    end = draw(st.sampled_from(last)) * tick + draw(beside)
    period = st.sampled_from(
        [
            *[(start, end)] * 4,
            *[(start, None), (None, end)] * 2,
            (end, start),
            (None, None),
        ]
    )
    return Instants(values, Period(*draw(period)))


@pytest.mark.parametrize("unit", UNITS)
@given(data=st.data())
def test_a_period_is_exact_in_every_unit(unit: TimeUnit, data: st.DataObject) -> None:
    check_period(unit, data.draw(periods(unit)))


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("values", "start", "end"),
    [
        ([LEAST, MOST, 0], None, None),
        ([LEAST, MOST, 0], MOST + 1, None),
        ([LEAST, MOST, 0], LEAST - 1, MOST + 1),
        ([LEAST, MOST, 0], MOST * 10**7, None),
        ([LEAST, MOST, 0], None, MOST * 10**7),
        ([LEAST, MOST, 0], None, LEAST * 10**7),
        ([None, MOST], None, MOST * 10**7),
        ([None, LEAST], LEAST * 10**7, None),
        ([LEAST, MOST, 0], LEAST * 10**7, None),
        ([-1, 0, 1], 1, 1_000_001),
        ([-1, 0, 1], -1, 1),
        ([-1, 0, 1], 999_999, 1_000_000),
    ],
)
def test_a_period_beyond_the_range_of_a_unit_is_exact(
    unit: TimeUnit, values: list[int | None], start: int | None, end: int | None
) -> None:
    check_period(unit, Instants(values, Period(start, end)))


def check_period(unit: TimeUnit, drawn: Instants) -> None:
    at = pl.Series(drawn.values, dtype=pl.Int64).cast(pl.Datetime(unit, "UTC"))
    lf = pl.LazyFrame({"created_at": at})
    found = kept(lf, *created_within(drawn.period, lf.collect_schema()))
    assert found == [n for n, inside in enumerate(drawn.inside(unit)) if inside]


@pytest.mark.parametrize("unit", UNITS)
def test_most_drawn_periods_keep_some_instants_and_drop_others(unit: TimeUnit) -> None:
    assert share_of_both(periods(unit), lambda drawn: drawn.inside(unit)) > 0.3


def test_an_open_period_has_no_condition() -> None:
    schema = pl.Schema({"created_at": pl.Datetime("us")})
    assert created_within(Period(), schema) == []
    assert len(created_within(Period(start=0), schema)) == 1
    assert len(created_within(Period(start=0, end=1), schema)) == 2


@pytest.mark.parametrize("unit", UNITS)
def test_an_inclusive_end_ends_with_its_own_instant(unit: TimeUnit) -> None:
    query = StatisticsQuery(end="2024-05-01T23:59:59.999Z")
    end = 1_714_607_999_999 * 10**6
    steps = [step // UNITS[unit] for step in (-1_000_000, 0, 1, 1_000, 1_000_000)]
    values = [end // UNITS[unit] + step for step in steps]
    lf = pl.LazyFrame({"created_at": pl.Series(values).cast(pl.Datetime(unit))})
    found = kept(lf, *created_within(query.period(UTC_ZONE), lf.collect_schema()))
    inside = {"ms": [0, 1, 2, 3], "us": [0, 1, 2], "ns": [0, 1]}
    assert found == inside[unit]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/New_York"])
def test_an_end_date_ends_just_before_the_next_local_day(
    unit: TimeUnit, zone: str
) -> None:
    query = StatisticsQuery(start="2024-05-01", end="2024-05-01")
    first, last = reference.bounds({"start": "2024-05-01", "end": "2024-05-01"}, zone)
    assert first is not None
    assert last is not None
    edges = [edge // UNITS[unit] for edge in (first, last + 1)]
    values = [edge + step for edge in edges for step in (-1, 0, 1)]
    lf = pl.LazyFrame({"created_at": pl.Series(values).cast(pl.Datetime(unit))})
    period = query.period(ZoneInfo(zone))
    assert kept(lf, *created_within(period, lf.collect_schema())) == [1, 2, 3]


class Texts(NamedTuple):
    texts: list[str]
    word: str

    def contained(self) -> list[bool]:
        word = reference.fold(self.word)
        return [word in reference.fold(text) for text in self.texts]


@st.composite
def searches(draw: st.DrawFn) -> Texts:
    """Texts, and a word that is mostly a part of one of them, in any case."""
    text = st.sampled_from(NAMES) | st.text(max_size=6)
    size = draw(st.sampled_from([0, 1, *[4] * 4]))
    texts = draw(st.lists(text, min_size=size, max_size=4 * size))
    word: str = draw(st.sampled_from(NAMES) | st.text(min_size=1, max_size=3))
    known = [text for text in texts if text]
    if known and draw(st.sampled_from([True, True, True, False])):
        whole = draw(st.sampled_from(known))
        start = draw(st.integers(0, len(whole) - 1))
        word = whole[start : start + draw(st.integers(1, 5))]
    return Texts(texts, draw(st.sampled_from([word, word.lower(), word.upper()])))


@given(drawn=searches())
def test_a_keyword_is_a_literal_in_any_case(drawn: Texts) -> None:
    lf = pl.LazyFrame({"text": pl.Series(drawn.texts, dtype=pl.String)})
    expected = [n for n, contained in enumerate(drawn.contained()) if contained]
    assert kept(lf, containing(drawn.word)) == expected
    assert kept(lf, matching(in_any_case(drawn.word))) == expected


def test_most_drawn_keywords_keep_some_texts_and_drop_others() -> None:
    assert share_of_both(searches(), Texts.contained) > 0.3


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


def test_a_search_for_a_default_selects_no_unset_records() -> None:
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


def test_a_request_without_filters_has_no_condition() -> None:
    schema = pl.Schema({"created_at": pl.Datetime("us"), "text": pl.String()})
    assert record_filters(Request(), schema) == []
    assert record_filters(Request(integration_id=IDS[0]), schema) == []
    lf = pl.LazyFrame({"text": ["a", None]})
    assert kept(apply_filters(lf, [])) == [0, 1]


def test_each_filter_of_a_request_is_a_condition() -> None:
    schema = pl.Schema(
        {"created_at": pl.Datetime("us")}
        | dict.fromkeys(("text", "appointment_type"), pl.String())
    )
    may, june = "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000001Z"
    query = {"appointment_type": "NP", "search": "ana (555)", "start": may, "end": june}
    filters = record_filters(Request(query=query), schema)
    assert len(filters) == 5
    day = timedelta(days=1)
    at = datetime(1970, 1, 1)  # noqa: DTZ001
    rows = [
        (at, "ana (555)", "NP"),
        (None, "ana (555)", "NP"),
        (at + day, "ana (555)", "NP"),
        (at - day, "ana (555)", "NP"),
        (at, "ana 555", "NP"),
        (at, "(555)", "NP"),
        (at, None, "NP"),
        (at, "ana (555)", "np"),
        (at, "ANA(555)", "NP"),
    ]
    lf = pl.LazyFrame(rows, schema, orient="row")
    assert kept(lf, *filters) == [0, 8]
    found = apply_filters(lf.with_row_index(), filters).collect()
    assert found["index"].to_list() == [0, 8]
    assert found.drop("index").rows() == [rows[0], rows[8]]


def test_text_is_searched_only_in_records_that_pass_the_other_filters() -> None:
    lf = pl.LazyFrame({"text": ["ana"], "appointment_type": ["NP"]})
    of_np = of_type(AppointmentType.NP, lf.collect_schema())
    plan = apply_filters(lf, [of_np, containing("ana"), containing("na")]).explain()
    steps = [line.strip() for line in plan.splitlines() if "FILTER" in line]
    assert len(steps) == 3
    assert [step.count("str.contains") for step in steps] == [1, 1, 0]


class Filtered(NamedTuple):
    records: list[Document]
    ask: dict[str, Any]
    zone: str
    key: str

    def asked_for(self) -> list[bool]:
        return [
            record["integration_id"] == self.key
            and reference.is_asked_for(record, self.ask, self.zone)
            for record in self.records
        ]


@st.composite
def filtered(draw: st.DrawFn) -> Filtered:
    zone = draw(zones())
    records = draw(documents(zone, scoped=True))
    return Filtered(records, draw(asks(zone, records)), zone, draw(ids(records)))


@given(drawn=filtered(), data=st.data())
def test_filters_may_be_applied_in_any_order(
    drawn: Filtered, data: st.DataObject
) -> None:
    records, ask, zone, key = drawn
    request = Request(query=ask, integration_id=key, timezone=zone)
    lf = canonical_frame(frame(records, SCOPED_SCHEMA), request).lf
    schema = lf.collect_schema()
    filters = [of_integration(key, schema), *record_filters(request, schema)]
    permuted = data.draw(st.permutations(filters))
    expected = [n for n, asked_for in enumerate(drawn.asked_for()) if asked_for]
    assert kept(lf, *permuted) == expected
    found = apply_filters(lf.with_row_index(), permuted).collect()
    assert found["index"].to_list() == expected


def test_many_drawn_requests_keep_some_records_and_drop_others() -> None:
    assert share_of_both(filtered(), Filtered.asked_for) > 0.15


A, B = IDS[0], IDS[1]
OWNERS: list[str | None] = [A, B, None, A]


def test_pooled_records_have_no_scope() -> None:
    lf = pl.LazyFrame({"status": ["a"]})
    assert scope(Request(), lf.collect_schema()) is None
    assert kept(scoped(lf, Request())) == [0]


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        ({"integration_id": A}, [0, 3]),
        ({"integration_id": B}, [1]),
        ({"integration_id": IDS[2]}, []),
        ({"by_integration": True}, [0, 1, 3]),
    ],
)
@pytest.mark.parametrize("dtype", [pl.String(), pl.Categorical(), pl.Enum([A, B])])
def test_the_scope_is_the_integrations_of_the_request(
    options: dict[str, Any], rows: list[int], dtype: pl.DataType
) -> None:
    lf = pl.LazyFrame({"integration_id": pl.Series(OWNERS, dtype=dtype)})
    request = Request(**options)
    condition = scope(request, lf.collect_schema())
    assert condition is not None
    assert kept(lf, condition) == rows
    found = scoped(lf.with_row_index(), request).collect()
    assert found["index"].to_list() == rows


def test_an_id_that_cannot_be_read_is_in_the_scope_of_all_integrations_only() -> None:
    lf = pl.LazyFrame(
        {
            "integration_id": pl.Series([A, None, None], dtype=pl.String),
            "integration_id_invalid": pl.Series([None, "[1]", None], dtype=pl.String),
        }
    )
    for options, rows in [({"by_integration": True}, [0, 1]), ({"integration_id": A}, [0])]:  # fmt: skip
        condition = scope(Request.model_validate(options), lf.collect_schema())
        assert condition is not None
        assert kept(lf, condition) == rows


@pytest.mark.parametrize("by_integration", [False, True])
def test_selected_records_have_the_columns_that_are_counted(
    *, by_integration: bool
) -> None:
    records = [
        {
            "created_at": "2024-05-01",
            "status": "failed",
            "appointment_type": kind,
            "integration_id": owner,
            "name": name,
            "source": 1.5 if kind is None else "ads",
        }
        for kind, owner, name in [
            ("NP", A, "Ana"),
            ("NP", B, "Ana"),
            ("np", A, "Ana"),
            (None, A, "Ana"),
            ("NP", A, None),
            ("NP", None, "Ana"),
        ]
    ]
    request = Request(
        query={"appointment_type": "NP", "search": "ana", "start": "2024-05-01"},
        integration_id=None if by_integration else A,
        by_integration=by_integration,
    )
    lf = canonical_frame(records, request).lf
    found = selected(lf, request).collect()
    counted = ["created_at", "status", *reference.DEFAULTS]
    assert found.columns == counted + ["integration_id"] * by_integration
    assert found.height == (2 if by_integration else 1)
