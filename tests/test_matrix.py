from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    AppointmentStatistics,
    appointment_statistics,
    merge_statistics,
    statistics_by_integration,
)
from tests import reference
from tests.strategies import (
    SCOPED_SCHEMA,
    Case,
    Document,
    a_part_of_the_examples,
    as_answer,
    cases,
    frame,
    ids,
    loose,
    splits,
)

Chunks = list[pl.DataFrame]
Engine = Literal["auto", "in-memory", "streaming"]
Split = Literal["whole", "merged", "chunked", "permuted"]
Whose = Literal["pooled", "one", "each"]
ENGINES: list[Engine] = ["auto", "in-memory", "streaming"]
SPLITS: list[Split] = ["whole", "merged", "chunked", "permuted"]
WHOSE: list[Whose] = ["pooled", "one", "each"]

# The key of an answer about all integrations.
ALL = ""
LOOSE = "dicts as loose as documents"
AT = pl.col("created_at")
TEXT = pl.selectors.string()


class Form(NamedTuple):
    of: Callable[[Chunks, Path], Any]
    tick: int = reference.MICROSECOND  # the nanoseconds between two of its instants


def whole(chunks: Chunks) -> pl.DataFrame:
    return pl.concat(chunks, rechunk=False)


def dicts(chunks: Chunks) -> Iterator[Document]:
    return chain.from_iterable(df.iter_rows(named=True) for df in chunks)


def with_booleans(chunks: Chunks) -> list[Document]:
    booleans: dict[object, object] = {"true": True, "false": False}
    return [
        row | {"status": booleans.get(row["status"], row["status"])}
        for row in dicts(chunks)
    ]


def typed(*columns: pl.Expr, tick: int = reference.MICROSECOND) -> Form:
    return Form(lambda chunks, _: whole(chunks).with_columns(*columns), tick)


def enumerated(chunks: Chunks, _: Path) -> pl.DataFrame:
    df = whole(chunks)
    return df.with_columns(
        df[name].cast(pl.Enum(df[name].unique().drop_nulls()))
        for name, dtype in df.schema.items()
        if dtype == pl.String
    )


def written(chunks: Chunks) -> Chunks:
    text = AT.dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
    return [df.with_columns(text) for df in chunks]


def files(chunks: Chunks, folder: Path, write: Callable[..., Any]) -> list[Path]:
    paths = [folder / f"{number}" for number in range(len(chunks))]
    for df, path in zip(chunks, paths, strict=True):
        write(df, path)
    return paths


def parquet(chunks: Chunks, folder: Path) -> pl.LazyFrame:
    return pl.scan_parquet(files(chunks, folder, pl.DataFrame.write_parquet))


def ipc(chunks: Chunks, folder: Path) -> pl.LazyFrame:
    return pl.scan_ipc(files(chunks, folder, pl.DataFrame.write_ipc))


def csv(chunks: Chunks, folder: Path) -> pl.LazyFrame:
    paths = files(written(chunks), folder, pl.DataFrame.write_csv)
    return pl.scan_csv(paths, infer_schema=False)


def ndjson(chunks: Chunks, folder: Path) -> pl.LazyFrame:
    texts = written(chunks)
    paths = files(texts, folder, pl.DataFrame.write_ndjson)
    return pl.scan_ndjson(paths, schema=texts[0].schema)


def table(chunks: Chunks) -> pa.Table:
    return pa.concat_tables(df.to_arrow() for df in chunks)


def pandas(chunks: Chunks, **options: bool) -> pd.DataFrame:
    return whole(chunks).to_pandas(**options)


FORMS = {
    "DataFrame": Form(lambda chunks, _: whole(chunks)),
    "LazyFrame": Form(lambda chunks, _: pl.concat([df.lazy() for df in chunks])),
    "pyarrow Table": Form(lambda chunks, _: table(chunks)),
    "pyarrow RecordBatchReader": Form(
        lambda chunks, _: table(chunks).to_reader(max_chunksize=3)
    ),
    "pandas": Form(lambda chunks, _: pandas(chunks)),
    "pandas of Arrow types": Form(
        lambda chunks, _: pandas(chunks, use_pyarrow_extension_array=True)
    ),
    "list of dicts": Form(lambda chunks, _: list(dicts(chunks))),
    "generator of dicts": Form(lambda chunks, _: dicts(chunks)),
    "dicts with Booleans": Form(lambda chunks, _: with_booleans(chunks)),
    LOOSE: Form(lambda chunks, _: list(dicts(chunks))),
    "Parquet": Form(parquet, tick=1),
    "IPC": Form(ipc),
    "CSV": Form(csv),
    "NDJSON": Form(ndjson),
    "Categorical columns": typed(TEXT.cast(pl.Categorical)),
    "Enum columns": Form(enumerated),
    "milliseconds": typed(AT.dt.cast_time_unit("ms"), tick=10**6),
    "microseconds": typed(AT.dt.cast_time_unit("us")),
    "nanoseconds": typed(AT, tick=1),
    "instants without a zone": typed(AT.dt.replace_time_zone(None), tick=1),
    "instants of Tokyo": typed(AT.dt.convert_time_zone("Asia/Tokyo")),
    "instants of Lord Howe": typed(AT.dt.convert_time_zone("Australia/Lord_Howe")),
    "text": typed(AT.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")),
    "text with a space": typed(AT.dt.strftime("%Y-%m-%d %H:%M:%S%.6f")),
    "text with an offset": typed(AT.dt.strftime("%FT%T%.9f+00:00")),
}


class Asked(NamedTuple):
    case: Case
    whose: Whose
    key: str
    engine: Engine

    def of_reference(self, records: list[Document]) -> dict[str, reference.Answer]:
        case = self.case
        if self.whose == "each":
            return case.expected_of_each(records)
        key = self.key if self.whose == "one" else None
        return {self.key: case.expected_of(records, key)}

    def of_library(self, records: Any) -> dict[str, AppointmentStatistics]:
        query, options = self.case.query, self.options
        if self.whose == "each":
            return statistics_by_integration(records, query, **options)
        key = self.key if self.whose == "one" else None
        found = appointment_statistics(records, query, integration_id=key, **options)
        return {self.key: found}

    @property
    def options(self) -> dict[str, Any]:
        return self.case.options | {"engine": self.engine}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


@st.composite
def exact(draw: st.DrawFn, records: list[Document], tick: int) -> list[Document]:
    # The instants as exact as a form can hold them, and no more.
    steps = st.sampled_from([0, 0, 1, -1, 999] if tick == 1 else [0])
    found = []
    for record in records:
        at = reference.instant(record["created_at"])
        text = None if at is None else reference.zulu(at // tick * tick + draw(steps))
        found.append(record | {"created_at": text})
    return found


def framed(records: Sequence[Document], form: Form, whose: Whose) -> pl.DataFrame:
    instants = [reference.instant(record["created_at"]) for record in records]
    at = pl.Series(instants, dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))
    df = frame([record | {"created_at": None} for record in records], SCOPED_SCHEMA)
    unit: Literal["us", "ns"] = "ns" if form.tick == 1 else "us"
    df = df.with_columns(created_at=at.dt.cast_time_unit(unit))
    return df.drop("integration_id") if whose == "pooled" else df


def arranged(
    split: Split, records: list[Document], data: st.DataObject
) -> list[list[list[Document]]]:
    # The parts to count one by one, and the chunks of each.
    match split:
        case "whole":
            return [[records]]
        case "merged":
            return [[part] for part in data.draw(splits(records))]
        case "chunked":
            return [data.draw(splits(records))]
        case "permuted":
            return [[data.draw(st.permutations(records))]]


def merged(
    parts: list[dict[str, AppointmentStatistics]],
) -> dict[str, AppointmentStatistics]:
    keys = sorted({key for part in parts for key in part})
    return {
        key: merge_statistics(part[key] for part in parts if key in part)
        for key in keys
    }


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("form", FORMS)
@a_part_of_the_examples(20)
@given(
    case=cases(scoped=True),
    whose=st.sampled_from(WHOSE),
    engine=st.sampled_from(ENGINES),
    data=st.data(),
)
def test_every_form_split_and_engine_gives_the_answer_of_the_reference(
    form: str,
    split: Split,
    folder: Path,
    case: Case,
    whose: Whose,
    engine: Engine,
    data: st.DataObject,
) -> None:
    made = FORMS[form]
    key = data.draw(ids(case.documents)) if whose == "one" else ALL
    asked = Asked(case, whose, key, engine)
    records = data.draw(exact(case.documents, made.tick))
    parts = []
    for chunks in arranged(split, records, data):
        with TemporaryDirectory(dir=folder) as files:
            frames = [framed(chunk, made, whose) for chunk in chunks]
            given_as = made.of(frames, Path(files))
            if form == LOOSE:
                given_as = data.draw(loose(given_as))
            parts.append(asked.of_library(given_as))
    found = merged(parts) if split == "merged" else parts[0]
    expected = asked.of_reference(records)
    assert {key: as_answer(stats) for key, stats in found.items()} == expected
    assert list(found) == list(expected)
    for stats in found.values():
        stats.check()
