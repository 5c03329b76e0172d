"""Drawn questions of the chapter on the network."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def time_gap(draw: Draw) -> list[Case]:
    """Return two levels."""
    return draw.times(5, lambda: (draw.number(0.001, 0.5), draw.number(0.5, 1.0)))


def blind_head(draw: Draw) -> list[Case]:
    """Return queries, keys and values float64[L, D]."""

    def one() -> Case:
        shape = draw.whole(4, 6), draw.whole(2, 9)
        return tuple(draw.table(*shape, low=-2.0, high=2.0) for _ in range(3))

    return draw.times(3, one)


def reach(draw: Draw) -> list[Case]:
    """Return steps, the largest step size, and steps of warm-up."""
    return draw.times(4, lambda: (draw.whole(60, 400), draw.number(0.001, 0.02), draw.whole(2, 50)))


def adamw(draw: Draw) -> list[Case]:
    """Return a weight, gradients and step sizes."""

    def one() -> Case:
        n = draw.whole(3, 8)
        return draw.number(-2.0, 2.0), draw.table(n, low=-1.0), draw.table(n, low=0.05, high=0.4)

    return draw.times(4, one)


def _differences(s: float, t: float) -> list[float]:
    def told(level: float) -> list[float]:
        return [level, math.log(level + 0.001) / 5, math.cos(math.pi * level)]

    return [abs(a - b) for a, b in zip(told(s), told(t), strict=True)]


def _head(allowed: Callable[[int, int], bool]) -> Callable[..., torch.Tensor]:
    """Return a head, place by place: i looks at the places j that are allowed."""

    def head(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(v)
        for i in range(len(q)):
            seen = [j for j in range(len(q)) if allowed(i, j)]
            raw = [math.exp(float(q[i] @ k[j]) / q.shape[1] ** 0.5) for j in seen]
            out[i] = sum(weight / sum(raw) * v[j] for weight, j in zip(raw, seen, strict=True))
        return out

    return head


def _sum(size: Callable[[int, int, int], float]) -> Callable[..., float]:
    """Return the sum of step sizes, of which each is `size(step, steps, warmup)` of the largest."""

    def add(steps: int, peak: float, warmup: int) -> float:
        return math.fsum(peak * size(step, steps, warmup) for step in range(steps))

    return add


def _warm(step: int, warmup: int) -> float:
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


def _halfway(step: int, steps: int) -> float:
    return (1 + math.cos(math.pi * step / steps)) / 2


def _after(step: int, steps: int, warmup: int) -> float:
    return _warm(step, warmup) if step < warmup else _halfway(step - warmup, steps - warmup)


VARIANTS = {
    "time_gap": Meanings(
        lambda s, t: math.hypot(*_differences(s, t)),
        {
            "manhattan": Variant(
                "In the place of the Euclidean distance return the sum of the three absolute differences.",
                lambda s, t: math.fsum(_differences(s, t)),
            ),
            "largest": Variant(
                "In the place of the Euclidean distance return the largest of the three absolute differences.",
                lambda s, t: sorted(_differences(s, t))[-1],
            ),
            "cubes": Variant(
                "In the place of the Euclidean distance return the third root of the sum of the third powers of the "
                "absolute differences.",
                lambda s, t: sum(d**3 for d in _differences(s, t)) ** (1 / 3),
            ),
        },
        lambda draw: draw.times(5, lambda: (draw.number(0.1, 0.5), draw.number(0.5, 1.0))),
        "For the levels {s} and {t}",
    ),
    "blind_head": Meanings(
        _head(lambda i, j: i != j),
        {
            "earlier": Variant(
                "In your head a place looks at *itself and the places before it*, and at none after it.",
                _head(lambda i, j: j <= i),
            ),
            "later": Variant(
                "In your head a place looks at *itself and the places after it*, and at none before it.",
                _head(lambda i, j: j >= i),
            ),
            "neighbors": Variant(
                "In your head a place looks at *its one or two direct neighbors* alone, and not at itself.",
                _head(lambda i, j: abs(i - j) == 1),
            ),
        },
        blind_head,
    ),
    "reach": Meanings(
        _sum(lambda step, steps, warmup: _warm(step, warmup) * _halfway(step, steps)),
        {
            "straight": Variant(
                "In the place of the cosine the step size falls on a straight line: its factor is $1 - $ step / "
                "steps, with steps counted from 0. The warm-up stays.",
                _sum(lambda step, steps, warmup: _warm(step, warmup) * (1 - step / steps)),
            ),
            "after-warm-up": Variant(
                "Here the cosine begins when the warm-up ends: for the first `warmup` steps the factor is that of the "
                "warm-up alone, and then it falls from 1 by the cosine over the remaining steps.",
                _sum(_after),
            ),
            "square-root": Variant(
                "In the place of the cosine the size falls with the root of the number of steps: the factor is $1 / "
                "\\sqrt{\\text{step} + 1}$, with steps counted from 0. The warm-up stays.",
                _sum(lambda step, steps, warmup: _warm(step, warmup) * (step + 1) ** -0.5),
            ),
        },
        reach,
        "Over {steps} steps, peak {peak}, warm-up {warmup}",
    ),
}
