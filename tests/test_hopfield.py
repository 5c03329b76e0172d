"""Associative networks against energies written out, enumerated states, finite differences and cited capacities."""

import itertools
import math

import pytest
import torch

from uddm_mini.denoisers.dense import DenseAssociativeMemory
from uddm_mini.denoisers.dynamics import as_denoiser, choose, loop_work, recall
from uddm_mini.denoisers.exact import MemorizingDenoiser
from uddm_mini.denoisers.hopfield import HopfieldNetwork
from uddm_mini.denoisers.patterns import feature_patterns, flip, random_patterns, recall_curve
from uddm_mini.denoisers.pseudo_likelihood import PseudoLikelihoodNetwork
from uddm_mini.probes.recovery import token_recovery
from uddm_mini.process.noise import UniformNoise

TOKENS = 4  # symbols of the token networks below


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def token_patterns(n, length, seed=0):
    return torch.randint(TOKENS, (n, length), generator=generator(seed))


ENERGY = {
    "hebb": lambda: HopfieldNetwork(random_patterns(7, 12, generator())),
    "projection": lambda: HopfieldNetwork(random_patterns(7, 12, generator()), "projection"),
    "degree 2": lambda: DenseAssociativeMemory(random_patterns(7, 12, generator()), degree=2),
    "degree 3": lambda: DenseAssociativeMemory(random_patterns(30, 12, generator()), degree=3),
    "degree 4 tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), degree=4, vocab_size=TOKENS),
    "beta": lambda: DenseAssociativeMemory(random_patterns(30, 12, generator()), beta=0.7),
    "beta tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), beta=1.5, vocab_size=TOKENS),
    "sharp beta tokens": lambda: DenseAssociativeMemory(token_patterns(20, 6), beta=17.0, vocab_size=TOKENS),
    "symmetric": lambda: PseudoLikelihoodNetwork(random_patterns(7, 12, generator()), symmetric=True, bias=True),
    "symmetric tokens": lambda: PseudoLikelihoodNetwork(
        token_patterns(20, 6), vocab_size=TOKENS, symmetric=True, bias=True
    ),
}
NO_ENERGY = {
    "pseudo": lambda: PseudoLikelihoodNetwork(random_patterns(7, 12, generator()), bias=True),
    "pseudo tokens": lambda: PseudoLikelihoodNetwork(token_patterns(20, 6), vocab_size=TOKENS, bias=True),
}
with_energy = pytest.mark.parametrize("name", ENERGY)
every_network = pytest.mark.parametrize("name", [*ENERGY, *NO_ENERGY])


def build(name):
    return {**ENERGY, **NO_ENERGY}[name]()


def states(network, n=20, seed=1):
    if network.spins:
        return random_patterns(n, network.length, generator(seed))
    return token_patterns(n, network.length, seed)


def with_symbol(network, x, unit, symbol):
    out = x.clone()
    out[:, unit] = 2 * symbol - 1 if network.spins else symbol
    return out


# --- what all networks share


@with_energy
def test_scores_are_energy_differences(name):
    network = build(name)
    x = states(network)
    scores = network.scores(x)
    for unit, symbol in itertools.product(range(network.length), range(network.vocab_size)):
        gain = network.energy(with_symbol(network, x, unit, 0)) - network.energy(with_symbol(network, x, unit, symbol))
        # float64 throughout; energies are of order 10
        torch.testing.assert_close(scores[:, unit, symbol] - scores[:, unit, 0], gain, rtol=1e-9, atol=1e-9)


@with_energy
def test_energy_never_rises_when_units_move_one_at_a_time(name):
    network = build(name)
    x = states(network, n=200)
    moved = False
    for unit in [*range(network.length)] * 3:
        after = network.update(x, units=[unit])
        assert (network.energy(after) <= network.energy(x) + 1e-9).all()
        moved, x = moved or not torch.equal(after, x), after
    assert moved
    x = network.recall(x, steps=100)
    assert torch.equal(network.update(x), x)  # so every start ends in a fixed point


@every_network
def test_a_sweep_is_one_unit_after_another(name):
    network = build(name)
    x = states(network)
    expected = x.clone()
    for unit in range(network.length):
        current = (expected > 0).long() if network.spins else expected
        best = choose(network.scores(expected)[:, unit], current[:, unit])
        expected = torch.where(
            torch.arange(network.length) == unit, (2 * best - 1 if network.spins else best)[:, None], expected
        )
    assert torch.equal(network.update(x), expected)


@every_network
def test_at_once_every_unit_takes_its_best_symbol(name):
    network = build(name)
    x = states(network)
    scores, after = network.scores(x), network.update(x, "sync")
    symbol = (after > 0).long() if network.spins else after
    chosen = scores.gather(2, symbol.unsqueeze(2)).squeeze(2)
    torch.testing.assert_close(chosen, scores.amax(dim=2), rtol=0, atol=1e-9)
    assert (after != x).any()
    some = network.update(x, "sync", units=[0, 3])
    assert torch.equal(some[:, [1, 2, 4, 5]], x[:, [1, 2, 4, 5]])
    assert torch.equal(some[:, [0, 3]], network.update(x, "sync")[:, [0, 3]])


@every_network
def test_a_trajectory_begins_at_the_start_and_ends_at_the_answer(name):
    network = build(name)
    x = states(network)
    path = network.recall(x, 6, generator=generator(), trajectory=True)
    assert path.shape == (7, *x.shape) and path.dtype == x.dtype
    assert torch.equal(path[0], x) and torch.equal(path[-1], network.recall(x, 6, generator=generator()))
    assert network.recall(x[:0], 3).shape == (0, network.length)


@every_network
def test_warm_units_draw_from_the_softmax_of_their_scores(name):
    network = build(name)
    x = states(network, n=1).expand(20_000, -1)
    expected = (network.scores(x[:1]) / 0.8).softmax(dim=2)[0]  # [L, V]
    drawn = {"sync": network.update(x, "sync", 0.8, generator())}
    drawn["async"] = network.update(x, "async", 0.8, generator(), units=[0])
    for mode, units in (("sync", range(network.length)), ("async", [0])):
        tokens = (drawn[mode] > 0).long() if network.spins else drawn[mode]
        for unit in units:
            share = torch.bincount(tokens[:, unit], minlength=network.vocab_size) / len(x)
            # 5 standard deviations of a share among 20,000 draws are at most 0.018
            torch.testing.assert_close(share.double(), expected[unit], rtol=0, atol=0.018)


@pytest.mark.parametrize("name", ["hebb", "beta"])
def test_at_temperature_t_the_states_settle_in_the_boltzmann_distribution(name):
    patterns = random_patterns(3, 5, generator())
    network = HopfieldNetwork(patterns) if name == "hebb" else DenseAssociativeMemory(patterns, beta=0.7)
    everything = torch.tensor(list(itertools.product([-1, 1], repeat=5)))
    expected = (-network.energy(everything) / 0.9).softmax(dim=0)
    x = network.recall(states(network, n=20_000), 30, temperature=0.9, generator=generator())
    index = ((x > 0).long() * 2 ** torch.arange(4, -1, -1)).sum(dim=1)
    share = torch.bincount(index, minlength=32) / len(x)
    # 5 standard deviations of a share near 0.1 among 20,000 draws are 0.011
    torch.testing.assert_close(share.double(), expected, rtol=0, atol=0.011)


@every_network
def test_a_closed_loop_returns_the_work_only_where_there_is_an_energy(name):
    network = build(name)
    x = states(network)
    work = torch.stack([loop_work(network, x, i, j) for i, j in ((0, 1), (2, 5), (4, 3))])
    if name in ENERGY:
        torch.testing.assert_close(work, torch.zeros_like(work), rtol=0, atol=1e-9)
    else:
        assert (work.abs() > 1e-3).any()
    if name == "pseudo":
        w = network.weights
        torch.testing.assert_close(work[1], 4 * x.double()[:, 2] * x[:, 5] * (w[5, 2] - w[2, 5]))


def test_a_tie_keeps_the_symbol_that_is_there():
    current = torch.tensor([0, 1, 2])
    assert torch.equal(choose(torch.zeros(3, 3), current), current)
    with pytest.raises(ValueError, match="at least 0"):
        choose(torch.zeros(3, 3), current, -1.0)


@every_network
def test_bad_states_and_modes_are_named(name):
    network = build(name)
    x = states(network)
    with pytest.raises(ValueError, match="one row per state"):
        network.update(x[0])
    with pytest.raises(ValueError, match="Spins are" if network.spins else "Token states must"):
        network.scores(x * 9)
    with pytest.raises(ValueError, match="mode must be"):
        network.update(x, "parallel")
    with pytest.raises(ValueError, match="units must be"):
        network.update(x, units=[99])


# --- networks as denoisers


@pytest.mark.parametrize("name", ["hebb", "degree 3", "pseudo", "pseudo tokens", "beta tokens"])
def test_the_recovery_probe_runs_the_networks_own_dynamics(name):
    network = build(name)
    x0 = states(network, n=40)
    x0 = (x0 > 0).long() if network.spins else x0
    noise = UniformNoise(network.vocab_size)
    result = token_recovery(as_denoiser(network), noise, x0, 0.3, method="iterate", steps=8, generator=generator())
    start = 2 * result.xt - 1 if network.spins else result.xt
    end = network.recall(start, 8, mode="sync")
    assert torch.equal(result.out, (end > 0).long() if network.spins else end)


def test_the_recovery_probe_finds_stored_patterns_and_only_those():
    patterns = random_patterns(10, 200, generator())
    network = as_denoiser(HopfieldNetwork(patterns))
    noise = UniformNoise(2)
    kept = token_recovery(network, noise, (patterns > 0).long(), 0.3, method="iterate", generator=generator())
    other = (random_patterns(10, 200, generator(1)) > 0).long()
    unseen = token_recovery(network, noise, other, 0.3, method="iterate", generator=generator())
    assert kept.recovered > 0.99 and kept.exact >= 0.9 and unseen.recovered < 0.7 and unseen.exact == 0


def test_a_denoiser_is_normalized_and_says_what_it_predicts():
    denoiser = as_denoiser(build("pseudo tokens"), predicts="cavity")
    log_p0 = denoiser(token_patterns(3, 6), torch.zeros(3))
    torch.testing.assert_close(log_p0.exp().sum(dim=2), torch.ones(3, 6, dtype=torch.float64))
    assert denoiser.predicts == "cavity" and denoiser.vocab_size == TOKENS
    with pytest.raises(ValueError, match="above 0"):
        as_denoiser(build("hebb"), temperature=0)


# --- Hopfield


def test_hebb_couplings_and_energy_are_the_sums_in_the_textbook():
    xi = random_patterns(3, 6, generator())
    network = HopfieldNetwork(xi)
    x = states(network, n=4)
    for i, j in itertools.product(range(6), repeat=2):
        expected = 0 if i == j else sum(int(p[i] * p[j]) for p in xi) / 6
        assert network.weights[i, j] == pytest.approx(expected)
    energy = [-0.5 * sum(float(network.weights[i, j] * s[i] * s[j]) for i in range(6) for j in range(6)) for s in x]
    assert network.energy(x).tolist() == pytest.approx(energy)


def test_projection_keeps_any_fewer_than_n_patterns():
    xi = random_patterns(90, 100, generator())
    projection, hebb = HopfieldNetwork(xi, "projection"), HopfieldNetwork(xi)
    assert torch.equal(projection.update(xi, "sync"), xi) and (projection.margin(xi) > 0).all()
    assert (hebb.margin(xi) < 0).any(dim=1).all()  # at this load Hebb keeps none of them
    twice = torch.cat([xi[:5], xi[:5]])  # dependent patterns have a projection too
    torch.testing.assert_close(
        HopfieldNetwork(twice, "projection").weights, HopfieldNetwork(xi[:5], "projection").weights
    )


def test_capacity_drops_toward_0138_and_more_sharply_in_larger_networks():
    # Amit, Gutfreund and Sompolinsky 1985: in the limit of large N, retrieval ends at a load of 0.138
    rows = {}
    for n_units in (200, 500, 1000):
        counts = [round(load * n_units) for load in (0.05, 0.10, 0.15, 0.20, 0.25)]
        rows[n_units] = recall_curve(
            HopfieldNetwork, n_units, counts, [0.1], starts=30, steps=20, generator=generator()
        ).overlap.tolist()
    for overlap in rows.values():
        assert min(overlap[:2]) > 0.95 and overlap[2] < 0.99 and max(overlap[3:]) < 0.8
    assert rows[200][3] > rows[500][3] > rows[1000][3] and rows[200][4] > rows[1000][4]  # sharper with N


# --- dense associative memories


def test_degree_two_is_hebb():
    xi = random_patterns(9, 20, generator())
    x = random_patterns(50, 20, generator(1))
    dense, hebb = DenseAssociativeMemory(xi, degree=2), HopfieldNetwork(xi)
    torch.testing.assert_close(dense.scores(x).diff(dim=2), hebb.scores(x).diff(dim=2))
    torch.testing.assert_close(dense.energy(x), hebb.energy(x) - 9 / 2)  # 9 / 2: the diagonal that Hebb leaves out


@pytest.mark.parametrize("tokens", [False, True])
def test_the_posterior_is_softmax_attention(tokens):
    beta, vocab = 0.9, TOKENS if tokens else 2
    xi = token_patterns(20, 8) if tokens else random_patterns(20, 8, generator())
    x = token_patterns(5, 8, 1) if tokens else random_patterns(5, 8, generator(1))
    network = DenseAssociativeMemory(xi, beta=beta, vocab_size=TOKENS if tokens else None)
    one_hot = lambda s: torch.nn.functional.one_hot(s if tokens else (s > 0).long(), vocab).double()  # noqa: E731
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
        best = network.posterior(x).argmax(dim=2)
        after = 2 * best - 1 if network.spins else best
        assert (network.energy(after) <= network.energy(x) + 1e-9).all()
        x = after


def test_the_token_memory_is_the_memorizing_denoiser():
    memories, x = token_patterns(200, 6), token_patterns(50, 6, 1)
    noise = UniformNoise(TOKENS)
    for t in (0.05, 0.3, 0.9):
        network = DenseAssociativeMemory.at_noise(memories, noise, t)
        expected = MemorizingDenoiser(memories, noise, "posterior")(x, torch.full((50,), t, dtype=torch.float64))
        torch.testing.assert_close(network.posterior(x).exp(), expected.exp(), rtol=0, atol=1e-6)
        # energy: exp(-beta E) is the density of the corrupted patterns, sum_i prod_l q(x_l | memory_il), rescaled
        likelihood = noise.likelihood(x, t).log()  # [B, L, V]: q(x_l | v)
        density = torch.stack([likelihood[:, torch.arange(6), m].sum(dim=1) for m in memories], dim=1).logsumexp(dim=1)
        gap = -network.beta * network.energy(x) - density
        torch.testing.assert_close(gap, gap[:1].expand(50), rtol=0, atol=1e-9)
        # the dynamics follow the cavity prediction: the same best symbol
        cavity = MemorizingDenoiser(memories, noise, "cavity")(x, torch.full((50,), t, dtype=torch.float64))
        best = network.scores(x)
        torch.testing.assert_close(best.gather(2, cavity.argmax(2, keepdim=True)), best.amax(2, keepdim=True))


def test_dense_memories_hold_far_more_patterns_than_units():
    # Krotov and Hopfield 2016: N^(k-1) / (2 (2k - 3)!! ln N) patterns with few errors; N = 100 gives 11, 362, 7238
    n_units = 100
    for degree, double_factorial in ((2, 1), (3, 3), (4, 15)):
        capacity = round(n_units ** (degree - 1) / (2 * double_factorial * math.log(n_units)))
        curve = recall_curve(
            lambda p, k=degree: DenseAssociativeMemory(p, degree=k),
            n_units, [capacity, 6 * capacity], [0.0], starts=30, steps=5, generator=generator(),
        )  # fmt: skip
        assert curve.overlap[0] > 0.99 and curve.recalled[0] > 0.9 and curve.recalled[1] < 0.5
    # Demircigil et al. 2017: exponentially many, and with basins
    curve = recall_curve(
        lambda p: DenseAssociativeMemory(p, beta=2.0),
        n_units,
        [10_000],
        [0.2],
        starts=30,
        steps=5,
        generator=generator(),
    )
    assert curve.recalled[0] == 1


def test_a_memory_asks_for_one_separation():
    xi = random_patterns(3, 4, generator())
    for bad in ({}, {"degree": 3, "beta": 1.0}):
        with pytest.raises(ValueError, match="only one"):
            DenseAssociativeMemory(xi, **bad)
    for bad in ({"degree": 1}, {"beta": 0.0}, {"beta": float("nan")}):
        with pytest.raises(ValueError, match="degree must be"):
            DenseAssociativeMemory(xi, **bad)
    with pytest.raises(ValueError, match="exponential memory"):
        DenseAssociativeMemory(xi, degree=3).posterior(xi)


# --- pseudo-likelihood


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("tokens", [False, True])
def test_objective_is_the_conditional_likelihood_and_its_gradient_is_right(tokens, symmetric):
    x = token_patterns(9, 4) if tokens else random_patterns(9, 5, generator())
    network = PseudoLikelihoodNetwork(x, vocab_size=TOKENS if tokens else None, steps=3, bias=True, symmetric=symmetric)
    ids, l2, length = (x if tokens else (x > 0).long()), 0.05, x.shape[1]
    network.bias += torch.randn(network.bias.shape, generator=generator(), dtype=torch.float64) / 5

    def by_definition():
        total = l2 / 2 * float(network.weights.square().sum())
        for row in x:
            for unit in range(length):
                if tokens:
                    fields = [
                        network.bias[unit * TOKENS + v]
                        + sum(
                            network.weights[unit * TOKENS + v, j * TOKENS + row[j]] for j in range(length) if j != unit
                        )
                        for v in range(TOKENS)
                    ]
                    total -= float(torch.stack(fields).log_softmax(dim=0)[row[unit]]) / len(x)
                else:
                    h = network.bias[unit] + sum(network.weights[unit, j] * row[j] for j in range(length) if j != unit)
                    total += math.log1p(math.exp(-2 * float(row[unit] * h))) / len(x)
        return total

    loss, grad, grad_bias = network.objective(ids, l2)
    assert loss == pytest.approx(by_definition(), abs=1e-12)
    direction = torch.randn(grad.shape, generator=generator(1), dtype=torch.float64)
    block = TOKENS if tokens else 1
    direction.view(length, block, length, block).diagonal(dim1=0, dim2=2).zero_()
    direction = (direction + direction.T) / 2 if symmetric else direction
    change = torch.randn(grad_bias.shape, generator=generator(2), dtype=torch.float64)
    step, sides = 1e-5, []
    for sign in (1, -2):  # to +step, then on to -step
        network.weights += sign * step * direction
        network.bias += sign * step * change
        sides.append(network.objective(ids, l2)[0])
    # a central difference of a smooth function: error of order step^2, plus rounding of about 1e-15 / step
    slope = (sides[0] - sides[1]) / (2 * step)
    assert slope == pytest.approx(float((grad * direction).sum() + (grad_bias * change).sum()), abs=1e-7)


@pytest.mark.parametrize("name", ["pseudo", "pseudo tokens", "symmetric", "symmetric tokens"])
def test_training_reaches_the_optimum_without_self_coupling(name):
    network = build(name)
    x = random_patterns(7, 12, generator()) if network.spins else token_patterns(20, 6)
    ids = (x > 0).long() if network.spins else x
    loss, grad, grad_bias = network.objective(ids, 1e-3)
    assert grad.abs().max() < 1e-4 and grad_bias.abs().max() < 1e-4  # convex: a vanishing gradient is the optimum
    assert min(network.history) == pytest.approx(loss) and network.history[0] > 5 * loss
    block = 1 if network.spins else TOKENS
    own = network.weights.view(network.length, block, network.length, block).diagonal(dim1=0, dim2=2)
    assert (own == 0).all()
    assert (network.asymmetry() < 1e-12) == name.startswith("symmetric")
    assert (network.log_likelihood(x) <= 0).all()
    assert network.log_likelihood(x).mean() > network.log_likelihood(states(network, n=50)).mean()


@pytest.mark.parametrize("name", NO_ENERGY)
def test_asking_for_an_energy_that_does_not_exist_explains_why(name):
    network = build(name)
    with pytest.raises(TypeError, match=r"no energy: its couplings are not symmetric.*loop_work"):
        network.energy(states(network))


@pytest.mark.parametrize("name", [*NO_ENERGY, "symmetric tokens"])
def test_the_margin_is_the_distance_to_where_a_unit_changes_its_mind(name):
    network = build(name)
    x = states(network)
    stable = network.update(x, "sync") == x
    assert torch.equal(network.margin(x) > 0, stable) and stable.any() and not stable.all()
    if name == "pseudo":
        rows = network.weights.norm(dim=1)
        torch.testing.assert_close(network.margin(x), x * (x.double() @ network.weights.T + network.bias) / rows)


def test_tokens_have_the_margin_of_the_nearest_other_symbol():
    network = build("pseudo tokens")
    x = states(network, n=2)
    scores = network.scores(x)
    for b, unit in itertools.product(range(2), range(6)):
        own = int(x[b, unit])
        row = network.weights[unit * TOKENS : (unit + 1) * TOKENS]
        expected = min(
            float((scores[b, unit, own] - scores[b, unit, v]) / (row[own] - row[v]).norm())
            for v in range(TOKENS)
            if v != own
        )
        assert float(network.margin(x)[b, unit]) == pytest.approx(expected)


def test_pseudo_likelihood_digs_wider_basins_than_hebb_at_the_same_load():
    for seed in (0, 1, 2):
        xi = random_patterns(60, 200, generator(seed))  # load 0.3, twice what Hebb can hold
        start = flip(xi, 0.2, generator(seed))
        network = PseudoLikelihoodNetwork(xi)
        assert network.asymmetry() > 0.01
        assert (network.recall(start) == xi).double().mean() > 0.95
        assert (HopfieldNetwork(xi).recall(start) == xi).double().mean() < 0.75


def test_held_out_patterns_become_attractors_when_examples_are_many():
    # 21 hidden spins, each copied to 5 units with fixed signs: two million possible patterns
    for seed in (0, 1, 2):
        g = generator(seed)
        features = (torch.arange(105) // 5 == torch.arange(21)[:, None]).long() * random_patterns(21, 105, g)
        pool = feature_patterns(356, features, 21, g)
        unseen, attractors, entropy = pool[-100:], {}, {}
        for n in (8, 256):
            network = PseudoLikelihoodNetwork(pool[:n], l2=1e-2)
            for split, x in (("train", pool[:n][:100]), ("held-out", unseen)):
                end = network.recall(flip(x, 0.02, generator(seed)))  # 2 units of 105
                attractors[n, split] = float((end == x).all(dim=1).double().mean())
                entropy[n, split] = float(-network.log_likelihood(x).mean())
        assert attractors[8, "train"] == 1 and attractors[8, "held-out"] <= 0.05  # one may lie near a mixture
        assert attractors[256, "train"] > 0.9 and attractors[256, "held-out"] > 0.9
        assert entropy[8, "held-out"] > 0.3 and entropy[256, "held-out"] < 0.05


# --- patterns


def test_flip_changes_exactly_the_stated_fraction():
    x = random_patterns(6, 50, generator())
    assert ((flip(x, 0.3, generator()) != x).sum(dim=1) == 15).all()
    assert torch.equal(flip(x, 0.0), x) and torch.equal(flip(x, 1.0), -x)
    with pytest.raises(ValueError, match="fraction"):
        flip(x, 1.5)


def test_feature_patterns_are_signs_of_few_features():
    features = random_patterns(5, 30, generator())
    x = feature_patterns(20, features, 3, generator())
    triples = [
        (torch.tensor(s)[:, None] * features[list(c)]).sum(dim=0).sign()
        for c in itertools.combinations(range(5), 3)
        for s in itertools.product([-1, 1], repeat=3)
    ]
    assert all(any(torch.equal(row, triple) for triple in triples) for row in x)
    with pytest.raises(ValueError, match="no sign"):
        feature_patterns(20, features, 2, generator())
    with pytest.raises(ValueError, match="active must be"):
        feature_patterns(20, features, 6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HopfieldNetwork(torch.zeros(0, 3)), "at least one pattern"),
        (lambda: HopfieldNetwork(torch.zeros(2, 3)), "Spins are"),
        (lambda: HopfieldNetwork(torch.ones(2, 3), "delta"), "rule must be"),
        (lambda: DenseAssociativeMemory(torch.ones(3), beta=1.0), "at least one pattern"),
        (lambda: DenseAssociativeMemory(torch.full((2, 3), 7), beta=1.0, vocab_size=4), "0 ... 3"),
        (lambda: PseudoLikelihoodNetwork(torch.ones(2, 3), l2=0), "l2 must be"),
        (lambda: PseudoLikelihoodNetwork(torch.ones(3)), "at least one pattern"),
        (lambda: loop_work(build("hebb"), torch.ones(1, 12), 2, 2), "two different"),
    ],
)
def test_bad_input_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


class Hesitant:
    """A network that leaves its state alone twice, then flips every spin."""

    def __init__(self):
        self.calls = 0

    def update(self, x, mode="async", temperature=0.0, generator=None):
        self.calls += 1
        return -x if self.calls == 3 else x.clone()


def test_only_at_temperature_zero_is_a_state_that_did_not_move_final():
    x = torch.ones(2, 5)
    cold, warm = Hesitant(), Hesitant()
    assert torch.equal(recall(cold, x, steps=3), x) and cold.calls == 1
    assert torch.equal(recall(warm, x, steps=3, temperature=0.5), -x), "chance may still move it later"
