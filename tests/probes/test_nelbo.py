"""The NELBO, mean and of each sentence: its noise levels, its expectation for a known language, what counts."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini import (
    ModelSettings,
    NoiseSettings,
    PopulationDenoiser,
    TransformerDenoiser,
    UniformNoise,
    Wrapped,
    mean_nelbo,
)
from uddm_mini.probes.nelbo import nelbo_parts, sentence_nelbo


def blind(seen):
    """A denoiser of two words that knows nothing, and notes the noise levels that it is told."""
    return Wrapped(lambda xt, t: seen.append(t) or torch.full((*xt.shape, 2), -math.log(2)), UniformNoise(2), "cavity")


@pytest.fixture
def model(corpus):
    return TransformerDenoiser(UniformNoise(corpus.vocab_size), corpus.length, ModelSettings(8, 1, 2))


def test_no_sentence_is_bound_to_its_share_of_noise_levels():
    # the first half of the sentences would otherwise always meet the lower half of the levels
    x0, seen = torch.arange(2).repeat_interleave(50)[:, None], []
    for seed in range(8):
        mean_nelbo(blind(seen), x0, seed=seed, draws=1)
    levels = torch.stack(seen)  # [8, 100]
    torch.testing.assert_close(levels.sort(dim=1).values, (((torch.arange(100) + 0.5) / 100) ** 2).expand(8, -1))
    # 400 levels without replacement: the mean of the root of a half has a standard deviation of 0.01
    assert float(levels[:, :50].sqrt().mean()) == pytest.approx(0.5, abs=0.04)


def test_the_levels_begin_where_they_are_told_to():
    seen = []
    mean_nelbo(blind(seen), torch.zeros(25, 1, dtype=torch.int64), draws=2, t_from=0.8)
    torch.testing.assert_close(torch.cat(seen).sort().values, 0.8 + 0.2 * ((torch.arange(50) + 0.5) / 50) ** 2)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_mean_nelbo_of_the_population_is_the_entropy_of_the_language(english, schedule):
    # its expectation is H(x_0 | x_1), and x_1 is noise up to a signal of 1/1000
    x = english.sample(1000, seed=3)
    noise = NoiseSettings(schedule=schedule).of(english.vocab_size)
    got = mean_nelbo(PopulationDenoiser(english, noise), x, draws=2)
    # 2,000 draws of the noise level: a standard error of about 0.015, seen over seeds
    assert got == pytest.approx(english.entropy() / english.length, abs=0.05)


def test_mean_nelbo_is_the_mean_over_the_draws_that_it_names(model, corpus):
    x0 = corpus.held_out[:5]
    generator = torch.Generator().manual_seed(3)
    repeated = x0.repeat(2, 1)
    u = ((torch.arange(10) + 0.5) / 10)[torch.randperm(10, generator=generator)]
    t = u**2
    xt = model.noise.corrupt(repeated, t, generator)
    expected = 2 * u[:, None] * model.noise.nelbo(model.cavity(xt, t), repeated, xt, t)
    assert mean_nelbo(model, x0, seed=3, draws=2) == pytest.approx(float(expected.mean()), rel=1e-5)
    kept = expected[repeated != int(x0[0, 0])]
    assert len(kept) < expected.numel()
    ignoring = mean_nelbo(model, x0, (int(x0[0, 0]),), seed=3, draws=2)
    assert ignoring == pytest.approx(float(kept.mean()), rel=1e-5)


def test_mean_nelbo_is_seeded_and_does_not_depend_on_batches(model, corpus):
    first, second, other = (mean_nelbo(model, corpus.held_out, seed=seed) for seed in (0, 0, 1))
    assert first == second
    assert first != other
    model.batch_size = 7
    assert mean_nelbo(model, corpus.held_out, seed=0) == pytest.approx(first, rel=1e-5)


def test_mean_nelbo_is_missing_without_words(model, corpus):
    assert math.isnan(mean_nelbo(model, corpus.held_out[:0]))
    assert math.isnan(mean_nelbo(model, corpus.held_out, ignore=range(corpus.vocab_size)))


def test_bad_input_is_named(model, corpus):
    with pytest.raises(ValueError, match="draws at least 1"):
        mean_nelbo(model, corpus.held_out, draws=0)
    for t_from in (1.0, -0.1):
        with pytest.raises(ValueError, match="t_from is a noise level below 1"):
            mean_nelbo(model, corpus.held_out, t_from=t_from)


def test_sentence_by_sentence_it_sums_up_to_the_mean(model, corpus):
    x0 = corpus.held_out[:7].clone()
    each = nelbo_parts(model, x0, [3], seed=2, draws=3)
    counted = int((x0 != 3).sum())
    assert each.shape == (7,) and float(each.sum()) / counted == pytest.approx(mean_nelbo(model, x0, [3], 2, 3))
    x0[0] = 3
    assert float(nelbo_parts(model, x0, [3])[0]) == 0, "a sentence without a counted token costs nothing"


def test_the_cost_of_each_sentence_is_what_it_is_alone(model, corpus):
    x0, draws = corpus.held_out[:5], 6
    u = (torch.arange(draws) + 0.5) / draws
    repeated, generator = x0.repeat(draws, 1), torch.Generator().manual_seed(7)
    t = (u**2).repeat_interleave(5)  # every sentence meets every level
    xt = model.noise.corrupt(repeated, t, generator)
    each = model.noise.nelbo(model.cavity(xt, t), repeated, xt, t).double() * 2 * u.repeat_interleave(5)[:, None]
    for ignore in ((), (int(x0[0, 0]),)):
        got = sentence_nelbo(model, x0, ignore, seed=7, draws=draws)
        for row in range(5):
            kept = [k for k in range(14) if int(x0[row, k]) not in ignore]
            expected = sum(float(each[d * 5 + row, k]) for d in range(draws) for k in kept) / (draws * len(kept))
            assert float(got[row]) == pytest.approx(expected, rel=1e-6)
    model.batch_size = 7
    torch.testing.assert_close(sentence_nelbo(model, x0, ignore, seed=7, draws=draws), got, rtol=1e-5, atol=0)


def test_each_sentence_costs_what_the_language_says(english):
    # -log p(x) nats, up to the signal of 1/1000 that is left at t = 1 and the error of 256 levels
    x = english.sample(8, seed=5)
    got = sentence_nelbo(PopulationDenoiser(english, UniformNoise(english.vocab_size)), x, draws=256) * english.length
    torch.testing.assert_close(got, -english.log_prob(x), rtol=0, atol=2.0)
    assert float((got + english.log_prob(x)).mean()) == pytest.approx(0, abs=0.7)


def test_both_costs_agree_and_a_sentence_without_words_has_none(model, corpus):
    x0 = corpus.held_out
    each = sentence_nelbo(model, x0, draws=16)
    assert float(each.mean()) == pytest.approx(mean_nelbo(model, x0, draws=16), rel=0.1)
    assert each.dtype == torch.float64 and each.shape == (len(x0),)
    ignore = x0[0].unique().tolist()
    assert torch.equal(sentence_nelbo(model, x0, ignore).isnan(), torch.isin(x0, x0[0]).all(dim=1))
    assert sentence_nelbo(model, x0[:0]).shape == (0,)
    with pytest.raises(ValueError, match="draws at least 1"):
        sentence_nelbo(model, x0, draws=0)
