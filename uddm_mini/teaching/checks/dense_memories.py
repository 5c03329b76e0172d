"""Checks of chapter 2: can a network hold more memories than it has neurons?"""

from __future__ import annotations

import math
from typing import Any

import torch

from ._core import as_number, ask_each, close, exercise, wrong


@exercise("2.1 The right sharpness")
def matched_beta(answer: Any) -> str:
    """Compare with ln((1 - rho) / rho), and with beta_t at V = 2."""
    for rho, given in ask_each(answer, [(0.01,), (0.1,), (0.2,), (0.4,), (0.5,)]):
        got = as_number(given)
        expected = math.log((1 - rho) / rho)
        if close(got, expected):
            continue
        if close(got, -expected):
            wrong("Your beta is negative: agreeing would count against a memory. Which of the two is more likely?")
        if close(got, (1 - rho) / rho):
            wrong("That is the ratio of the two probabilities. Each agreeing pixel multiplies by it; beta is its log.")
        if close(got, expected / math.log(2)):
            wrong("That is in bits (base 2); this book, and exp(beta m), use natural logarithms.")
        if close(got, -math.log(rho)):
            wrong("That is the cost of a flipped pixel alone. A pixel that agrees has a probability as well: 1 - rho.")
        if close(got, expected / 2):
            wrong(
                "That is the factor for the scalar product x . xi = 2 m - N. With m agreeing pixels it is twice that."
            )
        wrong(f"At rho = {rho} your beta is {got:.4f}. Compare how probable a pixel is if it agrees, or not.")
    return (
        "Right, and with V = 2 and rho = (1 - alpha) / 2 this is beta_t = ln(1 + 2 alpha / (1 - alpha)): "
        "half flipped means beta = 0, where nothing can be known."
    )


@exercise("2.2 How many memories take part")
def effective_memories(answer: Any) -> str:
    """Compare with exp of the entropy of softmax(beta m), m the number of positions that agree."""
    draw, questions = torch.Generator().manual_seed(0), []
    # at beta = 1,000 all weights but one are 0 as numbers, however they are computed
    for n, length, vocab, beta in (
        (6, 10, 2, 0.4),
        (50, 14, 5, 1.1),
        (50, 14, 5, 60.0),
        (50, 14, 5, 1000.0),
        (8, 4, 3, 0.0),
    ):
        memories = torch.randint(vocab, (n, length), generator=draw)
        x = memories[0].clone()
        x[: length // 3] = torch.randint(vocab, (length // 3,), generator=draw)
        questions.append((memories, x, beta))
    for memories, x, beta, given in ask_each(answer, questions):
        n, got = len(memories), as_number(given)
        overlap = (memories == x).sum(dim=1).double()
        w = (beta * overlap).softmax(dim=0)
        entropy = float(-(w * w.clamp_min(1e-300).log()).sum())
        if not math.isfinite(got):
            wrong(
                f"You returned {got} at beta = {beta}: some weights are 0 there, and 0 * log 0 has to count as 0. "
                "Use softmax, which doesn't overflow, and torch.special.entr, or log_softmax."
            )
        if close(got, math.exp(entropy)):
            continue
        if close(got, entropy):
            wrong("That is the entropy in nats. Its exponential is a number of memories.")
        if close(got, float(1 / w.square().sum())):
            wrong("That is 1 / sum w^2, another good measure (the participation ratio); here take exp of the entropy.")
        if close(got, float((w > 1e-12).sum())):
            wrong("You counted the memories with any weight at all. Weigh them: exp of the entropy of the weights.")
        wrong(
            f"With n = {n}, beta = {beta} you found {got:.4f} memories; exp of the entropy of softmax(beta m) "
            f"is {math.exp(entropy):.4f}. m counts the positions at which a memory agrees."
        )
    return "Right. It is n when the noise has erased everything, and 1 when a single memory has won."


@exercise("2.3 How many sentences can be told apart")
def recall_probability(answer: Any) -> str:
    """Compare with (1 - P(Bin(L, 1/V) >= agreeing))^(n - 1)."""
    questions = [(2, 20, 16, 50), (2, 40, 32, 2000), (102, 14, 3, 4096), (5, 8, 4, 10), (3, 2, 1, 2)]
    for vocab, length, agreeing, n, given in ask_each(answer, questions):
        got = as_number(given)

        def chance(low: int, p: float, length: int = length) -> float:
            return sum(math.comb(length, k) * p**k * (1 - p) ** (length - k) for k in range(low, length + 1))

        p = 1 / vocab
        # in float32, 1 - chance is known to 3e-8 only, and the power multiplies that by n
        if close(got, (1 - chance(agreeing, p)) ** (n - 1), rtol=3e-4):
            continue
        if close(got, (1 - chance(agreeing + 1, p)) ** (n - 1)):
            wrong("You let the right memory win a tie. A stranger that agrees at as many positions is a failure, too.")
        if close(got, (1 - chance(agreeing, p)) ** n):
            wrong("There are n - 1 competitors: the right memory does not compete with itself.")
        if vocab != 2 and close(got, (1 - chance(agreeing, 0.5)) ** (n - 1)):
            wrong("A random token agrees with probability 1 / V, not 1/2.")
        if close(got, 1 - chance(agreeing, p)):
            wrong(
                "That is the chance against one competitor. All n - 1 have to stay below, independently of each other."
            )
        if close(got, 1 - (n - 1) * chance(agreeing, p)):
            wrong(
                "That is the union bound, which is too low (and may go below 0). Competitors are independent: multiply."
            )
        wrong(
            f"At V = {vocab}, L = {length}, {agreeing} agreeing tokens and n = {n} you found {got:.4f}. A competitor's "
            "overlap is binomial with L draws of probability 1 / V; all n - 1 competitors must stay below."
        )
    return "Right. The number of sentences enters as n times a tail that shrinks exponentially with the length."
