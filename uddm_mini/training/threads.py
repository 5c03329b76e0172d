"""How many threads a training takes: few enough that a busy machine gives them, the same whatever else runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

Job = TypeVar("Job")
Result = TypeVar("Result")

# Measured on 2 cores (`python -m benchmarks --only threads`): below this width a second thread makes a step at most
# 1.2 times as fast, from it on 1.3 to 1.7 times. And a second thread is dear when another program wants its core:
# after every product one thread spins until the other gets its turn. A training of 17 s once took 599 s that way.
WIDE = 128


def useful_threads(width: int) -> int:
    """Return how many threads a training of a model of this width uses: one, or for wide models all of PyTorch's."""
    return torch.get_num_threads() if width >= WIDE else 1


@contextmanager
def at_most(count: int) -> Iterator[None]:
    """Let PyTorch compute with at most `count` threads in this thread, then as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(count, before))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def on_one_thread(work: Callable[[Job], Result], job: Job) -> Result:
    """Return work(job), computed with one thread: its sums then do not depend on how many jobs run beside it."""
    with at_most(1):
        return work(job)
