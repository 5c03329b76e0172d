"""Checks of the chapter "Can you tell memory from generalization without the training set?"."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

from uddm_mini.probes.roc import auc, threshold_at
from uddm_mini.teaching.answers import BITS, as_number, as_tensor, compare, questions
from uddm_mini.teaching.exercises import exercise, second_part

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
    (tuple(v * 17 % 41 for v in range(1, 40)), 0.1),
    ((3, 1, 4, 1.5, 9, 2.6, 5, 3.5, 8, 9.7, 9.3, 2.3, 8.4, 6.2, 6.4, 3.3, 8.3, 2.7, 9.5, 0.2), 0.1),
    ((-0.3, -0.3, -0.2, -0.2, -0.1, -0.4, -0.5, -0.3, -0.2), 0.25),
)

DRAWS = ((0, 0, 1, 0), (2, 1, 0, 2, 2, 1), (4, 4, 4, 4, 4), (0, 1, 2, 3, 4, 5))

# probabilities of words, and a number of draws from them
DRAWN = (((0.5, 0.3, 0.2), 3), ((0.9, 0.1), 6), ((0.9, 0.1), 2), ((0.6, 0.4, 0.0), 4))


@exercise(1, "What the full posterior says", level="warm-up", minutes=10, assesses="entropy of a posterior")
@questions(
    lambda: [(as_tensor(p), b, alpha) for p, b, alpha in WORDS], "For the cavity {cavity}, b = {b}, alpha = {alpha}"
)
def full_entropy(cavity: torch.Tensor, b: int, alpha: float, got: Any) -> str:
    """Check the entropy of the full posterior, made from the cavity one, the word that is seen, and alpha."""
    seen = torch.arange(len(cavity)) == b
    weight = (alpha * seen + (1 - alpha) / len(cavity)) * cavity
    undivided = (alpha * seen + 1 - alpha) * cavity
    no_redraw = torch.where(seen, alpha, (1 - alpha) / len(cavity)) * cavity
    right = _entropy(weight / weight.sum())
    slips = {
        BITS: right / math.log(2),
        "The sign is turned around: an entropy is never negative.": -right,
        "That is the entropy of the cavity itself. Multiply by the likelihood of the word that is seen first.": (
            _entropy(cavity)
        ),
        "Normalize the product of likelihood and cavity before you take its entropy.": _entropy(weight),
        "You mix the cavity with the word that is seen. Bayes' rule multiplies it with the likelihood.": (
            _entropy((1 - alpha) * cavity + alpha * seen)
        ),
        "A redrawn word is b in one of V draws: divide 1 - alpha by V.": _entropy(undivided / undivided.sum()),
        "A redrawn word may draw itself again, so the word that is seen has alpha + (1 - alpha) / V.": (
            _entropy(no_redraw / no_redraw.sum())
        ),
    }
    compare(got, right, slips)
    return "Right. As alpha goes to 1 the seen word outweighs everything, and this entropy goes to 0 for any language."


def _labelled() -> list[tuple[Any, ...]]:
    """Return scores and labels in a random order, and the scores by label."""
    cases: list[tuple[Any, ...]] = []
    for high, low in SCORES:
        order = torch.randperm(len(high) + len(low), generator=torch.Generator().manual_seed(len(cases)))
        scores, labels = torch.tensor([*high, *low]), torch.tensor([True] * len(high) + [False] * len(low))
        cases.append((scores[order], labels[order], high, low))
    return cases


@exercise(2, "The area under the curve", level="core", minutes=15, assesses="the area under the ROC curve, with ties")
@questions(_labelled, "For yes {yes} and no {no}", hidden=2)
def area(scores: torch.Tensor, labels: torch.Tensor, yes: tuple[float, ...], no: tuple[float, ...], got: Any) -> str:
    """Check the Mann-Whitney statistic with ties."""
    right, pairs = auc(scores, labels).value, len(yes) * len(no)
    above, ties = (sum(f(p, n) for p in yes for n in no) for f in (float.__gt__, float.__eq__))
    slips = {
        "You count the pairs the wrong way around: a high score should mean yes.": 1 - right,
        "Ties are pairs too: a detector that cannot tell two items apart is right half of the time.": (
            ties > 0 and above / pairs
        ),
        "You give ties full credit. Then a detector that says the same of everything would be perfect.": (
            ties > 0 and (above + ties) / pairs
        ),
        "That is the share of right labels at the best threshold. The area needs none: compare each item labelled yes "
        "with each labelled no.": max(float(((scores >= c) == labels).double().mean()) for c in scores),
        "Divide by the number of pairs, (items labelled yes) times (items labelled no).": above + ties / 2,
    }
    compare(as_number(got, "Your area"), right, slips, f"{above} pairs are right and {ties} are ties.")
    return "Right. It needs no threshold, and only the order of the scores matters."


@exercise(
    3,
    "A threshold that keeps its promise",
    level="core",
    minutes=15,
    assesses="a threshold with a guaranteed error rate",
)
@questions(lambda: [(as_tensor(no), rate) for no, rate in CALIBRATION])
def calibrated(known: torch.Tensor, rate: float, got: Any) -> str:
    """Check the k-th largest score, k = floor(rate (n + 1))."""
    no, got = known.tolist(), as_number(got, "The threshold")
    right = threshold_at(no, rate)
    too_low = tuple(sorted(no, reverse=True)[math.floor(rate * (len(no) + 1) + 1e-9) :])
    among = sorted(no, reverse=True)[max(math.floor(rate * len(no) + 1e-9), 1) - 1]
    slips = {
        "You return the rate. The threshold is one of the known scores.": rate,
        f"Too low: of {len(no) + 1} exchangeable items, the new one and the {len(no)} known ones, more than the share "
        f"{rate} can lie above {got:g}.": got < right and too_low,
        f"You count {len(no)} items. The new one is one more: any of {len(no) + 1} may be the highest, so {right:g} "
        f"already keeps the rate {rate}, and finds more than {got:g}.": among != right and among,
        f"Too high: {right:g} already keeps the rate {rate}, and finds more of what you look for than {got:g}.": (
            got > right
        ),
    }
    compare(got, right, slips, f"The threshold is one of the known scores: which of {len(no)} may a new one exceed?")
    return "Right. It assumes nothing about how the scores are distributed, only that the new item is of the same kind."


@exercise(4, "How much surer of its own text?", level="core", minutes=15, assesses="a score with its own unit")
@questions(lambda: [_of_texts(seed) for seed in (0, 1)])
def surer(model: dict[str, torch.Tensor], table: dict[str, torch.Tensor], got: Any) -> str:
    """Check the entropy of fresh minus own text over that of fresh text under a table."""
    mean, unit = {text: float(nats.mean()) for text, nats in model.items()}, float(table["held-out"].mean())
    right = (mean["held-out"] - mean["own"]) / unit
    slips = {
        "That is training text in the place of fresh text. A memory writes its training text and is as sure of the one "
        "as of the other, so this is near 0 for a memory and for a model that learned. Fresh text is held out.": (
            (mean["train"] - mean["own"]) / unit,
            (mean["train"] - mean["own"]) / float(table["train"].mean()),
        ),
        "That is held-out minus training text. It needs the training text, which the probe does without: take what the "
        "model wrote.": (mean["held-out"] - mean["train"]) / unit,
        "The sign is turned around: a memory is surer of its own text, and should get a high score.": -right,
        "That is still in nats. Divide by what the table leaves open of the fresh text.": right * unit,
        "Divide by the table's entropy, not by the model's own.": (mean["held-out"] - mean["own"]) / mean["held-out"],
        "The table's entropy of the held-out text is asked for: how open the language is, not what the model wrote.": (
            (mean["held-out"] - mean["own"]) / float(table["own"].mean()),
            (mean["held-out"] - mean["own"]) / float(table["train"].mean()),
        ),
        "That is the plain score. Own text alone cannot tell a large network from a small one.": (
            mean["own"] / unit,
            -mean["own"] / unit,
        ),
        BITS: right / math.log(2),
    }
    compare(as_number(got, "Your score"), right, slips, "Means over all words first, then (fresh - own) / table.")
    return "Right. It needs no training sentence, and it is in the same units for every language."


def _of_texts(seed: int) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Return entropies of three texts: of a model that memorized, and of a table of pairs."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"own": (6, 5), "train": (4, 5), "held-out": (7, 5)}
    level = {"own": 0.1 + 0.1 * seed, "train": 0.16 + 0.13 * seed, "held-out": 0.5 + 0.2 * seed}

    def draw(text: str, nats: float) -> torch.Tensor:
        return 2 * nats * torch.rand(shapes[text], generator=generator, dtype=torch.float64)

    return {text: draw(text, level[text]) for text in shapes}, {text: draw(text, 1.2 - seed * 0.3) for text in shapes}


@exercise(
    5, "Entropy from draws", level="stretch", minutes=25, assesses="an estimator without bias, and what it misses"
)
@questions(lambda: [(torch.tensor(row),) for row in DRAWS], "For the draws {draws}")
def from_draws(draws: torch.Tensor, got: Any) -> str:
    """Check sum_v (n_v / S) (1 / n_v + ... + 1 / (S - 1))."""
    n = len(draws)
    counts = [c for c in torch.bincount(draws).tolist() if c]
    plug_in = _entropy(as_tensor(counts) / n)
    slips = {
        "That is the entropy of the frequencies, which is too low on average. Use the sum of 1 / k.": plug_in,
        "That is Miller and Madow's correction: good, but not the unbiased sum that is asked for.": (
            plug_in + (len(counts) - 1) / (2 * n)
        ),
        "One term too many: after the first draw there are S - 1 others, so k ends at S - 1.": (
            sum(c / n * sum(1 / k for k in range(c, n + 1)) for c in counts)
        ),
        "One term too few: k starts at n_v itself.": sum(c / n * sum(1 / k for k in range(c + 1, n)) for c in counts),
        "The sum runs from n_v up to S - 1, and not from 1 up to n_v - 1.": (
            sum(c / n * sum(1 / k for k in range(1, c)) for c in counts)
        ),
        "Each word counts with its frequency n_v / S.": sum(sum(1 / k for k in range(c, n)) for c in counts),
    }
    compare(got, _estimate(draws.tolist()), slips, "Words that were not drawn add nothing: leave them out.")
    return "Right. It misses only the part of the series with k >= S, which is small once every likely word was drawn."


@second_part(from_draws)
@questions(lambda: [(as_tensor(p), n) for p, n in DRAWN], "For p = {p} and S = {n}")
def missing_part(p: torch.Tensor, n: int, got: Any) -> str:
    """Check what the estimate misses against the entropy minus its mean over all V^S draws."""
    rows = list(itertools.product(range(len(p)), repeat=n))
    mean = sum(math.prod(p[list(row)].tolist()) * _estimate(list(row)) for row in rows)
    right, seen = _entropy(p) - mean, [v for v in p.tolist() if v > 0]
    slips = {
        "The sign is turned around: the estimate is too low on average, so what it misses is positive.": -right,
        "This is what the estimate finds on average. What it misses are the terms with k >= S.": mean,
        "This is the whole entropy. The terms with k < S are not missed.": _entropy(p),
        "One term is lacking: k = S belongs to the part that is missed.": (
            right - sum(v * (1 - v) ** n / n for v in seen)
        ),
        "One term too many: k = S - 1 can still be estimated without bias.": (
            right + sum(v * (1 - v) ** (n - 1) / (n - 1) for v in seen)
        ),
    }
    hint = (
        f"That is the entropy minus the mean of the estimate over all {len(rows)} draws. Sum p_v (1 - p_v)^k / k over "
        "all words and k from S on, or subtract the terms below S from the entropy."
    )
    compare(got, right, slips, hint, within=1e-3)
    return "Right. The difference is exactly this, so every term below k = S is estimated without bias."


def _estimate(draws: list[int]) -> float:
    """Return sum_v (n_v / S) (1 / n_v + ... + 1 / (S - 1))."""
    n = len(draws)
    return sum(c / n * sum(1 / k for k in range(c, n)) for c in map(draws.count, set(draws)))


def _entropy(p: torch.Tensor) -> float:
    return -float(torch.xlogy(p, p).sum())
