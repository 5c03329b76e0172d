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
    PathSettings,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    Wrapped,
    conditional_entropy,
    entropy_path,
    path_summary,
    reverse_walk,
)
from uddm_mini.probes.entropy_path import QUANTITIES, describe


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def world():
    language = ToyLanguage(three_words())
    return language, PopulationDenoiser(language, UniformNoise(3))


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


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_every_row_is_the_probe_at_a_text_of_the_samplers_trajectory(world, form):
    language, denoiser = world
    denoiser = Wrapped(denoiser, denoiser.noise, "cavity", batch_size=7)
    x = language.sample(40, seed=0)
    path = entropy_path(denoiser, x, PathSettings(0.6, 8, form), generator=seeded())
    assert list(path.columns) == ["t", *QUANTITIES]
    assert len(path) == 9
    draw = seeded()
    start = denoiser.noise.corrupt(x, 0.6, draw)
    texts = list(reverse_walk(denoiser, start, 0.6, 8, generator=draw))
    for row, (t, xt) in zip(path.itertuples(), texts, strict=True):
        assert row.t == max(t, 1e-3)
        entropy = conditional_entropy(denoiser, xt, row.t, form)
        assert row.entropy == pytest.approx(float(entropy.mean()), abs=1e-7)


def test_a_path_starts_in_noise_and_describes_the_cavity_unless_told_otherwise(world):
    language, denoiser = world
    x = language.sample(40, seed=0)
    assert PathSettings() == PathSettings(t_start=1.0, steps=32, form="cavity")
    plain, told, other = (
        entropy_path(denoiser, x, *walk, generator=seeded())
        for walk in ((), (PathSettings(1.0, 32, "cavity"),), (PathSettings(form="posterior"),))
    )
    pd.testing.assert_frame_equal(plain, told)
    assert len(plain) == 33
    assert plain["t"].iloc[0] == 1.0
    assert float((plain["entropy"] - other["entropy"]).abs().max()) > 0.1


def test_a_path_names_settings_that_cannot_be(world):
    language, denoiser = world
    x = language.sample(4, seed=0)
    for settings, message in (
        (PathSettings(t_start=1.5), "noise level between 0"),
        (PathSettings(steps=0), "steps must be at least 1"),
        (PathSettings(form="magic"), '"cavity" or "posterior"'),
    ):
        with pytest.raises(ValueError, match=message):
            entropy_path(denoiser, x, settings)


@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_what_the_denoiser_gives_does_not_change_what_is_described(world, form):
    language, cavity = world
    full = Wrapped(cavity.posterior, cavity.noise, "posterior")
    x = language.sample(40, seed=0)
    paths = [entropy_path(d, x, PathSettings(0.8, 8, form), generator=seeded()) for d in (cavity, full)]
    np.testing.assert_allclose(paths[0], paths[1], atol=1e-6)


def test_the_walk_does_not_depend_on_the_form_that_is_described(world):
    language, exact = world
    x, seen = language.sample(40, seed=0), {}
    for form in ("cavity", "posterior"):
        seen[form] = []
        watched = Wrapped(lambda xt, t, form=form: seen[form].append(xt) or exact(xt, t), exact.noise, "cavity")
        entropy_path(watched, x, PathSettings(0.8, 8, form), generator=seeded())
    assert len(seen["cavity"]) == len(seen["posterior"]) == 8 + 9  # eight steps, nine descriptions
    for first, second in zip(*seen.values(), strict=True):
        assert torch.equal(first, second)


def test_ignored_words_of_the_clean_text_do_not_count(world):
    language, denoiser = world
    x = language.sample(40, seed=0)
    path = entropy_path(denoiser, x, PathSettings(0.5, 4), ignore=(0,), generator=seeded())
    draw = seeded()
    start = denoiser.noise.corrupt(x, 0.5, draw)
    texts = reverse_walk(denoiser, start, 0.5, 4, generator=draw)
    expected = [float(conditional_entropy(denoiser, xt, max(t, 1e-3))[x != 0].mean()) for t, xt in texts]
    assert path["entropy"].tolist() == pytest.approx(expected, abs=1e-9)
    assert entropy_path(denoiser, x, PathSettings(0.5, 4), ignore=(0, 1, 2))["entropy"].isna().all()


def test_a_memorizer_ends_certain_and_the_language_does_not(english):
    noise, x = UniformNoise(english.vocab_size), english.sample(16, seed=0)
    memory = entropy_path(MemorizingDenoiser(x, noise), x, generator=seeded()).iloc[-1]
    assert memory.entropy < 1e-4
    assert memory.confidence > 0.9999
    assert memory.curvature < 1e-4
    population = entropy_path(PopulationDenoiser(english, noise), x, generator=seeded()).iloc[-1]
    assert population.entropy > 0.2  # the language's own ambiguity
    assert population.curvature > 0.1


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
