"""Checks of the chapter "What does a model learn when it learns to denoise?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import (
    Cases,
    as_number,
    as_tensor,
    ask,
    ask_each,
    close,
    compare,
    questions,
    rounded,
    sums_to_one,
    wrong,
)
from uddm_mini.teaching.exercises import exercise, second_part

from .learning_costs import cavity_posterior, full_posterior, integrand, mean_costs, signal, two_token_nelbo

PRIOR = (0.5, 0.3, 0.15, 0.05)  # a prediction for V = 4 words
OTHER = (0.2, 0.7, 0.1)
TWO_TOKENS = ((0, 0.25, 0.15), (0.05, 0.10, 0.40), (0, 0, 0.05))  # section 4 of the chapter: rows, the first token
LEVELS = ((0.25, -1.0), (0.7, -0.5), (0.95, -1.3))  # pairs of alpha and its derivative


@exercise(1, "The rate of a jump", level="warm-up", minutes=10, assesses="rates of the reverse process")
@questions(
    lambda: [(as_tensor(p), b, *level) for p in (PRIOR, OTHER) for level in LEVELS for b in range(len(p))],
    "For p0 = {p0} and b = {b}",
)
def jump_rates(p0: torch.Tensor, b: int, alpha: float, slope: float, got: Any) -> str:
    """Compare with R(a) = -alpha' / (alpha V) u(a) / u(b), and 0 at b."""
    got, scale = as_tensor(got, (len(p0),)), -slope / (alpha * len(p0))
    ratio = signal(p0, alpha) / signal(p0, alpha)[b]
    right = (scale * ratio).index_fill(0, torch.tensor(b), 0)
    others = torch.arange(len(p0)) != b

    def elsewhere(rates: torch.Tensor) -> bool:
        return close(got[others], rates[others])

    slips = {
        "Your rates are negative. alpha falls with t, so alpha' < 0; the rate has a minus sign in front of it.": -right,
        "The rates to the other words are right, but the entry of the observed word b should be 0: no jump.": (
            elsewhere(right)
        ),
        "Your ratio is upside down: the rate from b to a has u(a), where it goes, above u(b), where it is.": (
            elsewhere(scale / ratio)
        ),
        "You used p0(a) / p0(b). The ratio is one of u = alpha V p0 + 1 - alpha, which knows the noise, too.": (
            elsewhere(scale * p0 / p0[b])
        ),
        "The signal is missing below the line: divide by alpha V.": elsewhere(right * alpha),
        "Yours are the same to every word: the ratio u(a) / u(b) is missing.": elsewhere(torch.full_like(ratio, scale)),
        "Your rates are V times too large: a redrawn token has V words to come from, so divide by alpha V.": (
            elsewhere(right * len(p0))
        ),
    }
    compare(got, right, slips, "Go through u(a), then u(a) / u(b), then the factor.")
    return (
        "Right. The prediction enters only through the ratio u(a) / u(b): a word that the prediction favors over the "
        "observed one pulls the token towards it."
    )


@exercise(2, "What knowing nothing costs", level="warm-up", minutes=10, assesses="one term of the NELBO by hand")
@questions([(size, *level) for size in (3, 7) for level in LEVELS], "At V = {vocab}, alpha = {alpha}, alpha' = {slope}")
def uniform_guess(vocab: int, alpha: float, slope: float, got: Any) -> str:
    """Compare with the objective itself at a uniform prediction."""
    got, uniform = as_tensor(got, (2,), "Your pair"), torch.full((2, vocab), 1 / vocab, dtype=torch.float64)
    right = integrand(uniform, torch.tensor([0, 1]), torch.tensor([0, 0]), alpha, slope)
    rare = (1 - alpha) / (1 - alpha + alpha * vocab)  # r* of a word that is not the true one, if b is
    slips = {
        "The two numbers are right, but in the other order: first unchanged, then changed.": right.flip(0),
        "Both are negative, but a KL never is. alpha' < 0, and the formula has -alpha' in front.": -right,
        "Your brackets have the logarithm alone: the difference r - r* is missing.": (
            -slope / (alpha * vocab) * torch.tensor([(vocab - 1) * rare * math.log(rare), -math.log(rare) / rare])
        ),
        "Yours is V times too large: the factor in front is -alpha' / (alpha V).": right * vocab,
        "You have the sums of the brackets. Multiply them by -alpha' / (alpha V).": right * alpha * vocab / -slope,
        "Changed is right, unchanged is not. If the token is unchanged, b is the true word: r* is 1 there and "
        "(1 - alpha) / (1 - alpha + alpha V) at each of the V - 1 others.": close(got[1], right[1]),
        "Unchanged is right, changed is not. If the token is changed, r* is (1 - alpha + alpha V) / (1 - alpha) at "
        "the true word and 1 at all others, whose brackets vanish.": close(got[0], right[0]),
    }
    compare(got, right, slips)
    return "Right. Averaged over t and x_t, these two add up to ln V per token: the price of a uniform guess."


def _conversions() -> list[tuple[torch.Tensor, int, float, str]]:
    """Return predictions, observed words, alpha and the form that is wanted."""
    cases: list[tuple[torch.Tensor, int, float, str]] = []
    for cavity in map(as_tensor, (PRIOR, OTHER)):
        for alpha, b in ((alpha, b) for alpha, _ in LEVELS for b in range(len(cavity))):
            cases += [(cavity, b, alpha, "posterior"), (full_posterior(cavity, b, alpha), b, alpha, "cavity")]
    return cases


@exercise(3, "Convert by hand", level="core", minutes=15, assesses="full against cavity posterior")
@questions(_conversions, 'For {known}, b = {b}, alpha = {alpha}, wanted="{wanted}"')
def my_convert(known: torch.Tensor, b: int, alpha: float, wanted: str, got: Any) -> str:
    """Compare with Bayes' rule over all words."""
    got, ways = as_tensor(got, (len(known),)), (full_posterior(known, b, alpha), cavity_posterior(known, b, alpha))
    right, other_way = ways if wanted == "posterior" else ways[::-1]
    slips = {
        "You went the wrong way: to the posterior the odds of b grow.": other_way,
        "You return what you were given. The odds of the observed word b change.": known,
        **sums_to_one(got),
    }
    compare(got, right, slips, "Only entry b gets a factor, 1 + alpha V / (1 - alpha); then normalize.")
    return "Right. One factor, e to the beta_t, is all that separates what the two losses learn."


@exercise(4, "Spread the noise levels", level="core", minutes=15, assesses="stratified sampling with a generator")
def spread_times(answer: Any, more: Cases = ()) -> str:
    """Look for one level in every interval, randomness in all of them, and use of the generator."""
    n, few, draws = 16, torch.zeros(5), []
    first = more[0][0] if more else 0  # of the seeds
    cases = [(k, torch.Generator().manual_seed(first + seed)) for seed, k in enumerate([n, 5] + [n] * 199)]
    for k, _, given in ask_each(answer, cases):
        got = as_tensor(given, (k,))
        if not bool(((got >= 0) & (got < 1)).all()):
            wrong(f"A level lies outside [0, 1): {rounded(got)}. Wrap around with % 1.")
        few = got.sort().values if k == 5 else few
        draws += [got.sort().values] if k == n else []
    low = torch.arange(n) / n
    levels = torch.stack(draws)  # [200, n]
    same = as_tensor(ask(answer, n, torch.Generator().manual_seed(first)), (n,)).sort().values
    if not torch.equal(same, draws[0]):
        wrong("The same generator state gave other levels. Draw from `generator`, so that a seed fixes the result.")
    if bool((levels.std(dim=0) < 1e-6).any()):
        wrong(
            "Some of your levels never change. Each needs a random offset, drawn from the `generator` you are given, "
            "or some noise levels are never trained."
        )
    # float32 arithmetic may put a level a rounding error outside its interval
    if not bool(((levels >= low - 1e-6) & (levels <= low + 1 / n + 1e-6)).all()):
        k = int(((levels < low - 1e-6) | (levels > low + 1 / n + 1e-6)).any(dim=0).nonzero()[0])
        wrong(f"Interval {k} of {n} does not always hold exactly one level. Independent draws leave gaps; spread them.")
    # a uniform level has standard deviation 1 / (n sqrt(12)) in its interval; 200 draws tell half of it
    if bool((levels.std(dim=0) < 0.5 / (n * math.sqrt(12))).any()):
        wrong("Your levels move too little inside their intervals: the offset should cover the whole interval.")
    if not bool(((few >= torch.arange(5) / 5 - 1e-6) & (few <= torch.arange(1, 6) / 5 + 1e-6)).all()):
        wrong(f"With n = 5 your levels are {rounded(few)}: each fifth should hold exactly one.")
    return "Right. Every batch now sees all noise levels, so the mean loss varies less from batch to batch."


@second_part(spread_times)
def shrinkage(spread: Any, answer: Any) -> str:
    """Compare a factor with the one that 500 batches of the student's own `spread` function show."""
    got = as_number(ask(answer), "Your factor")
    as_tensor(ask(spread, 64, torch.Generator().manual_seed(0)), (64,), "The levels")

    def means(generator: torch.Generator) -> torch.Tensor:
        return torch.stack([as_tensor(spread(64, generator), (64,)).clamp_min(0).sqrt().mean() for _ in range(500)])

    found = float(ask(means, torch.Generator().manual_seed(1)).std())
    independent = math.sqrt(1 / 2 - 4 / 9) / math.sqrt(64)  # of sqrt(t), t uniform: the mean of t minus (2/3)^2
    right = independent / found
    slips = {
        "That is the other way round: how many times *smaller* is the standard deviation with spread levels?": (
            1 / right
        ),
        "That is the ratio of the variances. A standard deviation is the square root of a variance.": (
            close(got, right**2, 0.3)
        ),
        "That is one of the two standard deviations. Divide that of independent levels by that of spread ones.": (
            *(independent, found),
        ),
    }
    hint = (
        "By that it shrinks with your function. Draw 2,000 batches of 64 levels both ways, take the mean of sqrt(t) of "
        "each batch, then the standard deviation of these means."
    )
    compare(got, right, slips, hint, within=0.15)  # 500 batches know a standard deviation to 3 %
    return f"Right. Here the standard deviation falls from {independent:.4f} to {found:.4f}, by {right:.1f}."


@exercise(
    5,
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
