from datetime import datetime

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    coded,
    statistics_by_integration,
)
from stats_core.count import Engine
from tests import reference
from tests.strategies import (
    IDS,
    SCOPED_SCHEMA,
    Case,
    Document,
    as_answer,
    asks,
    cases,
    documents,
    frame,
    zones,
)


def at(text: str, **fields: object) -> Document:
    blank: Document = dict.fromkeys(
        ("appointment_type", "source", "utm_source", "utm_medium", "utm_campaign")
    )
    instant = datetime.fromisoformat(text)
    return {"created_at": instant, "status": "success", **blank, **fields}


@given(case=cases(), text=st.booleans())
def test_records_read_in_many_batches_equal_the_reference(
    case: Case, *, text: bool
) -> None:
    df = frame(case.documents)
    if text:
        df = df.with_columns(pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stats_core.count._BATCH_ROWS", 3)
        patch.setattr("stats_core.count._WIDTH", 2)
        stats = appointment_statistics(df.lazy(), case.query, timezone=case.zone)
    assert as_answer(stats) == case.expected


@given(data=st.data(), engine=st.sampled_from(["auto", "in-memory"]))
def test_integrations_counted_in_many_batches_equal_the_reference(
    data: st.DataObject, engine: Engine
) -> None:
    zone = data.draw(zones())
    records = data.draw(documents(zone, scoped=True))
    ask = data.draw(asks(zone, records))
    df = frame(records, SCOPED_SCHEMA)
    if data.draw(st.booleans()):
        df = df.with_columns(pl.col("created_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stats_core.count._SMALL_ROWS", 0)
        patch.setattr("stats_core.count._BATCH_ROWS", 7)
        patch.setattr("stats_core.count._CODED_ROWS", 3)
        held, scanned = (
            statistics_by_integration(
                whole, StatisticsQuery(**ask), timezone=zone, engine=engine
            )
            for whole in (df, df.lazy())
        )
    alone = {
        key: reference.answer(records, ask, integration_id=key, timezone=zone)
        for key in sorted(IDS)
    }
    expected = {key: answer for key, answer in alone.items() if answer.total}
    assert list(held) == list(scanned) == list(expected)
    assert {key: as_answer(stats) for key, stats in held.items()} == expected
    assert {key: as_answer(stats) for key, stats in scanned.items()} == expected


@pytest.mark.parametrize("many", [False, True])
def test_no_batch_but_the_groups_are_kept(*, many: bool) -> None:
    rows = [
        at(f"2024-05-0{n % 3 + 1}T12:00Z", source=f"{n if many else n % 2}")
        | {"integration_id": IDS[n % 3]}
        for n in range(60)
    ]
    df = pl.DataFrame(rows)
    codes, layout = coded.new_codes(), RecordLayout()
    plan = coded.coded(df.lazy(), pl.col("created_at").dt.date(), codes)
    whole = plan.collect()
    parts = [
        coded.tallied(whole[start : start + 2], codes, layout, pl.String())
        for start in range(0, 60, 2)
    ]
    kept = coded.added_up(parts)
    once = coded.added_up([coded.tallied(whole, codes, layout, pl.String())])
    assert sum(df.height for df in kept) <= 4 * sum(df.height for df in once)
    for some, one in zip(kept, once, strict=True):
        assert_frame_equal(
            some.group_by("key").agg(pl.col("len").sum()).sort("key"), one
        )


def test_more_integrations_than_a_key_tells_apart_raise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coded, "_MOST_IDS", 2)
    df = pl.DataFrame([at("2024-05-01T12:00Z", integration_id=key) for key in IDS])
    assert len(statistics_by_integration(df[:2].lazy())) == 2
    with pytest.raises(InvalidRecordsError, match="at most 2 to count each, found 3"):
        statistics_by_integration(df.lazy())
