from collections.abc import Callable
from datetime import date
from itertools import groupby, pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    appointment_statistics,
)
from stats_core.results.invariants import partial_faults, schema_faults
from tests import reference
from tests.strategies import DIMENSIONS, IDS, Case, cases

Change = Callable[[pl.DataFrame], pl.DataFrame]
Row = dict[str, Any]

OUTCOMES = ("successful", "failed", "other")
COUNTS = ("count", "unset", *OUTCOMES)
SECTIONS = ("total", "undated", "trends", *DIMENSIONS)
KEYS = sorted(IDS)
RECORDS: list[dict[str, Any]] = [
    {"created_at": at, "status": status, **dict.fromkeys(DIMENSIONS, value)}
    for at, status, value in [
        ("2024-05-01", "success", "ads"),
        ("2024-05-02", "failed", "ads"),
        ("2024-05-02", "success", None),
        (None, "cancelled", "mail"),
    ]
]


FURTHER = RecordLayout(breakdowns={"clinic": "source", "^a$": "utm_source"})


def frame(layout: RecordLayout = FURTHER) -> pl.DataFrame:
    return appointment_statistics(RECORDS, layout=layout).to_frame()


def changed(section: str, change: Change) -> pl.DataFrame:
    whole = frame()
    return pl.concat(
        change(part) if name == section else part
        for (name,), part in whole.group_by("section", maintain_order=True)
    )


def at(row: int, **values: object) -> Change:
    here = pl.int_range(pl.len()) == row
    return lambda df: df.with_columns(
        pl.when(here)
        .then(pl.lit(value, df.schema[name]))
        .otherwise(pl.col(name))
        .alias(name)
        for name, value in values.items()
    )


def added(**values: object) -> Change:
    return lambda df: pl.concat([df, at(0, **values)(df[:1])])


def of(key: str | None, df: pl.DataFrame) -> pl.DataFrame:
    return df.select(pl.lit(key, pl.String).alias("integration_id"), pl.all())


def second_of_three(df: pl.DataFrame) -> pl.DataFrame:
    parts = zip(KEYS, [frame(), df, frame()], strict=True)
    return pl.concat([of(key, part) for key, part in parts])


# A fault is found in the frame of one answer, and among those of many integrations.
@pytest.fixture(params=["one answer", "an integration"])
def faults(request: pytest.FixtureRequest) -> Callable[[pl.DataFrame], list[str]]:
    whole = second_of_three if request.param == "an integration" else pl.DataFrame.clone
    return lambda df: list(partial_faults(whole(df)))


Faults = Callable[[pl.DataFrame], list[str]]


@given(case=cases())
def test_what_was_counted_has_no_fault(case: Case) -> None:
    stats = appointment_statistics(case.documents, timezone=case.zone)
    stats.check()
    assert not [*partial_faults(stats.frame)]
    assert not [*partial_faults(pl.concat([of(key, stats.frame) for key in KEYS]))]


# The rows of every breakdown: ads 2, mail 1, and not set (or direct) 1. The last two
# are in this order, or in the other.
@pytest.mark.parametrize("name", DIMENSIONS)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda df: df[[1, 0, 2]], ["the rows repeat or are not in order"]),
        (lambda df: df[[0, 2, 1]], ["the rows repeat or are not in order"]),
        (lambda df: df[:2], ["the counts add up to 3, not to the total of 4"]),
        (lambda df: df[:0], ["the counts add up to 0, not to the total of 4"]),
        (
            at(0, count=3),
            [
                "a row's outcomes do not add up to its count",
                "the counts add up to 5, not to the total of 4",
            ],
        ),
        (at(0, failed=0), ["a row's outcomes do not add up to its count"]),
        (at(0, unset=3), ["a row has more unset records than records"]),
        (at(0, unset=-1), ["a count is negative"]),
        (at(0, other=-1, failed=2), ["a count is negative"]),
        (at(0, unset=None), ["`unset`: has nulls"]),
        (at(0, value=None), ["`day`, `value`: 1 rows do not fit their section"]),
        (at(0, day=date(2024, 5, 1)), ["`day`, `value`: 1 rows do not fit"]),
        (at(0, value="zzz"), []),
        (at(2, value="ads"), ["a value has more than one row", "the rows repeat"]),
        (at(1, value="ads"), ["a value has more than one row"]),
        (at(0, value="mail"), ["a value has more than one row"]),
        (
            added(value="zzz", count=0, successful=0, failed=0),
            ["a row counts no record"],
        ),
        (
            added(value="zzz", count=1, successful=1, failed=0),
            ["the counts add up to 5, not to the total of 4"],
        ),
    ],
)  # fmt: skip
def test_a_broken_breakdown_shows_its_fault(
    faults: Faults, name: str, change: Change, expected: list[str]
) -> None:
    found = [
        fault.removeprefix(f"`{name}`: ") for fault in faults(changed(name, change))
    ]
    for fault, text in zip(sorted(found), expected, strict=True):
        assert fault.startswith(text)


BROKEN_TRENDS: dict[str, tuple[Change, str]] = {
    "backwards": (lambda df: df[::-1], "the rows repeat or are not in order"),
    "a day twice": (lambda df: df[[0, 0]], "the rows repeat or are not in order"),
    "no day": (at(0, day=None), "`day`, `value`: 1 rows do not fit their section"),
    "a value": (at(0, value="a"), "`day`, `value`: 1 rows do not fit their section"),
    "negative": (at(0, other=1, failed=-1), "`trends`: a count is negative"),
    "one more": (
        at(0, successful=2, count=2),
        "`trends`: the counts add up to 5, not to the total of 4",
    ),
    "a row less": (
        lambda df: df[:1],
        "`trends`: the counts add up to 2, not to the total of 4",
    ),
    "no rows": (
        lambda df: df[:0],
        "`trends`: the counts add up to 1, not to the total of 4",
    ),
    "an empty day": (
        added(day=date(2024, 5, 3), count=0, successful=0),
        "`trends`: a row counts no record",
    ),
    "unset records": (at(0, unset=1), "`trends`: only the count of this row can be set"),
    "other outcomes": (
        at(0, successful=0),
        "`trends`: a row's outcomes do not add up to its count",
    ),
    "the year 29349": (
        lambda df: df.with_columns(
            day=pl.Series([0, 10**7]).cast(pl.Int32).cast(pl.Date)
        ),
        "`trends`: a day has no beginning",
    ),
    "the year -768": (
        lambda df: df.with_columns(
            day=pl.Series([-(10**6), 0]).cast(pl.Int32).cast(pl.Date)
        ),
        "`trends`: a day has no beginning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BROKEN_TRENDS)
def test_a_broken_trend_shows_its_fault(faults: Faults, kind: str) -> None:
    change, expected = BROKEN_TRENDS[kind]
    [fault] = faults(changed("trends", change))
    assert fault.startswith(expected)


@pytest.mark.parametrize("name", ["total", "undated"])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ({"failed": 1}, "`{}`: only the count of this row can be set"),
        ({"day": date(2024, 5, 1)}, "`day`, `value`: 1 rows do not fit"),
        ({"value": "ads"}, "`day`, `value`: 1 rows do not fit their section"),
        ({"count": None}, "`count`: has nulls"),
        ({"section": "x", "value": "a"}, "`section`: 1 rows of an unknown section"),
        ({"section": None}, "`section`: 1 rows of an unknown section"),
    ],
)
def test_a_total_is_a_count_and_nothing_else(
    faults: Faults, name: str, cell: Row, expected: str
) -> None:
    [fault] = faults(changed(name, at(0, **cell)))
    assert fault.startswith(expected.format(name))


@pytest.mark.parametrize("name", ["total", "undated"])
def test_a_second_total_is_a_fault_even_where_all_sums_hold(name: str) -> None:
    nothing = at(0, count=0)
    twice = changed(name, lambda df: pl.concat([df, nothing(df)]))
    for df, of_each in (
        (twice, ""),
        (second_of_three(twice), " for each of 3 integrations"),
    ):
        found = df.filter(section=name).height
        fault = f"`section`: expected one row `{name}`{of_each}, found {found}"
        assert [*partial_faults(df)] == [fault]


BROKEN_MARKERS: dict[str, tuple[Change, str]] = {
    "none": (lambda df: df[:-1], "`section`: 3 rows of an unknown section"),
    "first": (lambda df: df[[3, 0, 1, 2]], "the rows repeat or are not in order"),
    "twice": (lambda df: df[[0, 1, 2, 3, 3]], "the rows repeat or are not in order"),
    "a day": (at(3, day=date(2024, 5, 1)), "`section`: 4 rows of an unknown section"),
    "a count": (at(3, count=1, other=1), "`section`: 4 rows of an unknown section"),
    "a value": (at(3, value="ads"), "`section`: 4 rows of an unknown section"),
    "alone": (
        lambda df: df[3:],
        "`{}`: the counts add up to 0, not to the total of 4",
    ),
    "no section": (at(3, section="x"), "`section`: 3 rows of an unknown section"),
    "a value as well": (
        at(0, value=None),
        "`day`, `value`: 1 rows do not fit their section",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FURTHER.breakdowns)
@pytest.mark.parametrize("kind", BROKEN_MARKERS)
def test_a_further_dimension_ends_with_its_marker(name: str, kind: str) -> None:
    change, expected = BROKEN_MARKERS[kind]
    faults = [*partial_faults(changed(name, change))]
    assert expected.format(name) in faults


def test_each_integration_has_the_same_further_dimensions() -> None:
    less = of(KEYS[0], frame(RecordLayout()))
    [*faults] = partial_faults(pl.concat([less, of(KEYS[1], frame())]))
    assert faults == [
        f"`{name}`: expected one marker for each of 2 integrations, found 1"
        for name in FURTHER.breakdowns
    ]


def test_a_published_dimension_has_no_marker(faults: Faults) -> None:
    zeros = dict.fromkeys(COUNTS, 0)
    marked_ = changed("source", added(value=None, **zeros))
    assert "`day`, `value`: 1 rows do not fit their section" in faults(marked_)


def test_a_day_that_begins_before_the_first_year_is_a_fault(faults: Faults) -> None:
    broken = changed("trends", at(0, day=date.min))
    assert faults(broken) == []
    there = broken.with_columns(timezone=pl.lit("Asia/Tokyo"))
    [fault] = [*partial_faults(there)]
    assert fault.startswith("`trends`: a day has no beginning")


def test_an_unknown_zone_is_a_fault() -> None:
    for whole in (frame(), AppointmentStatistics.empty().frame):
        broken = whole.with_columns(timezone=pl.lit("Mars/Base"))
        for df in (broken, of(IDS[0], broken)):
            [fault] = [*partial_faults(df)]
            assert "unknown time zone 'Mars/Base'" in fault


def test_a_total_that_nothing_adds_up_to_is_a_fault_of_all(faults: Faults) -> None:
    assert faults(changed("total", at(0, count=5))) == [
        f"`{name}`: the counts add up to 4, not to the total of 5"
        for name in ("trends", *DIMENSIONS, *FURTHER.breakdowns)
    ]


def test_undated_records_count_in_the_total(faults: Faults) -> None:
    assert faults(changed("undated", at(0, count=0))) == [
        "`trends`: the counts add up to 3, not to the total of 4"
    ]
    assert "`undated`: a count is negative" in faults(
        changed("undated", at(0, count=-1))
    )


def test_what_an_integration_lacks_another_does_not_make_good() -> None:
    less, more = (changed("total", at(0, count=count)) for count in (3, 5))
    found = [*partial_faults(pl.concat([of(IDS[2], less), of(IDS[0], more)]))]
    assert [fault.split(": ")[0] for fault in found] == [
        f"`{name}`" for name in ("trends", *DIMENSIONS, *FURTHER.breakdowns)
    ]
    no_total = frame().filter(pl.col("section") != "total")
    twice = pl.concat([frame()[:1], frame()])
    found = [*partial_faults(pl.concat([of(IDS[2], no_total), of(IDS[0], twice)]))]
    assert found == [
        "the rows repeat or are not in order",
        "`section`: expected one row `total` for each of 2 integrations, found 2",
    ]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 1, 1), (0, 0, 1)])
def test_integrations_ascend_and_come_once(order: tuple[int, ...]) -> None:
    found = [*partial_faults(pl.concat([of(KEYS[n], frame()) for n in order]))]
    assert found[0] == "the rows repeat or are not in order"


@pytest.mark.parametrize("key", [None, "", "x", "A" * 24, "0" * 25])
def test_an_id_that_no_request_could_name_is_a_fault(key: str | None) -> None:
    whole = pl.concat([of(key, frame()), of(IDS[0], frame())])
    assert [*partial_faults(whole)] == [
        "`integration_id`: 1 values are not 24 characters of 0-9a-f"
    ]


def test_no_integration_is_no_fault_and_no_answer_is_one() -> None:
    assert not [*partial_faults(of(IDS[0], frame()).clear())]
    assert [*partial_faults(frame().clear())] == [
        "`section`: expected one row `total`, found 0",
        "`section`: expected one row `undated`, found 0",
    ]


OTHER_COLUMNS: dict[str, Change] = {
    "one less": lambda df: df.drop("unset"),
    "another type": lambda df: df.cast({"count": pl.Int32}),
    "an instant for a day": lambda df: df.cast({"day": pl.Datetime}),
    "another order": lambda df: df.select(reversed(df.columns)),
    "one more": lambda df: df.with_columns(more=1),
}


@pytest.mark.parametrize("kind", OTHER_COLUMNS)
def test_a_frame_of_other_columns_is_not_examined_further(kind: str) -> None:
    broken, schema = OTHER_COLUMNS[kind](frame()), frame().schema
    [fault] = schema_faults(broken, schema)
    assert fault.startswith("not partial statistics: expected columns timezone: String")
    assert not [*schema_faults(frame(), schema)]
    with pytest.raises(InvalidRecordsError) as caught:
        AppointmentStatistics(broken).check()
    assert caught.value.faults == (fault,)


# The same rules over plain rows.


def sorts(row: Row) -> tuple[Any, ...]:
    name = row["section"]
    place = SECTIONS.index(name) if name in SECTIONS else len(SECTIONS)
    return place, name, row["day"] or date.min, -row["count"], row["value"] or ""


def is_marker(row: Row) -> bool:
    filled = [row["day"], row["value"], *(row[name] or None for name in COUNTS)]
    return row["section"] not in SECTIONS and filled == [None] * len(filled)


def is_row(row: Row) -> bool:
    section, count, unset = row["section"], row["count"], row["unset"]
    outcomes = sum(row[name] for name in OUTCOMES)
    is_trend = section == "trends"
    is_dimension = not is_trend and section not in ("total", "undated")
    return (
        min(row[name] for name in COUNTS) >= 0
        and (row["day"] is not None) == is_trend
        and (row["value"] is not None) == is_dimension
        and unset <= (count if is_dimension else 0)
        and (outcomes == count > 0 if is_dimension or is_trend else outcomes == 0)
    )


def is_answer(rows: list[Row]) -> bool:
    if any(row[name] is None for row in rows for name in (*COUNTS, "section")):
        return False
    markers = [row["section"] for row in rows if is_marker(row)]
    rows = [row for row in rows if not is_marker(row)]
    further = {row["section"] for row in rows} - {*SECTIONS}
    if sorted(set(markers)) != markers or not further <= {*markers}:
        return False
    if not all(map(is_row, rows)):
        return False
    dimensions = (*DIMENSIONS, *markers)
    names = ("total", "undated", "trends", *dimensions)
    held = {name: [row for row in rows if row["section"] == name] for name in names}
    if len(held["total"]) != 1 or len(held["undated"]) != 1:
        return False
    total, undated = held["total"][0]["count"], held["undated"][0]["count"]
    sums = {name: sum(row["count"] for row in held[name]) for name in names}
    return (
        all(sorts(one) < sorts(other) for one, other in pairwise(rows))
        and all(len({row["value"] for row in held[name]}) == len(held[name])
                for name in dimensions)
        and sums["trends"] + undated == total
        and all(sums[name] == total for name in dimensions)
    )  # fmt: skip


def are_last(rows: list[Row]) -> bool:
    """Whether each marker is the last row of its section."""
    return all(
        not is_marker(one) or one["section"] != other["section"]
        for one, other in pairwise(rows)
    )


def are_in_order(rows: list[Row]) -> bool:
    places = [
        sorts(row)[:2] if row["section"] not in SECTIONS else (0, "") for row in rows
    ]
    return places == sorted(places)


def marked(row: Row) -> str | None:
    return row["section"] if is_marker(row) else None


def is_partial(df: pl.DataFrame) -> bool:
    rows = df.rows(named=True)
    if len({row["timezone"] for row in rows}) > 1:
        return False
    if "integration_id" not in df.columns:
        return is_answer(rows) and are_last(rows) and are_in_order(rows)
    by_id = [
        (key, list(of_id)) for key, of_id in groupby(rows, lambda r: r["integration_id"])
    ]  # fmt: skip
    ids = [key for key, _ in by_id]
    return (
        all(key in IDS for key in ids)
        and ids == sorted(set(ids))
        and all(is_answer(of_id) for _, of_id in by_id)
        and all(are_last(of_id) and are_in_order(of_id) for _, of_id in by_id)
        and len({tuple(filter(None, map(marked, of_id))) for _, of_id in by_id}) <= 1
    )


CELLS: dict[str, list[object]] = {
    "integration_id": [*IDS, "x", None],
    "timezone": ["UTC", "Asia/Tokyo", None],
    "section": [*SECTIONS, *FURTHER.breakdowns, "x", None],
    "day": [None, date(2024, 4, 30), date(2024, 5, 1), date(2024, 5, 2), date.max],
    "value": [None, "", "ads", "mail", "direct", "not set", "zzz"],
    **{name: [None, -1, 0, 1, 2, 3, 4] for name in COUNTS},
}


@given(data=st.data(), each=st.booleans(), many=st.booleans())
def test_a_frame_has_a_fault_exactly_where_a_rule_is_broken(
    data: st.DataObject, *, each: bool, many: bool
) -> None:
    df = frame(data.draw(st.sampled_from([RecordLayout(), FURTHER])))
    if each:
        df = pl.concat([of(key, df) for key in (KEYS if many else KEYS[:1])])
    place = st.integers(0, df.height - 1)
    for _ in range(data.draw(st.integers(0, 2))):
        row = data.draw(place)
        match data.draw(st.sampled_from(["cell", "cell", "cell", "swap", "twice"])):
            case "cell":
                name = data.draw(st.sampled_from(df.columns))
                cell = data.draw(st.sampled_from(CELLS[name]))
                df = at(row, **{name: cell})(df)
            case "swap":
                order = list(range(df.height))
                other = data.draw(place)
                order[row], order[other] = order[other], order[row]
                df = df[order]
            case _:
                df = df[[*range(row + 1), *range(row, df.height)]]
    assert ([*partial_faults(df)] == []) == is_partial(df)


def test_the_rules_over_plain_rows_hold_for_an_answer() -> None:
    assert is_partial(frame())
    assert is_partial(frame(RecordLayout()))
    assert is_partial(pl.concat([of(key, frame()) for key in KEYS]))
    assert not is_partial(changed("total", at(0, count=5)))
    assert list(reference.DEFAULTS) == list(DIMENSIONS)
