"""The denoiser as a map: take the most probable word at every position, once or until nothing moves any more."""

from __future__ import annotations

import torch

from .noise import Predicts, UniformNoise, batch_times
from .sampling import Denoiser, in_batches, predict


def _most_probable(
    denoiser: Denoiser,
    noise: UniformNoise,
    xt: torch.Tensor,
    t: torch.Tensor | float,
    wanted: Predicts = "posterior",
    *,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
) -> torch.Tensor:
    """Return argmax_v log p0(v | x_t) for every position, int64[B, L], of the full posterior or of the cavity one.

    The denoiser is asked about `batch_size` sentences at a time. Deterministic.
    """

    def guess(xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        return predict(denoiser, noise, xt, t, wanted, predicts, batch_size).argmax(dim=2)

    return in_batches(guess, xt, t, batch_size)


def iterate_argmax(
    denoiser: Denoiser,
    noise: UniformNoise,
    x: torch.Tensor,
    t: torch.Tensor | float,
    iterations: int = 10,
    *,
    wanted: Predicts = "posterior",
    predicts: Predicts | None = None,
    batch_size: int = 1024,
) -> list[torch.Tensor]:
    """Iterate x <- argmax_v log p0(v | x) of the full posterior at fixed t; return [x, map(x), map(map(x)), ...].

    This is the denoiser's fixed-point map: the list ends early once nothing moves any more. With `wanted="cavity"`
    a word has no say about itself. The denoiser is asked about `batch_size` sentences at a time, and never again
    about a sentence that is at rest.
    """
    if iterations < 1:
        raise ValueError(f"The map is applied at least once, but iterations (steps) is {iterations}.")
    t = batch_times(t, x) if isinstance(t, torch.Tensor) and t.ndim else t  # one number, or one for each sentence
    path, moving = [x], torch.ones(len(x), dtype=torch.bool, device=x.device)
    for _ in range(iterations):
        levels = t[moving] if isinstance(t, torch.Tensor) and t.ndim else t
        new = path[-1].clone()
        new[moving] = _most_probable(
            denoiser, noise, path[-1][moving], levels, wanted, predicts=predicts, batch_size=batch_size
        )
        moving = (new != path[-1]).any(dim=1)
        path.append(new)
        if not bool(moving.any()):
            break
    return path
