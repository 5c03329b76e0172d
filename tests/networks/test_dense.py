"""Dense associative memories against Hebb, attention, the memorizer, and cited capacities."""

from __future__ import annotations

import math

import pytest
import torch
from small_networks import TOKENS, as_state, build, seeded, spin_patterns, states, token_patterns

from uddm_mini import DenseAssociativeMemory, HopfieldNetwork, MemorizingDenoiser, UniformNoise, recall_curve


def test_degree_two_is_hebb():
    xi, x = spin_patterns(9, 20), spin_patterns(50, 20, seed=1)
    dense, hebb = DenseAssociativeMemory(xi, degree=2), HopfieldNetwork(xi)
    torch.testing.assert_close(dense.scores(x).diff(dim=2), hebb.scores(x).diff(dim=2))
    torch.testing.assert_close(dense.energy(x), hebb.energy(x) - 9 / 2)  # 9 / 2: the diagonal that Hebb leaves out


@pytest.mark.parametrize("tokens", [False, True])
def test_the_posterior_is_softmax_attention(tokens):
    beta, vocab = 0.9, TOKENS if tokens else 2
    xi, x = (
        (token_patterns(20, 8), token_patterns(5, 8, 1)) if tokens else (spin_patterns(20, 8), spin_patterns(5, 8, 1))
    )
    network = DenseAssociativeMemory(xi, beta=beta, vocab_size=TOKENS if tokens else None)

    def one_hot(s):
        return torch.nn.functional.one_hot(s if tokens else (s > 0).long(), vocab).double()

    query, keys = one_hot(x).flatten(1), one_hot(xi).flatten(1)
    attention = torch.nn.functional.scaled_dot_product_attention(query[None], keys[None], keys[None], scale=beta)[0]
    torch.testing.assert_close(network.posterior(x).exp().flatten(1), attention)
    if not tokens:  # and for spins xi^T softmax(beta / 2 xi x) (Ramsauer et al. 2021), the mean spin
        mean = (x.double() @ xi.double().T * beta / 2).softmax(dim=1) @ xi.double()
        torch.testing.assert_close(network.posterior(x).exp().diff(dim=2).squeeze(2), mean)


@pytest.mark.parametrize("name", ["beta", "beta tokens", "sharp beta tokens"])
def test_attention_never_raises_the_energy_even_with_all_units_at_once(name):
    # log-sum-exp is convex in the one-hot state, and argmax of the posterior maximizes its tangent
    network = build(name)
    x = states(network, n=300)
    for _ in range(5):
        after = as_state(network, network.posterior(x).argmax(dim=2))
        assert (network.energy(after) <= network.energy(x) + 1e-9).all()
        x = after


NOISE, LEVELS = UniformNoise(TOKENS), pytest.mark.parametrize("t", [0.05, 0.3, 0.9])


@LEVELS
def test_the_token_memory_is_the_memorizing_denoiser(t):
    memories, x = token_patterns(200, 6), token_patterns(50, 6, 1)
    network = DenseAssociativeMemory.at_noise(memories, NOISE, t)
    memorizer, level = MemorizingDenoiser(memories, NOISE), torch.full((50,), t, dtype=torch.float64)
    torch.testing.assert_close(network.posterior(x).exp(), memorizer.posterior(x, level).exp(), rtol=0, atol=1e-6)
    # the dynamics follow the cavity prediction: the same best symbol
    cavity, scores = memorizer.cavity(x, level), network.scores(x)
    torch.testing.assert_close(scores.gather(2, cavity.argmax(2, keepdim=True)), scores.amax(2, keepdim=True))


@LEVELS
def test_the_energy_at_a_noise_level_is_the_density_of_corrupted_patterns(t):
    memories, x = token_patterns(200, 6), token_patterns(50, 6, 1)
    network = DenseAssociativeMemory.at_noise(memories, NOISE, t)
    # exp(-beta E) is sum_i prod_l q(x_l | memory_il), rescaled
    likelihood = NOISE.likelihood(x, t).log()  # [B, L, V]: q(x_l | v)
    density = torch.stack([likelihood[:, torch.arange(6), m].sum(dim=1) for m in memories], dim=1).logsumexp(dim=1)
    gap = -network.beta * network.energy(x) - density
    torch.testing.assert_close(gap, gap[:1].expand(50), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("degree", "double_factorial"), [(2, 1), (3, 3), (4, 15)])
def test_polynomial_memories_hold_far_more_patterns_than_units(degree, double_factorial):
    # Krotov and Hopfield 2016: N^(k-1) / (2 (2k - 3)!! ln N) patterns with few errors; N = 100 gives 11, 362, 7238
    capacity = round(100 ** (degree - 1) / (2 * double_factorial * math.log(100)))
    curve = recall_curve(
        lambda xi: DenseAssociativeMemory(xi, degree=degree),
        100,
        [capacity, 6 * capacity],
        [0.0],
        starts=30,
        steps=5,
        generator=seeded(),
    )
    assert curve.overlap[0] > 0.99
    assert curve.recalled[0] > 0.9
    assert curve.recalled[1] < 0.5


def test_an_exponential_memory_holds_exponentially_many_with_basins():
    # Demircigil et al. 2017
    curve = recall_curve(
        lambda xi: DenseAssociativeMemory(xi, beta=2.0), 100, [10_000], [0.2], starts=30, steps=5, generator=seeded()
    )
    assert curve.recalled[0] == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "only one"),
        ({"degree": 3, "beta": 1.0}, "only one"),
        ({"degree": 1}, "degree must be"),
        ({"beta": 0.0}, "degree must be"),
        ({"beta": float("nan")}, "degree must be"),
    ],
)
def test_a_memory_asks_for_one_separation(options, message):
    with pytest.raises(ValueError, match=message):
        DenseAssociativeMemory(spin_patterns(3, 4), **options)


def test_bad_patterns_are_named():
    with pytest.raises(ValueError, match="at least one pattern"):
        DenseAssociativeMemory(torch.ones(3), beta=1.0)
    with pytest.raises(ValueError, match=r"0 ... 3"):
        DenseAssociativeMemory(torch.full((2, 3), 7), beta=1.0, vocab_size=4)


def test_only_the_exponential_memory_is_attention():
    xi = spin_patterns(3, 4)
    with pytest.raises(ValueError, match="exponential memory"):
        DenseAssociativeMemory(xi, degree=3).posterior(xi)
