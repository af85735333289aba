"""Seeded synthetic appointment records, for the demo, the tests and the benchmarks."""

from collections.abc import Iterator, Sequence
from functools import partial

import polars as pl
from polars.io.plugins import register_io_source

CHUNK_ROWS = 500_000
FIRST_DAY_US = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z
SPAN_US = 730 * 86_400_000_000

TYPES = ("NP", "F/U", "ASC_FU", "FU Tele", "PROCEDURE", "PROV_USE", "RAP_ACCESS")
STATUSES = ("successful", "successful", "successful", "failed", "failed", "cancelled")
SOURCES = (
    *("website", "phone", "whatsapp", "walk-in"),
    *("referral", "partner", "app", "kiosk"),
)
MEDIUMS = (
    *("cpc", "organic", "email", "social", "referral", "display"),
    *("affiliate", "sms", "video", "qr", "push", "print"),
)
CLINICS = tuple(
    f"{place} {kind}"
    for place in ("Harbour", "Riverside", "Old Town", "Northgate", "Lakeview", "Mill")
    for kind in ("Clinic", "Dental", "Eye Centre", "Physio")
)
_STARTS = ("An", "Be", "Ca", "Da", "El", "Fer", "Gi", "Hel", "In", "Jo")
_ENDS = ("a", "bel", "dro", "na")
NAMES = tuple(start + end for start in _STARTS for end in _ENDS)

SCHEMA = pl.Schema(
    {
        "integration_id": pl.String(),
        "appointment_type": pl.String(),
        "status": pl.String(),
        "created_at": pl.Datetime("us", "UTC"),
        "source": pl.String(),
        "utm_source": pl.String(),
        "utm_medium": pl.String(),
        "utm_campaign": pl.String(),
        "patient_name": pl.String(),
        "clinic": pl.String(),
    }
)


def integration_ids(count: int) -> list[str]:
    """The ids of the first `count` synthetic integrations.

    >>> integration_ids(2)
    ['5eb7cf5a86d9755d00000000', '5eb7cf5a86d9755d00000001']
    """
    return [f"5eb7cf5a86d9755d{number:08x}" for number in range(count)]


def sample_records(
    rows: int, *, seed: int = 0, integrations: int = 3, campaigns: int = 2_000
) -> pl.LazyFrame:
    """Synthetic appointment records, the same for the same arguments.

    Two years of instants from 2024-01-01 UTC in no order, seven types, 8 sources, and
    40 / 12 / `campaigns` UTM values of which 30 to 50 % are unset. A row depends on its
    number and the seed alone, and rows are made in chunks as they are read: a
    hundred million of them need no more memory than a million.

    Returns:
        Columns of `SCHEMA`, in its order; one row per appointment.

    >>> sample_records(2, seed=7).select("status", "source").collect().rows()
    [('failed', 'whatsapp'), ('failed', 'kiosk')]
    """
    make = partial(
        sample_chunk, seed=seed, integrations=integrations, campaigns=campaigns
    )

    def chunks(  # pragma: no cover - runs on threads of Polars, which none can trace
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,
        batch_size: int | None,
    ) -> Iterator[pl.DataFrame]:
        count = rows if n_rows is None else min(rows, n_rows)
        step = batch_size or CHUNK_ROWS
        for start in range(0, count, step):
            df = make(start, min(start + step, count), columns=with_columns)
            yield df if predicate is None else df.filter(predicate)

    return register_io_source(chunks, schema=SCHEMA)


def sample_chunk(
    start: int,
    stop: int,
    *,
    seed: int = 0,
    integrations: int = 3,
    campaigns: int = 2_000,
    columns: Sequence[str] | None = None,
) -> pl.DataFrame:
    """The sample records from number `start`, inclusive, to `stop`, exclusive.

    >>> sample_chunk(1, 2, seed=7, columns=["status", "source"]).rows()
    [('failed', 'kiosk')]
    """
    every = _columns(seed, integration_ids(integrations), campaigns)
    wanted = [every[name].alias(name) for name in columns or SCHEMA]
    return pl.select(row=pl.int_range(start, stop, dtype=pl.UInt64)).select(wanted)


def _columns(seed: int, ids: list[str], campaigns: int) -> dict[str, pl.Expr]:
    names = [
        pl.lit(pl.Series(NAMES)).gather(_below(len(NAMES), seed, salt))
        for salt in (20, 21, 22, 23)
    ]
    created_at = (_random(seed, 3) % SPAN_US + FIRST_DAY_US).cast(pl.Int64)
    return {
        "integration_id": _pick(ids, seed, 0),
        "appointment_type": _pick(TYPES, seed, 1),
        "status": _mostly(_pick(STATUSES, seed, 2), 0.99, seed, 12),
        "created_at": created_at.cast(SCHEMA["created_at"]),
        "source": _mostly(_skewed(SOURCES, seed, 4), 0.9, seed, 14),
        "utm_source": _mostly(_skewed(_numbered("site", 40), seed, 5), 0.7, seed, 15),
        "utm_medium": _mostly(_skewed(MEDIUMS, seed, 6), 0.6, seed, 16),
        "utm_campaign": _mostly(
            _skewed(_numbered("campaign", campaigns), seed, 7), 0.5, seed, 17
        ),
        "patient_name": pl.concat_str(names, separator=" "),
        "clinic": _pick(CLINICS, seed, 8),
    }


def _numbered(word: str, count: int) -> list[str]:
    return [f"{word}-{number}" for number in range(count)]


def _pick(values: list[str] | tuple[str, ...], seed: int, salt: int) -> pl.Expr:
    return pl.lit(pl.Series(values)).gather(_below(len(values), seed, salt))


def _skewed(values: list[str] | tuple[str, ...], seed: int, salt: int) -> pl.Expr:
    """Early values more often than late ones, as campaigns are."""
    place = _fraction(seed, salt).pow(2) * len(values)
    return pl.lit(pl.Series(values)).gather(place.cast(pl.UInt32))


def _mostly(column: pl.Expr, share: float, seed: int, salt: int) -> pl.Expr:
    return pl.when(_fraction(seed, salt) < share).then(column)


def _below(limit: int, seed: int, salt: int) -> pl.Expr:
    return (_random(seed, salt) % limit).cast(pl.UInt32)


def _fraction(seed: int, salt: int) -> pl.Expr:
    return (_random(seed, salt) // (1 << 11)).cast(pl.Float64) / (1 << 53)


def _random(seed: int, salt: int) -> pl.Expr:
    """A uniform UInt64 per row: SplitMix64 of Steele, Lea and Flood (2014).

    Polars' own `hash` and `sample` may change between versions; this may not.
    """
    start = (seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03) % (1 << 64)
    mixed = pl.col("row") * _u64(0x9E3779B97F4A7C15) + _u64(start)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed // (1 << shift))) * _u64(factor)
    return mixed ^ (mixed // (1 << 31))


def _u64(value: int) -> pl.Expr:
    return pl.lit(value, dtype=pl.UInt64)
