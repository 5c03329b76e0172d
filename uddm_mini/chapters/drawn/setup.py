"""Drawn questions of the setup page."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def _pair(draw: Draw) -> tuple[torch.Tensor, torch.Tensor]:
    x0 = draw.tokens(draw.whole(2, 4), draw.whole(3, 6), vocab=7)
    redrawn = draw.table(*x0.shape) < 0.5
    return x0, torch.where(redrawn, draw.tokens(*x0.shape, vocab=7), x0)


def changed_fraction(draw: Draw) -> list[Case]:
    """Return clean and noisy sentences, and how many words differ."""
    pairs = draw.times(4, lambda: _pair(draw))
    return [(x0, xt, sum(a != b for a, b in zip(x0.flatten(), xt.flatten(), strict=True))) for x0, xt in pairs]


def _changed(x0: torch.Tensor, xt: torch.Tensor) -> torch.Tensor:
    return (x0 != xt).double().mean()


VARIANTS = {
    "changed_fraction": Meanings(
        _changed,
        {
            "sentences": Variant(
                "Return the fraction of all *sentences* in which at least one word differs.",
                lambda x0, xt: (x0 != xt).any(dim=1).double().mean(),
            ),
            "worst": Variant(
                "Return the fraction of words that differ in the sentence where it is *largest*.",
                lambda x0, xt: (x0 != xt).double().mean(dim=1).max(),
            ),
            "whole-places": Variant(
                "Return the fraction of the *positions* 1 to L at which no sentence has changed.",
                lambda x0, xt: (x0 == xt).all(dim=0).double().mean(),
            ),
        },
        lambda draw: draw.times(4, lambda: _pair(draw)),
    )
}
