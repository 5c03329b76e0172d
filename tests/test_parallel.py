"""Threads: small work takes one, gives back what it took, and its numbers do not hang on how many run."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import torch

from uddm_mini import ProbeSettings, UniformNoise, run_sweep, train
from uddm_mini.parallel import WIDE, at_most, run_all, useful_threads

module = importlib.import_module("uddm_mini.training.train")  # the function hides it
TINY = dict(steps=3, batch_size=8, width=8, heads=2, progress=False)
X = torch.arange(24).reshape(8, 3) % 5
NOISE = UniformNoise(5)


def test_small_models_use_one_thread_and_wide_ones_all(two_threads):
    assert useful_threads(64) == useful_threads(WIDE - 1) == 1
    assert useful_threads(WIDE) == 2


@pytest.mark.parametrize(("width", "expected"), [(8, 1), (WIDE, 2)])
def test_training_takes_its_threads_and_gives_them_back(width, expected, two_threads, monkeypatch):
    seen = []
    loss = module.training_loss
    monkeypatch.setattr(module, "training_loss", lambda *a: (seen.append(torch.get_num_threads()), loss(*a))[1])
    train(X, NOISE, **{**TINY, "width": width})
    assert seen == [expected] * 3
    assert torch.get_num_threads() == 2


def test_threads_come_back_after_an_error(two_threads):
    with pytest.raises(KeyError), at_most(1):
        raise KeyError
    assert torch.get_num_threads() == 2


def test_at_most_never_takes_more_than_there_are():
    with at_most(8):
        assert torch.get_num_threads() == 1


def test_every_job_has_one_thread_wherever_it_runs(two_threads):
    def threads(_):
        return torch.get_num_threads()

    with ThreadPoolExecutor(2) as pool:
        for jobs, executor in (([1], None), ([1, 2, 3], None), ([1, 2], pool)):
            assert list(run_all(jobs, threads, executor)) == [1] * len(jobs)
    assert list(run_all([1], threads, None, device="cuda")) == [2], "a GPU does not need it"
    assert torch.get_num_threads() == 2


def test_what_fails_stops_the_jobs_that_have_not_begun():
    begun = []

    def work(job):
        begun.append(job)
        time.sleep(0.05)
        if job == 0:
            raise RuntimeError("the machine went away")
        return job

    with ThreadPoolExecutor(2) as pool:
        found = []
        with pytest.raises(RuntimeError, match="went away"):
            found.extend(run_all(range(20), work, pool))
    assert len(begun) < 10 and set(begun) - {0} >= set(found), "what ran beside it still ends well, no more begins"
    begun.clear()
    with ThreadPoolExecutor(1) as pool:
        results = run_all([1, *range(2, 20)], work, pool)
        assert next(results) in begun
        results.close()
    assert len(begun) < 10


def test_a_resumed_sweep_has_the_numbers_of_an_undisturbed_one(two_threads, english, tmp_path):
    # large enough that two threads would add up in another order, and found in the last digit
    corpus = english.corpus(n_train=64, n_held_out=64)
    settings = dict(steps=30, width=64, progress=False, probe=ProbeSettings(sentences=64, times=(0.25,)))
    whole = run_sweep(corpus, [32, 64], [0], out=tmp_path / "whole", **settings)
    run_sweep(corpus, [64], [0], out=tmp_path / "halves", **settings)
    resumed = run_sweep(corpus, [32, 64], [0], out=tmp_path / "halves", **settings)
    pd.testing.assert_frame_equal(whole.drop(columns="seconds"), resumed.drop(columns="seconds"), check_exact=True)


COST = """
import subprocess, sys, time, torch
from uddm_mini import UniformNoise, train
torch.set_num_threads(2)
x = torch.randint(102, (256, 14), generator=torch.Generator().manual_seed(0))

def cost():
    start = time.process_time()  # of all threads of this process
    train(x, UniformNoise(102), steps=40, progress=False)
    return time.process_time() - start

train(x, UniformNoise(102), steps=2, progress=False)
quiet = min(cost() for _ in range(2))
load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(4)]
try:
    time.sleep(0.5)
    print(quiet, min(cost() for _ in range(2)))
finally:
    for process in load:
        process.kill()
        process.wait()
"""


def test_a_busy_machine_makes_training_no_dearer():
    # processor time, not the clock: threads that wait for each other spin, and that is what a loaded machine punishes
    run = subprocess.run([sys.executable, "-c", COST], capture_output=True, text=True, check=True)
    quiet, busy = map(float, run.stdout.split())
    assert busy < 3 * quiet, f"{busy:.2f} s of processor time under load, {quiet:.2f} s without"
