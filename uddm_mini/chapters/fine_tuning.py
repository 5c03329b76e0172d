"""Checks of the chapter "When does a fine-tune begin to recite?"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.teaching.answers import as_number, as_tensor, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

# recovery of members and of strangers, pair by pair, and a margin
PAIRS = (
    ((0.9, 0.8, 1.0, 0.7, 0.95), (0.7, 0.85, 0.8, 0.6, 0.75), 0.02),
    ((0.6, 0.75, 0.8, 0.7), (0.7, 0.7, 0.75, 0.8), 0.05),
    ((1.0, 0.9, 0.95, 1.0, 0.85, 0.9), (0.5, 0.6, 0.4, 0.7, 0.55, 0.45), 0.1),
)

# steps of the looks, standard errors above the margin, and a patience
LOOKS = (
    ((0, 50, 100, 150, 200, 250, 300), (-0.2, 3.6, 2.9, 3.2, 2.0, 3.3, 5.0), 2),
    ((0, 50, 100, 150, 200, 250), (0.1, 1.5, 2.0, 3.4, 6.1, 8.0), 2),
    ((0, 40, 80, 120, 160, 200), (0.0, 3.5, 2.0, 3.1, 3.3, 3.7), 3),
    ((0, 100, 200, 300), (0.0, 3.0, 3.0, 3.0), 1),
    ((0, 30, 60, 90, 120), (-1.0, 3.8, 1.0, 3.9, 2.5), 2),
)

INF = math.inf
# the step at which each seed's monitor fired, that at which extraction passed 10 %, and the last look
LEADS = (
    ((250, 300, 300, 200, 200), (INF, INF, INF, INF, 480), 600),
    ((100, 150, 250), (400, INF, INF), 500),
    ((264, 514, 368, 514, 414), (264, 368, 1000, INF, 514), 1000),
    ((80, 120, 60, 200, 100), (140, 260, 110, INF, 380), 300),
)

# the share of an end's corruptions that came back to it, whether it is a training sentence, and a bar
ENDS = (
    ((1.0, 0.875, 0.75, 0.5, 0.25, 0.75, 0.0, 1.0), (1, 1, 1, 1, 0, 0, 0, 1), 0.75),
    ((0.5, 0.625, 0.25, 0.875, 0.375, 0.5), (1, 0, 0, 1, 1, 0), 0.5),
    ((0.125, 0.5, 0.75, 1.0, 0.25, 0.375, 0.625), (1, 1, 0, 1, 1, 1, 0), 0.625),
)

# numbers of sentences, the gap of each seed (rows) there, and a bar
CURVES = (
    (
        (16, 32, 64, 128, 256),
        ((0.5, 0.3, 0.14, 0.05, 0.01), (0.52, 0.28, 0.12, 0.06, 0.0), (0.47, 0.33, 0.13, 0.04, 0.02)),
        0.1,
    ),
    (
        (20, 60, 180, 540),
        ((0.4, 0.3, 0.25, 0.1), (0.45, 0.32, 0.22, 0.05), (0.41, 0.3, 0.26, 0.08), (0.4, 0.3, 0.2, 0.1)),
        0.2,
    ),
    ((16, 64, 256), ((0.6, 0.2, 0.02), (0.5, 0.3, 0.03), (0.55, 0.25, 0.01)), 0.15),
)


@exercise(1, "Above the margin", level="warm-up", minutes=8, assesses="a gap against its margin")
@questions(
    lambda: [(np.array(members), np.array(strangers), margin) for members, strangers, margin in PAIRS],
    "For members {members}, strangers {strangers} and the margin {margin}",
)
def excess(members: Any, strangers: Any, margin: float, got: Any) -> str:
    """Check (mean gap - margin) / standard error, over pairs."""
    gaps = members - strangers
    k = len(gaps)
    error = gaps.std(ddof=1) / math.sqrt(k)
    apart = [math.sqrt((members.var(ddof=d) + strangers.var(ddof=d)) / k) for d in (1, 0)]
    right = (gaps.mean() - margin) / error
    slips = {
        "That is how far the gap lies above zero. Take the margin off first.": gaps.mean() / error,
        "You divide by the scatter of one pair. The mean of k pairs scatters less, by the square root of k.": (
            (gaps.mean() - margin) / gaps.std(ddof=1),
            (gaps.mean() - margin) / gaps.std(),
        ),
        "The standard deviation of few numbers divides by one less than their number: ddof=1.": (
            (gaps.mean() - margin) / (gaps.std() / math.sqrt(k))
        ),
        "Members and strangers are pairs with one noise. Take the differences first, and their standard error.": (
            *((gaps.mean() - margin) / one for one in apart),
        ),
        "The gap is members minus strangers; yours is the other way round.": (-gaps.mean() - margin) / error,
        "The margin is a gap, too: take it off before you divide by the error.": gaps.mean() / error - margin,
        "That is in shares of words. Count in standard errors: divide by one.": gaps.mean() - margin,
    }
    compare(got, right, slips, "Mean of the differences, minus the margin, over the standard error of that mean.")
    return "Right. Above 3, and chance is a poor excuse; at two looks in a row, poorer still."


def run_of(steps: Sequence[float], yes: Any, patience: int, *, in_row: bool = True) -> tuple[float, float]:
    """Return the step of the last and of the first look of the first run of `patience` looks; infinite for none.

    `in_row=False` makes a mistake: looks that are no alarm do not set the count back.
    """
    seen: list[float] = []
    for step, here in zip(steps, yes, strict=True):
        seen = [*seen, step] if here else (seen if not in_row else [])
        if len(seen) == patience:
            return float(step), float(seen[0])
    return INF, INF


@exercise(2, "The rule that fires", level="core", minutes=15, assesses="an alarm that needs two looks in a row")
@questions(
    lambda: [(np.array(steps), np.array(above), patience) for steps, above, patience in LOOKS],
    "For looks at {steps} with {above} standard errors and a patience of {patience}",
)
def fires(steps: Any, above: Any, patience: int, got: Any) -> str:
    """Check the step of the look at which more than 3 standard errors were seen `patience` times in a row."""
    yes = above > 3
    right, begun = run_of(steps, yes, patience)
    number = as_number(got)
    slips = {
        "At exactly 3 nothing fires: it must be *more* than 3.": run_of(steps, above >= 3, patience)[0],
        "In a row: one look below the limit sets the count back to 0.": run_of(steps, yes, patience, in_row=False)[0],
        "That is the first look of the run. Then one alarm was seen; it fires when the patience is full.": begun,
        "One alarm is not enough: wait for as many in a row as the patience says.": run_of(steps, yes, 1)[0],
        "That is the number of the look. Return its step.": steps.tolist().index(right) if right < INF else INF,
    }
    for sentence, slip in slips.items():
        if number == slip != right:
            wrong(sentence)
    if math.isinf(right) != math.isinf(number):
        never = "Here it never fires, so the answer is infinite (math.inf)."
        wrong(f"It does fire here: {patience} in a row are enough." if right < INF else never)
    compare(number, right, {}, "Count the alarms in a row, and set the count to 0 at every look without one.")
    return "Right. The package's alarm does one thing more: it also watches what the gap has grown by."


@exercise(3, "A median that nobody saw", level="core", minutes=15, assesses="censored times")
@questions(
    lambda: [(np.array(fired, dtype=float), np.array(passed, dtype=float), last) for fired, passed, last in LEADS],
    "For fired = {fired}, passed = {passed} and the last look at {last}",
)
def median_lead(fired: Any, passed: Any, last: int, pair: Any) -> str:
    """Check the lower and upper end of the median lead, where what was not seen is later than the last look."""
    got = as_tensor(pair, (2,), "Your pair (low, high)")
    seen = np.isfinite(passed)
    least, most = np.where(seen, passed, last) - fired, passed - fired
    right = [float(np.median(least)), float(np.median(most))]
    only = (passed - fired)[seen]
    capped = [right[0], right[0]]
    slips = {
        "The ends are swapped: the lower one comes first.": right[::-1] if right[0] != right[1] else False,
        "You leave out the seeds whose sentences were never extracted: those with the longest lead. Keep all.": (
            [float(np.median(only))] * 2 if len(only) else False
        ),
        "You count the end of the training as the moment of extraction. It may come much later, or never: that is the "
        "lower end only.": capped if right[1] != right[0] else False,
        "The lead is a difference: from the step at which the monitor fired.": [
            float(np.median(np.where(seen, passed, last))),
            float(np.median(passed)),
        ],
        "That is the difference of two medians. Take the median of the differences, seed by seed.": [
            float(np.median(np.where(seen, passed, last)) - np.median(fired)),
            float(np.median(passed) - np.median(fired)),
        ],
        "That is the mean. A mean needs every number; a median only their order.": [least.mean(), most.mean()],
        "The sign is turned around: extraction comes after the alarm, so it is passed - fired.": [-r for r in right],
    }
    if bool(got.isnan().any()):
        wrong("Not a number: infinity minus a number stays infinite, and the median of such numbers is one of them.")
    compare(got, right, slips, "Two medians over all seeds: once as early as possible, once as late as possible.")
    return "Right. With more than half of the seeds unseen the upper end is infinite: all you know is a lower bound."


@exercise(4, "Is it a memory?", level="core", minutes=12, assesses="precision and recall")
@questions(
    lambda: [(np.array(back), np.array(known, dtype=bool), bar) for back, known, bar in ENDS],
    "For returned = {returned}, known = {known} and the bar {bar}",
)
def precision_recall(returned: Any, known: Any, bar: float, pair: Any) -> str:
    """Check (precision, recall) of calling an end a memory if so many of its corruptions came back."""
    got = as_tensor(pair, (2,), "Your pair (precision, recall)")

    def both(said: Any) -> list[float]:
        hits = float((said & known).sum())
        return [hits / max(float(said.sum()), 1.0), hits / float(known.sum())]

    said = returned >= bar
    right = both(said)
    slips = {
        "The two are swapped: first of what you *called* a memory, then of what *is* one.": right[::-1],
        "At the bar itself it counts as a memory, too: >= and not >.": both(returned > bar),
        "You divide both by the number of all queries. Precision is a share of what was called a memory, recall of "
        "what is one.": tuple([one, (said & known).mean()] for one in ((said & known).mean(), right[0])),
        "That is the share of all verdicts that are right. It hides which kind of mistake was made.": (
            *([float((said == known).mean()), second] for second in (float((said == known).mean()), right[1])),
        ),
        "Wide basins speak *for* a memory: high shares, not low ones.": both(returned < bar),
    }
    compare(got, right, slips, "Hits are ends that you call a memory and that are one. Of what are they a share?")
    return "Right. Move the bar: precision is bought with recall."


@exercise(5, "Safe for one more", level="stretch", minutes=25, assesses="a prediction interval on logarithms")
@questions(
    lambda: [(np.array(n, dtype=float), np.array(gap), bar, STUDENT[len(gap) - 2]) for n, gap, bar in CURVES],
    "For n = {n}, the gaps {gap} and the bar {bar}",
)
def safe_size(n: Any, gap: Any, bar: float, student: float, pair: Any) -> str:
    """Check the geometric mean of the sizes at which seeds fall to the bar, and the upper end for one more seed."""
    got = as_tensor(pair, (2,), "Your pair (estimate, safe)")
    logs, k = np.log(n), len(gap)

    def falls(x: Any, row: Any) -> float:
        after = int(np.flatnonzero(row <= bar)[0])
        share = (row[after - 1] - bar) / (row[after - 1] - row[after])
        return float(x[after - 1] + share * (x[after] - x[after - 1]))

    def ends(each: Any, quantile: float = student, ddof: int = 1, more: float = 1.0) -> Any:
        upper = each.mean() + quantile * each.std(ddof=ddof) * math.sqrt(more + 1 / k)
        return np.array([each.mean(), upper])

    each = np.array([falls(logs, row) for row in gap])
    plain = np.array([falls(n, row) for row in gap])
    first = np.array([logs[int(np.flatnonzero(row <= bar)[0])] for row in gap])
    right = np.exp(ends(each))
    slips = {
        "Those are logarithms. Go back with exp.": ends(each),
        "You draw the straight line in n itself. Draw it in ln n.": (
            np.exp(ends(np.log(plain))),
            ends(plain),
        ),
        "That is the first size below the bar. The curve passes it between two sizes.": np.exp(ends(first)),
        "That is how sure you are of the *mean*. One more network scatters around it: the root is of 1 + 1/k.": (
            np.exp(ends(each, more=0.0))
        ),
        "You leave out that the mean itself is not known for sure: the root is of 1 + 1/k.": (
            np.exp([each.mean(), each.mean() + student * each.std(ddof=1)])
        ),
        "The factor `student` is missing. Two of three networks lie so near, not nearly all.": np.exp(ends(each, 1.0)),
        "You took 1.96. That holds for many seeds; for few use `student`.": np.exp(ends(each, 1.96)),
        "The standard deviation of few numbers divides by one less than their number: ddof=1.": np.exp(
            ends(each, ddof=0)
        ),
        "Average in the logarithm, where a factor up weighs as much as a factor down.": (
            ends(np.exp(each)),
            right * np.exp(each).mean() / right[0],
        ),
        "The first number is the estimate, the second what is safe, and that is larger.": right[::-1],
    }
    compare(got, right, slips, "One size for each seed, then mean and standard deviation of their logarithms.")
    return "Right. The first says where networks fall on average; the second is for one that you have not seen."
