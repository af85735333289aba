"""Seeded records, made once and kept as Parquet in a folder outside the checkout."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import polars as pl

from benchmarks.cases import Case
from benchmarks.contract import INTEGRATION
from stats_core import sample


class Dataset(NamedTuple):
    """Records as the user of any tool has them before the question comes.

    Attributes:
        path: The Parquet file.
        in_memory: Whether a tool may load them in advance, in its own best form.
        enums: Whether columns of few values are `Enum` instead of `String`.
        by_integration: Whether each integration is counted by itself.
    """

    path: Path
    in_memory: bool
    enums: bool
    by_integration: bool

    def frame(self) -> pl.DataFrame:
        """Return the records in memory; the last ones are kept."""
        return _frame(self.path, enums=self.enums)

    def scan(self) -> pl.LazyFrame:
        """Return the records as a plan, from memory or from the file."""
        return self.frame().lazy() if self.in_memory else pl.scan_parquet(self.path)


def dataset(case: Case, rows: int, folder: Path) -> Dataset:
    """Return the records of a case; make them if they are not there yet."""
    name = f"records-{rows}-{case.campaigns}-{case.integrations}"
    lf = _dirty_records() if case.dirty else _sample(case, rows)
    path = _kept(folder, "dirty" if case.dirty else name, lf.sink_parquet)
    return Dataset(path, case.source == "memory", case.enums, case.by_integration)


def many_files(count: int, rows: int, folder: Path) -> Path:
    """Return a folder of `count` Parquet files with `rows` sample records in each."""

    def write(path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        for seed in range(count):
            records = sample.sample_records(rows, seed=seed)
            records.sink_parquet(path / f"{seed:04}.parquet")

    return _kept(folder, f"files-{count}-{rows}", write)


def _kept(folder: Path, name: str, write: Callable[[Path], object]) -> Path:
    # Records that another version of this code has made are not taken for its own.
    code = Path(__file__).read_bytes() + Path(sample.__file__).read_bytes()
    path = folder / f"{name}-{crc32(code):08x}.parquet"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        write(unfinished)
        unfinished.rename(path)
    return path


@lru_cache(maxsize=1)
def _frame(path: Path, *, enums: bool) -> pl.DataFrame:
    df = pl.read_parquet(path)
    names = (
        df.select(pl.col(pl.String).exclude("patient_name")).columns if enums else []
    )
    return df.cast({it: pl.Enum(df[it].unique().drop_nulls().sort()) for it in names})


def _sample(case: Case, rows: int) -> pl.LazyFrame:
    """Return sample records in which a word is rare."""
    integrations = max(1, case.integrations)
    records = sample.sample_records(
        rows, campaigns=case.campaigns, integrations=integrations
    )
    name, row = pl.col("patient_name"), pl.col("row")
    rare = pl.when(row % 10_000 == 0).then(name + " Quillon").otherwise(name)
    records = records.with_row_index("row").with_columns(patient_name=rare)
    return records.drop("row", *([] if case.integrations else [INTEGRATION]))


_VALUES = (
    *(None, "", " ", "\u200b", "\ufeff\t", "\u00a0\u3000"),
    *("direct", " direct ", "Direct", "not set", "0", "Ads", "\u200bAds\u00a0"),
    *("ads", "caf\u00e9", "\U0001f600", "a  b", "it's", '"', "%", "\\"),
)
_MOMENTS = (
    None,
    *(datetime(2024, 11, 3, hour, tzinfo=UTC) for hour in range(3, 8)),
    datetime(2024, 11, 3, 5, 59, 59, 999_500, tzinfo=UTC),
    datetime(2024, 11, 3, 3, 59, 59, 999_999, tzinfo=UTC),
    datetime(2024, 11, 4, 4, 59, 59, 999_999, tzinfo=UTC),
    *(datetime(2025, 4, 24, hour, tzinfo=UTC) for hour in (20, 21, 22, 23)),
    datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
)
# The lengths differ, so that cycles put every kind of dirt beside every other.
_DIRTY = {
    "appointment_type": ("NP", "F/U", "np", " F/U", "F/u", None, "F/U"),
    "status": (
        *(None, "", "successful", " SUCCESS", "Succeeded\u200b", "failed"),
        *("FAILURE\t", "\ufeffError", "error!", "cancelled", "suc cess"),
    ),
    "created_at": (*_MOMENTS, *_MOMENTS[1:-1], *_MOMENTS[3:5]),
    "source": _VALUES[::-1],
    "utm_source": (*_VALUES, *_VALUES[:2]),
    "utm_medium": (*_VALUES, *_VALUES[4:9], None, "direct"),
    "utm_campaign": (*_VALUES[3:], None),
    "patient_name": (
        *(None, "", "100%_(\\ it's \u00c9lan", "100 \u00e9lan"),
        "1000_( \u00e9 ' direct",
    ),
    "clinic": ("Harbour", None, "\u00c9 \\ '", "100%_( CLINIC"),
}


def _dirty_records() -> pl.LazyFrame:
    values = {name: [*islice(cycle(some), 1_500)] for name, some in _DIRTY.items()}
    return pl.LazyFrame(values, {name: sample.SCHEMA[name] for name in values})
