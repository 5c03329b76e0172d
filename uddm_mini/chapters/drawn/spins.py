"""Drawn questions of the chapter on patterns that were never seen."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def accident(draw: Draw) -> list[Case]:
    """Return a number of patterns."""
    return [(n,) for n in draw.wholes(4, 3, 400)]


def left_open(draw: Draw) -> list[Case]:
    """Return how often a copy is wrong, and how many fellows it has."""
    return draw.times(3, lambda: (draw.number(0.03, 0.4, 2), draw.whole(2, 7)))


def unit_entropy(draw: Draw) -> list[Case]:
    """Return fields."""
    huge = torch.tensor([0.0, 1000.0, -1000.0], dtype=torch.float64)
    return [(draw.table(2, 3, low=-3.0, high=3.0),), (draw.table(4, low=-1.0),), (huge,)]


def _up(h: torch.Tensor) -> list[tuple[float, float]]:
    """Return p(+) and p(-) at every field; exp sees no positive number."""

    def chance(x: float) -> float:
        return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))

    return [(chance(2 * x), chance(-2 * x)) for x in h.flatten().tolist()]


def _shannon(h: torch.Tensor) -> torch.Tensor:
    return _each(h, lambda p, q: -sum(v * math.log(v) for v in (p, q) if v > 0))


def _each(h: torch.Tensor, entropy: Any) -> torch.Tensor:
    return torch.tensor([entropy(p, q) for p, q in _up(h)], dtype=torch.float64).reshape(h.shape)


VARIANTS = {
    "unit_entropy": Meanings(
        _shannon,
        {
            "renyi-2": Variant(
                "Return the entropy of Rényi of order 2, $-\\ln(p(+)^2 + p(-)^2)$, in nats, in the place of Shannon's.",
                lambda h: _each(h, lambda p, q: -math.log(p * p + q * q)),
            ),
            "min-entropy": Variant(
                "Return the min-entropy, $-\\ln \\max(p(+), p(-))$, in nats, in the place of Shannon's entropy.",
                lambda h: _each(h, lambda p, q: -math.log(max(p, q))),
            ),
            "gini": Variant(
                "In the place of an entropy, return the chance that two independent draws of the spin differ.",
                lambda h: _each(h, lambda p, q: 2 * p * q),
            ),
        },
        unit_entropy,
        "At h = {h}",
        1e-3,
    )
}
