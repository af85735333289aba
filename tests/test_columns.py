from collections.abc import Sequence
from itertools import permutations
from typing import Any

import polars as pl
import pytest

from stats_core import InvalidRecordsError, RecordLayout
from stats_core.records.columns import (
    Columns,
    absent_roles,
    absent_text,
    check_columns,
    filtered_roles,
    find_columns,
    fits,
    joined,
)
from stats_core.records.fields import Field
from stats_core.request import Request
from stats_core.schema import ROLES
from tests.strategies import IDS

TEXT = [pl.String(), pl.Categorical(), pl.Enum(["a"]), pl.Null()]
# A float can be a column without any value; its values are checked later.
FLOATS = [pl.Float32(), pl.Float64()]
VALUES = [pl.Int8(), pl.UInt64(), pl.Int128(), pl.Boolean(), pl.Decimal(9, 2)]
INSTANTS = [pl.Date(), pl.Datetime("ms"), pl.Datetime("ns", "Asia/Tokyo")]
OTHERS = [
    *(pl.Time(), pl.Duration("us"), pl.Array(pl.String(), 1), pl.Struct([])),
    *(pl.Binary(), pl.List(pl.String()), pl.Struct({"a": pl.String()}), pl.Object()),
]
PLAIN = pl.Schema({"created_at": pl.Date(), "status": pl.String()})
NO_TEXT = (
    "`search`: the records have no text column to search in; those that hold a field "
    "are not searched unless `layout.search` (`--search-in`) names them"
)
AT_AND_STATUS = "the columns are `created_at`, `status`"


def found(schema: dict[str, Any] | pl.Schema, **options: Any) -> Columns:
    return find_columns(pl.Schema(schema), Request(**options))[0]


def faults(schema: dict[str, Any] | pl.Schema, **options: Any) -> list[str]:
    with pytest.raises(InvalidRecordsError) as caught:
        check_columns(found(schema, **options))
    return list(caught.value.faults)


def fitting(role: str, dtypes: Sequence[pl.DataType]) -> list[bool]:
    return [fits(role, Field(pl.col("a"), dtype)) for dtype in dtypes]


@pytest.mark.parametrize("role", [*ROLES, "search"])
def test_each_role_reads_text_and_what_has_a_text(role: str) -> None:
    assert set(fitting(role, [*TEXT, *FLOATS, *INSTANTS])) == {True}
    assert set(fitting(role, OTHERS)) == {False}
    assert set(fitting(role, VALUES)) == {role != "created_at"}


def test_found_fields_are_those_of_the_layout() -> None:
    schema = pl.Schema({**PLAIN, "config": pl.Struct({"utm": pl.Categorical()})})
    request = Request(layout={"utm_source": "config.utm", "source": "status"})
    columns, fields, searched = find_columns(schema, request)
    assert columns.names == ("created_at", "status", "config")
    assert list(fields) == list(ROLES)
    dtypes = {role: field.dtype for role, field in fields.items() if field}
    text = pl.String()
    assert dtypes == {"created_at": pl.Date(), "status": text, "source": text} | {
        "utm_source": pl.Categorical()
    }
    assert searched == {}


def test_records_with_every_needed_column_have_no_fault() -> None:
    columns = found(PLAIN)
    assert (columns.absent, columns.faults) == ({}, ())
    check_columns(columns)


def test_every_absent_and_wrong_column_is_listed_at_once() -> None:
    schema: dict[str, Any] = {"status": pl.Binary(), "created_at": pl.Int64()}
    schema["utm_source"] = pl.List(pl.String())
    listed = "; the columns are `status`, `created_at`, `utm_source`"
    assert faults(schema, layout={"utm_medium": "medium"}) == [
        "`created_at`: expected a date-time, a date or ISO 8601 text, found `Int64`",
        f"`medium`: absent, needed as `utm_medium`{listed}",
        "`status`: expected text, found `Binary`",
        "`utm_source`: expected text, found `List(String)`",
    ]
    layout = RecordLayout(utm_source="status", search=("name", "utm_source"))
    query = {"search": "a", "appointment_type": "NP"}
    assert faults(schema, layout=layout, query=query) == [
        f"`appointment_type`: absent, needed to filter by type{listed}",
        "`created_at`: expected a date-time, a date or ISO 8601 text, found `Int64`",
        f"`name`: absent, needed by `search`{listed}",
        "`status`: expected text, found `Binary`",
        "`utm_source`: `search` expected text, found `List(String)`",
    ]


def test_a_frame_without_columns_lacks_the_needed_ones() -> None:
    assert faults({}) == [
        "`created_at`: absent, needed as `created_at`; the columns are none",
        "`status`: absent, needed as `status`; the columns are none",
    ]


@pytest.mark.parametrize(
    ("width", "end"),
    [(20, "`c18`, `c19`"), (21, "`c19` and 1 more"), (25, "`c19` and 5 more")],
)
def test_of_very_many_columns_the_first_are_named(width: int, end: str) -> None:
    [first, _] = faults({f"c{n}": pl.Int8() for n in range(width)})
    assert first.endswith(end)


@pytest.mark.parametrize("name", ["utm_sorce", "utm_source", "config.utm_source"])
def test_a_breakdown_column_that_is_named_must_exist(name: str) -> None:
    schema = {**PLAIN, "config": pl.Struct({"a": pl.String()})}
    assert found(schema).absent == {}
    [fault] = faults(schema, layout={"utm_source": name})
    there = "`config` has `a`; " if "." in name else ""
    assert fault == (
        f"`{name}`: absent, needed as `utm_source`; {there}{AT_AND_STATUS}, `config`"
    )


def test_a_type_is_needed_only_to_filter_by() -> None:
    assert found(PLAIN).absent == {}
    query = {"appointment_type": "NP"}
    assert faults(PLAIN, query=query) == [
        f"`appointment_type`: absent, needed to filter by type; {AT_AND_STATUS}"
    ]
    # The layout may name it; then it is needed in any case.
    for options in ({}, {"query": query}):
        [fault] = faults(PLAIN, layout={"appointment_type": "kind"}, **options)
        assert fault.startswith("`kind`: absent, needed ")


def test_records_and_request_agree_on_the_integration() -> None:
    carried = {**PLAIN, "integration_id": pl.String()}
    one, each = {"integration_id": IDS[0]}, {"by_integration": True}
    for options in (one, each):
        check_columns(found(carried, **options))
        assert faults(PLAIN, **options) == [
            f"`integration_id`: absent, so none can be asked for; {AT_AND_STATUS}"
        ]
    check_columns(found(PLAIN))
    [fault] = faults(carried)
    assert fault == (
        "`integration_id`: the records carry it, so say whose to count, or count each "
        "integration; to pool them all, drop the column"
    )


@pytest.mark.parametrize("word", ["true", "false"])
def test_a_boolean_status_needs_one_of_its_words_in_the_layout(word: str) -> None:
    boolean = {"created_at": pl.Date(), "status": pl.Boolean()}
    for outcome, other in permutations(["successful", "failed"]):
        layout = RecordLayout.model_validate({outcome: [word], other: ["done"]})
        check_columns(found(boolean, layout=layout))
    neither = RecordLayout.model_validate({"successful": ["done"], "failed": []})
    for dtype in (pl.String(), pl.Int8(), pl.Null()):
        check_columns(found({**PLAIN, "status": dtype}, layout=neither))
    [fault] = faults(boolean, layout=neither)
    assert fault == (
        "`status`: every value is Boolean, but the layout names neither `true` nor "
        "`false` as a status word"
    )


NEITHER: dict[str, Any] = {"layout": {"successful": ["done"], "failed": ["no"]}}


def test_words_beside_booleans_may_be_in_other_records() -> None:
    kinds = {
        name: found({**PLAIN, "status": dtype}, **NEITHER)
        for name, dtype in [("B", pl.Boolean()), ("w", pl.String()), ("-", pl.Null())]
    }
    kinds["absent"] = found({"created_at": pl.Date()}, **NEITHER)
    for names, fault in [
        (["B"], True),
        (["B", "-"], True),
        (["B", "B", "absent"], True),
        (["-"], False),
        (["w"], False),
        (["B", "w"], False),
        (["-", "B", "w"], False),
    ]:
        for order in permutations(names):
            columns = joined([kinds[name] for name in order])
            if not fault:
                check_columns(columns)
                continue
            with pytest.raises(InvalidRecordsError, match="every value is Boolean"):
                check_columns(columns)


@pytest.mark.parametrize(
    "layout", [{"successful": []}, {"failed": []}, {"successful": [], "failed": ["no"]}]
)
def test_a_layout_may_have_no_words_for_an_outcome(layout: dict[str, Any]) -> None:
    columns = found({**PLAIN, "status": pl.Boolean()}, layout=layout)
    if "failed" not in layout or "successful" not in layout:
        check_columns(columns)
    else:
        with pytest.raises(InvalidRecordsError, match="neither `true` nor `false`"):
            check_columns(columns)


def test_text_that_no_field_reads_is_searched() -> None:
    text = {"name": pl.String(), "kind": pl.Categorical(), "note": pl.Enum([])}
    schema = pl.Schema({**PLAIN, **text, "number": pl.Int8(), "none": pl.Null()})
    search = {"search": "ana"}
    _, _, searched = find_columns(schema, Request(query=search))
    assert list(searched) == ["name", "kind", "note"]
    request = Request(
        query=search, layout={"source": "note", "search": ["number", "x"]}
    )
    _, _, searched = find_columns(schema, request)
    assert {name: field and field.dtype for name, field in searched.items()} == {
        "number": pl.Int8(),
        "x": None,
    }


@pytest.mark.parametrize("layout", [{}, {"search": []}])
def test_a_search_needs_text(layout: dict[str, Any]) -> None:
    assert found(PLAIN, layout=layout).absent == {}
    assert faults(PLAIN, layout=layout, query={"search": "ana"}) == [
        f"{NO_TEXT}; {AT_AND_STATUS}"
    ]


def test_an_absent_column_is_listed_beside_nothing_to_search_in() -> None:
    for name in ("text", "source"):
        assert faults(PLAIN, layout={"source": name}, query={"search": "ana"}) == [
            f"{NO_TEXT}; {AT_AND_STATUS}",
            f"`{name}`: absent, needed as `source`; {AT_AND_STATUS}",
        ]


def test_a_searched_column_that_is_absent_or_no_text_is_a_fault() -> None:
    layout = {"search": ["name", "list", "created_at"]}
    schema = {**PLAIN, "list": pl.List(pl.String())}
    assert faults(schema, layout=layout, query={"search": "ana"}) == [
        "`list`: `search` expected text, found `List(String)`",
        f"`name`: absent, needed by `search`; {AT_AND_STATUS}, `list`",
    ]
    check_columns(found(schema, layout=layout))


def test_absent_from_several_records_is_what_all_of_them_lack() -> None:
    options: dict[str, Any] = {"query": {"search": "ana"}, "layout": {"source": "text"}}
    without = found(PLAIN, **options)
    with_name = found({**PLAIN, "name": pl.String()}, **options)
    with_source = found({**PLAIN, "text": pl.String()}, **options)
    assert len(without.absent) == 2
    assert list(joined([without, with_name]).absent) == ["text"]
    for order in permutations([without, with_name, with_source]):
        assert joined(order).absent == {}
    check_columns(joined([with_name, with_source]))


def test_the_faults_of_several_records_are_those_of_each_once() -> None:
    parts = [
        Columns(("a", "b"), {}, faults=("z",)),
        Columns(("b", "c"), {"d": "`d`: absent"}, faults=("y", "x", "z")),
    ]
    assert joined(parts) == Columns(("a", "b", "c"), {}, faults=("z", "y", "x"))
    assert joined(parts[1:]) == parts[1]


def test_an_optional_column_may_be_absent_from_all_records() -> None:
    absent = {"x": "`x`: absent"}
    optional = Columns(("a",), absent, frozenset("x"))
    needed = Columns(("a",), absent)
    check_columns(optional)
    check_columns(joined([optional, optional]))
    for order in permutations([optional, needed]):
        with pytest.raises(InvalidRecordsError, match=r"^`x`: absent; the columns"):
            check_columns(joined(order))


def test_the_columns_of_no_records_lack_nothing() -> None:
    assert joined([]) == Columns()
    check_columns(joined([]))


def test_the_roles_that_are_filtered_by_are_those_of_the_request() -> None:
    query = {"appointment_type": "NP"}
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, []),
        ({"query": query}, ["appointment_type"]),
        ({"integration_id": IDS[0]}, ["integration_id"]),
        (
            {"query": query, "by_integration": True},
            ["appointment_type", "integration_id"],
        ),
    ]
    for options, roles in cases:
        assert list(filtered_roles(Request(**options))) == roles


@pytest.mark.parametrize("role", ROLES)
def test_what_is_named_is_needed_and_what_is_needed_says_why(role: str) -> None:
    named = Request(layout={role: "x"})
    assert absent_roles(dict.fromkeys(ROLES), named)["x"] == (
        f"`x`: absent, needed as `{role}`"
    )
    assert "x" not in absent_roles({role: ["something"]}, named)
    needed = {"created_at", "status"}
    unnamed = absent_roles(dict.fromkeys(ROLES), Request())
    assert (role in unnamed) == (role in needed)


def test_a_search_of_nothing_lacks_text() -> None:
    [reason] = absent_text({}).values()
    assert reason == NO_TEXT
    assert absent_text({"name": "found"}) == {}
    assert list(absent_text({"name": None, "other": "found"})) == ["name"]


FURTHER: dict[str, Any] = {
    "layout": {"breakdowns": {"kind": "type", "status": "status"}}
}


def test_the_column_of_a_further_dimension_must_exist() -> None:
    schema = {"created_at": pl.Date(), "source": pl.String()}
    there = "; the columns are `created_at`, `source`"
    assert faults(schema, **FURTHER) == [
        f"`status`: absent, needed as `status`{there}",
        f"`type`: absent, needed for the breakdown `kind`{there}",
    ]


def test_a_column_with_two_roles_is_at_fault_once() -> None:
    schema = {"created_at": pl.Date(), "status": pl.Binary(), "type": pl.String()}
    assert faults(schema, **FURTHER) == ["`status`: expected text, found `Binary`"]


def test_a_further_dimension_is_searched_as_before() -> None:
    schema = pl.Schema({**PLAIN, "type": pl.String()})
    for options in ({}, FURTHER):
        request = Request(query={"search": "ana"}, **options)
        assert list(find_columns(schema, request)[2]) == ["type"]
