"""Checks for chapter 10, "When does memory become generalization?"."""

from __future__ import annotations

import functools
import itertools
from typing import Any

import numpy as np

from ._core import as_number, as_tensor, ask, ask_each, close, exercise, wrong

# probabilities of the second word, given the first
FOLLOWERS = ((0.8, 0.1, 0.1), (0.5, 0.5), (1.0,), (0.4, 0.3, 0.2, 0.1))

# gaps of five seeds (rows) at four sizes
GAPS = (
    (0.66, 0.50, 0.20, 0.01),
    (0.64, 0.42, 0.12, 0.00),
    (0.67, 0.56, 0.31, 0.02),
    (0.66, 0.47, 0.17, 0.01),
    (0.65, 0.53, 0.24, 0.00),
)
GAP_SIZES = (16, 32, 64, 128)
OTHER_SIZES = (20, 50, 100, 400)
DRAWS = 4000

# weights and crossings of three models, and the weights of a fourth
MODELS = (((1e3, 1e4, 1e5), (20.0, 40.0, 80.0), 1e6), ((5e3, 2e4, 1.2e5), (44.0, 60.0, 85.0), 6e4))

# why each conclusion of exercise 10.4 is licensed or not
LICENSED = {
    "A": "A: every model is far from having seen all sentences, and still treats old and new ones alike: not coverage.",
    "B": "B: the order of the three crossings was measured, at one number of steps, and that is all that B claims.",
}
NOT_LICENSED = {
    "C": "C goes 10,000 times beyond the largest model that was measured, along a line through three points.",
    "D": "D speaks of each sentence, but recovery is a mean. A sentence can be memorized where the mean gap is 0.",
    "E": "E: nothing was trained ten times longer. What was measured says no: fewer steps crossed at fewer sentences.",
    "F": "F: the interval resamples seeds. All seeds share one corpus, so it says nothing about another.",
}


@exercise("10.1 Two examples")
def two_examples(answer: Any) -> str:
    """Check train (1 + s) / 2 and held-out s, s = sum p^2, against the enumeration of all pairs."""
    for p, pair in ask_each(answer, [(np.array(followers),) for followers in FOLLOWERS]):
        pairs = list(itertools.product(range(len(p)), repeat=2))
        chance = [p[a] * p[b] for a, b in pairs]
        train = sum(c * (1.0 if a == b else 0.5) for c, (a, b) in zip(chance, pairs, strict=True))
        held_out = sum(c * p[a] for c, (a, _) in zip(chance, pairs, strict=True))
        if isinstance(pair, dict):
            wrong("Return a pair of numbers, (train, held-out), not a dictionary.")
        got = as_tensor(pair, (2,), "Your pair (train, held-out)").numpy()
        if close(got, [train, held_out]):
            continue
        shown = p.tolist()
        if close(got, [held_out, train]):
            wrong("You swapped the two: first the recovery on training text, then the one on held-out text.")
        if close(got[0], 1):
            wrong(
                f"With p = {shown} you give 1 on training text. That holds for one example. If two examples of "
                "the same first word differ, one guess cannot be right for both."
            )
        if close(got[0], train) and close(got[1], p.max()):
            wrong("Held-out: the most probable word is what *many* examples would teach. Two can teach another one.")
        if close(got[0], train):
            wrong(
                f"Training text is right. Held-out, p = {shown}: the guess is the first example, a word v with "
                f"probability p(v), and it is right with probability p(v). You give {got[1]:.3f}."
            )
        wrong(
            f"For p = {shown} you give {got[0]:.3f} and {got[1]:.3f}. How probable is it that the two examples "
            "are equal? Then all of the training text comes back, otherwise half of it."
        )
    return "Right. The gap is (1 - s) / 2, half of the 1 - s after one example, whatever the probabilities are."


@exercise("10.2 A bootstrap interval", spread=0.03)  # draws may be new each time
def seed_interval(answer: Any) -> str:
    """Check the 95 % interval of a crossing against all 5^5 resamples of five seeds."""
    gaps = np.array(GAPS)
    late = functools.partial(_crossing, level=0.3)
    questions = [(np.array(GAP_SIZES), gaps, _crossing, DRAWS), (np.array(OTHER_SIZES), gaps**0.7, late, DRAWS)]
    praise = [
        _judge_interval(sizes, rows, find, as_tensor(given, (2,), "Your interval (low, high)").numpy(), within)
        for within, (sizes, rows, find, _, given) in zip((0.014, 0.05), ask_each(answer, questions), strict=True)
    ]
    return praise[0]


def _judge_interval(sizes: Any, gaps: Any, find: Any, got: Any, within: float) -> str:
    """Return praise for an interval that agrees with all resamples of the seeds, or say what is wrong with it."""
    draws = np.array(list(itertools.product(range(len(gaps)), repeat=len(gaps))))
    truth = np.array([find(sizes, gaps[rows].mean(axis=0)) for rows in draws])
    low, high = np.quantile(truth, [0.025, 0.975])
    if got[0] > got[1]:
        wrong("Your interval is upside down: return the lower end first.")
    # 4,000 draws miss the ends by 0.3 % on average, and by 1.2 % once in 300 times; a 90 % interval is off by 2 %
    if np.all(np.abs(np.log(np.maximum(got, 1e-9) / [low, high])) < within):
        return f"Right. All {len(draws):,} resamples of {len(gaps)} seeds give {low:.1f} to {high:.1f}."
    if np.all(got < sizes[0]) or np.all(got > sizes[-1]):
        wrong("Your interval lies outside the sizes. Return the crossings themselves, not their logarithms or gaps.")
    if got[1] - got[0] < 1e-6:
        wrong("Both ends agree, so every draw was the same. Draw *with* replacement.")
    if np.log(got[1] / got[0]) > 1.15 * np.log(high / low):
        wrong(
            "Too wide. Single seeds vary more than means of five: draw as many seeds as there are, average their "
            "curves, and find the crossing of the mean."
        )
    if np.log(got[1] / got[0]) < 0.97 * np.log(high / low):
        wrong(
            "Too narrow. 95 % leaves 2.5 % on either side: the quantiles 0.025 and 0.975. And a seed is one whole "
            "curve: draw whole rows, not every size on its own."
        )
    wrong(
        f"You find {got[0]:.1f} to {got[1]:.1f}; all resamples give {low:.1f} to {high:.1f}. Resample whole rows "
        "(seeds), average them, call find_crossing, repeat as often as asked, and take quantiles."
    )


@exercise("10.3 Predict the next crossing")
def predict_crossing(answer: Any) -> str:
    """Check the straight line in ln weights and ln crossing."""
    for w, n, new, given in ask_each(answer, [(np.array(w), np.array(n), new) for w, n, new in MODELS]):
        truth = float(np.exp(np.polyval(np.polyfit(np.log(w), np.log(n), 1), np.log(new))))
        got = as_number(given)
        if close(got, truth, rtol=5e-4):
            continue
        if close(got, float(np.polyval(np.polyfit(w, n, 1), new)), rtol=5e-4):
            wrong("That line is straight in the numbers themselves. Fit ln(crossing) against ln(weights).")
        if close(got, float(np.polyval(np.polyfit(np.log(w), n, 1), np.log(new))), rtol=5e-4):
            wrong("You took the logarithm of the weights only. A power law is a straight line if both are logarithms.")
        if close(got, np.log(truth)):
            wrong("That is the logarithm of the crossing. Undo it with exp.")
        if close(got, float(np.exp(np.polyval(np.polyfit(np.log(n), np.log(w), 1), np.log(new)))), rtol=5e-4):
            wrong("You fitted ln(weights) against ln(crossing). The crossing is what you predict: swap the two.")
        ends = float(np.exp(np.interp(np.log(new), np.log(w), np.log(n))))
        if close(got, ends, rtol=5e-4):
            wrong("np.interp joins the points, and stays flat beyond the last one. Fit one line through all three.")
        given = f"Crossings {n.tolist()} at weights {w.tolist()}"
        wrong(f"{given} put the crossing of {new:g} weights at {truth:.1f}, not {got:.1f}.")
    return "Right. Three points fix a line with little to spare, so say how far you extrapolate."


@exercise("10.4 What is licensed?")
def licensed(answer: Any) -> str:
    """Check which conclusions follow from the grid."""
    got = ask(answer)
    if not isinstance(got, (str, list, tuple, set, frozenset)):
        wrong("Give letters from A to F, such as 'AC'.")
    letters = {str(letter).strip().upper() for letter in got if str(letter).strip(" ,")}
    unknown = sorted(letters - LICENSED.keys() - NOT_LICENSED.keys())
    if unknown:
        wrong(f"There is no conclusion {unknown[0]}; give letters from A to F, such as 'AC'.")
    if not letters:
        wrong("Some of them are licensed. Look for what was measured, and claims no more than that.")
    too_many = sorted(letters - LICENSED.keys())
    if too_many:
        wrong(NOT_LICENSED[too_many[0]] + (f" And {len(too_many) - 1} more goes too far." if len(too_many) > 1 else ""))
    missing = sorted(LICENSED.keys() - letters)
    if missing:
        wrong(f"What you chose is licensed, but you are too strict. {LICENSED[missing[0]]}")
    return "Right. " + " ".join(LICENSED.values())


def _crossing(sizes: Any, gap: Any, level: float = 0.5) -> float:
    """Return where a falling curve passes `level` times its first value, on straight lines in ln n."""
    gap = np.asarray(gap)
    k = int(np.flatnonzero(gap <= level * gap[0])[0])
    part = (gap[k - 1] - level * gap[0]) / (gap[k - 1] - gap[k])
    return float(np.exp(np.log(sizes[k - 1]) + part * np.log(sizes[k] / sizes[k - 1])))
