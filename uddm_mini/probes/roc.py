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
NAN_SCORE = "A score is NaN; leave out items that could not be measured."


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

    The rule is "say yes if score >= threshold"; labels are True where yes is right. Thresholds fall from infinity
    (never yes) through every score that occurs. ValueError if a class is empty or a score is NaN.
    """
    yes, no = _classes(scores, labels)
    thresholds = np.concatenate([[np.inf], np.unique(np.concatenate([yes, no]))[::-1]])
    rates = [1 - np.searchsorted(np.sort(c), thresholds, side="left") / len(c) for c in (no, yes)]
    return rates[0], rates[1], thresholds


def auc(
    scores: Numbers,
    labels: Numbers,
    confidence: float = 0.95,
    *,
    clusters: Sequence[Any] | np.ndarray[Any, Any] | None = None,
    draws: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the area under the ROC curve: the chance that a random "yes" item scores above a random "no" item.

    Ties count half (the Mann-Whitney statistic). 1 is perfect, 0.5 is guessing. With m and n items of the two
    classes the interval holds every area a for which (area - a)^2 <= z^2 V(a), where

        V(a) = a (1 - a) (1 + ((m + n) / 2 - 1) ((1 - a) / (2 - a) + a / (1 + a))) / (m n)

    This is the score interval of Newcombe (2006) with the variance of Hanley and McNeil (1982). It needs no random
    draws and does not shrink to a point at area 1, where a bootstrap and DeLong's method do. It takes items as
    independent; where they are not, give their `clusters`.

    scores: one number per item, higher where "yes" is more likely.
    labels: True where "yes" is right.
    confidence: how often the interval should hold the truth; z is the quantile that belongs to it.
    clusters: the group of every item. Then the interval takes percentiles of areas in which whole groups are drawn with
        replacement: those of "yes" items, those of "no" items and mixed ones each among themselves. Few groups make it
        too narrow, and at area 1 it does shrink to a point.
    draws: how many such areas.
    seed: of these draws; without clusters nothing is random.

    ValueError if a class is empty, a score is NaN, or one kind of items has a single group.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a probability between 0 and 1, but is {confidence}.")
    yes, no = _classes(scores, labels)
    area = float(_wins(yes, no).sum() / (len(yes) * len(no)))
    if clusters is not None:
        tails = [(1 - confidence) / 2, (1 + confidence) / 2]
        low, high = np.quantile(_redrawn(yes, no, labels, clusters, draws, seed), tails).tolist()
        return Interval(area, low, high)
    return area_interval(area, len(yes), len(no), NormalDist().inv_cdf((1 + confidence) / 2))


def area_interval(area: float, m: int, n: int, z: float) -> Interval:
    """Return an area found with m and n items, with every area that it does not rule out at z: see `auc`."""
    return Interval(area, _last_inside(area, 0.0, m, n, z), _last_inside(area, 1.0, m, n, z))


def threshold_at(negatives: Numbers, false_positive_rate: float) -> float:
    """Return a threshold from the scores of items where "no" is right: say yes to a new item if it scores *above* it.

    It is the k-th largest of the n scores, k = floor(rate (n + 1)). A new item of that kind, exchangeable with these,
    then scores above it with probability at most the rate (conformal prediction). ValueError if n is too small for the
    rate or a score is NaN.
    """
    if not 0 < false_positive_rate < 1:
        raise ValueError(f"false_positive_rate lies between 0 and 1, both excluded, but is {false_positive_rate}.")
    no = _numbers(negatives)
    if np.isnan(no).any():
        raise ValueError(NAN_SCORE)
    k = math.floor(false_positive_rate * (len(no) + 1) + 1e-9)  # rounding must not lose a whole item
    if k < 1:
        needed = math.ceil(1 / false_positive_rate - 1e-9) - 1
        raise ValueError(
            f"A false-positive rate of {false_positive_rate} needs at least {needed} negatives, but there "
            f"are {len(no)}; add items or allow a larger rate."
        )
    return float(np.sort(no)[-k])


def _numbers(values: Numbers) -> np.ndarray[Any, Any]:
    """Return a tensor, an array or a sequence as float64[n]."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().double().numpy()  # NumPy knows no bfloat16
    return np.asarray(values).astype(float).ravel()


def _classes(scores: Numbers, labels: Numbers) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return the scores labelled True and those labelled False, checked."""
    s, y = _numbers(scores), _numbers(labels)
    if len(s) != len(y):
        raise ValueError(f"There are {len(s)} scores for {len(y)} labels; give one label for each score.")
    if not np.isin(y, (0, 1)).all():
        raise ValueError("Labels are True or False (1 or 0); something else was given.")
    if np.isnan(s).any():
        raise ValueError(NAN_SCORE)
    if not 0 < y.sum() < len(y):
        raise ValueError(f"Both classes are needed, but all {len(y)} items have the same label.")
    return s[y == 1], s[y == 0]


def _wins(yes: np.ndarray[Any, Any], no: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return how many of the "no" scores [n] lie below each of the "yes" scores, ties half: float64[m]."""
    order = np.sort(no)
    return np.asarray(sum(np.searchsorted(order, yes, side=side) for side in ("left", "right")) / 2)


def _redrawn(
    yes: np.ndarray[Any, Any],
    no: np.ndarray[Any, Any],
    labels: Numbers,
    clusters: Sequence[Any] | np.ndarray[Any, Any],
    draws: int,
    seed: int,
) -> np.ndarray[Any, Any]:
    """Return `draws` areas, each over clusters drawn with replacement within their kind."""
    y = _numbers(labels)
    names, group = np.unique(np.asarray(clusters), return_inverse=True)
    if len(group) != len(y):
        raise ValueError(f"There are {len(group)} clusters for {len(y)} items; name one cluster for each item.")
    of_yes, of_no = group[y == 1], group[y == 0]
    sizes = [np.bincount(part, minlength=len(names)) for part in (of_yes, of_no)]  # [G] items labelled yes, and no
    won_from = [np.bincount(of_yes, _wins(yes, no[of_no == g]), len(names)) for g in range(len(names))]
    pairs = np.stack(won_from, axis=1)  # [G, G]: won pairs of a cluster's "yes" and another's "no" items
    kind = 2 * (sizes[0] > 0) + (sizes[1] > 0)
    times, generator = np.zeros((draws, len(names))), np.random.default_rng(seed)
    for k in np.unique(kind):
        where = np.flatnonzero(kind == k)
        if len(where) < 2:
            raise ValueError(f"Only one cluster, {names[where[0]]}, has items of its kind; nothing can be redrawn.")
        times[:, where] = generator.multinomial(len(where), np.full(len(where), 1 / len(where)), size=draws)
    won = np.einsum("dg,gh,dh->d", times, pairs, times)
    return np.asarray(won / ((times @ sizes[0]) * (times @ sizes[1])))


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
