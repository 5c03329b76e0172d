"""The bars for what readers of the full text say, set with those of `bars`."""

from __future__ import annotations

from .quantities import LARGEST, SMALLEST, examined, mean_at, minus
from .rule import Claim, Condition

# places where the exact entropy is below 0.001, and those where it is above 0.7
CLOSED, OPEN = (0, 2, 4, 5, 6, 7, 8, 10, 13), (1, 3, 9, 11, 12)


def of_a_digest() -> tuple[Claim, ...]:
    """What readers of the full text say."""
    return (
        Claim(
            "micro-attractors",
            "Past the transition some words, those of the skeleton of a sentence, keep a low entropy.",
            "a reader of the full text",
            (
                Condition("places that follow from the others (nats)", mean_at(CLOSED), below=0.05),
                Condition("open places (nats)", mean_at(OPEN), above=0.5),
            ),
        ),
        Claim(
            "basins from random starts",
            "Walks from random starts end in training sentences with few of them, and nowhere in particular with many.",
            "a digest of version 1",
            (
                Condition(
                    "walks that end in one of 16 training sentences", examined("ends", "train", SMALLEST), above=0.5
                ),
                Condition(
                    "with 8,192: share of walks minus their exact probability",
                    minus(examined("ends", "train", LARGEST), examined("expected", "train", LARGEST)),
                    above=-0.05,
                    below=0.05,
                ),
            ),
        ),
    )
