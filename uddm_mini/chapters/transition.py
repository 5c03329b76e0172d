"""Checks of the chapter "When does memory become generalization?"."""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import numpy as np

from uddm_mini.experiments.crossing import first_passage
from uddm_mini.teaching.answers import Cases, as_tensor, ask, ask_each, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise

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

# why each conclusion of the last exercise is licensed or not
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


@exercise(1, "Two examples", level="warm-up", minutes=10, assesses="probabilities of agreement, without enumeration")
@questions(lambda: [(np.array(followers),) for followers in FOLLOWERS], "For p = {p}")
def two_examples(p: Any, pair: Any) -> str:
    """Check train (1 + s) / 2 and held-out s, s = sum p^2, against the enumeration of all pairs."""
    pairs = list(itertools.product(range(len(p)), repeat=2))
    chance = [p[a] * p[b] for a, b in pairs]
    train = sum(c * (1.0 if a == b else 0.5) for c, (a, b) in zip(chance, pairs, strict=True))
    held_out = sum(c * p[a] for c, (a, _) in zip(chance, pairs, strict=True))
    if isinstance(pair, dict):
        wrong("Return a pair of numbers, (train, held-out), not a dictionary.")
    got = as_tensor(pair, (2,), "Your pair (train, held-out)")
    slips = {
        "You swapped the two: first the recovery on training text, then the one on held-out text.": [held_out, train],
        "You give 1 on training text. That holds for one example. If two examples of the same first word differ, one "
        "guess cannot be right for both.": close(got[0], 1),
        "Held-out: the most probable word is what *many* examples would teach. Two can teach another one.": (
            [train, p.max()]
        ),
        "Held-out is right. Training text comes back whole if the two examples agree, with probability s; if not, "
        "the one of them that is guessed comes back, half of the two: s + (1 - s) / 2.": close(got[1], held_out),
        "Training text is right. Held-out, the guess is the first example, a word v with probability p(v), and it is "
        f"right with probability p(v). You give {got[1]:.3f}.": close(got[0], train),
    }
    hint = (
        "How probable is it that the two examples are equal? Then all of the training text comes back, otherwise half."
    )
    compare(got, [train, held_out], slips, hint)
    return "Right. The gap is (1 - s) / 2, half of the 1 - s after one example, whatever the probabilities are."


@exercise(
    2, "The bootstrap", level="core", minutes=20, assesses="the bootstrap over whole seeds", spread=0.03
)  # draws may be new each time
def seed_interval(answer: Any, more: Cases = ()) -> str:
    """Check the 95 % interval of a crossing against all 5^5 resamples of five seeds."""
    gaps = np.array(GAPS)
    late = functools.partial(_crossing, level=0.3)
    cases = [(np.array(GAP_SIZES), gaps, _crossing, DRAWS), (np.array(OTHER_SIZES), gaps**0.7, late, DRAWS)]
    cases += [(np.array(sizes), np.array(rows), _crossing, DRAWS) for sizes, rows in more]
    praise = [
        _judge_interval(sizes, rows, find, as_tensor(given, (2,), "Your interval (low, high)").numpy(), within)
        for within, (sizes, rows, find, _, given) in zip(
            (0.014, *[0.05] * (len(cases) - 1)), ask_each(answer, cases), strict=True
        )
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
    each = np.array([find(sizes, row) for row in gaps])
    late = np.quantile(each[draws].mean(axis=1), [0.025, 0.975])
    if np.all(np.abs(np.log(np.maximum(got, 1e-9) / late)) < 0.5 * within):
        wrong("You average crossings. Average the *curves* of the seeds that were drawn, then look for one crossing.")
    if np.log(got[1] / got[0]) > 1.15 * np.log(high / low):
        wrong(
            "Too wide. Single seeds vary more than means of five: draw as many seeds as there are, average their "
            "curves, and find the crossing of the mean. Of these take the quantiles 0.025 and 0.975, not the extremes."
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


@exercise(3, "Predict the next model", level="core", minutes=10, assesses="a power law by least squares")
@questions(lambda: [(np.array(w), np.array(n), new) for w, n, new in MODELS], "Crossings {n} at weights {w}")
def predict_crossing(w: Any, n: Any, new: float, got: Any) -> str:
    """Check the straight line in ln weights and ln crossing."""

    def line(x: Any, y: Any, at: Any) -> float:
        return float(np.polyval(np.polyfit(x, y, 1), at))

    log_w, log_n, log_new = np.log(w), np.log(n), np.log(new)
    log_right = line(log_w, log_n, log_new)
    slips = {
        "That line is straight in the numbers themselves. Fit ln(crossing) against ln(weights).": line(w, n, new),
        "You took the logarithm of the weights only. A power law is a straight line if both are logarithms.": (
            line(log_w, n, log_new)
        ),
        "You come with one base of the logarithm and go back with another. Use log and exp.": (
            math.exp(log_right / math.log(10)),
            math.exp(min(log_right * math.log(10), 700)),
        ),
        "That line joins the first and the last point. Least squares hear those in between, too.": (
            len(w) > 2 and np.exp(log_n[0] + (log_n[-1] - log_n[0]) / (log_w[-1] - log_w[0]) * (log_new - log_w[0]))
        ),
        "That is the logarithm of the crossing. Undo it with exp.": log_right,
        "You fitted in logarithms, and then asked the line at the new weights themselves. Ask it at their logarithm.": (
            math.exp(beside) if (beside := line(log_w, log_n, new)) < 700 else math.inf
        ),
        "You fitted ln(weights) against ln(crossing). The crossing is what you predict: swap the two.": (
            np.exp(line(log_n, log_w, log_new))
        ),
        "np.interp joins the points, and stays flat beyond the last one. Fit one line through all three.": (
            np.exp(np.interp(log_new, log_w, log_n))
        ),
    }
    compare(got, np.exp(log_right), slips, f"There they put the crossing of {new:g} weights.", within=5e-4)
    return "Right. Three points fix a line with little to spare, so say how far you extrapolate."


@exercise(4, "What is licensed?", level="stretch", minutes=10, assesses="what a table licenses one to conclude")
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
    return first_passage(np.log(sizes), -np.asarray(gap), level, limit=0.0)[0]
