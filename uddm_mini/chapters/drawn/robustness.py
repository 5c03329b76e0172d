"""Drawn questions of the chapter on other noises, networks and texts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def masked_or_kept(draw: Draw) -> list[Case]:
    """Return cavity posteriors, and the id that is seen: a word or, half of the time, the mask."""

    def one() -> Case:
        cavity = draw.probabilities(draw.whole(3, 6)).numpy()
        return cavity, draw.one_of((len(cavity), draw.whole(0, len(cavity) - 1)))

    return draw.times(6, one)


def crossing_of(draw: Draw) -> list[Case]:
    """Return sizes, falling gaps, and levels."""

    def one() -> Case:
        k = draw.whole(4, 7)
        sizes = np.array([float(draw.whole(8, 16) * 3**i) for i in range(k)])
        gaps = [*draw.falling(k - 1, draw.number(0.5, 0.9), 0.1), 0.0]  # every level is reached
        return sizes, np.array(gaps), draw.number(0.25, 0.75, 2)

    return draw.times(5, one)


def by_chance(draw: Draw) -> list[Case]:
    """Return log-probabilities of some sentences, how many were written, and how many of these are among them."""

    def one() -> Case:
        return np.array(draw.numbers(draw.whole(2, 12), -12.0, -8.0, 2)), draw.whole(1000, 9000), draw.whole(1, 200)

    return draw.times(4, one)


def reciting_share(draw: Draw) -> list[Case]:
    """Return shares of what was written, of the training lines, and of what the language says."""

    def one() -> Case:
        language, lines = draw.number(0.001, 0.1), draw.number(0.3, 0.6)
        return round(language + draw.number(0.1, 0.9) * (lines - language), 4), lines, language

    return draw.times(4, one)


def _line(sizes: Any, gaps: Any, k: int, target: float, straight: bool = False) -> float:
    """Return where the line from point k - 1 to point k has the height `target`."""
    share = (gaps[k - 1] - target) / (gaps[k - 1] - gaps[k])
    if straight:
        return float(sizes[k - 1] + share * (sizes[k] - sizes[k - 1]))
    return float(sizes[k - 1] * (sizes[k] / sizes[k - 1]) ** share)


def _falls(gaps: Any, target: float) -> list[int]:
    return [k for k in range(1, len(gaps)) if gaps[k - 1] > target >= gaps[k]]


def _returning(draw: Draw) -> Case:
    """Return a curve that falls below its levels, rises above them and falls again."""
    gaps = [draw.number(0.58, 0.66), draw.number(0.1, 0.2), draw.number(0.5, 0.55), draw.number(0.0, 0.05)]
    return np.array([16.0, 64.0, 256.0, 1024.0]), np.array(gaps), draw.number(0.4, 0.7, 2)


def _book(sizes: Any, gaps: Any, level: float) -> float:
    return _line(sizes, gaps, _falls(gaps, level * gaps[0])[0], level * gaps[0])


def _lost(sizes: Any, gaps: Any, level: float) -> float:
    target = (1 - level) * gaps[0]
    return _line(sizes, gaps, _falls(gaps, target)[0], target)


VARIANTS = {
    "crossing_of": Meanings(
        _book,
        {
            "last-time": Variant(
                "If the curve falls through the level several times, return the *last* time.",
                lambda sizes, gaps, level: _line(sizes, gaps, _falls(gaps, level * gaps[0])[-1], level * gaps[0]),
            ),
            "straight-in-n": Variant(
                "Draw the straight lines in $n$ itself, in the place of $\\ln n$.",
                lambda sizes, gaps, level: _line(
                    sizes, gaps, _falls(gaps, level * gaps[0])[0], level * gaps[0], straight=True
                ),
            ),
            "lost": Variant(
                "The level says what is *lost*: return the first size at which the gap has lost the share `level` of "
                "its first value.",
                _lost,
            ),
            "doublings": Variant(
                "Return how many times the *first size has to be doubled* to get there: 3 if it is reached at eight "
                "times the first size.",
                lambda sizes, gaps, level: math.log2(_book(sizes, gaps, level) / sizes[0]),
            ),
        },
        lambda draw: [*draw.times(3, lambda: _returning(draw)), *crossing_of(draw)[:3]],
        "At sizes {sizes}, gaps {gaps}, level {level}",
    )
}
