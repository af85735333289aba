from typing import Any

import polars as pl
import pytest

from stats_core import InvalidRecordsError
from stats_core.engine.execution import (
    collect,
    examined,
    instant_range,
    invalid_error,
    read,
    streams,
)
from stats_core.engine.filters import scoped
from stats_core.records.canonical import CanonicalFrame, canonical_frame
from stats_core.request import Request
from stats_core.typing import Engine
from tests.strategies import IDS

ENGINES: list[Engine] = ["auto", "in-memory", "streaming"]
NUMBERS = pl.LazyFrame({"n": range(10)})
TEXT = ["2024-05-01", "soon", None, "2024-05-03T00:00:00.5Z"]


def canonical(at: Any, **options: Any) -> tuple[CanonicalFrame, Request]:
    df = pl.DataFrame({"created_at": at, "status": "x", **options.pop("more", {})})
    request = Request(**options)
    return canonical_frame(df, request), request


@pytest.mark.parametrize("few", [False, True])
@pytest.mark.parametrize("share", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_plans_are_run_in_their_order(
    engine: Engine, *, few: bool, share: bool
) -> None:
    plans = [NUMBERS.select(pl.col("n").sum()), NUMBERS.head(2), NUMBERS.select("n")]
    found = collect(plans, Request(engine=engine), few=few, share=share)
    assert [df.height for df in found] == [1, 2, 10]
    assert found[0].item() == 45


@pytest.mark.parametrize("engine", ENGINES)
def test_batches_together_are_all_rows(engine: Engine) -> None:
    batches = list(read(NUMBERS, Request(engine=engine), 3))
    assert sorted(pl.concat(batches)["n"]) == list(range(10))
    assert all(df.height <= 3 for df in batches) == streams(Request(engine=engine))


def test_only_engines_that_stream_read_in_batches() -> None:
    engines: list[Engine] = [*ENGINES, "gpu"]
    found = [engine for engine in engines if streams(Request(engine=engine))]
    assert found == ["auto", "streaming"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("few", [False, True])
def test_what_polars_cannot_run_is_a_fault(engine: Engine, *, few: bool) -> None:
    lf = pl.LazyFrame({"a": ["x"]}).with_columns(pl.col("a").cast(pl.Int8))
    request = Request(engine=engine)
    with pytest.raises(InvalidRecordsError, match=r"^records: cannot be read: "):
        collect([lf], request, few=few)
    with pytest.raises(InvalidRecordsError, match=r"^records: cannot be read: "):
        list(read(lf, request, 3))


@pytest.mark.parametrize("few", [False, True])
def test_the_range_is_in_whole_seconds(*, few: bool) -> None:
    frame, request = canonical(["2024-05-01", None, "2024-05-03T00:00:00.5Z"])
    first, last = instant_range(frame.lf, frame, request, few=few)
    assert (first, last) == (1_714_521_600, 1_714_694_400)
    assert examined(frame.lf, frame, request, few=few) == ((first, last), [])


def test_the_range_of_nothing_is_the_epoch() -> None:
    for at in ([], [None]):
        frame, request = canonical(at)
        assert instant_range(frame.lf, frame, request) == (0, 0)


def test_invalid_values_are_returned_or_raised() -> None:
    frame, request = canonical(TEXT)
    seconds, faults = examined(frame.lf, frame, request)
    assert seconds == (1_714_521_600, 1_714_694_400)
    [df] = faults
    assert df.select("role", "count").rows() == [("created_at", 1)]
    with pytest.raises(InvalidRecordsError) as caught:
        instant_range(frame.lf, frame, request)
    assert caught.value.faults == invalid_error(faults, request).faults
    [fault] = caught.value.faults
    assert fault.endswith("date-times: 'soon' (row 1)")


@pytest.mark.parametrize(
    ("day", "zone", "countable"),
    [
        ("0001-01-01", "UTC", True),
        ("0001-01-01", "America/New_York", False),
        ("9999-12-31", "UTC", True),
        ("9999-12-31T23:59:59Z", "Asia/Tokyo", False),
    ],
)
def test_an_instant_needs_a_day_in_the_zone(
    day: str, zone: str, *, countable: bool
) -> None:
    frame, request = canonical([day], timezone=zone)
    _, faults = examined(frame.lf, frame, request)
    assert (faults == []) == countable


def test_values_outside_the_scope_are_not_examined() -> None:
    more = {"integration_id": [IDS[0], IDS[1], IDS[1], None]}
    for options in ({"integration_id": IDS[0]}, {"integration_id": IDS[2]}):
        frame, request = canonical(TEXT, more=more, **options)
        lf = scoped(frame.lf, request)
        assert examined(lf, frame, request)[1] == []
    options = {"integration_id": IDS[1]}
    frame, request = canonical(TEXT, more=more, **options)
    with pytest.raises(InvalidRecordsError, match=r"'soon' \(row 1\)$"):
        instant_range(scoped(frame.lf, request), frame, request)


def test_records_without_an_integration_belong_to_none() -> None:
    at = ["2024-05-01", "soon"]
    more = {"integration_id": [IDS[0], None]}
    frame, request = canonical(at, more=more, by_integration=True)
    found = instant_range(scoped(frame.lf, request), frame, request)
    assert found == (1_714_521_600, 1_714_521_600)
