"""Drawn questions of the chapter on perfect denoisers."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def _set(draw: Draw) -> torch.Tensor:
    """Return a training set with copies."""
    rows = draw.tokens(4, draw.whole(2, 5), vocab=9)
    return torch.cat([rows, rows[:1].repeat(draw.whole(1, 5), 1), rows[1:2].repeat(draw.whole(1, 3), 1)])


def training_floor(draw: Draw) -> list[Case]:
    """Return training sets, and the nats of naming one of their sentences."""
    sets = draw.times(4, lambda: _set(draw))
    return [(x, -sum(p * math.log(p) for p in _shares(x))) for x in sets]


def collapse_at(draw: Draw) -> list[Case]:
    """Return n, noise levels, and the information at each."""

    def one() -> Case:
        k = draw.whole(3, 6)
        information = draw.falling(k, draw.number(4.0, 8.0), 0.2)
        levels = sorted(1 - level for level in draw.falling(k, 1.0, 0.0))
        n = draw.whole(2, max(3, int(math.exp(information[0]) * 0.8)))
        return n, torch.tensor(levels, dtype=torch.float64), torch.tensor(information, dtype=torch.float64)

    return draw.times(4, one)


def from_memory(draw: Draw) -> list[Case]:
    """Return noisy sentences, memories, alpha, V, and the log-probabilities of the sentences in the language."""

    def one() -> Case:
        vocab, length = draw.whole(3, 6), draw.whole(2, 5)
        memories, xt = draw.tokens(draw.whole(2, 5), length, vocab=vocab), draw.tokens(3, length, vocab=vocab)
        return xt, memories, draw.number(0.2, 0.8), vocab, -draw.table(3, low=2.0, high=7.0)

    return draw.times(3, one)


def bound_on_weight(draw: Draw) -> list[Case]:
    """Return n, and information densities."""
    return draw.times(4, lambda: (draw.whole(2, 60), draw.table(draw.whole(3, 7), low=-1.0, high=7.0)))


def _shares(x: torch.Tensor) -> list[float]:
    return [count / len(x) for count in Counter(map(tuple, x.tolist())).values()]


def _floor(x: torch.Tensor) -> float:
    return sum(-p * math.log(p) for p in _shares(x)) / x.shape[1]


VARIANTS = {
    "training_floor": Meanings(
        _floor,
        {
            "without-copies": Variant(
                "Before training, all copies are thrown out, so that each sentence is there once.",
                lambda x: math.log(len(_shares(x))) / x.shape[1],
            ),
            "first-places": Variant(
                "The loss counts the *first* word of a sentence alone: return the lowest loss that is possible, in "
                "nats for this one word, for a model that has to say it without seeing the others.",
                lambda x: _floor(x[:, :1]),
            ),
            "bits": Variant(
                "Return it in *bits for a whole sentence*.",
                lambda x: sum(p * math.log2(1 / p) for p in _shares(x)),
            ),
        },
        lambda draw: draw.times(4, lambda: (_set(draw),)),
    )
}
