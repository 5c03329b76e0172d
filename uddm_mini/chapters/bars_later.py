"""Bars that were set after those of `bars`, and before the grids that they are about were started."""

from __future__ import annotations

from .quantities import (
    LARGEST,
    SMALLEST,
    ahead_of_counts,
    change,
    examined,
    gap_of_recovery,
    minus,
    passage_over,
    recovery_of,
    share_of_verdicts,
    short_of_exact,
)
from .rule import Claim, Condition

DATA = ("other-misprints", "other-mixed")
ROBUST = ("other-absorbing", "other-cosine", "other-convolution", *DATA)
MILLION = ("toy-million",)
LARGE_ENGLISH = ("english-large",)
GROWN = ("sharp-long2", "sharp-words2", "sharp-words4")


def of_later_grids() -> tuple[Claim, ...]:
    """Other noises, schedules, backbones and data; larger worlds; English; long after the transition."""
    return (
        Claim(
            "other noises, schedules, backbones and data",
            "The transition does not depend on the noise, the schedule, the architecture or the data.",
            "a digest of version 1",
            (
                Condition("recovery of training text, 16", recovery_of("train", SMALLEST), above=0.9, cases=ROBUST),
                Condition("fall of training recovery", change("train"), below=0, cases=ROBUST),
                Condition("rise of held-out recovery", change("held-out"), above=0, cases=ROBUST),
                Condition("gap at the largest size", gap_of_recovery, above=-0.02, below=0.02, cases=ROBUST),
            ),
        ),
        Claim(
            "a sharp passage",
            "The transition is sharp.",
            "abstract",
            (
                Condition(
                    "ln of the factor in which the gap falls from 3/4 to 1/4, minus that of fresh-large",
                    passage_over("fresh-large"),
                    below=0,
                    cases=GROWN,
                ),
            ),
        ),
        Claim(
            "undecided without learning",
            "A network that has learned too little is on no side.",
            "ours",
            (Condition("share of verdicts 'undecided'", share_of_verdicts(0), above=0.99, cases=("other-short",)),),
        ),
        Claim(
            "verdicts hold out of their grid",
            "Where the probe decides, it is right: far from the crossing, on other data, noise and architecture.",
            "ours",
            (
                Condition(
                    "share of wrong verdicts at the smallest size",
                    share_of_verdicts(-1, SMALLEST),
                    below=0.05,
                    cases=("other-grammar", *ROBUST),
                ),
                Condition(
                    "share of wrong verdicts at the largest size",
                    share_of_verdicts(1, LARGEST),
                    below=0.05,
                    cases=("other-grammar", *ROBUST),
                ),
            ),
        ),
        Claim(
            "long after the transition",
            "Once training and unseen text come back alike, more sentences change nothing.",
            "ours",
            (
                Condition("gap at a million sentences", gap_of_recovery, above=-0.01, below=0.01, cases=MILLION),
                Condition("perfect minus held-out there", short_of_exact, above=-0.05, below=0.05, cases=MILLION),
                Condition("rise of held-out recovery", change("held-out"), above=-0.02, below=0.02, cases=MILLION),
            ),
        ),
        Claim(
            "wider basins by the reconstruction term",
            "The likelihood of a word given the others is what digs the basins; the rest of the NELBO adds nothing.",
            "repository, left open there",
            (
                Condition(
                    "recovery of 16 training sentences at t = 0.35, NELBO minus reconstruction alone",
                    minus(
                        examined("recovered", "train", SMALLEST, 0.35, "fresh-medium/basins"),
                        examined("recovered", "train", SMALLEST, 0.35, "loss-reconstruction/basins"),
                    ),
                    above=-0.05,
                    below=0.05,
                    cases=("loss-reconstruction",),
                ),
            ),
        ),
        Claim(
            "a network worth showing in English",
            "On held-out English a network knows more than a table of counts.",
            "ours",
            (
                Condition(
                    "recovery minus that of triples, largest size",
                    ahead_of_counts("recovered"),
                    above=0,
                    cases=LARGE_ENGLISH,
                ),
                Condition("NELBO of triples minus its own", ahead_of_counts("nelbo"), above=0, cases=LARGE_ENGLISH),
            ),
        ),
    )
