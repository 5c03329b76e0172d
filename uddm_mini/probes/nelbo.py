"""The cost of text: the NELBO, averaged over noise."""

from __future__ import annotations

from collections.abc import Collection

import torch

from uddm_mini.denoiser import Denoiser

from .recovery import counted_tokens


def mean_nelbo(
    model: Denoiser,
    x0: torch.Tensor,
    ignore: Collection[int] = (),
    seed: int = 0,
    draws: int = 4,
    *,
    t_from: float = 0.0,
) -> float:
    """Estimate the NELBO of sentences x0 int64[B, L], in nats per counted token; NaN if no token counts.

    It is the mean of `Noise.nelbo` over noise levels from t_from to 1. Near t = 0 few tokens change, and those cost
    some 1 / t, so that even levels would have no finite variance. They are spread as t = u^2 for even u instead, and
    the weight dt / du = 2 u keeps the mean.

    ignore: tokens with these ids are not counted.
    seed: decides the noise, and which sentence gets which level.
    draws: noise levels for each sentence.
    t_from: the lowest level; above 0 the mean is over the rest of the way only.
    """
    total = nelbo_by_sentence(model, x0, ignore, seed, draws, t_from=t_from)
    count = int(counted_tokens(x0, ignore).sum())
    return float(total.sum()) / count if count else float("nan")


def nelbo_by_sentence(
    model: Denoiser,
    x0: torch.Tensor,
    ignore: Collection[int] = (),
    seed: int = 0,
    draws: int = 4,
    *,
    t_from: float = 0.0,
) -> torch.Tensor:
    """Estimate the NELBO of each sentence of x0 int64[B, L], float64[B], in nats, summed over its counted tokens.

    The parameters, and what is random, are those of `mean_nelbo`, which is their sum over the number of tokens.
    """
    if not 0 <= t_from < 1 or draws < 1:
        raise ValueError(f"t_from is a noise level below 1, and draws at least 1; they are {t_from} and {draws}.")
    generator = torch.Generator().manual_seed(seed)
    n, x0 = len(x0), x0.repeat(draws, 1)
    even = ((torch.arange(len(x0)) + 0.5) / len(x0))[torch.randperm(len(x0), generator=generator)].to(x0.device)
    t, weight = t_from + (1 - t_from) * even**2, 2 * even
    xt = model.noise.corrupt(x0, t, generator)
    counted = counted_tokens(x0, ignore)
    parts = [torch.zeros(0, dtype=torch.float64, device=x0.device)]
    for part in torch.arange(len(x0), device=x0.device).split(max(1, model.batch_size)):  # `mapped` names a wrong one
        log_p0 = model.mapped(xt[part], t[part], model.noise.form)
        nelbo = model.noise.nelbo(log_p0, x0[part], xt[part], t[part])
        # where, not a product: what a token that does not count costs may be infinite
        parts.append(torch.where(counted[part], weight[part, None] * nelbo.double(), 0.0).sum(dim=1))
    return torch.cat(parts).reshape(draws, n).mean(dim=0)
