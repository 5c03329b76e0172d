"""Drawn questions of the chapter on basins without an energy."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def my_loop(draw: Draw) -> list[Case]:
    """Return asymmetric couplings [N, N], a state [N], and two units."""

    def one() -> Case:
        n = draw.whole(3, 7)
        i, j, *_ = draw.shuffled(range(n))
        return draw.table(n, n, low=-1.0).fill_diagonal_(0), draw.spins(n), i, j

    return draw.times(4, one)


def unit_entropy(draw: Draw) -> list[Case]:
    """Return fields."""
    huge = torch.tensor([0.0, 1000.0, -1000.0], dtype=torch.float64)
    return [(draw.table(2, 3, low=-3.0, high=3.0),), (draw.table(4, low=-1.0),), (huge,)]


def safe_flips(draw: Draw) -> list[Case]:
    """Return couplings and a pattern: Hebb's, and something that leaves no tie to rounding."""

    def one() -> Case:
        stored = draw.spins(draw.whole(1, 3), draw.whole(15, 40))
        n = stored.shape[1]
        return HopfieldNetwork(stored).weights + 1e-2 * draw.table(n, n, low=-1.0).fill_diagonal_(0), stored[0]

    return draw.times(3, one)


def melody(draw: Draw) -> list[Case]:
    """Return a few patterns [P, N] of many units."""
    return [(draw.spins(draw.whole(3, 6), draw.whole(200, 260)),)]


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
