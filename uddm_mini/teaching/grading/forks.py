"""A fork server: one process imports PyTorch, once for a class, and every submission runs in a fork of it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from typing import Any

from .process import Child, end, python

LONGEST = 1 << 16  # bytes of a request


class Forked:
    """A process that the fork server made; its number stays its own until `wait`."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.server, self.pid = server, pid

    def wait(self) -> None:
        """Wait until it is over, and let the server forget it."""
        self.server.asked({"reap": self.pid})


class ForkServer:
    """Forks the processes of a class, and runs no code of a student itself.

    It starts when it is first needed. It forks only while it has a single thread (worker.py looks), because then no
    lock can be held by somebody who does not exist in the fork. Only Linux shows that, and on macOS the libraries below
    PyTorch do not survive a fork, so elsewhere `start` gives None, as it does when the server is gone.
    about: what the processes may import, as of `Process`; seconds: until PyTorch has been imported
    """

    def __init__(self, about: dict[str, Any], seconds: float) -> None:
        self.about, self.seconds = about, seconds
        self.failed = not sys.platform.startswith("linux")
        self._lock = threading.Lock()  # submissions are graded in several threads
        self._server: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._folder = ""

    def start(self, about: dict[str, Any], handles: tuple[int, int]) -> Child | None:
        """Fork a process with these limits and two ends of pipes; None if there is no server."""
        reply = self.asked({"start": about}, handles)
        return Forked(self, int(reply["pid"])) if "pid" in reply else None

    def asked(self, request: dict[str, Any], handles: tuple[int, ...] = ()) -> dict[str, Any]:
        """Send a request, with handles of files, and return the reply; nothing if there is no server."""
        with self._lock:
            if self.failed:
                return {}
            try:
                line = self._line or self._begin()
                socket.send_fds(line, [json.dumps(request).encode()], list(handles))
                reply = line.recv(LONGEST)
            except OSError:
                reply = b""
            if not reply:
                self.failed = True
                return {}
            found: dict[str, Any] = json.loads(reply)
            return found

    def _begin(self) -> socket.socket:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.settimeout(self.seconds)
        self._folder = tempfile.mkdtemp(prefix="uddm-forks-")
        with theirs:
            self._server = python(self.about | {"control": theirs.fileno()}, (theirs.fileno(),), self._folder)
        return self._line

    def close(self) -> None:
        """End the server; its forks end when their pipes do."""
        with self._lock:
            self.failed = True
            if self._server:
                end(self._server)
            if self._line:
                with contextlib.suppress(OSError):
                    self._line.close()
            shutil.rmtree(self._folder or "/nonexistent", ignore_errors=True)
