"""The checks of the chapter accept the solutions and answer plausible mistakes with the sentence that fits."""

from __future__ import annotations

import math

import pytest
import torch

from uddm_mini import UniformNoise
from uddm_mini.chapters import dense_memories as checks


def beta(rho):
    return math.log((1 - rho) / rho)


def weights(memories, x, b):
    return (b * (memories == x).sum(dim=1).double()).softmax(dim=0)


def entropy(memories, x, b):
    return torch.special.entr(weights(memories, x, b)).sum()


def tail(V, L, low):
    return sum(math.comb(L, k) * (1 / V) ** k * (1 - 1 / V) ** (L - k) for k in range(low, L + 1))


def recall(V, L, agreeing, n):
    return (1 - tail(V, L, agreeing)) ** (n - 1)


def naive(memories, x, b):
    w = weights(memories.float(), x, b).float()
    return float((-(w * w.log()).sum()).exp())


def in_double(memories, x, b):
    w = weights(memories, x, b)
    return (-(w * w.log()).sum()).exp()


def overflows(memories, x, b):
    w = (b * (memories == x).sum(dim=1).double()).exp()
    return torch.special.entr(w / w.sum()).sum().exp()


CASES = [
    (checks.matched_beta, beta, True, "nothing can be known"),
    (checks.matched_beta, lambda r: -beta(r), False, "negative"),
    (checks.matched_beta, lambda r: (1 - r) / r, False, "its log"),
    (checks.matched_beta, lambda r: math.log2((1 - r) / r), False, "bits"),
    (checks.matched_beta, lambda r: -math.log(r), False, "flipped pixel alone"),
    (checks.matched_beta, lambda r: beta(r) / 2, False, "scalar product"),
    (checks.matched_beta, lambda r: 1.0, False, "At rho = 0.01"),
    (checks.effective_memories, lambda m, x, b: entropy(m, x, b).exp(), True, "single memory"),
    (checks.effective_memories, naive, False, "nan"),
    (checks.effective_memories, in_double, False, "At beta = 1000.0: You return nan"),
    (checks.effective_memories, overflows, False, "nothing overflows"),
    (checks.effective_memories, entropy, False, "entropy in nats"),
    (checks.effective_memories, lambda m, x, b: 1 / weights(m, x, b).square().sum(), False, "participation ratio"),
    (checks.effective_memories, lambda m, x, b: len(m), False, "counted the memories"),
    (checks.effective_memories, lambda m, x, b: 1.5, False, "You return 1.5"),
    (checks.recall_probability, recall, True, "shrinks exponentially"),
    (checks.recall_probability, lambda V, L, a, n: (1 - tail(V, L, a + 1)) ** (n - 1), False, "win a tie"),
    (checks.recall_probability, lambda V, L, a, n: (1 - tail(V, L, a)) ** n, False, "n - 1 competitors"),
    (checks.recall_probability, lambda V, L, a, n: (1 - tail(2, L, a)) ** (n - 1), False, "not 1/2"),
    (checks.recall_probability, lambda V, L, a, n: 1 - tail(V, L, a), False, "one competitor"),
    (checks.recall_probability, lambda V, L, a, n: 1 - (n - 1) * tail(V, L, a), False, "union bound"),
    (checks.recall_probability, lambda V, L, a, n: 0.0, False, "binomial"),
]


@pytest.mark.parametrize(("check", "answer", "passed", "words"), CASES)
def test_checks(check, answer, passed, words):
    result = check(answer)
    assert result.passed is passed, result.message
    assert words in result.message


def test_the_matched_beta_of_a_spin_is_the_beta_of_the_noise_level():
    noise = UniformNoise(2)
    for t in (0.1, 0.5, 0.9):
        rho = (1 - float(noise.alpha(torch.tensor(t, dtype=torch.float64)))) / 2
        x = torch.zeros(1, 3, dtype=torch.int64)
        assert float(noise.own_log_odds(t, x)) == pytest.approx(beta(rho), abs=1e-6)
