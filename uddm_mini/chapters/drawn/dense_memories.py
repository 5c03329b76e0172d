"""Drawn questions of the chapter on dense memories."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def matched_beta(draw: Draw) -> list[Case]:
    """Return shares of flipped pixels."""
    return [(rho,) for rho in draw.numbers(4, 0.02, 0.48)]


def effective_memories(draw: Draw) -> list[Case]:
    """Return memories [n, L], a noisy one of them [L], and beta."""

    def one() -> Case:
        memories = draw.tokens(draw.whole(5, 12), draw.whole(4, 9), vocab=draw.whole(2, 4))
        x = torch.where(draw.table(memories.shape[1]) < 0.3, memories[1], memories[0])
        return memories, x, draw.number(0.2, 1.5, 2)

    return draw.times(4, one)


def recall_probability(draw: Draw) -> list[Case]:
    """Return V, L, a number of agreeing tokens, and n."""

    def one() -> Case:
        vocab, length = draw.whole(2, 12), draw.whole(6, 18)
        return vocab, length, min(math.ceil(length / vocab) + draw.whole(2, 4), length), draw.whole(5, 200)

    return draw.times(4, one)


def _weights(memories: torch.Tensor, x: torch.Tensor, beta: float) -> list[float]:
    raw = [math.exp(beta * sum(a == b for a, b in zip(row, x.tolist(), strict=True))) for row in memories.tolist()]
    return [weight / sum(raw) for weight in raw]


def _shannon(memories: torch.Tensor, x: torch.Tensor, beta: float) -> float:
    return math.exp(-sum(w * math.log(w) for w in _weights(memories, x, beta)))


VARIANTS = {
    "effective_memories": Meanings(
        _shannon,
        {
            "renyi-2": Variant(
                "Count with the entropy of Rényi of order 2, $-\\ln \\sum_\\mu w_\\mu^2$, in the place of Shannon's: "
                "return $\\exp$ of it.",
                lambda memories, x, beta: 1 / sum(w**2 for w in _weights(memories, x, beta)),
            ),
            "renyi-3": Variant(
                "Count with the entropy of Rényi of order 3, $-\\frac12 \\ln \\sum_\\mu w_\\mu^3$, in the place of "
                "Shannon's: return $\\exp$ of it.",
                lambda memories, x, beta: sum(w**3 for w in _weights(memories, x, beta)) ** -0.5,
            ),
            "min-entropy": Variant(
                "Count with the min-entropy, $-\\ln \\max_\\mu w_\\mu$, in the place of Shannon's entropy: return "
                "$\\exp$ of it.",
                lambda memories, x, beta: 1 / max(_weights(memories, x, beta)),
            ),
        },
        effective_memories,
        "At beta = {beta}",
    )
}
