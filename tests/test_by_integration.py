from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import InvalidRecordsError
from stats_core.engine import by_integration, integration_keys
from stats_core.engine.counting import count
from stats_core.engine.sums import add_up
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from stats_core.schema import (
    BY_INTEGRATION_SCHEMA,
    DIMENSIONS,
    OUTCOMES,
    PARTIAL_SCHEMA,
)
from tests import reference
from tests.strategies import (
    IDS,
    SCOPED_SCHEMA,
    documents,
    frame,
    further,
    statuses,
    texts,
)

REQUEST = Request(by_integration=True)
NOTHING = integration_keys.nothing(REQUEST)
NAMES = ("integration_id", "status", *DIMENSIONS)
KEYS = ("day", *DIMENSIONS)
SCHEMA = dict.fromkeys(NAMES, pl.String) | {"day": pl.Date}
MAX_INTEGRATIONS = 2**29
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "integration_id": st.sampled_from([*IDS, None]),
            "status": statuses(),
            **dict.fromkeys(DIMENSIONS, st.none() | texts()),
            "day": st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31)),
        }
    ),
    max_size=30,
)


def coded(
    rows: Sequence[dict[str, Any]], codes: integration_keys.Codes
) -> pl.DataFrame:
    lf = pl.LazyFrame(rows, SCHEMA, orient="row")
    return integration_keys.coded(lf, codes).collect()


def grouped(df: pl.DataFrame, codes: integration_keys.Codes) -> list[pl.DataFrame]:
    return integration_keys.preaggregate(df, codes, REQUEST)


def alone(records: pl.DataFrame, key: str, **options: Any) -> pl.DataFrame:
    """The partial frame of one integration, with its id."""
    request = Request(integration_id=key, **options)
    df = count(canonical_frame(records, request), request)
    return df.select(pl.lit(key).alias("integration_id"), *df.columns)


@given(rows=ROWS)
def test_rows_without_an_integration_are_left_out(rows: list[dict[str, Any]]) -> None:
    codes = integration_keys.new_codes(REQUEST)
    df = coded(rows, codes)
    assert df.columns == [*NAMES, "day"]
    assert df.drop("day").dtypes == [codes[name].dtype for name in NAMES]
    kept = [row for row in rows if row["integration_id"] is not None]
    assert df.with_columns(pl.col(NAMES).cast(pl.String)).to_dicts() == [
        {name: row[name] for name in df.columns} for row in kept
    ]


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Categorical(), pl.Enum(IDS)], ids=str
)
def test_text_of_any_type_is_coded_alike(dtype: pl.DataType) -> None:
    columns = dict.fromkeys(NAMES, pl.Series([*IDS, None], dtype=dtype))
    lf = pl.LazyFrame(columns).with_columns(day=pl.lit(None, pl.Date))
    df = integration_keys.coded(lf, integration_keys.new_codes(REQUEST)).collect()
    assert df["source"].cast(pl.String).to_list() == list(IDS)


def test_each_answer_has_codes_of_its_own() -> None:
    one, other = (
        integration_keys.new_codes(REQUEST),
        integration_keys.new_codes(REQUEST),
    )
    assert list(one) == list(other) == [*NAMES, "label"]
    dtypes = [codes[name].dtype for codes in (one, other) for name in codes]
    assert all(a != b for n, a in enumerate(dtypes) for b in dtypes[:n])


@given(rows=ROWS)
def test_groups_are_counted_by_ascending_keys(rows: list[dict[str, Any]]) -> None:
    codes = integration_keys.new_codes(REQUEST)
    df = coded(rows, codes)
    found = grouped(df, codes)
    assert len(found) == len(KEYS)
    for groups, nothing in zip(found, NOTHING, strict=True):
        assert groups.schema == nothing.schema == {"key": pl.UInt64, "count": pl.Int64}
        keys = groups["key"].to_list()
        assert keys == sorted(set(keys))
        assert groups["count"].sum() == df.height
        assert (groups["count"] > 0).all()


@given(rows=ROWS)
def test_a_key_tells_integration_label_default_and_outcome_apart(
    rows: list[dict[str, Any]],
) -> None:
    codes = integration_keys.new_codes(REQUEST)
    df = coded(rows, codes)
    kept = [row for row in rows if row["integration_id"] is not None]
    for name, groups in zip(KEYS, grouped(df, codes), strict=True):
        expected: Counter[tuple[object, ...]] = Counter()
        for row in kept:
            value = row[name] if name == "day" else reference.trim(row[name] or "")
            place = value if name == "day" else value or reference.DEFAULTS[name]
            unset = name != "day" and not value
            how = reference.outcome(row["status"])
            expected[row["integration_id"], place, unset, how] += 1
        assert sorted(groups["count"]) == sorted(expected.values())
        bits: Counter[tuple[bool, str]] = Counter()
        for key, number in groups.rows():
            bits[bool(key >> 2 & 1), OUTCOMES[key & 3]] += number
        wanted: Counter[tuple[object, ...]] = Counter()
        for (_, _, *flags), number in expected.items():
            wanted[tuple(flags)] += number
        assert bits == wanted


@given(parts=st.lists(ROWS, min_size=1, max_size=3))
def test_runs_of_several_batches_are_summed_by_key(
    parts: list[list[dict[str, Any]]],
) -> None:
    codes = integration_keys.new_codes(REQUEST)
    groups = [grouped(coded(rows, codes), codes) for rows in parts]
    found = add_up([NOTHING, *groups], integration_keys.sum_runs)
    for place, df in enumerate(found):
        stacked = pl.concat([part[place] for part in groups])
        expected = stacked.group_by("key").agg(pl.col("count").sum()).sort("key")
        assert_frame_equal(df, expected)


@pytest.mark.parametrize("many", [False, True])
def test_no_batch_but_its_groups_are_kept(*, many: bool) -> None:
    rows = [
        dict.fromkeys(DIMENSIONS, f"{n if many else n % 2}")
        | {"integration_id": IDS[n % 3], "status": "success"}
        | {"day": date(2024, 5, n % 3 + 1)}
        for n in range(60)
    ]
    codes = integration_keys.new_codes(REQUEST)
    whole = coded(rows, codes)
    parts = [grouped(whole[start : start + 2], codes) for start in range(0, 60, 2)]
    kept = add_up(parts, integration_keys.sum_runs)
    for some, once in zip(kept, grouped(whole, codes), strict=True):
        assert_frame_equal(some, once)
    assert [df.height for df in kept] == [3, *[60 if many else 6] * 4]


@given(
    rows=ROWS.map(lambda rows: [row | {"day": None} for row in rows]), data=st.data()
)
def test_the_partial_frame_lists_each_integration_as_if_counted_alone(
    rows: list[dict[str, Any]], data: st.DataObject
) -> None:
    records = [dict(row) for row in rows]
    for record in records:
        record.pop("day")
        record["created_at"] = data.draw(
            st.sampled_from([None, "2024-05-01", "0002-01-01"])
        )
    df = pl.DataFrame(records, dict.fromkeys((*NAMES, "created_at"), pl.String))
    check_each_alone(df, timezone="America/New_York")


@given(records=documents("Asia/Kathmandu", scoped=True), further=further())
def test_each_integration_equals_counting_it_alone(
    records: list[dict[str, Any]], further: dict[str, str]
) -> None:
    df = frame(records, SCOPED_SCHEMA)
    layout = {"breakdowns": further}
    check_each_alone(df, timezone="Asia/Kathmandu", layout=layout)


def check_each_alone(df: pl.DataFrame, **options: Any) -> None:
    request = Request(by_integration=True, **options)
    found = count(canonical_frame(df, request), request)
    keys = sorted(df["integration_id"].drop_nulls().unique())
    nothing = BY_INTEGRATION_SCHEMA.to_frame()
    expected = pl.concat([nothing, *(alone(df, key, **options) for key in keys)])
    assert_frame_equal(found, expected)


def test_nothing_has_an_empty_partial_frame() -> None:
    codes = integration_keys.new_codes(REQUEST)
    found = by_integration.partial_frame(NOTHING, codes, REQUEST)
    assert found.is_empty()
    assert list(found.schema.items()) == list(BY_INTEGRATION_SCHEMA.items())
    assert found.drop("integration_id").schema == PARTIAL_SCHEMA


def test_days_of_the_whole_calendar_fit_into_a_key() -> None:
    days = [date.min, date(1969, 12, 31), date(1970, 1, 1), date.max, None]
    codes = integration_keys.new_codes(REQUEST)
    row = dict.fromkeys(("status", *DIMENSIONS)) | {"integration_id": IDS[0]}
    groups = grouped(coded([row | {"day": day} for day in days], codes), codes)
    found = by_integration.partial_frame(groups, codes, REQUEST)
    assert found.filter(section="trends")["day"].to_list() == days[:-1]
    assert found.filter(section="undated")["count"].to_list() == [1]


def test_codes_of_other_batches_are_no_labels() -> None:
    codes = integration_keys.new_codes(REQUEST)
    rows = [
        dict.fromkeys(("status", "day", *DIMENSIONS))
        | {"integration_id": key, "source": key}
        for key in IDS
    ]
    whole = coded(rows, codes)
    found = by_integration.partial_frame(grouped(whole[1:2], codes), codes, REQUEST)
    assert found["integration_id"].unique().to_list() == [IDS[1]]
    assert found.filter(section="source")["value"].to_list() == [IDS[1]]


@pytest.mark.parametrize("keys", [["ALL"], ["ALL", "", "x" * 99], list("fedcba")])
def test_an_id_that_no_request_could_name_is_a_fault(keys: list[str]) -> None:
    rows = [
        dict.fromkeys(("status", "day", *DIMENSIONS)) | {"integration_id": key}
        for key in (*keys, IDS[0], *keys)
    ]
    codes = integration_keys.new_codes(REQUEST)
    groups = grouped(coded(rows, codes), codes)
    with pytest.raises(InvalidRecordsError) as caught:
        by_integration.partial_frame(groups, codes, REQUEST)
    [fault] = caught.value.faults
    examples = ", ".join(f"{key!r:.40}" for key in sorted(keys)[:5])
    assert fault == (
        f"`integration_id`: {len(keys)} values are not 24 characters of 0-9a-f: "
        f"{examples}"
    )


def numbered(integration: int) -> tuple[pl.DataFrame, integration_keys.Codes]:
    """A batch of one record whose integration has this code."""
    codes = integration_keys.new_codes(REQUEST)
    row = dict.fromkeys(("status", "day", *DIMENSIONS)) | {"integration_id": IDS[0]}
    number = pl.lit(integration, pl.UInt32).alias("integration_id")
    return coded([row], codes).with_columns(number), codes


def test_a_key_holds_the_greatest_integration() -> None:
    for groups in grouped(*numbered(MAX_INTEGRATIONS - 1)):
        [key] = groups["key"]
        assert key >> 35 == MAX_INTEGRATIONS - 1


def test_more_integrations_than_a_key_can_hold_are_a_fault() -> None:
    with pytest.raises(InvalidRecordsError) as caught:
        grouped(*numbered(MAX_INTEGRATIONS))
    assert caught.value.faults == (
        "`integration_id`: expected at most 536870912 to count each, found 536870913",
    )
