"""Two models on disjoint halves: no sentence shared, agreement counted right, nothing done twice."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
import torch

from uddm_mini import Cosine, PopulationDenoiser, UniformNoise, Wrapped
from uddm_mini.experiments import halves as module
from uddm_mini.experiments.halves import COLUMNS, HalvesSettings, compare, disjoint_halves
from uddm_mini.experiments.store import read_note, read_rows, wide

TINY = dict(steps=3, batch_size=8, width=8, depth=1, heads=2, progress=False, times=(0.25, 0.5), sentences=16)


def constant(probs, noise):
    """A denoiser that always answers with the same full posterior, [V]."""
    return Wrapped(lambda xt, t: torch.tensor(probs).log().expand(*xt.shape, -1), noise, "posterior")


def test_agreement_distance_and_right_are_counted_over_changed_tokens():
    noise = UniformNoise(3)
    x0, xt = torch.tensor([[0, 1, 2, 0]]), torch.tensor([[0, 2, 1, 1]])  # the first is unchanged
    first, second = constant([0.5, 0.3, 0.2], noise), constant([0.3, 0.5, 0.2], noise)
    assert compare(first, first, x0, xt, 0.5) == pytest.approx({"agreement": 1, "distance": 0, "right": 1 / 3})
    # by hand: the best words are 0 and 1, the distance is (0.2 + 0.2) / 2
    assert compare(first, second, x0, xt, 0.5) == pytest.approx({"agreement": 0, "distance": 0.2, "right": 0})
    assert compare(first, first, x0, xt, 0.5, ignore=[2])["right"] == pytest.approx(1 / 2)


def test_the_perfect_denoiser_agrees_with_itself(english, corpus, generator):
    noise = UniformNoise(english.vocab_size)
    exact, xt = PopulationDenoiser(english, noise), noise.corrupt(corpus.held_out, 0.25, generator)
    other = Wrapped(lambda xt, t: exact.posterior(xt, t), noise, "posterior")  # the same in the other form
    found = compare(exact, other, corpus.held_out, xt, 0.25)
    assert found["agreement"] > 0.99 and found["distance"] < 1e-9


def test_the_two_models_share_no_sentence_and_no_seed(corpus, monkeypatch):
    seen = []

    def spy(runs, noise, *, device, progress):
        seen.extend(({tuple(row) for row in x.tolist()}, settings.seed) for x, settings in runs)
        return [constant([1 / corpus.vocab_size] * corpus.vocab_size, noise)] * len(runs)

    monkeypatch.setattr(module, "train_stack", spy)
    table = disjoint_halves(corpus, [8, 16], [3], **TINY)
    for (first, seed), (second, other) in zip(seen[::2], seen[1::2], strict=True):
        assert len(first) == len(second) and not first & second and seed == 3 and seed != other
    nested = {len(x): x for x, seed in seen if seed == 3}
    assert nested[8] < nested[16] == {tuple(row) for row in corpus.subset(16, 3).tolist()}
    assert set(table.denoiser) == {"model", "memorizer"} and len(table) == 2 * 2 * 2


def test_a_table_resumes_where_it_stopped(corpus, tmp_path, monkeypatch):
    whole = disjoint_halves(corpus, [4, 8], [0], **TINY)
    out = tmp_path / "deep" / "halves.csv"
    disjoint_halves(corpus, [8, 8], [0, 0], out=out, **TINY)
    # a size or seed that is given twice is done once: three quantities, two noise levels, models and memorizers
    assert read_note(out)["jobs"] == [(8, 0, 3 * 2 * 2)] and len(read_rows(out)) == 12
    trained = []
    real = module.train_stack
    monkeypatch.setattr(
        module, "train_stack", lambda runs, *a, **k: (trained.extend(len(x) for x, _ in runs), real(runs, *a, **k))[1]
    )
    table = disjoint_halves(corpus, [4, 8], [0], out=out, **TINY)
    assert trained == [4, 4]
    pd.testing.assert_frame_equal(table, whole, rtol=1e-5)
    pd.testing.assert_frame_equal(wide(read_rows(out), COLUMNS, denoiser=True), whole, rtol=1e-5)
    assert set(read_rows(out).split) == {"held-out"}
    with pytest.raises(ValueError, match="other settings"):
        disjoint_halves(corpus, [4], [0], out=out, **{**TINY, "steps": 4})
    out.with_suffix(".json").write_text("{")
    with pytest.raises(ValueError, match="cannot be read"):
        disjoint_halves(corpus, [4], [0], out=out, **TINY)


def test_every_seed_has_its_own_noise_and_ignored_words_do_not_count(corpus, monkeypatch):
    known = replace(corpus, ignore=(0, 3))
    seen, real = [], module.compare

    def spy(first, second, x0, xt, t, ignore=()):
        seen.append((t, xt, tuple(ignore)))
        return real(first, second, x0, xt, t, ignore)

    monkeypatch.setattr(module, "compare", spy)
    disjoint_halves(known, [4, 8], [0, 1], **TINY)
    assert {ignore for *_, ignore in seen} == {(0, 3)}
    for t in TINY["times"]:
        drawn = {tuple(xt.flatten().tolist()) for at, xt, _ in seen if at == t}
        assert len(drawn) == 2, "one corruption for each seed, the same for all sizes and for models and memorizers"


def test_settings_may_come_as_one_object_and_the_noise_is_that_of_the_training(corpus, monkeypatch):
    seen, real = set(), module.compare

    def spy(first, second, *rest):
        seen.update((first.noise, second.noise))
        return real(first, second, *rest)

    monkeypatch.setattr(module, "compare", spy)
    settings = replace(HalvesSettings(), times=(0.25, 0.5), sentences=16, progress=False)
    small = dict(steps=3, batch_size=8, width=8, heads=2)
    found = disjoint_halves(corpus, [4], [0], settings, schedule="cosine", **small)
    assert seen == {UniformNoise(corpus.vocab_size, Cosine())}, "models and memorizers"
    linear = disjoint_halves(corpus, [4], [0], settings, **small)
    pd.testing.assert_frame_equal(linear, disjoint_halves(corpus, [4], [0], **TINY))
    assert not found.equals(linear)
    with pytest.raises(TypeError, match="list of seeds"):
        disjoint_halves(corpus, [8], [0], seed=5)


@pytest.mark.parametrize(
    ("sizes", "seeds", "message"),
    [
        ([], [0], "at least one size"),
        ([8], [], "at least one size"),
        ([40], [0], "64 training sentences, so there is no way to have 2 parts of 40"),
        ([8], [-1], "at least 0"),
    ],
)
def test_halves_that_cannot_be_had_are_refused(corpus, sizes, seeds, message):
    with pytest.raises(ValueError, match=message):
        disjoint_halves(corpus, sizes, seeds, **TINY)
