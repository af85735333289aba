from typing import Any

import pytest
from pydantic import ValidationError

from stats_core import RecordLayout
from stats_core.layout import ROLES


def test_by_default_each_field_has_its_own_name() -> None:
    assert RecordLayout().columns() == {role: role for role in ROLES}


def test_default_status_words_are_those_of_the_contract() -> None:
    layout = RecordLayout()
    assert layout.successful == {"successful", "success", "succeeded"}
    assert layout.failed == {"failed", "failure", "error"}


def test_status_words_are_trimmed_and_lower_case() -> None:
    assert RecordLayout(successful=frozenset({" DONE\t"})).successful == {"done"}


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
