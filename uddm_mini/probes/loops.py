"""Is there an energy? Around a closed loop of changed words, the answers of one that has one add up to nothing."""

from __future__ import annotations

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.networks.base import around_loop
from uddm_mini.noise.base import batch_times, draw_device
from uddm_mini.noise.schedules import Level


def incompatibility(
    model: Denoiser, x: torch.Tensor, other: torch.Tensor, t: Level = 1e-3, generator: torch.Generator | None = None
) -> torch.Tensor:
    """Return what four changes that undo each other add up to, float64[B], in nats: 0 if the answers fit one energy.

    In each noisy sentence x int64[B, L] the words at two places i and j become those of `other` int64[B, L], first i,
    then j; then i goes back, then j, as in `loop_work` of a network. Each change adds log p(new) - log p(old), where p
    is the probability to see a word there given the others: the cavity posterior, sent through the noise. If these
    conditionals are compatible, those of one distribution p(x_t) = exp(-E) / Z (Arnold and Press 1989), each change is
    a difference of E, and the loop adds up to zero. So it does for every exact denoiser.

    Random, from `generator`: the two places of each sentence, among those where x and `other` differ, if there are two.
    """
    if x.shape != other.shape or x.ndim != 2 or x.shape[1] < 2:
        raise ValueError(
            "A loop needs sentences int64[B, L] with L >= 2, and other words in the same shape; the shapes are "
            f"{list(x.shape)} and {list(other.shape)}."
        )
    order = torch.rand(x.shape, generator=generator, device=draw_device(generator)).cpu() + (x != other).cpu()
    first, second = order.argsort(dim=1, descending=True)[:, :2].to(x.device).unbind(1)  # [B] each
    rows, t = torch.arange(len(x), device=x.device), batch_times(t, x)

    def gain(state: torch.Tensor, place: torch.Tensor, new: torch.Tensor) -> torch.Tensor:
        p0 = model.cavity(state, t)[rows, place].double().exp()  # [B, V]
        words = torch.stack([new, state[rows, place]])  # [2, B]
        seen = [(p0 * model.noise.likelihood(word[:, None], t)[:, 0]).sum(dim=1).log() for word in words]
        return seen[0] - seen[1]

    return around_loop(x, other, (first, second), gain)
