from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    appointment_statistics,
    merge_statistics,
)
from stats_core.partials import added_up
from tests.strategies import (
    Case,
    a_part_of_the_examples,
    as_answer,
    cases,
    counted,
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
    stats = counted(case.documents, case.zone)
    found = AppointmentStatistics.from_frame(through(stats.to_frame()))
    assert found == stats
    assert found.dashboard() == stats.dashboard()
    assert found.timezone == case.zone
    assert_frame_equal(found.utm_campaign, stats.utm_campaign)


@a_part_of_the_examples(3)
@given(case=cases(), data=st.data())
def test_kept_parts_merge_to_the_whole(case: Case, data: st.DataObject) -> None:
    kept = [
        ipc(counted(part, case.zone).to_frame())
        for part in data.draw(splits(case.documents))
    ]
    whole = Case(case.documents, {}, case.zone).expected
    parts = map(AppointmentStatistics.from_frame, kept)
    assert as_answer(merge_statistics(parts)) == whole
    added = AppointmentStatistics.from_frame(added_up(kept))
    assert as_answer(added) == whole


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
                "`timezone`: expected one for all rows, found []",
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
            ],
        ),
        (where("source", section="x"), ["`section`: 2 rows of no section of statistics"]),
        (where("source", section=None), ["`section`: 2 rows of no section of statistics"]),
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
        (where("total", count=None), ["`count`: holds nulls"]),
        (where("undated", unset=None), ["`unset`: holds nulls"]),
        (where("source", other=None, failed=None), ["`failed`: holds nulls", "`other`: holds nulls"]),
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
        (where("undated", count=0), r"the outcomes add up to 2, not to the 3 dated"),
        (where("source", value="ads"), "`source`: a value has more than one row"),
        (where("source", value=None), "`source`: holds nulls"),
        (where("trends", day=None), "`trends`: holds nulls"),
        (where("trends", day=date(2024, 5, 1)), "`trends`: the days repeat"),
        (partial()[::-1], "`source`: not in order"),
        (
            partial().with_columns(timezone=pl.lit("Mars/Base")),
            "unknown time zone 'Mars/Base'",
        ),
        (
            partial().filter(pl.col("section") != "utm_medium"),
            "`utm_medium`: the counts add up to 0, not to the total of 3",
        ),
    ],
)
def test_a_kept_frame_whose_sums_no_longer_hold_is_refused(
    frame: pl.DataFrame, fault: str
) -> None:
    with pytest.raises(InvalidRecordsError, match=fault):
        AppointmentStatistics.from_frame(frame)


@pytest.mark.parametrize(
    "frame",
    [
        where("trends", count=7),
        where("total", failed=1),
        where("undated", day=date(2024, 5, 1)),
        where("utm_source", day=date(2024, 5, 1)),
        where("trends", value="ads"),
    ],
)
def test_a_kept_frame_that_says_more_than_statistics_do_is_refused(
    frame: pl.DataFrame,
) -> None:
    with pytest.raises(InvalidRecordsError, match="rows are not those of `to_frame`"):
        AppointmentStatistics.from_frame(frame)


def test_the_order_of_sections_does_not_matter() -> None:
    df = partial()
    turned = pl.concat(reversed(df.partition_by("section", maintain_order=True)))
    assert AppointmentStatistics.from_frame(turned).to_frame().equals(df)
