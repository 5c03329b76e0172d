"""Can members be told from strangers without the model? Then the texts differ, and no score says who was trained on."""

from __future__ import annotations

import math
from collections.abc import Collection

import numpy as np
import torch

from uddm_mini.probes.recovery import counted_tokens
from uddm_mini.probes.roc import Interval, area_interval

FOLDS = 5
FEWEST = 10  # sentences of each kind: two in every fold
SHUFFLES = 199  # of the labels; with one more, 95 % of them is a whole number
SMOOTHING = 1.0  # how often every word was seen before anything was


def blind_baseline(
    members: torch.Tensor, strangers: torch.Tensor, *, ignore: Collection[int] = (), seed: int = 0
) -> Interval:
    """Return the area under the ROC curve of a classifier that never sees the model, with an interval.

    It is 0.5, up to chance, if members and strangers are of one kind, and far above it where they differ by topic,
    date or length (Das et al. 2024, 2406.16201): then an attack may tell the texts apart and not who was trained on.
    The classifier is multinomial naive Bayes over the words of a sentence, in any order, and its length; what it does
    not look at, such as the order of words, it cannot find.

    members, strangers int64[n, L]: the two texts, at least 10 sentences each.
    ignore: tokens with these ids are not counted.
    seed: decides the folds and the shuffles.

    Every sentence is scored by a classifier of the other 4 of 5 folds, and only compared with sentences of its own
    fold: areas over all folds at once can be too small where nothing is to be found, for what is left out of one class
    makes the other one likelier (Forman and Scholz 2010). The areas of the folds hang together; so the usual interval
    (see `auc`) is widened to the one in which 95 % of the areas of 199 texts with shuffled labels lie.

    Random, from `seed`. ValueError for fewer sentences, or none with a counted token.
    """
    fewest = min(len(members), len(strangers))
    if fewest < FEWEST or members.shape[1:] != strangers.shape[1:]:
        raise ValueError(
            f"The baseline needs at least {FEWEST} members and {FEWEST} strangers of one length; their shapes are "
            f"{list(members.shape)} and {list(strangers.shape)}."
        )
    x = torch.cat([members.cpu(), strangers.cpu()])
    text = _Words(x, counted_tokens(x, ignore))
    member = np.arange(len(x)) < len(members)
    rng = np.random.default_rng(seed)
    area = text.area(member, rng)
    far = np.sort([abs(text.area(rng.permutation(member), rng) - 0.5) for _ in range(SHUFFLES)])
    usual = math.sqrt((len(x) + 1) / (12 * len(members) * len(strangers)))  # the deviation of an area where all is one
    z = float(far[math.ceil(0.95 * (SHUFFLES + 1)) - 1]) / usual
    return area_interval(area, len(members), len(strangers), max(z, 1.96))


class _Words:
    """Sentences as lists of the words that they have, of which the length is one more."""

    def __init__(self, x: torch.Tensor, counted: torch.Tensor) -> None:
        """Number the words that occur in x int64[n, L] and count, bool[n, L]."""
        length = counted.sum(dim=1, keepdim=True)
        if not bool((length > 0).any()):
            raise ValueError("No token of these sentences counts; ignore fewer.")
        above = int(x.max()) + 1
        tokens = torch.cat([x.where(counted, -1), above + length], dim=1)  # [n, L + 1]
        names, ids = np.unique(tokens.numpy(), return_inverse=True)
        self.ids = ids.reshape(tokens.shape)
        self.kept = tokens.numpy() >= 0
        self.words = len(names)

    def area(self, member: np.ndarray, rng: np.random.Generator) -> float:
        """Return the mean area over folds, each scored by what the others say: member bool[n]."""
        fold = np.empty(len(member), dtype=np.int64)
        for kind in (True, False):  # as many of each kind in every fold
            rows = np.flatnonzero(member == kind)
            fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
        place = ((fold * 2 + member) * self.words)[:, None] + self.ids
        counts = np.bincount(place[self.kept], minlength=2 * FOLDS * self.words).reshape(FOLDS, 2, self.words)
        others = counts.sum(axis=0) - counts + SMOOTHING  # of the other folds, [FOLDS, 2, words]
        log_p = np.log(others / others.sum(axis=2, keepdims=True))
        ratio = log_p[:, 1] - log_p[:, 0]
        scores = np.where(self.kept, ratio[fold[:, None], self.ids], 0.0).sum(axis=1)
        won = pairs = 0.0
        for k in range(FOLDS):
            here = fold == k
            yes, no = scores[here & member], np.sort(scores[here & ~member])
            won += float(sum(np.searchsorted(no, yes, side).sum() for side in ("left", "right")) / 2)
            pairs += len(yes) * len(no)
        return won / pairs
