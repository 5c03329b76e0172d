"""The bars of the ledger: what every claim must show, written down before the seeds that decide.

A claim has conditions; a condition is one number per seed for every case (a case is a size of network), and bars that
it has to lie between. **The rule** (`rule.judge`): of each case the whole 95 % interval over the seeds must lie on the
right side. If that is so for all conditions and cases, the claim agrees with our measurement ("agree"). If for one
condition the whole interval of every case lies on the wrong side, it does not ("disagree"). All else is "mixed".

The bars were set knowing seeds 0 to 4 of the toy language. Seeds 5 to 9, in `data/sweeps/fresh-*`, were started after
this file was committed; only they decide. Of the grids on WordNet and of those of `OTHER` nothing had been looked at.
"""

from __future__ import annotations

from .bars_digest import of_a_digest
from .bars_english import of_english
from .bars_later import of_later_grids
from .bars_more_english import of_more_english
from .ledger import T
from .quantities import (
    LARGEST,
    SMALLEST,
    area,
    change,
    cost,
    entropy_at,
    examined,
    gap_of_recovery,
    later_than_smaller,
    minus,
    real_minus_own,
    recovery_of,
    share_left,
    short_of_exact,
)
from .rule import FRESH, Claim, Condition

EXACT = 0.2957  # nats a word that the toy language leaves open, on the held-out sentences of every sweep
OTHER = ("other-grammar", "other-absorbing", "other-cosine", "other-convolution")  # of `make sweep-other`
PEAK = {"small": 32, "medium": 64, "large": 64}  # where the share of broken sentences was largest for seeds 0 to 4
NEAR = {"small": 32, "medium": 64, "large": 96}  # the size of the grid nearest to the crossing of seeds 0 to 4


def claims() -> tuple[Claim, ...]:
    """Return all claims, in the order of the ledger."""
    first = (of_basins, of_entropy, of_the_probe, of_perplexity, of_size, of_a_digest, of_english)
    return tuple(claim for part in (*first, of_later_grids, of_more_english) for claim in part())


def of_basins() -> tuple[Claim, ...]:
    """What becomes of basins."""
    return (
        Claim(
            "basins without an energy",
            "No energy is needed: training on conditional likelihoods digs basins around training sentences.",
            "abstract",
            (
                Condition("most of 16 training sentences' words come back", recovery_of("train", SMALLEST), above=0.95),
                Condition(
                    "around a loop the answers do not add up (nats)", examined("loop", "train", SMALLEST), above=0.1
                ),
            ),
        ),
        Claim(
            "training basins shrink",
            "With more training sentences, less of a corrupted training sentence comes back.",
            "abstract",
            (Condition("recovery of training text, largest size minus smallest", change("train"), below=0),),
        ),
        Claim(
            "held-out basins grow",
            "With more training sentences, more of a corrupted unseen sentence comes back.",
            "abstract",
            (Condition("recovery of held-out text, largest size minus smallest", change("held-out"), above=0),),
        ),
        Claim(
            "they converge",
            "In the end training and unseen text come back equally often.",
            "abstract",
            (
                Condition("training minus held-out at the largest size", gap_of_recovery, above=-0.02, below=0.02),
                Condition("perfect denoiser minus held-out there", short_of_exact, above=-0.05, below=0.05),
            ),
        ),
        Claim(
            "the size of the training set governs it",
            "With steps and architecture fixed, the number of sentences takes a network from memory to generalization.",
            "abstract",
            (Condition("gap at the largest size over gap at the smallest", share_left, below=0.1),),
        ),
    )


def of_entropy() -> tuple[Claim, ...]:
    """What entropy does."""
    return (
        Claim(
            "entropy vanishes in memory",
            "Where a network memorizes, the conditional entropy of its predictions vanishes.",
            "abstract",
            (Condition("training text, smallest size (nats)", entropy_at(0), below=0.02),),
        ),
        Claim(
            "entropy stays finite in generalization",
            "Where it generalizes, the conditional entropy stays above zero.",
            "abstract",
            (Condition("training text, largest size (nats)", entropy_at(-1), above=EXACT - 0.05, below=EXACT + 0.05),),
        ),
        Claim(
            "recovered words are certain, failed ones are not",
            "Recovered tokens end with vanishing entropy, failed ones with a finite one.",
            "abstract",
            (
                Condition(
                    "recovered: share below 0.1 nats", examined("below_recovered_0.1", "train", NEAR, T), above=0.5
                ),
                Condition("failed: share below 0.1 nats", examined("below_failed_0.1", "train", NEAR, T), below=0.5),
                Condition(
                    "failed minus recovered (nats)",
                    minus(
                        examined("entropy_failed", "train", NEAR, T), examined("entropy_recovered", "train", NEAR, T)
                    ),
                    above=0.1,
                ),
            ),
        ),
        Claim(
            "entropy of real and of own text",
            "A memorizing network is surer of its own text than of real text; at the transition the gap closes.",
            "repository",
            (
                Condition("real minus own text, smallest size (nats)", real_minus_own(SMALLEST), above=0.1),
                Condition("the same at the largest size", real_minus_own(LARGEST), above=-0.02, below=0.02),
            ),
        ),
    )


def of_the_probe() -> tuple[Claim, ...]:
    """What entropy tells."""
    return (
        Claim(
            "entropy alone tells the side",
            "Conditional entropy detects the transition without the training set.",
            "abstract",
            (Condition("AUC of fresh minus own text, no band left out", area(False), above=0.95, cases=("all",)),),
        ),
        Claim(
            "the plainest entropy tells the side",
            "The same, by the entropy of the network's own text alone.",
            "abstract",
            (Condition("AUC of own text, no band left out", area(True), above=0.95, cases=("all",)),),
        ),
        Claim(
            "the score holds out of its grid",
            "The probe is practical for models in use, of other data, noise and architecture.",
            "abstract",
            (Condition("AUC of fresh minus own text, pooled", area(False, OTHER), above=0.95, cases=("all",)),),
        ),
    )


def of_perplexity() -> tuple[Claim, ...]:
    """Where perplexity peaks."""
    return (
        Claim(
            "held-out perplexity peaks",
            "Validation perplexity is highest where recovery of training and test text begin to approach each other.",
            "repository",
            (
                Condition("log perplexity there minus smallest size", minus(cost(NEAR), cost(SMALLEST)), above=0),
                Condition("log perplexity there minus largest size", minus(cost(NEAR), cost(LARGEST)), above=0),
            ),
        ),
        Claim(
            "perplexity of own text peaks",
            "The perplexity of generated text, under another judge, is low, highest at the transition, and low again.",
            "page; a reader of the full text",
            (
                Condition(
                    "there minus smallest size (nats a word, exact judge)",
                    minus(examined("judged", "generated", PEAK), examined("judged", "generated", SMALLEST)),
                    above=0,
                ),
                Condition(
                    "there minus largest size",
                    minus(examined("judged", "generated", PEAK), examined("judged", "generated", LARGEST)),
                    above=0,
                ),
            ),
        ),
    )


def of_size() -> tuple[Claim, ...]:
    """What a larger network does, and what is left alone."""
    return (
        Claim(
            "larger networks later",
            "A larger network leaves memory at a larger training set.",
            "repository",
            (
                Condition(
                    "ln crossing minus that of the next smaller", later_than_smaller(0.5), above=0, cases=FRESH[1:]
                ),
                Condition("ln onset (gap at 0.9) minus that", later_than_smaller(0.9), above=0, cases=FRESH[1:]),
            ),
        ),
        Claim(
            "unseen text is left alone",
            "In the end a network leaves unseen text as it is, like training text.",
            "repository",
            (
                Condition(
                    "held-out sentences that stay, largest", examined("fixed_iterate", "held-out", LARGEST), above=0.95
                ),
                Condition(
                    "held-out sentences that stay, smallest", examined("fixed_iterate", "held-out", SMALLEST), below=0.5
                ),
                Condition("random word sequences that stay", examined("fixed_iterate", "random", LARGEST), below=0.01),
            ),
        ),
    )
