"""Checks of the chapter "When does a network begin to memorize?"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import STUDENT, first_passage
from uddm_mini.teaching.answers import as_number, as_tensor, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

# training sentences, steps, and sentences in one step
RUNS = ((128, 1560, 64), (256, 6630, 64), (16, 25, 64), (1000, 77, 30))

# steps of the looks, the gap at each, and a bar
COURSES = (
    ((10, 100, 1000, 10_000), (0.0, 0.05, 0.15, 0.25), 0.1),
    ((10, 15, 25, 40, 100, 150, 300, 500, 4000), (0.0, 0.01, 0.02, 0.03, 0.12, 0.05, 0.06, 0.07, 0.3), 0.1),
    ((10, 100, 1000), (0.0, 0.02, 0.05), 0.1),
    ((10, 90, 900), (-0.01, 0.2, 0.5), 0.2),
    ((10, 50, 100, 700, 4000), (0.0, 0.25, 0.25, 0.125, 0.5), 0.25),  # touches the bar, and falls again
)

# recovery of training and of held-out text at every look, and a patience
LOOKS = (
    ((0.1, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.94, 0.93), (0.1, 0.5, 0.6, 0.58, 0.59, 0.57, 0.56, 0.55, 0.7), 3),
    ((0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95), (0.1, 0.3, 0.25, 0.35, 0.33, 0.4, 0.39, 0.38, 0.37), 2),
    ((0.1, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9), (0.1, 0.6, 0.5, 0.55, 0.52, 0.58, 0.4), 2),
    ((0.1, 0.5, 0.6, 0.7, 0.8), (0.1, 0.5, 0.5, 0.5, 0.6), 2),
    ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.15, 0.3), 2),
)

# training sentences, and the times of three or four seeds (rows); a time is infinite where the bar was not reached
INF = math.inf
TIMES = (
    ((64, 128, 256, 512), ((200, 800, 4000, INF), (300, 1100, 4100, INF), (260, 700, 3900, INF))),
    ((32, 96, 160, 320), ((90, 700, 1500, 7500), (70, 650, 2100, INF), (110, 640, 1700, 7900), (80, 690, 1900, 7700))),
)


@exercise(1, "Passes", level="warm-up", minutes=5, assesses="counting passes over data")
@questions(RUNS, "With {n} training sentences, {steps} steps and batches of {batch}")
def passes(n: int, steps: int, batch: int, got: Any) -> str:
    """Check steps * batch / n."""
    right = steps * batch / n
    slips = {
        "A step draws a whole batch, and you count it as one sentence.": steps / n,
        "That is how many sentences the network was shown altogether. How often was it *each* of the n?": steps * batch,
        "Upside down: the more sentences there are, the less often each of them comes.": (
            steps * n / batch,
            n / (steps * batch),
        ),
        "Do not round. A sentence is drawn at random, so the mean number need not be whole.": (
            math.floor(right),
            math.ceil(right),
            round(right),
        ),
    }
    compare(got, right, slips, "Count the sentences that all steps draw, and share them among the n.")
    return "Right. Batches are drawn with replacement, so this is a mean: one sentence comes more often, another less."


@exercise(2, "A turning point", level="core", minutes=15, assesses="first passage by interpolation")
@questions(
    lambda: [(np.array(steps), np.array(gap), bar) for steps, gap, bar in COURSES],
    "For the gaps {gap} after {steps} steps, and the bar {bar}",
)
def turning_point(steps: Any, gap: Any, bar: float, got: Any) -> str:
    """Check the first passage, on straight lines in ln steps; infinite if there is none."""
    logs = np.log(steps.astype(float))
    right = first_passage(logs, gap, 0.0, -10.0, bar)[0]
    number = as_number(got)
    if math.isinf(right):
        if not math.isinf(number):
            wrong(f"The gap never reaches the bar, so the time is infinite (math.inf), but you return {number:g}.")
        return ""
    if not math.isfinite(number):
        wrong("The gap does reach the bar here.")
    k = int(np.flatnonzero(gap >= bar)[0])
    last = 1 + int(np.flatnonzero(gap < bar)[-1])
    share = (bar - gap[last - 1]) / (gap[last] - gap[last - 1])
    slips: dict[str, Any] = {
        f"After {steps[k]} steps the gap *is* the bar, and so it has reached it (>=, not >).": bool(
            gap[k] == bar and number > steps[k]
        ),
        "You draw the straight line in the steps themselves. Draw it in their logarithm, and go back with exp.": (
            steps[k - 1] + (bar - gap[k - 1]) / (gap[k] - gap[k - 1]) * (steps[k] - steps[k - 1])
        ),
        "That is the logarithm. Go back with exp.": (math.log(right), math.log10(right), math.log2(right)),
        "That is the first look at which the gap is above the bar. It passed the bar between two looks.": steps[k],
        "That is the last look before the bar. The gap passes it between two looks.": steps[k - 1],
        "The gap passes the bar more than once. Take the first time. (np.interp wants a list "
        "that rises, and this gap does not.)": (math.exp(logs[last - 1] + share * (logs[last] - logs[last - 1]))),
    }
    compare(number, right, slips, "Between which two looks does the gap first reach the bar, and how far along?")
    return "Right. On a logarithmic axis, this is where a ruler would find it. And never means infinite, not the end."


@exercise(3, "Patience", level="core", minutes=20, assesses="early stopping without a look ahead")
@questions(
    lambda: [(np.array(train), np.array(held_out), patience) for train, held_out, patience in LOOKS],
    "For the held-out recoveries {held_out} and a patience of {patience}",
)
def patience_stop(train: Any, held_out: Any, patience: int, pair: Any) -> str:
    """Check the look whose weights are kept, and the look at which training stops."""
    got = as_tensor(pair, (2,), "Your pair (kept, stopped)")
    kept, last = patient(held_out, patience)
    best = int(held_out.argmax())  # of all looks, also of those that never come
    ahead = [best, min(best + patience, len(held_out) - 1)]
    slips = {
        "A tie is nothing better: the count goes on, and the earlier look stays the best.": (
            patient(held_out, patience, ties=True)
        ),
        "You followed the training text, which goes on rising while the network memorizes. Watch held-out text.": (
            patient(train, patience)
        ),
        "You swapped the two: first the look whose weights you keep, then the one at which you stop.": [last, kept],
        "The second is the look at which you *stop*, after waiting in vain. You give that of the best one twice.": (
            [kept, kept]
        ),
        "You keep the weights of the look at which you stop. You waited for something better, and it did not come: "
        "go back to the best look.": [last, last],
        f"You look into the future: at look {last}, where training stops, look {best} has not come yet.": (
            [best, last] if best > last else False,
            ahead if best > last else False,
        ),
        f"Off by one: a patience of {patience} means that you stop at look number {patience} without a new best.": (
            patient(held_out, patience + 1),
            patient(held_out, patience - 1) if patience > 1 else False,
            [kept, last + 1],
            [kept, last - 1],
        ),
        "A new best starts the count anew. You add up all the looks that were no new best.": (
            patient(held_out, patience, anew=False)
        ),
        "You count the looks from 1. The first look is number 0.": [kept + 1, last + 1],
        "Compare with the best look so far, not with the one before.": patient(held_out, patience, to_best=False),
    }
    compare(got, [kept, last], slips, "Count the looks since the last new best of held-out text.")
    return "Right. You paid for it, too: text that decides when to stop is no longer text that nothing has seen."


def patient(
    scores: Sequence[float], patience: int, *, anew: bool = True, to_best: bool = True, ties: bool = False
) -> list[int]:
    """Return [kept, stopped]: the best look so far, and the look number `patience` without a new best, or the last.

    The switches make mistakes: `anew=False` never sets the count back, `to_best=False` compares with the look before,
    `ties=True` takes a tie for a new best.
    """
    best = waited = 0
    for k in range(1, len(scores)):
        mark = scores[best] if to_best else scores[k - 1]
        if scores[k] > mark or (ties and scores[k] == mark):
            best, waited = k, 0 if anew else waited
        else:
            waited += 1
        if waited == patience:
            return [best, k]
    return [best, len(scores) - 1]


def cap(times: Any, longest: float) -> Any:
    """Return times with `longest` in the place of what was not reached, a mistake."""
    return np.where(np.isfinite(times), times, longest)


@exercise(
    4, "A power with an interval", level="stretch", minutes=25, assesses="an interval for a power, with missing runs"
)
@questions(
    lambda: [(np.array(n, dtype=float), np.array(rows), STUDENT[len(rows) - 2]) for n, rows in TIMES],
    "For n = {n} and the times {times}",
)
def power_interval(n: Any, times: Any, student: float, triple: Any) -> str:
    """Check the mean exponent over seeds with the interval of Student's t, from sizes that every seed has reached."""
    got = as_tensor(triple, (3,), "Your triple (exponent, low, high)")
    whole = np.isfinite(times).all(axis=0)
    x, y, few = np.log(n[whole]), np.log(times[:, whole]), len(times)
    slopes = np.array([np.polyfit(x, row, 1)[0] for row in y])
    own = np.array(
        [np.polyfit(np.log(n[np.isfinite(row)]), np.log(row[np.isfinite(row)]), 1)[0] for row in times],
    )

    def triple_of(each: Any, quantile: float = student, ddof: int = 1, root: float = math.sqrt(few)) -> Any:
        half = quantile * each.std(ddof=ddof) / root
        return [each.mean(), each.mean() - half, each.mean() + half]

    right = triple_of(slopes)
    capped = [cap(times, longest) for longest in (8000, np.max(times[np.isfinite(times)]))]
    slips = {
        "A size that was not reached has no time: it is later than the end of training, nobody knows how much. You put "
        "a number in its place. Leave the size out.": tuple(
            triple_of(np.array([np.polyfit(np.log(n), np.log(row), 1)[0] for row in every])) for every in capped
        ),
        "Something is not finite. A size that a seed did not reach has no logarithm of a time: leave it out.": (
            not bool(got.isfinite().all())
        ),
        "At the largest size some seeds arrived and others did not. You keep those that were early. Leave such a size "
        "out for all seeds.": triple_of(own) if not np.allclose(own, slopes) else False,
        "That line is straight in the numbers themselves. A power is a straight line if both are logarithms.": (
            triple_of(np.array([np.polyfit(n[whole], row[whole], 1)[0] for row in times]))
        ),
        "You fitted ln(n) against ln(time). The time is what the power gives: swap the two.": (
            triple_of(np.array([np.polyfit(row, x, 1)[0] for row in y]))
        ),
        "You took 1.96. That holds for many seeds; for few use `student`.": triple_of(slopes, 1.96),
        "That is how far single seeds spread. The mean of k seeds spreads less, by the square root of k.": (
            triple_of(slopes, root=1.0)
        ),
        "The standard deviation of few numbers divides by one less than their number: ddof=1.": (
            triple_of(slopes, ddof=0)
        ),
        "The ends are swapped: the lower one comes first.": [right[0], right[2], right[1]],
    }
    if abs(float(got[0]) - right[0]) < 1e-6 and not bool(got.isfinite().all()):
        wrong("The exponent is right, but the interval is not finite.")
    compare(
        got, right, slips, "One slope for each seed, from the sizes that all seeds reached; then mean and interval."
    )
    return "Right. Three seeds and two or three sizes: the interval is honest, and wide."
