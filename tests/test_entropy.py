"""Conditional entropy by hand, and what the two forms of a prediction say at t -> 0."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import predictions, prior_of, sentences, signal, three_words

from uddm_mini import MemorizingDenoiser, PopulationDenoiser, ToyLanguage, UniformNoise, conditional_entropy


def fixed(probs):
    return lambda xt, t: torch.tensor(probs, dtype=torch.float64).log().expand(*xt.shape, -1)


def test_entropies_by_hand():
    x = torch.zeros(2, 3, dtype=torch.int64)
    for probs, nats in (
        ([0.25] * 4, math.log(4)),
        ([0.5, 0.5, 0.0, 0.0], math.log(2)),  # impossible words add nothing, and no NaN
        ([0.0, 1.0, 0.0, 0.0], 0.0),
        ([0.75, 0.25, 0.0, 0.0], 0.75 * math.log(4 / 3) + 0.25 * math.log(4)),
    ):
        got = conditional_entropy(fixed(probs), x)
        assert got.shape == (2, 3)
        torch.testing.assert_close(got, torch.full((2, 3), nats, dtype=torch.float64))


def test_near_zero_noise_the_cavity_gives_the_pseudo_likelihood_entropy_and_the_posterior_gives_none():
    # H(x_l | all other words), by brute force over the language, against the probe at t = 1e-6
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    prior, x = prior_of(language.grammar, language.words, 3), sentences(3, 3)
    x = x[prior > 0]
    expected = torch.zeros(len(x), 3, dtype=torch.float64)
    for row, sentence in enumerate(x.tolist()):
        for i in range(3):
            same = [
                prior[9 * a[0] + 3 * a[1] + a[2]]
                for a in sentences(3, 3).tolist()
                if all(a[j] == sentence[j] for j in range(3) if j != i)
            ]
            p = torch.stack(same) / sum(same)
            expected[row, i] = -torch.xlogy(p, p).sum()
    cavity = conditional_entropy(PopulationDenoiser(language, noise), x, 1e-6)
    # noise of 1e-6 adds terms of the order 1e-6 log 1e-6 over the rarest sentence, about 1e-3
    torch.testing.assert_close(cavity, expected, rtol=0, atol=2e-3)
    assert float(expected.max()) > 0.1
    full = conditional_entropy(PopulationDenoiser(language, noise, "posterior"), x, 1e-6)
    assert float(full.max()) < 1e-3, "used naively, the probe would call this a memorizer"


def test_a_memorizer_is_certain_of_what_it_stored(english):
    noise, x = UniformNoise(english.vocab_size), english.sample(50, seed=0)
    assert float(conditional_entropy(MemorizingDenoiser(x, noise), x).max()) < 1e-6
    known = conditional_entropy(PopulationDenoiser(english, noise), x)
    assert float(known.mean()) > 0.2, "language is ambiguous"


@pytest.mark.parametrize("given", ["cavity", "posterior"])
@pytest.mark.parametrize("wanted", ["cavity", "posterior"])
def test_either_form_can_be_asked_of_either_denoiser(given, wanted):
    language, noise, t = ToyLanguage(three_words()), UniformNoise(3), 0.4
    prior, x = prior_of(language.grammar, language.words, 3), sentences(3, 3)
    got = conditional_entropy(PopulationDenoiser(language, noise, given), x, t, noise, wanted=wanted)
    p = predictions(prior, signal(t, "linear"), 3, 3, wanted)
    # the denoiser is told t in float32: 0.4 is off by 6e-9
    torch.testing.assert_close(got, -torch.xlogy(p, p).sum(dim=2), rtol=0, atol=1e-7)
    # and by default the probe takes the denoiser at its word
    p = predictions(prior, signal(t, "linear"), 3, 3, given)
    got = conditional_entropy(PopulationDenoiser(language, noise, given), x, t)
    torch.testing.assert_close(got, -torch.xlogy(p, p).sum(dim=2), rtol=0, atol=1e-7)


def test_batches_do_not_matter_and_times_may_differ():
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x, t = sentences(3, 3), torch.linspace(0.01, 1, 27, dtype=torch.float64)
    denoiser = PopulationDenoiser(language, noise)
    whole = conditional_entropy(denoiser, x, t)
    torch.testing.assert_close(conditional_entropy(denoiser, x, t, batch_size=4), whole)
    alone = torch.cat([conditional_entropy(denoiser, x[i : i + 1], float(t[i])) for i in range(27)])
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-6)
    assert conditional_entropy(denoiser, x[:0]).shape == (0, 3)


def test_bad_input_is_named():
    x = torch.zeros(1, 2, dtype=torch.int64)
    with pytest.raises(ValueError, match="predicts="):
        conditional_entropy(fixed([1.0]), x, wanted="cavity")
    with pytest.raises(ValueError, match="needs noise="):
        conditional_entropy(fixed([1.0]), x, wanted="cavity", predicts="posterior")
    with pytest.raises(ValueError, match="between 0"):
        conditional_entropy(fixed([1.0]), x, t=2.0)
    with pytest.raises(ValueError, match="one per sentence"):
        conditional_entropy(fixed([1.0]), x, t=torch.zeros(3))


def test_whoever_gives_the_noise_gets_the_cavity():
    # the trap of chapter 6: at t -> 0 a full posterior looks certain of everything
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x = language.sample(50, seed=0)
    full, cavity = (PopulationDenoiser(language, noise, predict=form) for form in ("posterior", "cavity"))
    asked = conditional_entropy(full, x, 0.01, noise)
    torch.testing.assert_close(asked, conditional_entropy(cavity, x, 0.01), rtol=0, atol=1e-9)
    assert float(asked.mean()) > 2 * float(conditional_entropy(full, x, 0.01).mean())
    with pytest.raises(ValueError, match="what the denoiser predicts"):
        conditional_entropy(fixed([0.2, 0.3, 0.5]), x, 0.01, noise)
