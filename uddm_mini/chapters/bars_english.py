"""The bars for the networks on WordNet, set before any network of these grids was looked at: see `bars`.

What was seen before: trials of the recipe on all sentences, of up to 2,000 steps, in which recovery rose to 0.09.
"""

from __future__ import annotations

from .quantities import change, entropy_at, gap_of_recovery, later_than_smaller, minus, recovery_of
from .rule import Claim, Condition

ENGLISH = ("english-small", "english-medium", "english-large")  # WordNet, by subwords; seeds 0 to 2


def of_english() -> tuple[Claim, ...]:
    """What happens in English."""
    return (
        Claim(
            "it happens in English",
            "All of it was measured on English news text.",
            "repository",
            (
                Condition("training recovery, 64 sentences", recovery_of("train", 64), above=0.95, cases=ENGLISH),
                Condition(
                    "training minus held-out at the largest size",
                    gap_of_recovery,
                    above=-0.02,
                    below=0.02,
                    cases=ENGLISH,
                ),
                Condition("rise of held-out recovery", change("held-out"), above=0.05, cases=ENGLISH),
                Condition(
                    "rise of the entropy of training text (nats)",
                    minus(entropy_at(-1), entropy_at(0)),
                    above=0.5,
                    cases=ENGLISH,
                ),
            ),
        ),
        Claim(
            "larger networks later, in English",
            "A larger network leaves memory at a larger training set.",
            "repository",
            (
                Condition(
                    "ln crossing minus that of the next smaller",
                    later_than_smaller(0.5, ENGLISH),
                    above=0,
                    cases=ENGLISH[1:],
                ),
            ),
        ),
    )
