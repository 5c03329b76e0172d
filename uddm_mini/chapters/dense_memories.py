"""Checks of the chapter "Can a network hold more memories than it has neurons?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise


@exercise(1, "The right sharpness", level="warm-up", minutes=10)
@questions([(0.01,), (0.1,), (0.2,), (0.4,), (0.5,)])
def matched_beta(rho: float, got: Any) -> str:
    """Compare with ln((1 - rho) / rho), and with beta_t at V = 2."""
    got, odds = as_number(got), (1 - rho) / rho
    beta = math.log(odds)
    slips = {
        "Your beta is negative: agreeing would count against a memory. Which of the two is more likely?": -beta,
        "That is the ratio of the two probabilities. Each agreeing pixel multiplies by it; beta is its log.": odds,
        "That is in bits (base 2); this book, and exp(beta m), use natural logarithms.": beta / math.log(2),
        "That is the cost of a flipped pixel alone. A pixel that agrees has a probability as well: 1 - rho.": (
            -math.log(rho)
        ),
        "That is the factor for the scalar product x . xi = 2 m - N. With m agreeing pixels it is twice that.": beta
        / 2,
    }
    unknown = f"At rho = {rho} your beta is {got:.4f}. Compare how probable a pixel is if it agrees, or not."
    compare(got, beta, slips, otherwise=unknown)
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


@exercise(2, "How many memories take part", level="core", minutes=15)
@questions(_memory_cases)
def effective_memories(memories: torch.Tensor, x: torch.Tensor, beta: float, got: Any) -> str:
    """Compare with exp of the entropy of softmax(beta m), m the number of positions that agree."""
    got = as_number(got)
    w = (beta * (memories == x).sum(dim=1).double()).softmax(dim=0)
    entropy = float(-(w * w.clamp_min(1e-300).log()).sum())
    if not math.isfinite(got):
        wrong(
            f"You returned {got} at beta = {beta}: some weights are 0 there, and 0 * log 0 has to count as 0. "
            "Use softmax, which doesn't overflow, and torch.special.entr, or log_softmax."
        )
    slips = {
        "That is the entropy in nats. Its exponential is a number of memories.": entropy,
        "That is 1 / sum w^2, another good measure (the participation ratio); here take exp of the entropy.": (
            1 / w.square().sum()
        ),
        "You counted the memories with any weight at all. Weigh them: exp of the entropy of the weights.": (
            (w > 1e-12).sum()
        ),
    }
    unknown = (
        f"With n = {len(memories)}, beta = {beta} you found {got:.4f} memories; exp of the entropy of softmax(beta m) "
        f"is {math.exp(entropy):.4f}. m counts the positions at which a memory agrees."
    )
    compare(got, math.exp(entropy), slips, otherwise=unknown)
    return "Right. It is n when the noise has erased everything, and 1 when a single memory has won."


@exercise(3, "How many sentences can be told apart", level="stretch", minutes=20)
@questions([(2, 20, 16, 50), (2, 40, 32, 2000), (102, 14, 3, 4096), (5, 8, 4, 10), (3, 2, 1, 2)])
def recall_probability(vocab: int, length: int, agreeing: int, n: int, got: Any) -> str:
    """Compare with (1 - P(Bin(L, 1/V) >= agreeing))^(n - 1)."""
    got, below = as_number(got), 1 - _tail(length, 1 / vocab, agreeing)
    slips = {
        "You let the right memory win a tie. A stranger that agrees at as many positions is a failure, too.": (
            (1 - _tail(length, 1 / vocab, agreeing + 1)) ** (n - 1)
        ),
        "There are n - 1 competitors: the right memory does not compete with itself.": below**n,
        "A random token agrees with probability 1 / V, not 1/2.": (
            vocab != 2 and (1 - _tail(length, 1 / 2, agreeing)) ** (n - 1)
        ),
        "That is the chance against one competitor. All n - 1 have to stay below, independently of each other.": below,
        "That is the union bound, which is too low (and may go below 0). Competitors are independent: multiply.": (
            1 - (n - 1) * (1 - below)
        ),
    }
    unknown = (
        f"At V = {vocab}, L = {length}, {agreeing} agreeing tokens and n = {n} you found {got:.4f}. A competitor's "
        "overlap is binomial with L draws of probability 1 / V; all n - 1 competitors must stay below."
    )
    # in float32, 1 - chance is known to 3e-8 only, and the power multiplies that by n
    compare(got, below ** (n - 1), slips, otherwise=unknown, within=3e-4)
    return "Right. The number of sentences enters as n times a tail that shrinks exponentially with the length."


def _tail(length: int, p: float, low: int) -> float:
    """Return the chance of at least `low` hits in `length` draws."""
    return sum(math.comb(length, k) * p**k * (1 - p) ** (length - k) for k in range(low, length + 1))
