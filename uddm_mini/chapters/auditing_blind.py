"""The baseline of the chapter "Does this model recite?" that counts words and never sees the model."""

from __future__ import annotations

import torch

from uddm_mini.probes.roc import auc


def blind_scores(
    members: torch.Tensor, strangers: torch.Tensor, counted: str = "first", judged: str = "second"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores of one part of two texts by the words of another: the "first" half, the "second", or "all"."""
    size = 1 + int(max(members.max(), strangers.max()))
    texts = [{"first": x[: len(x) // 2], "second": x[len(x) // 2 :], "all": x} for x in (members, strangers)]
    counts = [torch.bincount(text[counted].flatten(), minlength=size).double() + 1 for text in texts]
    ratio = (counts[0] / counts[1]).log()
    yes, no = (ratio[text[judged]].sum(dim=1) for text in texts)
    return yes, no


def blind_of(members: torch.Tensor, strangers: torch.Tensor, counted: str = "first", judged: str = "second") -> float:
    """Return the area of these scores."""
    yes, no = blind_scores(members, strangers, counted, judged)
    return auc(torch.cat([yes, no]), [True] * len(yes) + [False] * len(no)).value
