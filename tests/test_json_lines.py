import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, strategies as st

from stats_core import (
    AppointmentsDashboard,
    AppointmentStatistics,
    appointment_statistics,
    statistics_by_integration,
)
from stats_core.results.json_lines import response_lines
from stats_core.schema import BY_INTEGRATION_SCHEMA
from tests.strategies import (
    DIMENSIONS,
    IDS,
    SCOPED_SCHEMA,
    Document,
    documents,
    frame,
    zones,
)

# What JSON escapes, what some writers escape, and what none does.
ODD_TEXT = st.text(
    '"\\/\x00\x07\b\t\n\v\f\r\x1f\x7f\x80\u2028\ufffe\U0001f600\U0010ffff<'
)
ANY_TEXT = st.text(max_size=4)
HUGE = 10**30
PAGES = st.integers(1, 4) | st.sampled_from([2**31, 2**63 - 1, 2**63, HUGE])


def whole(found: Mapping[str, AppointmentStatistics]) -> pl.DataFrame:
    parts = [
        stats.frame.select(pl.lit(key).alias("integration_id"), pl.all())
        for key, stats in found.items()
    ]
    return pl.concat([BY_INTEGRATION_SCHEMA.to_frame(), *parts])


def lines(
    found: Mapping[str, AppointmentStatistics], page: int, size: int
) -> list[str]:
    return [*response_lines(whole(found), page, size)]


def texts(
    found: Mapping[str, AppointmentStatistics], page: int, size: int
) -> list[str]:
    written = {key: stats.dashboard_json(page, size) for key, stats in found.items()}
    return [f'{{"integration_id":"{key}",{text[1:]}' for key, text in written.items()]


def models(
    found: Mapping[str, AppointmentStatistics], page: int, size: int
) -> list[str]:
    texts = {
        key: stats.dashboard(page, size).model_dump_json(by_alias=True)
        for key, stats in found.items()
    }
    return [f'{{"integration_id":"{key}",{text[1:]}' for key, text in texts.items()]


@st.composite
def records(draw: st.DrawFn, zone: str) -> list[Document]:
    drawn = draw(documents(zone, scoped=True))
    text = st.none() | ODD_TEXT | ANY_TEXT
    changed = [
        {name: draw(text) for name in draw(st.sets(st.sampled_from(DIMENSIONS)))}
        for _ in drawn
    ]
    return [record | change for record, change in zip(drawn, changed, strict=True)]


@given(zone=zones(), page=PAGES, size=PAGES, data=st.data())
def test_lines_equal_the_json_of_the_models(
    zone: str, page: int, size: int, data: st.DataObject
) -> None:
    df = frame(data.draw(records(zone)), SCOPED_SCHEMA)
    found = statistics_by_integration(df, timezone=zone)
    assert (
        lines(found, page, size)
        == texts(found, page, size)
        == models(found, page, size)
    )


def one(value: str | None, *days: object, zone: str = "UTC") -> AppointmentStatistics:
    blank = dict.fromkeys(DIMENSIONS, value)
    documents = [{"created_at": day, "status": "failed", **blank} for day in days]
    return appointment_statistics(documents, timezone=zone)


@example(text="a\x00b")
@example(text="a\x1fb")
@example(text="a\x7fb")
@example(text="a\u2028b")
@example(text="\U0001f600")
@example(text='\\"\\')
@example(text="</script>")
@given(text=st.text())
def test_any_text_is_written_as_the_models_write_it(text: str) -> None:
    found = {IDS[0]: one(text, None), IDS[1]: one(f"a{text}b", None)}
    assert lines(found, 1, 300) == texts(found, 1, 300) == models(found, 1, 300)
    [_, second] = map(json.loads, lines(found, 1, 300))
    assert second["source"] == [{"_id": f"a{text}b", "count": 1}]


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("UTC", [date.min, date(999, 12, 31), date(1970, 1, 1), date.max]),
        ("America/New_York", [date(1883, 11, 17), date(1883, 11, 20)]),
        ("Asia/Kathmandu", [date(2024, 5, 1)]),
        ("America/Havana", [date(2024, 3, 11), date(2024, 11, 4)]),
    ],
)
def test_days_are_written_as_the_models_write_them(zone: str, days: list[date]) -> None:
    found = {
        key: one(None, *days[place:], zone=zone)
        for place, key in enumerate(sorted(IDS)[: len(days)])
    }
    assert lines(found, 1, 300) == texts(found, 1, 300) == models(found, 1, 300)


@pytest.mark.parametrize(
    ("page", "size"),
    [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (2, 2), (3, 2), (1, 3), (2, 3)]
    + [(1, HUGE), (HUGE, 1), (HUGE, HUGE), (2**62, 2), (2**62 + 1, 2), (1, 2**63)],
)
def test_each_integration_has_its_own_pages(page: int, size: int) -> None:
    blank: dict[str, Any] = {"created_at": None, "status": None}
    found = {
        key: appointment_statistics([{**blank, "utm_source": v} for v in values])
        for key, values in zip(sorted(IDS), ["aab", "ccdde", "f"], strict=True)
    }
    assert (
        lines(found, page, size)
        == texts(found, page, size)
        == models(found, page, size)
    )


def test_a_line_is_the_published_response_after_the_id() -> None:
    at = datetime(2024, 5, 1, 12, tzinfo=UTC)
    [line] = lines({IDS[0]: one('a"', at)}, 1, 300)
    assert line == (
        f'{{"integration_id":"{IDS[0]}","overview":{{"total":1}},'
        '"trends":[{"_id":"2024-05-01T00:00:00Z","successful":0,"failed":1}],'
        '"source":[{"_id":"a\\"","count":1}],"utm_source":[{"_id":"a\\"","count":1}],'
        '"utm_medium":[{"_id":"a\\"","count":1}],"utm_campaign":[{"_id":"a\\"","count":1}]}'
    )
    response = json.loads(line)
    assert list(response) == ["integration_id", *AppointmentsDashboard.model_fields]


def test_no_integration_is_no_line() -> None:
    assert lines({}, 1, 300) == []


def test_an_integration_without_a_dated_record_has_an_empty_trend() -> None:
    found = {IDS[0]: one("a", date(2024, 5, 1)), IDS[1]: one("b", None)}
    assert [json.loads(line)["trends"] != [] for line in lines(found, 1, 300)] == [
        True,
        False,
    ]
    assert lines(found, 1, 300) == texts(found, 1, 300) == models(found, 1, 300)
