"""The base of the models that callers make: short where they are shown."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel


class Parameters(BaseModel):
    """A model whose text has only what is not a default, and whose signature is short.

    >>> class Page(Parameters):
    ...     number: int = 1
    ...     size: int = 300
    >>> Page(size=20)
    Page(size=20)
    """

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield the names and values that are not defaults."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if value != field.get_default(call_default_factory=True):
                yield name, value

    @classmethod
    def __pydantic_init_subclass__(cls, **_: object) -> None:
        """Leave the validators out of the signature, which `help` shows."""
        found = cls.__signature__
        hints = {name: it.annotation for name, it in found.parameters.items()}
        plain = get_type_hints(SimpleNamespace(__annotations__=hints))
        cls.__signature__ = found.replace(
            parameters=[
                it.replace(annotation=plain[name])
                for name, it in found.parameters.items()
            ]
        )
