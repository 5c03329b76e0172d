"""Checks of the chapter "What does a wrong prediction cost?"."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.nn.functional import one_hot

from uddm_mini.teaching.answers import (
    BITS,
    Cases,
    as_number,
    as_tensor,
    ask,
    ask_each,
    close,
    compare,
    questions,
    rounded,
    wrong,
)
from uddm_mini.teaching.exercises import exercise, second_part

from .corruption import noise_table
from .learning_costs import divergence, integrand, signal

PRIOR = (0.5, 0.3, 0.15, 0.05)  # a prediction for V = 4 words
OTHER = (0.2, 0.7, 0.1)
LEVELS = ((0.25, -1.0), (0.7, -0.5), (0.95, -1.3))  # pairs of alpha and its derivative


def _steps() -> list[tuple[Any, ...]]:
    """Return predictions, clean and observed words, and pairs of signals, the earlier one first."""
    pairs = ((0.5, 0.25), (0.9, 0.7), (0.3, 0.1))
    return [(as_tensor(p), v, b, *pair) for p in (PRIOR, OTHER) for pair in pairs for v, b in ((0, 1), (2, 2))]


@exercise(1, "The price of one step", level="core", minutes=15, assesses="Bayes' rule twice, and a KL divergence")
@questions(_steps, "For p0 = {p0}, v = {v}, b = {b}, from alpha = {alpha_t} back to {alpha_s}")
def step_price(p0: torch.Tensor, v: int, b: int, alpha_s: float, alpha_t: float, got: Any) -> str:
    """Compare with the KL of two posteriors, both by Bayes' rule over all words."""
    got, true = as_number(got), one_hot(torch.tensor(v), len(p0)).double()
    at_s, onward = noise_table(alpha_s, len(p0)), noise_table(alpha_t / alpha_s, len(p0))[:, b]

    def price(second: torch.Tensor, third: torch.Tensor = onward) -> float:
        return divergence(true @ at_s * third, second * third)

    right = price(p0 @ at_s)
    slips = {
        "A KL is never negative. Is it q ln(q / p), with the true step as q, summed over all words?": -right,
        BITS: right / math.log(2),
        "That is KL(p || q). The truth q stands in front, since the true step decides how often a word is met.": (
            divergence(p0 @ at_s * onward, true @ at_s * onward)
        ),
        "The model's second column is p0(a) alone. There is noise at level s: alpha_s p0(a) + (1 - alpha_s) / V.": (
            price(p0)
        ),
        "Your third column is the jump from clean text to t. From s to t a word is kept with alpha_t / alpha_s.": (
            price(p0 @ at_s, noise_table(alpha_t, len(p0))[:, b])
        ),
        "Your third column leads to the clean word. It asks for the way from a to b, the word that is seen.": (
            price(p0 @ at_s, noise_table(alpha_t / alpha_s, len(p0))[:, v])
        ),
        "You compare the second columns. Multiply each by the third, and divide by the sum, before you compare.": (
            divergence(true @ at_s, p0 @ at_s)
        ),
        "You did not divide the products by their sums: two laws are compared, and each adds up to 1.": (
            float((true @ at_s * onward * ((true @ at_s) / (p0 @ at_s)).log()).sum())
        ),
    }
    compare(got, right, slips, "Write down the table of section 1 for this case, for the truth and for the model.")
    return "Right. Every step of a denoiser has such a price, and the NELBO is their sum."


@exercise(2, "The rate of a jump", level="warm-up", minutes=10, assesses="rates of the reverse process")
@questions(
    lambda: [(as_tensor(p), b, *level) for p in (PRIOR, OTHER) for level in LEVELS for b in range(len(p))],
    "For p0 = {p0} and b = {b}",
)
def jump_rates(p0: torch.Tensor, b: int, alpha: float, slope: float, got: Any) -> str:
    """Compare with R(a) = -alpha' / (alpha V) u(a) / u(b), and 0 at b."""
    got, scale = as_tensor(got, (len(p0),)), -slope / (alpha * len(p0))
    ratio = signal(p0, alpha) / signal(p0, alpha)[b]
    right = (scale * ratio).index_fill(0, torch.tensor(b), 0)
    others, without = torch.arange(len(p0)) != b, alpha * p0 + 1 - alpha

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
        "The factor V is missing in u = alpha V p0 + 1 - alpha: u compares p0 with a uniform draw, 1 / V.": (
            elsewhere(scale * without / without[b])
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


@exercise(3, "What knowing nothing costs", level="warm-up", minutes=10, assesses="one term of the NELBO by hand")
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
