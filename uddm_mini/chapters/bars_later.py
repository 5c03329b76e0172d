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
    radius_over_margin,
    recovery_of,
    share_of_verdicts,
    short_of_exact,
    spin_change,
    spin_gap,
)
from .rule import Claim, Condition

DATA = ("other-misprints", "other-mixed")
ROBUST = ("other-absorbing", "other-cosine", "other-convolution", *DATA)
SPINS = ("spins",)
MILLION = ("toy-million",)
LARGE_ENGLISH = ("english-large",)
GROWN = ("sharp-long2", "sharp-words2", "sharp-words4")


def of_later_grids() -> tuple[Claim, ...]:
    """Return all of them."""
    return (*of_robustness(), *of_growth(), *of_verdicts(), *of_parts(), *of_counts())


def of_robustness() -> tuple[Claim, ...]:
    """Other noises, schedules, backbones and data."""
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
    )


def of_growth() -> tuple[Claim, ...]:
    """Larger worlds, and many more sentences."""
    return (
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
            "long after the transition",
            "Once training and unseen text come back alike, more sentences change nothing.",
            "ours",
            (
                Condition("gap at a million sentences", gap_of_recovery, above=-0.01, below=0.01, cases=MILLION),
                Condition("perfect minus held-out there", short_of_exact, above=-0.05, below=0.05, cases=MILLION),
                Condition("rise of held-out recovery", change("held-out"), above=-0.02, below=0.02, cases=MILLION),
            ),
        ),
    )


def of_verdicts() -> tuple[Claim, ...]:
    """What the probe says out of its grid."""
    return (
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
            "low entropy is no memory",
            "A network that has learned a language with little left open is not taken for a memory.",
            "ours",
            (
                Condition(
                    "share of verdicts 'memorizes' at the largest size",
                    share_of_verdicts(1, LARGEST),
                    below=0.05,
                    cases=("other-closed", "other-decay"),
                ),
            ),
        ),
    )


def of_parts() -> tuple[Claim, ...]:
    """The parts of the NELBO, and spins."""
    return (
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
            "spins do the same",
            "Networks of spins, trained by pseudo-likelihood, go the same way, and margins dig their basins.",
            "repository; a reader of the full text",
            (
                Condition("fall of training recovery", spin_change("recovered", "train"), below=0, cases=SPINS),
                Condition("rise of held-out recovery", spin_change("recovered", "held-out"), above=0, cases=SPINS),
                Condition("gap at 2,048 patterns", spin_gap, above=-0.03, below=0.03, cases=SPINS),
                Condition("rise of the entropy in training", spin_change("entropy", "train"), above=0.1, cases=SPINS),
                Condition(
                    "share of flips from which half of 64 patterns return, over kappa^2 / 4",
                    radius_over_margin(64),
                    above=0.5,
                    below=2,
                    cases=SPINS,
                ),
            ),
        ),
    )


def of_counts() -> tuple[Claim, ...]:
    """English, beside tables of counts."""
    return (
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
