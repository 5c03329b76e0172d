"""Checks of the chapter "How does noise erase a sentence?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, as_tensor, close, compare, questions, wrong
from uddm_mini.teaching.exercises import exercise, second_part

LINEAR = 1 - 1e-3  # how far the linear schedule falls between t = 0 and t = 1


@exercise(1, "How much noise do I need?", level="warm-up", minutes=5)
@questions([(0.25, 102), (0.5, 3), (0.0, 10)])
def level_for(changed: float, vocab: int, got: Any) -> str:
    """Check t with (1 - alpha(t)) (V - 1) / V = changed, for the linear schedule."""
    got, noise = as_number(got), changed * vocab / (vocab - 1)
    slips = {
        f"With V = {vocab} you get t = {got:.4f}. That many words are resampled, but one draw in V returns the old "
        "word, so fewer of them change.": (changed / LINEAR, changed),
        f"With V = {vocab} you return {got:.4f}. That is the signal alpha; the noise level t is asked for.": 1 - noise,
        "Nearly: the linear schedule falls to 0.001, not to 0, so t is larger by the factor 1 / 0.999.": noise,
    }
    unknown = f"For changed = {changed} and V = {vocab} you return {got:.4f}. Put it back: does that t change so many?"
    compare(got, noise / LINEAR, slips, otherwise=unknown)
    return "Right. With few words you need clearly more noise, because many draws hit the old word."


@exercise(2, "One step onward", level="core", minutes=10)
@questions([(0.8, 0.3, 3), (0.9, 0.1, 5), (0.6, 0.3, 3)])
def step_table(alpha_s: float, alpha_t: float, vocab: int, got: Any) -> str:
    """Check the table of the step from s to t, whose survival is alpha_t / alpha_s."""
    got, right = as_tensor(got, (vocab, vocab), "Your table"), noise_table(alpha_t / alpha_s, vocab)
    slips = {
        "The rows of your table do not add up to 1, but a word always goes somewhere.": (
            not close(got.sum(dim=1), torch.ones(vocab))
        ),
        "This is the jump from clean text to t. The word is already at s: only the rest of the way is left.": (
            noise_table(alpha_t, vocab)
        ),
        "You subtract the signals, but survival multiplies: alpha_s times the step's survival is alpha_t.": (
            noise_table(1 - (alpha_s - alpha_t), vocab)
        ),
    }
    unknown = f"From alpha {alpha_s} to {alpha_t} the diagonal should be {right[0, 0]:.4f}, but is {got[0, 0]:.4f}."
    compare(got, right, slips, otherwise=unknown)
    return "Right. Multiply the table of the jump to s by yours, and you get the table of the jump to t."


@exercise(3, "Luck", level="core", minutes=15)
@questions([(0.4, 3), (0.5, 102), (0.4, 30), (1.0, 5)])
def lucky(alpha: float, vocab: int, got: Any) -> str:
    """Check p(resampled | unchanged) = c / (alpha + c), c = (1 - alpha) / V."""
    got, c = as_number(got), (1 - alpha) / vocab
    right = c / (alpha + c)
    slips = {
        "This is how often any word is resampled. You already know that it equals the clean one; use that.": (
            1 - alpha
        ),
        "This is the probability of both, resampled and unchanged. Divide by the probability of unchanged.": c,
        "This is how often a resampled word is unchanged. Turn it around with Bayes.": 1 / vocab,
    }
    unknown = f"At alpha = {alpha} and V = {vocab} you return {got:.4f}, but it should be {right:.4f}."
    compare(got, right, slips, otherwise=unknown)
    return "Right. It is 1 / exp(beta_t): the louder a word speaks for itself, the less it can owe to luck."


@exercise(4, "How many sentences fit?", level="stretch", minutes=25)
@questions([(0.2, 14, 102), (0.5, 3, 10), (0.35, 5, 20), (0.35, 5, 40), (1.0, 4, 10), (0.0, 6, 5)])
def how_many(alpha: float, length: int, vocab: int, got: Any) -> str:
    """Check floor(exp(L I)) with I the mutual information of one uniform word."""
    got, information = as_number(got), _information(alpha, vocab)
    exact = math.exp(length * information)
    if math.isnan(got):
        wrong(f"At alpha = {alpha} you return nan: 0 times log 0 counts as 0 (torch.special.xlogy does that).")
    slips = {
        "The number is right, but sentences come whole: round down.": exact,
        f"You return {got:.0f} where exp(L I) is {exact:.3f}. With {got:.0f} sentences ln n is already above L I: "
        "round down, not to the nearest whole number or up.": (round(exact), math.ceil(exact * (1 - 1e-9))),
        f"This is what one word tells. A sentence has {length} of them, and their information adds up.": (
            got < exact and math.floor(math.exp(information))
        ),
        "This counts all sentences there are. The noise leaves less than ln V of each word.": vocab**length,
        "You mix units: information in nats goes with e, information in bits with 2.": (
            exact > 100 and close(got, 2 ** (length * information), 0.05)
        ),
        f"You return {got:.0f} where exp(L I) is {exact:.6f}: a hair below a whole number is rounding of the "
        "computer. Add a relative 1e-9 before you round down.": (
            round(exact) - got == 1 and abs(exact - round(exact)) < 1e-6 * exact
        ),
    }
    unknown = f"At alpha = {alpha}, L = {length}, V = {vocab} you return {got:.0f}, but exp(L I) is {exact:.1f}."
    compare(got, math.floor(exact * (1 + 1e-9)), slips, otherwise=unknown, within=1e-6)
    return "Right. It grows exponentially with the length, as the capacity of a dense memory does with its neurons."


@second_part(how_many)
@questions([(0.5, 102), (0.2, 10), (0.5, 10), (1.0, 5), (0.0, 3)])
def growth(alpha: float, vocab: int, got: Any) -> str:
    """Check exp(I), the factor by which the number of sentences grows with one word more."""
    got, information = as_number(got, "The factor"), _information(alpha, vocab)
    right = math.exp(information)
    slips = {
        f"At alpha = {alpha} you return nan: 0 times log 0 counts as 0 (torch.special.xlogy does that).": (
            math.isnan(got)
        ),
        "This is what is added to ln n by one word more. The number n itself is multiplied: take exp of it.": (
            information
        ),
        "That is the factor without noise. A noisy word tells less than ln V, so the factor is smaller.": vocab,
        "You mix units: information in nats goes with e, information in bits with 2.": 2**information,
    }
    unknown = f"At alpha = {alpha}, V = {vocab} one word more multiplies n by {right:.4f}, not {got:.4f}."
    compare(got, right, slips, otherwise=unknown)
    return "Right. A constant factor for each word: exponential growth, and the noise only changes its base, exp(I)."


def noise_table(alpha: float, vocab: int) -> torch.Tensor:
    """Return q(b | a), float64[V, V], rows a: what noise with this signal makes of a word."""
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def _information(alpha: float, vocab: int) -> float:
    """Return the mutual information from its definition: sum over all pairs of words, in nats."""
    joint = noise_table(alpha, vocab) / vocab
    return float(torch.special.xlogy(joint, joint * vocab**2).sum())
