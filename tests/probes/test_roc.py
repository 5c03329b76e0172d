"""ROC and area by counting pairs; the interval by its definition and its coverage; the threshold's promise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from uddm_mini import auc, roc, threshold_at

ITEMS = st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=30).filter(
    lambda items: len({label for _, label in items}) == 2
)


def by_pairs(scores, labels):
    pairs = [(p, n) for (p, a), (n, b) in itertools.product(zip(scores, labels, strict=True), repeat=2) if a and not b]
    return sum((p > n) + (p == n) / 2 for p, n in pairs) / len(pairs)


@given(ITEMS)
def test_the_area_counts_pairs_and_is_the_area_of_the_curve(items):
    scores, labels = zip(*items, strict=True)
    area = auc(scores, labels).value
    assert area == pytest.approx(by_pairs(scores, labels))
    x, y, thresholds = roc(scores, labels)
    assert float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2)) == pytest.approx(area)  # trapezoids: ties count half
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    for fpr, tpr, level in zip(x, y, thresholds, strict=True):
        said = [score >= level for score in scores]
        assert fpr == pytest.approx(np.mean([s for s, label in zip(said, labels, strict=True) if not label]))
        assert tpr == pytest.approx(np.mean([s for s, label in zip(said, labels, strict=True) if label]))


@given(ITEMS)
def test_turning_scores_around_turns_the_area_around(items):
    scores, labels = zip(*items, strict=True)
    up, down = auc(scores, labels), auc([-s for s in scores], labels)
    assert up.value == pytest.approx(1 - down.value)
    assert up.low == pytest.approx(1 - down.high, abs=1e-9)
    assert 0 <= up.low <= up.value <= up.high <= 1


def test_the_interval_is_the_set_that_its_definition_names():
    generator = np.random.default_rng(0)
    for m, n, shift in ((8, 30, 1.0), (20, 20, 2.5), (5, 5, 9.0)):
        scores = np.concatenate([generator.normal(shift, 1, m), generator.normal(0, 1, n)])
        found = auc(scores, [1] * m + [0] * n)
        a = np.linspace(0, 1, 200_001)
        q1, q2 = a / (2 - a), 2 * a * a / (1 + a)  # Hanley and McNeil, with the mean size for m - 1 and n - 1
        size = (m + n) / 2 - 1
        variance = (a * (1 - a) + size * (q1 - a * a) + size * (q2 - a * a)) / (m * n)
        inside = a[(a - found.value) ** 2 <= 1.959964**2 * variance]
        assert found.low == pytest.approx(inside.min(), abs=2e-5)
        assert found.high == pytest.approx(inside.max(), abs=2e-5)


def test_a_perfect_detector_of_few_items_is_not_certain():
    found = auc([3.0, 4, 5, 1, 2, 0], [1, 1, 1, 0, 0, 0])
    assert found.value == found.high == 1
    assert 0.3 < found.low < 0.7  # three of each prove little
    many = auc(torch.arange(400.0), torch.arange(400) >= 200)
    assert many.value == 1 and 0.98 < many.low < 1
    assert auc([3.0, 4, 5, 1, 2, 0], [1, 1, 1, 0, 0, 0], confidence=0.5).low > found.low


@pytest.mark.parametrize(("shift", "spread", "m", "n"), [(1.2, 1.0, 10, 10), (2.3, 0.5, 30, 30), (3.3, 1.0, 10, 40)])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(shift, spread, m, n):
    truth = 0.5 * (1 + math.erf(shift / math.sqrt(2 * (1 + spread**2))))
    generator, held = np.random.default_rng(0), 0
    for _ in range(400):
        scores = np.concatenate([generator.normal(shift, spread, m), generator.normal(0, 1, n)])
        found = auc(scores, [1] * m + [0] * n)
        held += found.low <= truth <= found.high
    assert held / 400 > 0.92  # nominally 0.95; 400 trials: a standard deviation is 0.011


def test_the_threshold_keeps_its_promise_on_new_items():
    generator, rate, said = np.random.default_rng(0), 0.1, []
    for _ in range(2000):
        scores = generator.exponential(size=26)
        level = threshold_at(scores[:25], rate)
        said.append(scores[25] > level)
    # floor(0.1 * 26) = 2 of 26 ranks say yes: 0.077; 2,000 trials know it to 0.006
    assert abs(np.mean(said) - 2 / 26) < 0.02


def test_the_threshold_by_hand():
    no = [5.0, 1, 2, 3, 4, 6, 7, 8, 9]
    assert threshold_at(no, 0.1) == 9 and threshold_at(no, 0.2) == 8
    assert threshold_at([1.0] * 9, 0.1) == 1  # ties: "above" says no to all of them
    with pytest.raises(ValueError, match="needs at least 19 negatives, but there are 9"):
        threshold_at(no, 0.05)
    assert threshold_at(np.arange(1.0, 20.0), 0.05) == 19
    with pytest.raises(ValueError, match="NaN"):
        threshold_at([1.0, float("nan")], 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_at(no, 0.0)


@pytest.mark.parametrize("function", [auc, roc])
def test_bad_input_is_named(function):
    for scores, labels, message in (
        ([1.0, 2.0], [1, 1], "same label"),
        ([1.0, 2.0], [1], "one label for each"),
        ([1.0, float("nan")], [1, 0], "NaN"),
        ([1.0, 2.0], [1, 2], "True or False"),
    ):
        with pytest.raises(ValueError, match=message):
            function(scores, labels)
    with pytest.raises(ValueError, match="between 0 and 1"):
        auc([1.0, 2.0], [1, 0], confidence=1.0)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.int64])
def test_scores_may_have_any_type(dtype):
    scores = torch.tensor([3, 1, 2, 0]).to(dtype)
    assert auc(scores, torch.tensor([True, True, False, False])).value == 0.75
    assert roc(scores, [1, 1, 0, 0])[2].tolist() == [math.inf, 3, 2, 1, 0] and threshold_at(scores, 0.25) == 3


def test_the_interval_of_clusters_is_that_of_a_plain_resampling():
    generator = np.random.default_rng(0)
    group = np.repeat(np.arange(12), 4)
    labels = group < 5
    scores = generator.normal(size=48) + generator.normal(size=12)[group] + 1.5 * labels
    found = auc(scores, labels, clusters=group, draws=4000)
    assert found.value == auc(scores, labels).value
    areas = []
    for _ in range(2000):
        drawn = np.concatenate([generator.integers(0, 5, 5), generator.integers(5, 12, 7)])
        rows = np.concatenate([np.flatnonzero(group == g) for g in drawn])
        areas.append(auc(scores[rows], labels[rows]).value)
    assert [found.low, found.high] == pytest.approx(np.quantile(areas, [0.025, 0.975]), abs=0.02)


def test_copies_of_an_item_prove_nothing_more_if_they_are_one_cluster():
    scores, labels = np.array([3.0, 1, 4, 2, 0, 5, 2.5, 1.5]), np.array([1, 1, 1, 1, 0, 0, 0, 0])
    once = auc(scores, labels, clusters=range(8))
    copies = np.repeat(np.arange(8), 50)
    assert auc(scores[copies], labels[copies], clusters=copies) == once
    assert auc(scores[copies], labels[copies]).low > once.low + 0.1  # taken as independent, they seem to


def test_mixed_clusters_are_drawn_among_themselves():
    scores, labels, group = [2.0, 1, 0, 3], [1, 0, 1, 0], ["a", "a", "b", "b"]  # a is in order, b is not
    found = auc(scores, labels, clusters=group, draws=500)
    # aa: 1; bb: 0; ab: yes 2, 0 against no 1, 3 wins one of four pairs
    assert (found.value, found.low, found.high) == (0.25, 0.0, 1.0)


def test_one_cluster_of_a_kind_has_no_interval():
    with pytest.raises(ValueError, match="Only one cluster, a, has items of its kind"):
        auc([2.0, 1, 0], [1, 0, 0], clusters=["a", "b", "c"])
    with pytest.raises(ValueError, match="2 clusters for 3 items"):
        auc([2.0, 1, 0], [1, 0, 0], clusters=["a", "b"])
