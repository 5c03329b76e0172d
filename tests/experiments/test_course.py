"""The course of training: what is seen on the way, resumed, and turning points of curves drawn by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from runs import Serial

from uddm_mini import (
    ModelSettings,
    ToyLanguage,
    TrainSettings,
    UniformNoise,
    conditional_entropy,
    token_recovery,
    train,
)
from uddm_mini.experiments.course import Course, CourseSettings, training_course, turning_points
from uddm_mini.experiments.store import read_note
from uddm_mini.teaching.results import committed_course, results_path

SMALL = dict(steps=20, looks=4, sentences=24, width=8, heads=2, progress=False)


@pytest.fixture(scope="module")
def corpus():
    return ToyLanguage().corpus(n_train=32, n_held_out=24)


def test_looks_are_spread_evenly_in_the_logarithm():
    assert CourseSettings(looks=4).steps(64) == [10, 93, 862, 8000]
    few = CourseSettings(train=TrainSettings(steps=3), looks=5)
    assert few.steps(64) == [3]


def test_what_is_seen_at_the_end_is_the_trained_network(corpus):
    table = training_course(corpus, [8, 16], [1], **SMALL)
    assert list(table.columns) == ["n_train", "seed", "split", "step", "recovered", "entropy"]
    assert sorted(table.step.unique()) == [10, 13, 16, 20] and len(table) == 2 * 2 * 4
    model = train(
        corpus.subset(8, 1),
        CourseSettings().train.noise.of(corpus.vocab_size),
        **{"steps": 20, "decay": "constant", "width": 8, "heads": 2, "seed": 1, "progress": False},
    )
    for split, x in (("train", corpus.subset(8, 1).repeat(3, 1)), ("held-out", corpus.held_out)):
        row = table[(table.n_train == 8) & (table.split == split) & (table.step == 20)].iloc[0]
        found = token_recovery(model, x, 0.25, generator=torch.Generator().manual_seed(1))
        assert row.recovered == pytest.approx(found.recovered)
        assert row.entropy == pytest.approx(float(conditional_entropy(model, x).double().mean()), rel=1e-4)


def test_it_resumes_where_it_stopped(corpus, tmp_path):
    out = tmp_path / "course.csv"
    whole = training_course(corpus, [8, 16], [0, 1], **SMALL)
    training_course(corpus, [16], [0], out=out, **SMALL)
    again = Serial()
    resumed = training_course(corpus, [8, 16], [0, 1], out=out, executor=again, **SMALL)
    assert sorted(again.jobs) == [(8, 0), (8, 1), (16, 1)]
    pd.testing.assert_frame_equal(resumed, whole, rtol=1e-3)


def test_turning_points_of_curves_drawn_by_hand():
    steps = [10, 100, 1000, 10_000]
    held_out, train = [0.0, 0.4, 0.8, 0.7], [0.0, 0.4, 0.85, 0.95]
    rows = [
        {"n_train": 64, "seed": 0, "split": split, "step": step, "recovered": value}
        for split, curve in (("train", train), ("held-out", held_out))
        for step, value in zip(steps, curve, strict=True)
    ]
    found = turning_points(pd.DataFrame(rows)).iloc[0]
    assert found.generalizes == pytest.approx(100)
    # ahead: 0, 0, 0.05, 0.25; 0.1 is a quarter of the way from 1,000 to 10,000
    assert found.memorizes == pytest.approx(1000 * 10**0.25)
    early = turning_points(pd.DataFrame(rows), generalizes=0.25, memorizes=0.15).iloc[0]
    assert early.generalizes == pytest.approx(10**1.5)
    assert early.memorizes == pytest.approx(10**3.5)
    never = pd.DataFrame(rows).assign(recovered=lambda t: np.where(t.split == "train", t.recovered * 0, t.recovered))
    assert turning_points(never).iloc[0].memorizes == np.inf


@pytest.mark.parametrize("changes", [{"looks": 1}, {"sentences": 0}, {"t": 0.0}])
def test_settings_that_cannot_be(changes):
    with pytest.raises(ValueError, match="looks must be at least 2, sentences at least 1, and t a noise level above 0"):
        CourseSettings(**changes)


def test_every_network_of_a_stack_is_asked_about_its_own_sentences_and_no_padding(corpus):
    padded = replace(corpus, ignore=(int(corpus.held_out[0, 0]),))
    shape = TrainSettings(steps=100, decay="constant", model=ModelSettings(width=8, heads=2))
    settings, stack = CourseSettings(shape, looks=2, t=0.6, sentences=24), ((16, 1), (8, 2))
    rows = pd.DataFrame(Course(padded, settings)(stack)).query("denoiser == 'step 100'")
    found = rows.set_index(["n_train", "seed", "split", "quantity"]).value
    for n, seed in stack:
        text = padded.subset(n, seed)
        model = train(text, UniformNoise(corpus.vocab_size), settings=replace(shape, seed=seed), progress=False)
        for split, x in (("train", text.repeat(3, 1)[:24]), ("held-out", padded.held_out)):
            single = token_recovery(model, x, 0.6, ignore=padded.ignore, generator=torch.Generator().manual_seed(seed))
            assert found[n, seed, split, "recovered"] == pytest.approx(single.recovered)
            sure = conditional_entropy(model, x)[x != padded.ignore[0]].double().mean()
            assert found[n, seed, split, "entropy"] == pytest.approx(float(sure), rel=1e-4)


def test_passes_over_the_data_decide_when_to_look(corpus):
    few = dict(epochs=4, batch_size=8, width=8, depth=1, heads=2, looks=3, sentences=8, progress=False)
    found = training_course(corpus, [8, 32], [0], **few)
    last = found.groupby("n_train").step.max()
    assert last.to_dict() == {8: 4, 32: 16} and set(found[found.n_train == 8].step) == {4}
    assert set(found[found.n_train == 32].step) == {10, 13, 16}, "each at its own steps"


def test_the_committed_table_is_whole():
    table, note = committed_course(), read_note(results_path("course.csv"))
    assert table.groupby(["n_train", "seed"]).size().to_dict() == {
        (n, seed): 60 for n in (64, 128, 256, 512, 1024, 2048, 4096) for seed in range(3)
    }
    assert sorted(table.step.unique().tolist()) == CourseSettings().steps(64) and table.notna().all().all()
    assert note["settings"]["train"]["steps"] == 8000 and note["settings"]["train"]["decay"] == "constant"
    assert note["settings"]["train"]["model"]["width"] == 64 and note["settings"]["t"] == 0.25
    rows = pd.read_csv(results_path("course.csv"))
    at = "n_train == 128 and seed == 2 and split == 'train' and denoiser == 'step 1005'"
    stored = rows.query(at).set_index("quantity").value
    found = table.query("n_train == 128 and seed == 2 and split == 'train' and step == 1005").iloc[0]
    assert (found.recovered, found.entropy) == (stored.recovered, stored.entropy)
