"""One runner for every experiment: jobs of (size, seed), wherever the caller wants them, into one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from uddm_mini.doors import hidden, whole
from uddm_mini.files import check_writable
from uddm_mini.parallel import run_all
from uddm_mini.settings import Settings, with_changes
from uddm_mini.training.settings import TrainSettings
from uddm_mini.worlds.corpus import Corpus

from .rows import Job
from .store import Store

Stack = tuple[Job, ...]  # jobs that are done together, as one
Rows = list[dict[str, Any]]


def jobs_of(sizes: Sequence[int], seeds: Sequence[int], available: int, parts: int = 1) -> list[Job]:
    """Return every (size, seed) once, seed by seed and the longest job first; ValueError for what can't be done.

    A job needs `parts` times its size of the `available` sentences. NumPy's whole numbers become Python's, for JSON.
    """
    largest_first = sorted({whole(n, "a size") for n in sizes}, reverse=True)
    jobs = [(n, seed) for seed in dict.fromkeys(whole(seed, "a seed") for seed in seeds) for n in largest_first]
    if not jobs:
        raise ValueError("There must be at least one size and one seed.")
    for n, seed in jobs:
        if not 1 <= n <= available // parts:
            what = f"a size of {n}" if parts == 1 else f"{parts} parts of {n}"
            raise ValueError(f"The corpus has {available} training sentences, so there is no way to have {what}.")
        if seed < 0:
            raise ValueError(f"A seed must be at least 0, but one is {seed}.")
    return jobs


def settings_of_many(settings: Settings, changes: dict[str, Any]) -> Settings:
    """Return the settings of many runs with `changes`; the seeds come one by one."""
    if "seed" in changes:
        raise TypeError("A list of seeds is needed here, seeds=[0, 1, 2], and no single seed.")
    return with_changes(settings, changes)


def store_of(settings: Any, corpus: Corpus, out: str | Path | None, **also: Any) -> Store:
    """Return the store of an experiment whose settings have `train`, `device` and `progress`, and maybe `command`.

    All settings decide its numbers but those of the call alone and the seed, which each job brings; so does the corpus,
    and what else is given.
    """
    decides = asdict(replace(settings, train=replace(settings.train, seed=0)))
    command = decides.pop("command", "")
    decides = {name: value for name, value in decides.items() if name not in ("device", "progress")}
    return Store(
        None if out is None else Path(out),
        {**decides, "corpus": corpus.sha256, **also},
        {"train": asdict(TrainSettings())},
        {"command": command} if command else {},
        settings.device,
    )


class OneByOne:
    """Work that does the jobs of a stack one after the other; a subclass says what `one` of them is."""

    def __call__(self, stack: Stack) -> Rows:
        """Return the rows of all jobs of the stack."""
        return [row for job in stack for row in self.one(*job)]

    def one(self, n: int, seed: int) -> Rows:
        """Return the rows of one job."""
        raise NotImplementedError


def finish(
    store: Store,
    jobs: Sequence[Job],
    work: Callable[[Stack], Rows],
    executor: Executor | None = None,
    *,
    stacked: int = 1,
    progress: bool = True,
) -> pd.DataFrame:
    """Do the jobs that `store` lacks, `stacked` of them as one; add each stack as it ends, and return all rows."""
    todo = [job for job in jobs if job not in store.done]
    claimed = False
    if todo and store.path is not None:
        check_writable(store.path)  # before the minutes that the work takes
        claimed = store.claim()
    stacks = [tuple(todo[k : k + stacked]) for k in range(0, len(todo), stacked)]
    bar = tqdm(total=len(jobs), initial=len(jobs) - len(todo), desc=store.label, unit="job", disable=hidden(progress))
    try:
        with (
            bar,
            closing(run_all(stacks, work, executor, store.device)) as results,
        ):  # a store that fails stops the work
            for rows in results:
                store.add(rows)
                bar.update(len({(row["n_train"], row["seed"]) for row in rows}))
    except BaseException:
        if claimed:
            store.give_up()
        raise
    return store.load()
