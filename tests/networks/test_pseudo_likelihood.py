"""Pseudo-likelihood against its definition, its optimum, and what its basins are known for."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from small_networks import NO_ENERGY, TOKENS, as_tokens, build, seeded, spin_patterns, states, token_patterns

from uddm_mini import HopfieldNetwork, PseudoLikelihoodNetwork, feature_patterns, flip, random_patterns

every = pytest.mark.parametrize("name", ["pseudo", "pseudo tokens", "symmetric", "symmetric tokens"])


def patterns_of(network):
    """The patterns that `small_networks` trains it on."""
    return spin_patterns() if network.spins else token_patterns(20, 6)


def nats_per_pattern(network, x, l2):
    """The objective with every sum over patterns, units and other units written out."""
    total = l2 / 2 * float(network.weights.square().sum())
    for row, unit in itertools.product(x, range(network.length)):
        others = [j for j in range(network.length) if j != unit]
        if network.spins:
            h = network.bias[unit] + sum(network.weights[unit, j] * row[j] for j in others)
            total += math.log1p(math.exp(-2 * float(row[unit] * h))) / len(x)
        else:
            keys = [unit * TOKENS + v for v in range(TOKENS)]
            fields = [network.bias[k] + sum(network.weights[k, j * TOKENS + row[j]] for j in others) for k in keys]
            total -= float(torch.stack(fields).log_softmax(dim=0)[row[unit]]) / len(x)
    return total


def trained_a_little(tokens, symmetric):
    """Return a network with couplings and biases that mean nothing, and its patterns."""
    x = token_patterns(9, 4) if tokens else spin_patterns(9, 5)
    network = PseudoLikelihoodNetwork(x, vocab_size=TOKENS if tokens else None, steps=3, bias=True, symmetric=symmetric)
    network.bias += torch.randn(network.bias.shape, generator=seeded(), dtype=torch.float64) / 5
    return network, x


@pytest.mark.parametrize("tokens", [False, True])
def test_the_objective_is_the_conditional_likelihood(tokens):
    network, x = trained_a_little(tokens, symmetric=False)
    loss = network.objective(as_tokens(network, x), 0.05)[0]
    assert loss == pytest.approx(nats_per_pattern(network, x, 0.05), abs=1e-12)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("tokens", [False, True])
def test_the_gradient_is_a_central_difference(tokens, symmetric):
    network, x = trained_a_little(tokens, symmetric)
    ids, l2, block = as_tokens(network, x), 0.05, TOKENS if tokens else 1
    _, grad, grad_bias = network.objective(ids, l2)
    direction = torch.randn(grad.shape, generator=seeded(1), dtype=torch.float64)
    direction.view(network.length, block, network.length, block).diagonal(dim1=0, dim2=2).zero_()
    direction = (direction + direction.T) / 2 if symmetric else direction
    change = torch.randn(grad_bias.shape, generator=seeded(2), dtype=torch.float64)
    step, sides = 1e-5, []
    for sign in (1, -2):  # to +step, then on to -step
        network.weights += sign * step * direction
        network.bias += sign * step * change
        sides.append(network.objective(ids, l2)[0])
    # a central difference of a smooth function: error of order step^2, plus rounding of about 1e-15 / step
    slope = (sides[0] - sides[1]) / (2 * step)
    assert slope == pytest.approx(float((grad * direction).sum() + (grad_bias * change).sum()), abs=1e-7)


@every
def test_training_reaches_the_optimum(name):
    network = build(name)
    loss, grad, grad_bias = network.objective(as_tokens(network, patterns_of(network)), 1e-3)
    assert grad.abs().max() < 1e-4  # convex: a vanishing gradient is the optimum
    assert grad_bias.abs().max() < 1e-4
    assert min(network.history) == pytest.approx(loss)
    assert network.history[0] > 5 * loss


@every
def test_no_unit_is_coupled_to_itself(name):
    network = build(name)
    block = 1 if network.spins else TOKENS
    own = network.weights.view(network.length, block, network.length, block).diagonal(dim1=0, dim2=2)
    assert (own == 0).all()


@every
def test_couplings_are_symmetric_only_where_that_is_forced(name):
    assert (build(name).asymmetry() < 1e-12) == name.startswith("symmetric")


@every
def test_patterns_are_more_likely_than_other_states(name):
    network = build(name)
    known, others = (network.log_likelihood(x) for x in (patterns_of(network), states(network, n=50)))
    assert (known <= 0).all()
    assert known.mean() > others.mean()


def test_biases_are_zero_unless_asked_for():
    assert (PseudoLikelihoodNetwork(spin_patterns(), steps=3).bias == 0).all()
    assert (build("pseudo").bias != 0).any()


@pytest.mark.parametrize("name", NO_ENERGY)
def test_asking_for_an_energy_that_does_not_exist_explains_why(name):
    network = build(name)
    with pytest.raises(TypeError, match=r"no energy: its couplings are not symmetric.*loop_work"):
        network.energy(states(network))


@every
def test_the_margin_is_positive_where_a_unit_is_stable(name):
    network = build(name)
    x = states(network)
    stable = network.update(x, "sync") == x
    assert torch.equal(network.margin(x) > 0, stable)
    assert stable.any()
    assert not stable.all()


def test_spins_have_the_margin_of_their_field():
    network = build("pseudo")
    x = states(network)
    field = x.double() @ network.weights.T + network.bias
    torch.testing.assert_close(network.margin(x), x * field / network.weights.norm(dim=1))


def test_tokens_have_the_margin_of_the_nearest_other_symbol():
    network = build("pseudo tokens")
    x = states(network, n=2)
    scores, margin = network.scores(x), network.margin(x)
    for b, unit in itertools.product(range(2), range(6)):
        own = int(x[b, unit])
        row = network.weights[unit * TOKENS : (unit + 1) * TOKENS]
        distances = [
            float((scores[b, unit, own] - scores[b, unit, v]) / (row[own] - row[v]).norm())
            for v in range(TOKENS)
            if v != own
        ]
        assert float(margin[b, unit]) == pytest.approx(min(distances))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_pseudo_likelihood_digs_wider_basins_than_hebb_at_the_same_load(seed):
    xi = spin_patterns(60, 200, seed)  # load 0.3, twice what Hebb can hold
    start = flip(xi, 0.2, seeded(seed))
    network = PseudoLikelihoodNetwork(xi)
    assert network.asymmetry() > 0.01
    assert (network.recall(start) == xi).double().mean() > 0.95
    assert (HopfieldNetwork(xi).recall(start) == xi).double().mean() < 0.75


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_held_out_patterns_become_attractors_when_examples_are_many(seed):
    # 21 hidden spins, each copied to 5 units with fixed signs: two million possible patterns
    g = seeded(seed)
    features = (torch.arange(105) // 5 == torch.arange(21)[:, None]).long() * random_patterns(21, 105, g)
    pool = feature_patterns(356, features, 21, g)
    attractors, entropy = {}, {}
    for n in (8, 256):
        network = PseudoLikelihoodNetwork(pool[:n], l2=1e-2)
        for split, x in (("train", pool[:n][:100]), ("held-out", pool[-100:])):
            end = network.recall(flip(x, 0.02, seeded(seed)))  # 2 units of 105
            attractors[n, split] = float((end == x).all(dim=1).double().mean())
            entropy[n, split] = float(-network.log_likelihood(x).mean())
    assert attractors[8, "train"] == 1
    assert attractors[8, "held-out"] <= 0.05  # one may lie near a mixture
    assert attractors[256, "train"] > 0.9
    assert attractors[256, "held-out"] > 0.9
    assert entropy[8, "held-out"] > 0.3
    assert entropy[256, "held-out"] < 0.05


@pytest.mark.parametrize(
    ("patterns", "options", "message"),
    [
        (torch.ones(3), {}, "at least one pattern"),
        (torch.zeros(2, 3), {}, "Spins are"),
        (torch.ones(2, 3), {"l2": 0}, "l2 must be"),
        (torch.full((2, 3), 4), {"vocab_size": 4}, "Token states must"),
    ],
)
def test_bad_patterns_and_settings_are_named(patterns, options, message):
    with pytest.raises(ValueError, match=message):
        PseudoLikelihoodNetwork(patterns, **options)
