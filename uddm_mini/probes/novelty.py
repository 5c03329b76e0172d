"""Is it new? Generated text beside the training sentences."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import torch

from .recovery import counted_tokens


def novelty(
    generated: torch.Tensor,
    x_train: torch.Tensor,
    log_prob: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ignore: Collection[int] = (),
) -> Iterator[tuple[str, float]]:
    """Yield what generated text int64[n, L] is, as pairs of a name and a number.

    "copied" is the fraction that equals a training sentence; "distance" the mean fraction of tokens in which a sentence
    differs from its nearest training sentence. With `log_prob`, also "grammatical" (fraction of positive probability),
    "new" (grammatical and no copy), "spurious" (neither grammatical nor a copy), and "log_prob" (mean over the
    grammatical ones, nats per sentence; NaN without any).

    x_train int64[m, L]: the training sentences.
    log_prob: what a sentence's probability is, as the method of a language: int64[n, L] to float[n], in nats.
    ignore: tokens with these ids count as `nearest_distance` says.
    """
    differs = nearest_distance(generated, x_train, ignore)  # [n]
    copied = differs == 0
    yield "copied", float(copied.double().mean())
    yield "distance", float(differs.mean())
    if log_prob is not None:
        log_p = log_prob(generated).to(generated.device)  # a language answers on the CPU
        right = log_p.isfinite()
        yield "grammatical", float(right.double().mean())
        yield "new", float((right & ~copied).double().mean())
        yield "spurious", float((~right & ~copied).double().mean())
        yield "log_prob", float(log_p[right].double().mean()) if bool(right.any()) else float("nan")


def nearest_distance(x: torch.Tensor, memories: torch.Tensor, ignore: Collection[int] = ()) -> torch.Tensor:
    """Return the fraction of tokens in which each sentence x int64[n, L] differs from its nearest memory, float64[n].

    memories int64[m, L], m >= 1. Of a sentence and a memory, those positions count at which one of the two has a token
    that is not in `ignore`: padding in both is nothing in common. 0 where no position counts.
    """
    memories = memories.to(x.device)
    counted, known = counted_tokens(x, ignore), counted_tokens(memories, ignore)
    nearest = torch.empty(len(x), dtype=torch.float64, device=x.device)
    for i, row in enumerate(x):
        either = counted[i] | known  # [m, L]
        differs = ((row != memories) & either).sum(dim=1) / either.sum(dim=1).clamp_min(1).double()
        nearest[i] = differs.min()
    return nearest
