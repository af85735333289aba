from collections.abc import Sequence
from datetime import date
from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import days
from stats_core.engine.filters import scope
from stats_core.records.canonical import canonical_frame
from stats_core.records.invalid import (
    invalid_value_faults,
    invalid_values,
    value_summary,
)
from stats_core.request import Request
from tests.strategies import IDS

UNITS: dict[days.TimeUnit, int] = {"ms": 10**3, "us": 10**6, "ns": 10**9}
INVALID_SCHEMA = {
    "integration_id": pl.String,
    "role": pl.String,
    "out_of_range": pl.Boolean,
    "count": pl.UInt32,
    "rows": pl.List(pl.UInt32),
    "values": pl.List(pl.String),
}


def plan(created_at: Any) -> pl.LazyFrame:
    df = pl.DataFrame({"created_at": created_at}).with_columns(status=pl.lit("x"))
    return canonical_frame(df, Request()).lf


def found(lf: pl.LazyFrame, request: Request) -> list[pl.DataFrame]:
    """The invalid values as both engines find them."""
    invalid = invalid_values(lf, request, scope(request, lf.collect_schema()))
    assert invalid.collect_schema() == INVALID_SCHEMA
    return [invalid.collect(engine=engine) for engine in ("in-memory", "streaming")]


def faults(lf: pl.LazyFrame, **options: Any) -> list[str]:
    request = Request(**options)
    listed, streamed = (
        list(invalid_value_faults([df], request)) for df in found(lf, request)
    )
    assert listed == streamed
    return listed


def of(*documents: dict[str, Any], **options: Any) -> list[str]:
    """The faults of documents."""
    plain = {"created_at": None, "status": None}
    request = Request(**options)
    lf = canonical_frame([plain | each for each in documents], request).lf
    return faults(lf, **options)


@given(
    ticks=st.lists(st.none() | st.integers(-(10**12), 10**12), max_size=30),
    unit=st.sampled_from(sorted(UNITS)),
)
def test_the_range_is_that_of_the_instants_in_whole_seconds(
    ticks: list[int | None], unit: days.TimeUnit
) -> None:
    lf = plan(pl.Series(ticks, dtype=pl.Int64).cast(pl.Datetime(unit)))
    seconds = [tick // UNITS[unit] for tick in ticks if tick is not None]
    expected = (min(seconds), max(seconds), 0) if seconds else (None, None, 0)
    assert value_summary(lf).collect().rows() == [expected]


def test_every_unit_is_tested() -> None:
    assert set(UNITS) == set(get_args(days.TimeUnit))


def test_the_range_of_nothing_is_unknown() -> None:
    nothing = canonical_frame(iter(()), Request()).lf
    for lf in (nothing, plan([None]), plan([None, " "]), plan([])):
        df = value_summary(lf).collect()
        assert df.rows() == [(None, None, 0)]
        assert df.schema == {
            "first": pl.Int64,
            "last": pl.Int64,
            "invalid": pl.UInt32,
        }


def test_the_invalid_values_of_all_roles_are_counted() -> None:
    texts = ["1969-12-31T23:59:59.5Z", "soon", "2024-05-01", None, "", " \u200b", "0"]
    assert value_summary(plan(texts)).collect().rows() == [(-1, 1_714_521_600, 2)]
    documents: list[dict[str, Any]] = [
        {"created_at": text, "status": [], "source": 1.5, "utm_source": "ads"}
        for text in texts
    ]
    lf = canonical_frame(documents, Request()).lf
    assert value_summary(lf).collect()["invalid"].to_list() == [2 + 7 + 7]


def test_invalid_instants_are_found_with_their_rows() -> None:
    texts = ["2024-05-01", "soon", None, " ", "0000-12-31", "9999-12-31T23:59:59-01:00"]
    # What is no instant in any zone, and what has no day in this one.
    assert faults(plan(texts)) == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 1)",
        (
            "`created_at`: 2 values are not on a day of the years 1 to 9999 in UTC: "
            "0000-12-31T00:00:00Z (row 4), +10000-01-01T00:59:59Z (row 5)"
        ),
    ]


def test_valid_values_have_no_fault() -> None:
    ends = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
    assert faults(plan(ends)) == []
    [fault] = faults(plan([*ends, "soon"]))
    assert fault.endswith(" 1 values are not ISO 8601 date-times: 'soon' (row 2)")
    assert faults(plan(["2024-05-01", None, " "])) == []
    assert faults(plan([date.min, date.max])) == []
    assert faults(canonical_frame([], Request()).lf) == []
    assert of({"source": 5.0}, {"source": float("nan")}, {"source": True}) == []


def test_instants_that_were_no_text_are_named_by_their_row() -> None:
    at = pl.Series([0, 10**15], dtype=pl.Datetime("ms"))
    assert faults(plan(at)) == [
        "`created_at`: 1 values are not on a day of the years 1 to 9999 in UTC: row 1"
    ]


@pytest.mark.parametrize(
    ("zone", "rows"), [("UTC", []), ("Asia/Tokyo", [0, 3]), ("Etc/GMT+12", [0])]
)
def test_what_is_out_of_range_depends_on_the_zone(zone: str, rows: list[int]) -> None:
    texts = ["0001-01-01", "0001-01-02", "9999-12-31", "9999-12-31T15:00:00Z"]
    listed = faults(plan(texts), timezone=zone)
    written = [*(f"{text}T00:00:00Z" for text in texts[:3]), texts[3]]
    named = ", ".join(f"{written[row]} (row {row})" for row in rows)
    start = f"`created_at`: {len(rows)} values are not on a day of the years 1 to 9999"
    assert listed == ([f"{start} in {zone}: {named}"] if rows else [])


def test_every_role_has_its_own_fault_under_the_name_of_its_column() -> None:
    layout = {"status": "state", "utm_source": "config.utm_source", "source": "x.y"}
    documents: list[dict[str, Any]] = [
        {"created_at": 1, "state": b"a", "x": {"y": [1]}},
        {"created_at": "soon", "state": {}, "config": {"utm_source": 1.5}},
        {"created_at": 2.5, "state": "a", "config": {"utm_source": "\ud800"}},
    ]
    assert sorted(of(*documents, layout=layout)) == [
        "`config.utm_source`: 2 values are not text: 1.5 (row 1), '\\ud800' (row 2)",
        "`created_at`: 3 values are not ISO 8601 date-times: 1 (row 0), 'soon' (row 1), 2.5 (row 2)",
        "`state`: 2 values are not text: b'a' (row 0), {} (row 1)",
        "`x.y`: 1 values are not text: [1] (row 0)",
    ]


A, B = IDS[0], IDS[1]
OF_TWO: list[dict[str, Any]] = [
    {"integration_id": A, "source": [1]},
    {"integration_id": B, "source": {"b": 2}, "created_at": "of B"},
    {"integration_id": None, "source": [3], "created_at": "of none"},
    {"integration_id": A, "status": 0.5},
]


def test_only_values_within_the_scope_are_examined() -> None:
    assert of(*OF_TWO, integration_id=A) == [
        "`source`: 1 values are not text: [1] (row 0)",
        "`status`: 1 values are not text: 0.5 (row 3)",
    ]
    assert of(*OF_TWO, integration_id=B) == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'of B' (row 1)",
        "`source`: 1 values are not text: {'b': 2} (row 1)",
    ]
    assert of(*OF_TWO, integration_id=IDS[2]) == []
    texts = pl.Series(["soon", "2024-05-01", "later", "0000-12-31", "never"])
    lf = plan(texts).with_columns(integration_id=pl.Series([B, A, A, B, None]))
    assert faults(lf, integration_id=A) == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'later' (row 2)"
    ]
    assert len(faults(lf)) == 2


def test_each_integration_has_its_own_faults() -> None:
    assert of(*OF_TWO, by_integration=True) == [
        f"integration {A}: `source`: 1 values are not text: [1] (row 0)",
        f"integration {A}: `status`: 1 values are not text: 0.5 (row 3)",
        f"integration {B}: `created_at`: 1 values are not ISO 8601 date-times: 'of B' (row 1)",
        f"integration {B}: `source`: 1 values are not text: {{'b': 2}} (row 1)",
    ]


def test_an_id_that_is_no_text_is_a_fault_only_where_each_integration_is_counted() -> (
    None
):
    documents: list[dict[str, Any]] = [{"integration_id": ["a"]}, {"integration_id": A}]
    assert of(*documents, by_integration=True) == [
        "`integration_id`: 1 values are not text: ['a'] (row 0)"
    ]
    assert of(*documents, integration_id=A) == []


def test_of_very_many_faults_the_first_are_named() -> None:
    [fault] = faults(plan(["2024-05-01", *["soon"] * 100_000]))
    assert fault.startswith("`created_at`: 100000 values are not")
    rows = ", ".join(f"'soon' (row {row})" for row in range(1, 6))
    assert fault.endswith(f"date-times: {rows}")


@pytest.mark.parametrize("sizes", [[9], [1, 8], [3, 3, 3], [5, 0, 4]])
def test_the_faults_of_batches_are_those_of_the_whole(sizes: Sequence[int]) -> None:
    request = Request()
    documents: list[dict[str, Any]] = [
        {"created_at": f"x{n}", "status": [n], "source": n % 4 + 0.5 if n % 2 else 1}
        for n in range(9)
    ]
    whole = canonical_frame(documents, request).lf
    parts, first = [], 0
    for size in sizes:
        rows = documents[first : first + size]
        lf = canonical_frame(rows, request).lf.with_row_index("row", first)
        parts.append(found(lf, request)[0])
        first += size
    listed = sorted(faults(whole))
    assert sorted(invalid_value_faults(parts, request)) == listed
    assert listed[0].startswith("`created_at`: 9 values ")
    assert listed[0].endswith(", 'x4' (row 4)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 99, f"'{'x' * 39}"),
        ("a\nb\r\x1b[31m", "'a\\nb\\r\\x1b[31m'"),
        ("\u2028\u202e\u200b-", "'\\u2028\\u202e\\u200b-'"),
        ("\u05d0\u00e9", "'\u05d0\u00e9'"),
    ],
)
def test_a_value_is_shortened_and_on_one_line(text: str, expected: str) -> None:
    [fault] = faults(plan([text]))
    assert fault.endswith(f": {expected} (row 0)")
