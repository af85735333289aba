from typing import Any

import polars as pl

from stats_core import RecordLayout, StatisticsQuery
from stats_core.records import canonical
from stats_core.survey import survey, uncountable, uncountable_faults


def plan(records: Any) -> pl.LazyFrame:
    return canonical(records, RecordLayout(), StatisticsQuery())


def test_a_survey_of_nothing_knows_nothing() -> None:
    for records in (iter(()), pl.DataFrame({"created_at": [None], "status": [None]})):
        found = survey(plan(records)).collect()
        assert found.rows() == [(None, None, 0)]


def test_uncountable_rows_are_found_with_their_place() -> None:
    texts = ["2024-05-01", "soon", None, " ", "0000-12-31", "9999-12-31T23:59:59-01:00"]
    lf = plan(pl.DataFrame({"created_at": texts, "status": "x"}))
    found = uncountable(lf, "UTC").collect()
    assert found["count"].to_list() == [1, 2]
    assert uncountable_faults(found, "UTC") == [
        "`created_at`: 1 values are not ISO 8601 date-times: 'soon' (row 1)",
        (
            "`created_at`: 2 values are not on a day of the years 1 to 9999 in UTC: "
            "'0000-12-31' (row 4), '9999-12-31T23:59:59-01:00' (row 5)"
        ),
    ]


def test_instants_that_were_no_text_are_named_by_their_row() -> None:
    at = pl.Series([0, 10**15], dtype=pl.Datetime("ms"))
    lf = plan(pl.DataFrame({"created_at": at, "status": "x"}))
    assert uncountable_faults(uncountable(lf, "UTC").collect(), "UTC") == [
        "`created_at`: 1 values are not on a day of the years 1 to 9999 in UTC: row 1"
    ]


def test_of_very_many_faults_the_first_are_named() -> None:
    texts = ["soon"] * 100_000
    lf = plan(pl.DataFrame({"created_at": texts, "status": "x"}))
    found = uncountable(lf, "UTC").collect(engine="streaming")
    [fault] = uncountable_faults(found, "UTC")
    assert fault.startswith("`created_at`: 100000 values are not")
    assert fault.endswith(", ".join(f"'soon' (row {row})" for row in range(5)))
