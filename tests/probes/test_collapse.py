"""The collapse of a memory: every formula against sums over all sentences, and the level against its definition."""

from __future__ import annotations

import math

import pytest
import torch
from oracles import (
    GRAMMARS,
    SCHEDULES,
    channels,
    entropy_given_noise,
    index_of,
    prior_of,
    sentences,
    signal,
    three_words,
)

from uddm_mini import (
    MemorizingDenoiser,
    NoiseSettings,
    PopulationDenoiser,
    ToyLanguage,
    UniformNoise,
    Wrapped,
    mean_nelbo,
)
from uddm_mini.probes.collapse import (
    collapse_level,
    information_density,
    mean_information,
    nelbo_information,
    own_weight,
    predicted_collapse,
)

TIMES = (0.02, 0.3, 0.8)


def mutual_information(prior: torch.Tensor, alpha: torch.Tensor, vocab: int, length: int) -> float:
    """I(x_0; x_t) = H(x_0) - H(x_0 | x_t), from the joint table."""
    return float(torch.special.entr(prior).sum() - entropy_given_noise(prior, alpha, vocab, length))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_channel_information_is_that_of_the_joint_table(schedule):
    uniform = torch.full((5,), 1 / 5, dtype=torch.float64)
    noise = NoiseSettings(schedule=schedule).of(5)
    for t in (*TIMES, 1.0):
        expected = mutual_information(uniform, signal(t, schedule), 5, 1)
        assert float(noise.information(t)) == pytest.approx(expected, abs=1e-12)
    clean = noise.information(torch.tensor([0.0]))
    torch.testing.assert_close(clean, torch.tensor([math.log(5)], dtype=torch.float64))


@pytest.mark.parametrize("name", GRAMMARS)
def test_log_evidence_sums_over_all_sentences(name, generator):
    language = ToyLanguage(GRAMMARS[name])
    vocab, length = language.vocab_size, language.length
    x, prior = sentences(vocab, length), prior_of(GRAMMARS[name], language.words, length)
    likelihood = torch.rand(6, length, vocab, generator=generator, dtype=torch.float64)
    products = torch.stack([likelihood[:, i, x[:, i]] for i in range(length)]).prod(dim=0)  # [6, N]
    torch.testing.assert_close(language.log_evidence(likelihood), (products @ prior).log())
    # evidence that names one sentence is its probability, also when that is zero
    one_hot = torch.nn.functional.one_hot(x, vocab)
    torch.testing.assert_close(language.log_evidence(one_hot), language.log_prob(x))
    with pytest.raises(ValueError, match="likelihood has shape"):
        language.log_evidence(likelihood[:, :-1])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", GRAMMARS)
def test_information_density_is_log_of_joint_over_product(name, schedule):
    language = ToyLanguage(GRAMMARS[name])
    vocab, length = language.vocab_size, language.length
    x, prior = sentences(vocab, length), prior_of(GRAMMARS[name], language.words, length)
    noise = NoiseSettings(schedule=schedule).of(vocab)
    for t in TIMES:
        table = channels(signal(t, schedule), vocab, length)  # [x_0, x_t]
        marginal = prior @ table
        pairs = torch.cartesian_prod(prior.nonzero().flatten(), torch.arange(len(x)))
        x0, xt = pairs.T
        got = information_density(language, noise, x[x0], x[xt], t)
        torch.testing.assert_close(got, (table[x0, xt] / marginal[xt]).log(), rtol=1e-9, atol=1e-9)
        mean = float((prior[x0] * table[x0, xt] * got).sum())
        assert mean == pytest.approx(mutual_information(prior, signal(t, schedule), vocab, length), abs=1e-9)


def test_two_estimates_of_the_information_agree_with_the_table():
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    prior = prior_of(three_words(), language.words, 3)
    x0 = language.sample(4096, seed=1)
    for t, scatter in ((0.1, 0.024), (0.5, 0.0045)):  # standard deviation of the second estimate over 20 seeds
        exact = mutual_information(prior, signal(t, "linear"), 3, 3)
        # densities have a standard deviation of 1.1 nats at most: five standard errors of 4,096 draws
        assert mean_information(language, noise, t, 4096) == pytest.approx(exact, abs=0.086)
        exactly = PopulationDenoiser(language, noise)
        found = nelbo_information(exactly, x0, t)
        assert found == pytest.approx(exact, abs=5 * scatter)
        posterior = Wrapped(exactly.posterior, noise, "posterior")
        assert nelbo_information(posterior, x0, t) == pytest.approx(found, abs=1e-6)  # converted
        # the wrong form is a worse prediction, and so a larger bound
        mistaken = Wrapped(exactly.posterior, noise, "cavity")
        assert nelbo_information(mistaken, x0, t) > found + 5 * scatter


def always(probs, noise):
    """A denoiser that says the same about every word."""
    row = torch.tensor(probs).log()
    return Wrapped(lambda xt, t: row.expand(*xt.shape, -1), noise, "cavity")


def test_the_information_of_a_worse_denoiser_is_an_upper_bound():
    language, noise = ToyLanguage(three_words()), UniformNoise(3)
    x0 = language.sample(2048, seed=1)
    best = nelbo_information(PopulationDenoiser(language, noise), x0, 0.3)
    few = MemorizingDenoiser(language.sample(12, seed=2), noise)
    for worse in (always([1 / 3] * 3, noise), few):
        assert nelbo_information(worse, x0, 0.3) > best + 0.05


def test_information_counts_no_ignored_token_and_all_levels_from_t():
    noise = UniformNoise(4)
    blind, biased = always([1 / 4] * 4, noise), always([0.7, 0.1, 0.1, 0.1], noise)
    x0 = torch.randint(4, (3000, 5), generator=torch.Generator().manual_seed(1))
    known = nelbo_information(blind, x0, 0.2)
    # uniform words: the blind guess is the best one, so the information is that of five channels
    assert known == pytest.approx(5 * float(noise.information(0.2)), abs=0.15)  # about five standard errors
    every, usual, rare = (nelbo_information(biased, x0, 0.2, ignore=ignore) for ignore in ((), (1, 2, 3), (0,)))
    assert every == pytest.approx(usual + rare, rel=1e-5)  # every token is counted once, in the same noise
    assert rare > 4 * usual  # three times as many tokens, each worse predicted
    assert nelbo_information(blind, x0, 1.0) == 0.0
    with pytest.raises(ValueError, match="t_from"):
        mean_nelbo(blind, x0, t_from=1.0)
    for level in (2.0, -0.1):
        with pytest.raises(ValueError, match="noise level from 0"):
            nelbo_information(blind, x0, level)


def test_the_memorizer_pays_ln_n_for_a_training_sentence():
    # the price of naming one of n, which no denoiser can undercut on average
    noise, x = UniformNoise(6), torch.randint(6, (8, 5), generator=torch.Generator().manual_seed(3))
    assert len(torch.unique(x, dim=0)) == 8
    paid = nelbo_information(MemorizingDenoiser(x, noise), x.repeat(500, 1), 0.0)
    assert paid == pytest.approx(math.log(8), abs=0.1)


def test_own_weight_is_bayes_rule_over_the_memories():
    vocab, length, t = 3, 3, 0.6
    noise, x = UniformNoise(vocab), sentences(vocab, length)
    memories = torch.tensor([[0, 1, 2], [0, 2, 2], [1, 1, 1], [0, 1, 2]])  # the first is stored twice
    table = channels(signal(t, "linear"), vocab, length)[index_of(memories, vocab)]  # [4, x_t]
    for own in range(4):
        got = own_weight(memories, noise, torch.full((len(x),), own), x, t)
        torch.testing.assert_close(got, table[own] / table.sum(dim=0), rtol=1e-9, atol=1e-9)


def test_predicted_collapse_inverts_the_information():
    def line(t: float) -> float:
        return 8 * (1 - t)

    for n in (2, 50, 1000):
        assert predicted_collapse(n, line) == pytest.approx(1 - math.log(n) / 8, abs=2e-4)
    assert predicted_collapse(10**6, line) == 0.0  # not even clean text carries so much
    assert predicted_collapse(1, lambda t: 1e-9) == 1.0
    with pytest.raises(ValueError, match="at least one sentence"):
        predicted_collapse(0, line)


def test_collapse_level_is_where_the_mean_weight_is_one_half(english):
    noise, x = UniformNoise(english.vocab_size), english.corpus(n_train=64, n_held_out=1).train
    level = collapse_level(x, noise, trials=1024, generator=torch.Generator().manual_seed(1))
    own = torch.arange(2048) % 64

    def weight(t: float) -> float:
        xt = noise.corrupt(x[own], t, torch.Generator().manual_seed(2))
        return float(own_weight(x, noise, own, xt, t).mean())

    # other draws: the curve falls by about 0.1 over 0.03, and a mean of 2,048 weights has an error of 0.01
    assert weight(level - 0.03) > 0.5 > weight(level + 0.03)
    strict = collapse_level(x, noise, threshold=0.9, generator=torch.Generator().manual_seed(1))
    assert strict < level - 0.05


def test_random_sentences_collapse_where_their_words_carry_ln_n():
    noise, length = UniformNoise(50), 40  # long sentences: a sharp collapse
    x = torch.randint(50, (500, length), generator=torch.Generator().manual_seed(0))
    predicted = predicted_collapse(500, lambda t: length * float(noise.information(t)))
    measured = collapse_level(x, noise, generator=torch.Generator().manual_seed(1))
    assert measured == pytest.approx(predicted, abs=0.02)


def test_the_book_s_sentences_collapse_between_the_bound_and_the_random_ones(english):
    noise, n = UniformNoise(english.vocab_size), 256
    measured = collapse_level(english.corpus(n_train=n).train, noise, generator=torch.Generator().manual_seed(1))
    independent = predicted_collapse(n, lambda t: 14 * float(noise.information(t)))
    exact = predicted_collapse(n, lambda t: mean_information(english, noise, t, 512))
    assert exact < measured < independent - 0.05
    assert measured - exact < 0.06 < independent - measured  # the exact information predicts better


def test_the_seed_is_drawn_where_the_generator_is(monkeypatch):
    class Elsewhere(torch.Generator):  # stands for a generator on a GPU
        device = torch.device("meta")

    drawn, randint = [], torch.randint
    monkeypatch.setattr(
        torch, "randint", lambda *size, generator, device: drawn.append(torch.device(device)) or randint(*size)
    )
    monkeypatch.setattr(UniformNoise, "corrupt", lambda self, x, *_: x)
    collapse_level(torch.tensor([[0, 1], [1, 1]]), UniformNoise(3), generator=Elsewhere())
    assert drawn == [torch.device("meta")]


def test_a_single_memory_never_collapses_and_bad_input_is_named():
    noise, x = UniformNoise(3), torch.tensor([[0, 1]])
    assert collapse_level(x, noise) == 1.0
    for bad in ({"x_train": x[:0]}, {"x_train": x[0]}, {"trials": 0}, {"threshold": 1.0}):
        with pytest.raises(ValueError, match="at least one sentence"):
            collapse_level(**{"x_train": x, "noise": noise, **bad})
