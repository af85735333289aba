import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import (
    AppointmentStatistics,
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.batch.tasks import count_files
from stats_core.errors import UnknownTimezoneError
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from tests import reference
from tests.strategies import IDS, a_part_of_the_examples, as_answer

Epoch = Literal["s", "ms", "us", "ns"]
PER_SECOND: dict[Epoch, int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# Days on which a clock skips an hour, half an hour, midnight or a day, or repeats it.
CLOCKS = [
    *(("Australia/Lord_Howe", date(2024, 4, 7)), ("Africa/Cairo", date(2025, 4, 25))),
    *(("Australia/Lord_Howe", date(2024, 10, 6)), ("Africa/Cairo", date(2024, 10, 31))),
    *(("America/Havana", date(2024, 3, 10)), ("America/Havana", date(2024, 11, 3))),
    *(("Pacific/Apia", date(2011, 12, 30)), ("Pacific/Apia", date(1892, 7, 4))),
    *(("America/Sao_Paulo", date(2018, 11, 4)), ("Europe/Dublin", date(2024, 10, 27))),
    *(("America/Sao_Paulo", date(2018, 2, 18)), ("Asia/Kathmandu", date(1986, 1, 1))),
    *(("America/New_York", date(2024, 3, 10)), ("America/New_York", date(2075, 11, 3))),
    *(("Africa/Monrovia", date(1972, 1, 7)), ("Antarctica/Troll", date(2024, 3, 31))),
    *(("Africa/Casablanca", date(2024, 3, 10)), ("UTC", date(1970, 1, 1))),
]
TOKYO = RecordLayout(naive_timezone="Asia/Tokyo")


@st.composite
def wall_clocks(draw: st.DrawFn) -> tuple[str, list[datetime]]:
    """A zone, and times of its clock, most of them around its changes."""
    zone, day = draw(st.sampled_from(CLOCKS))
    edge = datetime.combine(day, time())
    quarters = st.integers(-30 * 4, 54 * 4).map(lambda n: timedelta(minutes=15 * n))
    ticks = st.sampled_from([0, 0, 1, -1, 10**6, -(10**6)])
    close = st.builds(
        lambda by, tick: edge + by + timedelta(microseconds=tick), quarters, ticks
    )
    anywhere = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))  # noqa: DTZ001
    folds = st.sampled_from([0, 1])
    times = st.builds(
        lambda at, fold: at.replace(fold=fold), st.one_of(close, close, anywhere), folds
    )
    return zone, draw(st.lists(times, min_size=1, max_size=10))


def canonical(records: Any, layout: Any, **options: Any) -> pl.DataFrame:
    request = Request(layout=layout, **options)
    return canonical_frame(records, request).lf.collect()


def column(values: Any, dtype: Any = None) -> pl.DataFrame:
    return pl.DataFrame({"created_at": pl.Series(values, dtype=dtype), "status": "x"})


def rows(values: Any) -> list[dict[str, Any]]:
    return [{"created_at": value, "status": "x"} for value in values]


def texts(values: list[datetime]) -> list[str]:
    return [value.isoformat() for value in values]


FORMS: dict[str, Callable[[list[datetime]], Any]] = {
    "us": lambda at: column(at, pl.Datetime("us")),
    "text": lambda at: column(texts(at)),
    "lazy text": lambda at: column(texts(at)).lazy(),
    "date-times": rows,
    "texts": lambda at: rows(texts(at)),
    "mixed": lambda at: rows([*at[:1], *texts(at[1:])]),
    "Arrow": lambda at: column(at, pl.Datetime("us")).to_arrow(),
    "pandas": lambda at: column(at, pl.Datetime("us")).to_pandas(),
    "pandas objects": lambda at: pd.DataFrame(rows(at), dtype=object),
}


TWICE = datetime(2024, 11, 3, 1, 30, tzinfo=None)  # noqa: DTZ001


@pytest.mark.parametrize("form", FORMS)
@example(drawn=("America/New_York", [TWICE, TWICE.replace(fold=1)]))
@example(drawn=("America/New_York", [TWICE.replace(fold=1)]))
@given(drawn=wall_clocks())
def test_times_without_a_zone_are_read_as_zoneinfo_reads_them(
    form: str, drawn: tuple[str, list[datetime]]
) -> None:
    zone, clock = drawn
    records = FORMS[form](clock)
    found = canonical(records, {"naive_timezone": zone})["created_at"]
    expected = [reference.moment(at, zone, None) for at in clock]
    assert [1_000 * it for it in found.dt.epoch("us")] == expected


@given(drawn=wall_clocks(), unit=st.sampled_from(["ms", "ns"]))
def test_every_unit_is_read_alike(
    drawn: tuple[str, list[datetime]], unit: Literal["ms", "ns"]
) -> None:
    zone, clock = drawn
    clock = [at for at in clock if 1678 < at.year < 2262]
    df = column(clock, pl.Datetime("us")).cast({"created_at": pl.Datetime(unit)})
    found = canonical(df, {"naive_timezone": zone})
    exact = canonical(rows(clock), {"naive_timezone": zone})["created_at"]
    step = timedelta(milliseconds=1) if unit == "ms" else timedelta(microseconds=1)
    # Instants without a zone are UTC too.
    pair = (it.dt.replace_time_zone(None) for it in (found["created_at"], exact))
    for at, other in zip(*pair, strict=True):
        assert timedelta() <= other - at < step


@given(day=st.dates(date(2, 1, 1), date(9998, 12, 31)), zone=st.sampled_from(CLOCKS))
def test_a_date_is_its_midnight_in_every_form(
    day: date, zone: tuple[str, date]
) -> None:
    layout = {"naive_timezone": zone[0]}
    records = [rows([day]), column([day]), rows([f"{day}"]), column([f" {day}"])]
    midnight = datetime.combine(day, time(), ZoneInfo(zone[0])).astimezone(UTC)
    for form in records:
        assert canonical(form, layout)["created_at"].to_list() == [midnight]


@a_part_of_the_examples(2)
@given(drawn=wall_clocks(), data=st.data())
def test_statistics_of_a_clock_are_those_of_the_reference(
    drawn: tuple[str, list[datetime]], data: st.DataObject
) -> None:
    clock, at = drawn
    zone = data.draw(st.sampled_from(["UTC", clock, "Asia/Kathmandu"]))
    day = at[0].date()
    ask: dict[str, Any] = data.draw(
        st.sampled_from(
            [{}, {"start": day}, {"end": f"{day}T12:00"}, {"start": f"{day}T00:30"}]
        )
    )
    records = [
        {"created_at": value, "status": "success", "integration_id": IDS[n % 2]}
        for n, value in enumerate([*at, *texts(at), f"{at[0].isoformat()}Z", None])
    ]
    layout = RecordLayout(naive_timezone=clock)
    query = StatisticsQuery(**ask)
    options: dict[str, Any] = {"timezone": zone, "layout": layout}
    found = statistics_by_integration(records, query, **options)
    expected = reference.by_integration(records, ask, timezone=zone, clock=clock)
    assert {key: as_answer(stats) for key, stats in found.items()} == expected
    for key in IDS[:2]:
        alone = appointment_statistics(records, query, integration_id=key, **options)
        assert as_answer(alone) == reference.answer(
            records, ask, timezone=zone, clock=clock, integration_id=key
        )


def test_instants_with_an_offset_are_what_they_were() -> None:
    at = datetime(2024, 5, 1, 9, tzinfo=UTC)
    values = ["2024-05-01T09:00Z", "2024-05-01t09:00z", "2024-05-01T11:00+02:00"]
    values += ["2024-05-01 04:00-0500"]
    forms: list[Any] = [
        *(column(values), rows(values), rows([at] * 4)),
        column([at] * 4, pl.Datetime("ms", "America/Lima")),
        rows(
            [{"$date": 1_714_554_000_000}, {"$date": {"$numberLong": "1714554000000"}}]
            * 2
        ),
        column([{"$date": {"$numberLong": 1_714_554_000_000}}] * 4),
    ]
    for form in forms:
        assert (
            canonical(form, TOKYO)["created_at"].dt.epoch("s").to_list()
            == [1_714_554_000] * 4
        )


def test_bounds_without_a_zone_stay_utc() -> None:
    query = StatisticsQuery(start="2024-05-01T00:00", end=datetime(2024, 5, 1))  # noqa: DTZ001
    records = rows(["2024-05-01T00:00", "2024-05-01T09:00"])
    stats = appointment_statistics(records, query, layout=TOKYO)
    assert stats.trends.rows() == [(date(2024, 5, 1), 0, 0, 1)]
    assert stats.total == 1


def test_the_nanoseconds_of_a_clock_are_not_lost_and_do_not_overflow() -> None:
    ends = [2**63 - 1, -(2**63) + 1, 123_456_789]
    df = column(ends, pl.Datetime("ns"))
    layout = {"naive_timezone": "Asia/Tokyo"}
    found = canonical(df, layout, query={"start": "1600-01-01"})
    micros = found["created_at"].to_physical()
    offsets = [9 * 3_600, 33_539, 9 * 3_600]  # the second in the year 1677
    assert micros.to_list() == [
        (end - offset * 10**9) // 1_000
        for end, offset in zip(ends, offsets, strict=True)
    ]
    assert found["created_at_nanosecond"].to_list() == [end % 1_000 for end in ends]
    query = StatisticsQuery(start="1969-12-31T15:00:00.123456789Z", end="1971-01-01")
    later = StatisticsQuery(start="1969-12-31T15:00:00.123456790Z", end="1971-01-01")
    totals = [
        appointment_statistics(df, it, layout=TOKYO).total for it in (query, later)
    ]
    assert totals == [1, 0]


def test_a_clock_at_the_ends_of_the_calendar_is_a_fault_of_its_values() -> None:
    for form in (rows, column):
        with pytest.raises(
            InvalidRecordsError, match="1 values are not on a day"
        ) as error:
            appointment_statistics(
                form([datetime(1, 1, 1), datetime(2024, 5, 1)]),  # noqa: DTZ001
                layout=TOKYO,
            )
        assert "(row 0)" in str(error.value) or "row 0" in str(error.value)


@pytest.mark.parametrize("name", ["Mars/Base", "", "localtime"])
def test_an_unknown_zone_of_a_clock_is_as_any_unknown_zone(name: str) -> None:
    layout = RecordLayout(naive_timezone=name)
    with pytest.raises(UnknownTimezoneError, match="unknown time zone"):
        appointment_statistics([], layout=layout)
    given = RecordLayout.model_validate({"naive_timezone": ZoneInfo("Asia/Tokyo")})
    assert given == TOKYO


# Numbers.

INTEGERS = [pl.Int64, pl.Int128, pl.Float64, pl.Decimal(38, 0), pl.Decimal(38, 2)]
WRAPPED: dict[str, Callable[[int], Any]] = {
    "int": int,
    "text": lambda n: f" {n:+}\u200b",
    "text of a float": lambda n: f"{n}.0",
    "$numberLong": lambda n: {"$numberLong": f"{n}"},
    "$numberInt": lambda n: {"$numberInt": f"{n}"},
    "Decimal": lambda n: Decimal(n).quantize(Decimal("1.00")),
    "float": float,
    "$numberDouble": lambda n: {"$numberDouble": f"{n}.0"},
    "NumPy": np.int64,
}


@st.composite
def numbers(draw: st.DrawFn) -> tuple[Epoch, list[int]]:
    epoch = draw(st.sampled_from([*PER_SECOND]))
    most = min(2**53 - 1, 250_000_000_000 * PER_SECOND[epoch])
    least = max(-(2**53) + 1, -62_000_000_000 * PER_SECOND[epoch])
    close = st.integers(1_700_000_000, 1_800_000_000).map(
        lambda n: n * PER_SECOND[epoch]
    )
    some = st.one_of(st.integers(least, most), close.filter(lambda n: n <= most))
    return epoch, draw(st.lists(some, min_size=1, max_size=8))


def expected_of(epoch: Epoch, values: list[int]) -> list[tuple[int, int]]:
    found = [reference.moment(value, "UTC", epoch) or 0 for value in values]
    return [divmod(at, 1_000) for at in found]


def read(records: Any, epoch: Epoch) -> list[tuple[int, int]]:
    found = canonical(records, {"epoch": epoch}, query={"start": "2024-05-01"})
    assert found["created_at_invalid"].null_count() == found.height
    nothing = pl.Series([0] * found.height)
    rest = found.get_column("created_at_nanosecond", default=nothing).fill_null(0)
    micros = found["created_at"].dt.epoch("us")
    return [*zip(micros, rest, strict=True)]


@pytest.mark.parametrize("dtype", INTEGERS, ids=str)
@given(drawn=numbers())
@example(drawn=("s", [0, -1, 1_714_521_600]))
def test_numbers_of_every_type_are_instants(
    dtype: Any, drawn: tuple[Epoch, list[int]]
) -> None:
    epoch, values = drawn
    assert read(column(values, dtype), epoch) == expected_of(epoch, values)


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt8, pl.Int16, pl.UInt32, pl.UInt64])
@pytest.mark.parametrize("epoch", PER_SECOND)
def test_short_numbers_do_not_overflow(dtype: Any, epoch: Epoch) -> None:
    assert read(column([0, 100], dtype), epoch) == expected_of(epoch, [0, 100])


@pytest.mark.parametrize("wrapped", WRAPPED)
@given(drawn=numbers())
def test_numbers_in_documents_and_text_are_instants(
    wrapped: str, drawn: tuple[Epoch, list[int]]
) -> None:
    epoch, values = drawn
    given_as = [WRAPPED[wrapped](value) for value in values]
    assert read(rows(given_as), epoch) == expected_of(epoch, values)
    if wrapped.startswith("text"):
        assert read(column(given_as), epoch) == expected_of(epoch, values)


@given(drawn=numbers(), data=st.data())
def test_numbers_in_files_count_as_in_memory(
    drawn: tuple[Epoch, list[int]], data: st.DataObject
) -> None:
    epoch, values = drawn
    layout = RecordLayout(epoch=epoch)
    request = Request(layout=layout, timezone="America/Havana")
    df = column(values, pl.Int64)
    with TemporaryDirectory() as folder:
        path = Path(folder) / data.draw(
            st.sampled_from(["a.csv", "a.parquet", "a.json"])
        )
        match path.suffix:
            case ".csv":
                df.write_csv(path)
            case ".parquet":
                df.write_parquet(path)
            case _:
                path.write_text(json.dumps(df.to_dicts()))
        found = AppointmentStatistics(count_files([str(path)], request))
    records = df.to_dicts()
    expected = reference.answer(records, {}, timezone="America/Havana", epoch=epoch)
    assert as_answer(found) == expected


FAR = 253_402_300_800  # 10000-01-01
WRONG: dict[str, list[Any]] = {
    "fractions": [1.5, -0.25, 1e300, float("inf"), 2.0**53],
    "far": [FAR, -62_135_596_801, 2**63 - 1, -(2**63)],
    "very far": [2**100, -(2**100)],
    "decimals": [Decimal("1.50"), Decimal(2**62), Decimal("0.01")],
}


@pytest.mark.parametrize("kind", WRONG)
def test_numbers_that_are_no_instants_are_named(kind: str) -> None:
    layout = RecordLayout(epoch="s")
    values = [*WRONG[kind], type(WRONG[kind][0])(0)]
    dtype = pl.Int128 if kind == "very far" else None
    for records in (rows(values), column(values, dtype)):
        with pytest.raises(InvalidRecordsError) as caught:
            appointment_statistics(records, layout=layout)
        [fault] = caught.value.faults
        number = len(values) - 1
        wanted = "are not ISO 8601 date-times or whole numbers of `s` since 1970: "
        assert fault.startswith(f"`created_at`: {number} values {wanted}")


def test_other_values_stay_faults_and_unset_ones_unset() -> None:
    values = [True, "5.5", "1e9", "0x1", "5 5", [1], "\u0665", None, float("nan"), " "]
    with pytest.raises(InvalidRecordsError, match="7 values are not ISO 8601"):
        appointment_statistics(rows(values), layout=RecordLayout(epoch="ms"))
    stats = appointment_statistics(rows(values[-3:]), layout=RecordLayout(epoch="ms"))
    assert stats.undated == stats.total == 3
    floats = column([float("nan"), None])
    assert appointment_statistics(floats, layout=RecordLayout(epoch="ms")).undated == 2


def test_text_in_iso_8601_is_what_it_was_beside_numbers() -> None:
    values = ["2024-05-01", "1714521600000", "2024-05-01T00:00:00.000000001Z"]
    for records in (rows(values), column(values)):
        assert read(records, "ms") == [(1_714_521_600_000_000, n) for n in (0, 0, 1)]


@pytest.mark.parametrize(
    "value", [1_714_521_600, "1714521600", 1.0, {"$numberLong": "1"}], ids=repr
)
def test_without_a_unit_numbers_are_faults(value: Any) -> None:
    with pytest.raises(InvalidRecordsError, match="are not ISO 8601 date-times: "):
        appointment_statistics(rows([value]))


def test_a_column_of_numbers_needs_a_unit() -> None:
    for dtype in (pl.Int64, pl.UInt8, pl.Decimal(10, 2)):
        with pytest.raises(InvalidRecordsError, match="`created_at`: expected a date-"):
            appointment_statistics(column([1], dtype))
    with pytest.raises(ValueError, match="epoch"):
        RecordLayout.model_validate({"epoch": "minutes"})
