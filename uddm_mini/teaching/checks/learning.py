"""Checks of chapter 6: what does a model learn when it learns to denoise?"""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch

from ._core import as_number, as_tensor, ask, ask_each, close, exercise, wrong
from ._denoising import cavity_posterior, full_posterior, integrand, mean_cost, signal, two_token_nelbo

PRIOR = (0.5, 0.3, 0.15, 0.05)  # a prediction for V = 4 words
TWO_TOKENS = ((0, 0.25, 0.15), (0.05, 0.10, 0.40), (0, 0, 0.05))  # chapter 6, section 4: rows, the first token
LEVELS = ((0.25, -1.0), (0.7, -0.5), (0.95, -1.3))  # pairs of alpha and its derivative


@exercise("6.1 The rate of a jump")
def jump_rates(answer: Any) -> str:
    """Compare with R(a) = -alpha' / (alpha V) u(a) / u(b), and 0 at b."""
    priors = [torch.tensor(prior, dtype=torch.float64) for prior in (PRIOR, (0.2, 0.7, 0.1))]
    questions = [(p0, b, *level) for p0 in priors for level in LEVELS for b in range(len(p0))]
    for p0, b, alpha, slope, given in ask_each(answer, questions):
        got = as_tensor(given, (len(p0),))
        u = signal(p0, alpha)
        ratio = u / u[b]
        expected = -slope / (alpha * len(p0)) * ratio
        expected[b] = 0
        if not close(got, expected):
            _explain_rates(got, expected, p0, b, -slope / (alpha * len(p0)), ratio)
    return (
        "Right. The prediction enters only through the ratio u(a) / u(b): a word that the prediction favors over the "
        "observed one pulls the token towards it."
    )


def _explain_rates(
    got: torch.Tensor, expected: torch.Tensor, p0: torch.Tensor, b: int, scale: float, ratio: torch.Tensor
) -> None:
    """Name the likely mistake."""
    others = torch.arange(len(p0)) != b
    if close(got, -expected):
        wrong("Your rates are negative. alpha falls with t, so alpha' < 0; the rate has a minus sign in front of it.")
    if close(got[others], expected[others]):
        wrong("The rates to the other words are right, but the entry of the observed word b should be 0: no jump.")
    if close(got[others], (scale / ratio)[others]):
        wrong("Your ratio is upside down: the rate from b to a has u(a), where it goes, above u(b), where it is.")
    if close(got[others], (scale * p0 / p0[b])[others]):
        wrong("You used p0(a) / p0(b). The ratio is one of u = alpha V p0 + 1 - alpha, which knows the noise, too.")
    if close(got[others], expected[others] * len(p0)):
        wrong("Your rates are V times too large: a redrawn token has V words to come from, so divide by alpha V.")
    wrong(
        f"For p0 = {p0.tolist()} and b = {b}, the rates should be {[round(v, 4) for v in expected.tolist()]}, but "
        f"yours are {[round(v, 4) for v in got.tolist()]}. Go through u(a), then u(a) / u(b), then the factor."
    )


@exercise("6.2 What knowing nothing costs")
def uniform_guess(answer: Any) -> str:
    """Compare with the objective itself at a uniform prediction."""
    for vocab_size, alpha, slope, given in ask_each(answer, [(size, *level) for size in (3, 7) for level in LEVELS]):
        got = as_tensor(given, (2,), "Your pair")
        unchanged, changed = (
            float(integrand(torch.full((vocab_size,), 1 / vocab_size), x0, 0, alpha, slope)) for x0 in (0, 1)
        )
        expected = torch.tensor([unchanged, changed])
        if close(got, expected):
            continue
        if close(got, expected.flip(0)):
            wrong("The two numbers are right, but in the other order: first unchanged, then changed.")
        if close(got, -expected):
            wrong("Both are negative, but a KL never is. alpha' < 0, and the formula has -alpha' in front.")
        if close(got, expected * alpha * vocab_size / -slope):
            wrong("You have the sums of the brackets. Multiply them by -alpha' / (alpha V).")
        if close(got[1], expected[1]):
            wrong(
                "Changed is right, unchanged is not. If the token is unchanged, b is the true word: r* is 1 there "
                "and (1 - alpha) / (1 - alpha + alpha V) at each of the V - 1 others."
            )
        if close(got[0], expected[0]):
            wrong(
                "Unchanged is right, changed is not. If the token is changed, r* is (1 - alpha + alpha V) / "
                "(1 - alpha) at the true word and 1 at all others, whose brackets vanish."
            )
        wrong(
            f"At V = {vocab_size}, alpha = {alpha}, alpha' = {slope} the pair should be ({unchanged:.4f}, "
            f"{changed:.4f}), but yours is ({float(got[0]):.4f}, {float(got[1]):.4f})."
        )
    return "Right. Averaged over t and x_t, these two add up to ln V per token: the price of a uniform guess."


@exercise("6.3 Convert by hand")
def my_convert(answer: Any) -> str:
    """Compare with Bayes' rule over all words."""
    questions, expectations = [], []
    for prior in (PRIOR, (0.2, 0.7, 0.1)):
        cavity = torch.tensor(prior, dtype=torch.float64)
        for (alpha, _), b in itertools.product(LEVELS, range(len(prior))):
            posterior = full_posterior(cavity, b, alpha)
            questions += [(cavity, b, alpha, "posterior"), (posterior, b, alpha, "cavity")]
            expectations += [posterior, cavity]
    for expected, (known, b, alpha, wanted, given) in zip(expectations, ask_each(answer, questions), strict=True):
        got = as_tensor(given, (len(known),))
        if close(got, expected):
            continue
        if close(got, full_posterior(known, b, alpha) if wanted == "cavity" else cavity_posterior(known, b, alpha)):
            wrong(f'You went the wrong way for wanted="{wanted}": to the posterior the odds of b grow.')
        if close(got, known):
            wrong(f'For wanted="{wanted}" you return what you were given. The odds of the observed word b change.')
        if not close(got.sum(), 1):
            wrong(f"Your probabilities sum to {float(got.sum()):.3f}. Normalize after changing the entry of b.")
        wrong(
            f'For {[round(v, 3) for v in known.tolist()]}, b = {b}, alpha = {alpha}, wanted="{wanted}" the '
            f"result should be {[round(v, 3) for v in expected.tolist()]}, but yours is "
            f"{[round(v, 3) for v in got.tolist()]}. Only entry b gets a factor: 1 + alpha V / (1 - alpha)."
        )
    return "Right. One factor, e to the beta_t, is all that separates what the two losses learn."


@exercise("6.4 Spread the noise levels")
def spread_times(answer: Any) -> str:
    """Look for one level in every interval, randomness in all of them, and use of the generator."""
    n, few, draws = 16, torch.zeros(5), []
    questions = [(k, torch.Generator().manual_seed(seed)) for seed, k in enumerate([n, 5] + [n] * 199)]
    for k, _, given in ask_each(answer, questions):
        got = as_tensor(given, (k,))
        if not bool(((got >= 0) & (got < 1)).all()):
            wrong(f"A level lies outside [0, 1): {[round(v, 3) for v in got.tolist()]}. Wrap around with % 1.")
        few = got.sort().values if k == 5 else few
        draws += [got.sort().values] if k == n else []
    low = torch.arange(n) / n
    levels = torch.stack(draws)  # [200, n]
    same = as_tensor(ask(answer, n, torch.Generator().manual_seed(0)), (n,)).sort().values
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
        wrong(f"With n = 5 your levels are {[round(v, 3) for v in few.tolist()]}: each fifth should hold exactly one.")
    return "Right. Every batch now sees all noise levels, so the mean loss varies less from batch to batch."


@exercise("6.4 Spread the noise levels, second part")
def shrinkage(spread: Any, answer: Any) -> str:
    """Compare a factor with the one that 500 batches of the student's own `spread` function show."""
    got = as_number(ask(answer), "Your factor")
    as_tensor(ask(spread, 64, torch.Generator().manual_seed(0)), (64,), "The levels")

    def means(generator: torch.Generator) -> torch.Tensor:
        return torch.stack([as_tensor(spread(64, generator), (64,)).clamp_min(0).sqrt().mean() for _ in range(500)])

    found = float(ask(means, torch.Generator().manual_seed(1)).std())
    independent = math.sqrt(1 / 2 - 4 / 9) / math.sqrt(64)  # of sqrt(t), t uniform: the mean of t minus (2/3)^2
    expected = independent / found
    if abs(got / expected - 1) < 0.15:  # 500 batches know a standard deviation to 3 %
        return f"Right. Here the standard deviation falls from {independent:.4f} to {found:.4f}, by {expected:.1f}."
    if abs(got * expected - 1) < 0.15:
        wrong("That is the other way round: how many times *smaller* is the standard deviation with spread levels?")
    if abs(got / expected**2 - 1) < 0.3:
        wrong("That is the ratio of the variances. A standard deviation is the square root of a variance.")
    if abs(got / independent - 1) < 0.15 or abs(got / found - 1) < 0.15:
        wrong("That is one of the two standard deviations. Divide that of independent levels by that of spread ones.")
    wrong(
        f"With your function it shrinks by a factor of {expected:.1f}, not {got:.3g}. Draw 2,000 batches of 64 levels "
        "both ways, take the mean of sqrt(t) of each batch, then the standard deviation of these means."
    )


@exercise("6.5 The price of the wrong form")
def price_of_wrong_form(answer: Any) -> str:
    """Compare with the sum over all V^2 cases."""
    priors = [torch.tensor(prior, dtype=torch.float64) for prior in ((0.6, 0.25, 0.15), PRIOR)]
    for p, alpha, slope, given in ask_each(answer, [(p, *level) for p in priors for level in LEVELS]):
        got = as_number(given)
        cost = {form: mean_cost(p, alpha, slope, form) for form in ("full", "cavity", "unweighted")}
        expected = cost["full"] - cost["cavity"]
        if close(got, expected):
            continue
        if close(got, -expected):
            wrong("The sign is the other way round: the wrong form minus the right one, which is positive.")
        if close(got, cost["full"]):
            wrong("That is the whole cost of the full posterior. Subtract the cost of the cavity posterior, p.")
        if close(got, cost["unweighted"]):
            wrong("You averaged as if all V^2 cases were equally likely. The weight is p(v) q(b | v).")
        wrong(
            f"For p = {p.tolist()}, alpha = {alpha}, alpha' = {slope} the price is {expected:.5f}, but yours is "
            f"{got:.5f}. Is the prediction f(v) = q(b | v) p(v) / Z a new one for every observed word b?"
        )
    return (
        "Right, and it is never negative, because the cavity posterior is the optimum. Integrated over t it is the "
        "extra cost of sampling with an unconverted cross-entropy model, in the bound."
    )


@exercise("6.5 The price of the wrong form, second part")
def wrong_form_nelbo(answer: Any) -> str:
    """Compare with the NELBO of the two-token language, enumerated, with the full posterior as prediction."""
    got = as_number(ask(answer), "The NELBO")
    language = torch.tensor(TWO_TOKENS, dtype=torch.float64)
    cost = {form: two_token_nelbo(language, form) for form in ("full", "cavity")}
    knowing_nothing = 2 * math.log(3)
    if close(got, cost["full"], rtol=2e-3):
        return (
            f"Right. It is {cost['full']:.3f}, above the {knowing_nothing:.3f} of knowing nothing. Judged by this "
            "bound, the exact full posterior, plugged in unconverted, is worse than no knowledge at all."
        )
    if close(got, cost["cavity"], rtol=2e-3):
        wrong("That is the NELBO of the cavity posterior. Convert it to the full posterior, and integrate that.")
    if close(got, knowing_nothing, rtol=2e-3):
        wrong("That is the cost of knowing nothing. The full posterior's lies on one side of it. Compute it.")
    if close(got, cost["full"] / 2, rtol=2e-3):
        wrong("That is the cost per token. Compare per sentence, as 2 ln 3 does: add the two tokens.")
    if close(got, cost["full"] - cost["cavity"], rtol=2e-3):
        wrong("That is the price, the difference to the cavity posterior. The question is about the whole NELBO.")
    side = "below" if got < knowing_nothing else "above"
    wrong(
        f"You say {got:.3f}, {side} knowing nothing; it is another number. Average N_t over x_0 ~ p and x_t ~ q, add "
        "the two tokens, and integrate over t from 0 to 1; near 0 take fine steps."
    )
