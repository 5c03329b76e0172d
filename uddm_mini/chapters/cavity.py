"""Checks of the chapter "What does a model learn when it learns to denoise?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import (
    as_number,
    as_tensor,
    ask,
    close,
    compare,
    questions,
    sums_to_one,
)
from uddm_mini.teaching.exercises import exercise, second_part

from .corruption import noise_table
from .learning_costs import cavity_posterior, full_posterior, mean_costs, two_token_nelbo

PRIOR = (0.5, 0.3, 0.15, 0.05)  # a prediction for V = 4 words
OTHER = (0.2, 0.7, 0.1)
TWO_TOKENS = ((0, 0.25, 0.15), (0.05, 0.10, 0.40), (0, 0, 0.05))  # the chapter's language: rows, the first token
FOUR_WORDS = ((0.2, 0.05, 0.0, 0.1), (0.0, 0.15, 0.05, 0.0), (0.1, 0.0, 0.05, 0.05), (0.05, 0.05, 0.1, 0.05))
LEVELS = ((0.25, -1.0), (0.7, -0.5), (0.95, -1.3))  # pairs of alpha and its derivative


def _readings() -> list[tuple[Any, ...]]:
    """Return joint probabilities of two words, what the noise left of both, and alpha."""
    cases = ((0.25, 2, 2), (0.7, 0, 1), (0.95, 1, 0))
    return [(as_tensor(joint), b, other, alpha) for joint in (TWO_TOKENS, FOUR_WORDS) for alpha, b, other in cases]


@exercise(1, "Two answers", level="warm-up", minutes=10, assesses="cavity and full posterior by Bayes' rule")
@questions(_readings, "For joint = {joint}, b = {b}, other = {other}, alpha = {alpha}")
def both_posteriors(joint: torch.Tensor, b: int, other: int, alpha: float, got: Any) -> str:
    """Compare with sums over the joint law of both clean words."""
    got, table = as_tensor(got, (2, len(joint)), "Your pair"), noise_table(alpha, len(joint))

    def pair(cavity: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Return the two posteriors, [2, V], from what the other word says, and what the word itself says."""
        both = torch.stack([cavity, cavity * seen])
        return both / both.sum(dim=1, keepdim=True)

    read = joint @ table[:, other]  # of the other word: what it may have been
    right = pair(read, table[:, b])
    slips = {
        "Both are right, but in the other order: first the cavity posterior, then the full one.": right.flip(0),
        "Both of your answers are the cavity posterior. The full one also weighs what this word shows, b.": (
            right[:1].expand(2, -1)
        ),
        "Both of your answers are the full posterior. For the cavity, leave out what this word shows, b.": (
            right[1:].expand(2, -1)
        ),
        "b and other have changed places: b was seen of the first word, `other` of the second.": (
            pair(joint @ table[:, b], table[:, other])
        ),
        "You take the other word as if it were clean. It is noisy, too: average over what it may have been.": (
            pair(joint[:, other], table[:, b])
        ),
        "Rows and columns are exchanged: `joint` has the first word in its rows, and the first is asked for.": (
            pair(joint.T @ table[:, other], table[:, b]),
            pair(joint.T @ table[:, b], table[:, other]),
        ),
        "The cavity posterior is right. For the full one multiply it by q(b | v), and divide by the sum.": (
            close(got[0], right[0])
        ),
        **{words: slip for row in got for words, slip in sums_to_one(row).items()},
    }
    compare(got, right, slips, "Sum joint[v, w] q(other | w) over w: that is c(v), up to a factor.")
    return "Right. The two differ by one factor, what the word itself shows."


def _conversions() -> list[tuple[torch.Tensor, int, float, str]]:
    """Return predictions, observed words, alpha and the form that is wanted."""
    cases: list[tuple[torch.Tensor, int, float, str]] = []
    for cavity in map(as_tensor, (PRIOR, OTHER)):
        for alpha, b in ((alpha, b) for alpha, _ in LEVELS for b in range(len(cavity))):
            cases += [(cavity, b, alpha, "posterior"), (full_posterior(cavity, b, alpha), b, alpha, "cavity")]
    return cases


@exercise(2, "Convert by hand", level="core", minutes=15, assesses="full against cavity posterior")
@questions(
    _conversions,
    'For {known}, b = {b}, alpha = {alpha}, wanted="{wanted}"',
    in_place="But it changes the p0 that it is given, and whoever asks twice gets two answers: begin with p0.clone().",
)
def my_convert(known: torch.Tensor, b: int, alpha: float, wanted: str, got: Any) -> str:
    """Compare with Bayes' rule over all words."""
    got, ways = as_tensor(got, (len(known),)), (full_posterior(known, b, alpha), cavity_posterior(known, b, alpha))
    right, other_way = ways if wanted == "posterior" else ways[::-1]
    only = known.clone()
    only[b] *= (alpha * len(known) / (1 - alpha)) ** (1 if wanted == "posterior" else -1)
    slips = {
        "You went the wrong way: to the posterior the odds of b grow.": other_way,
        "You return what you were given. The odds of the observed word b change.": known,
        "The 1 is missing: the factor is 1 + alpha V / (1 - alpha), since noise draws b as often as any word.": (
            only / only.sum()
        ),
        **sums_to_one(got),
    }
    compare(got, right, slips, "Only entry b gets a factor, 1 + alpha V / (1 - alpha); then normalize.")
    return "Right. One factor, e to the beta_t, is all that separates what the two losses learn."


@exercise(
    3,
    "The price of the wrong form",
    level="stretch",
    minutes=25,
    assesses="an expectation over all cases, and the price of the wrong posterior",
)
@questions(
    lambda: [(as_tensor(p), *level) for p in ((0.6, 0.25, 0.15), PRIOR) for level in LEVELS],
    "For p = {p}, alpha = {alpha}, alpha' = {slope}",
)
def price_of_wrong_form(p: torch.Tensor, alpha: float, slope: float, got: Any) -> str:
    """Compare with the sum over all V^2 cases."""
    cost = mean_costs(p, alpha, slope)
    right = cost["full"] - cost["cavity"]
    slips = {
        "The sign is the other way round: the wrong form minus the right one, which is positive.": -right,
        "That is the whole cost of the full posterior. Subtract the cost of the cavity posterior, p.": cost["full"],
        "You averaged as if all V^2 cases were equally likely. The weight is p(v) q(b | v).": cost["unweighted"],
    }
    hint = "Is the prediction f(v) = q(b | v) p(v) / Z a new one for every observed word b?"
    compare(got, right, slips, hint)
    return (
        "Right, and it is never negative, because the cavity posterior is the optimum. Integrated over t it is the "
        "extra cost of sampling with an unconverted cross-entropy model, in the bound."
    )


@second_part(price_of_wrong_form)
def wrong_form_nelbo(answer: Any) -> str:
    """Compare with the NELBO of the two-token language, enumerated, with the full posterior as prediction."""
    got = as_number(ask(answer), "The NELBO")
    full, cavity = (two_token_nelbo(as_tensor(TWO_TOKENS), form) for form in ("full", "cavity"))
    nothing = 2 * math.log(3)
    slips = {
        "That is the NELBO of the cavity posterior. Convert it to the full posterior, and integrate that.": cavity,
        "That is the cost of knowing nothing. The full posterior's lies on one side of it. Compute it.": nothing,
        "That is the cost per token. Compare per sentence, as 2 ln 3 does: add the two tokens.": full / 2,
        "That is the price, the difference to the cavity posterior. The question is about the whole NELBO.": (
            full - cavity
        ),
    }
    hint = (
        f"Yours is {'below' if got < nothing else 'above'} knowing nothing. Average N_t over x_0 ~ p and x_t ~ q, add "
        "the two tokens, and integrate over t from 0 to 1; near 0 take fine steps."
    )
    compare(got, full, slips, hint, within=2e-3)
    return (
        f"Right. It is {full:.3f}, above the {nothing:.3f} of knowing nothing. Judged by this bound, the exact "
        "full posterior, plugged in unconverted, is worse than no knowledge at all."
    )
