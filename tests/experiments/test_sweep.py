"""The sweep: the same numbers however it is run, nothing lost and nothing done twice when it is interrupted."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from distributed import Client
from runs import PROBE, TINY, Serial, impossible_for_32, numbers

from uddm_mini import (
    ModelSettings,
    ProbeSettings,
    SweepSettings,
    ToyLanguage,
    TrainSettings,
    UniformNoise,
    load,
    run_sweep,
)
from uddm_mini.experiments import sweep as module
from uddm_mini.experiments.store import read_rows, wide
from uddm_mini.experiments.sweep import COLUMNS
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import MEASURED, probe

ROOT = Path(__file__).resolve().parents[2]
KEYS = ["n_train", "seed", "split", "t"]


def written(folder: Path) -> pd.DataFrame:
    """The table in a folder, one row per (n_train, seed, split, t)."""
    return wide(read_rows(folder / "sweep.csv"), COLUMNS)


@pytest.fixture(scope="module")
def world(english_corpus):
    """The corpus and the uninterrupted sweep over two sizes and two seeds."""
    return english_corpus, run_sweep(english_corpus, [8, 16], [0, 1], executor=Serial(), **TINY)


@pytest.fixture(scope="module")
def english_corpus():
    return ToyLanguage().corpus(n_train=32, n_held_out=16, seed=0)


def test_one_row_for_every_size_seed_split_and_time(world):
    _, table = world
    assert list(table.columns) == KEYS + COLUMNS
    assert len(table) == 2 * 2 * 2 * 2
    assert not table.duplicated(KEYS).any()
    keys = table[KEYS]
    assert keys.equals(keys.sort_values(list(keys), ignore_index=True))
    assert set(table.split) == {"train", "held-out"} and set(table.t) == {0.25, 1.0}
    for name in ("recovered", "unstable", "exact", "chance"):
        assert table[name].between(0, 1).all()
    assert (table.seconds > 0).all() and (table.entropy >= 0).all() and (table.nelbo > 0).all()
    assert table.groupby(["n_train", "seed"]).nelbo.nunique().eq(2).all(), "one NELBO for each split"


def test_threads_processes_and_one_by_one_give_equal_numbers(world, monkeypatch):
    corpus, table = world
    pd.testing.assert_frame_equal(numbers(run_sweep(corpus, [8, 16], [0, 1], **TINY)), numbers(table))
    with ThreadPoolExecutor(3) as pool:
        threads = run_sweep(corpus, [16, 8, 8], [1, 0, 1], executor=pool, **TINY)
    pd.testing.assert_frame_equal(numbers(threads), numbers(table))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        processes = run_sweep(corpus, [8, 16], [0, 1], executor=pool, **TINY)
    pd.testing.assert_frame_equal(numbers(processes), numbers(table))
    assert torch.get_num_threads() == 1


def test_a_cluster_needs_no_code_of_ours(world, tmp_path):
    corpus, table = world
    local = {"n_workers": 1, "threads_per_worker": 1, "processes": False, "dashboard_address": None}
    with Client(**local, local_directory=str(tmp_path)) as cluster:
        from_cluster = run_sweep(
            corpus, [8, 16], [0, 1], executor=cluster.get_executor(), out=tmp_path / "sweep", **TINY
        )
    pd.testing.assert_frame_equal(numbers(from_cluster), numbers(table))


def test_a_single_seed_is_not_ignored(world):
    with pytest.raises(TypeError, match="list of seeds"):
        run_sweep(world[0], [8], [0], seed=5, **TINY)
    with pytest.raises(TypeError, match="There is no setting 'width_'"):
        run_sweep(world[0], [8], [0], width_=8, **TINY)


def test_seeds_and_sizes_change_the_numbers(world):
    _, table = world
    one = table[(table.split == "held-out") & (table.t == 0.25)]
    assert one.nelbo.nunique() == 4


def test_results_and_their_settings_are_written(world, tmp_path):
    corpus, table = world
    out = tmp_path / "deep" / "sweep"
    returned = run_sweep(corpus, [8, 16], [0, 1], out=out, command="what was typed", **TINY)
    assert sorted(path.name for path in out.iterdir() if path.name != ".lock") == ["sweep.csv", "sweep.json"]
    pd.testing.assert_frame_equal(returned, written(out), check_exact=True)  # what was written comes back
    pd.testing.assert_frame_equal(numbers(returned), numbers(table), rtol=1e-5)  # six digits are written
    note = json.loads((out / "sweep.json").read_text())
    assert note["settings"]["hash"] == corpus.sha256 and note["settings"]["corpus"] == "toy"
    assert note["settings"]["train"]["steps"] == 4 and "seed" not in note["settings"]["train"]
    assert note["settings"]["train"]["model"] == asdict(ModelSettings(width=8, depth=1, heads=2))
    assert note["settings"]["train"]["noise"] == {"noise": "uniform", "schedule": "linear", "epsilon": 0.001}
    # per split: four quantities at each of two noise levels, and entropy, NELBO and seconds once
    assert note["jobs"] == [[n, seed, 2 * (4 * 2 + 3)] for n in (8, 16) for seed in (0, 1)]
    assert note["about"]["command"] == "what was typed" and note["about"]["corpus"] == corpus.info
    assert note["about"]["versions"]["torch"] == torch.__version__ and note["about"]["versions"]["device"] == "cpu"
    long = pd.read_csv(out / "sweep.csv")
    assert list(long.columns) == ["n_train", "seed", "split", "t", "denoiser", "quantity", "value"]
    assert set(long.quantity) == set(COLUMNS) and set(long.denoiser) == {"model"}


def test_settings_may_come_as_one_object_and_text_from_a_language(world):
    corpus, table = world
    train = TrainSettings(steps=4, batch_size=8, seed=99, model=replace(TrainSettings().model, width=8, heads=2))
    settings = SweepSettings(train=train, probe=PROBE, progress=False)
    one = table[(table.n_train == 8) & (table.seed == 1)].reset_index(drop=True)
    found = run_sweep(corpus, [8], [1], settings)
    pd.testing.assert_frame_equal(numbers(found), numbers(one), check_exact=True)
    drawn = run_sweep(corpus.world, [8, 4], [1], settings, sentences=8)
    again = run_sweep(corpus.world.corpus(n_train=8), [8, 4], [1], settings, sentences=8)
    pd.testing.assert_frame_equal(numbers(drawn), numbers(again), check_exact=True)


@pytest.mark.parametrize("good", [0, 1, 3])
def test_after_a_failure_nothing_is_lost_and_nothing_is_done_twice(world, tmp_path, good):
    corpus, table = world
    broken = Serial(good)
    with pytest.raises(RuntimeError, match="went away"):
        run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=broken, **TINY)
    before = written(tmp_path) if good else table[:0]
    assert len(before) == 4 * good, "every job that ended is on disk"
    again = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=again, **TINY)
    assert sorted(again.jobs + broken.jobs[:good]) == [(8, 0), (8, 1), (16, 0), (16, 1)]
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)
    done = resumed.merge(before, on=KEYS, suffixes=("", "_before"))
    assert (done.seconds == done.seconds_before).all() and len(done) == len(before)
    idle = Serial()
    run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=idle, **TINY)
    assert idle.jobs == []


def test_a_sweep_that_is_killed_resumes(world, tmp_path):
    # a real kill, in the middle: no handler runs
    corpus, table = world
    script = (
        "from uddm_mini import *; import time; from uddm_mini import parallel\n"
        "from uddm_mini.experiments import sweep as s\n"
        "parallel.STACK = 2  # so one stack for each seed\n"
        "run = s.Sweep.__call__\n"
        "def slow(self, stack):\n"
        "    if stack[0][1] == 1: time.sleep(600)\n"
        "    return run(self, stack)\n"
        "s.Sweep.__call__ = slow\n"
        "corpus = ToyLanguage().corpus(n_train=32, n_held_out=16, seed=0)\n"
        "probe = ProbeSettings(times=(0.25, 1.0), sentences=16)\n"
        f"run_sweep(corpus, [8, 16], [0, 1], out={str(tmp_path)!r}, probe=probe, progress=False,\n"
        "    steps=4, batch_size=8, width=8, depth=1, heads=2)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    )
    try:
        for _ in range(6000):
            if (tmp_path / "sweep.csv").exists() and len(written(tmp_path)) == 8:
                break
            assert process.poll() is None, "the sweep ended by itself"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert set(written(tmp_path).seed) == {0}
    rest = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=rest, **TINY)
    assert sorted(rest.jobs) == [(8, 1), (16, 1)]
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)


def test_jobs_that_still_run_when_one_fails_are_kept(world, tmp_path, monkeypatch):
    corpus, _ = world
    real = module.Sweep.__call__

    def sometimes(self, stack):
        ((n, _),) = stack
        time.sleep(0.2 if n == 16 else 0.6)
        if n == 16:
            raise RuntimeError("out of memory")
        return real(self, stack)

    monkeypatch.setattr(module.Sweep, "__call__", sometimes)
    with ThreadPoolExecutor(2) as pool, pytest.raises(RuntimeError, match="out of memory"):
        run_sweep(corpus, [8, 16], [0], out=tmp_path, executor=pool, **TINY)
    assert set(written(tmp_path).n_train) == {8}


def test_a_folder_grows_by_sizes_and_seeds_but_holds_one_kind_of_sweep(world, tmp_path):
    corpus, table = world
    run_sweep(corpus, [8], [0], out=tmp_path, **TINY)
    grown = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, **TINY)
    pd.testing.assert_frame_equal(numbers(grown), numbers(table), rtol=1e-5)
    before = (tmp_path / "sweep.csv").read_bytes()
    for changes, difference in (
        (dict(steps=5), "train.steps: 4 there, 5 now"),
        (dict(probe=ProbeSettings(times=(0.25,), sentences=16)), "probe.times"),
        (dict(schedule="cosine"), "train.noise.schedule: linear there, cosine now"),
        (dict(epsilon=0.01), "train.noise.epsilon: 0.001 there, 0.01 now"),
        (dict(heads=4), "train.model.heads: 2 there, 4 now"),
    ):
        with pytest.raises(ValueError, match=difference):
            run_sweep(corpus, [8], [0], out=tmp_path, **{**TINY, **changes})
    with pytest.raises(ValueError, match="hash"):
        run_sweep(ToyLanguage().corpus(n_train=31, n_held_out=16, seed=0), [8], [0], out=tmp_path, **TINY)
    assert (tmp_path / "sweep.csv").read_bytes() == before


def test_a_folder_from_before_a_setting_existed_resumes_with_its_default(english_corpus, tmp_path):
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=Serial(), **TINY)
    path = tmp_path / "sweep.json"
    old = json.loads(path.read_text())
    del old["settings"]["train"]["epochs"], old["settings"]["train"]["noise"]["epsilon"]
    path.write_text(json.dumps(old))
    again = Serial()
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, **TINY)
    assert not again.jobs and json.loads(path.read_text()) == old, "nothing was added, so nothing is written"
    del old["settings"]["probe"]["times"]  # a tuple here, a list in the file
    path.write_text(json.dumps(old))
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, **{**TINY, "probe": ProbeSettings(sentences=16)})
    with pytest.raises(ValueError, match="epochs: 0.0 there, 2 now"):
        run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, epochs=2, **TINY)


def test_a_folder_with_results_in_the_older_format_is_named(world, tmp_path):
    (tmp_path / "sweep.csv").write_text("n_train,seed,split,t,recovered\n8,0,test,0.25,0.5\n")
    (tmp_path / "settings.json").write_text("{}")
    with pytest.raises(ValueError, match=r"no sweep\.json, so nobody knows what it is"):
        run_sweep(world[0], [8], [0], out=tmp_path, **TINY)


@pytest.mark.parametrize(
    ("damage", "redone"),
    [
        (lambda lines: lines[:-3], [(16, 1)]),
        (lambda lines: lines[:3], [(8, 0), (8, 1), (16, 0), (16, 1)]),
        (lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]], [(16, 1)]),
        (lambda lines: [*lines, *lines[1:]], []),
    ],
)
def test_a_table_that_was_cut_off_is_completed(world, tmp_path, damage, redone):
    corpus, table = world
    run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, **TINY)
    path = tmp_path / "sweep.csv"
    path.write_text("".join(damage(path.read_text().splitlines(keepends=True))))
    again = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=again, **TINY)
    assert sorted(again.jobs) == redone
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)


def test_a_probe_more_does_not_train_the_models_again(world, tmp_path, monkeypatch):
    corpus, table = world
    run_sweep(corpus, [8], [0, 1], out=tmp_path, **TINY)
    with monkeypatch.context() as patch:
        patch.setattr(module, "MEASURED", (*MEASURED, "membership"))
        later = Serial()
        run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=later, **TINY)
    assert sorted(later.jobs) == [(16, 0), (16, 1)]
    again = Serial()
    found = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=again, **TINY)
    assert not again.jobs and list(found.columns) == KEYS + COLUMNS
    pd.testing.assert_frame_equal(numbers(found), numbers(table), rtol=1e-5)
    more = wide(read_rows(tmp_path / "sweep.csv"), [*COLUMNS, "auc"])
    assert more[more.split == "train"].auc.notna().tolist() == [False] * 4 + [True] * 4


def test_two_sweeps_in_one_folder_lose_nothing(world, tmp_path, monkeypatch):
    # both have read the empty folder before either writes: what each knows is out of date
    corpus, table = world
    real, both = module.Sweep.__call__, threading.Barrier(2)

    def together(self, stack):
        both.wait(60)
        return real(self, stack)

    monkeypatch.setattr(module.Sweep, "__call__", together)
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(run_sweep, corpus, [8, 16], seeds, out=tmp_path, executor=Serial(), **TINY)
            for seeds in ([0], [1])
        ]
        assert [set(call.result().seed) >= {seed} for seed, call in enumerate(calls)] == [True, True]
    pd.testing.assert_frame_equal(numbers(written(tmp_path)), numbers(table), rtol=1e-5)
    jobs = json.loads((tmp_path / "sweep.json").read_text())["jobs"]
    assert [(n, seed) for n, seed, _ in jobs] == [(8, 0), (8, 1), (16, 0), (16, 1)]


def test_a_second_sweep_with_other_settings_can_not_add_to_the_first(world, tmp_path, monkeypatch):
    corpus, _ = world
    real = module.Sweep.__call__

    def after_the_other(self, stack):
        monkeypatch.setattr(module.Sweep, "__call__", real)
        with pytest.raises(ValueError, match="train.steps: 4 there, 5 now"):  # the folder belongs to the first
            run_sweep(corpus, [16], [0], out=tmp_path, executor=Serial(), **{**TINY, "steps": 5})
        return real(self, stack)

    monkeypatch.setattr(module.Sweep, "__call__", after_the_other)
    run_sweep(corpus, [8], [0], out=tmp_path, executor=Serial(), **TINY)
    assert set(written(tmp_path).n_train) == {8}


def test_models_that_were_not_kept_are_not_passed_over_in_silence(world, tmp_path):
    corpus, _ = world
    with pytest.raises(ValueError, match="give out"):
        run_sweep(corpus, [8], [0], keep_models=True, **TINY)
    run_sweep(corpus, [8], [0], out=tmp_path, **TINY)
    idle = Serial()
    with pytest.warns(UserWarning, match="of 1 of these models"):
        run_sweep(corpus, [8], [0], out=tmp_path, keep_models=True, executor=idle, **TINY)
    assert not idle.jobs and not (tmp_path / "models").exists()


def test_sizes_and_seeds_may_be_numpy_s_but_must_be_whole(world, tmp_path):
    corpus, table = world
    found = run_sweep(corpus, 2 ** np.arange(3, 4), np.arange(1), out=tmp_path, **TINY)
    expected = table[(table.n_train == 8) & (table.seed == 0)].reset_index(drop=True)
    pd.testing.assert_frame_equal(numbers(found), numbers(expected), rtol=1e-5)
    with pytest.raises(TypeError, match="float"):
        run_sweep(corpus, [8.5], [0], **TINY)


def test_kept_models_are_the_ones_that_were_measured(world, tmp_path):
    corpus, table = world
    run_sweep(corpus, [8], [1], out=tmp_path, keep_models=True, **TINY)
    model = load(tmp_path / "models" / "n8-seed1.safetensors")
    assert model.words == corpus.words and model.training_settings["seed"] == 1
    assert model.training_settings["corpus"] == corpus.sha256 and model.training_settings["unit"] == "word"
    assert model.noise == UniformNoise(corpus.vocab_size)
    subject = Subject(model, corpus, corpus.subset(8, 1), PROBE, 1)
    found = {(row["split"], row.get("t"), row["quantity"]): row["value"] for row in probe(subject, *MEASURED)}
    at = table[(table.n_train == 8) & (table.seed == 1)].set_index(["split", "t"])
    for split in ("train", "held-out"):
        for name in COLUMNS[:-1]:
            t = None if name in ("entropy", "nelbo") else 0.25
            assert found[split, t, name] == pytest.approx(at.loc[(split, 0.25), name]), name


@impossible_for_32
def test_impossible_sweeps_are_named_before_anything_is_written(world, tmp_path, sizes, seeds, message):
    with pytest.raises(ValueError, match=message):
        run_sweep(world[0], sizes, seeds, out=tmp_path / "new", **TINY)
    assert not (tmp_path / "new").exists()


def test_the_note_of_a_folder_keeps_the_commands_and_versions_of_its_older_rows(world, tmp_path):
    corpus, path = world[0], tmp_path / "sweep.json"

    def grow(size, command):
        run_sweep(corpus, [size], [0], out=tmp_path, executor=Serial(), command=command, **TINY)
        return json.loads(path.read_text())

    note = grow(8, "first")
    now = note["about"]["versions"]
    path.write_text(json.dumps(note | {"about": note["about"] | {"versions": {**now, "torch": "1.0"}}}))
    about = grow(16, "second")["about"]
    assert about["versions"] == now and about["earlier versions"] == [{**now, "torch": "1.0"}]
    assert about["command"] == "second" and about["earlier command"] == ["first"]
    assert about["corpus"] == corpus.info
