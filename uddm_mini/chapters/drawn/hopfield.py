"""Drawn questions of the chapter on Hopfield's network."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def energy_from_overlaps(draw: Draw) -> list[Case]:
    """Return overlaps [P] and N; and the patterns [P, N] and the state [N]."""

    def one() -> Case:
        patterns = draw.spins(draw.whole(2, 6), draw.whole(8, 30))
        state = draw.spins(patterns.shape[1])
        return patterns @ state / len(state), len(state), patterns, state

    return draw.times(3, one)


def energy_levels(draw: Draw) -> list[Case]:
    """Return numbers of units."""
    return [(n,) for n in draw.wholes(3, 3, 12)]


def crosstalk(draw: Draw) -> list[Case]:
    """Return patterns float64[P, N]."""
    return draw.times(3, lambda: (draw.spins(draw.whole(2, 6), draw.whole(6, 24)),))


def learn_couplings(draw: Draw) -> list[Case]:
    """Return patterns [P, N], N a power of two and P half of it, so that a solution exists and all sums are exact."""
    return [(draw.spins(n // 2, n),) for n in (16, 32)]


def _crosstalk(patterns: torch.Tensor) -> torch.Tensor:
    """Return -xi_i sum_(nu != mu) xi_i^nu (m - the unit's own part), from sums over j != i written out."""
    return _pressure(patterns, 1 / patterns.shape[1], own=False)


def _pressure(patterns: torch.Tensor, scale: float, own: bool) -> torch.Tensor:
    couplings = scale * torch.einsum("pi,pj->ij", patterns, patterns)
    field, signal = torch.zeros_like(patterns), torch.zeros_like(patterns)
    for i in range(patterns.shape[1]):
        others = [j for j in range(patterns.shape[1]) if own or j != i]
        field[:, i] = patterns[:, others] @ couplings[i, others]
        signal[:, i] = scale * len(others) * patterns[:, i]
    return -patterns * (field - signal)


VARIANTS = {
    "crosstalk": Meanings(
        _crosstalk,
        {
            "self-coupled": Variant(
                "Here units are coupled to themselves as well, so that j = i is in the sum: $C_i^\\mu = -\\xi_i^\\mu "
                "\\frac1N \\sum_{\\nu \\ne \\mu} \\sum_j \\xi_i^\\nu \\xi_j^\\nu \\xi_j^\\mu$.",
                lambda patterns: _pressure(patterns, 1 / patterns.shape[1], own=True),
            ),
            "by-load": Variant(
                "Here the couplings carry the factor $1/P$, the number of patterns, in the place of $1/N$.",
                lambda patterns: _pressure(patterns, 1 / len(patterns), own=False),
            ),
            "spread": Variant(
                "Return one number for each *pattern*, [P]: the mean over its pixels of $(C_i^\\mu)^2$.",
                lambda patterns: _crosstalk(patterns).square().mean(dim=1),
            ),
        },
        crosstalk,
    )
}
