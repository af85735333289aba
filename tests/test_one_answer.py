"""The same documents as a list, a JSON array and JSON lines: one answer or one fault."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import InvalidRecordsError, RecordLayout
from stats_core.batch import json_files
from stats_core.batch.tasks import count_files
from stats_core.engine.counting import count
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from tests.strategies import IDS, ROLES, Document, a_part_of_the_examples

LAYOUT = RecordLayout(
    utm_source="config.utm_source", utm_campaign="config.utm.campaign"
)
# Fields that have another role, objects and lists among them, and one of their own.
FURTHER = {"note": "note", "config": "config", "at": "created_at", "status": "status"}
NESTED = ("config", "config.utm_source", "config.utm", "config.utm.campaign")
WORDS = ("ads", " ads ", "", "\u200b", "true", "Success", "failed", "0", "1.5")
DATES = ("2024-05-01", "2024-05-01T23:30:00-05:00", "soon", "0000-12-31", "20240501")
TEXTS = st.sampled_from([*WORDS, *DATES, "\ud800", "\U0001f600", "Ana", *IDS])
NUMBERS = st.sampled_from(
    [0, 1, -1, 2**53, 2**63, 10**400, 0.5, 1.0, -0.0, 2.0**53, 1e300]
) | st.sampled_from([float("nan"), float("inf"), float("-inf"), 1_714_521_600_000])
SCALARS = st.one_of(st.none(), st.booleans(), TEXTS, TEXTS, NUMBERS)
WRAPPED = st.builds(
    lambda key, value: {key: value},
    st.sampled_from(["$oid", "$date", "$numberLong", "$numberDouble", "$x"]),
    SCALARS | st.just({"$numberLong": "1714521600000"}),
)
VALUES = st.one_of(
    *[SCALARS] * 4, WRAPPED, st.sampled_from([{}, [], [""], {"a": 1}, [[[]]], {"": {}}])
)
# What most documents have, so that not every answer is a fault.
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "created_at": st.sampled_from([None, *DATES[:2]]),
    "status": st.sampled_from([None, "success", "Failed ", True, False, 1]),
    "integration_id": st.sampled_from([None, *IDS[:2], {"$oid": IDS[0]}]),
    "appointment_type": st.sampled_from([None, "NP", "F/U"]),
    "source": st.sampled_from([None, "ads", 7, True, ""]),
}


class Asked(NamedTuple):
    documents: list[Any]
    request: Request


@st.composite
def documents(draw: st.DrawFn) -> Document:
    fields = st.sampled_from([*ROLES, *NESTED, "name", "note"])
    document: Document = {
        name: draw(COMMON[name])
        for name in COMMON
        if draw(st.sampled_from([True, True, True, False]))
    }
    for path in draw(st.lists(fields, max_size=2)):
        put(document, path, draw(VALUES))
    keys = draw(st.permutations(list(document)))
    return {key: document[key] for key in keys}


def put(document: Document, path: str, value: Any) -> None:
    head, _, rest = path.partition(".")
    if not rest:
        document[head] = value
        return
    inner = document.setdefault(head, {})
    if not isinstance(inner, dict):
        inner = document[head] = {}
    put(inner, rest, value)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    rows = draw(st.lists(documents(), max_size=9))
    whose = draw(st.sampled_from(["pooled", "one", "each"]))
    if whose == "pooled":
        for row in rows:
            row.pop("integration_id", None)
    if draw(st.sampled_from([False] * 9 + [True])):
        rows += [draw(st.sampled_from([None, 7, "text", True]))]
    query = draw(
        st.sampled_from(
            [
                {},
                {},
                {"search": "ana"},
                {"appointment_type": "NP"},
                {"end": "2024-05-01"},
            ]
        )
    )
    words = draw(
        st.sampled_from(
            [{}, {"successful": frozenset({"done"}), "failed": frozenset({"no"})}]
        )
    )
    names = draw(st.sets(st.sampled_from([*FURTHER]), max_size=2))
    further = {name: FURTHER[name] for name in names} if draw(st.booleans()) else {}
    request = Request(
        query=query,
        layout=RecordLayout(**LAYOUT.model_dump() | words | {"breakdowns": further}),
        integration_id=IDS[0] if whose == "one" else None,
        by_integration=whose == "each",
    )
    return Asked(rows, request)


def array(rows: Sequence[Any]) -> str:
    return json.dumps(rows)


def lines(rows: Sequence[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def loose_lines(rows: Sequence[Any]) -> str:
    return "\ufeff\n" + " \n\r\n".join(json.dumps(row) for row in rows) + "\n\n"


WRITERS: dict[str, Callable[[Sequence[Any]], str]] = {
    "array": lambda rows: "\ufeff \n" + json.dumps(rows, indent=1),
    "lines": lines,
    "loose lines": loose_lines,
    "lone surrogates": lambda rows: lines(rows).replace("\\ud800", "\\uD800"),
}
NEITHER: dict[str, Any] = {
    "layout": RecordLayout(successful=frozenset({"done"}), failed=frozenset({"no"}))
}
SPLITS = {"one file": [9], "two files": [4, 9], "two files and none": [0, 4, 9]}


@pytest.fixture(autouse=True, scope="module")
def _small_batches() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_files, "BATCH_ROWS", 3)
        yield


def listed(case: Asked) -> pl.DataFrame | tuple[str, ...]:
    try:
        return count(canonical_frame(case.documents, case.request), case.request)
    except InvalidRecordsError as error:
        return error.faults


def from_files(
    contents: Sequence[str], endings: Sequence[str], request: Request
) -> pl.DataFrame | tuple[str, ...]:
    """The answer, or the faults without the names of the files."""
    with TemporaryDirectory() as folder:
        paths = []
        for number, content in enumerate(contents):
            file = Path(folder, f"{number}{endings[number % len(endings)]}")
            file.write_bytes(content.encode("utf-8", "surrogatepass"))
            paths.append(str(file))
        try:
            return count_files(paths, request)
        except InvalidRecordsError as error:
            faults = error.faults
            for path in paths:
                faults = tuple(fault.removeprefix(f"{path}: ") for fault in faults)
            return tuple(sorted(faults))


def of_columns(fault: str) -> bool:
    """Whether a fault is about all documents, not about the values of some."""
    return any(
        word in fault for word in ("absent", "every value", "carry it", "records:")
    )


def check(case: Asked, written: str, split: str) -> None:
    edges = SPLITS[split]
    parts = [
        case.documents[start:stop] if stop < 9 else case.documents[start:]
        for start, stop in zip([0, *edges], edges, strict=False)
    ]
    expected = listed(case)
    contents = [WRITERS[written](part) for part in parts]
    endings = [".json", ".ndjson"] if split != "one file" else [".ndjson"]
    found = from_files(contents, endings, case.request)
    if isinstance(expected, pl.DataFrame):
        assert isinstance(found, pl.DataFrame), found
        assert_frame_equal(found, expected)
    elif any(map(of_columns, expected)) or len(parts) > 1:
        assert isinstance(found, tuple)
    else:
        assert found == expected


@pytest.mark.parametrize("written", WRITERS)
@pytest.mark.parametrize("split", SPLITS)
@a_part_of_the_examples(2)
@given(case=asked())
def test_the_same_documents_are_one_answer_or_one_fault(
    written: str, split: str, case: Asked
) -> None:
    check(case, written, split)


def of(role: str, *values: Any, **options: Any) -> Asked:
    """Documents that differ in one field."""
    plain = {"created_at": None, "status": None}
    request = Request(**({"layout": LAYOUT} | options))
    return Asked([{**plain, role: value} for value in values], request)


SEEN = {
    "Booleans and words": of("status", True, "failed", None, False),
    "Booleans and no words": of("status", None, None, None, True, **NEITHER),
    "nothing and no words": of("status", None, None, None, None, **NEITHER),
    "late words": of("status", True, False, True, True, "done", **NEITHER),
    "lists and objects": of("source", "ads", [], {}, "ads"),
    "a list of statuses": of("status", "failed", ["failed"], 1, True),
    "empty objects of PHP": of("config", {"utm_source": "x"}, [], "", 0, {}, None),
    "numbers and text": of("source", "1", 1.0, 1, True, "true", 1.5),
    "numbers and searched text": of("note", "5", 5, query={"search": "5"}),
    "text in one document only": of("name", 1, 2, 3, 4, "Ana", query={"search": "ana"}),
    "instants": of("created_at", "2024-05-01", 1, None, {"$date": 5}, 0.5, "soon"),
    "a late field": Asked(
        [{"created_at": None}] * 4 + [{"created_at": None, "status": "failed"}],
        Request(),
    ),
    "no status": Asked([{"created_at": None, "n": n} for n in range(5)], Request()),
    "no type": of("n", *range(4), query={"appointment_type": "NP"}),
    "no id": of("n", *range(4), integration_id=IDS[0]),
    "ids unasked": of("integration_id", None, None, None, IDS[0]),
    "nothing": Asked([], Request()),
}


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize("written", WRITERS)
@pytest.mark.parametrize("name", SEEN)
def test_documents_that_were_read_differently_are_one_answer_or_one_fault(
    name: str, written: str, split: str
) -> None:
    check(SEEN[name], written, split)


def test_many_drawn_documents_are_an_answer() -> None:
    drawn = {True: 0, False: 0}

    @given(case=asked())
    def tally(case: Asked) -> None:
        drawn[isinstance(listed(case), pl.DataFrame)] += 1

    tally()
    assert min(drawn.values()) > 0.2 * sum(drawn.values())


def test_an_unread_field_may_be_nested_three_hundred_deep() -> None:
    nested = '{"a":' * 300 + "1" + "}" * 300
    plain = f'{{"created_at": null, "status": "error", "note": {nested}}}'
    forms = [f"{plain}\n{plain}", f"[{plain},\n{plain}]"]
    answers = [from_files([form], [".json"], Request()) for form in forms]
    documents_ = [json.loads(plain)] * 2
    expected = listed(Asked(documents_, Request()))
    for found in answers:
        assert isinstance(found, pl.DataFrame)
        assert isinstance(expected, pl.DataFrame)
        assert_frame_equal(found, expected)


@pytest.mark.parametrize("row", ["[]", "7", "null", '"text"', "[{}]"])
def test_a_row_that_is_no_document_is_named(row: str) -> None:
    plain = '{"created_at": null, "status": "a"}'
    documents_ = [json.loads(each) for each in (plain, row)]
    expected = listed(Asked(documents_, Request()))
    assert isinstance(expected, tuple)
    assert expected[0].startswith("records: 1 values are not mappings: ")
    for form in (f"{plain}\n{row}\n", f"[{plain}, {row}]"):
        assert from_files([form], [".json"], Request()) == expected


def test_brackets_without_end_are_a_fault() -> None:
    for text in ("[" * 100_000, '{"a":' * 100_000):
        found = from_files([text], [".json"], Request())
        assert isinstance(found, tuple)
        [fault] = found
        assert fault.endswith("nested too deeply")


@pytest.mark.parametrize("ending", [".json", ".ndjson", ".jsonl"])
def test_of_equal_keys_the_last_counts(ending: str) -> None:
    text = '{"created_at": null, "status": "a", "source": "x", "source": "y"}'
    expected = listed(
        Asked([{"created_at": None, "status": "a", "source": "y"}], Request())
    )
    assert isinstance(expected, pl.DataFrame)
    for form in (text, f"[{text}]"):
        found = from_files([form], [ending], Request())
        assert isinstance(found, pl.DataFrame)
        assert_frame_equal(found, expected)


TENANTS: list[Document] = [
    {"created_at": None, "status": "failed", "integration_id": IDS[0], "source": "a"},
    {"created_at": "SECRET", "status": ["SECRET"], "integration_id": IDS[1]},
    {
        "created_at": 1.5,
        "status": None,
        "integration_id": IDS[1],
        "source": {"SECRET": 1},
    },
    {"created_at": "SECRET", "status": None, "integration_id": None},
]


@pytest.mark.parametrize("form", ["list", "array", "lines", "two files"])
@pytest.mark.parametrize("with_own_fault", [False, True])
def test_no_fault_of_another_integration_fails_or_shows(
    form: str, *, with_own_fault: bool
) -> None:
    own = [{**TENANTS[0], "source": [7]}] if with_own_fault else []
    rows = [*TENANTS, *own]

    def found(**options: Any) -> pl.DataFrame | tuple[str, ...]:
        request = Request(**options)
        if form == "list":
            return listed(Asked(rows, request))
        contents: dict[str, list[str]] = {
            "array": [array(rows)],
            "lines": [lines(rows)],
            "two files": [lines(rows[:2]), array(rows[2:])],
        }
        return from_files(contents[form], [".json"], request)

    ours = found(integration_id=IDS[0])
    if with_own_fault:
        row = 2 if form == "two files" else 4
        assert ours == (f"`source`: 1 values are not text: [7] (row {row})",)
    else:
        assert isinstance(ours, pl.DataFrame)
        assert ours.filter(section="total")["count"].to_list() == [1]
    theirs = found(integration_id=IDS[1])
    assert isinstance(theirs, tuple)
    assert "[7]" not in str(theirs)
    assert str(theirs).count("SECRET") == 3
    of_each = found(by_integration=True)
    assert isinstance(of_each, tuple)
    assert {fault.partition("`")[0] for fault in of_each} == {
        f"integration {key}: " for key in IDS[with_own_fault ^ 1 : 2]
    }
    nothing = found(integration_id=IDS[2])
    assert isinstance(nothing, pl.DataFrame)
    assert nothing.filter(section="total")["count"].to_list() == [0]


@pytest.mark.parametrize("form", ["DataFrame", "LazyFrame", "Arrow", "pandas"])
def test_no_fault_of_another_integration_fails_or_shows_in_frames(form: str) -> None:
    df = pl.DataFrame(
        {
            "created_at": ["2024-05-01", "SECRET", "SECRET"],
            "status": ["failed", None, None],
            "source": [1.0, 0.5, 0.25],
            "integration_id": [IDS[0], IDS[1], None],
        }
    )
    made: dict[str, Any] = {
        "DataFrame": df,
        "LazyFrame": df.lazy(),
        "Arrow": df.to_arrow(),
        "pandas": df.to_pandas(),
    }
    records = made[form]
    ours = Request(integration_id=IDS[0])
    found = count(canonical_frame(records, ours), ours)
    assert found.filter(section="total")["count"].to_list() == [1]
    for options in ({"integration_id": IDS[1]}, {"by_integration": True}):
        request = Request.model_validate(options)
        with pytest.raises(InvalidRecordsError) as caught:
            count(canonical_frame(records, request), request)
        whose = f"integration {IDS[1]}: " if request.by_integration else ""
        assert caught.value.faults == (
            f"{whose}`created_at`: 1 values are not ISO 8601 date-times: 'SECRET' (row 1)",
            f"{whose}`source`: 1 values are not text: 0.5 (row 1)",
        )


@pytest.mark.parametrize("name", ["utm_campaign", "config.utm_campaign"])
@pytest.mark.parametrize("write", [array, lines])
def test_files_in_which_no_document_has_a_field_add_up(
    name: str, write: Callable[[Sequence[Any]], str]
) -> None:
    campaign = {"config": {"utm_campaign": "may"}, "utm_campaign": "may"}
    monday: list[Document] = [
        {"created_at": "2024-05-06", "status": "failed", **campaign}
    ] * 4
    tuesday: list[Document] = [{"created_at": "2024-05-07", "status": "failed"}] * 4
    request = Request(layout={"utm_campaign": name})
    expected = listed(Asked(monday + tuesday, request))
    assert isinstance(expected, pl.DataFrame)
    splits: list[list[list[Document]]] = [
        [monday, tuesday],
        [tuesday, monday],
        [monday + tuesday],
        [tuesday + monday],
    ]
    for parts in splits:
        found = from_files([write(part) for part in parts], [".json"], request)
        assert isinstance(found, pl.DataFrame)
        assert_frame_equal(found, expected)
    alone = from_files([write(tuesday)], [".json"], request)
    assert isinstance(alone, pl.DataFrame)
    assert alone.filter(section="utm_campaign")["unset"].to_list() == [4]
