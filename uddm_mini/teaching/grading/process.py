"""One process of a student: started, sent messages, ended."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .encoding import dumps
from .line import LARGEST


@dataclass(frozen=True)
class Limits:
    """What one submission may use: seconds by the clock and of a processor, bytes."""

    start: float = 120.0  # until Python and PyTorch are there, on a busy machine
    step: float = 20.0  # one statement of a cell, or one call of a function
    exercise: float = 90.0  # all calls of one check
    restarts: int = 4  # statements that may end the process or never end
    processor: int = 600
    memory: int = 2 << 30  # beyond what PyTorch takes
    file_size: int = 16 << 20


class Ended(Exception):
    """Say that the process is gone or hangs."""


class Child(Protocol):
    """A process that somebody started."""

    pid: int

    def wait(self) -> Any:
        """Wait until it is over, and forget it."""


class Starter(Protocol):
    """What starts the process of a submission."""

    def start(self, about: dict[str, Any], handles: tuple[int, int]) -> Child | None:
        """Start it with these two ends of pipes, which the caller closes; None if that cannot be done."""


def python(about: dict[str, Any], handles: tuple[int, ...], folder: str) -> subprocess.Popen[bytes]:
    """Start a Python that runs worker.py in a folder, in a session of its own, with nothing of this environment."""
    environment = {"HOME": folder, "TMPDIR": folder, "PATH": os.defpath, "MPLBACKEND": "Agg", "LANG": "C.UTF-8"}
    environment |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
    package = Path(__file__).resolve().parents[2]
    about = about | {"root": str(package.parent), "hidden": str(package)}
    return subprocess.Popen(
        [sys.executable, "-I", "-B", str(Path(__file__).with_name("worker.py")), json.dumps(about)],
        cwd=folder,
        env=environment,
        pass_fds=handles,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Process:
    """One worker process and the messages to and from it.

    starter: forks it from a process that has imported PyTorch; without it, or where it fails, a new Python is started
    """

    def __init__(self, about: dict[str, Any], limits: Limits, starter: Starter | None = None) -> None:
        if os.name != "posix":
            raise OSError("Grading needs Linux or macOS; on Windows run it in WSL or in a container.")
        self.folder = tempfile.mkdtemp(prefix="uddm-answers-")
        theirs_in, self.out = os.pipe()
        self.incoming, theirs_out = os.pipe()
        allowed = {"memory": limits.memory, "seconds": limits.processor, "file_size": limits.file_size}
        try:
            forked = starter.start(allowed | {"folder": self.folder}, (theirs_in, theirs_out)) if starter else None
            about = about | allowed | {"incoming": theirs_in, "outgoing": theirs_out}
            self.child: Child = forked or python(about, (theirs_in, theirs_out), self.folder)
        finally:
            os.close(theirs_in)
            os.close(theirs_out)
        os.set_blocking(self.out, False)
        os.set_blocking(self.incoming, False)

    def send(self, message: dict[str, Any], until: float) -> None:
        """Send one message; Ended if nobody takes it."""
        data = memoryview(dumps(message))
        data = memoryview(struct.pack(">Q", len(data)) + data)
        while data:
            self._wait([], [self.out], until)
            with contextlib.suppress(BlockingIOError):
                try:
                    data = data[os.write(self.out, data) :]
                except BrokenPipeError:
                    raise Ended("ended") from None

    def receive(self, until: float) -> dict[str, Any]:
        """Return the next message; Ended if none comes, or if it is none."""
        (size,) = struct.unpack(">Q", self._exactly(8, until))
        if size > LARGEST:
            raise Ended("sent more than grading takes")
        try:
            message = json.loads(self._exactly(size, until))
        except (ValueError, RecursionError):
            raise Ended("sent something that is no message") from None
        if not isinstance(message, dict):
            raise Ended("sent something that is no message")
        return message

    def _exactly(self, size: int, until: float) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            self._wait([self.incoming], [], until)
            with contextlib.suppress(BlockingIOError):
                part = os.read(self.incoming, min(1 << 20, size - len(parts)))
                if not part:
                    raise Ended("ended")
                parts += part
        return bytes(parts)

    def _wait(self, reading: list[int], writing: list[int], until: float) -> None:
        left = until - time.monotonic()
        if left <= 0 or not any(select.select(reading, writing, [], left)):
            raise Ended("late")

    def close(self) -> None:
        """End the process and all that it started, and remove its folder."""
        end(self.child)
        for handle in (self.out, self.incoming):
            with contextlib.suppress(OSError):
                os.close(handle)
        self.out = self.incoming = -1
        shutil.rmtree(self.folder, ignore_errors=True)


def end(child: Child) -> None:
    """End a process and its group; until it is waited for, its number is nobody else's."""
    for kill in (os.killpg, os.kill):  # a child that was forked just now may not have a group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(child.pid, signal.SIGKILL)
    child.wait()
