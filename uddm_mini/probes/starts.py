"""Basins from random starts: where do walks from pure noise end?"""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Ends:
    """How often walks ended in each of some sentences: hits int64[m]; `inside` of all `walks` ended in any of them."""

    hits: torch.Tensor
    walks: int
    inside: int

    @property
    def share(self) -> float:
        """The fraction of walks that ended in one of these sentences."""
        return self.inside / self.walks

    @property
    def visited(self) -> float:
        """The fraction of these sentences in which a walk ended at least once."""
        return int((self.hits > 0).sum()) / len(self.hits)

    def evenness(self, weights: torch.Tensor | None = None) -> float:
        """Return how evenly the hits fall: their total variation distance from `weights`, 0 (alike) to 1.

        weights float[m]: how often each sentence should be hit, up to a factor; evenly by default. NaN without a hit.
        """
        weights = torch.ones(len(self.hits), dtype=torch.float64) if weights is None else weights
        if weights.shape != self.hits.shape or bool((weights < 0).any()):
            raise ValueError(f"weights needs one number from 0 on per sentence, {len(self.hits)} of them.")
        total = int(self.hits.sum())
        expected = weights.double().cpu() / weights.double().sum().cpu()
        return float((self.hits.cpu().double() / total - expected).abs().sum() / 2) if total else float("nan")


def ends_in(ends: torch.Tensor, sentences: torch.Tensor) -> Ends:
    """Count how many of the walks that ended in ends int64[n, L] ended in each of the sentences int64[m, L].

    ValueError for no walk or no sentence, or for sentences of another length.
    """
    if not len(ends) or not len(sentences) or ends.shape[1:] != sentences.shape[1:]:
        raise ValueError(
            f"Needed are at least one end and one sentence of the same length; the shapes are {list(ends.shape)} and "
            f"{list(sentences.shape)}."
        )
    numbers = torch.cat([sentences.cpu(), ends.cpu()]).unique(dim=0, return_inverse=True)[1]
    mine, theirs = numbers.split([len(sentences), len(ends)])
    hits = torch.bincount(theirs, minlength=int(numbers.max()) + 1)
    return Ends(hits[mine], len(ends), int(hits[mine.unique()].sum()))
