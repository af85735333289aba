"""Every integration's statistics against one pooled pass over the same records.

    python -m benchmarks.by_integration [--rows 10000000] [--integrations 2000] [--keep DIR]

Each integration of a sample of them is first compared with asking for it alone, and the
sum of all with the pooled answer. Then both passes are timed in turns, over a Parquet
file and over a frame in memory, and the medians and their ratio are printed. The file
goes to a temporary folder that is removed, unless `--keep` names one.
"""

import argparse
from functools import partial
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.cluster import folder, seconds
from stats_core import (
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from stats_core.sample import sample_records

TARGET = 3.0
COMPARED = 20


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--integrations", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", type=Path, help="where the file is, or will be")
    args = parser.parse_args()
    with folder(args.keep) as path:
        file = path / f"{args.rows}-{args.integrations}.parquet"
        if not file.exists():
            records = sample_records(args.rows, integrations=args.integrations)
            records.sink_parquet(file)
        compare(pl.scan_parquet(file))
        print(f"{args.rows:,} records, {args.integrations:,} integrations")
        measure("Parquet", pl.scan_parquet(file), args.rounds)
        measure("memory", pl.read_parquet(file), args.rounds)


def compare(records: pl.LazyFrame) -> None:
    """Assert that all integrations are what each is alone, and sum to the whole."""
    each = statistics_by_integration(records)
    for key in list(each)[:: max(1, len(each) // COMPARED)]:
        assert each[key] == appointment_statistics(records, integration_id=key)
    whole = appointment_statistics(records.drop("integration_id"))
    assert merge_statistics(each.values()) == whole


def measure(name: str, records: pl.LazyFrame | pl.DataFrame, rounds: int) -> None:
    """Time both passes in turns and print their medians."""
    pooled = partial(appointment_statistics, records.drop("integration_id"))
    each = partial(statistics_by_integration, records)
    pairs = [(seconds(pooled), seconds(each)) for _ in range(rounds)]
    one, many = (median(times) for times in zip(*pairs, strict=True))
    ratio = f"ratio {many / one:.2f} (target: at most {TARGET:.0f})"
    print(f"{name:8} pooled {one:.3f} s, each {many:.3f} s, {ratio}")


if __name__ == "__main__":
    main()
