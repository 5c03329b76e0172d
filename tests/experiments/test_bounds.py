"""The two perfect denoisers under the probes of a sweep, and resumed as one."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from runs import PROBE, Serial, impossible_for_32, numbers

from uddm_mini import (
    Cosine,
    MemorizingDenoiser,
    NgramDenoiser,
    PopulationDenoiser,
    SweepSettings,
    ToyLanguage,
    UniformNoise,
)
from uddm_mini.experiments import bounds as module
from uddm_mini.experiments.bounds import sweep_bounds
from uddm_mini.experiments.store import read_note, read_rows, wide
from uddm_mini.experiments.sweep import COLUMNS, run_sweep
from uddm_mini.probes.subject import Subject
from uddm_mini.probes.suite import MEASURED, probe

BOUNDS = dict(probe=PROBE, progress=False)


@pytest.fixture(scope="module")
def small():
    return ToyLanguage().corpus(n_train=32, n_held_out=16, seed=0)


def measured(model, corpus, x) -> pd.DataFrame:
    """The rows of a model under the probes themselves."""
    rows = probe(Subject(model, corpus, x, PROBE, 0), *MEASURED)
    return wide(pd.DataFrame(rows).assign(n_train=len(x), seed=0), COLUMNS)


def test_bounds_are_the_perfect_denoisers_under_the_same_probes(small):
    language, noise = small.world, UniformNoise(small.vocab_size)
    bounds = sweep_bounds(small, [8, 16], **BOUNDS)
    assert len(bounds) == 2 * 2 * 2 * 2 and set(bounds.denoiser) == {"memorizer", "population"}
    assert list(bounds.columns) == ["denoiser", "n_train", "seed", "split", "t", *COLUMNS[:-1]]
    x = small.subset(8, 0)
    for name, model in (
        ("memorizer", MemorizingDenoiser(x, noise)),
        ("population", PopulationDenoiser(language, noise)),
    ):
        own = bounds[(bounds.denoiser == name) & (bounds.n_train == 8)].drop(columns="denoiser")
        pd.testing.assert_frame_equal(own.reset_index(drop=True), measured(model, small, x))
    real = sweep_bounds(replace(small, world=None), [8], **BOUNDS)
    assert set(real.denoiser) == {"memorizer"}, "real text has no population"
    expected = measured(MemorizingDenoiser(x, UniformNoise(small.vocab_size, Cosine(0.01))), small, x)
    got = sweep_bounds(replace(small, world=None), [8], schedule="cosine", epsilon=0.01, **BOUNDS)
    pd.testing.assert_frame_equal(got.drop(columns="denoiser"), expected)


def test_tables_of_counts_stand_beside_the_bounds_if_wanted(small, monkeypatch):
    monkeypatch.setattr(module, "TRIPLE_SENTENCES", 4)
    text = replace(small, world=None)
    bounds = sweep_bounds(text, [8], counts=True, **BOUNDS)
    assert list(bounds.denoiser.unique()) == ["memorizer", "pairs", "triples"]
    x, noise = small.subset(8, 0), UniformNoise(small.vocab_size)
    few = replace(PROBE, times=(0.25,), sentences=4)
    for name, order, probes in (("pairs", 2, PROBE), ("triples", 3, few)):
        rows = probe(Subject(NgramDenoiser(x, noise, 4.0, order), small, x, probes, 0), *MEASURED)
        expected = wide(pd.DataFrame(rows).assign(n_train=8, seed=0), COLUMNS)
        own = bounds[bounds.denoiser == name].drop(columns="denoiser").reset_index(drop=True)
        pd.testing.assert_frame_equal(own, expected)


def test_the_bounds_of_a_sweep_stand_beside_it_row_by_row(small):
    settings = replace(SweepSettings(), probe=PROBE, progress=False)
    table = run_sweep(small, [8], [1], settings, steps=1, width=8, heads=2)
    bounds = sweep_bounds(small, [8], [1], settings, steps=1, width=8, heads=2)
    keys = ["n_train", "seed", "split", "t"]
    for name in ("memorizer", "population"):
        own = bounds[bounds.denoiser == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(own[[*keys, "chance"]], numbers(table)[[*keys, "chance"]], check_exact=True)


def test_a_language_stands_for_a_corpus_of_it(small):
    found = sweep_bounds(small.world, [8, 16], [0], **BOUNDS)
    pd.testing.assert_frame_equal(found, sweep_bounds(small.world.corpus(n_train=16), [8, 16], [0], **BOUNDS))


def test_bounds_resume_where_they_stopped(small, tmp_path):
    out = tmp_path / "bounds.csv"
    whole = sweep_bounds(small, [8, 16], [0, 1], **BOUNDS)
    sweep_bounds(small, [16], [0, 1], out=out, **BOUNDS)
    again = Serial()
    resumed = sweep_bounds(small, [8, 16], [0, 1], out=out, executor=again, **BOUNDS)
    assert again.jobs == [(8, 0), (8, 1)]
    pd.testing.assert_frame_equal(resumed, whole, rtol=1e-5)
    assert resumed.equals(sweep_bounds(small, [8, 8], [0, 0], out=out, executor=again, **BOUNDS))
    assert len(again.jobs) == 2, "a size or seed that is given twice is done once"
    # two denoisers, two splits: four quantities at each of two noise levels, entropy and NELBO once
    assert read_note(out)["jobs"] == [(n, seed, 2 * 2 * (4 * 2 + 2)) for n in (8, 16) for seed in (0, 1)]
    pd.testing.assert_frame_equal(wide(read_rows(out), COLUMNS, denoiser=True), resumed, check_exact=True)
    resumed = sweep_bounds(small, [8], out=out, executor=again, steps=9, width=8, **BOUNDS)
    assert len(again.jobs) == 2, "how models are trained is nothing to the perfect ones"
    for changes, message in (
        (dict(schedule="cosine"), "train.noise.schedule: linear there, cosine now"),
        (dict(epsilon=0.01), "train.noise.epsilon: 0.001 there, 0.01 now"),
        (dict(sentences=17), "probe.sentences: 16 there, 17 now"),
    ):
        with pytest.raises(ValueError, match=message):
            sweep_bounds(small, [8], out=out, **BOUNDS, **changes)
    with pytest.raises(ValueError, match="world: True there, False now"):
        sweep_bounds(replace(small, world=None), [8], out=out, **BOUNDS)
    out.write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"bounds\.csv cannot be read"):
        sweep_bounds(small, [8], out=out, **BOUNDS)
    for path in (tmp_path, tmp_path / "bounds.json"):
        with pytest.raises(ValueError, match=r"ends in \.csv"):
            sweep_bounds(small, [8], out=path, **BOUNDS)


@impossible_for_32
def test_impossible_bounds_are_named_before_anything_is_written(small, tmp_path, sizes, seeds, message):
    with pytest.raises(ValueError, match=message):
        sweep_bounds(small, sizes, seeds, out=tmp_path / "new" / "bounds.csv", **BOUNDS)
    assert not (tmp_path / "new").exists()
    with pytest.raises(TypeError, match="list of seeds"):
        sweep_bounds(small, [8], seed=3, **BOUNDS)
