"""Drawn questions of the chapter on training time."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def passes(draw: Draw) -> list[Case]:
    """Return training sentences, steps, and sentences in one step."""
    return draw.times(4, lambda: (draw.whole(50, 2000), draw.whole(30, 900), draw.whole(8, 64)))


def _rising(draw: Draw, n: int) -> list[float]:
    """Return a gap that starts below 0.05, and mostly rises."""
    return [0.0] + [round(0.4 * (i + draw.number(-0.9, 0.9)) / n, 3) for i in range(1, n)]


def turning_point(draw: Draw) -> list[Case]:
    """Return steps of the looks, the gap at each, and a bar."""

    def one() -> Case:
        n = draw.whole(5, 9)
        steps = np.cumsum(draw.wholes(n, 5, 400))
        return steps, np.array(_rising(draw, n)), draw.number(0.06, 0.25, 2)

    return draw.times(5, one)


def patience_stop(draw: Draw) -> list[Case]:
    """Return recovery of training and of held-out text at every look, and a patience."""

    def one() -> Case:
        n = draw.whole(8, 14)
        train = sorted(draw.numbers(n, 0.1, 0.99, 2))
        held_out = [round(min(0.1 + 0.1 * i, 0.55) + 0.05 * draw.whole(-2, 2), 2) for i in range(n)]
        return np.array(train), np.array(held_out), draw.whole(2, 4)

    return draw.times(6, one)


def power_interval(draw: Draw) -> list[Case]:
    """Return sizes, the times of some seeds (rows), the last of which some never reached, and Student's quantile."""

    def one() -> Case:
        k, few = draw.whole(4, 5), draw.whole(3, 4)
        n = np.array([32.0 * 2**i for i in range(k)])
        rows = [[round(5 * size ** draw.number(0.9, 1.1), 0) for size in n] for _ in range(few)]
        rows[draw.whole(0, few - 1)][-1] = math.inf
        return n, np.array(rows), STUDENT[few - 2]

    return draw.times(3, one)


def _kept(scores: Any, patience: int, rule: str = "book") -> tuple[int, int]:
    """Return the look that is kept, and the one at which training stops; the rule says when the count starts anew."""
    best, waited = 0, 0
    for look in range(1, len(scores)):
        before = scores[look - 1] if rule == "rise" else max(scores[:look])
        waited += 1
        if scores[look] > before or (rule == "ties" and scores[look] == before):
            waited = waited - 1 if rule == "budget" else 0
            best = look if rule != "rise" or scores[look] > max(scores[:look]) else best
        if waited == patience:
            return best, look
    return best, len(scores) - 1


VARIANTS = {
    "passes": Meanings(
        lambda n, steps, batch: steps * batch / n,
        {
            "never": Variant(
                "Every sentence of every batch is drawn with replacement. Return the *expected share of the n "
                "sentences* that it has *never* seen.",
                lambda n, steps, batch: math.exp(steps * batch * math.log1p(-1 / n)),
            ),
            "once": Variant(
                "Every sentence of every batch is drawn with replacement. Return the *expected share of the n "
                "sentences* that it has seen *exactly once*.",
                lambda n, steps, batch: steps * batch / n * math.exp((steps * batch - 1) * math.log1p(-1 / n)),
            ),
            "between": Variant(
                "Return how many *steps* lie, on average, from one time that a certain sentence is seen to its next "
                "time. (Count each sight, also two in one batch.)",
                lambda n, steps, batch: n / batch,
            ),
        },
        lambda draw: draw.times(5, lambda: (draw.whole(50, 300), draw.whole(4, 20), draw.whole(8, 32))),
        "With {n} training sentences, {steps} steps and batches of {batch}",
    ),
    "patience_stop": Meanings(
        lambda train, held_out, patience: _kept(held_out, patience),
        {
            "ties-count": Variant(
                "A tie with the best so far *counts* as a new best: keep its look, and begin to wait anew.",
                lambda train, held_out, patience: _kept(held_out, patience, "ties"),
            ),
            "budget": Variant(
                "The looks without a new best need *not* be in a row: training stops at the look that is number "
                "`patience` of all that brought no new best.",
                lambda train, held_out, patience: _kept(held_out, patience, "budget"),
            ),
            "rise": Variant(
                "Training stops when `patience` looks in a row were not above *the look just before* each. You still "
                "keep the look with the best score so far, the earliest of equal ones.",
                lambda train, held_out, patience: _kept(held_out, patience, "rise"),
            ),
        },
        patience_stop,
        "For the held-out recoveries {held_out} and a patience of {patience}",
        0.0,
    ),
}
