"""Checks of chapter 6: what does a model learn when it learns to denoise?"""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.process.objective import nelbo_per_token

from ._core import as_tensor, ask, exercise, wrong

PRIOR = (0.5, 0.3, 0.15, 0.05)  # a prediction for V = 4 words
LEVELS = ((0.25, -1.0), (0.7, -0.5), (0.95, -1.3))  # pairs of alpha and its derivative


def _close(got: torch.Tensor, expected: torch.Tensor) -> bool:
    # students may compute in float32, whose rounding stays below this
    return bool(torch.allclose(got, expected.to(torch.float64), rtol=1e-4, atol=1e-6))


def _signal(p0: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return u(a) = alpha V p0(a) + 1 - alpha."""
    return alpha * len(p0) * p0 + 1 - alpha


@exercise("6.1 The rate of a jump")
def jump_rates(answer: Any) -> str:
    """Compare with R(a) = -alpha' / (alpha V) u(a) / u(b), and 0 at b."""
    p0 = torch.tensor(PRIOR, dtype=torch.float64)
    for alpha, slope in LEVELS:
        for b in range(len(p0)):
            got = as_tensor(ask(answer, p0, b, alpha, slope), (len(p0),))
            u = _signal(p0, alpha)
            ratio = u / u[b]
            expected = -slope / (alpha * len(p0)) * ratio
            expected[b] = 0
            if not _close(got, expected):
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
    if _close(got, -expected):
        wrong("Your rates are negative. alpha falls with t, so alpha' < 0; the rate has a minus sign in front of it.")
    if _close(got[others], expected[others]):
        wrong("The rates to the other words are right, but the entry of the observed word b should be 0: no jump.")
    if _close(got[others], (scale / ratio)[others]):
        wrong("Your ratio is upside down: the rate from b to a has u(a), where it goes, above u(b), where it is.")
    if _close(got[others], (scale * p0 / p0[b])[others]):
        wrong("You used p0(a) / p0(b). The ratio is one of u = alpha V p0 + 1 - alpha, which knows the noise, too.")
    if _close(got[others], expected[others] * len(p0)):
        wrong("Your rates are V times too large: a redrawn token has V words to come from, so divide by alpha V.")
    wrong(
        f"For p0 = {p0.tolist()} and b = {b}, the rates should be {[round(v, 4) for v in expected.tolist()]}, but "
        f"yours are {[round(v, 4) for v in got.tolist()]}. Go through u(a), then u(a) / u(b), then the factor."
    )


@exercise("6.2 What knowing nothing costs")
def uniform_guess(answer: Any) -> str:
    """Compare with the objective itself at a uniform prediction."""
    for vocab_size in (3, 7):
        for alpha, slope in LEVELS:
            got = as_tensor(ask(answer, vocab_size, alpha, slope), (2,), "Your pair")
            unchanged, changed = (
                float(_integrand(torch.full((vocab_size,), 1 / vocab_size), x0, 0, alpha, slope)) for x0 in (0, 1)
            )
            expected = torch.tensor([unchanged, changed])
            if _close(got, expected):
                continue
            if _close(got, expected.flip(0)):
                wrong("The two numbers are right, but in the other order: first unchanged, then changed.")
            if _close(got, -expected):
                wrong("Both are negative, but a KL never is. alpha' < 0, and the formula has -alpha' in front.")
            if _close(got, expected * alpha * vocab_size / -slope):
                wrong("You have the sums of the brackets. Multiply them by -alpha' / (alpha V).")
            if _close(got[1], expected[1]):
                wrong(
                    "Changed is right, unchanged is not. If the token is unchanged, b is the true word: r0 is 1 there "
                    "and (1 - alpha) / (1 - alpha + alpha V) at each of the V - 1 others."
                )
            if _close(got[0], expected[0]):
                wrong(
                    "Unchanged is right, changed is not. If the token is changed, r0 is (1 - alpha + alpha V) / "
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
    cavity = torch.tensor(PRIOR, dtype=torch.float64)
    for alpha, _ in LEVELS:
        for b in range(len(cavity)):
            posterior = _full(cavity, b, alpha)
            for given, expected, wanted in ((cavity, posterior, "posterior"), (posterior, cavity, "cavity")):
                got = as_tensor(ask(answer, given, b, alpha, wanted), (len(cavity),))
                if _close(got, expected):
                    continue
                if _close(got, _full(given, b, alpha) if wanted == "cavity" else _cavity(given, b, alpha)):
                    wrong(f'You went the wrong way for wanted="{wanted}": to the posterior the odds of b grow.')
                if abs(float(got.sum()) - 1) > 1e-4:
                    wrong(f"Your probabilities sum to {float(got.sum()):.3f}. Normalize after changing the entry of b.")
                wrong(
                    f'For {[round(v, 3) for v in given.tolist()]}, b = {b}, alpha = {alpha}, wanted="{wanted}" the '
                    f"result should be {[round(v, 3) for v in expected.tolist()]}, but yours is "
                    f"{[round(v, 3) for v in got.tolist()]}. Only entry b gets a factor: 1 + alpha V / (1 - alpha)."
                )
    return "Right. One factor, e to the beta_t, is all that separates what the two losses learn."


@exercise("6.4 Spread the noise levels")
def spread_times(answer: Any) -> str:
    """Look for one level in every interval, randomness in all of them, and use of the generator."""
    n = 16
    draws = []
    for seed in range(200):
        got = as_tensor(ask(answer, n, torch.Generator().manual_seed(seed)), (n,))
        if not bool(((got >= 0) & (got < 1)).all()):
            wrong(f"A level lies outside [0, 1): {[round(v, 3) for v in got.tolist()]}. Wrap around with % 1.")
        draws.append(got.sort().values)
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
    return "Right. Every batch now sees all noise levels, so the mean loss varies less from batch to batch."


@exercise("6.5 The price of the wrong form")
def price_of_wrong_form(answer: Any) -> str:
    """Compare with the sum over all V^2 cases."""
    priors = ((0.6, 0.25, 0.15), PRIOR)
    for prior in priors:
        p = torch.tensor(prior, dtype=torch.float64)
        for alpha, slope in LEVELS:
            got = float(as_tensor(ask(answer, p, alpha, slope), ()))
            cost = {form: _mean_cost(p, alpha, slope, form) for form in ("full", "cavity", "unweighted")}
            expected = cost["full"] - cost["cavity"]
            if math.isclose(got, expected, rel_tol=1e-4, abs_tol=1e-6):
                continue
            if math.isclose(got, -expected, rel_tol=1e-4):
                wrong("The sign is the other way round: the wrong form minus the right one, which is positive.")
            if math.isclose(got, cost["full"], rel_tol=1e-4):
                wrong("That is the whole cost of the full posterior. Subtract the cost of the cavity posterior, p.")
            if math.isclose(got, cost["unweighted"], rel_tol=1e-4):
                wrong("You averaged as if all V^2 cases were equally likely. The weight is p(v) q(b | v).")
            wrong(
                f"For p = {list(prior)}, alpha = {alpha}, alpha' = {slope} the price is {expected:.5f}, but yours is "
                f"{got:.5f}. Is the prediction f(v) = q(b | v) p(v) / Z a new one for every observed word b?"
            )
    return (
        "Right, and it is never negative, because the cavity posterior is the optimum. Integrated over t it is the "
        "extra cost of sampling with an unconverted cross-entropy model, in the bound."
    )


def _full(cavity: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Return the full posterior: Bayes' rule with the likelihood of the observed word b."""
    joint = cavity * _likelihood(len(cavity), alpha)[:, b]
    return joint / joint.sum()


def _cavity(posterior: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Undo `_full`."""
    quotient = posterior / _likelihood(len(posterior), alpha)[:, b]
    return quotient / quotient.sum()


def _likelihood(vocab_size: int, alpha: float) -> torch.Tensor:
    """Return q(b | v), float64[V, V], rows v."""
    return alpha * torch.eye(vocab_size, dtype=torch.float64) + (1 - alpha) / vocab_size


def _integrand(p0: torch.Tensor, x0: int, xt: int, alpha: float, slope: float) -> torch.Tensor:
    """Return N_t for one token."""
    numbers = (torch.tensor([v], dtype=torch.float64) for v in (alpha, slope))
    log_p0 = p0.to(torch.float64).log().reshape(1, 1, -1)
    return nelbo_per_token(log_p0, torch.tensor([[x0]]), torch.tensor([[xt]]), *numbers).squeeze()


def _mean_cost(p: torch.Tensor, alpha: float, slope: float, form: str) -> float:
    """Return the mean of N_t over x_0 ~ p and x_t; "unweighted" is a mistake: full minus cavity, a plain mean."""
    q, size = _likelihood(len(p), alpha), len(p)
    total = 0.0
    for v in range(size):
        for b in range(size):
            full, cavity = (float(_integrand(p0, v, b, alpha, slope)) for p0 in (_full(p, b, alpha), p))
            if form == "unweighted":
                total += (full - cavity) / size**2
            else:
                total += float(p[v] * q[v, b]) * (full if form == "full" else cavity)
    return total
