"""What all networks have in common, against energies, enumerated states, and a sweep made from scores alone."""

from __future__ import annotations

import itertools

import pytest
import torch
from small_networks import (
    ENERGY,
    EVERY,
    TOKENS,
    as_state,
    as_tokens,
    build,
    seeded,
    spin_patterns,
    states,
    token_patterns,
)

from uddm_mini import (
    DenseAssociativeMemory,
    HopfieldNetwork,
    UniformNoise,
    Walk,
    as_denoiser,
    loop_work,
    token_recovery,
)
from uddm_mini.denoiser import Denoiser
from uddm_mini.networks.base import Network, NetworkDenoiser, choose

with_energy = pytest.mark.parametrize("name", ENERGY)
every_network = pytest.mark.parametrize("name", EVERY)


class ScoresOnly(Network):
    """A network that gives nothing but the scores of another one, and leaves the rest to the base class."""

    def __init__(self, other):
        self.other = other
        self.length, self.vocab_size, self.spins = other.length, other.vocab_size, other.spins

    def scores(self, x):
        return self.other.scores(x)


# --- scores


@with_energy
def test_scores_are_energy_differences(name):
    network = build(name)
    x = states(network)
    scores, tokens = network.scores(x), as_tokens(network, x)

    def energy_with(unit, symbol):
        changed = tokens.clone()
        changed[:, unit] = symbol
        return network.energy(as_state(network, changed))

    for unit, symbol in itertools.product(range(network.length), range(network.vocab_size)):
        gain = energy_with(unit, 0) - energy_with(unit, symbol)
        # float64 throughout; energies are of order 10
        torch.testing.assert_close(scores[:, unit, symbol] - scores[:, unit, 0], gain, rtol=1e-9, atol=1e-9)


@every_network
def test_a_closed_loop_returns_the_work_only_where_there_is_an_energy(name):
    network = build(name)
    x = states(network)
    work = torch.stack([loop_work(network, x, i, j) for i, j in ((0, 1), (2, 5), (4, 3))])
    if name in ENERGY:
        torch.testing.assert_close(work, torch.zeros_like(work), rtol=0, atol=1e-9)
    else:
        assert (work.abs() > 1e-3).any()


def test_the_work_around_a_loop_of_spins_is_the_asymmetry_of_two_couplings():
    network = build("pseudo")
    x, w = states(network), network.weights
    torch.testing.assert_close(loop_work(network, x, 2, 5), 4 * x.double()[:, 2] * x[:, 5] * (w[5, 2] - w[2, 5]))
    with pytest.raises(ValueError, match="two different"):
        loop_work(network, x, 2, 2)


def test_a_tie_keeps_the_symbol_that_is_there():
    current = torch.tensor([0, 1, 2])
    assert torch.equal(choose(torch.zeros(3, 3), current), current)


def test_no_temperature_is_negative():
    with pytest.raises(ValueError, match="at least 0"):
        choose(torch.zeros(1, 3), torch.tensor([0]), -1.0)


# --- updates and recall


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


@with_energy
def test_with_an_energy_every_start_ends_in_a_fixed_point(name):
    network = build(name)
    x = network.recall(states(network, n=200), steps=100)
    assert torch.equal(network.update(x), x)


@every_network
@pytest.mark.parametrize("temperature", [0.0, 0.8])
@pytest.mark.parametrize("units", [None, [3, 0, 3, 2]])
def test_the_fast_sweep_of_a_network_is_the_plain_one_from_its_scores(name, units, temperature):
    network = build(name)
    x = states(network)
    options = {"temperature": temperature, "units": units}
    expected = ScoresOnly(network).update(x, generator=seeded(), **options)
    assert torch.equal(network.update(x, generator=seeded(), **options), expected)
    assert not torch.equal(expected, x)


def test_a_sweep_is_one_unit_after_another():
    network = build("pseudo tokens")
    x = states(network)
    expected = x.clone()
    for unit in range(network.length):
        expected[:, unit] = choose(network.scores(expected)[:, unit], expected[:, unit])
    assert torch.equal(network.update(x), expected)
    assert not torch.equal(network.update(x, generator=seeded()), expected)  # another order


@every_network
def test_at_once_every_unit_takes_its_best_symbol(name):
    network = build(name)
    x = states(network)
    scores, after = network.scores(x), network.update(x, "sync")
    chosen = scores.gather(2, as_tokens(network, after).unsqueeze(2)).squeeze(2)
    torch.testing.assert_close(chosen, scores.amax(dim=2), rtol=0, atol=1e-9)
    assert not torch.equal(after, x)


@every_network
def test_at_once_only_the_units_asked_for_move(name):
    network = build(name)
    x = states(network)
    expected = x.clone()
    expected[:, [0, 3]] = network.update(x, "sync")[:, [0, 3]]
    assert torch.equal(network.update(x, "sync", units=torch.tensor([3, 0])), expected)


@every_network
@pytest.mark.parametrize("mode", ["async", "sync"])
def test_an_update_leaves_its_input_alone_and_keeps_its_kind(name, mode):
    network = build(name)
    x = states(network)
    x = x.float() if network.spins else x
    before = x.clone()
    after = network.update(x, mode)
    assert torch.equal(x, before)
    assert after.dtype == x.dtype


@every_network
def test_warm_units_draw_from_the_softmax_of_their_scores(name):
    network = build(name)
    x = states(network, n=1).expand(20_000, -1)
    expected = (network.scores(x[:1]) / 0.8).softmax(dim=2)[0]  # [L, V]
    at_once = as_tokens(network, network.update(x, "sync", 0.8, seeded()))
    alone = as_tokens(network, network.update(x, "async", 0.8, seeded(), units=[0]))
    for tokens, unit in [(alone, 0), *((at_once, unit) for unit in range(network.length))]:
        share = torch.bincount(tokens[:, unit], minlength=network.vocab_size) / len(x)
        # 5 standard deviations of a share among 20,000 draws are at most 0.018
        torch.testing.assert_close(share.double(), expected[unit], rtol=0, atol=0.018)


@pytest.mark.parametrize("name", ["hebb", "beta"])
def test_at_temperature_t_the_states_settle_in_the_boltzmann_distribution(name):
    patterns = spin_patterns(3, 5)
    network = HopfieldNetwork(patterns) if name == "hebb" else DenseAssociativeMemory(patterns, beta=0.7)
    everything = torch.tensor(list(itertools.product([-1, 1], repeat=5)))
    expected = (-network.energy(everything) / 0.9).softmax(dim=0)
    x = network.recall(states(network, n=20_000), 30, temperature=0.9, generator=seeded())
    index = ((x > 0).long() * 2 ** torch.arange(4, -1, -1)).sum(dim=1)
    share = torch.bincount(index, minlength=32) / len(x)
    # 5 standard deviations of a share near 0.1 among 20,000 draws are 0.011
    torch.testing.assert_close(share.double(), expected, rtol=0, atol=0.011)


@every_network
def test_a_trajectory_begins_at_the_start_and_ends_at_the_answer(name):
    network = build(name)
    x = states(network)
    path = network.recall(x, 6, generator=seeded(), trajectory=True)
    assert path.shape == (7, *x.shape)
    assert path.dtype == x.dtype
    assert torch.equal(path[0], x)
    assert torch.equal(path[-1], network.recall(x, 6, generator=seeded()))


@every_network
@pytest.mark.parametrize("mode", ["async", "sync"])
def test_no_states_come_back_as_none(name, mode):
    network = build(name)
    assert network.recall(states(network)[:0], 3, mode=mode).shape == (0, network.length)


class Hesitant(Network):
    """A network that leaves its state alone twice, then flips every spin."""

    length, vocab_size, spins = 5, 2, True

    def __init__(self):
        self.calls = 0

    def scores(self, x):
        self.calls += 1
        wanted = -x if self.calls == 3 else x
        return torch.stack([-wanted, wanted], dim=2).double() * 1e9  # so much that chance has no say


def test_only_at_temperature_zero_is_a_state_that_did_not_move_final():
    x = torch.ones(2, 5)
    cold, warm = Hesitant(), Hesitant()
    assert torch.equal(cold.recall(x, steps=3, mode="sync"), x)
    assert cold.calls == 1
    assert torch.equal(warm.recall(x, steps=3, mode="sync", temperature=0.5), -x), "chance may still move it later"


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
    for mode in ("async", "sync"):
        with pytest.raises(ValueError, match="units must be"):
            network.update(x, mode, units=[99])


# --- networks as denoisers


@pytest.mark.parametrize("name", ["hebb", "degree 3", "pseudo", "pseudo tokens", "beta tokens"])
def test_the_recovery_probe_runs_the_networks_own_dynamics(name):
    network = build(name)
    model = as_denoiser(network, UniformNoise(network.vocab_size))
    found = token_recovery(
        model, as_tokens(network, states(network, n=40)), 0.3, Walk("iterate", 8), generator=seeded()
    )
    end = network.recall(as_state(network, found.xt), 8, mode="sync")
    assert torch.equal(found.out, as_tokens(network, end))


def test_the_recovery_probe_finds_stored_patterns_and_only_those():
    model = as_denoiser(HopfieldNetwork(spin_patterns(10, 200)), UniformNoise(2))
    kept, unseen = (
        token_recovery(model, (spin_patterns(10, 200, seed) > 0).long(), 0.3, "iterate", generator=seeded())
        for seed in (0, 1)
    )
    assert kept.recovered > 0.99
    assert kept.exact >= 0.9
    assert unseen.recovered < 0.7
    assert unseen.exact == 0


def test_a_network_is_a_denoiser_with_its_noise_and_form():
    network, noise = build("pseudo tokens"), UniformNoise(TOKENS)
    model = as_denoiser(network, noise, predicts="cavity")
    assert isinstance(model, NetworkDenoiser)
    assert isinstance(model, Denoiser)
    assert model.noise == noise
    assert model.predicts == "cavity"
    assert as_denoiser(network, noise).predicts == "posterior"


def test_the_answer_is_the_softmax_of_the_scores():
    network, x = build("pseudo tokens"), token_patterns(3, 6)
    model = as_denoiser(network, UniformNoise(TOKENS), temperature=0.5)
    # up to the tie that goes to the symbol that is there, 1e-9
    expected = (network.scores(x) / 0.5).softmax(dim=2)
    torch.testing.assert_close(model(x, torch.zeros(3)).exp(), expected, rtol=0, atol=1e-8)


class Masked(UniformNoise):
    """A noise whose text holds one token that no clean text has."""

    extra_tokens = 1


@pytest.mark.parametrize(
    ("name", "noise", "temperature", "message"),
    [
        ("hebb", UniformNoise(2), 0.0, "above 0"),
        ("hebb", UniformNoise(3), 1.0, "2 symbols, but noisy text has 3 words"),
        ("pseudo tokens", Masked(TOKENS), 1.0, "4 symbols, but noisy text has 4 words and 1 other"),
    ],
)
def test_a_denoiser_that_cannot_be_is_named(name, noise, temperature, message):
    with pytest.raises(ValueError, match=message):
        as_denoiser(build(name), noise, temperature)
