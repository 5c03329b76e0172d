"""Drawn questions of the chapter on released checkpoints."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.teaching.draws import Draw

Case = tuple[Any, ...]


def level_of_sigma(draw: Draw) -> list[Case]:
    """Return a noise level sigma, and epsilon."""
    return draw.times(4, lambda: (draw.number(0.05, 2.5), draw.one_of((0.001, 0.01, 0.05, 0.1))))


def count_weights(draw: Draw) -> list[Case]:
    """Return width, blocks, words, and numbers of the noise level."""

    def one() -> Case:
        return 16 * draw.whole(2, 20), draw.whole(2, 12), draw.whole(100, 9999), 8 * draw.whole(2, 20)

    return draw.times(3, one)


def moving_average(draw: Draw) -> list[Case]:
    """Return a course of weights, and a decay."""
    return draw.times(4, lambda: (np.array(draw.numbers(draw.whole(3, 7), -3, 5, 1)), draw.number(0.5, 0.99, 2)))


def prediction(draw: Draw) -> list[Case]:
    """Return a law with its half interval, weights, and a number of tokens far enough from every bound."""

    def one() -> Case:
        a, b, half = draw.number(2, 7, 1), draw.number(0.3, 0.8, 2), draw.number(0.3, 1.5, 1)
        weights = 10.0 ** draw.whole(5, 7)
        bounds = half, half + math.log(2)
        away = draw.one_of((-bounds[1] - 1, -sum(bounds) / 2, -half / 2, half / 2, sum(bounds) / 2, bounds[1] + 1))
        return a, b, half, weights, float(f"{math.exp(a + b * math.log(weights) + away):.4g}")

    return draw.times(8, one)
