"""One step of a stack of models: each has its own step size, norm of its gradient, and average."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


def descend(optimizer: torch.optim.Optimizer, weights: Sequence[torch.Tensor], rates: Sequence[float]) -> None:
    """Do one step, each model of the stack at its own rate: AdamW's step is proportional to it."""
    before = [p.detach().clone() for p in weights] if min(rates) < max(rates) else []
    optimizer.param_groups[0]["lr"] = max(rates)
    optimizer.step()
    if before:
        blend(weights, before, [1 - rate / max(rates) for rate in rates])


def blend(into: Sequence[torch.Tensor], other: Sequence[torch.Tensor], shares: Sequence[float]) -> None:
    """Move each model's part of the stacked tensors `into` towards `other`, by a share of the way, in place."""
    for p, q in zip(into, other, strict=True):
        p.data.lerp_(q.detach(), per_model(torch.tensor(shares, dtype=p.dtype, device=p.device), p))


def clip_each(weights: Sequence[torch.Tensor], largest: float) -> None:
    """Scale the gradients of a stack, each [M, ...], so that those of no model have a norm above `largest`."""
    grads = [p.grad for p in weights if p.grad is not None]
    parts = [torch.linalg.vector_norm(g, dim=tuple(range(1, g.ndim))) for g in grads]  # [M] each
    scale = (largest / (torch.stack(parts).norm(dim=0) + 1e-6)).clamp_max(1)  # [M]
    for g in grads:
        g.mul_(per_model(scale, g))


def per_model(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """Return one number per model, [M], in the shape [M, 1, ...] that goes with a stacked tensor [M, ...]."""
    return values.view(-1, *[1] * (like.ndim - 1))


def rate_at(step: int, steps: int, peak: float, warmup: int) -> float:
    """Return the step size: it rises linearly to `peak` in the warm-up, and falls along a cosine to zero, and stays."""
    warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return peak * warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
