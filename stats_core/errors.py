"""The error for records that cannot be counted, and the collection of its faults."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import polars as pl
from pydantic_core import PydanticCustomError

_Kind = TypeVar("_Kind")
# What reading records may raise. Files can be gone; some Polars bugs are panics.
READ_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)


class InvalidRecordsError(ValueError):
    """Records, or partial statistics, that cannot be counted honestly.

    Attributes:
        faults: Every fault found, one line each, sorted.

    >>> print(InvalidRecordsError("`status`: absent", "`created_at`: absent"))
    `created_at`: absent
    `status`: absent
    """

    def __init__(self, *faults: str) -> None:
        """Take one line per fault, in any order."""
        self.faults = tuple(sorted(faults))
        super().__init__(*self.faults)

    def __str__(self) -> str:
        """Return one fault per line."""
        return "\n".join(self.faults)


class UnknownTimezoneError(ValueError):
    """The name of a time zone that `zoneinfo` does not know."""


class UnreadableRecordsError(InvalidRecordsError):
    """Records that failed while they were read; raised for what Polars raises."""


class Faults:
    """Faults that are collected first and raised together.

    >>> faults = Faults()
    >>> with faults.collected("may.csv"):
    ...     raise InvalidRecordsError("`status`: absent")
    >>> faults.lines
    ['may.csv: `status`: absent']
    """

    def __init__(self) -> None:
        """Start without a fault."""
        self.lines: list[str] = []

    def add(self, *lines: str) -> None:
        """Add one line per fault."""
        self.lines += lines

    @contextmanager
    def collected(self, source: str = "") -> Iterator[None]:
        """Collect the faults of the block; start each line with its `source`."""
        prefix = f"{source}: " if source else ""
        try:
            yield
        except InvalidRecordsError as error:
            self.add(*(f"{prefix}{fault}" for fault in error.faults))
        except READ_ERRORS as error:
            self.add(f"{prefix}{first_line(error)}")

    def raise_if_any(self) -> None:
        """Raise all collected faults as one `InvalidRecordsError`."""
        if self.lines:
            raise InvalidRecordsError(*self.lines)


@contextmanager
def reading() -> Iterator[None]:
    """Convert Polars and OS errors of the block into `UnreadableRecordsError`."""
    try:
        yield
    except READ_ERRORS as error:
        msg = f"records: cannot be read: {first_line(error)}"
        raise UnreadableRecordsError(msg) from error


def refused(message: str) -> PydanticCustomError:
    """Return what a validator raises; unlike a `ValueError`, it can be written as JSON.

    >>> refused("expected a name").message()
    'expected a name'
    """
    return PydanticCustomError("value_error", "{reason}", {"reason": message})


def argument(name: str, given: object, kind: type[_Kind]) -> _Kind:
    """Return the argument of that name, which must be of that kind.

    Raises:
        TypeError: It is of another kind.

    >>> argument("size", 300, int)
    300
    """
    if isinstance(given, kind):
        return given
    msg = f"{name}: expected `{kind.__name__}`, got `{type(given).__name__}`"
    raise TypeError(msg)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, or the name of its type.

    >>> first_line(KeyError("status"))
    "'status'"
    """
    return (str(error).splitlines() or [type(error).__name__])[0]
