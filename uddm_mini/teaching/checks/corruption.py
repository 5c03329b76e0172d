"""Checks for chapter 5, "How does noise erase a sentence?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from ._core import as_number, as_tensor, ask_each, close, exercise, wrong

LINEAR = 1 - 1e-3  # how far the linear schedule falls between t = 0 and t = 1


@exercise("5.1 How much noise do I need?")
def level_for(answer: Any) -> str:
    """Check t with (1 - alpha(t)) (V - 1) / V = changed, for the linear schedule."""
    for changed, vocab, given in ask_each(answer, [(0.25, 102), (0.5, 3), (0.0, 10)]):
        got = as_number(given)
        if close(got, changed * vocab / (vocab - 1) / LINEAR):
            continue
        if close(got, changed / LINEAR) or close(got, changed):
            wrong(
                f"With V = {vocab} you get t = {got:.4f}. That many words are resampled, but one draw in V returns the "
                "old word, so fewer of them change."
            )
        if close(got, 1 - changed * vocab / (vocab - 1)):
            wrong(f"With V = {vocab} you return {got:.4f}. That is the signal alpha; the noise level t is asked for.")
        if close(got, changed * vocab / (vocab - 1)):
            wrong("Nearly: the linear schedule falls to 0.001, not to 0, so t is larger by the factor 1 / 0.999.")
        wrong(f"For changed = {changed} and V = {vocab} you return {got:.4f}. Put it back: does that t change so many?")
    return "Right. With few words you need clearly more noise, because many draws hit the old word."


@exercise("5.2 One step onward")
def step_table(answer: Any) -> str:
    """Check the table of the step from s to t, whose survival is alpha_t / alpha_s."""
    for alpha_s, alpha_t, vocab, given in ask_each(answer, [(0.8, 0.3, 3), (0.9, 0.1, 5), (0.6, 0.3, 3)]):
        got = as_tensor(given, (vocab, vocab), "Your table")
        if close(got, _table(alpha_t / alpha_s, vocab)):
            continue
        if not close(got.sum(dim=1), torch.ones(vocab)):
            wrong("The rows of your table do not add up to 1, but a word always goes somewhere.")
        if close(got, _table(alpha_t, vocab)):
            wrong("This is the jump from clean text to t. The word is already at s: only the rest of the way is left.")
        if close(got, _table(1 - (alpha_s - alpha_t), vocab)):
            wrong("You subtract the signals, but survival multiplies: alpha_s times the step's survival is alpha_t.")
        diagonal = float(_table(alpha_t / alpha_s, vocab)[0, 0])
        wrong(
            f"From alpha {alpha_s} to {alpha_t} the diagonal should be {diagonal:.4f}, but is {float(got[0, 0]):.4f}."
        )
    return "Right. Multiply the table of the jump to s by yours, and you get the table of the jump to t."


@exercise("5.3 Luck")
def lucky(answer: Any) -> str:
    """Check p(resampled | unchanged) = c / (alpha + c), c = (1 - alpha) / V."""
    for alpha, vocab, given in ask_each(answer, [(0.4, 3), (0.5, 102), (0.4, 30), (1.0, 5)]):
        got, c = as_number(given), (1 - alpha) / vocab
        if close(got, c / (alpha + c)):
            continue
        if close(got, 1 - alpha):
            wrong("This is how often any word is resampled. You already know that it equals the clean one; use that.")
        if close(got, c):
            wrong("This is the probability of both, resampled and unchanged. Divide by the probability of unchanged.")
        if close(got, 1 / vocab):
            wrong("This is how often a resampled word is unchanged. Turn it around with Bayes.")
        wrong(f"At alpha = {alpha} and V = {vocab} you return {got:.4f}, but it should be {c / (alpha + c):.4f}.")
    return "Right. It is 1 / exp(beta_t): the louder a word speaks for itself, the less it can owe to luck."


@exercise("5.4 How many sentences fit?")
def how_many(answer: Any) -> str:
    """Check floor(exp(L I)) with I the mutual information of one uniform word."""
    questions = [(0.2, 14, 102), (0.5, 3, 10), (0.35, 5, 20), (0.35, 5, 40), (1.0, 4, 10), (0.0, 6, 5)]
    for alpha, length, vocab, given in ask_each(answer, questions):
        got = as_number(given)
        exact = math.exp(length * _information(alpha, vocab))
        if math.isnan(got):
            wrong(f"At alpha = {alpha} you return nan: 0 times log 0 counts as 0 (torch.special.xlogy does that).")
        if abs(got - math.floor(exact * (1 + 1e-9))) <= max(1e-6 * exact, 1e-6):
            continue
        if abs(got - exact) <= 1e-6 * exact:
            wrong("The number is right, but sentences come whole: round down.")
        if got in (round(exact), math.ceil(exact * (1 - 1e-9))):
            wrong(
                f"You return {got:.0f} where exp(L I) is {exact:.3f}. With {got:.0f} sentences ln n is already above "
                "L I: round down, not to the nearest whole number or up."
            )
        if got < exact and close(got, math.floor(math.exp(_information(alpha, vocab)))):
            wrong(f"This is what one word tells. A sentence has {length} of them, and their information adds up.")
        if close(got, vocab**length, rtol=1e-6):
            wrong("This counts all sentences there are. The noise leaves less than ln V of each word.")
        if exact > 100 and abs(got / (2 ** (length * _information(alpha, vocab))) - 1) < 0.05:
            wrong("You mix units: information in nats goes with e, information in bits with 2.")
        if round(exact) - got == 1 and abs(exact - round(exact)) < 1e-6 * exact:
            wrong(
                f"You return {got:.0f} where exp(L I) is {exact:.6f}: a hair below a whole number is rounding of the "
                "computer. Add a relative 1e-9 before you round down."
            )
        wrong(f"At alpha = {alpha}, L = {length}, V = {vocab} you return {got:.0f}, but exp(L I) is {exact:.1f}.")
    return "Right. It grows exponentially with the length, as the capacity of a dense memory does with its neurons."


@exercise("5.4 How many sentences fit?, second part")
def growth(answer: Any) -> str:
    """Check exp(I), the factor by which the number of sentences grows with one word more."""
    for alpha, vocab, given in ask_each(answer, [(0.5, 102), (0.2, 10), (0.5, 10), (1.0, 5), (0.0, 3)]):
        got, information = as_number(given, "The factor"), _information(alpha, vocab)
        if close(got, math.exp(information)):
            continue
        if math.isnan(got):
            wrong(f"At alpha = {alpha} you return nan: 0 times log 0 counts as 0 (torch.special.xlogy does that).")
        if close(got, information):
            wrong("This is what is added to ln n by one word more. The number n itself is multiplied: take exp of it.")
        if close(got, vocab):
            wrong("That is the factor without noise. A noisy word tells less than ln V, so the factor is smaller.")
        if close(got, 2**information):
            wrong("You mix units: information in nats goes with e, information in bits with 2.")
        wrong(
            f"At alpha = {alpha}, V = {vocab} one word more multiplies n by {math.exp(information):.4f}, not {got:.4f}."
        )
    return "Right. A constant factor for each word: exponential growth, and the noise only changes its base, exp(I)."


def _table(alpha: float, vocab: int) -> torch.Tensor:
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def _information(alpha: float, vocab: int) -> float:
    """Return the mutual information from its definition: sum over all pairs of words, in nats."""
    joint = _table(alpha, vocab) / vocab
    return float(torch.special.xlogy(joint, joint * vocab**2).sum())
