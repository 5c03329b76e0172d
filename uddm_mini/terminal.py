"""A command at a terminal: a sentence for each mistake, signals that end it soon, and nothing that cannot be shown."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from types import FrameType

from .doors import printable

RESUMES = "stopped; what was finished is kept, and a sweep resumes when you give the same command again."
NOTHING = "stopped; nothing was written."


class Ended(KeyboardInterrupt):
    """The process was told to end, by a signal with this number."""


def guarded(run: Callable[[], None], resumes: bool) -> int:
    """Run a command; a mistake of the user's becomes one sentence and exit status 2, Ctrl-C 130, SIGTERM 143.

    With UDDM_DEBUG=1 in the environment, errors keep their traceback.
    """
    for stream in (sys.stdout, sys.stderr):  # what the terminal's encoding lacks must not end the program
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        with warnings.catch_warnings(), _signals():
            warnings.showwarning = lambda message, *_, **__: say(str(message))
            run()
    except KeyboardInterrupt as stop:
        say(RESUMES if resumes else NOTHING)
        return 128 + (int(stop.args[0]) if isinstance(stop, Ended) else signal.SIGINT)
    except Exception as error:
        sentence = sentence_of(error)
        if not sentence or os.environ.get("UDDM_DEBUG"):
            raise
        say(sentence)
        return 2
    return 0


def say(sentence: str) -> None:
    """Tell the user something beside the results."""
    print(f"uddm_mini: {printable(sentence)}", file=sys.stderr)


def sentence_of(error: Exception) -> str:
    """Return what to tell the user of an error; nothing if it is not the user's, but a mistake in the program."""
    if isinstance(error, BrokenExecutor):
        return "a worker process was ended, most often because memory ran out; the same command resumes."
    # PyTorch has no class of its own for a full memory on a CPU
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and "memory" in str(error).lower()):
        return "this needs more memory than there is; choose smaller numbers."
    return str(error) if isinstance(error, (ValueError, OSError, ImportError)) else ""


@contextmanager
def _signals() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP where nobody ignores it, end the block as Ctrl-C does."""
    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [number for number in (getattr(signal, n) for n in names) if signal.getsignal(number) == signal.SIG_DFL]
    if threading.current_thread() is not threading.main_thread():
        numbers = []  # only the main thread is told of signals

    def end(number: int, frame: FrameType | None) -> None:
        raise Ended(number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
