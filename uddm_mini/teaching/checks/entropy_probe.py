"""Checks for chapter 11, "Can you tell memory from generalization without the training set?"."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

from uddm_mini.probes.detector import auc, threshold_at

from ._core import as_number, ask_each, close, exercise, wrong

# the cavity posterior of a word, the word that is seen, the signal alpha
WORDS = (((0.2, 0.5, 0.3), 0, 0.4), ((0.1, 0.2, 0.3, 0.4), 2, 0.9), ((0.0, 1.0, 0.0), 1, 0.999))

# scores of items labelled yes, and of items labelled no
SCORES: tuple[tuple[tuple[float, ...], tuple[float, ...]], ...] = (
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
    for cavity, b, alpha, given in ask_each(answer, [(_exact(p), b, alpha) for p, b, alpha in WORDS]):
        got = as_number(given, "Your entropy")
        noise = (1 - alpha) / len(cavity)
        likelihood = torch.full_like(cavity, noise)
        likelihood[b] += alpha
        weight = likelihood * cavity
        want = _entropy(weight / weight.sum())
        if close(got, want):
            continue
        if math.isnan(got):
            wrong("You return nan. A word of probability 0 adds nothing: 0 log 0 counts as 0 (torch.xlogy knows that).")
        if close(got, want / math.log(2)):
            wrong("That is the entropy in bits. This book uses natural logarithms.")
        if close(got, -want):
            wrong("The sign is turned around: an entropy is never negative.")
        if close(got, _entropy(cavity)):
            wrong(
                "That is the entropy of the cavity itself. Multiply by the likelihood of the word that is seen first."
            )
        if close(got, _entropy(weight)):
            wrong("Normalize the product of likelihood and cavity before you take its entropy.")
        no_redraw = torch.full_like(cavity, (1 - alpha) / len(cavity))
        no_redraw[b] = alpha
        other = no_redraw * cavity
        if close(got, _entropy(other / other.sum())):
            wrong("A redrawn word may draw itself again, so the word that is seen has alpha + (1 - alpha) / V.")
        wrong(f"For the cavity {cavity.tolist()}, b = {b}, alpha = {alpha} you return {got:.4f} nats, not {want:.4f}.")
    return "Right. As alpha goes to 1 the seen word outweighs everything, and this entropy goes to 0 for any language."


@exercise("11.2 The area under the curve")
def area(answer: Any) -> str:
    """Check the Mann-Whitney statistic with ties."""
    questions: list[tuple[torch.Tensor, torch.Tensor]] = []
    for high, low in SCORES:
        order = torch.randperm(len(high) + len(low), generator=torch.Generator().manual_seed(len(questions)))
        scores, labels = torch.tensor([*high, *low]), torch.tensor([True] * len(high) + [False] * len(low))
        questions.append((scores[order], labels[order]))
    for (yes, no), (scores, labels, given) in zip(SCORES, ask_each(answer, questions), strict=True):
        got = as_number(given, "Your area")
        want = auc(scores, labels).value
        if close(got, want):
            continue
        pairs = len(yes) * len(no)
        above, ties = (sum(f(p, n) for p in yes for n in no) for f in (lambda p, n: p > n, lambda p, n: p == n))
        if close(got, 1 - want):
            wrong("You count the pairs the wrong way around: a high score should mean yes.")
        if ties and close(got, above / pairs):
            wrong("Ties are pairs too: a detector that cannot tell two items apart is right half of the time.")
        if ties and close(got, (above + ties) / pairs):
            wrong("You give ties full credit. Then a detector that says the same of everything would be perfect.")
        if close(got, above + ties / 2):
            wrong("Divide by the number of pairs, (items labelled yes) times (items labelled no).")
        wrong(
            f"For yes {list(yes)} and no {list(no)} you return {got:.4f}; {above} pairs are right and {ties} are ties."
        )
    return "Right. It needs no threshold, and only the order of the scores matters."


@exercise("11.3 A threshold that keeps its promise")
def calibrated(answer: Any) -> str:
    """Check the k-th largest score, k = floor(rate (n + 1))."""
    for known, rate, given in ask_each(answer, [(_exact(no), rate) for no, rate in CALIBRATION]):
        no, got = known.tolist(), as_number(given, "The threshold")
        want = threshold_at(no, rate)
        if close(got, want):
            continue
        if close(got, rate):
            wrong("You return the rate. The threshold is one of the known scores.")
        ordered = sorted(no, reverse=True)
        k = math.floor(rate * (len(no) + 1) + 1e-9)
        if any(close(got, v) for v in ordered[k:]) and got < want:
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
    for draws, given in ask_each(answer, [(torch.tensor(row),) for row in DRAWS]):
        got = as_number(given, "Your entropy")
        counts, n = torch.bincount(draws).tolist(), len(draws)
        want = _estimate(draws.tolist())
        if close(got, want):
            continue
        plug_in = _entropy(torch.tensor([c / n for c in counts], dtype=torch.float64))
        kinds = sum(c > 0 for c in counts)
        if math.isnan(got):
            wrong("You return nan. Words that were not drawn add nothing: leave them out.")
        if close(got, plug_in):
            wrong("That is the entropy of the frequencies, which is too low on average. Use the sum of 1 / k.")
        if close(got, plug_in + (kinds - 1) / (2 * n)):
            wrong("That is Miller and Madow's correction: good, but not the unbiased sum that is asked for.")
        one_more = sum(c / n * sum(1 / k for k in range(c, n + 1)) for c in counts if c)
        if close(got, one_more):
            wrong("One term too many: after the first draw there are S - 1 others, so k ends at S - 1.")
        one_less = sum(c / n * sum(1 / k for k in range(c + 1, n)) for c in counts if c)
        if close(got, one_less):
            wrong("One term too few: k starts at n_v itself.")
        unweighted = sum(sum(1 / k for k in range(c, n)) for c in counts if c)
        if close(got, unweighted):
            wrong("Each word counts with its frequency n_v / S.")
        wrong(f"For the draws {draws.tolist()} you return {got:.4f} nats, not {want:.4f}.")
    return "Right. It misses only the part of the series with k >= S, which is small once every likely word was drawn."


@exercise("11.4 Entropy from draws, second part")
def missing_part(answer: Any) -> str:
    """Check what the estimate misses against the entropy minus its mean over all V^S draws."""
    questions = [
        (_exact(p), n) for p, n in (((0.5, 0.3, 0.2), 3), ((0.9, 0.1), 6), ((0.9, 0.1), 2), ((0.6, 0.4, 0.0), 4))
    ]
    for p, n, given in ask_each(answer, questions):
        got = as_number(given, "The part that is missed")
        rows = list(itertools.product(range(len(p)), repeat=n))
        mean = sum(math.prod(p[list(row)].tolist()) * _estimate(list(row)) for row in rows)
        want = _entropy(p) - mean
        if close(got, want, rtol=1e-3):
            continue
        case = f"For p = {p.tolist()} and S = {n}"
        seen = [v for v in p.tolist() if v > 0]
        if math.isnan(got):
            wrong(f"{case} you return nan. A word of probability 0 adds nothing: leave it out.")
        if close(got, -want):
            wrong(
                f"{case} the sign is turned around: the estimate is too low on average, so what it misses is positive."
            )
        if close(got, mean):
            wrong(f"{case} this is what the estimate finds on average. What it misses are the terms with k >= S.")
        if close(got, _entropy(p)):
            wrong(f"{case} this is the whole entropy. The terms with k < S are not missed.")
        if close(got, want - sum(v * (1 - v) ** n / n for v in seen), rtol=1e-3):
            wrong(f"{case} one term is lacking: k = S belongs to the part that is missed.")
        if close(got, want + sum(v * (1 - v) ** (n - 1) / (n - 1) for v in seen), rtol=1e-3):
            wrong(f"{case} one term too many: k = S - 1 can still be estimated without bias.")
        wrong(
            f"{case} the entropy minus the mean of the estimate over all {len(rows)} draws is {want:.5f}, but you "
            f"return {got:.5f}. Sum p_v (1 - p_v)^k / k over all words and k from S on, or subtract the terms below S "
            "from the entropy."
        )
    return "Right. The difference is exactly this, so every term below k = S is estimated without bias."


def _exact(values: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _estimate(draws: list[int]) -> float:
    """Return sum_v (n_v / S) (1 / n_v + ... + 1 / (S - 1))."""
    n = len(draws)
    return sum(c / n * sum(1 / k for k in range(c, n)) for c in map(draws.count, set(draws)))


def _entropy(p: torch.Tensor) -> float:
    return -float(torch.xlogy(p, p).sum())
