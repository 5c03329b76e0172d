"""Checks for chapter 7, "How do you walk back from noise?"."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ._core import as_tensor, ask, exercise, wrong

# the cavity posterior of one word, the word that is seen, alpha_s and alpha_t
STEPS = (((0.3125, 0.5625, 0.125), 0, 0.7, 0.4), ((0.1, 0.2, 0.3, 0.4), 3, 0.9, 0.2))

# alpha_s and alpha_t of greedy steps: small ones at the end of the way and before it, and large ones
GREEDY = ((1.0, 0.99), (0.99, 0.98), (0.98, 0.97), (0.6, 0.58), (0.6, 0.3), (0.3, 0.01), (0.05, 0.04))


@exercise("7.1 Can greedy move?")
def can_greedy_move(answer: Any) -> str:
    """Check alpha_s (alpha_s - alpha_t) > alpha_t (1 - alpha_s) against the step itself."""
    vocab = 7
    certain = torch.nn.functional.one_hot(torch.tensor(1), vocab).double()
    for alpha_s, alpha_t in GREEDY:
        got = ask(answer, alpha_s, alpha_t)
        if not isinstance(got, bool | int | np.bool_ | torch.Tensor) or torch.as_tensor(got).numel() != 1:
            wrong(f"Return True or False; you return {type(got).__name__}.")
        moves = int(_step(certain, 0, alpha_s, alpha_t).argmax()) != 0
        if bool(got) == moves:
            continue
        if moves:
            wrong(
                f"From alpha {alpha_t} back to {alpha_s} you say it stays, but the gain {alpha_s - alpha_t:.2f} is "
                f"large against the noise {1 - alpha_s:.2f} that is left, so a certain denoiser moves the word."
            )
        wrong(
            f"From alpha {alpha_t} back to {alpha_s} you say it moves. The denoiser is certain about x_0, but the step "
            "asks about x_s, and there the old word is still the most probable one."
        )
    return "Right. With small steps only the end of the way passes, which is why greedy waits until then."


@exercise("7.2 The other exact way")
def average_step(answer: Any) -> str:
    """Check the average of known-start steps against the plug-in step with the cavity."""
    for cavity_probs, b, alpha_s, alpha_t in STEPS:
        cavity = torch.tensor(cavity_probs, dtype=torch.float64)
        full = cavity * _table(alpha_t, len(cavity))[:, b]
        full = full / full.sum()
        got = as_tensor(ask(answer, full, b, alpha_s, alpha_t), (len(cavity),))
        if torch.allclose(got, _step(cavity, b, alpha_s, alpha_t), atol=1e-6):
            continue
        if torch.allclose(got, _step(full, b, alpha_s, alpha_t), atol=1e-6):
            wrong(
                "You plug in the full posterior, which counts the word's own evidence twice (normalizing after the "
                "average does so too). Normalize the step of each clean word, then average the steps."
            )
        if torch.allclose(got, full @ _table(alpha_s, len(full)), atol=1e-6):
            wrong("You forget the step itself: q(b | a), that x_s = a has to become the word that is seen.")
        onward = _table(alpha_t / alpha_s, len(full))[:, b]
        if torch.allclose(got, onward * (full @ _table(alpha_s, len(full))), atol=1e-6):
            wrong("Normalize each known-start step on its own, for every clean word v, before you average.")
        if abs(float(got.sum()) - 1) > 1e-6:
            wrong(f"Your probabilities add up to {float(got.sum()):.4f}, but x_s is always some word.")
        wrong("These are not the right probabilities. Build q(b | a) q_s(a | v) for each v, then normalize over a.")
    return "Right. It equals the plug-in step with the cavity, without ever computing the cavity."


@exercise("7.3 How much is new?")
def new_fraction(answer: Any) -> str:
    """Check the fraction of samples that are grammatical and in no training row."""
    train = torch.tensor([[0, 1, 2], [3, 4, 0], [1, 1, 1]])
    copies, nonsense = [[0, 1, 2], [3, 4, 0], [1, 1, 1]], [[4, 4, 4]] * 4  # each mistake gives its own number
    new = [[0, 1, 0], [2, 3, 2], [2, 3, 2], [2, 3, 2]]  # the first has only words of the training set
    samples = torch.tensor(copies + nonsense + new)
    got = float(as_tensor(as_tensor(ask(answer, samples, train, _log_prob)).squeeze(), (), "Your answer"))
    if abs(got - 4 / 11) < 1e-6:
        none = ask(answer, train, train, _log_prob)
        if not abs(float(as_tensor(none).squeeze())) <= 1e-6:
            wrong("Samples that are all training sentences should give 0.")
        return "Right. A model that generalizes scores high here, one that recites scores 0."
    if abs(got - 7 / 11) < 1e-6:
        wrong("You count every grammatical sentence. A copy of a training sentence is grammatical, but not new.")
    if abs(got - 8 / 11) < 1e-6:
        wrong("You count every sentence that is not in the training set. Some of them are ungrammatical: see log_prob.")
    if abs(got - 4 / 7) < 1e-6:
        wrong("You divide by the grammatical sentences only. The question is about all samples.")
    if min(abs(got - 2 / 11), abs(got - 2 / 6)) < 1e-6:
        wrong("A sentence that was sampled twice counts twice: each sample is judged on its own.")
    if got < 4 / 11:
        wrong(
            "You find too few. A sentence is a copy only if one whole training row equals it, not if its words occur."
        )
    wrong(f"You return {got:.3f} where 4 of 11 samples are grammatical and new.")


@exercise("7.4 The rate of jumping")
def jump_rates(answer: Any) -> str:
    """Check the rates against a very small reverse step."""
    for p0, b, alpha, alpha_prime in (((0.2, 0.5, 0.3), 0, 0.4, -1.0), ((0.0, 0.1, 0.2, 0.7), 1, 0.8, -2.5)):
        vocab, p = len(p0), torch.tensor(p0, dtype=torch.float64)
        got = as_tensor(ask(answer, p, b, alpha, alpha_prime), (vocab,), "Your rates")
        dt = 1e-7
        rates = _step(p, b, alpha - alpha_prime * dt, alpha) / dt  # alpha is larger at the earlier time
        rates[b] = 0
        if torch.allclose(got, rates, rtol=1e-4, atol=1e-6):
            continue
        others = torch.arange(vocab) != b
        if torch.allclose(got[others], rates[others], rtol=1e-4, atol=1e-6):
            wrong(f"The rates to other words are right. Staying is no jump: set R(b) = 0, not {float(got[b]):.3f}.")
        if torch.allclose(got, -rates, rtol=1e-4, atol=1e-6):
            wrong("Rates cannot be negative. alpha falls with t, so alpha' is negative and needs a minus sign.")
        ratio = (got / rates)[others]
        if torch.allclose(ratio, torch.full_like(ratio, vocab), rtol=1e-3):
            wrong("Too large by the factor V: a redrawn word lands on b only once in V.")
        if torch.allclose(ratio, torch.full_like(ratio, alpha), rtol=1e-3):
            wrong("Too small by the factor alpha: the onward rate is -alpha'/alpha, because survival multiplies.")
        u = alpha * p + (1 - alpha) / vocab
        upside_down = -alpha_prime / alpha / vocab * u[b] / u
        if torch.allclose(got[others], upside_down[others], rtol=1e-3):
            wrong("Your ratio is upside down: a word that is probable before the noise attracts, it does not repel.")
        wrong(f"For p0 = {list(p0)} and b = {b} the rates should be {[round(r, 3) for r in rates.tolist()]}.")
    return "Right. The same ratio u(a) / u(b) is in the NELBO, which compares these rates with the true ones."


def _log_prob(x: torch.Tensor) -> torch.Tensor:
    """Give sentences of the one word 4 no probability, and all others the same."""
    return torch.where((x == 4).all(dim=1), -torch.inf, -3.0).double()


def _table(alpha: float, vocab: int) -> torch.Tensor:
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def _step(p0: torch.Tensor, b: int, alpha_s: float, alpha_t: float) -> torch.Tensor:
    """Return q(x_s | x_t = b, x_0 := p0) by Bayes' rule on tables, float64[V]."""
    product = _table(alpha_t / alpha_s, len(p0))[:, b] * (p0 @ _table(alpha_s, len(p0)))
    return product / product.sum()
