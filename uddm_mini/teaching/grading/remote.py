"""The grader's side: a student's process with limits, and its functions as if they were here."""

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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from uddm_mini.teaching.calls import copied
from uddm_mini.worlds.grammar import Choice, Grammar, Slot

from .encoding import decode, dumps, encode

LARGEST = 1 << 24  # bytes of a message
RECORDS = {"Choice": Choice, "Slot": Slot, "Grammar": Grammar}
# what an answer may use of an object that it is given; everything else of it stays here
OPEN = {"ToyLanguage": ("log_prob", "encode", "decode", "words", "vocab_size", "length", "n_sentences")}


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


class Process:
    """One worker process and the messages to and from it."""

    def __init__(self, about: dict[str, Any], limits: Limits) -> None:
        if os.name != "posix":
            raise OSError("Grading needs Linux or macOS; on Windows run it in WSL or in a container.")
        self.folder = tempfile.mkdtemp(prefix="uddm-answers-")
        theirs_in, self.out = os.pipe()
        self.incoming, theirs_out = os.pipe()
        package = Path(__file__).resolve().parents[2]
        about = about | {"incoming": theirs_in, "outgoing": theirs_out, "root": str(package.parent)}
        about |= {"hidden": str(package), "memory": limits.memory, "seconds": limits.processor}
        about |= {"file_size": limits.file_size}
        environment = {"HOME": self.folder, "TMPDIR": self.folder, "PATH": os.defpath, "MPLBACKEND": "Agg"}
        environment |= {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS")}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(Path(__file__).with_name("worker.py")), json.dumps(about)],
            cwd=self.folder,
            env=environment | {"LANG": "C.UTF-8"},
            pass_fds=(theirs_in, theirs_out),
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
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
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for handle in (self.out, self.incoming):
            with contextlib.suppress(OSError):
                os.close(handle)
        self.out = self.incoming = -1
        shutil.rmtree(self.folder, ignore_errors=True)


class Served:
    """What stays with the grader while an answer uses it: functions and objects that a check gave it."""

    def __init__(self) -> None:
        self.things: list[Any] = []

    def keep(self, thing: Any) -> int:
        """Keep a function or an object, and return its number."""
        self.things.append(thing)
        return len(self.things) - 1

    def reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """Answer a question of the worker; what is not open to it is an error there."""
        try:
            thing = self.things[int(question["ask"])]
            if "get" in question:
                name = str(question["get"])
                if name not in OPEN.get(type(thing).__name__, ()):
                    raise AttributeError(f"{name} is not open to an answer; compute it yourself.")
                return {"value": encode(getattr(thing, name), self.keep)}
            arguments = decode(question["args"])
            named = {str(k): decode(v) for k, v in question["named"].items()}
            return {"value": encode(thing(*arguments, **named), self.keep)}
        except Exception as error:  # of the student's making
            return {"error": type(error).__name__, "text": str(error)[:500]}


class Remote:
    """A function of the student, which runs in the student's process."""

    def __init__(
        self, call: Callable[[int, str, tuple[Any, ...], dict[str, Any]], Any], number: int, name: str
    ) -> None:
        self.call, self.number = call, number
        self.__name__ = name

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Return what the student's function gives; Stopped if it does not give anything."""
        return self.call(self.number, self.__name__, copied(arguments), named)
