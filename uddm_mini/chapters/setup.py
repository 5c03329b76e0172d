"""Check of the warm-up exercise in the setup chapter."""

from __future__ import annotations

from typing import Any

import torch

from uddm_mini.teaching.answers import as_number, ask_each, compare
from uddm_mini.teaching.exercises import exercise


@exercise(1, "How much did the noise change?", level="warm-up", minutes=5)
def changed_fraction(answer: Any) -> str:
    """Compare with a count by hand: `answer(x0, xt)` is the fraction of words that differ."""
    x0 = torch.tensor([[3, 1, 4, 1], [5, 9, 2, 6]])
    xt = torch.tensor([[3, 7, 4, 1], [5, 9, 8, 0]])  # 3 of 8 words differ
    other = torch.tensor([[3, 7, 4]])  # against the next one, 1 of 3 words differs
    questions = [(x0, xt), (x0, x0), (other, torch.tensor([[3, 7, 5]]))]
    (*_, given), (*_, without_noise), (*_, once_more) = ask_each(answer, questions)
    slips = {
        "You returned the fraction of words that stayed. Ask for the words that differ.": 5 / 8,
        "You counted 3 changed words, which is right. A fraction divides them by the number of words, here 8.": 3,
        "Divide by the number of all words, 2 sentences of 4 words, not by the length or number of sentences.": (
            3 / 4,
            3 / 2,
        ),
        "That is a percentage. A fraction of all words lies between 0 and 1.": 300 / 8,
    }
    got = as_number(given)
    unknown = f"In the test case 3 of 8 words differ, which makes 0.375, but you returned {got:.3f}."
    compare(got, 3 / 8, slips, otherwise=unknown)
    unknown = "Right with noise. Without noise no word differs, so the answer should be 0 there."
    compare(without_noise, 0, otherwise=unknown)
    unknown = "Right for two sentences of four words. For one of three, of which one differs, it should be 1/3."
    compare(once_more, 1 / 3, otherwise=unknown)
    return "Right. It is the mean of a comparison: true counts as 1, false as 0."
