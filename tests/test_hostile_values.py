"""Objects that raise whatever is asked of them, and values nested very deep."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from typing import Any, NoReturn

import pandas as pd
import pytest
from hypothesis import given, strategies as st

from stats_core import (
    InvalidRecordsError,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    statistics_by_integration,
)
from tests.strategies import IDS, ROLES, a_part_of_the_examples

DEEP = 5_000
MAY = datetime(2024, 5, 1, tzinfo=UTC)


class ForeignError(Exception):
    pass


def refuse(*_: object) -> NoReturn:
    raise ForeignError


class WithoutRepr:
    __repr__ = refuse


class WithoutStr:
    __str__ = refuse


class WithoutEquality:
    __eq__ = __ne__ = __hash__ = refuse


class WithoutClass:
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ForeignError


class WithoutAttributes:
    def __getattr__(self, name: str) -> NoReturn:
        raise ForeignError


class WithoutIteration:
    __iter__ = __len__ = __bool__ = __contains__ = refuse


class StrangeNumber(int):
    __abs__ = __eq__ = __ne__ = __lt__ = __int__ = refuse
    __hash__ = int.__hash__


class StrangeFloat(float):
    __abs__ = __eq__ = __ne__ = __lt__ = is_integer = refuse
    __hash__ = float.__hash__


class StrangeText(str):
    __slots__ = ()
    __str__ = __repr__ = __eq__ = __format__ = isascii = strip = refuse
    __hash__ = str.__hash__


class StrangeDict(dict[str, Any]):
    __len__ = __contains__ = __getitem__ = get = items = __iter__ = refuse


class StrangeMapping(Mapping[str, Any]):
    __len__ = __getitem__ = __iter__ = refuse


class StrangeZone(tzinfo):
    utcoffset = dst = tzname = refuse


class UnhashableZone(tzinfo):
    __hash__ = None  # type: ignore[assignment]

    def utcoffset(self, _: object) -> timedelta:
        return timedelta(hours=2)

    def dst(self, _: object) -> None:
        return None

    def tzname(self, _: object) -> None:
        return None


class ShowsNoUnicode:
    def __repr__(self) -> str:
        return "\ud800"

    def __str__(self) -> str:
        return "\udfff"


class ShowsNoText:
    def __repr__(self) -> str:
        return 7  # type: ignore[return-value]

    __str__ = __repr__


class Strange(Enum):
    VALUE = WithoutEquality
    OTHER = WithoutStr


def nested(wrap: Callable[[Any], Any]) -> Any:
    value: Any = "x"
    for _ in range(DEEP):
        value = wrap(value)
    return value


HOSTILE: dict[str, Callable[[], Any]] = {
    "__repr__": WithoutRepr,
    "__str__": WithoutStr,
    "__eq__": WithoutEquality,
    "__class__": WithoutClass,
    "__getattr__": WithoutAttributes,
    "__iter__": WithoutIteration,
    "int": lambda: StrangeNumber(7),
    "float": lambda: StrangeFloat(7),
    "dict": lambda: StrangeDict(a=1),
    "Mapping": StrangeMapping,
    "zone": lambda: datetime(2024, 5, 1, tzinfo=StrangeZone()),
    "surrogates": ShowsNoUnicode,
    "no text": ShowsNoText,
    "Enum": lambda: Strange.VALUE,
    "lists": lambda: nested(lambda it: [it]),
    "tuples": lambda: nested(lambda it: (it,)),
    "objects": lambda: nested(lambda it: {"a": it}),
    "dates": lambda: nested(lambda it: {"$date": it}),
    "ids": lambda: {"$oid": nested(lambda it: {"$oid": it})},
}


def faults(records: Any, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        appointment_statistics(records, **options)
    str(caught.value).encode()
    return list(caught.value.faults)


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("role", ["created_at", "status", "source", "utm_medium"])
def test_a_hostile_value_is_named_by_column_and_row(role: str, kind: str) -> None:
    value = HOSTILE[kind]()
    plain = {"created_at": None, "status": None}
    records = [plain, {**plain, role: value}, {**plain, role: "2024-05-01"}]
    wanted = "ISO 8601 date-times" if role == "created_at" else "text"
    for options in ({}, {"query": StatisticsQuery(search="ana")}):
        [fault] = faults(records, **options)
        assert fault.startswith(f"`{role}`: 1 values are not {wanted}: ")
        assert fault.endswith(" (row 1)")
        assert len(fault) < 120


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_value_that_is_not_read_is_never_at_fault(kind: str) -> None:
    value = HOSTILE[kind]()
    plain = {
        "created_at": None,
        "status": None,
        "name": "Ana",
        "integration_id": IDS[0],
    }
    theirs = {**dict.fromkeys(ROLES, value), "integration_id": IDS[1]}
    records = [{**plain, "other": value, "appointment_type": value}, theirs]
    query = StatisticsQuery(search="ana")
    stats = appointment_statistics(records, query, integration_id=IDS[0])
    assert stats.total == 1
    named = RecordLayout(search=("other", "name"))
    stats = appointment_statistics(records, query, layout=named, integration_id=IDS[0])
    assert stats.total == 1


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_id_belongs_to_no_integration(kind: str) -> None:
    plain = {"created_at": None, "status": None}
    records = [
        {**plain, "integration_id": IDS[0]},
        {**plain, "integration_id": HOSTILE[kind]()},
    ]
    assert appointment_statistics(records, integration_id=IDS[0]).total == 1
    with pytest.raises(InvalidRecordsError) as caught:
        statistics_by_integration(records)
    [fault] = caught.value.faults
    assert fault.startswith("`integration_id`: 1 values are not text: ")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_value_instead_of_an_object_is_unset_or_named(kind: str) -> None:
    records = [{"created_at": None, "status": None, "config": HOSTILE[kind]()}]
    layout = RecordLayout(source="config.source")
    try:
        stats = appointment_statistics(records, layout=layout)
        assert stats.source["value"].to_list() == ["not set"]
    except InvalidRecordsError as error:
        [fault] = error.faults
        assert fault.startswith("`config.source`: 1 values are not text: ")


MAPPINGS = {"dict", "Mapping", "objects", "dates", "ids"}


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - MAPPINGS))
def test_a_hostile_value_as_a_row_is_named(kind: str) -> None:
    value = HOSTILE[kind]()
    [fault] = faults([{"created_at": None, "status": None}, value])
    assert fault.startswith("records: 1 values are not mappings: ")
    assert "(row 1)" in fault


@pytest.mark.parametrize("kind", sorted(set(HOSTILE) - {"Mapping", "dict"}))
def test_a_hostile_value_in_a_column_of_pandas_is_named(kind: str) -> None:
    values = pd.Series([None, HOSTILE[kind]()], dtype=object)
    records = pd.DataFrame({"created_at": None, "status": ["failed", None]})
    assert appointment_statistics(records.assign(other=values)).total == 2
    [fault] = faults(records.assign(source=values))
    assert fault.startswith("`source`: 1 values are not text: ")
    assert fault.endswith(" (row 1)")


def test_text_of_a_strange_class_is_text() -> None:
    value = StrangeText("2024-05-01")
    records: list[Any] = [
        {"created_at": value, "status": value, "source": value, "name": value},
        {"created_at": None, "status": 7, "source": 7, "name": 7},
    ]
    stats = appointment_statistics(records, StatisticsQuery(search="-05-"))
    assert stats.source["value"].to_list() == ["2024-05-01"]
    assert stats.undated == 0


def test_a_zone_without_a_hash_is_a_zone() -> None:
    moment = datetime(2024, 5, 1, 1, tzinfo=UnhashableZone())
    stats = appointment_statistics([{"created_at": moment, "status": None}])
    assert stats.trends["day"].to_list() == [datetime(2024, 4, 30, tzinfo=UTC).date()]


def test_deep_values_in_fields_that_nothing_reads_are_ignored() -> None:
    records: list[Any] = [
        {"created_at": None, "status": None, "x": nested(lambda it: [it])}
    ]
    query = StatisticsQuery(search="ana")
    assert appointment_statistics(records, query).total == 0


def values() -> Iterator[Callable[[], Any]]:
    yield from HOSTILE.values()
    yield lambda: "ads"
    yield lambda: None
    yield lambda: MAY
    yield lambda: True


ROW = st.dictionaries(
    st.sampled_from([*ROLES, "name", "config"]),
    st.sampled_from(list(values())),
    max_size=4,
)


@a_part_of_the_examples(2)
@given(
    rows=st.lists(ROW, max_size=4),
    search=st.sampled_from([None, "ana"]),
    layout=st.sampled_from(
        [
            RecordLayout(),
            RecordLayout(source="config.source", search=("name", "config")),
            RecordLayout(
                breakdowns={"at": "created_at", "x": "config", "y": "config.y"}
            ),
        ]
    ),
)
def test_hostile_values_raise_nothing_but_our_errors(
    rows: list[dict[str, Callable[[], Any]]],
    search: str | None,
    layout: RecordLayout,
) -> None:
    plain: dict[str, Any] = {"created_at": None, "status": "failed"}
    records = [plain | {name: make() for name, make in row.items()} for row in rows]
    query = StatisticsQuery(search=search)
    questions: list[Callable[[], Any]] = [
        lambda: appointment_statistics(records, query, layout=layout),
        lambda: appointment_statistics(
            records, query, layout=layout, integration_id=IDS[0]
        ),
        lambda: statistics_by_integration(records, query, layout=layout),
    ]
    for ask in questions:
        try:
            ask()
        except InvalidRecordsError as error:
            str(error).encode()
