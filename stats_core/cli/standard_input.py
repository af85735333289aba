"""Records from standard input, named `-`."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stats_core.batch.formats import ReadOptions
from stats_core.cli.options import WrongUsageError
from stats_core.errors import InvalidRecordsError

_NAME = "-"
_SHOWN = "standard input"


@contextmanager
def standard_input(sources: Sequence[str], reading: ReadOptions) -> Iterator[list[str]]:
    """Give the sources, with a temporary file in the place of `-`.

    Standard input is kept in a file, because it is read more than once. Messages call
    it standard input.

    Raises:
        WrongUsageError: The format of standard input is not given.
    """
    if _NAME not in sources:
        yield list(sources)
        return
    if reading.input_format is None:
        msg = "-: the format of standard input is needed: --input-format"
        raise WrongUsageError(msg)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "standard-input"
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        try:
            yield [str(path) if source == _NAME else source for source in sources]
        except InvalidRecordsError as error:
            faults = (fault.replace(str(path), _SHOWN) for fault in error.faults)
            raise InvalidRecordsError(*faults) from error
