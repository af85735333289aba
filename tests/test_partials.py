import pickle
from collections.abc import Callable, Iterator
from datetime import date
from io import BytesIO
from itertools import pairwise
from typing import Any
from weakref import ref

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.results.partials import (
    by_integration,
    checked_partial,
    merge_partials,
)
from tests.strategies import (
    IDS,
    SCOPED_SCHEMA,
    Case,
    a_part_of_the_examples,
    as_answer,
    cases,
    documents,
    frame,
    splits,
)

COLUMNS = {
    "timezone": pl.String(),
    "section": pl.String(),
    "day": pl.Date(),
    "value": pl.String(),
    "count": pl.Int64(),
    "unset": pl.Int64(),
    "successful": pl.Int64(),
    "failed": pl.Int64(),
    "other": pl.Int64(),
}
PARTIAL = pl.Schema(COLUMNS)
INTEGRATIONS = pl.Schema({"integration_id": pl.String(), **COLUMNS})


def partial() -> pl.DataFrame:
    records: list[dict[str, Any]] = [
        {"created_at": "2024-05-01T23:30:00Z", "status": "success", "source": "ads"},
        {"created_at": "2024-05-01T12:00:00Z", "status": "failed", "source": None},
        {"created_at": None, "status": "late", "source": "ads"},
    ]
    return appointment_statistics(records, timezone="Europe/Berlin").to_frame()


def parquet(df: pl.DataFrame) -> pl.DataFrame:
    file = BytesIO()
    df.write_parquet(file)
    file.seek(0)
    return pl.read_parquet(file)


def ipc(df: pl.DataFrame) -> pl.DataFrame:
    file = BytesIO()
    df.write_ipc(file)
    file.seek(0)
    return pl.read_ipc(file)


def arrow(df: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(df.to_arrow())


def test_the_tidy_frame_has_the_rows_of_each_section() -> None:
    df = partial()
    assert df.schema == COLUMNS
    assert df["timezone"].unique().to_list() == ["Europe/Berlin"]
    assert df.drop("timezone").rows() == [
        ("total", None, None, 3, 0, 0, 0, 0),
        ("undated", None, None, 1, 0, 0, 0, 0),
        ("trends", date(2024, 5, 1), None, 1, 0, 0, 1, 0),
        ("trends", date(2024, 5, 2), None, 1, 0, 1, 0, 0),
        ("source", None, "ads", 2, 0, 1, 0, 1),
        ("source", None, "not set", 1, 1, 0, 1, 0),
        ("utm_source", None, "direct", 3, 3, 1, 1, 1),
        ("utm_medium", None, "not set", 3, 3, 1, 1, 1),
        ("utm_campaign", None, "not set", 3, 3, 1, 1, 1),
    ]


def test_nothing_is_a_frame_too() -> None:
    df = AppointmentStatistics.empty("Asia/Tokyo").to_frame()
    assert df.schema == COLUMNS
    assert df.select("timezone", "section", "count").rows() == [
        ("Asia/Tokyo", "total", 0),
        ("Asia/Tokyo", "undated", 0),
    ]
    found = AppointmentStatistics.from_frame(df)
    assert found == AppointmentStatistics.empty("Asia/Tokyo")


@pytest.mark.parametrize("through", [parquet, ipc, arrow])
@a_part_of_the_examples(2)
@given(case=cases())
def test_statistics_survive_being_kept(
    through: Callable[[pl.DataFrame], pl.DataFrame], case: Case
) -> None:
    stats = case.statistics()
    found = AppointmentStatistics.from_frame(through(stats.to_frame()))
    assert found == stats
    assert found.dashboard() == stats.dashboard()
    assert found.timezone == case.zone
    assert found.to_frame().equals(stats.to_frame())
    assert_frame_equal(found.utm_campaign, stats.utm_campaign)


@a_part_of_the_examples(3)
@given(case=cases(), data=st.data())
def test_kept_parts_merge_to_the_whole(case: Case, data: st.DataObject) -> None:
    kept = [
        ipc(case._replace(documents=part).statistics().to_frame())
        for part in data.draw(splits(case.documents))
    ]
    whole = case.expected
    parts = map(AppointmentStatistics.from_frame, kept)
    assert as_answer(merge_statistics(parts)) == whole
    added = merge_partials(kept)
    assert added is not None
    assert as_answer(AppointmentStatistics.from_frame(added)) == whole


@pytest.mark.parametrize(
    "frame",
    [
        pl.DataFrame(),
        pl.DataFrame({"timezone": ["UTC"], "section": ["total"]}),
        partial().drop("day"),
        partial().with_columns(more=1),
        partial().cast({"count": pl.Int32}),
        partial().cast({"section": pl.Categorical}),
        partial().select(reversed(COLUMNS)),
    ],
    ids=lambda df: ",".join(map(str, df.schema.values())),
)
def test_a_frame_of_other_columns_is_refused(frame: pl.DataFrame) -> None:
    with pytest.raises(
        InvalidRecordsError,
        match=r"^not partial statistics: expected columns timezone: String, section: "
        r"String, day: Date, value: String, count: Int64, .*; found",
    ):
        AppointmentStatistics.from_frame(frame)


def where(section: str, /, **values: Any) -> pl.DataFrame:
    """The frame with one section changed."""
    df = partial()
    here = pl.col("section") == section
    return df.with_columns(
        pl.when(here).then(pl.lit(value, df.schema[name])).otherwise(name).alias(name)
        for name, value in values.items()
    )


NO_ROWS = partial().clear()


@pytest.mark.parametrize(
    ("frame", "faults"),
    [
        (
            NO_ROWS,
            [
                "`section`: expected one row `total`, found 0",
                "`section`: expected one row `undated`, found 0",
            ],
        ),
        (
            partial().filter(pl.col("section") != "total"),
            ["`section`: expected one row `total`, found 0"],
        ),
        (
            pl.concat([partial(), partial()]),
            [
                "`section`: expected one row `total`, found 2",
                "`section`: expected one row `undated`, found 2",
                "the rows repeat or are not in order",
            ],
        ),
        (where("source", section="x"), ["`section`: 2 rows of an unknown section"]),
        (where("source", section=None), ["`section`: 2 rows of an unknown section"]),
        (
            where("source", timezone="UTC"),
            ["`timezone`: expected one for all rows, found ['Europe/Berlin', 'UTC']"],
        ),
        (
            where("source", timezone=None),
            ["`timezone`: expected one for all rows, found ['Europe/Berlin', 'None']"],
        ),
        (
            partial().with_columns(timezone=pl.lit(None, pl.String)),
            ["`timezone`: expected one for all rows, found ['None']"],
        ),
        (where("total", count=None), ["`count`: has nulls"]),
        (where("undated", unset=None), ["`unset`: has nulls"]),
        (where("source", other=None, failed=None), ["`failed`: has nulls", "`other`: has nulls"]),
    ],
)  # fmt: skip
def test_every_fault_of_a_kept_frame_is_told(
    frame: pl.DataFrame, faults: list[str]
) -> None:
    with pytest.raises(InvalidRecordsError) as caught:
        AppointmentStatistics.from_frame(frame)
    assert list(caught.value.faults) == faults


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (where("total", count=4), r"the counts add up to 3, not to the total of 4"),
        (where("undated", count=0), r"`trends`: the counts add up to 2, not to the"),
        (where("source", value="ads"), "`source`: a value has more than one row"),
        (where("source", value=None), "`value`: 2 rows do not fit their section"),
        (where("trends", day=None), "`value`: 2 rows do not fit their section"),
        (where("trends", day=date(2024, 5, 1)), "the rows repeat or are not in order"),
        (partial()[::-1], "the rows repeat or are not in order"),
        (
            partial().with_columns(timezone=pl.lit("Mars/Base")),
            "unknown time zone 'Mars/Base'",
        ),
        (
            partial().filter(pl.col("section") != "utm_medium"),
            "`utm_medium`: the counts add up to 0, not to the total of 3",
        ),
        (where("trends", count=7), "`trends`: a row's outcomes do not add up to its"),
        (where("total", failed=1), "`total`: only the count of this row can be set"),
        (where("undated", day=date(2024, 5, 1)), "1 rows do not fit their section"),
        (where("utm_source", day=date(2024, 5, 1)), "1 rows do not fit their section"),
        (where("trends", value="ads"), "`day`, `value`: 2 rows do not fit"),
    ],
)
def test_a_kept_frame_whose_sums_no_longer_hold_is_refused(
    frame: pl.DataFrame, fault: str
) -> None:
    with pytest.raises(InvalidRecordsError, match=fault):
        AppointmentStatistics.from_frame(frame)


def test_the_sections_of_a_kept_frame_have_one_order() -> None:
    df = partial()
    turned = pl.concat(reversed(df.partition_by("section", maintain_order=True)))
    with pytest.raises(InvalidRecordsError, match="the rows repeat or are not"):
        AppointmentStatistics.from_frame(turned)


def of_each(records: pl.DataFrame) -> pl.DataFrame:
    parts = statistics_by_integration(records, timezone="Asia/Tokyo").items()
    nothing = checked_partial(INTEGRATIONS.to_frame(), INTEGRATIONS)
    return pl.concat([nothing, *(of(key, stats.to_frame()) for key, stats in parts)])


def of(key: str, df: pl.DataFrame) -> pl.DataFrame:
    return df.select(pl.lit(key).alias("integration_id"), pl.all())


@given(data=st.data())
def test_integrations_of_any_split_add_up(data: st.DataObject) -> None:
    whole = frame(data.draw(documents(scoped=True)), SCOPED_SCHEMA)
    cuts = sorted(data.draw(st.lists(st.integers(0, whole.height), max_size=3)))
    edges = [0, *cuts, whole.height]
    parts = [of_each(whole[start:stop]) for start, stop in pairwise(edges)]
    found = merge_partials(parts)
    assert found is not None
    assert_frame_equal(checked_partial(found, INTEGRATIONS), of_each(whole))


@given(data=st.data())
def test_a_frame_of_integrations_splits_into_theirs(data: st.DataObject) -> None:
    whole = frame(data.draw(documents(scoped=True)), SCOPED_SCHEMA)
    expected = statistics_by_integration(whole, timezone="Asia/Tokyo")
    found = by_integration(of_each(whole))
    assert list(found) == list(expected) == sorted(expected)
    for key, df in found.items():
        assert_frame_equal(checked_partial(df, PARTIAL), expected[key].frame)


def test_a_frame_of_integrations_is_checked() -> None:
    kept = of(IDS[0], partial())
    assert checked_partial(kept, INTEGRATIONS) is kept
    nothing = INTEGRATIONS.to_frame()
    assert checked_partial(nothing, INTEGRATIONS) is nothing
    for df, schema in ((kept, PARTIAL), (partial(), INTEGRATIONS)):
        with pytest.raises(InvalidRecordsError, match="not partial statistics"):
            checked_partial(df, schema)
    wrong = kept.with_columns(
        integration_id=pl.lit("x"), timezone=pl.lit(None, pl.String)
    )
    with pytest.raises(InvalidRecordsError) as caught:
        checked_partial(wrong, INTEGRATIONS)
    named = [fault.split(":")[0] for fault in caught.value.faults]
    assert named == ["`integration_id`", "`timezone`"]


@pytest.mark.parametrize("key", [None, IDS[0]])
def test_days_of_different_zones_do_not_add_up(key: str | None) -> None:
    parts = [
        AppointmentStatistics.empty(zone).frame for zone in ("UTC", "Asia/Tokyo", "UTC")
    ]
    frames = [of(key, df) if key else df for df in parts]
    with pytest.raises(
        InvalidRecordsError, match=r"^`timezone`: .* add up: Asia/Tokyo, UTC$"
    ):
        merge_partials(frames)


@pytest.mark.parametrize("parts", [1, 2, 3, 255, 256, 257, 2_000])
def test_any_number_of_parts_add_up_as_they_come(parts: int) -> None:
    one = appointment_statistics([{"created_at": "2024-05-01", "status": "failed"}])
    merged = merge_partials(one.frame for _ in range(parts))
    assert merged is not None
    stats = AppointmentStatistics.from_frame(merged)
    assert (stats.total, stats.source["failed"].sum()) == (parts, parts)


def test_no_part_merges_to_none_and_one_part_to_itself() -> None:
    assert merge_partials(iter([])) is None
    assert merge_statistics([]) == AppointmentStatistics.empty("UTC")
    df = partial()
    assert merge_partials(iter([df])) is df


def test_few_parts_are_in_memory_at_once() -> None:
    values = [f"campaign-{number}" for number in range(30_000)]
    records = pl.DataFrame({"created_at": None, "status": None, "source": values})
    one = appointment_statistics(records).frame
    known: list[ref[pl.DataFrame]] = []
    most = 0

    def parts() -> Iterator[pl.DataFrame]:
        nonlocal most
        for _ in range(40):
            part = one.clone()
            known.append(ref(part))
            most = max(most, sum(it() is not None for it in known))
            yield part

    merged = merge_partials(parts())
    assert merged is not None
    assert merged["count"].to_list() == [40 * n for n in one["count"]]
    assert most < 10


@given(case=cases())
def test_statistics_survive_a_pickle(case: Case) -> None:
    stats = case.statistics()
    assert pickle.loads(pickle.dumps(stats)) == stats  # noqa: S301 - its own
