"""Absorbing noise against the enumeration of a world of two words, and through everything that takes a noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from uddm_mini import (
    AbsorbingNoise,
    MemorizingDenoiser,
    PopulationDenoiser,
    ToyLanguage,
    Walk,
    Wrapped,
    conditional_entropy,
    load,
    mean_nelbo,
    run_sweep,
    sample,
    save,
    token_recovery,
    train,
)
from uddm_mini.noise import Cosine, NoiseSettings, settings_of

V, L = 3, 2
NOISE = AbsorbingNoise(V)
CLEAN = torch.tensor(list(itertools.product(range(V), repeat=L)))  # [9, 2]
NOISY = torch.tensor(list(itertools.product(range(V + 1), repeat=L)))  # [16, 2], the mask is 3


class Pairs:
    """A world of two words with probabilities p float64[V, V]."""

    vocab_size, length = V, L

    def __init__(self, seed=0):
        p = torch.rand(V, V, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        self.p = p / p.sum()

    def sample(self, n, seed):
        drawn = torch.multinomial(self.p.flatten(), n, True, generator=torch.Generator().manual_seed(seed))
        return CLEAN[drawn]

    def log_prob(self, x):
        return self.p[x[:, 0], x[:, 1]].log()

    def cavity(self, likelihood):
        first, second = likelihood[:, 1] @ self.p.T, likelihood[:, 0] @ self.p
        joint = torch.stack([first, second], dim=1)
        return (joint / joint.sum(dim=2, keepdim=True)).log()


WORLD = Pairs()
EXACT = PopulationDenoiser(WORLD, NOISE)


def one_word(alpha):
    """q(x_t = b | x_0 = v), [V, V + 1]."""
    table = torch.zeros(V, V + 1, dtype=torch.float64)
    table[range(V), range(V)], table[:, V] = alpha, 1 - alpha
    return table


def forward(alpha):
    """q(x_t | x_0) of whole sentences, [9, 16]."""
    return torch.stack([one_word(alpha)[CLEAN[:, k]][:, NOISY[:, k]] for k in range(L)]).prod(dim=0)


def given_noisy(alpha):
    """p(x_0^l = v | x_t) by enumeration, [16, 2, 3]."""
    joint = WORLD.p.flatten()[:, None] * forward(alpha)
    joint = joint / joint.sum(dim=0)
    return torch.stack([torch.stack([joint[CLEAN[:, k] == v].sum(dim=0) for v in range(V)], 1) for k in range(L)], 1)


def given_the_other(alpha):
    """p(x_0^l = v | the other noisy word) by enumeration, [16, 2, 3]."""
    out = torch.zeros(16, L, V, dtype=torch.float64)
    for i, k in itertools.product(range(16), range(L)):
        weight = WORLD.p.flatten() * one_word(alpha)[CLEAN[:, 1 - k], NOISY[i, 1 - k]]
        out[i, k] = torch.stack([weight[CLEAN[:, k] == v].sum() for v in range(V)]) / weight.sum()
    return out


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_the_population_is_bayes_rule(t):
    alpha = float(NOISE.alpha(t))
    assert torch.allclose(EXACT.posterior(NOISY, t).exp(), given_noisy(alpha), atol=1e-10)
    assert torch.allclose(EXACT.cavity(NOISY, t).exp(), given_the_other(alpha), atol=1e-10)


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
def test_the_cavity_of_a_model_of_the_posterior_comes_from_masking_one_word_more(t):
    model = Wrapped(EXACT.posterior, NOISE, "posterior")
    assert torch.allclose(model.cavity(NOISY, t).exp(), given_the_other(float(NOISE.alpha(t))), atol=1e-10)


@pytest.mark.parametrize("t", [0.2, 0.7])
def test_the_memorizer_is_bayes_rule_on_its_sentences(t):
    stored = CLEAN[[0, 4, 5]]
    likely = forward(float(NOISE.alpha(t)))[[0, 4, 5]]  # [3, 16]
    seen = likely.sum(dim=0) > 0
    weight = likely / likely.sum(dim=0)
    words = torch.nn.functional.one_hot(stored, V).double()  # [3, 2, 3]
    exact = torch.einsum("nb,nlv->blv", weight[:, seen], words)
    assert torch.allclose(MemorizingDenoiser(stored, NOISE).posterior(NOISY[seen], t).exp(), exact, atol=1e-10)


def test_the_memorizer_answers_a_text_that_cannot_be_with_the_nearest():
    near = MemorizingDenoiser(torch.tensor([[0, 0], [1, 1]]), NOISE).cavity(torch.tensor([[0, 2]]), 0.5).exp()
    assert torch.allclose(near[0, 1], torch.tensor([1.0, 0, 0]).double(), atol=1e-10)


@pytest.mark.parametrize(("s", "t"), [(0.0, 0.4), (0.3, 0.6), (0.5, 1.0)])
def test_the_reverse_step_is_bayes_rule_on_tables(s, t):
    a_s, a_t = float(NOISE.alpha(s)), float(NOISE.alpha(t))
    onward = torch.zeros(V + 1, V + 1, dtype=torch.float64)  # q(x_t | x_s) of one word
    onward[range(V), range(V)], onward[:V, V], onward[V, V] = a_t / a_s, 1 - a_t / a_s, 1
    step = torch.stack([onward[NOISY[:, k]][:, NOISY[:, k]] for k in range(L)]).prod(dim=0)  # [x_s, x_t]
    joint = (WORLD.p.flatten() @ forward(a_s))[:, None] * step
    joint = joint / joint.sum(dim=0)
    exact = [torch.stack([joint[NOISY[:, k] == v].sum(dim=0) for v in range(V + 1)], 1) for k in range(L)]
    found = NOISE.reverse_step(EXACT.posterior(NOISY, t).exp(), NOISY, s, t)
    assert torch.allclose(found, torch.stack(exact, dim=1), atol=1e-10)


def information(noise, t):
    """I(x_0; x_t) by enumeration, in nats."""
    joint = WORLD.p.flatten()[:, None] * forward(float(noise.alpha(t)))
    independent = WORLD.p.flatten()[:, None] * joint.sum(dim=0)
    return float(torch.special.xlogy(joint, joint / independent).nan_to_num(0).sum())


@pytest.mark.parametrize("schedule", [NOISE.schedule, Cosine()], ids=["linear", "cosine"])
def test_the_nelbo_of_the_perfect_denoiser_is_the_information_that_noise_destroys(schedule):
    """The integral from t to 1 is I(x_0; x_t) - I(x_0; x_1)."""
    noise, first = AbsorbingNoise(V, schedule), 0.01  # nearer to 0, 1 - alpha counts as 1e-6
    exact, p = PopulationDenoiser(WORLD, noise), WORLD.p.flatten()
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        t = first + (1 - first) * float(node + 1) / 2
        q, log_p0 = forward(float(noise.alpha(t))), exact.posterior(NOISY, t)
        times = torch.full((16,), t, dtype=torch.float64)
        for i in range(9):
            cost = noise.nelbo(log_p0, CLEAN[i].expand(16, L), NOISY, times).sum(dim=1)
            total += (1 - first) * weight / 2 * float(p[i] * (q[i] * cost)[q[i] > 0].sum())
    assert total == pytest.approx(information(noise, first) - information(noise, 1.0), abs=1e-10)


def test_a_worse_denoiser_pays_more():
    x0, masked = CLEAN, torch.full_like(CLEAN, NOISE.mask)
    nothing = torch.full((9, L, V), 1 / 3).double().log()
    t = torch.full((9,), 0.5, dtype=torch.float64)
    right = NOISE.nelbo(EXACT.posterior(masked, 0.5), x0, masked, t).sum(dim=1)
    assert float(WORLD.p.flatten() @ right) < float(WORLD.p.flatten() @ NOISE.nelbo(nothing, x0, masked, t).sum(dim=1))


def test_words_that_are_seen_cost_nothing_and_stay():
    t = torch.full((9,), 0.5, dtype=torch.float64)
    assert float(NOISE.nelbo(EXACT.posterior(CLEAN, 0.5), CLEAN, CLEAN, t).abs().max()) == 0
    step = NOISE.reverse_step(EXACT.posterior(CLEAN, 0.5).exp(), CLEAN, 0.2, 0.5)
    assert torch.equal(step.argmax(dim=2), CLEAN)
    assert float(step.amax(dim=2).min()) == 1


def test_the_posterior_of_a_seen_word_does_not_tell_its_cavity():
    with pytest.raises(ValueError, match="mask it"):
        NOISE.convert(EXACT.posterior(CLEAN, 0.5), CLEAN, 0.5, "posterior", "cavity")


def test_corruption_masks_the_share_that_the_schedule_says():
    x0 = torch.zeros(20_000, 1, dtype=torch.int64)
    xt = NOISE.corrupt(x0, 0.3, torch.Generator().manual_seed(0))
    share = float((xt == NOISE.mask).double().mean())
    assert share == pytest.approx(0.3 * 0.999, abs=5 * math.sqrt(0.3 * 0.7 / 20_000))
    assert set(xt.unique().tolist()) == {0, NOISE.mask}


def test_a_mask_among_the_words_is_never_predicted():
    noise = AbsorbingNoise(V, mask=2)
    assert noise.extra_tokens == 0
    flat = Wrapped(lambda xt, t: torch.full((*xt.shape, V), 1 / 3).log(), noise, "posterior")
    p = flat.posterior(torch.tensor([[2, 0]]), 0.5).exp()
    assert torch.allclose(p[0, 0], torch.tensor([0.5, 0.5, 0.0]))
    assert torch.allclose(flat.cavity(torch.tensor([[2, 0]]), 0.5).exp()[0, 1], torch.tensor([0.5, 0.5, 0.0]))


@pytest.mark.parametrize("mask", [-2, V + 1])
def test_a_mask_out_of_range_is_refused(mask):
    with pytest.raises(ValueError, match="mask must be an id"):
        AbsorbingNoise(V, mask=mask)


def test_a_mask_carries_no_information():
    assert float(NOISE.information(0.0)) == pytest.approx(math.log(V))
    assert float(NOISE.information(1.0)) == pytest.approx(1e-3 * math.log(V))


@pytest.fixture(scope="module")
def language():
    return ToyLanguage()


def test_the_exact_walk_writes_the_language(language):
    exact = PopulationDenoiser(language, AbsorbingNoise(language.vocab_size))
    written = sample(exact, 128, language.length, 64, generator=torch.Generator().manual_seed(0))
    grammatical = float(language.log_prob(written).isfinite().double().mean())
    assert grammatical > 0.85  # two words at a time jump together now and then; 0.95 here


def test_training_learns_its_sentences_and_a_checkpoint_keeps_the_noise(language, tmp_path):
    noise = AbsorbingNoise(language.vocab_size)
    corpus = language.corpus(n_train=16)
    model = train(corpus.train, noise, steps=300, width=32, progress=False)
    assert model.predicts == "posterior"
    assert mean_nelbo(model, corpus.train) < mean_nelbo(model, corpus.held_out)
    seen, unseen = (
        token_recovery(model, x, 0.5, generator=torch.Generator().manual_seed(0)).recovered
        for x in (corpus.train, corpus.held_out[:64])
    )
    assert seen > 0.8 > unseen
    save(model, tmp_path / "model.safetensors")
    again = load(tmp_path / "model.safetensors")
    assert again.noise == noise
    assert torch.equal(again.best_guess(corpus.train, 0.5), model.best_guess(corpus.train, 0.5))


def test_a_memory_is_sure_of_its_own_text_and_the_language_is_not(language):
    noise, corpus = AbsorbingNoise(language.vocab_size), language.corpus(n_train=64)
    memory = conditional_entropy(MemorizingDenoiser(corpus.train, noise), corpus.train).mean()
    exact = conditional_entropy(PopulationDenoiser(language, noise), corpus.train).mean()
    assert float(memory) < 0.02 < 0.2 < float(exact)


def test_a_sweep_and_its_bounds_run_with_it(language):
    table = run_sweep(language, [8, 16], [0], noise="absorbing", steps=5, width=16, sentences=32, progress=False)
    assert table[["recovered", "entropy", "nelbo"]].notna().all(axis=None)


def test_every_walk_ends_in_words(language):
    noise, corpus = AbsorbingNoise(language.vocab_size), language.corpus(n_train=16)
    memory = MemorizingDenoiser(corpus.train, noise)
    for method in ("argmax", "iterate", "reverse"):
        found = token_recovery(memory, corpus.train, 0.5, Walk(method, 16), generator=torch.Generator().manual_seed(0))
        assert int(found.out.max()) < language.vocab_size, method
        assert found.unstable == 0, method


def test_settings_round_trip():
    noise = AbsorbingNoise(V, Cosine(1e-2))
    assert settings_of(noise) == NoiseSettings("absorbing", "cosine", 1e-2)
    assert settings_of(noise).of(V) == noise
