from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import polars as pl
from hypothesis import example, given, strategies as st
from pydantic import ValidationError

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointments_dashboard,
    statistics_by_integration,
)
from stats_core.errors import UnknownTimezoneError
from tests.strategies import IDS, ROLES, a_part_of_the_examples

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=6)
ODD_TEXT = st.sampled_from(
    [*("\ud800", "\udfff\ud800", "\x00", "*", "^a$", "^.*$", ".", "a.", ".a", "a..b")]
    + [*("config.a", "$date", "$oid", "(?i)", "[", "\\", "%s", "{}", "x" * 5_000)]
    + [*("2024-05-01", "9999-12-31T23:59:59-23:59", "0000-00-00", "1e400", "NaN")]
)
TEXT = ODD_TEXT | ANY_TEXT
NAME = st.sampled_from([*ROLES, "name", "config", "$date", "$oid"]) | TEXT
SCALARS: st.SearchStrategy[Any] = st.one_of(
    *(TEXT, TEXT, TEXT, st.none(), st.booleans(), st.integers(), st.floats()),
    *(st.dates(), st.datetimes(timezones=st.none() | st.timezones()), st.times()),
    *(st.timedeltas(), st.binary(max_size=3), st.decimals(), st.uuids()),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(NAME, inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = st.dictionaries(NAME, VALUES, max_size=6)
PLAIN = FIELDS.map(lambda fields: {"created_at": None, "status": "error", **fields})
DOCUMENTS = st.lists(PLAIN | PLAIN | FIELDS, max_size=4)
LAYOUTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(ROLES, NAME)
    | {"search": st.lists(NAME, max_size=2), "successful": st.sets(TEXT, max_size=2)},
)
QUERIES = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("appointment_type", "search", "start", "end", "page", "size"), TEXT
    ),
)


@contextmanager
def none_but_our_errors() -> Iterator[None]:
    with suppress(InvalidRecordsError, UnknownTimezoneError, ValidationError):
        yield


def ask_everything(records: Any, **options: Any) -> None:
    with none_but_our_errors():
        appointments_dashboard(records, **options).model_dump_json()
    with none_but_our_errors():
        appointments_dashboard(records, integration_id=IDS[0], **options)
    with none_but_our_errors():
        statistics_by_integration(records, **options)


@example(records=[{"created_at": None, "status": None, "\ud800": "a"}])
@example(records=[{"created_at": None, "status": "failed", "source": "\ud800"}])
@given(records=DOCUMENTS)
def test_no_document_raises_anything_but_our_errors(records: list[Any]) -> None:
    ask_everything(records)


@given(records=DOCUMENTS, layout=LAYOUTS, query=QUERIES, timezone=TEXT | st.just("UTC"))
def test_no_text_in_a_question_raises_anything_but_our_errors(
    records: list[Any], layout: Any, query: Any, timezone: str
) -> None:
    columns: Any = {}
    asked = StatisticsQuery()
    with none_but_our_errors():
        columns = RecordLayout.model_validate(layout)
    with none_but_our_errors():
        asked = StatisticsQuery.model_validate(query)
    for zone in (timezone, "America/New_York"):
        ask_everything(
            records, query=asked, layout=columns or RecordLayout(), timezone=zone
        )


@a_part_of_the_examples(3)
@given(
    names=st.lists(NAME, unique=True, max_size=5),
    rows=st.integers(0, 3),
    data=st.data(),
)
def test_no_frame_of_text_raises_anything_but_our_errors(
    names: list[str], rows: int, data: st.DataObject
) -> None:
    text = st.none() | st.text(max_size=6) | ODD_TEXT.filter(str.isprintable)
    columns = {
        name: data.draw(st.lists(text, min_size=rows, max_size=rows))
        for name in ["created_at", "status", *names]
        if name.isprintable()
    }
    df = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    search = StatisticsQuery(search=data.draw(st.text(max_size=6)))
    named = st.sampled_from([name for name in columns if name.strip()])
    layout = RecordLayout(source=data.draw(named))
    for records in (df, df.lazy(), df.to_arrow(), df.to_dicts()):
        ask_everything(records)
        ask_everything(records, query=search)
        ask_everything(records, layout=layout)


@example(text="(")
@example(text="[a")
@example(text="(?i)a{9999999}")
@given(text=TEXT)
def test_any_unicode_text_is_counted_and_searched_without_an_error(text: str) -> None:
    try:
        query = StatisticsQuery(search=text[:1_000])
    except ValidationError:
        assert not text.isascii()  # a lone surrogate is no Unicode text
        return
    names = ("source", "utm_source", "utm_medium", "utm_campaign", "name")
    records = [{"created_at": None, "status": text, **dict.fromkeys(names, text)}]
    for given_as in (records, pl.DataFrame(records)):
        dashboard = appointments_dashboard(given_as, query)
        assert dashboard.overview.total == 1
        assert len(dashboard.source) == 1
