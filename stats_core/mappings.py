"""A mapping that never changes, for values that are compared, hashed and sent away."""

from collections.abc import Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class FrozenMapping(Mapping[str, Value]):
    """A mapping from names, in the order of the names (by code point).

    Unlike `types.MappingProxyType`, it can be pickled and hashed.

    >>> FrozenMapping({"b": 1, "a": 2})
    FrozenMapping({'a': 2, 'b': 1})
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Value] | None = None) -> None:
        """Copy the items."""
        self._items = dict(sorted((items or {}).items(), key=lambda item: item[0]))

    def __getitem__(self, name: str) -> Value:
        """Return the value of a name."""
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, ascending."""
        return iter(self._items)

    def __len__(self) -> int:
        """Return the number of names."""
        return len(self._items)

    def __hash__(self) -> int:
        """Return a hash of the items; the values must have one."""
        return hash(tuple(self._items.items()))

    def __repr__(self) -> str:
        """Return the items as a dictionary would show them."""
        return f"FrozenMapping({self._items!r})"
