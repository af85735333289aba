import re
from datetime import date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, strategies as st

from stats_core import StatisticsQuery
from stats_core.iso8601 import ISO_8601
from stats_core.records.instants import parse_instants
from tests import reference

MOMENTS = st.datetimes(
    datetime(2, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.one_of(
        st.none(),
        st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m))),
    ),
)


def groups(text: str) -> tuple[str | None, ...] | None:
    """The groups of the pattern, as Python and Polars both find them."""
    found = re.fullmatch(ISO_8601, text)
    column = pl.Series([text]).str.extract_groups(f"^{ISO_8601}$")
    in_polars = tuple(column.struct.unnest().row(0))
    assert in_polars == (found.groups() if found else (None,) * 6)
    return found.groups() if found else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", ("2024-05-01", None, None, None, None, None)),
        ("2024-05-01T09:30", ("2024-05-01", "09:30", None, None, None, None)),
        ("2024-05-01t09:30z", ("2024-05-01", "09:30", None, None, None, None)),
        ("2024-05-01 09:30:15", ("2024-05-01", "09:30", ":15", None, None, None)),
        ("2024-05-01T09:30:15.5Z", ("2024-05-01", "09:30", ":15", "5", None, None)),
        (
            "2024-05-01T09:30:15,123456789-03:30",
            ("2024-05-01", "09:30", ":15", "123456789", "-03", "30"),
        ),
        ("2024-05-01T09:30+0530", ("2024-05-01", "09:30", None, None, "+05", "30")),
        ("2024-05-01T09:30+23", ("2024-05-01", "09:30", None, None, "+23", None)),
    ],
)
def test_the_groups_are_the_parts_of_an_instant(
    text: str, expected: tuple[str | None, ...]
) -> None:
    assert groups(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "2024-05", "20240501", "2024-5-1", "2024-W18-3", "2024-122", "-2024-05-01"]
    + ["2024-05-01T", "2024-05-01T09", "2024-05-01Z", "2024-05-01+02:00"]
    + ["2024-05-01T09:30:60", "2024-05-01T09:30:15.", "2024-05-01T09:30.5"]
    + ["2024-05-01T09:30:15.1234567890", "2024-05-01  09:30", "2024-05-01T9:30"]
    + ["2024-05-01T09:30+05:", "2024-05-01T09:30+05:99", "2024-05-01T09:30+05:60"]
    + ["2024-05-01T09:30+5", "2024-05-01T09:30+24:00", "2024-05-01T09:30+05:3"]
    + ["2024-05-01T09:30 +05:30", "2024-05-01T09:30ZZ", "2024-05-01T09:30\u221205:30"]
    + ["\u0662024-05-01", "2024-05-01\n", "2024-05-01x", "x2024-05-01"],
    ids=ascii,
)
def test_other_text_is_refused_in_records_and_queries(text: str) -> None:
    assert groups(text) is None
    # White space around is no part of an instant: both remove it.
    if text.strip() and not re.fullmatch(ISO_8601, text.strip()):
        assert pl.select(parse_instants(pl.lit(text))).item() is None
        with pytest.raises(ValueError, match="ISO 8601"):
            StatisticsQuery(start=text)


@given(moment=MOMENTS, sep=st.sampled_from("T t"))
def test_a_query_and_a_record_read_one_instant(moment: datetime, sep: str) -> None:
    text = moment.isoformat(sep=sep)
    assert groups(text) is not None
    in_query = StatisticsQuery(start=text).start
    in_record = pl.select(parse_instants(pl.lit(text))).item()
    assert reference.instant(in_query) == reference.instant(moment)
    assert reference.instant(in_record) == reference.instant(moment)


@given(day=st.dates(date.min, date.max))
def test_a_date_is_its_ten_characters(day: date) -> None:
    assert groups(day.isoformat()) == (day.isoformat(), *[None] * 5)
