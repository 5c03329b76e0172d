"""Which words come back? Token recovery after corruption, the size of a basin of attraction."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch

from uddm_mini.denoiser import Denoiser
from uddm_mini.doors import check_tensor
from uddm_mini.walks import Method, Walk


@dataclass(frozen=True, eq=False)
class Recovery:
    """What became of sentences: x0 clean, xt corrupted, out brought back, int64[B, L]; counted bool[B, L].

    The numbers are fractions between 0 and 1, NaN where there was nothing to count.
    """

    x0: torch.Tensor
    xt: torch.Tensor
    out: torch.Tensor
    counted: torch.Tensor

    def __repr__(self) -> str:
        numbers = (f"{name}={getattr(self, name)}" for name in ("recovered", "unstable", "exact", "chance"))
        return f"Recovery({', '.join(numbers)})"

    @property
    def recovered(self) -> float:
        """Of the tokens that the noise changed, the fraction that is right again, pooled over all sentences."""
        return _mean(self.right[self.changed])

    @property
    def unstable(self) -> float:
        """Of the tokens that the noise left alone, the fraction that is wrong at the end."""
        return _mean(~self.right[self.counted & ~self.changed])

    @property
    def exact(self) -> float:
        """The fraction of sentences that are right at every counted token."""
        whole = (self.right | ~self.counted).all(dim=1)
        return _mean(whole[self.counted.any(dim=1)])

    @property
    def by_sentence(self) -> torch.Tensor:
        """The fraction recovered of each sentence, float64[B], as Pham et al. (2026) average; NaN if none changed."""
        changed = self.changed.sum(dim=1).double()
        return (self.right & self.changed).sum(dim=1) / torch.where(changed > 0, changed, torch.nan)

    @property
    def chance(self) -> float:
        """The recovery of the best constant guess, made from these sentences themselves."""
        return self.chance_from(self.x0, self.x0[~self.counted].unique().tolist())

    def chance_from(self, reference: torch.Tensor, ignore: Collection[int] = ()) -> float:
        """Return the recovery of the best constant guess: at each position the most frequent word of `reference`.

        reference int64[n, L], such as the training sentences; ids in `ignore` are never guessed.
        """
        V = 1 + max(int(x.max()) if x.numel() else 0 for x in (self.x0, reference))
        guess = constant_guess(reference, V, ignore).to(self.x0.device)
        return _mean((guess == self.x0)[self.changed])

    @property
    def changed(self) -> torch.Tensor:
        """Which counted tokens the noise changed, bool[B, L]."""
        return (self.xt != self.x0) & self.counted

    @property
    def right(self) -> torch.Tensor:
        """Which tokens are right at the end, bool[B, L]."""
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

        With values = conditional_entropy(model, found.out): how sure the denoiser is of the tokens
        that it recovered, failed, kept or broke (nats).
        """
        if values.shape != self.x0.shape:
            raise ValueError(f"values needs one number per token, {list(self.x0.shape)}, but is {list(values.shape)}.")
        return {name: float(values[tokens].double().mean()) for name, tokens in self.outcomes.items()}


def token_recovery(
    model: Denoiser,
    x0: torch.Tensor,
    t: float,
    walk: Walk | Method = "argmax",
    *,
    ignore: Collection[int] = (),
    generator: torch.Generator | None = None,
) -> Recovery:
    """Corrupt sentences x0 int64[B, L] to noise level t, bring them back, and count which words return.

    walk: how, a `Walk` or the name of its method.
    ignore: tokens whose true id is one of these (padding, unknown) are not counted.

    Random, from `generator`: the corruption, all of it first, and then the draws of "reverse".
    """
    xt = model.noise.corrupt(x0, t, generator)
    return Recovery(x0, xt, walk_of(walk)(model, xt, t, generator)[-1], counted_tokens(x0, ignore))


def walk_of(walk: Walk | Method) -> Walk:
    """Return a walk given as such, or by the name of its method."""
    return walk if isinstance(walk, Walk) else Walk(walk)


def counted_tokens(x0: torch.Tensor, ignore: Collection[int]) -> torch.Tensor:
    """Return bool[B, L], True for every token whose id is not in `ignore` (a corpus has them as `corpus.ignore`)."""
    check_tensor(x0, "x0", "token ids, a tensor int64[B, L]")
    return ~torch.isin(x0, torch.tensor(sorted(ignore), dtype=x0.dtype, device=x0.device))


def constant_guess(x: torch.Tensor, vocab_size: int, ignore: Collection[int] = ()) -> torch.Tensor:
    """Return the most frequent counted token at each position, int64[L]: the best guess that sees nothing."""
    counts = torch.zeros(x.shape[1], vocab_size, device=x.device)
    counts.scatter_add_(1, x.T, counts.new_ones(x.T.shape))
    counts[:, [token for token in ignore if token < vocab_size]] = -1
    return counts.argmax(dim=1)


def _mean(hits: torch.Tensor) -> float:
    """Return the mean of a bool tensor; NaN (missing data) when it is empty."""
    return int(hits.sum()) / hits.numel() if hits.numel() else float("nan")
