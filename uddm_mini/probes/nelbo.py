"""The cost of text: the NELBO, averaged over noise, of many sentences or of each."""

from __future__ import annotations

from collections.abc import Collection

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_sentences, finite, whole

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
    check_sentences(x0, "x0", model.noise.vocab_size)
    total = nelbo_parts(model, x0, ignore, seed, draws, t_from=t_from)
    count = int(counted_tokens(x0, ignore).sum())
    return float(total.sum()) / count if count else float("nan")


def nelbo_parts(
    model: Denoiser,
    x0: torch.Tensor,
    ignore: Collection[int] = (),
    seed: int = 0,
    draws: int = 4,
    *,
    t_from: float = 0.0,
) -> torch.Tensor:
    """Return the sentences' parts of `mean_nelbo`, float64[B]: nats, summed over the counted tokens of each.

    The levels are spread over all sentences together, so that their sum is known better than each of them; to compare
    sentences with each other there is `sentence_nelbo`. Parameters: as in `mean_nelbo`.
    """
    check_sentences(x0, "x0", model.noise.vocab_size)
    generator = _checked(seed, draws, t_from)
    n = draws * len(x0)
    even = ((torch.arange(n) + 0.5) / n)[torch.randperm(n, generator=generator)].to(x0.device)
    return _costs(model, x0.repeat(draws, 1), even, t_from, ignore, generator).reshape(draws, -1).mean(dim=0)


def sentence_nelbo(
    model: Denoiser,
    x0: torch.Tensor,
    ignore: Collection[int] = (),
    seed: int = 0,
    draws: int = 16,
    *,
    t_from: float = 0.0,
) -> torch.Tensor:
    """Estimate the NELBO of each of the sentences x0 int64[B, L], float64[B], in nats per counted token.

    It is what `mean_nelbo` estimates, sentence by sentence: every sentence meets the same `draws` noise levels,
    (u_1)^2, (u_2)^2, ... with u_i = (i - 1/2) / draws, so that no two of them differ by the luck of their levels. NaN
    for a sentence without a counted token. Parameters: as in `mean_nelbo`. Random, from `seed`: the noise.
    """
    check_sentences(x0, "x0", model.noise.vocab_size)
    generator = _checked(seed, draws, t_from)
    even = ((torch.arange(draws) + 0.5) / draws).repeat_interleave(len(x0)).to(x0.device)
    total = _costs(model, x0.repeat(draws, 1), even, t_from, ignore, generator).reshape(draws, -1).sum(dim=0)
    return total / (draws * counted_tokens(x0, ignore).sum(dim=1))


def _checked(seed: int, draws: int, t_from: float) -> torch.Generator:
    """Return the source of the noise; ValueError for levels that cannot be."""
    draws, seed = whole(draws, "draws"), whole(seed, "seed", 0)
    if not 0 <= finite(t_from, "t_from") < 1 or draws < 1:
        raise ValueError(f"t_from is a noise level below 1, and draws at least 1; they are {t_from} and {draws}.")
    return torch.Generator().manual_seed(seed)


def _costs(
    model: Denoiser,
    x0: torch.Tensor,
    even: torch.Tensor,
    t_from: float,
    ignore: Collection[int],
    generator: torch.Generator,
) -> torch.Tensor:
    """Return the weighted cost of the counted tokens of x0 int64[n, L], float64[n], at levels spread by even [n]."""
    t, weight = t_from + (1 - t_from) * even**2, 2 * even
    xt = model.noise.corrupt(x0, t, generator)
    counted, parts = counted_tokens(x0, ignore), [weight.new_zeros(0, dtype=torch.float64)]
    for part in torch.arange(len(x0), device=x0.device).split(max(1, model.batch_size)):  # `mapped` names a wrong one
        log_p0 = model.mapped(xt[part], t[part], model.noise.form)
        nelbo = model.noise.nelbo(log_p0, x0[part], xt[part], t[part]).double()
        parts.append((weight[part, None] * nelbo).where(counted[part], 0.0).sum(dim=1))
    return torch.cat(parts)
