import pickle

import polars as pl
import pytest

from stats_core import InvalidRecordsError
from stats_core.errors import Faults, first_line, reading

READ_ERRORS = [
    pl.exceptions.ComputeError("broken"),
    pl.exceptions.PanicException("broken"),
    FileNotFoundError("broken"),
]


def test_faults_are_sorted_whatever_their_order() -> None:
    error = InvalidRecordsError("b", "a", "c")
    assert error.faults == error.args == ("a", "b", "c")
    assert str(error) == "a\nb\nc"


def test_an_error_without_a_fault_has_an_empty_message() -> None:
    assert str(InvalidRecordsError()) == ""


def test_an_error_survives_the_way_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(InvalidRecordsError("b", "a")))  # noqa: S301 - our own
    assert type(error) is InvalidRecordsError
    assert error.faults == ("a", "b")


def test_collected_faults_are_raised_together() -> None:
    faults = Faults()
    faults.add("z", "y")
    pooled, of_may = InvalidRecordsError("b", "a"), InvalidRecordsError("d", "c")
    with faults.collected():
        raise pooled
    with faults.collected("may.csv"):
        raise of_may
    with faults.collected("june.csv"):
        pass
    with pytest.raises(InvalidRecordsError) as caught:
        faults.raise_if_any()
    assert caught.value.faults == ("a", "b", "may.csv: c", "may.csv: d", "y", "z")


def test_no_collected_fault_raises_nothing() -> None:
    faults = Faults()
    with faults.collected():
        pass
    faults.raise_if_any()
    assert faults.lines == []


@pytest.mark.parametrize("error", READ_ERRORS, ids=repr)
def test_what_cannot_be_read_is_a_fault(error: BaseException) -> None:
    faults = Faults()
    with faults.collected("may.csv"):
        raise error
    assert faults.lines == ["may.csv: broken"]
    with pytest.raises(InvalidRecordsError) as caught, reading():
        raise error
    assert caught.value.faults == ("records: cannot be read: broken",)
    assert caught.value.__cause__ is error


def test_other_errors_pass_unchanged() -> None:
    for error in (KeyError("x"), InvalidRecordsError("x")):
        with pytest.raises(type(error)) as caught, reading():
            raise error
        assert caught.value is error
    with pytest.raises(KeyError), Faults().collected():
        raise KeyError


@pytest.mark.parametrize(
    ("message", "line"), [("a\nb", "a"), ("a", "a"), ("", "OSError"), ("\nb", "")]
)
def test_the_first_line_of_an_error_is_its_message_or_type(
    message: str, line: str
) -> None:
    assert first_line(OSError(message)) == line
