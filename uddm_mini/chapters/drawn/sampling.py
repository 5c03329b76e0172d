"""Drawn questions of the chapter on the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def can_greedy_move(draw: Draw) -> list[Case]:
    """Return alpha_s and alpha_t, far enough from where the answer changes."""
    found: dict[bool, list[Case]] = {True: [], False: []}  # as many that move as others, so that no constant passes
    while min(map(len, found.values())) < 3:
        alpha_s = draw.number(0.1, 1.0)
        alpha_t = round(alpha_s * draw.number(0.1, 0.98), 3)
        moves = alpha_s * (alpha_s - alpha_t) - alpha_t * (1 - alpha_s)
        if abs(moves) > 0.02:
            found[moves > 0].append((alpha_s, alpha_t))
    return draw.shuffled([*found[True][:3], *found[False][:3]])


def average_step(draw: Draw) -> list[Case]:
    """Return cavity posteriors, the word that is seen, alpha_s and alpha_t."""

    def one() -> Case:
        p, alpha_s = draw.probabilities(draw.whole(3, 6)), draw.number(0.4, 0.95)
        return tuple(p.tolist()), draw.whole(0, len(p) - 1), alpha_s, round(alpha_s * draw.number(0.2, 0.9), 3)

    return draw.times(4, one)


def _texts(draw: Draw) -> tuple[torch.Tensor, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]:
    """Return samples with copies, repeats and nonsense, a training set, and a language that forbids one word."""
    length, forbidden = draw.whole(2, 4), draw.whole(0, 5)
    train = draw.tokens(draw.whole(3, 6), length, vocab=6)
    fresh = draw.tokens(draw.whole(4, 8), length, vocab=6)
    rows = draw.shuffled([*train[:3].tolist(), *fresh.tolist(), *fresh[:2].tolist()])

    def log_prob(x: torch.Tensor) -> torch.Tensor:
        return torch.where((x == forbidden).any(dim=1), -torch.inf, -3.0).double()

    return torch.tensor(rows), train, log_prob


def new_fraction(draw: Draw) -> list[Case]:
    """Return samples, a training set and log_prob, and how many samples are grammatical and new."""

    def one() -> Case:
        samples, train, log_prob = _texts(draw)
        return samples, train, log_prob, len(_new(samples, train, log_prob))

    return draw.times(3, one)


def gibbs_step(draw: Draw) -> list[Case]:
    """Return the law of two words, the language, alpha, and the position to redraw."""

    def one() -> Case:
        n = draw.whole(2, 4)
        return draw.probabilities(n, n), draw.probabilities(n, n), draw.number(0.1, 0.9), draw.whole(0, 1)

    return draw.times(4, one)


def _good(samples: torch.Tensor, log_prob: Any) -> list[tuple[int, ...]]:
    return [tuple(row) for row, p in zip(samples.tolist(), log_prob(samples).tolist(), strict=True) if p > -1e9]


def _new(samples: torch.Tensor, train: torch.Tensor, log_prob: Any) -> list[tuple[int, ...]]:
    return [row for row in _good(samples, log_prob) if list(row) not in train.tolist()]


VARIANTS = {
    "new_fraction": Meanings(
        lambda samples, train, log_prob: len(_new(samples, train, log_prob)) / len(samples),
        {
            "different": Variant(
                "A sentence that was sampled several times counts *once*: return the number of *different* new and "
                "grammatical sentences, as a fraction of all samples.",
                lambda samples, train, log_prob: len(set(_new(samples, train, log_prob))) / len(samples),
            ),
            "of-grammatical": Variant(
                "Return the fraction of the *grammatical* samples that are new; 0 if none is grammatical.",
                lambda samples, train, log_prob: (
                    len(_new(samples, train, log_prob)) / max(1, len(_good(samples, log_prob)))
                ),
            ),
            "far": Variant(
                "A sample counts as new only if it differs from *every* training sentence in *at least two* words.",
                lambda samples, train, log_prob: (
                    sum(
                        all(sum(a != b for a, b in zip(row, old, strict=True)) >= 2 for old in train.tolist())
                        for row in _good(samples, log_prob)
                    )
                    / len(samples)
                ),
            ),
        },
        lambda draw: draw.times(4, lambda: _texts(draw)),
    )
}
