"""Drawn questions of the chapter on the NELBO."""

from __future__ import annotations

from typing import Any

from uddm_mini.teaching.draws import Draw

Case = tuple[Any, ...]


def _level(draw: Draw) -> tuple[float, float]:
    """Return alpha and its derivative."""
    return draw.number(0.1, 0.95), -draw.number(0.3, 2.0)


def step_price(draw: Draw) -> list[Case]:
    """Return a prediction, a clean and an observed word, and two signals, the earlier one first."""

    def one() -> Case:
        p, alpha_s = draw.probabilities(draw.whole(3, 6)), draw.number(0.3, 0.95)
        return (
            p,
            draw.whole(0, len(p) - 1),
            draw.whole(0, len(p) - 1),
            alpha_s,
            round(alpha_s * draw.number(0.2, 0.9), 3),
        )

    return draw.times(4, one)


def jump_rates(draw: Draw) -> list[Case]:
    """Return a prediction, an observed word, alpha and its derivative."""

    def one() -> Case:
        p = draw.probabilities(draw.whole(3, 6))
        return p, draw.whole(0, len(p) - 1), *_level(draw)

    return draw.times(4, one)


def uniform_guess(draw: Draw) -> list[Case]:
    """Return V, alpha and its derivative."""
    return draw.times(4, lambda: (draw.whole(3, 30), *_level(draw)))


def spread_times(draw: Draw) -> list[Case]:
    """Return where the seeds of the generators begin."""
    return [(draw.whole(1000, 10**9),)]
