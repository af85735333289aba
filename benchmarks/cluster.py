"""Ten files of a million records on warm Ray workers against one process' streaming.

    python -m benchmarks.cluster [--files 10] [--rows 1000000] [--rounds 7] [--keep DIR]

The answers are compared first. Then both are timed in turns, and the medians and their
ratio are printed; the cluster is local, and has as many CPUs as the one process. Files
go to a temporary folder that is removed, unless `--keep` names one.
"""

import argparse
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import polars as pl

from stats_core import AppointmentStatistics, appointment_statistics, cluster
from stats_core.sample import integration_ids, sample_records

TARGET = 1.5
ID = integration_ids(1)[0]


def main() -> None:
    """Measure, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10)
    parser.add_argument("--rows", type=int, default=1_000_000, help="in a file")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--keep", type=Path, help="where the files are, or will be")
    args = parser.parse_args()
    with folder(args.keep) as path, warm_cluster():
        write_files(path, args.files, args.rows)
        pattern = str(path / "*.parquet")
        on_ray, alone = in_turns(
            lambda: cluster.appointment_statistics(pattern, integration_id=ID),
            lambda: one_process(pattern),
            args.rounds,
        )
    print(f"{args.files} files of {args.rows:,} records, median of {args.rounds}")
    print(f"one process, streaming  {alone:.3f} s")
    print(f"Ray, warm workers       {on_ray:.3f} s")
    print(f"ratio                   {on_ray / alone:.2f} (target: at most {TARGET})")


def one_process(pattern: str) -> AppointmentStatistics:
    """One lazy scan of all the files."""
    records = pl.scan_parquet(pattern)
    return appointment_statistics(records, integration_id=ID, engine="streaming")


def in_turns(
    one: Callable[[], AppointmentStatistics],
    other: Callable[[], AppointmentStatistics],
    rounds: int,
) -> tuple[float, float]:
    """The median seconds of both, run in turns, after their answers were compared."""
    assert one() == other()
    one()  # every worker has counted by now
    pairs = [(seconds(one), seconds(other)) for _ in range(rounds)]
    first, second = zip(*pairs, strict=True)
    return median(first), median(second)


def seconds(run: Callable[[], object]) -> float:
    """How long it takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def write_files(path: Path, files: int, rows: int) -> None:
    """Files of sample records, each of another seed; those that are there are kept."""
    for seed in range(files):
        target = path / f"{rows}-{seed:03}.parquet"
        if not target.exists():
            sample_records(rows, seed=seed).sink_parquet(target)


@contextmanager
def folder(keep: Path | None) -> Iterator[Path]:
    """A folder for the files, removed in the end unless it is to be kept."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@contextmanager
def warm_cluster() -> Iterator[None]:
    """A local Ray that stays up between jobs."""
    # Under `uv run`, Ray would have uv make an environment for each worker.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
    import ray  # noqa: PLC0415 - after its environment is set

    ray.init(
        "local",
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    yield
    ray.shutdown()


if __name__ == "__main__":
    main()
