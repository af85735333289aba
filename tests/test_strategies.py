from collections import Counter
from collections.abc import Iterator

from hypothesis import Phase, given, settings, strategies as st

from tests import reference
from tests.strategies import Case, cases, ids, splits

EXAMPLES = 400
# The least share of questions of each kind whose answer must not be empty.
LEAST_SHARES = {
    "any question": 0.4,
    "a type": 0.25,
    "a search": 0.25,
    "two keywords": 0.12,
    "two bounds": 0.3,
    "three filters": 0.15,
    "one integration": 0.2,
    "two parts with records": 0.25,
}


def kinds(case: Case) -> Iterator[str]:
    keywords = (case.ask.get("search") or "").split()
    bounds = {"start", "end"} & set(case.ask)
    kind = case.ask.get("appointment_type")
    yield "any question"
    if kind:
        yield "a type"
    if keywords:
        yield "a search"
    if len(keywords) == 2:
        yield "two keywords"
    if len(bounds) == 2:
        yield "two bounds"
    if bool(kind) + bool(keywords) + len(bounds) >= 3:
        yield "three filters"


def test_most_drawn_questions_find_something() -> None:
    asked: Counter[str] = Counter()
    found: Counter[str] = Counter()

    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, phases=[Phase.generate]
    )
    @given(case=cases(scoped=True), data=st.data())
    def count(case: Case, data: st.DataObject) -> None:
        parts = data.draw(splits(case.documents))
        key = data.draw(ids(case.documents))
        own = [r for r in case.documents if r["integration_id"] == key]
        totals = [case._replace(documents=part).expected.total for part in parts]
        for kind in kinds(case):
            asked[kind] += 1
            found[kind] += sum(totals) > 0
        asked["one integration"] += 1
        found["one integration"] += case._replace(documents=own).expected.total > 0
        if len(parts) > 1:
            asked["two parts with records"] += 1
            found["two parts with records"] += sum(map(bool, totals)) > 1

    count()
    shares = {kind: found[kind] / asked[kind] for kind in LEAST_SHARES}
    assert {kind for kind in shares if shares[kind] < LEAST_SHARES[kind]} == set()
    assert min(asked.values()) >= EXAMPLES // 40


def test_the_reference_reads_nine_digits_of_a_fraction() -> None:
    instants = {
        "2024-05-01T23:59:59.999999": 1_714_607_999_999_999_000,
        "2024-05-01T23:59:59.999999999Z": 1_714_607_999_999_999_999,
        "2024-05-02T01:00:00,000000001+01:00": 1_714_608_000_000_000_001,
        "1969-12-31T23:59:59.999999999Z": -1,
    }
    assert {text: reference.instant(text) for text in instants} == instants
    written = [reference.zulu(at) for at in instants.values()]
    assert [reference.instant(text) for text in written] == list(instants.values())


def test_an_end_date_of_the_reference_ends_with_its_last_nanosecond() -> None:
    first, last = reference.bounds({"start": "2024-05-01", "end": "2024-05-01"}, "UTC")
    assert (first, last) == (1_714_521_600 * 10**9, 1_714_608_000 * 10**9 - 1)
