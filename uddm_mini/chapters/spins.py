"""Checks of the chapter "Can a network remember what it never saw?"."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

from uddm_mini.teaching.answers import BITS, as_tensor, compare, questions
from uddm_mini.teaching.exercises import exercise

FIELDS = ([[0.0, 0.3, -0.3], [1.0, -2.5, 6.0]], [1000.0, -1000.0])


@exercise(1, "Agreement by accident", level="warm-up", minutes=8, assesses="chance agreement of two patterns")
@questions([(5,), (25,), (64,), (1000,)], "For n = {n}")
def accident(n: int, got: Any) -> str:
    """Compare with the standard deviation of a mean of n fair signs."""
    right = 1 / math.sqrt(n)
    slips = {
        "That is the mean square, the variance of the agreement. Its typical size is the square root of that.": 1 / n,
        "That is the typical size of the sum of n signs. The agreement is their mean: divide by n.": math.sqrt(n),
        "On average over all patterns the agreement is 0, but the question is how far from 0 it lies in n of them.": 0,
        "That is the mean of |c|. The typical size asked for is the root of the mean of c squared.": (
            math.sqrt(2 / (math.pi * n))
        ),
        "You divide by n - 1. That is for a mean that was estimated; here it is known to be 0.": (
            n > 1 and 1 / math.sqrt(n - 1)
        ),
        "That is the variance of a share of n coin flips, p (1 - p) / n. A sign is +1 or -1, so its variance is 1.": (
            0.25 / n,
            0.5 / math.sqrt(n),
        ),
    }
    hint = "The mean of n independent signs has the variance 1/n times that of one sign, which is 1."
    compare(got, right, slips, hint, within=1e-3)
    return "Right. Fellow copies agree in every pattern, others by 1 over root n: the rule stays, accidents fade."


@exercise(2, "How unsure is a spin?", level="core", minutes=10, assesses="binary entropy without overflow")
@questions(lambda: [(as_tensor(h),) for h in FIELDS], "At h = {h}")
def unit_entropy(h: torch.Tensor, got: Any) -> str:
    """Compare with the entropy of (p, 1 - p), p = 1 / (1 + exp(-2 h)), at moderate and at huge fields."""
    p, once = torch.sigmoid(2 * h), torch.sigmoid(h)
    plus, minus = torch.special.entr(p), torch.special.entr(1 - p)
    slips = {
        "At h = +1000 and -1000 the spin is certain: 0 ln 0 counts as 0; torch.special.entr knows that.": bool(
            h.max() == 1e3
        ),
        BITS: (plus + minus) / math.log(2),
        "An entropy is never negative: it is minus the sum of p ln p.": -(plus + minus),
        "That is p (1 - p), a variance but for a factor. The entropy adds -p ln p for both values.": p * (1 - p),
        "You counted one value of the spin. The entropy adds -p ln p for + and for -.": (plus, minus),
        "You used 1 / (1 + exp(-h)). A flip changes sigma by 2, so p(+) = 1 / (1 + exp(-2 h)).": (
            torch.special.entr(once) + torch.special.entr(1 - once)
        ),
        "That is the surprise about one value, -ln p. The entropy is the surprise averaged over both values.": (
            *(-p.log(), -(1 - p).log()),
        ),
    }
    compare(got, plus + minus, slips, "These are nats.", within=1e-3)
    return "Right. At h = 0 it is ln 2, a fair coin; it falls fast as soon as the other units agree on an answer."


def _entropy(*p: float) -> float:
    """Return the entropy of probabilities that may be 0, in nats."""
    return -sum(q * math.log(q) for q in p if q > 0)


def _left_open(wrong: float, fellows: int, seen: bool = True) -> float:
    """Return the entropy of a copy, or of the hidden spin itself (not `seen`), given the votes of its fellows."""
    total = 0.0
    for votes in itertools.product((0, 1), repeat=fellows):
        # p(votes and hidden spin), for hidden spin 0 and 1
        joint = [0.5 * math.prod(wrong if v != hidden else 1 - wrong for v in votes) for hidden in (0, 1)]
        plus = joint[1] / sum(joint)
        q = plus * (1 - wrong) + (1 - plus) * wrong if seen else plus
        total += sum(joint) * _entropy(q, 1 - q)
    return total


@exercise(3, "What the world leaves open", level="stretch", minutes=20, assesses="entropy that no training removes")
@questions([(0.2, 3), (0.05, 4), (0.05, 1), (0.3, 6)], "With wrong = {wrong} and {fellows} fellow copies")
def left_open(wrong: float, fellows: int, got: Any) -> str:
    """Compare with the sum over all votes of p(votes) times the entropy of the copy given the votes."""
    right = _left_open(wrong, fellows)
    counts = range(fellows + 1)
    once = [0.5 * (wrong**k * (1 - wrong) ** (fellows - k) + wrong ** (fellows - k) * (1 - wrong) ** k) for k in counts]
    ratios = [wrong**k * (1 - wrong) ** (fellows - k) / (2 * p) for k, p in zip(counts, once, strict=True)]
    mixed = [q * (1 - wrong) + (1 - q) * wrong for q in ratios]
    slips = {
        BITS: right / math.log(2),
        "That is what stays open about the hidden spin. The copy itself may be wrong, too, once more.": (
            _left_open(wrong, fellows, seen=False)
        ),
        "That is the entropy of a copy for somebody who *sees* the hidden spin. Its fellows only hint at it.": (
            _entropy(wrong, 1 - wrong)
        ),
        "That is the entropy of a copy before its fellows are heard.": math.log(2),
        "Twice too much: the hidden spin is + or - with probability 1/2 each, and so your votes have probability 2 in "
        "all.": 2 * right,
        "You let all fellows say the same. They may disagree: average over all that they may say.": (
            _entropy(mixed[0], 1 - mixed[0])
        ),
        "You counted each number of votes once. There are (fellows choose k) ways in which k of them say plus.": (
            sum(p * _entropy(q, 1 - q) for p, q in zip(once, mixed, strict=True))
        ),
    }
    hint = (
        "Go through all votes: p(votes) times the entropy of q, where q = p(hidden is + | votes) (1 - wrong) + "
        "p(hidden is - | votes) wrong."
    )
    compare(got, right, slips, hint, within=1e-3)
    return "Right. No network can be surer of a new pattern than this and be right about how sure it is."
