"""Drawn questions of the chapter on fine-tunes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def excess(draw: Draw) -> list[Case]:
    """Return recovery of members and of strangers, pair by pair, and a margin."""

    def one() -> Case:
        k = draw.whole(4, 9)
        return np.array(draw.numbers(k, 0.6, 1.0)), np.array(draw.numbers(k, 0.4, 0.9)), draw.number(0.01, 0.1, 2)

    return draw.times(4, one)


def fires(draw: Draw) -> list[Case]:
    """Return steps of the looks, standard errors above the margin (some exactly 3), and a patience."""

    def one() -> Case:
        n = draw.whole(7, 12)
        above = [draw.one_of((3.0, draw.number(3.1, 6.0, 1), draw.number(3.1, 5.0, 1), 2.5)) for _ in range(n)]
        return draw.whole(20, 60) * np.arange(n), np.array(above), draw.whole(2, 3)

    return draw.times(6, one)


def median_lead(draw: Draw) -> list[Case]:
    """Return when each seed's monitor fired, when extraction passed 10 %, and the last look."""

    def one() -> Case:
        k, last = draw.whole(3, 7), 1000
        passed = [
            draw.one_of((math.inf, float(draw.whole(30, 95) * 10), float(draw.whole(30, 95) * 10))) for _ in range(k)
        ]
        return np.array(draw.wholes(k, 5, 30), dtype=float) * 10, np.array(passed), last

    return draw.times(4, one)


def precision_recall(draw: Draw) -> list[Case]:
    """Return the share of corruptions that came back to each end, whether it is a training sentence, and a bar."""

    def one() -> Case:
        n, bar = draw.whole(6, 12), draw.whole(3, 6)
        returned = [bar, 8, bar - 1, *draw.wholes(n - 3, 0, 8)]
        known = [True, *(draw.number() < 0.6 for _ in range(n - 2)), False]
        return np.array(returned) / 8, np.array(known), bar / 8

    return draw.times(5, one)


def safe_size(draw: Draw) -> list[Case]:
    """Return numbers of sentences, the gap of each seed (rows) there, a bar, and Student's quantile."""

    def one() -> Case:
        k, few = draw.whole(4, 6), draw.whole(3, 5)
        rows = [draw.falling(k, 0.6, 0.0) for _ in range(few)]
        bar = draw.number(max(row[-1] for row in rows) + 0.01, min(row[0] for row in rows) - 0.01)
        return np.array([16.0 * 3**i for i in range(k)]), np.array(rows), bar, STUDENT[few - 2]

    return draw.times(4, one)


def _fires(steps: Any, above: Any, patience: int, rule: str = "book") -> float:
    """Return the step at which an alarm of this rule is full, or infinity."""
    alarms = [a >= 3 if rule == "from-3" else a > 3 for a in above.tolist()]
    for k in range(len(alarms)):
        if rule == "total" and sum(alarms[: k + 1]) == patience:
            return float(steps[k])
        if rule == "most-of" and k >= patience and sum(alarms[k - patience : k + 1]) >= patience:
            return float(steps[k])
        if rule in ("book", "from-3") and k + 1 >= patience and all(alarms[k + 1 - patience : k + 1]):
            return float(steps[k])
    return math.inf


def _verdicts(returned: Any, known: Any, bar: float) -> dict[str, int]:
    """Count hits, false alarms, misses and what is rightly left alone."""
    found = {"hit": 0, "false": 0, "miss": 0, "left": 0}
    for share, is_known in zip(returned.tolist(), known.tolist(), strict=True):
        found[("hit" if is_known else "false") if share >= bar else ("miss" if is_known else "left")] += 1
    return found


def _pair(second: Any, *, strict: bool = False) -> Any:
    """Return precision and something else, of calling an end a memory from the bar on, or only above it."""

    def both(returned: Any, known: Any, bar: float) -> tuple[float, float]:
        n = _verdicts(returned, known, bar + 1e-6 if strict else bar)
        return n["hit"] / max(1, n["hit"] + n["false"]), second(n)

    return both


VARIANTS = {
    "fires": Meanings(
        _fires,
        {
            "from-3": Variant(
                "A look counts if it was *at least* 3 above: exactly 3 counts, too.",
                lambda steps, above, patience: _fires(steps, above, patience, "from-3"),
            ),
            "total": Variant(
                "The looks need *not* be in a row: the monitor fires at the look that is number `patience` of all "
                "that were more than 3 above.",
                lambda steps, above, patience: _fires(steps, above, patience, "total"),
            ),
            "most-of": Variant(
                "The monitor fires at the first look for which, of the last `patience + 1` looks up to it, *at least "
                "`patience`* were more than 3 above. It needs `patience + 1` looks before it can fire.",
                lambda steps, above, patience: _fires(steps, above, patience, "most-of"),
            ),
        },
        fires,
        "For looks at {steps} with {above} standard errors and a patience of {patience}",
    ),
    "precision_recall": Meanings(
        _pair(lambda n: n["hit"] / (n["hit"] + n["miss"])),
        {
            "above-the-bar": Variant(
                "You call an end a memory only if its share is *above* `bar`. The precision is 0 if you call none a "
                "memory.",
                _pair(lambda n: n["hit"] / (n["hit"] + n["miss"]), strict=True),
            ),
            "specificity": Variant(
                "Return (precision, specificity): the second is the share of the ends that are *no* training sentence "
                "which you do *not* call a memory.",
                _pair(lambda n: n["left"] / (n["left"] + n["false"])),
            ),
            "f-score": Variant(
                "Return (precision, F1): the second is the harmonic mean of precision and recall.",
                _pair(lambda n: 2 * n["hit"] / (2 * n["hit"] + n["false"] + n["miss"])),
            ),
        },
        precision_recall,
        "For returned = {returned}, known = {known} and the bar {bar}",
    ),
}
