"""Many (size, seed) jobs, run wherever the caller wants, into one table."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, as_completed
from contextlib import closing
from functools import partial
from operator import index
from typing import Any, TypeVar

import pandas as pd
import torch
from tqdm.auto import tqdm

from uddm_mini.files import check_writable

from .tables import Job, Table
from .threads import on_one_thread

Rows = list[dict[str, Any]]
Task = TypeVar("Task")
Result = TypeVar("Result")


def jobs_of(sizes: Sequence[int], seeds: Sequence[int], available: int, parts: int = 1) -> list[Job]:
    """Return every (size, seed) once, seed by seed and the longest job first; ValueError for what can't be done.

    A job needs `parts` times its size of the `available` sentences. NumPy's whole numbers become Python's, for JSON.
    """
    largest_first = sorted({index(n) for n in sizes}, reverse=True)
    jobs = [(n, seed) for seed in dict.fromkeys(map(index, seeds)) for n in largest_first]
    if not jobs:
        raise ValueError("There must be at least one size and one seed.")
    for n, seed in jobs:
        if not 1 <= n <= available // parts:
            what = f"a size of {n}" if parts == 1 else f"{parts} parts of {n}"
            raise ValueError(f"The corpus has {available} training sentences, so {what} can't be had.")
        if seed < 0:
            raise ValueError(f"A seed must be at least 0, but one is {seed}.")
    return jobs


def finish(
    table: Table,
    jobs: Sequence[Job],
    work: Callable[[Job], Rows],
    executor: Executor | None,
    *,
    device: str = "cpu",
    label: str,
    progress: bool = True,
) -> pd.DataFrame:
    """Do the jobs that `table` lacks, add each as it ends, and return the whole table."""
    todo = [job for job in jobs if job not in table.done]
    if todo and table.path is not None:
        check_writable(table.path)  # before the minutes that the work takes
    bar = tqdm(total=len(jobs), initial=len(jobs) - len(todo), desc=label, unit="job", disable=not progress)
    with bar, closing(run_all(todo, work, executor, device)) as results:  # if a table can't be written, start no more
        for rows in results:
            table.add(rows)
            bar.update()
    return table.load()


def run_all(
    jobs: Sequence[Task], work: Callable[[Task], Result], executor: Executor | None, device: str = "cpu"
) -> Generator[Result, None, None]:
    """Yield the result of each job as it ends; if one fails, start no more, yield what still ends well, then raise.

    Who closes the generator cancels the jobs that have not begun, also on an executor of the caller's. Without an
    executor: one job per core on a CPU (PyTorch computes outside Python's lock), else one job at a time. On a CPU
    every job takes one thread, wherever it runs: another number of threads would add up its sums in another order.
    """
    if device == "cpu":
        work = partial(on_one_thread, work)
    yield from _run(jobs, work, executor, device)


def _run(
    jobs: Sequence[Task], work: Callable[[Task], Result], executor: Executor | None, device: str
) -> Generator[Result, None, None]:
    if executor is None and device == "cpu" and len(jobs) > 1 and torch.get_num_threads() > 1:
        with ThreadPoolExecutor(torch.get_num_threads()) as pool:
            try:
                yield from _run(jobs, work, pool, device)
            finally:
                pool.shutdown(cancel_futures=True)
    elif executor is None:
        yield from map(work, jobs)
    else:
        waiting = {executor.submit(work, job) for job in jobs}
        try:
            for future in as_completed(list(waiting)):
                waiting.remove(future)
                if failure := future.exception():
                    for other in [other for other in waiting if not other.cancel()]:
                        if not other.exception():
                            yield other.result()
                    raise failure
                yield future.result()
        finally:
            for future in waiting:
                future.cancel()
