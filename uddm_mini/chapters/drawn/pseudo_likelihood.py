"""Drawn questions of the chapter on basins without an energy."""

from __future__ import annotations

from typing import Any

from uddm_mini.networks.hopfield import HopfieldNetwork
from uddm_mini.teaching.draws import Draw

Case = tuple[Any, ...]


def my_loop(draw: Draw) -> list[Case]:
    """Return asymmetric couplings [N, N], a state [N], and two units."""

    def one() -> Case:
        n = draw.whole(3, 7)
        i, j, *_ = draw.shuffled(range(n))
        return draw.table(n, n, low=-1.0).fill_diagonal_(0), draw.spins(n), i, j

    return draw.times(4, one)


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
