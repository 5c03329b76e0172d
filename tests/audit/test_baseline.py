"""A classifier that never sees the model: fair on honest splits of few sentences, sure on splits by topic or length."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from uddm_mini import auc, blind_baseline
from uddm_mini.audit.baseline import FOLDS, _Words


def honest(english, n, m, seed):
    x = english.sample(n + m, seed)
    return x[:n], x[n:]


@pytest.mark.parametrize(("n", "m"), [(10, 10), (10, 60)])
def test_honest_splits_have_an_area_of_one_half_on_average(english, n, m):
    # 1,000 areas have a standard error of 0.006; of sentences that the classifier has seen, they would be near 1
    areas = []
    for seed in range(1000):
        x = torch.cat(honest(english, n, m, seed))
        text = _Words(x, torch.ones_like(x, dtype=torch.bool))
        areas.append(text.area(np.arange(n + m) < n, np.random.default_rng(seed)))
    assert np.mean(areas) == pytest.approx(0.5, abs=0.02)


def test_the_interval_holds_one_half_on_honest_splits(english):
    # 100 splits of which 95 should: 88 or fewer come once in 250
    found = [blind_baseline(*honest(english, 15, 25, seed), seed=seed) for seed in range(100)]
    assert sum(one.low <= 0.5 <= one.high for one in found) >= 89
    usual = auc(torch.arange(40.0), [False] * 25 + [True] * 15)
    assert np.mean([one.high - one.low for one in found]) > usual.high - usual.low


def test_a_split_by_topic_or_length_is_far_from_one_half(english):
    x = english.sample(400, seed=0)
    topic = x[:, 13] == x[0, 13]  # the last word
    found = blind_baseline(x[topic][:80], x[~topic][:200])
    assert found.low > 0.9 and found.value > 0.98
    assert blind_baseline(x[~topic][:80], x[topic][:80]).low > 0.9, "whichever are the members"
    short, pad = x.clone(), english.vocab_size
    short[:100, 10:] = pad  # four words fewer: nothing else tells them, once these words are gone from all
    short[:, 10:] = torch.where(short[:, 10:] == pad, pad, 0)
    found = blind_baseline(short[:100], short[100:200], ignore=[pad])
    assert found.low > 0.9
    assert blind_baseline(short[:100], short[100:200], ignore=[pad, 0]).low < 0.5, "the length counts what is counted"


def test_the_area_is_that_of_naive_bayes_on_the_other_folds(english):
    x = english.sample(30, seed=1)
    member, counted = np.arange(30) < 12, torch.ones_like(x, dtype=torch.bool)
    got = _Words(x, counted).area(member, np.random.default_rng(4))
    # the same folds, and the classifier written out
    rng, fold = np.random.default_rng(4), np.empty(30, dtype=int)
    for kind in (True, False):
        rows = np.flatnonzero(member == kind)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    words = x.unique().numel() + 1  # the length, which is that of all
    total, won = 0, 0.0
    for k in range(FOLDS):

        def log_p(word, kind, k=k):
            said = x[torch.from_numpy((fold != k) & (member == kind))]
            return np.log((int((said == word).sum()) + 1) / (said.numel() + len(said) + words))

        scores = [sum(log_p(w, True) - log_p(w, False) for w in row.tolist()) for row in x]
        for i in np.flatnonzero((fold == k) & member):
            for j in np.flatnonzero((fold == k) & ~member):
                total, won = total + 1, won + (scores[i] > scores[j]) + (scores[i] == scores[j]) / 2
    assert got == pytest.approx(won / total, abs=1e-12)


def test_the_seed_decides_everything(english):
    members, strangers = honest(english, 20, 20, 0)
    assert blind_baseline(members, strangers, seed=1) == blind_baseline(members, strangers, seed=1)
    assert blind_baseline(members, strangers, seed=1) != blind_baseline(members, strangers, seed=2)


def test_bad_input_is_named(english):
    x = english.sample(20, seed=0)
    for members, strangers, ignore, message in (
        (x[:9], x[9:], (), "at least 10 members and 10 strangers"),
        (x[:10], x[10:, :5], (), "of one length"),
        (x[:10], x[10:], range(200), "No token"),
    ):
        with pytest.raises(ValueError, match=message):
            blind_baseline(members, strangers, ignore=ignore)
