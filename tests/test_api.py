import copy
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, strategies as st
from polars.testing import assert_frame_equal
from pydantic import ValidationError

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.errors import UnknownTimezoneError
from tests import reference
from tests.strategies import (
    EDGE_DAYS,
    IDS,
    SCOPED_SCHEMA,
    Case,
    Document,
    a_part_of_the_examples,
    as_answer,
    cases,
    documents,
    frame,
)


def at(text: str, **fields: object) -> Document:
    blank: Document = dict.fromkeys(
        ("appointment_type", "source", "utm_source", "utm_medium", "utm_campaign")
    )
    instant = datetime.fromisoformat(text)
    return {"created_at": instant, "status": "success", **blank, **fields}


@pytest.mark.parametrize("records", [[], iter([]), pl.DataFrame(schema=SCOPED_SCHEMA)])
def test_no_records_are_an_empty_answer(records: Any) -> None:
    key = None if not isinstance(records, pl.DataFrame) else IDS[0]
    stats = appointment_statistics(
        records,
        StatisticsQuery(appointment_type="NP", search="ana", start="2024-05-01"),
        integration_id=key,
        timezone="Asia/Tokyo",
    )
    assert stats == AppointmentStatistics.empty("Asia/Tokyo")


def test_no_documents_have_no_integration() -> None:
    assert statistics_by_integration([]) == {}
    assert appointment_statistics([], integration_id=IDS[0]).total == 0


def test_an_unknown_id_is_an_empty_answer() -> None:
    df = frame([], SCOPED_SCHEMA)
    assert appointment_statistics(df, integration_id="f" * 24).total == 0
    enum = pl.DataFrame(
        {"created_at": [None], "status": [None]},
    ).with_columns(integration_id=pl.Series([IDS[0]], dtype=pl.Enum([IDS[0]])))
    assert appointment_statistics(enum, integration_id="f" * 24).total == 0
    assert appointment_statistics(enum, integration_id=IDS[0]).total == 1


def test_forgetting_the_integration_raises() -> None:
    with pytest.raises(
        InvalidRecordsError, match=r"`integration_id`.*say whose to count"
    ):
        appointment_statistics(frame([], SCOPED_SCHEMA))


def test_an_integration_that_no_record_carries_raises() -> None:
    records = [{"created_at": None, "status": None}]
    with pytest.raises(InvalidRecordsError, match="`integration_id`: absent"):
        appointment_statistics(records, integration_id=IDS[0])
    with pytest.raises(InvalidRecordsError, match="`integration_id`: absent"):
        statistics_by_integration(records)


@pytest.mark.parametrize(
    "key",
    ["", "all", IDS[0].upper(), IDS[0][:-1], IDS[0] + "0", IDS[0] + "\n", "\ud800", 7],
)
def test_a_malformed_id_is_a_validation_error(key: Any) -> None:
    with pytest.raises(ValidationError, match="integration_id"):
        appointment_statistics(frame([], SCOPED_SCHEMA), integration_id=key)


def test_malformed_ids_among_the_records_raise() -> None:
    keys = [IDS[0], "ALL", "", None]
    records = [{"created_at": None, "status": None, "integration_id": k} for k in keys]
    with pytest.raises(
        InvalidRecordsError, match=r"`integration_id`: 2 values.*'', 'ALL'"
    ):
        statistics_by_integration(records)


@pytest.mark.parametrize(
    "columns",
    [
        {"status": pl.Boolean},
        {"status": pl.Categorical, "source": pl.Categorical},
        {"integration_id": pl.Enum(sorted(IDS)), "source": pl.Enum(["ads", " ads"])},
        {"status": pl.Null, "utm_source": pl.Null, "created_at": pl.Null},
        {"created_at": pl.String},
    ],
)
def test_a_scan_counts_each_integration_as_its_frame_does(
    columns: dict[str, Any],
) -> None:
    rows = [
        at(f"2024-05-0{n % 3 + 1}T12:00Z", integration_id=IDS[n % 2]) for n in range(9)
    ]
    df = pl.DataFrame(rows).with_columns(
        status=pl.Series([True, False, None] * 3).cast(pl.String),
        source=pl.Series(["ads", " ads", None] * 3),
    )
    if columns.get("status") == pl.Boolean:
        df = df.with_columns(status=pl.col("status") == "true")
    df = df.with_columns(
        pl.lit(None, dtype).alias(name)
        if dtype == pl.Null
        else pl.col(name).cast(dtype)
        for name, dtype in columns.items()
        if dtype != pl.Boolean
    )
    many = statistics_by_integration(df.lazy(), timezone="America/New_York")
    assert many == statistics_by_integration(df, timezone="America/New_York")
    assert sum(stats.total for stats in many.values()) == 9


def test_types_match_exactly() -> None:
    records = [
        at("2024-05-01T00:00:00+00:00", appointment_type=kind)
        for kind in ("NP", "np", "NP ", None, "F/U")
    ]
    assert (
        appointment_statistics(records, StatisticsQuery(appointment_type="NP")).total
        == 1
    )
    assert appointment_statistics(records).total == 5


@pytest.mark.parametrize(
    "kinds",
    [
        pl.Series(["np", None], dtype=pl.Enum(["np"])),
        pl.Series([None, None], dtype=pl.Enum([])),
        pl.Series(["np", None], dtype=pl.Categorical()),
    ],
    ids=lambda kinds: str(kinds.dtype),
)
def test_a_type_that_is_no_category_is_the_type_of_no_record(kinds: pl.Series) -> None:
    df = pl.DataFrame({"created_at": None, "status": None, "appointment_type": kinds})
    query = StatisticsQuery(appointment_type="NP")
    for records in (df, df.lazy()):
        assert appointment_statistics(records, query).total == 0
        assert appointment_statistics(records).total == 2


@pytest.mark.parametrize(("zone", "day"), EDGE_DAYS)
def test_a_window_of_one_edge_day_holds_just_its_records(zone: str, day: date) -> None:
    first = reference.as_datetime(reference.first_instant(day, zone))
    records = [
        {"created_at": datetime.fromtimestamp(first.timestamp() + 1800 * n, UTC)}
        | {"status": "success"}
        for n in range(-60, 108)
    ]
    ask = {"start": day, "end": day}
    stats = appointment_statistics(
        records, StatisticsQuery.model_validate(ask), timezone=zone
    )
    assert as_answer(stats) == reference.answer(records, ask, timezone=zone)


def test_a_skipped_date_holds_nothing() -> None:
    query = StatisticsQuery(start="2011-12-30", end="2011-12-30")
    records = [at(f"2011-12-30T{hour:02}:00:00+00:00") for hour in range(24)]
    assert appointment_statistics(records, query, timezone="Pacific/Apia").total == 0


def test_a_date_left_and_entered_again_is_one_day() -> None:
    records = [
        at("2006-10-29T02:30:30+00:00"),  # 00:00:30 on the 29th
        at("2006-10-29T02:31:00+00:00"),  # 23:01 on the 28th, again
        at("2006-10-29T03:30:00+00:00"),  # 00:00 on the 29th, again
    ]
    stats = appointment_statistics(records, timezone="America/St_Johns")
    assert stats.trends.rows() == [
        (date(2006, 10, 28), 1, 0, 0),
        (date(2006, 10, 29), 2, 0, 0),
    ]
    first = stats.dashboard().trends[1].id
    assert first == datetime(2006, 10, 29, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("Africa/Cairo", "2025-04-25", "2025-04-24T22:00:00Z"),
        ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"),
        ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
        ("America/New_York", "2024-03-10", "2024-03-10T05:00:00Z"),
        ("Asia/Kathmandu", "2024-05-01", "2024-04-30T18:15:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_trend_is_named_by_the_first_instant_of_its_day(
    zone: str, day: str, first: str
) -> None:
    noon = datetime.fromisoformat(first).timestamp() + 43_200
    records = [{"created_at": datetime.fromtimestamp(noon, UTC), "status": "failed"}]
    stats = appointment_statistics(records, timezone=zone)
    assert stats.trends["day"].to_list() == [date.fromisoformat(day)]
    found = stats.dashboard().model_dump(mode="json", by_alias=True)
    assert found["trends"] == [{"_id": first, "successful": 0, "failed": 1}]


def test_an_inclusive_end_in_milliseconds_ends_there() -> None:
    query = StatisticsQuery(
        start="2024-05-01T00:00:00Z", end="2024-05-01T23:59:59.999Z"
    )
    records = [
        at("2024-04-30T23:59:59.999999+00:00", source="before"),
        at("2024-05-01T00:00:00+00:00", source="start"),
        at("2024-05-01T23:59:59.999000+00:00", source="end"),
        at("2024-05-01T23:59:59.999500+00:00", source="after"),
    ]
    stats = appointment_statistics(records, query)
    assert sorted(stats.source["value"]) == ["end", "start"]


def test_an_inclusive_end_ends_with_its_own_nanosecond() -> None:
    end = 1_714_607_999_999 * 10**6
    near = [end - 10**6, end, end + 1, end + 1_000, end + 10**6]
    instants = pl.Series(near).cast(pl.Datetime("ns", "UTC"))
    df = pl.DataFrame({"created_at": instants, "status": "success"})
    for text, total in (("23:59:59.999", 2), ("23:59:59.999001", 4)):
        query = StatisticsQuery(end=f"2024-05-01T{text}Z")
        for records in (df, df.lazy()):
            assert appointment_statistics(records, query).total == total


@pytest.mark.parametrize(("zone", "day"), EDGE_DAYS)
def test_a_window_of_one_edge_day_is_exact_in_nanoseconds(zone: str, day: date) -> None:
    ask = {"start": day, "end": day}
    first, last = reference.bounds(ask, zone)
    assert first is not None
    assert last is not None
    steps = (-(10**9), -1_000, -1, 0, 1, 1_000)
    near = [edge + step for edge in (first, last + 1) for step in steps]
    instants = pl.Series(near).cast(pl.Datetime("ns", "UTC"))
    df = pl.DataFrame({"created_at": instants, "status": "success"})
    texts = [{"created_at": reference.zulu(at), "status": "success"} for at in near]
    expected = reference.answer(texts, ask, timezone=zone)
    assert expected.total == (6 if first < last else 0)  # of Apia's there is none
    for records in (df, df.lazy()):
        stats = appointment_statistics(
            records, StatisticsQuery.model_validate(ask), timezone=zone
        )
        assert as_answer(stats) == expected


def test_yesterday_does_not_contain_today() -> None:
    records = [at("2024-05-02T04:00:00+00:00"), at("2024-05-02T03:59:59.999999+00:00")]
    query = StatisticsQuery(start="2024-05-01", end="2024-05-01")
    stats = appointment_statistics(records, query, timezone="America/New_York")
    assert stats.trends.rows() == [(date(2024, 5, 1), 1, 0, 0)]


def test_three_local_days_are_three() -> None:
    records = [at(f"2024-05-0{day}T{hour}:30:00+00:00") for day in (1, 2, 3, 4, 5)
               for hour in ("00", "12", "23")]  # fmt: skip
    query = StatisticsQuery(start="2024-05-02", end="2024-05-04")
    stats = appointment_statistics(records, query, timezone="America/Los_Angeles")
    assert stats.trends["day"].to_list() == [date(2024, 5, day) for day in (2, 3, 4)]
    assert stats.total == stats.trends["successful"].sum()


@pytest.mark.parametrize(
    "zone", ["UTC", "Asia/Tokyo", "America/New_York", "Etc/GMT-14"]
)
def test_the_widest_window_of_dates_holds_all(zone: str) -> None:
    records = [at("0002-01-01T00:00:00+00:00"), at("9998-12-31T00:00:00+00:00")]
    query = StatisticsQuery(start=date.min, end=date.max)
    assert appointment_statistics(records, query, timezone=zone).total == 2


def test_the_first_and_the_last_year_count() -> None:
    records = [
        at("0001-01-01T00:00:00+00:00"),
        at("9999-12-31T23:59:59.999999+00:00"),
        at("1969-12-31T23:59:59.999999+00:00"),
    ]
    stats = appointment_statistics(records)
    assert stats.trends["day"].to_list() == [
        date(1, 1, 1),
        date(1969, 12, 31),
        date(9999, 12, 31),
    ]
    ids = [item["_id"] for item in stats.dashboard().model_dump(mode="json", by_alias=True)["trends"]]  # fmt: skip
    assert ids == ["0001-01-01T00:00:00Z", "1969-12-31T00:00:00Z", "9999-12-31T00:00:00Z"]  # fmt: skip


# The first and the last microsecond that have a day: their local date, and its first
# instant in UTC, are in the years 1 to 9999. Then the day of January of the first.
CALENDAR = {
    "UTC": ("0001-01-01T00:00", "9999-12-31T23:59:59.999999", 1),
    "Asia/Tokyo": ("0001-01-01T14:41:01", "9999-12-31T14:59:59.999999", 2),
    "Etc/GMT-14": ("0001-01-01T10:00", "9999-12-31T09:59:59.999999", 2),
    "Etc/GMT+12": ("0001-01-01T12:00", "9999-12-31T23:59:59.999999", 1),
    "America/New_York": ("0001-01-01T04:56:02", "9999-12-31T23:59:59.999999", 1),
    "Australia/Sydney": ("0001-01-01T13:55:08", "9999-12-31T12:59:59.999999", 2),
}


@pytest.mark.parametrize("zone", CALENDAR)
def test_the_calendar_of_a_zone_ends_with_its_local_dates(zone: str) -> None:
    first, last, first_day = CALENDAR[zone]
    stats = appointment_statistics([at(first), at(last)], timezone=zone)
    days = [date(1, 1, first_day), date(9999, 12, 31)]
    assert stats.trends["day"].to_list() == days
    for text, step in ((first, -1), (last, 1)):
        try:
            beyond = datetime.fromisoformat(text) + timedelta(microseconds=step)
        except OverflowError:  # in UTC, too, the calendar ends there
            continue
        with pytest.raises(
            InvalidRecordsError, match=rf"1 values .* 1 to 9999 in {re.escape(zone)}: "
        ):
            appointment_statistics(
                [{"created_at": beyond, "status": "x"}], timezone=zone
            )


@pytest.mark.parametrize(
    ("zone", "text"),
    [
        ("Asia/Tokyo", "0001-01-01T00:00:00+00:00"),
        ("Asia/Tokyo", "9999-12-31T23:00:00+00:00"),
        ("America/New_York", "0001-01-01T00:00:00+00:00"),
    ],
)
def test_an_instant_on_no_four_digit_day_is_refused(zone: str, text: str) -> None:
    with pytest.raises(
        InvalidRecordsError,
        match=f"^`created_at`: 1 values are not on a day .* 1 to 9999 in {zone}: row 1$",
    ):
        appointment_statistics(
            [at("2024-05-01T00:00:00+00:00"), at(text)], timezone=zone
        )


def test_nanoseconds_at_both_ends_of_their_range_count() -> None:
    ends = pl.Series([-(2**63), 2**63 - 1], dtype=pl.Datetime("ns"))
    df = pl.DataFrame({"created_at": ends, "status": ["x", "x"]})
    for zone in ("UTC", "Asia/Tokyo", "America/New_York", "Etc/GMT+12"):
        stats = appointment_statistics(df, timezone=zone)
        assert stats.trends["day"].dt.year().to_list() == [1677, 2262]


@pytest.mark.parametrize("years", [(2024, 2025), (1889, 2024), (2024, 2101)])
def test_text_of_any_years_stands_on_the_days_of_the_clocks(
    years: tuple[int, int],
) -> None:
    texts = [
        f"{year}-{month:02}-10T0{hour}:30:00Z"
        for year in years
        for month in range(1, 13)
        for hour in range(3, 8)
    ]
    records: list[Document] = [{"created_at": text, "status": "x"} for text in texts]
    stats = appointment_statistics(pl.LazyFrame(records), timezone="America/New_York")
    assert as_answer(stats) == reference.answer(
        records, {}, timezone="America/New_York"
    )


@a_part_of_the_examples(5)
@given(records=documents("America/New_York"))
def test_totals_do_not_depend_on_the_zone(records: list[Document]) -> None:
    here, there = (
        appointment_statistics(frame(records), timezone=zone)
        for zone in ("UTC", "Pacific/Apia")
    )
    assert here.total == there.total == len(records)
    assert here.undated == there.undated
    assert_frame_equal(here.utm_source, there.utm_source)


@pytest.mark.parametrize(
    "zone",
    ["", "Mars/Base", "../etc/passwd", "/etc/passwd", "America", "UTC\x00", "x" * 5000]
    + ["\ud800", "utc+1", " UTC"],
)
def test_an_unknown_zone_has_an_error_of_its_own(zone: str) -> None:
    with pytest.raises(UnknownTimezoneError, match="unknown time zone"):
        appointment_statistics([], timezone=zone)
    with pytest.raises(UnknownTimezoneError, match="unknown time zone"):
        statistics_by_integration([], timezone=zone)


@pytest.mark.parametrize("zone", [None, 7])
def test_a_zone_of_another_kind_is_a_validation_error(zone: Any) -> None:
    with pytest.raises(ValidationError, match="timezone"):
        appointment_statistics([], timezone=zone)


def test_mixed_bounds_out_of_order_are_a_validation_error() -> None:
    query = StatisticsQuery(start="2024-05-02T03:00:00Z", end="2024-05-01")
    appointment_statistics([], query, timezone="America/New_York")
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        appointment_statistics([], query)
    with pytest.raises(ValidationError, match="`start` is after `end`"):
        statistics_by_integration([], query)


def test_unreadable_instants_are_counted_and_located() -> None:
    texts = [
        "2024-05-01",
        "soon",
        " ",
        "\u200b",
        "",
        "2024-13-01",
        "x" * 99,
        "1",
        "2",
        "3",
    ]
    df = pl.DataFrame({"created_at": texts, "status": "success"})
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(df)
    [fault] = caught.value.faults
    assert fault.startswith(
        "`created_at`: 6 values are not ISO 8601 date-times: "
        "'soon' (row 1), '2024-13-01' (row 5), 'xxx"
    )
    assert fault.endswith("'1' (row 7), '2' (row 8)")


def test_one_unreadable_instant_among_very_many_is_found() -> None:
    df = pl.DataFrame({"created_at": ["2024-05-01T09:00:00Z"] * 100_000, "status": "x"})
    broken = pl.concat(
        [df, pl.DataFrame({"created_at": ["oops"], "status": ["x"]}), df]
    )
    for records in (broken, broken.lazy()):
        with pytest.raises(
            InvalidRecordsError, match=r"1 values.*'oops' \(row 100000\)"
        ):
            appointment_statistics(records, timezone="America/New_York")


def test_unreadable_and_uncountable_instants_are_told_at_once() -> None:
    df = pl.DataFrame({"created_at": ["soon", "0000-01-01"], "status": "x"})
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(df, StatisticsQuery(start="2024-05-01"))
    assert len(caught.value.faults) == 2
    assert caught.value.faults[1].endswith("in UTC: 0000-01-01T00:00:00Z (row 1)")


def test_instants_beyond_the_years_are_refused_in_every_unit() -> None:
    for dtype, far in ((pl.Datetime("ms"), 10**15), (pl.Datetime("us"), 10**18)):
        at = pl.Series([0, far], dtype=dtype)
        df = pl.DataFrame({"created_at": at, "status": ["x", "x"]})
        with pytest.raises(InvalidRecordsError, match="1 values are not on a day"):
            appointment_statistics(df)


def test_undated_records_count_only_without_bounds() -> None:
    records = [{"created_at": None, "status": "failed"}]
    assert appointment_statistics(records).undated == 1
    for ask in ({"start": "0001-01-01"}, {"end": "9999-12-31"}):
        stats = appointment_statistics(records, StatisticsQuery.model_validate(ask))
        assert (stats.total, stats.undated) == (0, 0)


def test_a_day_of_other_outcomes_stands_with_zeros() -> None:
    records = [at("2024-05-01T00:00:00+00:00", status="cancelled")]
    stats = appointment_statistics(records)
    assert stats.trends.rows() == [(date(2024, 5, 1), 0, 0, 1)]
    assert stats.dashboard().trends[0].successful == 0


@pytest.mark.parametrize(
    "dtype", [pl.Enum(["success", " FAILED", "x"]), pl.Categorical()]
)
def test_status_may_be_of_any_text_type(dtype: pl.DataType) -> None:
    df = pl.DataFrame({"created_at": [None] * 3}).with_columns(
        status=pl.Series(["success", " FAILED", "x"], dtype=dtype)
    )
    stats = appointment_statistics(df)
    assert stats.source.rows() == [("not set", 3, 3, 1, 1, 1)]


def test_boolean_status_is_true_for_successful() -> None:
    df = pl.DataFrame({"created_at": [None] * 4, "status": [True, True, False, None]})
    stats = appointment_statistics(df)
    assert stats.source.rows() == [("not set", 4, 4, 2, 1, 1)]


def test_the_layout_names_other_status_words() -> None:
    layout = RecordLayout(successful={" Done "}, failed={"no-show"})
    words = ["DONE", "done\u200b", "No-Show", "success", "failed"]
    records = [{"created_at": None, "status": word} for word in words]
    stats = appointment_statistics(records, layout=layout)
    assert stats.source.rows() == [("not set", 5, 5, 2, 1, 2)]


def test_status_words_are_trimmed_as_statuses_are() -> None:
    layout = RecordLayout(successful={"\ufeffdone\u200b"})
    stats = appointment_statistics(
        [{"created_at": None, "status": "done"}], layout=layout
    )
    assert stats.source["successful"].to_list() == [1]


@pytest.mark.parametrize(
    ("layout", "row"),
    [
        (RecordLayout(), ("not set", 5, 5, 2, 2, 1)),
        (RecordLayout(failed=frozenset()), ("not set", 5, 5, 2, 0, 3)),
        (RecordLayout(successful=frozenset()), ("not set", 5, 5, 0, 2, 3)),
    ],
)
def test_a_layout_may_have_no_words_for_an_outcome_beside_booleans(
    layout: RecordLayout, row: tuple[Any, ...]
) -> None:
    statuses = [True, "success", False, "error", None]
    records = [{"created_at": None, "status": status} for status in statuses]
    stats = appointment_statistics(records, layout=layout)
    assert stats.source.rows() == [row]


@pytest.mark.parametrize(
    ("layout", "row"),
    [
        (RecordLayout(failed=frozenset()), ("not set", 4, 4, 2, 0, 2)),
        (RecordLayout(successful=frozenset()), ("not set", 4, 4, 0, 1, 3)),
        (
            RecordLayout(successful={"false"}, failed={"true"}),
            ("not set", 4, 4, 1, 2, 1),
        ),
    ],
)
def test_a_boolean_status_is_the_word_true_or_false(
    layout: RecordLayout, row: tuple[Any, ...]
) -> None:
    df = pl.DataFrame({"created_at": None, "status": [True, True, False, None]})
    words = df.with_columns(pl.col("status").cast(pl.String))
    for records in (df, df.lazy(), df.to_dicts(), words):
        stats = appointment_statistics(records, layout=layout)
        assert stats.source.rows() == [row]


def test_an_unset_value_and_its_label_are_one_row() -> None:
    values = [
        None,
        "",
        "\u200b",
        "\ufeff",
        "\u00a0",
        "direct",
        " direct ",
        "Direct",
        "0",
    ]
    records = [at("2024-05-01T00:00:00+00:00", utm_source=value) for value in values]
    stats = appointment_statistics(records)
    assert stats.utm_source.rows() == [
        ("direct", 7, 5, 7, 0, 0),
        ("0", 1, 0, 1, 0, 0),
        ("Direct", 1, 0, 1, 0, 0),
    ]


@pytest.mark.parametrize("dtype", [pl.Enum(["ads"]), pl.Categorical(), pl.String()])
def test_any_text_type_gets_its_default(dtype: pl.DataType) -> None:
    df = pl.DataFrame(
        {"created_at": [None, None], "status": ["failed", None]},
    ).with_columns(utm_source=pl.Series(["ads", None], dtype=dtype))
    stats = appointment_statistics(df)
    assert stats.utm_source.rows() == [
        ("ads", 1, 0, 0, 1, 0),
        ("direct", 1, 1, 0, 0, 1),
    ]


def test_columns_of_nothing_but_null_count_as_unset() -> None:
    df = pl.DataFrame({"created_at": [None], "status": [None], "source": [None]})
    stats = appointment_statistics(df)
    assert (stats.total, stats.undated) == (1, 1)
    assert stats.source.rows() == [("not set", 1, 1, 0, 0, 1)]


def test_every_record_has_one_label_in_each_breakdown() -> None:
    labels = Counter[str](a=2, direct=3)
    records = [at("2024-05-01T00:00:00+00:00", utm_source=v) for v in labels.elements()]
    stats = appointment_statistics(records)
    assert dict(stats.utm_source.select("value", "count").iter_rows()) == dict(labels)


def test_duplicate_records_are_counted_as_often_as_they_come() -> None:
    records = [at("2024-05-01T00:00:00+00:00")] * 3
    assert appointment_statistics(records).total == 3


@example(text="\u03a3")
@example(text="\u039f\u0394\u039f\u03a3")
@given(text=st.text("\u03a3\u03c3\u03c2\u0391\u0130I\u0131i\u1e9e\u00df'.", max_size=5))
def test_whatever_occurs_in_a_text_is_found_there(text: str) -> None:
    wholes = [text, text + "\u0391", "\u0391" + text, text.lower()]
    records = [{"created_at": None, "status": None, "name": w} for w in [*wholes, "x"]]
    found = appointment_statistics(records, StatisticsQuery(search=text))
    plain = {"created_at": None, "status": None}
    expected = reference.answer(
        [plain | {"patient": w} for w in [*wholes, "x"]], {"search": text}
    )
    assert found.total == expected.total >= 3


@a_part_of_the_examples(3)
@given(
    case=cases(),
    page=st.integers(1, 4) | st.just(10**30),
    size=st.integers(1, 4) | st.just(10**30),
)
def test_dashboards_equal_the_reference(case: Case, page: int, size: int) -> None:
    query = StatisticsQuery(**case.ask, page=page, size=size)
    found = case.dashboard(query)
    expected = reference.response(case.expected, case.zone, page, size)
    assert found.model_dump(mode="json", by_alias=True) == expected


@pytest.mark.parametrize(
    "name", ["*", "^a$", "", "^.*$", "a.b", "config.", ".", "status "]
)
def test_strangely_named_columns_are_only_columns(name: str) -> None:
    df = pl.DataFrame(
        {"created_at": [None], "status": ["failed"], "a": ["A"], name: ["ads"]}
    )
    assert appointment_statistics(df).total == 1
    assert appointment_statistics(df, StatisticsQuery(search="ADS")).total == 1
    if name.strip():
        layout = RecordLayout(utm_source=name)
        stats = appointment_statistics(df, layout=layout)
        assert stats.utm_source["value"].to_list() == ["ads"]


@pytest.mark.parametrize("name", ["*", "^a$", "^[ab]*$", "$x", "b"])
def test_strangely_named_struct_fields_are_only_fields(name: str) -> None:
    df = pl.DataFrame(
        {
            "created_at": [None],
            "status": ["failed"],
            "config": [{"a": "A", name: "ads", "c": "C"}],
        }
    )
    layout = RecordLayout(utm_source=f"config.{name}")
    stats = appointment_statistics(df, layout=layout)
    assert stats.utm_source["value"].to_list() == ["ads"]


@pytest.mark.parametrize(
    "name", ["text", "len", "day", "outcome", "value", "count", "row"]
)
def test_columns_may_have_the_names_of_inner_ones(name: str) -> None:
    df = pl.DataFrame({"created_at": [None], "status": ["error"], name: ["Ana"]})
    stats = appointment_statistics(
        df,
        StatisticsQuery(search="ana"),
        layout=RecordLayout(source=name, search=(name,)),
    )
    assert stats.source.rows() == [("Ana", 1, 0, 0, 1, 0)]


def test_one_column_may_hold_several_fields() -> None:
    df = pl.DataFrame({"created_at": [None], "status": ["error"], "utm": ["ads"]})
    layout = RecordLayout(utm_source="utm", utm_medium="utm", source="status")
    stats = appointment_statistics(df, layout=layout)
    assert stats.source["value"].to_list() == ["error"]
    assert stats.utm_medium["value"].to_list() == stats.utm_source["value"].to_list()


@a_part_of_the_examples(5)
@given(case=cases())
def test_the_callers_frame_is_never_changed(case: Case) -> None:
    df = frame(case.documents)
    kept = df.clone()
    appointment_statistics(df, case.query, timezone=case.zone)
    assert_frame_equal(df, kept)


@a_part_of_the_examples(5)
@given(case=cases())
def test_the_callers_documents_are_never_changed(case: Case) -> None:
    kept = copy.deepcopy(case.documents)
    case.answer(case.documents)
    assert case.documents == kept


def test_a_file_that_is_gone_reads_as_invalid_records(tmp_path: Path) -> None:
    path = tmp_path / "records.parquet"
    frame([]).write_parquet(path)
    lf = pl.scan_parquet(path)
    lf.collect_schema()
    path.unlink()
    with pytest.raises(InvalidRecordsError, match="cannot be read"):
        appointment_statistics(lf)
    with pytest.raises(InvalidRecordsError, match="cannot be read"):
        appointment_statistics(pl.scan_parquet(path))


@pytest.mark.parametrize("kind", ["missing column", "bad cast", "broken file"])
def test_a_plan_that_fails_reads_as_invalid_records(kind: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 no such thing PAR1")
    df = pl.LazyFrame({"created_at": ["2024-05-01"], "status": ["a"]})
    plans = {
        "missing column": df.with_columns(pl.col("nowhere")),
        "bad cast": df.with_columns(status=pl.col("status").cast(pl.Int8)),
        "broken file": pl.scan_parquet(broken),
    }
    with pytest.raises(InvalidRecordsError, match="cannot be read"):
        appointment_statistics(plans[kind])


def test_a_file_cut_short_reads_as_invalid_records(tmp_path: Path) -> None:
    path = tmp_path / "records.ndjson"
    path.write_text('{"created_at": "2024-05-01", "status": "x"}\n{"created_at": "202')
    with pytest.raises(InvalidRecordsError, match="cannot be read"):
        appointment_statistics(pl.scan_ndjson(path))


def test_an_unknown_engine_is_no_polars_error() -> None:
    records = [{"created_at": None, "status": None}]
    with pytest.raises(ValidationError, match=r"(?s)engine.*warp"):
        appointment_statistics(records, engine="warp")  # type: ignore[arg-type]


@pytest.mark.skipif(find_spec("cudf_polars") is not None, reason="there is a GPU")
def test_the_gpu_needs_its_package() -> None:
    records = [{"created_at": None, "status": None}]
    with pytest.raises(ModuleNotFoundError, match="cudf_polars"):
        appointment_statistics(records, engine="gpu")


# In a process of its own: having read a relation, DuckDB complains at the exit.
RELATION = """
import duckdb
from stats_core import appointment_statistics

relation = duckdb.sql("SELECT DATE '2024-05-01' AS created_at, 'failed' AS status")
print(appointment_statistics(relation).trends.rows())
"""


def test_a_relation_of_duckdb_is_records() -> None:
    command = [sys.executable, "-c", RELATION]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own code
    assert done.stdout == "[(datetime.date(2024, 5, 1), 0, 1, 0)]\n"
