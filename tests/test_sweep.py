"""The sweep: the same numbers however it is run, nothing lost and nothing done twice when it is interrupted."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from distributed import Client
from filelock import FileLock

from uddm_mini import (
    MemorizingDenoiser,
    PopulationDenoiser,
    ProbeSettings,
    ToyLanguage,
    UniformNoise,
    load,
    measure,
    run_sweep,
    sweep_bounds,
)
from uddm_mini.training import sweep as module
from uddm_mini.training import tables
from uddm_mini.training.halves import disjoint_halves
from uddm_mini.training.jobs import finish
from uddm_mini.training.tables import Table

PROBE = ProbeSettings(times=(0.25, 1.0), sentences=16)
TINY = dict(steps=4, batch_size=8, width=8, depth=1, heads=2, probe=PROBE, progress=False)
COLUMNS = ["n_train", "seed", "split", "t", "recovered", "unstable", "exact", "chance", "entropy", "nelbo", "seconds"]


def numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Everything but the time that it took."""
    return table.drop(columns="seconds")


class Serial(Executor):
    """Runs every job at once, in this thread; the jobs after the first `good` fail."""

    def __init__(self, good: int = 10**9):
        self.good, self.jobs = good, []

    def submit(self, fn, /, *args, **kwargs):
        future: Future = Future()
        self.jobs.append(args[-1])
        if len(self.jobs) > self.good:
            future.set_exception(RuntimeError("the machine went away"))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


@pytest.fixture(scope="module")
def world(english_corpus):
    """The corpus and the uninterrupted sweep over two sizes and two seeds."""
    return english_corpus, run_sweep(english_corpus, [8, 16], [0, 1], executor=Serial(), **TINY)


@pytest.fixture(scope="module")
def english_corpus():
    return ToyLanguage().corpus(n_train=32, n_test=16, seed=0)


def test_a_folder_from_before_a_setting_existed_resumes_with_its_default(english_corpus, tmp_path):
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=Serial(), **TINY)
    path = tmp_path / "settings.json"
    old = json.loads(path.read_text())
    del old["settings"]["train"]["epochs"]
    path.write_text(json.dumps(old))
    again = Serial()
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, **TINY)
    assert not again.jobs and json.loads(path.read_text()) == old, "nothing was added, so nothing is written"
    del old["settings"]["probe"]["times"]  # a tuple here, a list in the file
    path.write_text(json.dumps(old))
    run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, **{**TINY, "probe": ProbeSettings(sentences=16)})
    with pytest.raises(ValueError, match="epochs: 0.0 there, 2 now"):
        run_sweep(english_corpus, [8], [0], out=tmp_path, executor=again, epochs=2, **TINY)


def test_one_row_for_every_size_seed_split_and_time(world):
    _, table = world
    assert list(table.columns) == COLUMNS
    assert len(table) == 2 * 2 * 2 * 2
    assert not table.duplicated(["n_train", "seed", "split", "t"]).any()
    keys = table[["n_train", "seed", "split", "t"]]
    assert keys.equals(keys.sort_values(list(keys), ignore_index=True))
    assert set(table.split) == {"train", "test"} and set(table.t) == {0.25, 1.0}
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
    with pytest.raises(TypeError, match="list of seeds"):
        disjoint_halves(world[0], [8], [0], seed=5)


def test_seeds_and_sizes_change_the_numbers(world):
    _, table = world
    one = table[(table.split == "test") & (table.t == 0.25)]
    assert one.nelbo.nunique() == 4


def test_results_and_their_settings_are_written(world, tmp_path):
    corpus, table = world
    out = tmp_path / "deep" / "sweep"
    returned = run_sweep(corpus, [8, 16], [0, 1], out=out, **TINY)
    assert sorted(path.name for path in out.iterdir() if path.name != ".lock") == ["settings.json", "sweep.csv"]
    assert returned.equals(pd.read_csv(out / "sweep.csv").astype(returned.dtypes)), "what was written comes back"
    pd.testing.assert_frame_equal(numbers(returned), numbers(table), rtol=1e-5)  # six digits are written
    about = json.loads((out / "settings.json").read_text())
    assert about["settings"]["hash"] == corpus.sha256 and about["settings"]["train"]["steps"] == 4
    assert about["about"]["sizes"] == [8, 16] and about["about"]["seeds"] == [0, 1]
    assert about["about"]["versions"]["torch"] == torch.__version__ and about["about"]["versions"]["device"] == "cpu"


@pytest.mark.parametrize("good", [0, 1, 3])
def test_after_a_failure_nothing_is_lost_and_nothing_is_done_twice(world, tmp_path, good):
    corpus, table = world
    broken = Serial(good)
    with pytest.raises(RuntimeError, match="went away"):
        run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=broken, **TINY)
    written = pd.read_csv(tmp_path / "sweep.csv") if good else pd.DataFrame(columns=COLUMNS)
    assert len(written) == 4 * good, "every job that ended is on disk"
    again = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=again, **TINY)
    assert sorted(again.jobs + broken.jobs[:good]) == [(8, 0), (8, 1), (16, 0), (16, 1)]
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)
    done = resumed.merge(written, on=["n_train", "seed", "split", "t"], suffixes=("", "_before"))
    assert (done.seconds == done.seconds_before).all() and len(done) == len(written)
    idle = Serial()
    run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=idle, **TINY)
    assert idle.jobs == []


def test_a_sweep_that_is_killed_resumes(world, tmp_path):
    # a real kill, in the middle: no handler runs
    corpus, table = world
    script = (
        "from uddm_mini import *; import time; from uddm_mini.training import sweep as s\n"
        "run = s._run_job\n"
        "def slow(corpus, job, **rest):\n"
        "    if job[1] == 1: time.sleep(600)\n"
        "    return run(corpus, job, **rest)\n"
        "s._run_job = slow\n"
        "corpus = ToyLanguage().corpus(n_train=32, n_test=16, seed=0)\n"
        "probe = ProbeSettings(times=(0.25, 1.0), sentences=16)\n"
        f"run_sweep(corpus, [8, 16], [0, 1], out={str(tmp_path)!r}, probe=probe, progress=False,\n"
        "    steps=4, batch_size=8, width=8, depth=1, heads=2)\n"
    )
    root = Path(__file__).resolve().parents[1]
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)}
    )
    try:
        written = tmp_path / "sweep.csv"
        for _ in range(1200):
            if written.exists() and len(pd.read_csv(written)) == 8:
                break
            assert process.poll() is None, "the sweep ended by itself"
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert set(pd.read_csv(written).seed) == {0}
    rest = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=rest, **TINY)
    assert sorted(rest.jobs) == [(8, 1), (16, 1)]
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)


def test_jobs_that_still_run_when_one_fails_are_kept(world, tmp_path, monkeypatch):
    corpus, _ = world
    real = module._run_job

    def sometimes(corpus, job, **rest):
        time.sleep(0.2 if job == (16, 0) else 0.6)
        if job == (16, 0):
            raise RuntimeError("out of memory")
        return real(corpus, job, **rest)

    monkeypatch.setattr(module, "_run_job", sometimes)
    with ThreadPoolExecutor(2) as pool, pytest.raises(RuntimeError, match="out of memory"):
        run_sweep(corpus, [8, 16], [0], out=tmp_path, executor=pool, **TINY)
    assert set(pd.read_csv(tmp_path / "sweep.csv").n_train) == {8}


def test_what_can_not_be_written_starts_no_more_jobs(tmp_path, monkeypatch):
    started, table = [], Table(tmp_path / "table.csv", ["n_train", "seed", "value"], 2, {})

    def work(job):
        started.append(job)
        time.sleep(0.05)
        return [{"n_train": job[0], "seed": job[1], "value": 0.0}]

    def full(rows):
        raise OSError("No space left on device")

    monkeypatch.setattr(table, "add", full)
    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="No space left"):
        finish(table, [(n, 0) for n in range(1, 21)], work, pool, label="test", progress=False)
    assert len(started) < 10


def test_a_lock_that_is_never_given_back_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LOCK_SECONDS", 0.1, raising=False)
    table = Table(tmp_path / "table.csv", ["n_train", "seed", "value"], 2, {})
    row = {"n_train": 1, "seed": 0, "value": 0.0}
    with FileLock(tmp_path / ".lock"), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(table.add, [row])
        with pytest.raises(ValueError, match=r"delete .*\.lock if no other process"):
            waiting.result(timeout=5)
    table.add([row])
    assert len(table.load()) == 1


def test_a_folder_grows_by_sizes_and_seeds_but_holds_one_kind_of_sweep(world, tmp_path):
    corpus, table = world
    run_sweep(corpus, [8], [0], out=tmp_path, **TINY)
    grown = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, **TINY)
    pd.testing.assert_frame_equal(numbers(grown), numbers(table), rtol=1e-5)
    before = (tmp_path / "sweep.csv").read_bytes()
    for changes, difference in (
        (dict(steps=5), "train.steps: 4 there, 5 now"),
        (dict(probe=ProbeSettings(times=(0.25,), sentences=16)), "probe.times"),
        (dict(schedule="cosine"), "train.schedule: linear there, cosine now"),
    ):
        with pytest.raises(ValueError, match=difference):
            run_sweep(corpus, [8], [0], out=tmp_path, **{**TINY, **changes})
    with pytest.raises(ValueError, match="hash"):
        run_sweep(ToyLanguage().corpus(n_train=31, n_test=16, seed=0), [8], [0], out=tmp_path, **TINY)
    assert (tmp_path / "sweep.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"settings.json": "{"}, "cannot be read"),
        ({"settings.json": "3"}, "cannot be read"),
        ({"settings.json": '{"editor.fontSize": 12}'}, "other settings"),
        ({"sweep.csv": "n_train,seed\n8,0\n"}, "no settings.json"),
    ],
)
def test_a_folder_with_something_else_in_it_is_named(world, tmp_path, files, message):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        run_sweep(world[0], [8], [0], out=tmp_path, **TINY)


def test_damaged_results_are_named_and_left_alone(world, tmp_path):
    run_sweep(world[0], [8], [0], out=tmp_path, **TINY)
    whole = (tmp_path / "sweep.csv").read_text()
    for text in ("", "n_train,seed\n8,0\n", whole.replace("\n8,0,test", "\nx,0,test"), whole.replace("0.25", "soon")):
        (tmp_path / "sweep.csv").write_text(text)
        with pytest.raises(ValueError, match=r"sweep\.csv cannot be read"):
            run_sweep(world[0], [8, 16], [0], out=tmp_path, **TINY)
        assert (tmp_path / "sweep.csv").read_text() == text


@pytest.mark.parametrize(
    ("damage", "redone"),
    [
        (lambda lines: lines[:-3], [(16, 1)]),
        (lambda lines: lines[:3], [(8, 0), (8, 1), (16, 0), (16, 1)]),
        (lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]], [(16, 1)]),
        (lambda lines: [*lines[:-1], lines[-1][:-2]], [(16, 1)]),  # one digit and the end of the line
        (lambda lines: [*lines, *lines[1:]], []),
        (lambda lines: [*lines, lines[-1].replace("16,1", "16,2")], []),
    ],
)
def test_only_whole_jobs_count(world, tmp_path, damage, redone):
    corpus, table = world
    run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, **TINY)
    path = tmp_path / "sweep.csv"
    path.write_text("".join(damage(path.read_text().splitlines(keepends=True))))
    again = Serial()
    resumed = run_sweep(corpus, [8, 16], [0, 1], out=tmp_path, executor=again, **TINY)
    assert sorted(again.jobs) == redone
    pd.testing.assert_frame_equal(numbers(resumed), numbers(table), rtol=1e-5)


def test_two_sweeps_in_one_folder_lose_nothing(world, tmp_path, monkeypatch):
    # both have read the empty folder before either writes: what each knows is out of date
    corpus, table = world
    real, both = module._run_job, threading.Barrier(2)

    def together(corpus, job, **rest):
        both.wait(60)
        return real(corpus, job, **rest)

    monkeypatch.setattr(module, "_run_job", together)
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(run_sweep, corpus, [8, 16], seeds, out=tmp_path, executor=Serial(), **TINY)
            for seeds in ([0], [1])
        ]
        assert [set(call.result().seed) >= {seed} for seed, call in enumerate(calls)] == [True, True]
    written = numbers(pd.read_csv(tmp_path / "sweep.csv"))
    pd.testing.assert_frame_equal(written, numbers(table), rtol=1e-5, check_dtype=False)
    assert json.loads((tmp_path / "settings.json").read_text())["about"]["seeds"] == [0, 1]


def test_a_second_sweep_with_other_settings_can_not_add_to_the_first(world, tmp_path, monkeypatch):
    corpus, _ = world
    real = module._run_job

    def after_the_other(corpus, job, **rest):
        monkeypatch.setattr(module, "_run_job", real)
        run_sweep(corpus, [16], [0], out=tmp_path, executor=Serial(), **{**TINY, "steps": 5})
        return real(corpus, job, **rest)

    monkeypatch.setattr(module, "_run_job", after_the_other)
    with pytest.raises(ValueError, match="train.steps: 5 there, 4 now"):
        run_sweep(corpus, [8], [0], out=tmp_path, executor=Serial(), **TINY)
    assert set(pd.read_csv(tmp_path / "sweep.csv").n_train) == {16}


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
    rows = measure(model, UniformNoise(corpus.vocab_size), corpus, corpus.subset(8, 1), PROBE, seed=1)
    row = table[(table.n_train == 8) & (table.seed == 1) & (table.split == "test") & (table.t == 0.25)].iloc[0]
    assert rows[2]["nelbo"] == pytest.approx(row.nelbo) and rows[2]["recovered"] == row.recovered


def sorted_rows(rows: list) -> pd.DataFrame:
    return pd.DataFrame(rows).sort_values(["split", "t"], ignore_index=True)


def test_bounds_resume_where_they_stopped(english_corpus, tmp_path):
    out = tmp_path / "bounds.csv"
    whole = sweep_bounds(english_corpus, [8, 16], [0, 1], probe=PROBE)
    sweep_bounds(english_corpus, [16], [0, 1], probe=PROBE, out=out)
    again = Serial()
    resumed = sweep_bounds(english_corpus, [8, 16], [0, 1], probe=PROBE, out=out, executor=again)
    assert again.jobs == [(8, 0), (8, 1)]
    pd.testing.assert_frame_equal(resumed, whole, rtol=1e-5)
    assert resumed.equals(sweep_bounds(english_corpus, [8, 8], [0, 0], probe=PROBE, out=out, executor=again))
    assert len(again.jobs) == 2, "a size or seed that is given twice is done once"
    with pytest.raises(ValueError, match="schedule: linear there, cosine now"):
        sweep_bounds(english_corpus, [8], schedule="cosine", probe=PROBE, out=out)
    with pytest.raises(ValueError, match="language: False there, True now"):
        sweep_bounds(english_corpus, [8], language=ToyLanguage(), probe=PROBE, out=out)
    out.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"bounds\.csv cannot be read"):
        sweep_bounds(english_corpus, [8], probe=PROBE, out=out)
    for path in (tmp_path, tmp_path / "bounds.json"):
        with pytest.raises(ValueError, match=r"ends in \.csv"):
            sweep_bounds(english_corpus, [8], probe=PROBE, out=path)


def test_bounds_are_the_perfect_denoisers_under_the_same_probes(world):
    corpus, _ = world
    language, noise = ToyLanguage(), UniformNoise(corpus.vocab_size)
    bounds = sweep_bounds(corpus, [8, 16], language=language, probe=PROBE)
    assert len(bounds) == 2 * 2 * 2 * 2 and set(bounds.denoiser) == {"memorizer", "population"}
    x = corpus.subset(8, 0)
    for name, denoiser in (
        ("memorizer", MemorizingDenoiser(x, noise)),
        ("population", PopulationDenoiser(language, noise)),
    ):
        own = bounds[(bounds.denoiser == name) & (bounds.n_train == 8)]
        expected = sorted_rows(measure(denoiser, noise, corpus, x, PROBE, seed=0))
        pd.testing.assert_frame_equal(own[list(expected)].reset_index(drop=True), expected)
    assert set(sweep_bounds(corpus, [8], probe=PROBE).denoiser) == {"memorizer"}, "real text has no population"
    cosine = UniformNoise(corpus.vocab_size, "cosine")
    expected = sorted_rows(measure(MemorizingDenoiser(x, cosine), cosine, corpus, x, PROBE, seed=0))
    got = sweep_bounds(corpus, [8], schedule="cosine", probe=PROBE)
    pd.testing.assert_frame_equal(got[list(expected)], expected)


@pytest.mark.parametrize(
    ("sizes", "seeds", "message"),
    [
        ([], [0], "at least one size"),
        ([8], [], "at least one size"),
        ([8, 33], [0], "has 32 training sentences"),
        ([0], [0], "has 32 training sentences"),
        ([8], [-1], "at least 0"),
    ],
)
def test_impossible_sweeps_are_named_before_anything_is_written(world, tmp_path, sizes, seeds, message):
    with pytest.raises(ValueError, match=message):
        run_sweep(world[0], sizes, seeds, out=tmp_path / "new", **TINY)
    with pytest.raises(ValueError, match=message):
        sweep_bounds(world[0], sizes, seeds, probe=PROBE, out=tmp_path / "new" / "bounds.csv")
    assert not (tmp_path / "new").exists()


def test_the_note_keeps_what_older_rows_were_made_with(world, tmp_path):
    corpus, _ = world
    path = tmp_path / "settings.json"

    def grow(sizes, **changes):
        run_sweep(corpus, sizes, [0], out=tmp_path, executor=Serial(), **{**TINY, **changes})
        return json.loads(path.read_text())

    written = grow([8], command="first")
    now = written["about"]["versions"]
    assert not any(name.startswith("earlier") for name in written["about"])
    # as it was written at first: the device beside the versions
    old = {**{k: v for k, v in now.items() if k != "device"}, "torch": "1.0"}
    path.write_text(json.dumps(written | {"about": written["about"] | {"versions": old, "device": "cuda"}}))
    text = path.read_bytes()
    grow([8], command="nothing to do")
    assert path.read_bytes() == text, "nothing was added, so the note stays as it is"
    for sizes, command in (([16], "second"), ([4], "second"), ([5], "third")):
        about = grow(sizes, command=command)["about"]
        assert about["versions"] == now and about["earlier versions"] == [{**old, "device": "cuda"}]
    assert about["command"] == "third" and about["earlier command"] == ["first", "second"]
    assert about["sizes"] == [4, 5, 8, 16] and "device" not in about


def test_of_a_stack_of_models_only_those_that_are_there_already_are_left_out(tmp_path):
    columns = ["n_train", "seed", "t", "recovered"]
    row = {"t": 0.25, "recovered": 0.5}
    for path in (None, tmp_path / "stack.csv"):
        table = Table(path, columns, 3, {})
        table.add([{"n_train": 16, "seed": 2, **row}])
        table.add([{"n_train": 16, "seed": seed, **row, "recovered": 0.9} for seed in range(5)])
        assert table.load()["seed"].tolist() == [0, 1, 2, 3, 4]
        assert table.load()["recovered"].tolist() == [0.9, 0.9, 0.5, 0.9, 0.9], "the first row stays"
