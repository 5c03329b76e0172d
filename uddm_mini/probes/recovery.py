"""Which words come back? Token recovery after corruption, the size of a basin of attraction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch

from uddm_mini.process.maps import iterate_argmax
from uddm_mini.process.noise import Predicts, UniformNoise
from uddm_mini.process.sampling import Denoiser, sample

Method = Literal["argmax", "reverse", "iterate", "greedy"]


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

    @property
    def outcomes(self) -> dict[str, torch.Tensor]:
        """Return what became of every counted token, four masks bool[B, L] of which exactly one is True.

        "recovered" (changed, right at the end), "failed" (changed, wrong), "stable" (left alone, right) and
        "unstable" (left alone, wrong), the groups of Pham et al. 2026.
        """
        changed, right, left_alone = self.changed, self.right, self.counted & (self.xt == self.x0)
        return {
            "recovered": changed & right,
            "failed": changed & ~right,
            "stable": left_alone & right,
            "unstable": left_alone & ~right,
        }

    def mean_by_outcome(self, values: torch.Tensor) -> dict[str, float]:
        """Return the mean of values float[B, L] over each of the four outcomes; NaN for an outcome without tokens.

        With values = conditional_entropy(denoiser, found.out, noise=noise): how sure the denoiser is of the tokens
        that it recovered, failed, kept or broke (nats).
        """
        if values.shape != self.x0.shape:
            raise ValueError(f"values needs one number per token, {list(self.x0.shape)}, but is {list(values.shape)}.")
        return {name: float(values[tokens].double().mean()) for name, tokens in self.outcomes.items()}


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
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> Recovery:
    """Corrupt sentences x0 int64[B, L] to noise level t, denoise them, and count which words come back.

    `method`: see `denoise`, which takes at most `steps` steps. Tokens whose true id is in `ignore` (padding, unknown)
    are not counted. `chance` guesses the most frequent word of `reference` (default x0) at each position. The
    corruption, all of it first, and then "reverse" draw from `generator`.
    """
    xt = noise.corrupt(x0, t, generator)
    out = denoise(
        denoiser, noise, xt, t, method, steps=steps, predicts=predicts, batch_size=batch_size, generator=generator
    )[-1]
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


def denoise(
    denoiser: Denoiser,
    noise: UniformNoise,
    xt: torch.Tensor,
    t: float,
    method: Method = "argmax",
    *,
    wanted: Predicts = "posterior",
    steps: int = 32,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> list[torch.Tensor]:
    """Bring noisy sentences xt int64[B, L] at noise level t back; return [xt, ..., end], each int64[B, L].

    "argmax" takes the most probable word of the full posterior at once; "iterate" repeats that map at fixed t, up to
    `steps` times, until nothing moves, and every sentence on the way is returned. "reverse" draws from the reverse
    process in `steps` steps; "greedy" takes its most probable token at each step instead, which moves hardly anything
    (chapter 7); of these two only the end is returned. `wanted="cavity"` gives a word no say about itself; the reverse
    process leaves no such choice. The denoiser is asked about `batch_size` sentences at a time; only the draws of
    "reverse" can depend on it, by their order.
    """
    if method in ("argmax", "iterate"):
        limit = 1 if method == "argmax" else steps
        return iterate_argmax(denoiser, noise, xt, t, limit, wanted=wanted, predicts=predicts, batch_size=batch_size)
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, but is {method!r}.")
    if wanted != "posterior":
        raise ValueError(f'The steps of method={method!r} leave no choice; wanted="cavity" is for argmax and iterate.')
    end = sample(
        denoiser,
        noise,
        steps=steps,
        x_start=xt,
        t_start=t,
        greedy=method == "greedy",
        predicts=predicts,
        batch_size=batch_size,
        generator=generator,
    )
    return [xt, end]


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
