"""Drawn questions of the chapter on the NELBO."""

from __future__ import annotations

from typing import Any

from uddm_mini.teaching.draws import Draw

from ..learning_costs import full_posterior

Case = tuple[Any, ...]


def _level(draw: Draw) -> tuple[float, float]:
    """Return alpha and its derivative."""
    return draw.number(0.1, 0.95), -draw.number(0.3, 2.0)


def jump_rates(draw: Draw) -> list[Case]:
    """Return a prediction, an observed word, alpha and its derivative."""

    def one() -> Case:
        p = draw.probabilities(draw.whole(3, 6))
        return p, draw.whole(0, len(p) - 1), *_level(draw)

    return draw.times(4, one)


def uniform_guess(draw: Draw) -> list[Case]:
    """Return V, alpha and its derivative."""
    return draw.times(4, lambda: (draw.whole(3, 30), *_level(draw)))


def my_convert(draw: Draw) -> list[Case]:
    """Return predictions, observed words, alpha and the form that is wanted."""

    def one() -> list[Case]:
        cavity, (alpha, _) = draw.probabilities(draw.whole(3, 6)), _level(draw)
        b = draw.whole(0, len(cavity) - 1)
        return [(cavity, b, alpha, "posterior"), (full_posterior(cavity, b, alpha), b, alpha, "cavity")]

    return [case for pair in draw.times(3, one) for case in pair]


def spread_times(draw: Draw) -> list[Case]:
    """Return where the seeds of the generators begin."""
    return [(draw.whole(1000, 10**9),)]


def price_of_wrong_form(draw: Draw) -> list[Case]:
    """Return the law of a word, alpha and its derivative."""
    return draw.times(3, lambda: (draw.probabilities(draw.whole(3, 5)), *_level(draw)))
