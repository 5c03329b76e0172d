"""Checks of the chapter "How does noise erase a sentence?"."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, as_tensor, close, compare, questions
from uddm_mini.teaching.exercises import exercise, second_part

LINEAR = 1 - 1e-3  # how far the linear schedule falls between t = 0 and t = 1


@exercise(
    1,
    "How much noise do I need?",
    level="warm-up",
    minutes=5,
    assesses="resampled against changed words, and a schedule",
)
@questions([(0.25, 102), (0.5, 3), (0.0, 10)], "For changed = {changed} and V = {vocab}")
def level_for(changed: float, vocab: int, got: Any) -> str:
    """Check t with (1 - alpha(t)) (V - 1) / V = changed, for the linear schedule."""
    noise = changed * vocab / (vocab - 1)
    slips = {
        "That many words are resampled, but one draw in V returns the old word, so fewer of them change.": (
            *(changed / LINEAR, changed),
        ),
        "You multiply by (V - 1) / V. Fewer words change than are resampled, so divide by it.": (
            *(changed * (vocab - 1) / vocab / LINEAR, changed * (vocab - 1) / vocab),
        ),
        "That is the signal alpha; the noise level t is asked for.": (1 - noise, (1 - noise) / LINEAR),
        "Nearly: the linear schedule falls to 0.001, not to 0, so t is larger by the factor 1 / 0.999.": noise,
    }
    compare(got, noise / LINEAR, slips, "Put your t back: does it change so many words?")
    return "Right. With few words you need clearly more noise, because many draws hit the old word."


@exercise(2, "One step onward", level="core", minutes=10, assesses="transition matrices between two times")
@questions([(0.8, 0.3, 3), (0.9, 0.1, 5), (0.6, 0.3, 3)], "From alpha = {alpha_s} to {alpha_t}, V = {vocab}")
def step_table(alpha_s: float, alpha_t: float, vocab: int, got: Any) -> str:
    """Check the table of the step from s to t, whose survival is alpha_t / alpha_s."""
    got = as_tensor(got, (vocab, vocab), "Your table")
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
        "Upside down: of what is left at s, alpha_t / alpha_s is left at t.": noise_table(alpha_s / alpha_t, vocab),
        "A redrawn word may draw itself again: the rest, 1 - alpha_t / alpha_s, is shared by all V words.": (
            noise_table((vocab * alpha_t / alpha_s - 1) / (vocab - 1), vocab)
        ),
    }
    compare(got, noise_table(alpha_t / alpha_s, vocab), slips, "The diagonal has the words that stay.")
    return "Right. Multiply the table of the jump to s by yours, and you get the table of the jump to t."


@exercise(3, "Luck", level="core", minutes=15, assesses="Bayes' rule for one word")
@questions([(0.4, 3), (0.5, 102), (0.4, 30), (1.0, 5)], "At alpha = {alpha} and V = {vocab}")
def lucky(alpha: float, vocab: int, got: Any) -> str:
    """Check p(resampled | unchanged) = c / (alpha + c), c = (1 - alpha) / V."""
    redrawn, both = 1 - alpha, (1 - alpha) / vocab
    slips = {
        "This is how often any word is resampled. You already know that it equals the clean one; use that.": redrawn,
        "This is the probability of both, resampled and unchanged. Divide by the probability of unchanged.": both,
        "That is the chance that it was *not* resampled.": alpha / (alpha + both),
        "This is how often a resampled word is unchanged. Turn it around with Bayes.": 1 / vocab,
        "You divide by the words that were kept. A word is unchanged if it was kept *or* drew itself: add both.": (
            alpha > 0 and both / alpha
        ),
        "Above the line stands *resampled and unchanged*: the share (1 - alpha) / V, and not all that is resampled.": (
            redrawn / (alpha + both)
        ),
    }
    compare(got, both / (alpha + both), slips)
    return "Right. It is 1 / exp(beta_t): the louder a word speaks for itself, the less it can owe to luck."


MIXED = "You mix units: information in nats goes with e, information in bits with 2."


@exercise(4, "How many sentences fit?", level="stretch", minutes=25, assesses="mutual information as capacity")
@questions(
    [(0.2, 14, 102), (0.5, 3, 10), (0.35, 5, 20), (0.35, 5, 40), (1.0, 4, 10), (0.0, 6, 5)],
    "At alpha = {alpha}, L = {length}, V = {vocab}",
)
def how_many(alpha: float, length: int, vocab: int, got: Any) -> str:
    """Check floor(exp(L I)) with I the mutual information of one uniform word."""
    got, information = as_number(got), _information(alpha, vocab)
    exact = math.exp(length * information)
    other = (1 - alpha) / vocab
    one_other = math.log(vocab) + (alpha + other) * math.log(alpha + other) + other * math.log(other or 1)
    no_luck = math.log(vocab) + float(torch.special.xlogy(*[torch.tensor(alpha).double()] * 2))
    no_luck += (1 - alpha) * math.log((1 - alpha) / (vocab - 1) or 1)
    slips = {
        "The number is right, but sentences come whole: round down.": exact,
        f"exp(L I) is {exact:.3f}. With one sentence more ln n is already above L I: round down, not to the nearest "
        "whole number or up.": (float(round(exact)), float(math.ceil(exact * (1 - 1e-9)))),
        f"This is what one word tells. A sentence has {length} of them, and their information adds up.": (
            got < exact and math.floor(math.exp(information))
        ),
        "This counts all sentences there are. The noise leaves less than ln V of each word.": vocab**length,
        "The information adds up, so numbers multiply: exp(L I), and not L exp(I).": (
            float(math.floor(length * math.exp(information))),
            length * math.exp(information),
        ),
        "You counted one of the other words that the noise may show. There are V - 1 of them, each with probability "
        "(1 - alpha) / V.": float(math.floor(math.exp(length * one_other))),
        "A redrawn word may draw itself: it is seen as itself with alpha + (1 - alpha) / V, as another one with "
        "(1 - alpha) / V.": float(math.floor(math.exp(length * no_luck) * (1 + 1e-9))),
        "That is what the noise takes. Of ln V the entropy of a noisy word is lost; the rest is the information.": (
            close(got, (vocab / math.exp(information)) ** length)
        ),
        MIXED: exact > 100 and close(got, 2 ** (length * information), 0.05),
        f"exp(L I) is {exact:.6f}: a hair below a whole number is rounding of the computer. Add a relative 1e-9 before "
        "you round down.": round(exact) - got == 1 and abs(exact - round(exact)) < 1e-6 * exact,
    }
    compare(got, math.floor(exact * (1 + 1e-9)), slips, f"exp(L I) is {exact:.1f}.", within=1e-6)
    return "Right. It grows exponentially with the length, as the capacity of a dense memory does with its neurons."


@second_part(how_many)
@questions([(0.5, 102), (0.2, 10), (0.5, 10), (1.0, 5), (0.0, 3)], "At alpha = {alpha}, V = {vocab}")
def growth(alpha: float, vocab: int, got: Any) -> str:
    """Check exp(I), the factor by which the number of sentences grows with one word more."""
    got, nats = as_number(got, "The factor"), _information(alpha, vocab)
    slips = {
        "This is what is added to ln n by one word more. The number n itself is multiplied: take exp of it.": nats,
        "That is the factor without noise. A noisy word tells less than ln V, so the factor is smaller.": vocab,
        "That is exp of what the noise takes. The information is ln V minus the entropy of a noisy word.": (
            vocab / math.exp(nats)
        ),
        MIXED: 2**nats,
    }
    compare(got, math.exp(nats), slips, "By this one word more multiplies n.")
    return "Right. A constant factor for each word: exponential growth, and the noise only changes its base, exp(I)."


def noise_table(alpha: float, vocab: int) -> torch.Tensor:
    """Return q(b | a), float64[V, V], rows a: what noise with this signal makes of a word."""
    return alpha * torch.eye(vocab, dtype=torch.float64) + (1 - alpha) / vocab


def _information(alpha: float, vocab: int) -> float:
    """Return the mutual information from its definition: sum over all pairs of words, in nats."""
    joint = noise_table(alpha, vocab) / vocab
    return float(torch.special.xlogy(joint, joint * vocab**2).sum())
