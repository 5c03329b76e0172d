"""Patterns to store, ways to damage them, and the table of how much is recalled."""

from __future__ import annotations

import itertools

import pytest
import torch
from small_networks import seeded, spin_patterns

from uddm_mini import HopfieldNetwork, feature_patterns, flip, random_patterns, recall_curve


@pytest.mark.parametrize(("fraction", "count"), [(0.0, 0), (0.3, 15), (1.0, 50)])
def test_flip_changes_exactly_the_stated_fraction(fraction, count):
    x = spin_patterns(6, 50)
    assert ((flip(x, fraction, seeded()) == -x).sum(dim=1) == count).all()


def test_no_fraction_is_above_one():
    with pytest.raises(ValueError, match="fraction"):
        flip(spin_patterns(), 1.5)


def test_feature_patterns_are_signs_of_few_features():
    features = random_patterns(5, 30, seeded())
    triples = [
        (torch.tensor(s)[:, None] * features[list(c)]).sum(dim=0).sign()
        for c in itertools.combinations(range(5), 3)
        for s in itertools.product([-1, 1], repeat=3)
    ]
    for row in feature_patterns(20, features, 3, seeded()):
        assert any(torch.equal(row, triple) for triple in triples)


@pytest.mark.parametrize(("active", "message"), [(2, "no sign"), (6, "active must be"), (0, "active must be")])
def test_features_that_make_no_pattern_are_named(active, message):
    with pytest.raises(ValueError, match=message):
        feature_patterns(20, random_patterns(5, 30, seeded()), active, seeded())


def test_the_recall_curve_counts_what_comes_back():
    table = recall_curve(HopfieldNetwork, 40, [3, 9], [0.0, 0.2], starts=5, steps=4, generator=seeded())
    g, rows = seeded(), []
    for n in (3, 9):
        xi = random_patterns(n, 40, g)
        for fraction in (0.0, 0.2):
            end = HopfieldNetwork(xi).recall(flip(xi[:5], fraction, g), 4, mode="sync")
            agree = (end == xi[:5]).double().mean(dim=1)
            rows.append([n, n / 40, fraction, float((2 * agree - 1).mean()), float((agree >= 0.975).double().mean())])
    assert table.drop(columns="starts").to_numpy().tolist() == [pytest.approx(row) for row in rows]
    assert table.starts.tolist() == [3, 3, 5, 5]
    assert list(table) == ["n_patterns", "load", "flipped", "overlap", "recalled", "starts"]


def test_the_recall_curve_knows_its_settings():
    with pytest.raises(TypeError, match="pattern"):
        recall_curve(HopfieldNetwork, 40, [3], [0.0], pattern=7)
