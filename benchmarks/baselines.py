"""What no engine can beat: reading the bytes; and what this one should come near."""

from functools import partial

import polars as pl

from benchmarks.cases import Case
from benchmarks.data import Held
from benchmarks.measure import Work
from benchmarks.question import COUNTED, DIMENSIONS, SEARCHED
from stats_core.filters import created_within


def floor(records: Held, case: Case) -> Work:
    """Merely read, streaming, every byte that the query needs.

    In memory these are the columns of its conditions, and of the records that fulfil
    those on type and time the columns that are counted and searched; from a file, which
    has all kinds of records in every block, all of them.
    """
    question = case.question
    narrows = bool(question.appointment_type or question.start or question.end)
    counted = [*COUNTED, *(SEARCHED if question.words else ())]
    if not (records.in_memory and narrows):
        return partial(_collect, [_read(scan(records), question.reads())])
    tested = [
        "created_at",
        *(["appointment_type"] if question.appointment_type else []),
    ]
    asked = _asked(records.frame().lazy(), case).select(counted).collect()
    plans = [_read(records.frame().lazy(), tested), _read(asked.lazy(), counted)]
    return partial(_collect, plans)


def bare_plans(records: Held, case: Case) -> Work:
    """Five streaming `group_by(key, status).len()` of one scan: no labels or checks."""
    asked = _asked(scan(records), case)
    day = pl.col("created_at").dt.date()
    keys = [day, *map(pl.col, DIMENSIONS)]
    return partial(_collect, [asked.group_by(key, "status").len() for key in keys])


def scan(records: Held) -> pl.LazyFrame:
    """The records as a plan."""
    return (
        records.frame().lazy() if records.in_memory else pl.scan_parquet(records.path)
    )


def _asked(lf: pl.LazyFrame, case: Case) -> pl.LazyFrame:
    wanted = case.question.appointment_type
    typed = [] if wanted is None else [pl.col("appointment_type") == wanted]
    period = case.query.period(case.timezone)
    return lf.filter(*typed, *created_within(period, lf.collect_schema()))


def _read(lf: pl.LazyFrame, columns: list[str]) -> pl.LazyFrame:
    return lf.select(_touched(name, lf.collect_schema()[name]) for name in columns)


def _touched(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if dtype == pl.String:
        # Lengths stand beside the text; a searched text is read to its last byte.
        return column.max() if name in SEARCHED else column.str.len_bytes().sum()
    return column.to_physical().cast(pl.Int64).sum()


def _collect(plans: list[pl.LazyFrame]) -> list[pl.DataFrame]:
    return pl.collect_all(plans, engine="streaming")
