"""One step of a stack of models: each has its own step size, norm of its gradient, and average."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch

from .settings import TrainSettings

MUON_STEP = 0.6  # root mean square of an entry of Muon's step, in units of the learning rate; AdamW's is of that size
MUON_MOMENTUM = 0.95
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan et al. (2024): s -> a s + b s^3 + c s^5 pulls (0, 1] towards 1
NEWTON_SCHULZ_STEPS = 4


class Muon(torch.optim.Optimizer):
    """Steps whose singular values are all near 1: of the gradient's momentum only the directions count.

    Jordan et al. (2024), in float32, for matrices [out, in] and stacks of them [M, out, in]; its effect is that weak
    directions learn as fast as strong ones. Nothing is random.
    """

    def __init__(self, params: Iterable[torch.Tensor], lr: float = 1e-3, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do one step with the gradients that are there."""
        for group in self.param_groups:
            alike: dict[torch.Size, list[torch.Tensor]] = {}
            for p in group["params"]:
                alike.setdefault(p.shape, []).append(p)
            torch._foreach_mul_(group["params"], 1 - group["lr"] * group["weight_decay"])
            for shape, params in alike.items():  # those of one shape as one: a GPU waits for every start of a product
                grads, kept = torch.stack([p.grad for p in params if p.grad is not None]), self.state[params[0]]
                momentum = kept.setdefault("momentum", torch.zeros_like(grads))
                momentum.lerp_(grads, 1 - MUON_MOMENTUM)
                directions = orthogonalized(grads.lerp(momentum, MUON_MOMENTUM)).unbind()
                torch._foreach_add_(params, directions, alpha=-group["lr"] * MUON_STEP * max(shape[-2:]) ** 0.5)


def orthogonalized(matrix: torch.Tensor) -> torch.Tensor:
    """Return matrix [..., out, in] with its singular values moved near 1, and its singular vectors kept.

    A few steps of the odd polynomial X -> a X + (b A + c A A) X with A = X X^T: products, no decomposition.
    """
    wide = matrix if matrix.shape[-2] <= matrix.shape[-1] else matrix.mT
    x = wide / (torch.linalg.matrix_norm(wide, keepdim=True) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide is matrix else x.mT


def optimizers_of(model: torch.nn.Module, muon: bool, weight_decay: float) -> list[torch.optim.Optimizer]:
    """Return AdamW for all weights of a stack, or for those that are no matrices of its blocks, which Muon gets."""
    matrices: list[torch.Tensor] = []
    others: list[torch.Tensor] = []
    for name, p in model.named_parameters():
        is_matrix = name.startswith("blocks") and name.endswith("weight") and "norm" not in name
        (matrices if muon and is_matrix else others).append(p)
    options: dict[str, Any] = {"betas": (0.9, 0.99), "weight_decay": weight_decay, "fused": True}
    adamw = torch.optim.AdamW(others, **options)
    return [adamw, Muon(matrices, weight_decay=weight_decay)] if matrices else [adamw]


def descend(
    optimizers: Sequence[torch.optim.Optimizer], weights: Sequence[torch.Tensor], rates: Sequence[float]
) -> None:
    """Do one step, each model of the stack at its own rate: a step of AdamW and of Muon is proportional to it."""
    before = [p.detach().clone() for p in weights] if min(rates) < max(rates) else []
    for optimizer in optimizers:
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


def rate_at(step: int, settings: TrainSettings) -> float:
    """Return the step size: it rises linearly to `learning_rate` in the warm-up, and stays, or falls along a cosine.

    From the end of the settings' steps on it is 0: in a stack, a longer run may go on.
    """
    if step >= settings.steps:
        return 0.0
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    left = 1.0 if settings.decay == "constant" else 0.5 * (1 + math.cos(math.pi * step / settings.steps))
    return settings.learning_rate * warm * left
