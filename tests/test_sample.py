import polars as pl
import pytest
from polars.testing import assert_frame_equal

from stats_core.sample import (
    CHUNK_ROWS,
    SCHEMA,
    integration_ids,
    sample_chunk,
    sample_records,
)


def test_the_same_seed_gives_the_same_records() -> None:
    records = sample_records(50, seed=3).collect()
    assert_frame_equal(records, sample_records(50, seed=3).collect())
    assert records.rows() != sample_records(50, seed=4).collect().rows()


def test_a_row_depends_on_its_number_alone() -> None:
    rows = CHUNK_ROWS + 3
    many = sample_records(rows).select("created_at", "patient_name").collect()
    few = sample_chunk(0, 20, columns=["created_at", "patient_name"])
    assert many.height == rows
    assert_frame_equal(many.head(20), few)
    assert many.tail(5).n_unique() == 5


def test_pushed_down_limits_and_conditions_keep_their_meaning() -> None:
    whole = sample_records(100).collect()
    failed = pl.col("status") == "failed"
    assert_frame_equal(sample_records(100).head(7).collect(), whole.head(7))
    assert_frame_equal(
        sample_records(100).filter(failed).collect(), whole.filter(failed)
    )


def test_no_rows_have_the_same_columns() -> None:
    assert sample_records(0).collect().schema == SCHEMA


@pytest.mark.parametrize("integrations", [1, 7])
def test_every_integration_and_unset_values_occur(integrations: int) -> None:
    df = sample_records(2_000, integrations=integrations, campaigns=5).collect()
    assert sorted(df["integration_id"].unique()) == integration_ids(integrations)
    assert df["utm_campaign"].n_unique() == 6
    assert df["utm_campaign"].null_count() > 0
