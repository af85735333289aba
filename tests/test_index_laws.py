from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, strategies as st
from polars.testing import assert_frame_equal

from stats_core import (
    AppointmentIndex,
    AppointmentStatistics,
    InvalidRecordsError,
)
from stats_core.engine.counting import count
from stats_core.index import decoding, dimension, intake
from stats_core.index.contents import Contents
from stats_core.records.canonical import canonical_frame
from stats_core.request import Request
from tests import test_matrix, test_one_answer
from tests.strategies import (
    Case,
    a_part_of_the_examples,
    as_answer,
    cases,
    ids,
    loose,
    splits,
)
from tests.test_matrix import ALL, FORMS, LOOSE, WHOSE, Whose, exact, framed
from tests.test_one_answer import of_columns

Answers = dict[str, AppointmentStatistics]


@pytest.fixture(autouse=True, scope="module")
def _small_parts() -> Iterator[None]:
    """Few records reach the running counts, and several batches, only if both are small."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dimension, "MIN_BLOCK", 1)
        patch.setattr(dimension, "BLOCKS_PER_SIZE", 20)
        patch.setattr(dimension, "MAX_CELLS", 40)
        patch.setattr(dimension, "MAX_HASHED", 5)
        patch.setattr(decoding, "BATCH", 8)
        patch.setattr(intake, "BATCH", 8)
        patch.setattr(intake, "FEW", 8)
        yield


def answers(index: AppointmentIndex, case: Case, whose: Whose, key: str) -> Answers:
    query = case.query
    options: dict[str, Any] = {"timezone": case.zone, "hours": case.hours}
    options |= {"where": case.where}
    if whose == "each":
        return index.by_integration(query, **options)
    own = key if whose == "one" else None
    return {key: index.statistics(query, integration_id=own, **options)}


@pytest.mark.parametrize("form", FORMS)
@a_part_of_the_examples(10)
@given(case=cases(scoped=True), whose=st.sampled_from(WHOSE), data=st.data())
def test_records_of_any_form_are_answered_as_by_the_reference(
    form: str, case: Case, whose: Whose, data: st.DataObject
) -> None:
    made = FORMS[form]
    key = data.draw(ids(case.documents)) if whose == "one" else ALL
    records = data.draw(exact(case.documents, made.tick))
    with TemporaryDirectory() as folder:
        given_as = []
        for number, part in enumerate(data.draw(splits(records))):
            place = Path(folder, str(number))
            place.mkdir()
            frames = [framed(part, made, whose)]
            found = made.of(frames, place)
            given_as.append(
                data.draw(loose(frames[0].to_dicts())) if form == LOOSE else found
            )
        start = AppointmentIndex([], layout=case.layout)
        index = reduce(AppointmentIndex.extended, given_as, start)
    found_answers = answers(index, case, whose, key)
    asked = test_matrix.Asked(case, whose, key, "auto")
    assert asked.of_reference(records) == {
        name: as_answer(each) for name, each in found_answers.items()
    }
    assert len(index) == len(records)
    for each in found_answers.values():
        each.check()


def of_engine(documents: Any, request: Request) -> pl.DataFrame | tuple[str, ...]:
    try:
        return count(canonical_frame(documents, request), request)
    except InvalidRecordsError as error:
        return error.faults


@given(case=test_one_answer.asked())
def test_documents_are_one_answer_or_one_fault(case: test_one_answer.Asked) -> None:
    documents, request = case
    expected = of_engine(documents, request)
    try:
        contents = Contents(request.layout).extended(documents)
    except InvalidRecordsError as error:
        # What no request can count: the engine finds it too, or faults of columns first.
        assert isinstance(expected, tuple)
        assert set(error.faults) <= set(expected) or any(map(of_columns, expected))  # noqa: PT017
        return
    try:
        found: pl.DataFrame | tuple[str, ...] = contents.partial_frame(request)
    except InvalidRecordsError as error:
        found = error.faults
    if isinstance(expected, tuple):
        assert found == expected
    else:
        assert isinstance(found, pl.DataFrame), found
        assert_frame_equal(found, expected)


@given(case=test_one_answer.asked(), data=st.data())
def test_documents_in_two_parts_are_the_answer_of_all(
    case: test_one_answer.Asked, data: st.DataObject
) -> None:
    documents, request = case
    middle = data.draw(st.integers(0, len(documents)))
    expected = of_engine(documents, request)
    try:
        contents = Contents(request.layout)
        for part in (documents[:middle], documents[middle:]):
            contents = contents.extended(part)
        found: pl.DataFrame | tuple[str, ...] = contents.partial_frame(request)
    except InvalidRecordsError as error:
        found = error.faults
    if isinstance(expected, tuple):
        assert isinstance(found, tuple)
    elif isinstance(found, tuple):  # a part lacks what the other has
        assert all(map(of_columns, found))
    else:
        assert_frame_equal(found, expected)
