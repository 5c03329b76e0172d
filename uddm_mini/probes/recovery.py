"""Which words come back? Token recovery after corruption, the size of a basin of attraction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal

import torch

from uddm_mini.process.noise import Predicts, UniformNoise
from uddm_mini.process.sampling import Denoiser, iterate_argmax, predict, sample

Method = Literal["argmax", "reverse", "iterate"]


@dataclass(frozen=True, eq=False)
class Recovery:
    """What came back: fractions between 0 and 1, NaN where there was nothing to count.

    `recovered`: of the tokens that the noise changed, how many are right again. `unstable`: of those it left alone,
    how many the run broke. `exact`: sentences that are right at every counted token. `chance`: recovery of the best
    constant guess. `x0`, `xt`, `out` int64[B, L] and `counted` bool[B, L] allow any other summary.
    """

    recovered: float
    unstable: float
    exact: float
    chance: float
    x0: torch.Tensor = field(repr=False)
    xt: torch.Tensor = field(repr=False)
    out: torch.Tensor = field(repr=False)
    counted: torch.Tensor = field(repr=False)

    @property
    def changed(self) -> torch.Tensor:
        """Return which counted tokens the noise changed, bool[B, L]."""
        return (self.xt != self.x0) & self.counted

    @property
    def right(self) -> torch.Tensor:
        """Return which tokens are right at the end, bool[B, L]."""
        return self.out == self.x0


def token_recovery(
    denoiser: Denoiser,
    noise: UniformNoise,
    x0: torch.Tensor,
    t: float,
    method: Method = "argmax",
    *,
    steps: int = 32,
    ignore: Collection[int] = (),
    reference: torch.Tensor | None = None,
    predicts: Predicts | None = None,
    generator: torch.Generator | None = None,
) -> Recovery:
    """Corrupt sentences x0 int64[B, L] to noise level t, denoise them, and count which words come back.

    `method`: "argmax" takes the most probable word of the full posterior at once; "reverse" draws from the reverse
    process in `steps` steps; "iterate" repeats the argmax map, up to `steps` times, until nothing moves. Tokens
    whose true id is in `ignore` (padding, unknown) are not counted. `chance` guesses the most frequent word of
    `reference` (default x0) at each position. The corruption, and "reverse", draw from `generator`.
    """
    xt = noise.corrupt(x0, t, generator)
    if method == "argmax":
        out = predict(denoiser, noise, xt, t, "posterior", predicts).argmax(dim=2)
    elif method == "iterate":
        out = iterate_argmax(denoiser, noise, xt, t, steps, predicts=predicts)[-1]
    elif method == "reverse":
        out = sample(denoiser, noise, steps=steps, x_start=xt, t_start=t, predicts=predicts, generator=generator)
    else:
        raise ValueError(f'method must be "argmax", "reverse" or "iterate", but is {method!r}.')
    counted = counted_tokens(x0, ignore)
    changed = (xt != x0) & counted
    right = out == x0
    guess = constant_guess(x0 if reference is None else reference, noise.vocab_size, ignore).to(x0.device)
    whole = (right | ~counted).all(dim=1)
    return Recovery(
        recovered=_mean(right[changed]),
        unstable=_mean(~right[counted & ~changed]),
        exact=_mean(whole[counted.any(dim=1)]),
        chance=_mean((guess == x0)[changed]),
        x0=x0,
        xt=xt,
        out=out,
        counted=counted,
    )


def counted_tokens(x0: torch.Tensor, ignore: Collection[int]) -> torch.Tensor:
    """Return bool[B, L], True for every token whose id is not in `ignore` (a corpus has them as `corpus.ignore`)."""
    return ~torch.isin(x0, torch.tensor(sorted(ignore), dtype=x0.dtype, device=x0.device))


def constant_guess(x: torch.Tensor, vocab_size: int, ignore: Collection[int] = ()) -> torch.Tensor:
    """Return the most frequent counted token at each position, int64[L]: the best guess that sees nothing."""
    counts = torch.zeros(x.shape[1], vocab_size, device=x.device)
    counts.scatter_add_(1, x.T, counts.new_ones(x.T.shape))
    counts[:, sorted(ignore)] = -1
    return counts.argmax(dim=1)


def _mean(hits: torch.Tensor) -> float:
    """Return the mean of a bool tensor; NaN (missing data) when it is empty."""
    return int(hits.sum()) / hits.numel() if hits.numel() else float("nan")
