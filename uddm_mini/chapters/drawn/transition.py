"""Drawn questions of the chapter on the transition."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import numpy as np

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def two_examples(draw: Draw) -> list[Case]:
    """Return probabilities of the second word."""
    return draw.times(4, lambda: (draw.probabilities(draw.whole(2, 6)).numpy(),))


def seed_interval(draw: Draw) -> list[Case]:
    """Return sizes, and the gaps of five seeds (rows), which fall at places of their own."""
    least = draw.whole(10, 30)
    sizes = [least * 2**k for k in range(4)]
    rows = [[round(gap + draw.number(-0.05, 0.05), 3) for gap in (0.66, 0.5, 0.2, 0.02)] for _ in range(5)]
    return [(sizes, rows)]


def predict_crossing(draw: Draw) -> list[Case]:
    """Return weights and crossings of some models, and the weights of another."""

    def one() -> Case:
        k = draw.whole(3, 5)
        weights = np.array([round(1e3 * 4**i * draw.number(0.8, 1.2), 0) for i in range(k)])
        crossings = np.array([round(20 * 1.6**i * draw.number(0.8, 1.2), 1) for i in range(k)])
        return weights, crossings, float(round(10 ** draw.number(3.0, 6.5), -1))

    return draw.times(4, one)


def _examples(p: Any, n: int, first: bool) -> tuple[float, float]:
    """Return recovery of training and held-out text, enumerated: the guess is what was seen most often.

    first: of words that were seen equally often the guess is the earliest example's; else one of them by lot
    """
    train = held_out = 0.0
    for draws in itertools.product(range(len(p)), repeat=n):
        chance = float(np.prod([p[v] for v in draws]))
        counts = Counter(draws)
        best = [v for v in counts if counts[v] == max(counts.values())]
        best = [next(v for v in draws if v in best)] if first else best
        train += chance * sum(counts[v] / n for v in best) / len(best)
        held_out += chance * sum(float(p[v]) for v in best) / len(best)
    return train, held_out


VARIANTS = {
    "two_examples": Meanings(
        lambda p: _examples(p, 2, first=True),
        {
            "three": Variant(
                "There are *three* examples of each first word. The guess is the second word that occurs most often "
                "among them, and that of the first example if all three differ.",
                lambda p: _examples(p, 3, first=True),
            ),
            "one": Variant(
                "There are *one or two* examples of each first word, each with probability 1/2: return the averages "
                "of the two cases.",
                lambda p: tuple(np.mean([_examples(p, 1, True), _examples(p, 2, True)], axis=0).tolist()),
            ),
            "unlike": Variant(
                "The two examples of each first word have *different* second words: the second example is drawn again "
                "until it differs from the first. (The held-out text is drawn as before.)",
                lambda p: _unlike(p),
            ),
        },
        lambda draw: draw.times(4, lambda: (draw.probabilities(draw.whole(2, 4)).numpy(),)),
        "For p = {p}",
    )
}


def _unlike(p: Any) -> tuple[float, float]:
    """Enumerate pairs of different examples; the guess is the first one."""
    pairs = [(a, b, p[a] * p[b] / (1 - p[a])) for a, b in itertools.permutations(range(len(p)), 2)]
    return 0.5 * float(sum(w for *_, w in pairs)), float(sum(w * p[a] for a, _, w in pairs))
