import json
import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from stats_core import RecordLayout
from stats_core.schema import DIMENSIONS, ROLES, dimension_column


def test_by_default_each_field_has_its_own_name() -> None:
    assert RecordLayout().columns() == {role: role for role in ROLES}


def test_default_status_words_are_those_of_the_contract() -> None:
    layout = RecordLayout()
    assert layout.successful == {"successful", "success", "succeeded", "true"}
    assert layout.failed == {"failed", "failure", "error", "false"}


def test_status_words_are_trimmed_and_lower_case() -> None:
    layout = RecordLayout(successful=frozenset({" DONE\t", "done"}))
    assert layout.successful == {"done"}


@pytest.mark.parametrize("outcome", ["successful", "failed"])
def test_an_outcome_may_have_no_words(outcome: str) -> None:
    layout = RecordLayout.model_validate({outcome: []})
    assert getattr(layout, outcome) == frozenset()
    assert layout.successful | layout.failed


def test_the_words_of_booleans_may_be_exchanged_but_not_shared() -> None:
    layout = RecordLayout.model_validate({"successful": ["false"], "failed": ["true"]})
    assert layout.successful == {"false"}
    assert layout.failed == {"true"}
    with pytest.raises(ValidationError, match="and `failed`: false, true"):
        RecordLayout.model_validate(
            {"successful": ["true", "false"], "failed": ["TRUE", "False"]}
        )


@pytest.mark.parametrize(
    "words", [{"failed": {" Success "}}, {"successful": {"a"}, "failed": {"A", "b"}}]
)
def test_one_word_in_both_sets_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="in both `successful` and `failed`"):
        RecordLayout(**words)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", ["", "  ", None, 7, "\ud800"])
def test_a_column_is_named_by_text(role: str, name: Any) -> None:
    with pytest.raises(ValidationError, match=role):
        RecordLayout(**{role: name})


@pytest.mark.parametrize("word", ["", " ", None, "\u200b"])
def test_a_status_word_is_not_blank(word: Any) -> None:
    with pytest.raises(ValidationError, match="successful"):
        RecordLayout(successful=frozenset({word}))


def test_searched_columns_are_not_blank() -> None:
    with pytest.raises(ValidationError, match="search"):
        RecordLayout(search=("name", ""))


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        RecordLayout.model_validate({"utmSource": "x"})


def test_a_layout_is_a_value() -> None:
    layout = RecordLayout(source="a")
    assert layout == RecordLayout(source="a")
    assert hash(layout) == hash(RecordLayout(source="a"))
    with pytest.raises(ValidationError, match="frozen"):
        layout.source = "b"  # type: ignore[misc]


FURTHER = {"type": "appointment_type", "status": "status", "Z": "z.y"}


def test_further_dimensions_follow_the_published_ones_by_name() -> None:
    layout = RecordLayout(breakdowns=FURTHER)
    assert list(layout.dimensions()) == [*DIMENSIONS, "Z", "status", "type"]
    assert [layout.dimensions()[name] for name in FURTHER] == ["not set"] * 3
    assert RecordLayout().dimensions() == DIMENSIONS


def test_no_column_of_a_dimension_is_that_of_another_field() -> None:
    names = [*ROLES, "label", "day", "x", "x_invalid", "x:breakdown", "^a$", "*"]
    columns = [dimension_column(name) for name in names]
    assert len({*columns, *ROLES}) == len({*names, *ROLES}) + 4
    assert not any(column.endswith("_invalid") for column in columns)
    layout = RecordLayout(breakdowns=FURTHER)
    found = list(layout.columns().items())
    assert found[: len(ROLES)] == [(role, role) for role in ROLES]
    assert found[len(ROLES) :] == [
        *(("Z:breakdown", "z.y"), ("status:breakdown", "status")),
        ("type:breakdown", "appointment_type"),
    ]
    assert layout.unsearched() == set(ROLES)


def test_a_layout_with_breakdowns_is_a_value() -> None:
    given = dict(FURTHER)
    layout = RecordLayout(breakdowns=given)
    given["more"] = "more"
    assert layout.breakdowns == FURTHER
    assert layout == RecordLayout(breakdowns=dict(reversed(FURTHER.items())))
    assert hash(layout) == hash(RecordLayout(breakdowns=FURTHER))
    assert layout != RecordLayout()
    assert pickle.loads(pickle.dumps(layout)) == layout  # noqa: S301 - its own
    assert RecordLayout.model_validate(layout.model_dump()) == layout
    assert RecordLayout.model_validate_json(layout.model_dump_json()) == layout
    json.dumps(RecordLayout.model_json_schema())
    with pytest.raises(TypeError):
        layout.breakdowns["more"] = "more"  # type: ignore[index]


@pytest.mark.parametrize(
    "name", [*DIMENSIONS, "total", "undated", "trends", "hours", "outcome"]
)
def test_a_breakdown_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(ValidationError, match=f"an answer has `{name}` already"):
        RecordLayout(breakdowns={name: "x", "fine": "y"})


@pytest.mark.parametrize("blank", ["", " ", "\t", "\ud800", 7, None])
def test_names_and_columns_of_breakdowns_are_text(blank: Any) -> None:
    for breakdowns in ({blank: "x"}, {"x": blank}):
        with pytest.raises(ValidationError, match="breakdowns"):
            RecordLayout(breakdowns=breakdowns)
    with pytest.raises(ValidationError, match="breakdowns"):
        RecordLayout(breakdowns=blank)
