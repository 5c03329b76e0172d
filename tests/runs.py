"""What the tests of experiments share: an executor without threads, settings that take no time, and comparisons."""

from __future__ import annotations

from concurrent.futures import Executor, Future

import pandas as pd
import pytest

from uddm_mini import ProbeSettings

PROBE = ProbeSettings(times=(0.25, 1.0), sentences=16)
TINY = dict(steps=4, batch_size=8, width=8, depth=1, heads=2, probe=PROBE, progress=False)
impossible_for_32 = pytest.mark.parametrize(
    ("sizes", "seeds", "message"),
    [
        ([], [0], "at least one size"),
        ([8], [], "at least one size"),
        ([8, 33], [0], "has 32 training sentences"),
        ([0], [0], "has 32 training sentences"),
        ([8], [-1], "at least 0"),
    ],
)  # of a corpus with 32 training sentences


class Serial(Executor):
    """Runs every stack of jobs at once, in this thread, and lists the jobs; stacks after the first `good` fail."""

    def __init__(self, good: int = 10**9):
        self.good, self.stacks = good, []

    @property
    def jobs(self) -> list:
        return [job for stack in self.stacks for job in stack]

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.stacks.append(args[-1])
        if len(self.stacks) > self.good:
            future.set_exception(RuntimeError("the machine went away"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Everything but the time that it took."""
    return table.drop(columns="seconds")
