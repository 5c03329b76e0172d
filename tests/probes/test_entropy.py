"""Conditional entropy by hand, and what the two forms of a prediction say at t -> 0."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import predictions, prior_of, sentences, signal, three_words

from uddm_mini import (
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    Wrapped,
    conditional_entropy,
    sampled_entropy,
    vanishing_fraction,
)
from uddm_mini.probes.entropy import _extrapolated


def fixed(probs):
    """A denoiser that says the same about every word."""
    row = torch.tensor(probs, dtype=torch.float64).log()
    return Wrapped(lambda xt, t: row.expand(*xt.shape, -1), UniformNoise(len(probs)), "cavity")


def exact_denoiser(language, noise, given):
    """The language's best denoiser, which answers in one form or the other."""
    exact = PopulationDenoiser(language, noise)
    return exact if given == "cavity" else Wrapped(exact.posterior, noise, "posterior")


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
    full = conditional_entropy(PopulationDenoiser(language, noise), x, 1e-6, "posterior")
    assert float(full.max()) < 1e-3, "used naively, the probe would call this a memorizer"


def test_a_memorizer_is_certain_of_what_it_stored(english):
    noise, x = UniformNoise(english.vocab_size), english.sample(50, seed=0)
    assert float(conditional_entropy(MemorizingDenoiser(x, noise), x).max()) < 1e-6
    known = conditional_entropy(PopulationDenoiser(english, noise), x)
    assert float(known.mean()) > 0.2, "language is ambiguous"


@pytest.mark.parametrize("given", ["cavity", "posterior"])
@pytest.mark.parametrize("form", ["cavity", "posterior"])
def test_either_form_can_be_asked_of_either_denoiser(given, form):
    language, noise, t = ToyLanguage(three_words()), UniformNoise(3), 0.4
    prior, x = prior_of(language.grammar, language.words, 3), sentences(3, 3)
    got = conditional_entropy(exact_denoiser(language, noise, given), x, t, form)
    p = predictions(prior, signal(t, "linear"), 3, 3, form)
    # the denoiser is told t in float32: 0.4 is off by 6e-9
    torch.testing.assert_close(got, -torch.xlogy(p, p).sum(dim=2), rtol=0, atol=1e-7)


def test_batches_do_not_matter_and_times_may_differ():
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x, t = sentences(3, 3), torch.linspace(0.01, 1, 27, dtype=torch.float64)
    denoiser = PopulationDenoiser(language, noise)
    whole = conditional_entropy(denoiser, x, t)
    alone = torch.cat([conditional_entropy(denoiser, x[i : i + 1], float(t[i])) for i in range(27)])
    torch.testing.assert_close(alone, whole, rtol=0, atol=1e-6)
    denoiser.batch_size = 4
    torch.testing.assert_close(conditional_entropy(denoiser, x, t), whole)
    assert conditional_entropy(denoiser, x[:0]).shape == (0, 3)


def test_bad_input_is_named():
    x, coin = torch.zeros(1, 2, dtype=torch.int64), fixed([0.5, 0.5])
    with pytest.raises(ValueError, match="between 0"):
        conditional_entropy(coin, x, t=2.0)
    with pytest.raises(ValueError, match="one per sentence"):
        conditional_entropy(coin, x, t=torch.zeros(3))
    with pytest.raises(ValueError, match='"cavity" or "posterior"'):
        conditional_entropy(coin, x, form="magic")
    coin.batch_size = 0
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        conditional_entropy(coin, x)


@pytest.mark.parametrize("given", ["cavity", "posterior"])
def test_whoever_names_no_form_gets_the_cavity(given):
    # the trap of chapter 6: at t -> 0 a full posterior looks certain of everything
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x = language.sample(50, seed=0)
    model, cavity = (exact_denoiser(language, noise, form) for form in (given, "cavity"))
    asked = conditional_entropy(model, x, 0.01)
    torch.testing.assert_close(asked, conditional_entropy(cavity, x, 0.01, "cavity"), rtol=0, atol=1e-9)
    assert float(asked.mean()) > 2 * float(conditional_entropy(model, x, 0.01, "posterior").mean())


def test_the_vanishing_fraction_by_hand():
    entropy = torch.tensor([[0.0, 0.009, 0.01], [0.5, 0.2, 0.0]])
    counted = torch.tensor([[True, True, True], [True, True, False]])
    assert vanishing_fraction(entropy) == 3 / 6  # below, not at, the threshold
    assert vanishing_fraction(entropy, counted) == 2 / 5
    assert vanishing_fraction(entropy, threshold=0.3) == 5 / 6
    assert math.isnan(vanishing_fraction(entropy, torch.zeros_like(counted)))


KNOWN = {
    "certain": torch.eye(50)[0],
    "a rare rival": torch.tensor([0.98, 0.02] + [0.0] * 48),
    "a coin": torch.tensor([0.5, 0.5] + [0.0] * 48),
    "eight equal": torch.tensor([1 / 8] * 8 + [0.0] * 42),
    "falling": 0.7 ** torch.arange(50.0) * 0.3,
    "a spread tail": torch.tensor([0.9] + [0.1 / 49] * 49),
    "all equal": torch.full((50,), 0.02),
}


def estimates(p, draws, repeats=2000):
    """Return the true entropy, and estimates and errors of `repeats` independent positions."""
    p = p.double() / p.double().sum()
    generator = torch.Generator().manual_seed(0)
    x = torch.multinomial(p.expand(repeats, -1), draws, replacement=True, generator=generator).T[:, None]
    entropy, error = sampled_entropy(x, len(p))
    assert entropy.shape == error.shape == (1, repeats)
    return -float(torch.xlogy(p, p).sum()), entropy[0], error[0]


@pytest.mark.parametrize("draws", [64, 256])
@pytest.mark.parametrize("name", KNOWN)
def test_sampled_entropy_is_nearly_unbiased_and_its_error_holds(name, draws):
    truth, entropy, error = estimates(KNOWN[name], draws)
    # 2,000 repeats: the mean of the estimates is known to 0.13 / sqrt(2000) = 0.003 nats. A tail spread over all words
    # is the worst case: too few of its words are seen
    assert abs(float(entropy.mean()) - truth) < (0.1 if name == "a spread tail" and draws == 64 else 0.02)
    held = float(((entropy - truth).abs() <= 2 * error).double().mean())
    assert held > 0.85  # nominally 0.95
    assert bool((error > 0).all())


def test_sampled_entropy_beats_counting_frequencies_and_its_error_is_of_the_right_size():
    for name in ("falling", "eight equal", "all equal"):
        p = KNOWN[name] / KNOWN[name].sum()
        truth, entropy, error = estimates(p, 64)
        x = torch.multinomial(p.expand(2000, -1), 64, replacement=True, generator=torch.Generator().manual_seed(0))
        share = torch.stack([torch.bincount(row, minlength=50) for row in x]) / 64
        plug_in = float(torch.special.entr(share).sum(dim=1).mean())
        assert abs(float(entropy.mean()) - truth) < abs(plug_in - truth) / 2
    truth, entropy, error = estimates(KNOWN["falling"], 256)
    typical = float((entropy - truth).square().mean().sqrt())
    assert typical < float(error.mean()) < 2 * typical


def test_sampled_entropy_is_the_double_sum_of_its_definition():
    # the first term as an average over orders of drawing: k further draws all differ from the first word
    draws = torch.tensor([0, 0, 1, 2, 2, 2, 3])[:, None, None]
    n, counts = 7, {0: 2, 1: 1, 2: 3, 3: 1}
    first = sum(
        c / n * sum(math.comb(n - c, k) / math.comb(n - 1, k) / k for k in range(1, n)) for c in counts.values()
    )
    rare = 2 * 1 / (6 * 2 + 2 * 1)  # two words once, one word twice
    rest = 2 / n * sum((1 - rare) ** (j + 1) / (n + j) for j in range(2000))
    entropy, _ = sampled_entropy(draws, 10)
    assert float(entropy) == pytest.approx(first + rest, abs=1e-9)


@pytest.mark.parametrize(
    ("f1", "f2", "n"), [(64, 0, 64), (64, 1, 256), (3, 2, 64), (1, 0, 4096), (2, 40, 4096), (1, 1, 2)]
)
def test_the_extrapolated_rest_is_stable_for_every_count(f1, f2, n):
    rare = 2 * f2 / ((n - 1) * f1 + 2 * f2) if f2 else 2 / ((n - 1) * (f1 - 1) + 2)
    j = torch.arange(200_000, dtype=torch.float64)  # rare is at least 5e-4 here, so the series has long ended
    expected = f1 / n * float(((1 - rare) ** (j + 1) / (n + j)).sum())
    assert _extrapolated(f1, f2, n) == pytest.approx(expected, rel=1e-6, abs=1e-12)


def test_the_extrapolated_rest_of_few_draws_is_the_series_summed():
    j = torch.arange(20_000, dtype=torch.float64)
    for n in range(2, 13):
        pairs = [(f1, f2) for f1 in range(1, n + 1) for f2 in range((n - f1) // 2 + 1)]
        for f1, f2 in pairs:
            rare = 2 * f2 / ((n - 1) * f1 + 2 * f2) if f2 else 2 / ((n - 1) * (f1 - 1) + 2)
            expected = f1 / n * float(((1 - rare) ** (j + 1) / (n + j)).sum())
            assert _extrapolated(f1, f2, n) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    for n in (4, 5):  # one odd draw among so few: the word that was drawn once leaves nothing to expect
        entropy, error = sampled_entropy(torch.tensor([1] + [0] * (n - 1)).view(n, 1, 1), 5)
        harmonic = [sum(1 / k for k in range(c, n)) for c in (1, n - 1)]  # psi(n) - psi(c)
        assert float(entropy) == pytest.approx(harmonic[0] / n + harmonic[1] * (n - 1) / n)
        assert 0 < float(error) < math.inf


def test_sampled_entropy_names_bad_input():
    draws = torch.zeros(4, 1, 2, dtype=torch.int64)
    for bad, vocab in ((draws[:1], 3), (draws[0], 3), (draws + 3, 3), (draws - 1, 3), (draws, 1)):
        with pytest.raises(ValueError, match=r"two draws|outside"):
            sampled_entropy(bad, vocab)
    assert sampled_entropy(draws[:, :0], 3)[0].shape == (0, 2)
