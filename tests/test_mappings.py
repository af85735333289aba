import pickle
from types import MappingProxyType

import pytest
from hypothesis import given, strategies as st

from stats_core.mappings import FrozenMapping

NAMES = st.dictionaries(st.text(max_size=3), st.integers(0, 3), max_size=5)


@given(items=NAMES)
def test_it_is_a_mapping_in_the_order_of_its_names(items: dict[str, int]) -> None:
    frozen = FrozenMapping(items)
    assert [*frozen] == sorted(items)
    assert frozen == items == dict(frozen)
    assert len(frozen) == len(items)
    assert all(frozen[name] == items[name] for name in items)


@given(items=NAMES, data=st.data())
def test_equal_items_are_one_value_in_any_order(
    items: dict[str, int], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(list(items)))
    other = FrozenMapping(MappingProxyType({name: items[name] for name in order}))
    assert other == FrozenMapping(items)
    assert len({other, FrozenMapping(items)}) == 1
    assert pickle.loads(pickle.dumps(other)) == other  # noqa: S301 - its own


def test_it_does_not_change_with_what_it_was_made_of() -> None:
    items = {"a": 1}
    frozen = FrozenMapping(items)
    items["b"] = 2
    assert frozen == {"a": 1}
    assert FrozenMapping() == {}
    with pytest.raises(TypeError):
        frozen["a"] = 2  # type: ignore[index]
    with pytest.raises(KeyError):
        frozen["b"]
