"""Checks of the chapter "Can a network hold more memories than it has neurons?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import BITS, compare, questions
from uddm_mini.teaching.exercises import exercise


@exercise(1, "The right sharpness", level="warm-up", minutes=10, assesses="an inverse temperature from a likelihood")
@questions([(0.01,), (0.1,), (0.2,), (0.4,), (0.5,)], "At rho = {rho}")
def matched_beta(rho: float, got: Any) -> str:
    """Compare with ln((1 - rho) / rho), and with beta_t at V = 2."""
    odds, flipped = (1 - rho) / rho, -math.log(rho)
    beta = math.log(odds)
    half = beta / 2
    slips = {
        "Your beta is negative: agreeing would count against a memory. Which of the two is more likely?": -beta,
        "That is the ratio of the two probabilities. Each agreeing pixel multiplies by it; beta is its log.": odds,
        BITS: beta / math.log(2),
        "That is the logarithm to base 10. e^beta is the ratio, so take the natural one, `math.log`.": math.log10(odds),
        "That is the cost of a flipped pixel alone. A pixel that agrees has a probability as well: 1 - rho.": flipped,
        "That is the factor for the scalar product x . xi = 2 m - N. With m agreeing pixels it is twice that.": half,
    }
    compare(got, beta, slips, "Compare how probable a pixel is if it agrees, or not.")
    return (
        "Right, and with V = 2 and rho = (1 - alpha) / 2 this is beta_t = ln(1 + 2 alpha / (1 - alpha)): "
        "half flipped means beta = 0, where nothing can be known."
    )


def _memory_cases() -> list[tuple[torch.Tensor, torch.Tensor, float]]:
    """Return memories [n, L], a noisy one of them [L], and beta."""
    draw, cases = torch.Generator().manual_seed(0), []
    # at beta = 1,000 all weights but one are 0 as numbers, however they are computed
    sizes = (6, 10, 2, 0.4), (50, 14, 5, 1.1), (50, 14, 5, 60.0), (50, 14, 5, 1000.0), (8, 4, 3, 0.0)
    for n, length, vocab, beta in sizes:
        memories = torch.randint(vocab, (n, length), generator=draw)
        x = memories[0].clone()
        x[: length // 3] = torch.randint(vocab, (length // 3,), generator=draw)
        cases.append((memories, x, beta))
    return cases


@exercise(
    2, "How many memories take part", level="core", minutes=15, assesses="entropy of a softmax, and what it counts"
)
@questions(_memory_cases, "At beta = {beta}")
def effective_memories(memories: torch.Tensor, x: torch.Tensor, beta: float, got: Any) -> str:
    """Compare with exp of the entropy of softmax(beta m), m the number of positions that agree."""
    w = (beta * (memories == x).sum(dim=1).double()).softmax(dim=0)
    entropy, few, touched = torch.special.entr(w).sum(), 1 / w.square().sum(), (w > 1e-12).sum()
    share = (memories == x).double().mean(dim=1)
    best = (share == share.max()).sum()
    slips = {
        "That is the entropy in nats. Its exponential is a number of memories.": entropy,
        "That is 1 / sum w^2, another good measure (the participation ratio); here take exp of the entropy.": few,
        "Your entropy is in bits. exp belongs to nats, the natural logarithm.": (entropy / math.log(2)).exp(),
        "You counted the memories that agree best. All take part, each with its weight.": best,
        "You counted the words that differ. m counts those that *agree*, so that near memories weigh most.": (
            torch.special.entr((-beta * (memories == x).sum(dim=1).double()).softmax(dim=0)).sum().exp()
        ),
        "That is 1 over the largest weight. Here take exp of the entropy, which hears the small ones, too.": 1
        / w.max(),
        "beta multiplies the number of words that agree. You took their share, or an overlap between -1 and 1.": tuple(
            torch.special.entr((factor * beta * share).softmax(dim=0)).sum().exp() for factor in (1, 2)
        ),
        "You counted the memories with any weight at all. Weigh them: exp of the entropy of the weights.": touched,
    }
    hint = (
        f"Of n = {len(memories)} take exp of the entropy of softmax(beta m); m counts the agreeing positions of each."
    )
    compare(got, entropy.exp(), slips, hint)
    return "Right. It is n when the noise has erased everything, and 1 when a single memory has won."


@exercise(
    3,
    "How many sentences can be told apart",
    level="stretch",
    minutes=20,
    assesses="the binomial distribution, and capacity",
)
@questions(
    [(2, 20, 16, 50), (2, 40, 32, 2000), (102, 14, 3, 4096), (5, 8, 4, 10), (3, 2, 1, 2)],
    "At V = {vocab}, L = {length}, {agreeing} agreeing tokens and n = {n}",
)
def recall_probability(vocab: int, length: int, agreeing: int, n: int, got: Any) -> str:
    """Compare with (1 - P(Bin(L, 1/V) >= agreeing))^(n - 1)."""
    below = 1 - _tail(length, 1 / vocab, agreeing)
    slips = {
        "You let the right memory win a tie. A stranger that agrees at as many positions is a failure, too.": (
            (1 - _tail(length, 1 / vocab, agreeing + 1)) ** (n - 1)
        ),
        "There are n - 1 competitors: the right memory does not compete with itself.": below**n,
        "A stranger also wins with more agreeing tokens: add up all numbers from there on.": (
            (1 - _tail(length, 1 / vocab, agreeing) + _tail(length, 1 / vocab, agreeing + 1)) ** (n - 1)
        ),
        "There are (L choose k) ways to agree at k positions: each term of the binomial law has that factor.": (
            1 - sum((1 / vocab) ** k * (1 - 1 / vocab) ** (length - k) for k in range(agreeing, length + 1))
        )
        ** (n - 1),
        "That is the probability that some stranger comes as near. Asked is that *none* does.": 1 - below ** (n - 1),
        "A random token agrees with probability 1 / V, not 1/2.": (
            vocab != 2 and (1 - _tail(length, 1 / 2, agreeing)) ** (n - 1)
        ),
        "That is the chance against one competitor. All n - 1 have to stay below, independently of each other.": below,
        "That is the union bound, which is too low (and may go below 0). Competitors are independent: multiply.": (
            1 - (n - 1) * (1 - below)
        ),
    }
    hint = "A competitor's overlap is binomial, L draws of probability 1 / V; all n - 1 competitors must stay below."
    # in float32, 1 - chance is known to 3e-8 only, and the power multiplies that by n
    compare(got, below ** (n - 1), slips, hint, within=3e-4)
    return "Right. The number of sentences enters as n times a tail that shrinks exponentially with the length."


def _tail(length: int, p: float, low: int) -> float:
    """Return the chance of at least `low` hits in `length` draws."""
    return sum(math.comb(length, k) * p**k * (1 - p) ** (length - k) for k in range(low, length + 1))
