"""Hits among trials: a share, with an interval that holds the truth at least as often as it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import torch

from .roc import Interval


@lru_cache(maxsize=4096)  # an (n, p) curve asks for the same few counts again and again
def share_with_interval(hits: int, trials: int, confidence: float = 0.95) -> Interval:
    """Return hits / trials with the interval of Clopper and Pearson (1934), for independent trials.

    Its ends are the shares at which so many hits or more, and so many or fewer, have probability (1 - confidence) / 2.
    It holds the truth at least as often as it says, also for 0 hits. ValueError for counts that cannot be.
    """
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"There must be at least one trial, and 0 to all of them hits, but {hits} of {trials} is not.")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, but is {confidence}.")
    tail = (1 - confidence) / 2
    fewer, as_few = _at_most(hits - 1, trials), _at_most(hits, trials)
    low = 0.0 if hits == 0 else _root(lambda p: 1 - fewer(p) - tail)
    high = 1.0 if hits == trials else _root(lambda p: tail - as_few(p))
    return Interval(hits / trials, low, high)


def _at_most(hits: int, trials: int) -> Callable[[float], float]:
    """Return the probability of at most so many hits, as a function of p, that of each, strictly between 0 and 1."""
    k, n = torch.arange(hits + 1, dtype=torch.float64), torch.tensor(float(trials), dtype=torch.float64)
    choices = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
    return lambda p: float((choices + k * math.log(p) + (n - k) * math.log1p(-p)).exp().sum())


def _root(rising: Callable[[float], float]) -> float:
    """Return where a rising function of a share passes 0, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(50):  # never quite at 0 or 1, where a logarithm ends
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
