"""How much better does a model know a planted sentence than it would know any other of the same form?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import pandas as pd
import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.noise.base import draw_device
from uddm_mini.probes.nelbo import sentence_nelbo
from uddm_mini.probes.recovery import counted_tokens

DRAWS = 64  # noise levels for each NELBO: a rank among many asks for small errors


def exposure(
    model: Denoiser,
    canaries: torch.Tensor,
    copies: Sequence[int],
    *,
    candidates: int | torch.Tensor = 1023,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> pd.DataFrame:
    """Return the exposure of planted sentences, in bits, one row per canary (Carlini et al. 2019, 1802.08232).

    exposure = log2(R + 1) - log2(rank), with the rank of the canary's NELBO among those of R random candidates of the
    same form and its own, ties counted half. Columns: canary (row number), copies, nelbo (nats per counted token),
    rank, exposure, and at_most = log2(R + 1), which no exposure can pass: it says "at least so much" where it is
    reached. A canary that was never planted has 1.44 bits (1 / ln 2) on average, and more than k bits with probability
    2^-k: plant some 0 times for comparison.

    canaries int64[m, L]: drawn at random in one form, such as one sentence with some words open.
    copies: how often each of them stood in the training text.
    candidates: how many to draw, or the sentences themselves, int64[R, L]. If drawn, the places at which canaries
        differ hold any counted words, all equally likely; if canaries were drawn otherwise, draw the candidates so too.
    ignore: tokens with these ids are not counted.

    Random, from `generator`: the candidates and the noise. ValueError for numbers or shapes that do not fit, canaries
    that leave nothing open, or a model whose answer is NaN.
    """
    x = canaries.cpu()
    if x.ndim != 2 or not len(x) or len(copies) != len(x) or min(copies, default=0) < 0:
        raise ValueError(
            "Exposure needs canaries int64[m, L] and a number of copies from 0 on for each; the shape is "
            f"{list(x.shape)}, and there are {len(copies)} numbers."
        )
    others = _candidates(x, candidates, model.noise.vocab_size, ignore, generator)
    seed = int(torch.randint(2**31, (1,), generator=generator, device=draw_device(generator)))
    both = torch.cat([x, others]).to(model.device)
    cost = sentence_nelbo(model, both, ignore, seed, DRAWS).cpu()
    if bool(cost.isnan().any()):
        raise ValueError("A NELBO is NaN: the model's answer holds NaN, or a sentence has no token that counts.")
    own, theirs = cost[: len(x)], cost[len(x) :].sort().values
    below, upto = (torch.searchsorted(theirs, own, side=side) for side in ("left", "right"))
    rank = 1 + (below + upto).double() / 2
    most = math.log2(len(others) + 1)
    numbers = {"nelbo": own.numpy(), "rank": rank.numpy(), "exposure": (most - rank.log2()).numpy()}
    return pd.DataFrame({"canary": range(len(x)), "copies": list(copies), **numbers, "at_most": most})


def _candidates(
    x: torch.Tensor,
    candidates: int | torch.Tensor,
    vocab_size: int,
    ignore: Collection[int],
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Return the candidates, drawn or given and checked, int64[R, L]."""
    if not isinstance(candidates, torch.Tensor):
        return _drawn(x, candidates, vocab_size, ignore, generator)
    if candidates.ndim != 2 or not len(candidates) or candidates.shape[1] != x.shape[1]:
        raise ValueError(f"Candidates are int64[R, {x.shape[1]}], at least one; the shape is {list(candidates.shape)}.")
    return candidates.cpu()


def _drawn(
    x: torch.Tensor, n: int, vocab_size: int, ignore: Collection[int], generator: torch.Generator | None
) -> torch.Tensor:
    """Draw n candidates of the form of the canaries x int64[m, L]: random words where they differ."""
    differ = (x != x[0]).any(dim=0)
    if n < 1 or not bool(differ.any()):
        raise ValueError(
            f"Candidates are drawn for the places at which canaries differ, at least one; {int(differ.sum())} places "
            f"differ, and {n} were wanted. Give two different canaries, or the candidates themselves."
        )
    words = torch.arange(vocab_size)
    words = words[counted_tokens(words, ignore)]
    which = torch.randint(len(words), (n, x.shape[1]), generator=generator, device=draw_device(generator)).cpu()
    return torch.where(differ, words[which], x[0])
