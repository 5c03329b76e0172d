"""The baseline of the chapter "Does this model recite?" that counts words and never sees the model."""

from __future__ import annotations

import torch

from uddm_mini.probes.roc import auc


def blind_scores(
    members: torch.Tensor, strangers: torch.Tensor, *, seen: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores by words that were counted in the first halves, of the second halves, or of those `seen`."""
    size = 1 + int(max(members.max(), strangers.max()))
    halves = [(x[: len(x) // 2], x[len(x) // 2 :]) for x in (members, strangers)]
    counts = [torch.bincount(first.flatten(), minlength=size).double() + 1 for first, _ in halves]
    ratio = (counts[0] / counts[1]).log()
    yes, no = (ratio[pair[0 if seen else 1]].sum(dim=1) for pair in halves)
    return yes, no


def blind_of(members: torch.Tensor, strangers: torch.Tensor, *, seen: bool = False) -> float:
    """Return the area of these scores."""
    yes, no = blind_scores(members, strangers, seen=seen)
    return auc(torch.cat([yes, no]), [True] * len(yes) + [False] * len(no)).value
