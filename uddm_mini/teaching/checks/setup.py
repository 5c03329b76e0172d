"""Check of the warm-up exercise in the setup chapter."""

from __future__ import annotations

from typing import Any

import torch

from ._core import as_tensor, ask, exercise, wrong


@exercise("0.1 How much did the noise change?")
def changed_fraction(answer: Any) -> str:
    """Compare with a count by hand: `answer(x0, xt)` is the fraction of words that differ."""
    x0 = torch.tensor([[3, 1, 4, 1], [5, 9, 2, 6]])
    xt = torch.tensor([[3, 7, 4, 1], [5, 9, 8, 0]])  # 3 of 8 words differ
    got = float(as_tensor(ask(answer, x0, xt), ()))
    if abs(got - 5 / 8) < 1e-6:
        wrong("You returned the fraction of words that stayed. Ask for the words that differ.")
    if abs(got - 3) < 1e-6:
        wrong("You counted 3 changed words, which is right. A fraction divides them by the number of words, here 8.")
    if abs(got - 3 / 4) < 1e-6 or abs(got - 3 / 2) < 1e-6:
        wrong("Divide by the number of all words, 2 sentences of 4 words, not by the length or number of sentences.")
    if not abs(got - 3 / 8) <= 1e-6:  # so that nan is wrong, too
        wrong(f"In the test case 3 of 8 words differ, which makes 0.375, but you returned {got:.3f}.")
    if not abs(float(as_tensor(ask(answer, x0, x0), ()))) <= 1e-6:
        wrong("Right with noise. Without noise no word differs, so the answer should be 0 there.")
    return "Right. It is the mean of a comparison: true counts as 1, false as 0."
