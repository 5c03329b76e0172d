"""The five numbers of a prediction by hand and by the full Jacobian; the path against the sampler and the probe."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from oracles import three_words

from uddm_mini import (
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    conditional_entropy,
    entropy_path,
    path_summary,
    sample,
)
from uddm_mini.probes.entropy_path import QUANTITIES, describe


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def world():
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    return language, noise, PopulationDenoiser(language, noise)


def test_a_coin_by_hand():
    p = torch.tensor([[0.5, 0.0, 0.5, 0.0], [0.0, 1.0, 0.0, 0.0]], dtype=torch.float64)
    coin, certain = describe(p.log()).tolist()
    # sum p^2 = 1/2, sum p^4 = 1/8: sqrt((1/4 - 1/8) / 2) = 1/4, the one product p_1 p_2
    assert coin == pytest.approx([math.log(2), 0.5, 0.0, 0.5, 0.25])
    assert certain == pytest.approx([0, 1, 1, 0, 0])


def test_curvature_and_interaction_are_the_softmax_jacobian():
    logits = torch.randn(2, 3, 7, dtype=torch.float64, generator=seeded())
    got = dict(zip(QUANTITIES, describe(logits.log_softmax(dim=2)).unbind(dim=2), strict=True))
    for b in range(2):
        for i in range(3):
            jacobian = torch.autograd.functional.jacobian(lambda z: z.softmax(dim=0), logits[b, i])
            assert float(got["curvature"][b, i]) == pytest.approx(float(jacobian.trace()))
            above = jacobian.triu(diagonal=1)
            assert float(got["interaction"][b, i]) == pytest.approx(float(above.square().sum().sqrt()))
            first, second = jacobian.new_tensor(sorted(logits[b, i].softmax(dim=0).tolist())[-2:]).flip(0)
            assert float(got["confidence"][b, i]) == pytest.approx(float(first))
            assert float(got["spectral_gap"][b, i]) == pytest.approx(float(first - second))


@pytest.mark.parametrize("wanted", ["cavity", "posterior"])
def test_every_row_is_the_probe_at_a_text_of_the_samplers_trajectory(world, wanted):
    language, noise, denoiser = world
    x = language.sample(40, seed=0)
    path = entropy_path(denoiser, noise, x, 0.6, 8, wanted=wanted, generator=seeded(), batch_size=7)
    assert list(path.columns) == ["t", *QUANTITIES] and len(path) == 9
    assert path.attrs == {"given": "cavity", "wanted": wanted}
    draw = seeded()
    start = noise.corrupt(x, 0.6, draw)
    texts = sample(denoiser, noise, steps=8, trajectory=True, x_start=start, t_start=0.6, batch_size=7, generator=draw)
    for row, (t, xt) in zip(path.itertuples(), texts, strict=True):
        assert row.t == max(t, 1e-3)
        entropy = conditional_entropy(denoiser, xt, row.t, noise, wanted=wanted)
        assert row.entropy == pytest.approx(float(entropy.mean()), abs=1e-7)


def test_what_the_denoiser_gives_does_not_change_what_is_described(world):
    language, noise, cavity = world
    full = PopulationDenoiser(language, noise, predict="posterior")
    x = language.sample(40, seed=0)
    for wanted in ("cavity", "posterior"):
        paths = [entropy_path(d, noise, x, 0.8, 8, wanted=wanted, generator=seeded()) for d in (cavity, full)]
        np.testing.assert_allclose(paths[0], paths[1], atol=1e-6)
        assert [path.attrs["given"] for path in paths] == ["cavity", "posterior"]
    bare = entropy_path(lambda xt, t: full(xt, t), noise, x, 0.8, 8, predicts="posterior", generator=seeded())
    np.testing.assert_allclose(bare, entropy_path(cavity, noise, x, 0.8, 8, generator=seeded()), atol=1e-6)
    with pytest.raises(ValueError, match="what the denoiser predicts"):
        entropy_path(lambda xt, t: full(xt, t), noise, x)


def test_ignored_words_of_the_clean_text_do_not_count(world):
    language, noise, denoiser = world
    x = language.sample(40, seed=0)
    path = entropy_path(denoiser, noise, x, 0.5, 4, ignore=(0,), generator=seeded())
    draw = seeded()
    start = noise.corrupt(x, 0.5, draw)
    texts = sample(denoiser, noise, steps=4, trajectory=True, x_start=start, t_start=0.5, generator=draw)
    expected = [float(conditional_entropy(denoiser, xt, max(t, 1e-3))[x != 0].mean()) for t, xt in texts]
    assert path["entropy"].tolist() == pytest.approx(expected, abs=1e-9)
    assert entropy_path(denoiser, noise, x, 0.5, 4, ignore=(0, 1, 2))["entropy"].isna().all()


def test_a_memorizer_ends_certain_and_the_language_does_not(english):
    noise, x = UniformNoise(english.vocab_size), english.sample(16, seed=0)
    memory = entropy_path(MemorizingDenoiser(x, noise), noise, x, generator=seeded()).iloc[-1]
    assert memory.entropy < 1e-4 and memory.confidence > 0.9999 and memory.curvature < 1e-4
    population = entropy_path(PopulationDenoiser(english, noise), noise, x, generator=seeded()).iloc[-1]
    assert population.entropy > 0.2 and population.curvature > 0.1  # the language's own ambiguity


def test_the_summary_by_hand():
    path = pd.DataFrame({"t": [1.0, 0.5, 0.0], **{name: [4.0, 3.0, 0.0] for name in QUANTITIES}})
    path["confidence"] = [0.5, 0.5, 0.5]
    got = path_summary(path)
    assert list(got.index) == list(QUANTITIES)
    assert got.loc["entropy"].tolist() == pytest.approx([4, 0, 7 / 3, 1 / 3])  # 2 lies a third of the way from 3 to 0
    assert got.loc["confidence"].tolist()[:3] == [0.5, 0.5, 0.5] and math.isnan(got.loc["confidence", "halfway"])
    falling = path.assign(entropy=[1.0, 5.0, 2.0])  # past the middle at once
    assert path_summary(falling).loc["entropy", "halfway"] == pytest.approx(1 - 0.5 * 0.5 / 4)
    steep = pd.DataFrame({"t": [1.0, 0.5, 0.0], **{name: [1.0, 0.45, 0.0] for name in QUANTITIES}})
    assert path_summary(steep).loc["entropy", "halfway"] == pytest.approx(1 - 0.5 * 0.5 / 0.55)
