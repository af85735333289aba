"""Files that appear completely or not at all."""

import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from types import FrameType

_PATIENCE = 10  # seconds that Polars has to stop


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`, and rename it when all is written.

    Whatever is raised in the block, interrupts and SIGTERM included, the temporary file
    is removed, and a file that was at `path` before is still there. Its name is random,
    so that two writers never share it, and hidden, so that no folder of records has it.

    Raises:
        OSError: `path` cannot be written.

    >>> folder = getfixture("tmp_path")
    >>> with replacing(folder / "a.txt") as unfinished:
    ...     _ = unfinished.write_text("all")
    >>> [path.name for path in folder.iterdir()]
    ['a.txt']
    """
    target = Path(os.path.realpath(path))  # not a link to it
    check_target(path)
    unfinished = target.with_name(f".unfinished-{secrets.token_hex(8)}")
    try:
        with _termination_raised():
            yield unfinished
            unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def check_target(path: Path) -> None:
    """Check early that a file can be written at a path.

    Raises:
        OSError: The folder is absent, or something else than a file is at the path.
    """
    if path.exists() and not path.is_file():
        msg = f"{path}: exists and is no file"
        raise OSError(msg)
    if not path.parent.is_dir():
        msg = f"{path}: no such folder"
        raise OSError(msg)


def in_thread(work: Callable[[], object]) -> None:
    """Do work in a thread, so that signals are handled while Polars runs.

    Polars returns to Python, which handles signals, only at its end. If a signal ends
    the wait, Polars is stopped.
    """
    errors: list[BaseException] = []
    done = Event()  # an interrupted `Thread.join` would take the thread for ended

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            errors.append(error)
        finally:
            done.set()

    Thread(target=run, daemon=True).start()
    try:
        done.wait()
    except BaseException:
        with suppress(KeyboardInterrupt):  # the one signal that stops Polars
            signal.raise_signal(signal.SIGINT)
        done.wait(_PATIENCE)
        raise
    if errors:
        raise errors[0]


@contextmanager
def _termination_raised() -> Iterator[None]:
    """Let SIGTERM raise `SystemExit`; only the main thread can set this up."""
    if current_thread() is not main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
