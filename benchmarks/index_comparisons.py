"""`AppointmentIndex` against the engine, against itself, and against the least."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial, reduce
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import polars as pl

from benchmarks.cases import BY_NAME, NEW_YORK, PLAIN, Case
from benchmarks.data import Dataset, dataset
from benchmarks.measure import Comparison, Task, Works, peak_megabytes
from benchmarks.ours import ask, bare_plans, count, index_of
from stats_core import (
    AppointmentIndex,
    AppointmentStatistics,
    AppointmentType,
    StatisticsQuery,
    appointment_statistics,
)
from stats_core.sample import integration_ids

INDEX_CASES = ("none", "date", "type", "type-date", "zone", "integration")
_CASES = [BY_NAME[f"memory-{name}"] for name in INDEX_CASES]
_POOLED = [case for case in _CASES if not case.integrations]  # of the same records
_ALL = PLAIN[0]
_THREADS = 8


def _question(case: Case, rows: int, data: Path) -> Works:
    records = dataset(case, rows, data)
    ours, engine = ask(index_of(records), case), count(records, case)
    return Works(ours, _unit(rows, data), lambda answer, _: answer == engine())


def _json(rows: int, data: Path) -> Works:
    records = dataset(_ALL, rows, data)
    ours = partial(_respond, index_of(records).statistics)
    engine = partial(_respond, partial(appointment_statistics, records.frame()))
    return Works(ours, engine, str.__eq__)


def _small_json(rows: int, data: Path) -> Works:
    ours, engine, _ = _json(rows, data)
    return Works(ours, _unit(rows, data), lambda text, _: text == engine())


def _growth(rows: int, data: Path) -> Works:
    """Compare some records of Parquet with a tenth of them; five answers each."""
    case = replace(_ALL, source="parquet")
    both = [dataset(case, number, data) for number in (rows, rows // 10)]
    engine = [_in_turn([count(records, case) for case in _POOLED]) for records in both]
    ours, theirs = (_asked(index_of(records), _POOLED) for records in both)
    return Works(ours, theirs, lambda *found: [*found] == [task() for task in engine])


def _build(rows: int, data: Path) -> Works:
    import duckdb  # noqa: PLC0415 - not everywhere

    frame = dataset(_ALL, rows, data).frame()
    arrow = frame.to_arrow()

    def load() -> int:
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")  # it goes to stdout
            connection.register("frame", arrow)
            connection.execute("CREATE TABLE records AS FROM frame")
            [[height]] = connection.execute("SELECT count(*) FROM records").fetchall()
        return int(height)

    build = partial(AppointmentIndex, frame)
    return Works(build, load, lambda index, height: len(index) == height)


def _bytes(rows: int, data: Path) -> Works:
    """Compare the bytes beyond the UTF-8 of the distinct texts with the records."""
    records = dataset(_ALL, rows, data)
    texts = records.frame().select(pl.col(pl.String).unique().str.len_bytes().sum())
    index = index_of(records)
    return Works(lambda: index.nbytes - sum(texts.row(0)), partial(len, index))


def _peak(rows: int, data: Path) -> Works:
    """Compare the growth of a fresh process that builds an index with the index."""
    path = dataset(_ALL, rows, data).path
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        growth, size = process.submit(_built, path).result()
    return Works(lambda: growth, lambda: size)


def _built(path: Path) -> tuple[float, int]:
    before = peak_megabytes()
    index = AppointmentIndex(pl.scan_parquet(path))
    return (peak_megabytes() - before) * 2**20, index.nbytes


def _threads(rows: int, data: Path) -> Works:
    records = dataset(_ALL, rows, data)
    # Enough of them that starting the threads does not count.
    tasks = [ask(index_of(records), case) for case in _POOLED] * _THREADS * 5
    engine = [count(records, case)() for case in _POOLED] * _THREADS * 5

    def at_once() -> list[Any]:
        with ThreadPoolExecutor(_THREADS) as threads:
            return [*threads.map(lambda task: task(), tasks)]

    return Works(at_once, _in_turn(tasks), lambda a, b: a == b == engine)


def _additions(rows: int, data: Path) -> Works:
    records = dataset(_ALL, rows, data)
    whole = partial(AppointmentIndex, records.frame())
    return Works(
        partial(_grown, records), whole, lambda a, b: a.statistics() == b.statistics()
    )


def _after_additions(rows: int, data: Path) -> Works:
    records = dataset(_ALL, rows, data)
    indexes = _grown(records), index_of(records)
    ours, theirs = (_asked(index, _POOLED) for index in indexes)
    return Works(ours, theirs, list.__eq__)


def _grown(records: Dataset) -> AppointmentIndex:
    """Add records a thousand at a time, or a tenth of all if that is less."""
    frame = records.frame()
    added = frame.iter_slices(min(1_000, frame.height // 10))
    return reduce(AppointmentIndex.extended, added, AppointmentIndex(frame.clear()))


def _random(rows: int, data: Path) -> Works:
    """Compare a random request for each 2,000 records, but at least 20."""
    records = dataset(BY_NAME["memory-integration"], rows, data)
    cases = [*random_cases(records.frame()["created_at"], max(20, rows // 2_000))]
    engine = _in_turn([count(records, case) for case in cases])
    return Works(_asked(index_of(records), cases), engine, list.__eq__)


_ZONES = (
    *("UTC", NEW_YORK, "Asia/Kolkata", "Africa/Cairo", "America/Havana"),
    *("Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia"),
)
_WORDS = ("quillon", "CLINIC", "ferdro", "Harbour", "an", "e", "eye centre", "nobody")
_FORMATS = ("%Y-%m-%dT%H:%M:%S%.9fZ", "%Y-%m-%d")


def random_cases(instants: pl.Series, number: int) -> Iterator[Case]:
    """Yield seeded requests; bounds are dates, or within a microsecond of records."""
    random = Random(0)  # noqa: S311 - no secret
    ids = integration_ids(6)  # the last one has no record
    for _ in range(number):
        known = instants[random.choices(range(len(instants)), k=2)].to_physical()
        near = sorted(at * 1_000 + random.randint(-1_000, 1_000) for at in known)
        moments = pl.Series(near, dtype=pl.Datetime("ns"))
        start, end = moments.dt.strftime(random.choice(_FORMATS))
        parameters = {
            "appointmentType": random.choice(["", *AppointmentType]),
            "search": " ".join(random.sample(_WORDS, random.choice([0, 0, 1, 2]))),
            "start": random.choice(["", start]),
            "end": random.choice(["", end]),
        }
        zone, key = random.choice(_ZONES), random.choice(ids)
        yield Case("", parameters, timezone=zone, integrations=5, integration_id=key)


def _unit(rows: int, data: Path) -> Task:
    """Return a unit of time that travels with the machine."""
    return bare_plans(dataset(_ALL, min(rows, 1_000), data), _ALL)


def _asked(index: AppointmentIndex, cases: Sequence[Case]) -> Task:
    return _in_turn([ask(index, case) for case in cases])


def _in_turn(tasks: Sequence[Task]) -> Task:
    return lambda: [task() for task in tasks]


def _respond(statistics: Callable[[StatisticsQuery], AppointmentStatistics]) -> str:
    """Answer the query strings of a request with JSON."""
    query = StatisticsQuery.model_validate({})
    return statistics(query).dashboard_json(query.page, query.size)


_UNIT, _MILLION, _MANY = "five bare plans on 1,000", 1_000_000, 10_000_000
# Neighbours that share a process are together.
INDEX_COMPARISONS = {
    **{
        f"index-{name}": Comparison(
            _UNIT, _MANY, partial(_question, case), process_time
        )
        for name, case in zip(INDEX_CASES, _CASES, strict=True)
    },
    "index-json": Comparison(_UNIT, 1_000, _small_json, process_time),
    **{
        f"index-json-{rows}": Comparison("engine", rows, _json)
        for rows in (1_000, 10_000, 100_000)
    },
    "index-random": Comparison("engine", _MILLION, _random),
    "index-additions": Comparison("built at once", _MILLION, _additions),
    "index-after-additions": Comparison("built at once", _MILLION, _after_additions),
    "index-threads": Comparison("one thread", _MILLION, _threads),
    "index-growth": Comparison("a tenth", 10 * _MANY, _growth),
    "index-build": Comparison("DuckDB's load", _MANY, _build),
    "index-bytes": Comparison("records", _MANY, _bytes, None),
    "index-peak": Comparison("`nbytes`", 10 * _MANY, _peak, None),
}
