"""Drawn questions of the chapter on what the losses learn."""

from __future__ import annotations

from typing import Any

from uddm_mini.teaching.draws import Draw

from ..learning_costs import full_posterior
from .learning import _level

Case = tuple[Any, ...]


def both_posteriors(draw: Draw) -> list[Case]:
    """Return joint probabilities of two words, what the noise left of both, and alpha."""

    def one() -> Case:
        V = draw.whole(3, 5)
        return draw.probabilities(V, V), draw.whole(0, V - 1), draw.whole(0, V - 1), draw.number(0.1, 0.95)

    return draw.times(4, one)


def my_convert(draw: Draw) -> list[Case]:
    """Return predictions, observed words, alpha and the form that is wanted."""

    def one() -> list[Case]:
        cavity, (alpha, _) = draw.probabilities(draw.whole(3, 6)), _level(draw)
        b = draw.whole(0, len(cavity) - 1)
        return [(cavity, b, alpha, "posterior"), (full_posterior(cavity, b, alpha), b, alpha, "cavity")]

    return [case for pair in draw.times(3, one) for case in pair]


def price_of_wrong_form(draw: Draw) -> list[Case]:
    """Return the law of a word, alpha and its derivative."""
    return draw.times(3, lambda: (draw.probabilities(draw.whole(3, 5)), *_level(draw)))
