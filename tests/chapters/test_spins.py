"""The checks of the chapter accept the reference solutions and explain plausible mistakes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from told import told

from uddm_mini import PseudoLikelihoodNetwork, random_patterns
from uddm_mini.chapters import spins as checks

# --- reference solutions, as on the solutions page, and in other styles -----------------------------------------------


def accident(n: int) -> float:
    return 1 / math.sqrt(n)


def unit_entropy(h: torch.Tensor) -> torch.Tensor:
    return torch.special.entr(torch.sigmoid(2 * h)) + torch.special.entr(torch.sigmoid(-2 * h))


def left_open(wrong: float, fellows: int) -> float:
    total = 0.0
    for k in range(fellows + 1):  # fellows that say plus
        plus = (1 - wrong) ** k * wrong ** (fellows - k) / 2
        minus = wrong**k * (1 - wrong) ** (fellows - k) / 2
        q = (plus * (1 - wrong) + minus * wrong) / (plus + minus)
        total -= math.comb(fellows, k) * (plus + minus) * (q * math.log(q) + (1 - q) * math.log(1 - q))
    return total


def left_open_as_difference(wrong: float, fellows: int) -> np.float64:
    """Return H(all copies) - H(its fellows), from the table of all states of the copies."""

    def entropy(copies: int) -> np.float64:
        states = np.array(np.meshgrid(*[[0, 1]] * copies)).reshape(copies, -1)
        ones = states.sum(axis=0)
        p = (wrong**ones * (1 - wrong) ** (copies - ones) + (1 - wrong) ** ones * wrong ** (copies - ones)) / 2
        return -(p * np.log(p)).sum()

    return entropy(fellows + 1) - entropy(fellows)


def unit_entropy_with_loops(h: torch.Tensor) -> list[Any]:
    def one(value: float) -> float:
        p = 1 / (1 + math.exp(-2 * max(-300.0, min(300.0, value))))
        return -sum(q * math.log(q) for q in (p, 1 - p) if q > 0)

    return [one(v) for v in h.tolist()] if h.ndim == 1 else [unit_entropy_with_loops(row) for row in h]


RIGHT: list[tuple[str, Callable[..., Any]]] = [
    ("accident", accident),
    ("accident", lambda n: np.sqrt(1 / n)),
    ("accident", lambda n: torch.tensor(1.0 / n, dtype=torch.float64).sqrt()),
    ("unit_entropy", unit_entropy),
    ("unit_entropy", unit_entropy_with_loops),
    ("left_open", left_open),
    ("left_open", left_open_as_difference),
    ("left_open", lambda wrong, fellows: torch.tensor(left_open(wrong, fellows))),
]


def test_the_references_agree_with_the_package_and_with_draws() -> None:
    network = PseudoLikelihoodNetwork(random_patterns(9, 30, torch.Generator().manual_seed(0)))
    scores = network.scores(random_patterns(4, 30, torch.Generator().manual_seed(1)))
    p = scores.softmax(dim=2)
    torch.testing.assert_close(unit_entropy(scores[:, :, 1]), -(p * p.log()).sum(dim=2))
    x = random_patterns(25, 4000, torch.Generator().manual_seed(2)).double()
    agreement = (x[:, ::2] * x[:, 1::2]).mean(dim=0)  # of 2,000 pairs in 25 patterns
    assert float(agreement.square().mean().sqrt()) == pytest.approx(accident(25), rel=0.1)


def plain_formula(h: torch.Tensor) -> torch.Tensor:
    p = torch.sigmoid(2 * h)
    return -p * p.log() - (1 - p) * (1 - p).log()


def each_count_once(wrong: float, fellows: int) -> float:
    total = 0.0
    for k in range(fellows + 1):
        plus = (1 - wrong) ** k * wrong ** (fellows - k) / 2
        minus = wrong**k * (1 - wrong) ** (fellows - k) / 2
        q = (plus * (1 - wrong) + minus * wrong) / (plus + minus)
        total -= (plus + minus) * (q * math.log(q) + (1 - q) * math.log(1 - q))
    return total


def of_the_hidden_spin(wrong: float, fellows: int) -> float:
    total = 0.0
    for k in range(fellows + 1):
        plus = (1 - wrong) ** k * wrong ** (fellows - k) / 2
        minus = wrong**k * (1 - wrong) ** (fellows - k) / 2
        q = plus / (plus + minus)
        total -= math.comb(fellows, k) * (plus + minus) * (q * math.log(q) + (1 - q) * math.log(1 - q))
    return total


def of_one_flip(wrong: float, fellows: int) -> float:
    return -wrong * math.log(wrong) - (1 - wrong) * math.log(1 - wrong)


WRONG = [
    ("accident", lambda n: 1 / n, "square root"),
    ("accident", lambda n: math.sqrt(n), "divide by n"),
    ("accident", lambda n: 0.0 * n, "how far from 0"),
    ("accident", lambda n: math.sqrt(2 / (math.pi * n)), "mean of |c|"),
    ("accident", lambda n: 0.5 / math.sqrt(n), "A sign is +1 or -1"),
    ("accident", lambda n: 1 / math.sqrt(n - 1), "You divide by n - 1"),
    ("unit_entropy", lambda h: unit_entropy(h) / math.log(2), "bits"),
    ("unit_entropy", lambda h: -unit_entropy(h), "never negative"),
    ("unit_entropy", lambda h: torch.special.entr(torch.sigmoid(2 * h)), "one value"),
    ("unit_entropy", lambda h: unit_entropy(h / 2), "-2 h"),
    ("unit_entropy", lambda h: -torch.sigmoid(2 * h).log(), "surprise"),
    ("unit_entropy", plain_formula, "0 ln 0"),
    ("unit_entropy", torch.zeros_like, "nats"),
    ("left_open", lambda wrong, fellows: left_open(wrong, fellows) / math.log(2), "bits"),
    ("left_open", of_the_hidden_spin, "hidden spin"),
    ("left_open", of_one_flip, "*sees*"),
    ("left_open", lambda wrong, fellows: math.log(2) + 0 * wrong, "before its fellows"),
    ("left_open", each_count_once, "choose k"),
    ("left_open", lambda wrong, fellows: left_open(wrong, fellows + 1), "p(votes)"),
]
test_right_answers, test_mistakes = told(checks, RIGHT, WRONG)
