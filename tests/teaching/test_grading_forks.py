"""Submissions in forks of one process: they are as apart, and as limited, as in processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from uddm_mini.teaching.grading.forks import ForkServer
from uddm_mini.teaching.grading.process import Limits, Process
from uddm_mini.teaching.grading.student import Student

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux forks")
ABOUT = {"chapters": ["setup"], "given": []}
LIMITS = Limits(step=20.0, memory=1 << 30, file_size=1 << 20)
LOOK = """
import builtins, os, random, resource, sys, tempfile, threading
import numpy as np, torch
def f(what):
    if what == "parent":
        return os.getppid()
    if what == "limits":
        names = ["CPU", "FSIZE", "CORE", "NOFILE", "NPROC"]
        return [resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names]
    if what == "memory":
        return resource.getrlimit(resource.RLIMIT_AS)[0]
    if what == "handles":
        return sum(1 for h in range(3, 100) if is_open(h))
    if what == "session":
        return [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid(), threading.active_count()]
    if what == "folder":
        return [os.getcwd(), os.path.expanduser("~"), tempfile.gettempdir()]
    if what == "random":
        return [RANDOM, float(np.random.rand())]
    if what == "traces":
        mine = [hasattr(torch, "left"), hasattr(builtins, "left"), "left" in sys.modules, "LEFT" in os.environ]
        return [*mine, torch.get_default_dtype() == torch.float64, len(os.listdir("."))]
    if what == "fork":
        return os.fork()
def is_open(handle):
    try:
        os.fstat(handle)
        return True
    except OSError:
        return False
RANDOM = float(np.random.rand())
"""
LEAVE = """
import builtins, os, sys, torch
torch.left = builtins.left = 1
sys.modules["left"] = torch
os.environ["LEFT"] = "1"
torch.set_default_dtype(torch.float64)
open("left", "w").write("x")
"""


class Asked:
    """A submission that can be asked for what its process is like."""

    def __init__(self, starter: ForkServer | None, *cells: str) -> None:
        self.student = Student([*cells, LOOK], ABOUT, LIMITS, starter)
        (self.f,), _ = self.student.find("setup.changed_fraction", ["f"], [["what"]])

    def __call__(self, what: str):
        return self.f(what)


@pytest.fixture(scope="module")
def server():
    made = ForkServer(ABOUT, 120.0)
    yield made
    made.close()


@pytest.fixture(scope="module")
def three(server):
    """Two forks, the first of which leaves traces wherever it can, and a process of its own."""
    made = [Asked(server, LEAVE), Asked(server), Asked(None)]
    yield made
    for one in made:
        one.student.close()


def test_two_submissions_are_forks_of_one_process_and_the_third_is_none(three):
    parents = [one("parent") for one in three]
    assert parents[0] == parents[1] != parents[2] == os.getpid()


def test_nothing_of_one_submission_reaches_another(three):
    assert three[0]("traces") == [True] * 5 + [1]
    assert three[1]("traces") == [False] * 5 + [0] == three[2]("traces")
    folders = [one("folder") for one in three]
    assert len({folder for own in folders for folder in own}) == 3  # each has one for all purposes, and its own
    one, other = (three[i]("random")[0] for i in (0, 1))
    assert one != other


def test_a_fork_has_the_limits_of_a_process_of_its_own(three):
    assert three[0].student.kept == three[1].student.kept == three[2].student.kept and three[0].student.kept["limits"]
    for what in ("limits", "handles", "session"):
        assert three[0](what) == three[1](what) == three[2](what), what
    assert three[1]("session") == [True, True, 1]
    memory = [one("memory") for one in three]
    assert all(LIMITS.memory < each < LIMITS.memory + (64 << 30) for each in memory)
    with pytest.raises(Exception, match="no other processes"):
        three[1]("fork")


def test_a_process_that_is_closed_is_gone_and_forgotten(server):
    process = Process(ABOUT, LIMITS, server)
    process.receive(time.monotonic() + 60)
    pid, folder = process.child.pid, process.folder
    process.close()
    assert not Path(f"/proc/{pid}").exists() and not Path(folder).exists()


def test_a_server_that_is_gone_is_done_without():
    server = ForkServer(ABOUT, 120.0)
    try:
        one = Asked(server)
        os.kill(one("parent"), signal.SIGKILL)
        one.student.close()
        other = Asked(server)
        assert other("parent") == os.getpid() and server.failed
        other.student.close()
    finally:
        server.close()


THREADED = """
import importlib.util, json, socket, sys, threading
spec = importlib.util.spec_from_file_location("worker", sys.argv[1])
worker = importlib.util.module_from_spec(spec)
sys.modules["worker"] = worker
spec.loader.exec_module(worker)
mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
mine.send(json.dumps({"start": {"folder": "."}}).encode())
if sys.argv[2] == "two":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
worker._child = lambda about, prepared: worker.os._exit(0)
mine.shutdown(socket.SHUT_WR)
worker.fork_server({"control": theirs.detach()}, None)
print(mine.recv(99).decode())
"""


@pytest.mark.parametrize("threads", ["one", "two"])
def test_with_a_second_thread_nothing_is_forked(threads):
    worker = Path(__file__).resolve().parents[2] / "uddm_mini" / "teaching" / "grading" / "worker.py"
    run = subprocess.run(
        [sys.executable, "-I", "-c", THREADED, str(worker), threads],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    assert run.returncode == 0, run.stderr
    assert ("pid" in run.stdout) == (threads == "one"), run.stdout
