"""The runner: every job once, alone or in stacks, and nothing lost when something fails."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from runs import Serial

from uddm_mini import TrainSettings
from uddm_mini.experiments import run as module
from uddm_mini.experiments.course import CourseSettings
from uddm_mini.experiments.run import finish, jobs_of, store_of
from uddm_mini.experiments.store import Store, rows_of

JOBS = [(n, seed) for seed in (0, 1) for n in (32, 16, 8)]


def rows(n: int, seed: int) -> list[dict]:
    return [
        *rows_of({"x": n + seed / 10, "y": float(-n)}, n_train=n, seed=seed, split="train", t=0.5),
        *rows_of({"seconds": 1.0}, n_train=n, seed=seed, split="train"),
    ]


class Work:
    """Gives rows, and remembers the stacks."""

    def __init__(self):
        self.stacks = []

    def __call__(self, stack):
        self.stacks.append(stack)
        return [row for job in stack for row in rows(*job)]


def test_jobs_come_seed_by_seed_and_the_longest_first():
    assert jobs_of([8, 32, 16, 8], [1, 0, 1], 32) == [(32, 1), (16, 1), (8, 1), (32, 0), (16, 0), (8, 0)]
    (job,) = jobs_of(np.array([8]), np.arange(1), 8)
    assert [type(number) for number in job] == [int, int]


@pytest.mark.parametrize(
    ("sizes", "seeds", "parts", "message"),
    [
        ([], [0], 1, "at least one size and one seed"),
        ([8], [], 1, "at least one size and one seed"),
        ([8, 65], [0], 1, "has 64 training sentences, so there is no way to have a size of 65"),
        ([0], [0], 1, "a size of 0"),
        ([-1], [0], 1, "a size of -1"),
        ([33], [0], 2, "64 training sentences, so there is no way to have 2 parts of 33"),
        ([8], [-1], 1, "at least 0, but one is -1"),
    ],
)
def test_impossible_jobs_are_named(sizes, seeds, parts, message):
    with pytest.raises(ValueError, match=message):
        jobs_of(sizes, seeds, 64, parts)
    with pytest.raises(TypeError, match="float"):
        jobs_of([8.5], [0], 64)


@pytest.mark.parametrize("stacked", [1, 2, 3, 4, 6, 100])
def test_stacks_of_any_size_give_the_same_rows(tmp_path, stacked):
    alone = finish(Store(None, {}), JOBS, Work(), progress=False)
    for path in (None, tmp_path / "a.csv"):
        work = Work()
        found = finish(Store(path, {}), JOBS, work, stacked=stacked, progress=False)
        assert [job for stack in work.stacks for job in stack] == JOBS
        assert [len(stack) for stack in work.stacks] == [min(stacked, 6 - k) for k in range(0, 6, stacked)]
        pd.testing.assert_frame_equal(found, alone, rtol=1e-5)
    assert len(alone) == 3 * len(JOBS)


def test_a_stack_leaves_out_the_jobs_that_are_stored(tmp_path):
    whole = finish(Store(None, {}), JOBS, Work(), progress=False)
    for path in (None, tmp_path / "a.csv"):
        store, work = Store(path, {}), Work()
        store.add(rows(16, 0))
        found = finish(store, JOBS, work, stacked=3, progress=False)
        assert work.stacks == [((32, 0), (8, 0), (32, 1)), ((16, 1), (8, 1))]
        pd.testing.assert_frame_equal(found, whole, rtol=1e-5)
        assert finish(store, JOBS, work, stacked=3, progress=False).equals(found) and len(work.stacks) == 2


def test_a_stack_of_which_another_process_has_done_a_job_meanwhile_adds_the_others(tmp_path):
    path = tmp_path / "a.csv"
    store, work = Store(path, {}), Work()

    def while_the_other_works(stack):
        Store(path, {}).add([{**row, "value": row["value"] + 1000} for row in rows(16, 0)])
        return work(stack)

    found = finish(store, JOBS, while_the_other_works, stacked=6, progress=False)
    assert store.done == set(JOBS) and len(found) == 3 * len(JOBS)
    x = found[found.quantity == "x"]
    assert x[x.value > 1000].value.tolist() == [1016.0], "the first rows stay"
    assert x[x.value < 1000].value.tolist() == pytest.approx([8, 8.1, 16.1, 32, 32.1])


def test_stacks_go_to_the_executor_of_the_caller_and_their_rows_are_kept_when_one_fails(tmp_path):
    path = tmp_path / "a.csv"
    broken = Serial(good=1)
    with pytest.raises(RuntimeError, match="went away"):
        finish(Store(path, {}), JOBS, Work(), broken, stacked=2, progress=False)
    assert Store(path, {}).done == set(JOBS[:2])
    again = Serial()
    finish(Store(path, {}), JOBS, Work(), again, stacked=2, progress=False)
    assert again.stacks == [((8, 0), (32, 1)), ((16, 1), (8, 1))]


def test_what_can_not_be_written_starts_no_more_jobs(tmp_path, monkeypatch):
    started, store = [], Store(tmp_path / "table.csv", {})

    def work(stack):
        started.extend(stack)
        time.sleep(0.05)
        return [row for job in stack for row in rows(*job)]

    def full(rows):
        raise OSError("No space left on device")

    monkeypatch.setattr(store, "add", full)
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="No space left"):
        finish(store, [(n, 0) for n in range(1, 21)], work, pool, progress=False)
    assert len(started) < 10


def test_a_place_where_nothing_can_be_written_is_named_before_the_work_and_only_then(tmp_path, monkeypatch):
    store, work = Store(tmp_path / "a.csv", {}), Work()
    finish(store, JOBS[:1], work, progress=False)

    def read_only(path):
        raise PermissionError(f"{path} is read-only")

    monkeypatch.setattr(module, "check_writable", read_only)
    with pytest.raises(PermissionError):
        finish(store, JOBS, work, progress=False)
    assert len(work.stacks) == 1
    assert len(finish(store, JOBS[:1], work, progress=False)) == 3, "nothing is to be done"
    assert len(finish(Store(None, {}), JOBS, work, progress=False)) == 18


def test_the_bar_counts_jobs_and_not_stacks(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)  # in a log there is none
    store = Store(None, {})
    store.add(rows(8, 0))
    finish(store, JOBS, Work(), stacked=4)
    bar = capsys.readouterr().err
    assert "experiment" in bar and "6/6" in bar and "1/6" in bar
    assert torch.get_num_threads() == 1


def test_a_store_tells_what_decides_the_numbers_from_what_belongs_to_the_call(corpus):
    settings = CourseSettings(TrainSettings(seed=5), looks=3, command="as typed")
    store = store_of(settings, corpus, None, recipes=["a"])
    assert store.settings.keys() == {"train", "looks", "t", "sentences", "corpus", "recipes"}
    assert store.settings["looks"] == 3 and store.settings["corpus"] == corpus.sha256
    assert store.settings["train"]["seed"] == 0, "each job brings its own"
    assert store.path is None and store.about == {"command": "as typed"} and store.device == "cpu"
    other = replace(settings, train=TrainSettings(seed=6), device="mps", progress=False, command="")
    again = store_of(other, corpus, None, recipes=["a"])
    assert again.settings == store.settings and again.about == {} and again.device == "mps"
