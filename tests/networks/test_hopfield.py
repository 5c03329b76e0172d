"""Hopfield networks against sums written out and cited capacities."""

from __future__ import annotations

import itertools

import pytest
import torch
from small_networks import seeded, spin_patterns

from uddm_mini import HopfieldNetwork, recall_curve


def test_hebb_couplings_and_energy_are_the_sums_in_the_textbook():
    xi, x = spin_patterns(3, 6), spin_patterns(4, 6, seed=1)
    network = HopfieldNetwork(xi)
    for i, j in itertools.product(range(6), repeat=2):
        expected = 0 if i == j else sum(int(p[i] * p[j]) for p in xi) / 6
        assert network.weights[i, j] == pytest.approx(expected)
    energy = [-0.5 * sum(float(network.weights[i, j] * s[i] * s[j]) for i in range(6) for j in range(6)) for s in x]
    assert network.energy(x).tolist() == pytest.approx(energy)


def test_projection_keeps_any_fewer_than_n_patterns():
    xi = spin_patterns(90, 100)
    projection = HopfieldNetwork(xi, "projection")
    assert torch.equal(projection.update(xi, "sync"), xi)
    assert (projection.margin(xi) > 0).all()
    assert (HopfieldNetwork(xi).margin(xi) < 0).any(dim=1).all()  # at this load Hebb keeps none of them


def test_dependent_patterns_have_a_projection_too():
    xi = spin_patterns(5, 100)
    once, twice = HopfieldNetwork(xi, "projection"), HopfieldNetwork(torch.cat([xi, xi]), "projection")
    torch.testing.assert_close(twice.weights, once.weights)


def test_capacity_drops_toward_0138_and_more_sharply_in_larger_networks():
    # Amit, Gutfreund and Sompolinsky 1985: in the limit of large N, retrieval ends at a load of 0.138
    rows = {}
    for n_units in (200, 500, 1000):
        counts = [round(load * n_units) for load in (0.05, 0.10, 0.15, 0.20, 0.25)]
        curve = recall_curve(HopfieldNetwork, n_units, counts, [0.1], starts=30, steps=20, generator=seeded())
        rows[n_units] = curve.overlap.tolist()
    for overlap in rows.values():
        assert min(overlap[:2]) > 0.95
        assert overlap[2] < 0.99
        assert max(overlap[3:]) < 0.8
    for load in (3, 4):  # sharper with N
        assert rows[200][load] > rows[1000][load]
    assert rows[200][3] > rows[500][3] > rows[1000][3]


@pytest.mark.parametrize(
    ("patterns", "rule", "message"),
    [
        (torch.zeros(0, 3), "hebb", "at least one pattern"),
        (torch.ones(3), "hebb", "at least one pattern"),
        (torch.zeros(2, 3), "hebb", "Spins are"),
        (torch.ones(2, 3), "delta", "rule must be"),
    ],
)
def test_bad_patterns_and_rules_are_named(patterns, rule, message):
    with pytest.raises(ValueError, match=message):
        HopfieldNetwork(patterns, rule)
