"""From scores alone, tell memorized from not: the ROC curve, its area with an interval, and a threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import torch

Numbers = torch.Tensor | np.ndarray[Any, Any] | Sequence[float]


@dataclass(frozen=True)
class Interval:
    """A number with an interval that should hold the truth."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def roc(scores: Numbers, labels: Numbers) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the false-positive rate, the true-positive rate, and the thresholds that give them, float64[k] each.

    The rule is "say yes if score >= threshold"; labels are True where yes is right. To detect memory by its low
    entropy, give minus the entropy as the score. Thresholds fall from infinity (never yes) through every score that
    occurs. ValueError if a class is empty or a score is NaN.
    """
    yes, no = _classes(scores, labels)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([yes, no]))[::-1]])
    rates = [1 - np.searchsorted(np.sort(c), thresholds, side="left") / len(c) for c in (no, yes)]
    return rates[0], rates[1], thresholds


def auc(scores: Numbers, labels: Numbers, confidence: float = 0.95) -> Interval:
    """Return the area under the ROC curve: the chance that a random "yes" item scores above a random "no" item.

    Ties count half (the Mann-Whitney statistic). 1 is perfect, 0.5 is guessing. With m and n items of the two
    classes the interval holds every area a for which (area - a)^2 <= z^2 V(a), where
    V(a) = a (1 - a) (1 + ((m + n) / 2 - 1) ((1 - a) / (2 - a) + a / (1 + a))) / (m n): the score interval of
    Newcombe (2006) with the variance of Hanley and McNeil (1982). It needs no random draws and does not shrink to a
    point at area 1, where a bootstrap and DeLong's method do. It takes items as independent: models that share
    training sentences, or sentences under one model, are less than that.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, but is {confidence}.")
    yes, no = _classes(scores, labels)
    order = np.sort(no)
    below, not_above = (np.searchsorted(order, yes, side=side) for side in ("left", "right"))
    area = float((below + not_above).sum()) / (2 * len(yes) * len(no))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    low = _last_inside(area, 0.0, len(yes), len(no), z)
    return Interval(area, low, _last_inside(area, 1.0, len(yes), len(no), z))


def threshold_at(scores: Numbers, labels: Numbers, false_positive_rate: float = 0.05) -> float:
    """Return a threshold from labelled items: say yes to a new item if its score is *above* it.

    It is the k-th largest score of the n items labelled False, with k = floor(rate (n + 1)). A new item of that
    class, exchangeable with these, then scores above it with probability at most the rate, on average over the
    calibration (the argument of conformal prediction). ValueError if n is too small for the rate.
    """
    _, no = _classes(scores, labels)
    if not 0 < false_positive_rate < 1:
        raise ValueError(f"false_positive_rate lies between 0 and 1, both excluded, but is {false_positive_rate}.")
    k = math.floor(false_positive_rate * (len(no) + 1) + 1e-9)  # rounding must not lose a whole item
    if k < 1:
        needed = math.ceil(1 / false_positive_rate - 1e-9) - 1
        raise ValueError(
            f"A false-positive rate of {false_positive_rate} needs at least {needed} items labelled False, but there "
            f"are {len(no)}; add items or allow a larger rate."
        )
    return float(np.sort(no)[-k])


def _classes(scores: Numbers, labels: Numbers) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the scores labelled True and those labelled False, checked."""
    s, y = (v.detach().cpu().numpy() if isinstance(v, torch.Tensor) else np.asarray(v) for v in (scores, labels))
    s, y = s.astype(float).ravel(), y.astype(float).ravel()
    if len(s) != len(y):
        raise ValueError(f"There are {len(s)} scores for {len(y)} labels; give one label for each score.")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("Labels are True or False (1 or 0); something else was given.")
    if np.isnan(s).any():
        raise ValueError("A score is NaN; leave out items that could not be measured.")
    if not 0 < y.sum() < len(y):
        raise ValueError(f"Both classes are needed, but all {len(y)} items have the same label.")
    return s[y == 1], s[y == 0]


def _last_inside(area: float, end: float, m: int, n: int, z: float) -> float:
    """Return the area farthest from `area` towards `end` that the observed one does not rule out, by bisection."""

    def inside(a: float) -> bool:
        spread = 1 + ((m + n) / 2 - 1) * ((1 - a) / (2 - a) + a / (1 + a))
        return (area - a) ** 2 <= z**2 * a * (1 - a) * spread / (m * n)

    near, far = area, end
    for _ in range(60):
        middle = (near + far) / 2
        near, far = (middle, far) if inside(middle) else (near, middle)
    return near
