"""Drawn questions of the chapter on noise."""

from __future__ import annotations

import math
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def level_for(draw: Draw) -> list[Case]:
    """Return shares of changed words, and V."""
    return draw.times(5, lambda: (draw.number(0.05, 0.6), draw.whole(3, 200)))


def step_table(draw: Draw) -> list[Case]:
    """Return alpha_s, alpha_t and V."""

    def one() -> Case:
        alpha_s = draw.number(0.4, 1.0)
        return alpha_s, round(alpha_s * draw.number(0.1, 0.9), 3), draw.whole(3, 6)

    return draw.times(4, one)


def lucky(draw: Draw) -> list[Case]:
    """Return alpha and V."""
    return draw.times(5, lambda: (draw.number(0.05, 0.8), draw.whole(2, 40)))


def how_many(draw: Draw) -> list[Case]:
    """Return alpha, L and V."""
    return draw.times(4, lambda: (draw.number(0.1, 0.6), draw.whole(3, 8), draw.whole(3, 40)))


def growth(draw: Draw) -> list[Case]:
    """Return alpha and V."""
    return draw.times(4, lambda: (draw.number(0.1, 0.9), draw.whole(3, 60)))


def _resampled(changed: float, vocab: int) -> float:
    return changed / (1 - 1 / vocab)


def _chance(alpha: float, vocab: int) -> float:
    """Return p(resampled | unchanged) from the two ways to be unchanged."""
    ways = {"kept": alpha, "resampled": (1 - alpha) * (1 / vocab)}
    return ways["resampled"] / sum(ways.values())


def _step(alpha_s: float, alpha_t: float, law: torch.Tensor) -> torch.Tensor:
    """Return the table of a step whose resampled words are drawn by `law`."""
    survives = alpha_t / alpha_s
    return torch.stack([survives * row + (1 - survives) * law for row in torch.eye(len(law)).double()])


def _rising(vocab: int) -> torch.Tensor:
    return torch.arange(1, vocab + 1).double() / (vocab * (vocab + 1) / 2)


def _first_half(vocab: int) -> torch.Tensor:
    return torch.tensor([0.5] + [0.5 / (vocab - 1)] * (vocab - 1), dtype=torch.float64)


VARIANTS = {
    "level_for": Meanings(
        lambda changed, vocab: _resampled(changed, vocab) / 0.999,
        {
            "cosine": Variant(
                r"In the place of the linear schedule use a cosine: $\alpha(t) = \cos(\pi t / 2)$.",
                lambda changed, vocab: math.acos(1 - _resampled(changed, vocab)) / (math.pi / 2),
            ),
            "square": Variant(
                r"In the place of the linear schedule use $\alpha(t) = (1 - t)^2$.",
                lambda changed, vocab: 1 - math.sqrt(1 - _resampled(changed, vocab)),
            ),
            "late": Variant(
                r"In the place of the linear schedule use $\alpha(t) = 1 - t^3$.",
                lambda changed, vocab: _resampled(changed, vocab) ** (1 / 3),
            ),
            "exponential": Variant(
                r"In the place of the linear schedule use $\alpha(t) = e^{-5t}$ (the level may be larger than 1).",
                lambda changed, vocab: -math.log(1 - _resampled(changed, vocab)) / 5,
            ),
        },
        level_for,
        "For changed = {changed} and V = {vocab}",
    ),
    "step_table": Meanings(
        lambda alpha_s, alpha_t, vocab: _step(alpha_s, alpha_t, torch.ones(vocab).double() / vocab),
        {
            "mask": Variant(
                "Here the noise is another one: a word that is resampled always becomes the *last* word, $V - 1$.",
                lambda alpha_s, alpha_t, vocab: _step(alpha_s, alpha_t, torch.eye(vocab).double()[-1]),
            ),
            "rising": Variant(
                "Here the noise is another one: a resampled word becomes the word $v$ with a probability proportional "
                "to $v + 1$, for $v = 0, 1, \\dots, V - 1$.",
                lambda alpha_s, alpha_t, vocab: _step(alpha_s, alpha_t, _rising(vocab)),
            ),
            "favorite": Variant(
                "Here the noise is another one: a resampled word becomes the word 0 with probability 1/2, and each of "
                "the others with the same share of the rest.",
                lambda alpha_s, alpha_t, vocab: _step(alpha_s, alpha_t, _first_half(vocab)),
            ),
        },
        step_table,
        "From alpha = {alpha_s} to {alpha_t}, V = {vocab}",
    ),
    "lucky": Meanings(
        _chance,
        {
            "two-words": Variant(
                "You see *two* words of a sentence, and both equal their clean ones. Return the probability that "
                "*both* were resampled anyway.",
                lambda alpha, vocab: _chance(alpha, vocab) ** 2,
            ),
            "one-of-two": Variant(
                "You see *two* words of a sentence, and both equal their clean ones. Return the probability that *at "
                "least one* of them was resampled anyway.",
                lambda alpha, vocab: sum(
                    (a != "kept" or b != "kept") * p * q for a, p in _ways(alpha, vocab) for b, q in _ways(alpha, vocab)
                ),
            ),
            "twice": Variant(
                "The word went through the noise *twice*, each time with the signal `alpha`. You see that it equals "
                "the clean one at the end. Return the probability that it was resampled at least once.",
                lambda alpha, vocab: _chance(alpha * alpha, vocab),
            ),
        },
        lucky,
        "At alpha = {alpha} and V = {vocab}",
    ),
}


def _ways(alpha: float, vocab: int) -> list[tuple[str, float]]:
    return [("kept", 1 - _chance(alpha, vocab)), ("resampled", _chance(alpha, vocab))]
