"""The way back: start at any noise level and walk the reverse process to clean text."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import Literal, overload

import torch

from .noise import Predicts, UniformNoise, batch_times, convert, draw_device

Denoiser = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

NORMALIZED = 1e-3  # how far log sum_v p0(v) may be from 0, in nats; float32 stays within 1e-6
HALF_PRECISION = 8  # bfloat16 rounds a log-probability near -10 by up to 4 times its epsilon


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


def ask(denoiser: Denoiser, xt: torch.Tensor, t: torch.Tensor | float, vocab_size: int | None = None) -> torch.Tensor:
    """Return what the denoiser says about sentences xt int64[B, L] at t: log p0 [B, L, V], without gradient.

    Every sampler and every probe asks here. The question goes to where the denoiser's weights are, and the answer comes
    back to where xt is. ValueError unless the answer is one normalized prediction, in nats, for every token; to
    stay cheap, the sum over words is looked at in the first sentence only.
    """
    if xt.ndim != 2:
        raise ValueError(f"xt has shape {list(xt.shape)}; give sentences int64[B, L], a single one as xt[None].")
    place = device_of(denoiser, xt.device)
    with torch.no_grad():
        log_p0 = denoiser(xt.to(place), batch_times(t, xt).to(place))
    if not isinstance(log_p0, torch.Tensor) or not log_p0.is_floating_point():
        kind = log_p0.dtype if isinstance(log_p0, torch.Tensor) else type(log_p0).__name__
        raise ValueError(f"A denoiser returns a tensor of log-probabilities [B, L, V]; this one returned {kind}.")
    if log_p0.ndim != 3 or log_p0.shape[:2] != xt.shape or log_p0.shape[2] != (vocab_size or log_p0.shape[2]):
        raise ValueError(
            f"The denoiser answered {list(log_p0.shape)} for sentences {list(xt.shape)}; it must be [B, L, V], one "
            f"log-probability for each of the {vocab_size or 'V'} words at every position."
        )
    off = log_p0[:1].float().logsumexp(dim=2).abs()  # NaN compares as False, too
    if not bool((off < max(NORMALIZED, HALF_PRECISION * torch.finfo(log_p0.dtype).eps)).all()):
        raise ValueError(
            "The denoiser's answer is not made of normalized log-probabilities (or it holds NaN); if these are logits, "
            "end the denoiser with .log_softmax(dim=2)."
        )
    # half precision is for storing answers, not for adding them up
    return log_p0.to(xt.device, torch.promote_types(log_p0.dtype, torch.float32))


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

    It is asked about `batch_size` sentences at a time; ValueError if it breaks its contract (see `ask`).
    """
    given = what_it_predicts(denoiser, predicts)

    def answer(xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        return convert(ask(denoiser, xt, t, noise.vocab_size), xt, t, noise, given, wanted)

    return in_batches(answer, xt, t, batch_size)


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
        if n is not None or length is not None:
            raise ValueError("x_start says how many sentences there are and how long; leave out n and length.")
        return x_start
    if n is None or length is None or n < 0 or length < 1:
        raise ValueError(
            f"Give n and length (n >= 0, length >= 1) to start from noise, or x_start to start from corrupted text; "
            f"n is {n} and length {length}."
        )
    if t_start != 1:
        raise ValueError("Pure noise belongs to t_start = 1; to start from a smaller t, give x_start.")
    return torch.randint(noise.vocab_size, (n, length), generator=generator, device=draw_device(generator))


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
    flat = probs.reshape(-1, probs.shape[2]).to(draw_device(generator, probs.device))
    return torch.multinomial(flat, 1, generator=generator).view(probs.shape[:2]).to(probs.device)
