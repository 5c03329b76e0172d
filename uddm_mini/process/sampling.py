"""The way back: start at any noise level and walk the reverse process to clean text."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Literal, overload

import torch

from .noise import Predicts, UniformNoise, batch_times, convert

Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def what_it_predicts(denoiser: Denoiser, predicts: Predicts | None) -> Predicts:
    """Return "cavity" or "posterior": the argument if given, else the denoiser's own `.predicts`."""
    found = predicts or getattr(denoiser, "predicts", None)
    if found not in ("cavity", "posterior"):
        raise ValueError(
            'Say what the denoiser predicts: predicts="cavity" (trained with the NELBO) or '
            'predicts="posterior" (trained with plain cross-entropy).'
        )
    return found


def device_of(denoiser: Denoiser, otherwise: torch.device | str = "cpu") -> torch.device:
    """Return where the weights of a `torch.nn.Module` are; `otherwise` for a callable without any."""
    weight = next(denoiser.parameters(), None) if isinstance(denoiser, torch.nn.Module) else None
    return torch.device(otherwise) if weight is None else weight.device


def predict(
    denoiser: Denoiser,
    noise: UniformNoise,
    xt: torch.Tensor,
    t: torch.Tensor | float,
    wanted: Predicts,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
) -> torch.Tensor:
    """Ask the denoiser for log p0 [B, L, V] at xt int64[B, L], in the `wanted` form, converting if needed.

    It is asked about `batch_size` sentences at a time.
    """
    given = what_it_predicts(denoiser, predicts)

    def ask(xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        with torch.no_grad():
            log_p0 = denoiser(xt, batch_times(t, xt))
        return convert(log_p0, xt, t, noise, given, wanted)

    return in_batches(ask, xt, t, batch_size)


def in_batches(
    answer: Callable[[torch.Tensor, torch.Tensor | float], torch.Tensor],
    x: torch.Tensor,
    t: torch.Tensor | float,
    batch_size: int,
) -> torch.Tensor:
    """Return answer(x, t), put together from answers about at most `batch_size` sentences of x int64[B, L] each."""
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, but is {batch_size}.")
    if len(x) <= batch_size:
        return answer(x, t)
    many = batch_times(t, x).split(batch_size) if isinstance(t, torch.Tensor) and t.ndim else itertools.repeat(t)
    return torch.cat([answer(part, level) for part, level in zip(x.split(batch_size), many, strict=False)])


@overload
def sample(
    denoiser: Denoiser,
    noise: UniformNoise,
    n: int | None = None,
    length: int | None = None,
    steps: int = 64,
    *,
    trajectory: Literal[False] = False,
    x_start: torch.Tensor | None = None,
    t_start: float = 1.0,
    greedy: bool = False,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> torch.Tensor: ...


@overload
def sample(
    denoiser: Denoiser,
    noise: UniformNoise,
    n: int | None = None,
    length: int | None = None,
    steps: int = 64,
    *,
    trajectory: Literal[True],
    x_start: torch.Tensor | None = None,
    t_start: float = 1.0,
    greedy: bool = False,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> list[tuple[float, torch.Tensor]]: ...


def sample(
    denoiser: Denoiser,
    noise: UniformNoise,
    n: int | None = None,
    length: int | None = None,
    steps: int = 64,
    *,
    x_start: torch.Tensor | None = None,
    t_start: float = 1.0,
    greedy: bool = False,
    trajectory: bool = False,
    predicts: Predicts | None = None,
    batch_size: int = 1024,
    generator: torch.Generator | None = None,
) -> torch.Tensor | list[tuple[float, torch.Tensor]]:
    """Walk the reverse process from t_start to 0 in equal steps; return sentences, int64[n, L].

    Start from `n` sentences of `length` uniform random tokens (t_start = 1), or from `x_start` int64[n, L], text
    that was corrupted to `t_start`. Each step draws x_s ~ q(x_s | x_t, x_0 := cavity prediction); with
    `greedy` it takes the most probable token instead. With `trajectory` the result is the list of
    (t, x_t) from start to end. The draws come from `generator`, for `batch_size` sentences at a time, so that with
    more than these another `batch_size` gives other draws.
    """
    x = _start(noise, n, length, x_start, t_start, generator)
    if x_start is None:
        x = x.to(device_of(denoiser, x.device))
    if steps < 1:
        raise ValueError(f"steps must be at least 1, but is {steps}.")
    times = [t_start * (1 - i / steps) for i in range(steps + 1)]
    path = [(times[0], x)]
    for t, s in itertools.pairwise(times):
        if t_start == 0:  # already clean: there is no noise to walk back through
            break
        step = partial(_step_back, denoiser, noise, s, greedy, predicts, batch_size, generator)
        x = in_batches(step, x, t, batch_size)
        if trajectory:
            path.append((s, x))
    return path if trajectory else x


def _start(
    noise: UniformNoise,
    n: int | None,
    length: int | None,
    x_start: torch.Tensor | None,
    t_start: float,
    generator: torch.Generator | None,
) -> torch.Tensor:
    if not 0 <= t_start <= 1:
        raise ValueError(f"t_start is a noise level between 0 and 1, but is {t_start}.")
    if x_start is not None:
        return x_start
    if n is None or length is None or n < 0 or length < 1:
        raise ValueError(
            f"Give n and length (n >= 0, length >= 1) to start from noise, or x_start to start from corrupted text; "
            f"n is {n} and length {length}."
        )
    if t_start != 1:
        raise ValueError("Pure noise belongs to t_start = 1; to start from a smaller t, give x_start.")
    device = "cpu" if generator is None else generator.device
    return torch.randint(noise.vocab_size, (n, length), generator=generator, device=device)


def _step_back(
    denoiser: Denoiser,
    noise: UniformNoise,
    s: float,
    greedy: bool,
    predicts: Predicts | None,
    batch_size: int,
    generator: torch.Generator | None,
    x: torch.Tensor,
    t: torch.Tensor | float,
) -> torch.Tensor:
    """Go from x_t int64[n, L] at t to x_s."""
    p0 = predict(denoiser, noise, x, t, "cavity", predicts, batch_size).exp()  # [n, L, V]
    return _choose(noise.posterior(p0, x, s, t), greedy, generator)


def _choose(probs: torch.Tensor, greedy: bool, generator: torch.Generator | None) -> torch.Tensor:
    """Pick one token per position from probs [n, L, V]."""
    if greedy or probs.numel() == 0:
        return probs.argmax(dim=2) if probs.numel() else probs.new_zeros(probs.shape[:2], dtype=torch.int64)
    device = probs.device if generator is None else generator.device
    flat = probs.reshape(-1, probs.shape[2]).to(device)
    return torch.multinomial(flat, 1, generator=generator).view(probs.shape[:2]).to(probs.device)


def most_probable(
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
    path, moving = [x], torch.ones(len(x), dtype=torch.bool, device=x.device)
    for _ in range(iterations):
        levels = t[moving] if isinstance(t, torch.Tensor) and t.ndim else t
        new = path[-1].clone()
        new[moving] = most_probable(
            denoiser, noise, path[-1][moving], levels, wanted, predicts=predicts, batch_size=batch_size
        )
        moving = (new != path[-1]).any(dim=1)
        path.append(new)
        if not bool(moving.any()):
            break
    return path
