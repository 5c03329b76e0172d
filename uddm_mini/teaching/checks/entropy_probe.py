"""Checks for chapter 11, "Can you tell memory from generalization without the training set?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.probes.detector import auc, threshold_at

from ._core import as_tensor, ask, exercise, wrong

# the cavity posterior of a word, the word that is seen, the signal alpha
WORDS = (((0.2, 0.5, 0.3), 0, 0.4), ((0.25, 0.25, 0.25, 0.25), 3, 0.9), ((0.0, 1.0, 0.0), 1, 0.999))

# scores of items labelled yes, and of items labelled no
SCORES = (
    ((3.0, 2.0, 0.5), (1.0, 0.0)),
    ((1.0, 1.0, 2.0, 0.0), (1.0, 0.0, 0.0)),  # ties
    ((-0.02, -0.3), (-0.25, -0.3, -0.4, -0.1)),
    ((5.0,), (1.0, 2.0, 3.0, 4.0, 6.0)),
)

# scores of items labelled no, and the false-positive rate that is allowed
CALIBRATION = (
    (tuple(range(1, 20)), 0.05),
    (tuple(v * v % 23 for v in range(1, 40)), 0.1),
    ((-0.3, -0.3, -0.2, -0.2, -0.1, -0.4, -0.5, -0.3, -0.2), 0.25),
)

DRAWS = ((0, 0, 1, 0), (2, 1, 0, 2, 2, 1), (4, 4, 4, 4, 4), (0, 1, 2, 3, 4, 5))


@exercise("11.1 What the full posterior says")
def full_entropy(answer: Any) -> str:
    """Check the entropy of the full posterior, made from the cavity one, the word that is seen, and alpha."""
    for cavity_probs, b, alpha in WORDS:
        cavity = torch.tensor(cavity_probs, dtype=torch.float64)
        got = float(as_tensor(as_tensor(ask(answer, cavity, b, alpha)).squeeze(), (), "Your entropy"))
        noise = (1 - alpha) / len(cavity)
        likelihood = torch.full_like(cavity, noise)
        likelihood[b] += alpha
        weight = likelihood * cavity
        want = _entropy(weight / weight.sum())
        if abs(got - want) < 1e-6:
            continue
        if math.isnan(got):
            wrong("You return nan. A word of probability 0 adds nothing: 0 log 0 counts as 0 (torch.xlogy knows that).")
        if abs(got - want / math.log(2)) < 1e-6:
            wrong("That is the entropy in bits. This book uses natural logarithms.")
        if abs(got + want) < 1e-6:
            wrong("The sign is turned around: an entropy is never negative.")
        if abs(got - _entropy(cavity)) < 1e-6:
            wrong(
                "That is the entropy of the cavity itself. Multiply by the likelihood of the word that is seen first."
            )
        if abs(got - _entropy(weight)) < 1e-6:
            wrong("Normalize the product of likelihood and cavity before you take its entropy.")
        no_redraw = torch.full_like(cavity, (1 - alpha) / len(cavity))
        no_redraw[b] = alpha
        other = no_redraw * cavity
        if abs(got - _entropy(other / other.sum())) < 1e-6:
            wrong("A redrawn word may draw itself again, so the word that is seen has alpha + (1 - alpha) / V.")
        wrong(
            f"For the cavity {list(cavity_probs)}, b = {b}, alpha = {alpha} you return {got:.4f} nats, not {want:.4f}."
        )
    return "Right. As alpha goes to 1 the seen word outweighs everything, and this entropy goes to 0 for any language."


@exercise("11.2 The area under the curve")
def area(answer: Any) -> str:
    """Check the Mann-Whitney statistic with ties."""
    for yes, no in SCORES:
        scores, labels = torch.tensor([*yes, *no]), torch.tensor([True] * len(yes) + [False] * len(no))
        got = float(as_tensor(as_tensor(ask(answer, scores, labels)).squeeze(), (), "Your area"))
        want = auc(scores, labels).value
        if abs(got - want) < 1e-6:
            continue
        pairs = len(yes) * len(no)
        above, ties = (sum(f(p, n) for p in yes for n in no) for f in (lambda p, n: p > n, lambda p, n: p == n))
        if abs(got - (1 - want)) < 1e-6:
            wrong("You count the pairs the wrong way around: a high score should mean yes.")
        if ties and abs(got - above / pairs) < 1e-6:
            wrong("Ties are pairs too: a detector that cannot tell two items apart is right half of the time.")
        if ties and abs(got - (above + ties) / pairs) < 1e-6:
            wrong("You give ties full credit. Then a detector that says the same of everything would be perfect.")
        if abs(got - (above + ties / 2)) < 1e-6:
            wrong("Divide by the number of pairs, (items labelled yes) times (items labelled no).")
        wrong(
            f"For yes {list(yes)} and no {list(no)} you return {got:.4f}; {above} pairs are right and {ties} are ties."
        )
    return "Right. It needs no threshold, and only the order of the scores matters."


@exercise("11.3 A threshold that keeps its promise")
def calibrated(answer: Any) -> str:
    """Check the k-th largest score, k = floor(rate (n + 1))."""
    for no, rate in CALIBRATION:
        got = float(as_tensor(as_tensor(ask(answer, torch.tensor(no, dtype=torch.float64), rate)).squeeze(), (), "It"))
        want = threshold_at(no, rate)
        if abs(got - want) < 1e-6:
            continue
        ordered = sorted(no, reverse=True)
        k = math.floor(rate * (len(no) + 1) + 1e-9)
        if any(abs(got - v) < 1e-6 for v in ordered[k:]) and got < want:
            wrong(
                f"Too low: of {len(no) + 1} exchangeable items, the new one and the {len(no)} known ones, more "
                f"than the share {rate} can lie above {got:g}."
            )
        if got > want:
            wrong(
                f"Too high: {want:g} already keeps the rate {rate}, and finds more of what you look for than {got:g}."
            )
        wrong(f"You return {got:g}. The threshold is one of the known scores: which of {len(no)} may a new one exceed?")
    return "Right. It assumes nothing about how the scores are distributed, only that the new item is of the same kind."


@exercise("11.4 Entropy from draws")
def from_draws(answer: Any) -> str:
    """Check sum_v (n_v / S) (1 / n_v + ... + 1 / (S - 1))."""
    for row in DRAWS:
        draws = torch.tensor(row)
        got = float(as_tensor(as_tensor(ask(answer, draws)).squeeze(), (), "Your entropy"))
        counts, n = torch.bincount(draws).tolist(), len(row)
        want = sum(c / n * sum(1 / k for k in range(c, n)) for c in counts if c)
        if abs(got - want) < 1e-6:
            continue
        plug_in = _entropy(torch.tensor([c / n for c in counts], dtype=torch.float64))
        kinds = sum(c > 0 for c in counts)
        if math.isnan(got):
            wrong("You return nan. Words that were not drawn add nothing: leave them out.")
        if abs(got - plug_in) < 1e-6:
            wrong("That is the entropy of the frequencies, which is too low on average. Use the sum of 1 / k.")
        if abs(got - plug_in - (kinds - 1) / (2 * n)) < 1e-6:
            wrong("That is Miller and Madow's correction: good, but not the unbiased sum that is asked for.")
        one_more = sum(c / n * sum(1 / k for k in range(c, n + 1)) for c in counts if c)
        if abs(got - one_more) < 1e-6:
            wrong("One term too many: after the first draw there are S - 1 others, so k ends at S - 1.")
        one_less = sum(c / n * sum(1 / k for k in range(c + 1, n)) for c in counts if c)
        if abs(got - one_less) < 1e-6:
            wrong("One term too few: k starts at n_v itself.")
        unweighted = sum(sum(1 / k for k in range(c, n)) for c in counts if c)
        if abs(got - unweighted) < 1e-6:
            wrong("Each word counts with its frequency n_v / S.")
        wrong(f"For the draws {list(row)} you return {got:.4f} nats, not {want:.4f}.")
    return "Right. It misses only the part of the series with k >= S, which is small once every likely word was drawn."


def _entropy(p: torch.Tensor) -> float:
    return -float(torch.xlogy(p, p).sum())
