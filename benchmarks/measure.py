"""Time and memory of one call, measured so that a busy machine disturbs both sides of a ratio alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile


def seconds(*calls: Callable[[], object], repeats: int = 20) -> list[float]:
    """Return the shortest time of each call in seconds: what the machine can do when nothing else disturbs it.

    The calls take turns, after one round that does not count.
    """
    taken: list[list[float]] = [[] for _ in calls]
    for i in range(repeats + 1):
        for call, times in zip(calls, taken, strict=True):
            start = time.perf_counter()
            call()
            if i:
                times.append(time.perf_counter() - start)
    return [min(times) for times in taken]


def peak_bytes(call: Callable[[], object], warm: bool = True) -> int:
    """Return the most memory that PyTorch held at once for tensors made inside `call`, from its allocator's log.

    warm: call it once before.
    """
    if warm:
        call()  # the first call may also fill caches
    with _quiet(), profile(activities=[ProfilerActivity.CPU], profile_memory=True) as log:
        call()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        log.export_chrome_trace(str(path))
        events = json.loads(path.read_text())["traceEvents"]
    changes = sorted((e["ts"], e["args"]["Bytes"]) for e in events if e.get("name") == "[memory]")
    held = peak = 0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the profiler's C++ code writes to standard error."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def busy(programs: int) -> Iterator[None]:
    """Keep so many processors busy with other work meanwhile."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(programs)]
    try:
        yield
    finally:
        for process in others:
            process.kill()
            process.wait()


def matmul_rate(n: int = 2048, repeats: int = 10) -> float:
    """Return the rate of an n x n float32 matrix product, in floating-point operations per second."""
    a, b = torch.randn(n, n), torch.randn(n, n)
    (shortest,) = seconds(lambda: a @ b, repeats=repeats)
    return 2 * n**3 / shortest
