"""Check of the warm-up exercise in the setup chapter."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.answers import compare, questions
from uddm_mini.teaching.exercises import exercise


def _pairs() -> list[tuple[torch.Tensor, torch.Tensor, int]]:
    """Return clean and noisy sentences, and how many of their words differ."""
    x0, xt = torch.tensor([[3, 1, 4, 1], [5, 9, 2, 6]]), torch.tensor([[3, 7, 4, 1], [5, 9, 8, 0]])
    return [(x0, xt, 3), (x0, x0, 0), (xt[:1, :3], torch.tensor([[3, 7, 5]]), 1)]


@exercise(1, "How much did the noise change?", level="warm-up", minutes=5, assesses="comparing two tensors of tokens")
@questions(_pairs, hidden=1)
def changed_fraction(x0: torch.Tensor, xt: torch.Tensor, differ: int, got: Any) -> str:
    """Compare with a count by hand: the fraction of words that differ."""
    slips = {
        "You returned the fraction of words that stayed. Ask for the words that differ.": 5 / 8,
        "You counted 3 changed words, which is right. A fraction divides them by the number of words, here 8.": 3,
        "Divide by the number of all words, 2 sentences of 4 words, not by the length or number of sentences.": (
            *(3 / 4, 3 / 2),
        ),
        "You counted sentences in which some word differs. Ask for the words.": (
            float((x0 != xt).any(dim=1).double().mean())
        ),
        "That is a percentage. A fraction of all words lies between 0 and 1.": 300 / 8,
    }
    compare(got, differ / x0.numel(), slips, f"In this test case {differ} of {x0.numel()} words differ.")
    return "Right. It is the mean of a comparison: true counts as 1, false as 0."
