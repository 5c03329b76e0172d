"""The figure that the chapter "Can a network remember what it never saw?" opens with."""

from __future__ import annotations

import torch

from uddm_mini.networks.patterns import feature_patterns, random_patterns
from uddm_mini.teaching.examples import growing_examples
from uddm_mini.teaching.live import Turnable

HIDDEN, COPIES, UNSEEN = 16, 5, 100
SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def more_and_more_examples(seed: int = 0) -> Turnable:
    """Return the figure for 80 units that copy 16 hidden spins; random, from `seed`: patterns, signs and flips."""
    generator = torch.Generator().manual_seed(seed)
    copied = torch.arange(HIDDEN * COPIES) // COPIES  # by each unit
    copies = copied == torch.arange(HIDDEN)[:, None]  # [HIDDEN, units]
    features = copies * random_patterns(HIDDEN, HIDDEN * COPIES, generator)
    drawn = feature_patterns(2 * (SIZES[-1] + UNSEEN), features, HIDDEN, generator)
    # each pattern once, in the order in which they were drawn
    first = {tuple(pattern): k for k, pattern in reversed(list(enumerate(drawn.tolist())))}
    patterns = drawn[sorted(first.values())].unflatten(1, (HIDDEN, COPIES))
    trained, unseen = patterns[: SIZES[-1]], patterns[SIZES[-1] : SIZES[-1] + UNSEEN]
    return growing_examples(trained, unseen, features.sum(dim=0).reshape(HIDDEN, COPIES), SIZES, seed=seed)
