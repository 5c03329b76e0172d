"""Two more bars about English, set when the grids of `bars_english` and `bars_later` were known.

What was seen before: those grids, up to 10,000 steps of 64 sentences, in which the network stayed behind a table of
triples. Not one score of the probe on English, and no network that saw 512 sentences in a step.
"""

from __future__ import annotations

from .quantities import ahead_of_counts, area_of_sides, share_of_verdicts
from .rule import Claim, Condition

SIDES = ("side-english-small", "side-english-medium", "side-english-large")  # `make english-sides`; seeds 3 to 5
LONG_ENGLISH = ("english-long",)  # `make english-long`; all sentences, fifty passes over them, seeds 0 to 2
FEWEST, ALL = 64, 103022  # sentences


def of_more_english() -> tuple[Claim, ...]:
    """Return both."""
    return (
        Claim(
            "the side in English",
            "Entropy of its own and of fresh text tells on which side a network of English is.",
            "ours",
            (
                Condition("area under ROC, three sizes together", area_of_sides(SIDES), above=0.95, cases=("all",)),
                Condition(
                    "share of verdicts 'generalizes' at 64 sentences",
                    share_of_verdicts(-1, FEWEST),
                    below=0.05,
                    cases=SIDES,
                ),
                Condition(
                    "share of verdicts 'memorizes' with all sentences",
                    share_of_verdicts(1, ALL),
                    below=0.05,
                    cases=SIDES,
                ),
            ),
        ),
        Claim(
            "a network that read English fifty times",
            "After fifty passes over all sentences a network knows more of held-out English than a table of counts.",
            "ours",
            (
                Condition("recovery minus that of triples", ahead_of_counts("recovered"), above=0, cases=LONG_ENGLISH),
                Condition("NELBO of triples minus its own", ahead_of_counts("nelbo"), above=0, cases=LONG_ENGLISH),
            ),
        ),
    )
