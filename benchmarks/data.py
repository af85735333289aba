"""The records: seeded, made once, kept as Parquet in a folder outside the checkout."""

from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import polars as pl

from benchmarks.cases import Case
from stats_core import sample

_RARE_EVERY = 10_000
_ENUMS = (
    *("appointment_type", "status", "source", "utm_source"),
    *("utm_medium", "utm_campaign", "clinic"),
)


class Held(NamedTuple):
    """Records of one kind, as the user of any tool has them before asking.

    Attributes:
        path: The Parquet file.
        in_memory: Whether they may be held ready in the tool's own best form; else
            every answer starts from the file.
        enums: Whether the columns of few values are `Enum` instead of `String`.
    """

    path: Path
    in_memory: bool
    enums: bool

    def frame(self) -> pl.DataFrame:
        """The records in memory, read once."""
        return _frame(self.path, enums=self.enums)

    def read(self) -> pl.DataFrame:
        """The records, read from the file now if they are not held in memory."""
        return self.frame() if self.in_memory else pl.read_parquet(self.path)


def held(case: Case, rows: int, folder: Path) -> Held:
    """The records of a case, made if this is the first time."""
    return Held(_file(case, rows, folder), case.source == "memory", case.enums)


def _file(case: Case, rows: int, folder: Path) -> Path:
    name = "dirty" if case.dirty else f"records-{rows}-{case.campaigns}"
    path = folder / f"{name}-{_fingerprint():08x}.parquet"
    if not path.exists():
        records = _dirty() if case.dirty else _clean(rows, case.campaigns)
        unfinished = path.with_suffix(".unfinished")
        records.sink_parquet(unfinished)
        unfinished.rename(path)
    return path


@cache
def _fingerprint() -> int:
    """Of what makes the records: kept ones of another making are not taken for them."""
    sources = (Path(__file__), Path(sample.__file__))
    return crc32(b"".join(source.read_bytes() for source in sources))


@lru_cache(maxsize=1)
def _frame(path: Path, *, enums: bool) -> pl.DataFrame:
    df = pl.read_parquet(path)
    if not enums:
        return df
    values = {name: df[name].unique().drop_nulls().sort() for name in _ENUMS}
    return df.cast({name: pl.Enum(values[name]) for name in _ENUMS})


def _clean(rows: int, campaigns: int) -> pl.LazyFrame:
    """Sample records of all integrations, pooled, with a word that is rare."""
    name, row = pl.col("patient_name"), pl.col("row")
    rare = pl.when(row % _RARE_EVERY == 0).then(name + " Quillon").otherwise(name)
    records = sample.sample_records(rows, campaigns=campaigns).with_row_index("row")
    return records.with_columns(patient_name=rare).drop("row", "integration_id")


_BLANKS = (None, "", " ", "\u200b", "\ufeff\t", "\u00a0\u3000")
_WORDS = (
    *("direct", " direct ", "Direct", "not set", "0", "Ads", "\u200bAds\u00a0"),
    *("ads", "caf\u00e9", "\U0001f600", "a  b", "it's", '"', "%", "\\"),
)
_STATUSES = (
    *(None, "", "successful", " SUCCESS", "Succeeded\u200b", "failed", "FAILURE\t"),
    *("\ufeffError", "error!", "cancelled", "suc cess"),
)
_NAMES = (
    None,
    "",
    "100%_(\\ it's \u00c9lan",
    "100 \u00e9lan",
    "1000_( \u00e9 ' direct",
)
_CLINICS = ("Harbour", None, "\u00c9 \\ '", "100%_( CLINIC")
_MOMENTS = (
    None,
    *(datetime(2024, 11, 3, hour, tzinfo=UTC) for hour in range(3, 8)),
    datetime(2024, 11, 3, 5, 59, 59, 999_500, tzinfo=UTC),
    datetime(2024, 11, 3, 4, tzinfo=UTC) - timedelta(microseconds=1),
    datetime(2024, 11, 4, 5, tzinfo=UTC) - timedelta(microseconds=1),
    *(datetime(2025, 4, 24, hour, tzinfo=UTC) for hour in (20, 21, 22, 23)),
    datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
)
_DIRTY_ROWS = 1_500


def _dirty() -> pl.LazyFrame:
    """Every kind of dirt beside every other: the lengths of the cycles share little."""
    values = (*_BLANKS, *_WORDS)
    columns: dict[str, tuple[object, ...]] = {
        "appointment_type": ("NP", "F/U", "np", " F/U", "F/u", None, "F/U"),
        "status": _STATUSES,
        "created_at": (*_MOMENTS, *_MOMENTS[1:-1], *_MOMENTS[3:5]),
        "source": values[::-1],
        "utm_source": (*values, *values[:2]),
        "utm_medium": (*values, *values[4:9], None, "direct"),
        "utm_campaign": (*values[3:], None),
        "patient_name": _NAMES,
        "clinic": _CLINICS,
    }
    return pl.LazyFrame(
        {
            name: list(islice(cycle(some), _DIRTY_ROWS))
            for name, some in columns.items()
        },
        {name: sample.SCHEMA[name] for name in columns},
    )
