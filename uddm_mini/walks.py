"""Ways through the space of sentences: back to clean text, or on to where the denoiser leaves a sentence alone."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from .denoiser import Denoiser
from .doors import check_sentences, whole
from .noise.base import Form, batch_times, drawn
from .noise.schedules import Level
from .settings import option, whole_numbers

Method = Literal["argmax", "reverse", "iterate", "greedy"]


def reverse_walk(
    model: Denoiser,
    x: torch.Tensor,
    t: float = 1.0,
    steps: int = 64,
    *,
    greedy: bool = False,
    generator: torch.Generator | None = None,
) -> Iterator[tuple[float, torch.Tensor]]:
    """Walk the reverse process from x int64[n, L] at noise level t to 0 in equal steps; yield every (t, x_t).

    Each step draws x_s ~ q(x_s | x_t, x_0 := prediction).

    steps: their number, at least 1; steps + 1 texts are yielded, or one where t is 0.
    greedy: each step takes the most probable token instead of a draw.

    Random, from `generator`: the draws, for `model.batch_size` sentences at a time, so that with more than these
    another batch size gives other draws.
    """
    check_sentences(x, "xt", model.noise.vocab_size + model.noise.extra_tokens)
    if not isinstance(t, (int, float)) or not 0 <= t <= 1:
        raise ValueError(f"t, where the walk starts, is a noise level between 0 and 1, but is {t}.")
    if whole(steps, "steps") < 1:
        raise ValueError(f"steps must be at least 1, but is {steps}.")
    return walk_through(model, x, (t * (1 - i / steps) for i in range(steps + 1)), greedy, generator)


def walk_through(
    model: Denoiser, x: torch.Tensor, times: Iterable[float], greedy: bool, generator: torch.Generator | None
) -> Iterator[tuple[float, torch.Tensor]]:
    """Walk the reverse process through falling noise levels; yield every (t, x_t)."""
    for k, (t, s) in enumerate(itertools.pairwise(times)):
        if not k:
            yield t, x
        if t == 0:  # already clean: there is no noise to walk back through
            return

        def step(log_p0: torch.Tensor, xt: torch.Tensor, _: torch.Tensor, s: float = s, t: float = t) -> torch.Tensor:
            if greedy:
                return choose_tokens(model.noise.reverse_step(log_p0.exp(), xt, s, t), True, generator)
            return model.noise.draw_step(log_p0, xt, s, t, generator)

        x = model.mapped(x, t, model.noise.form, step)
        yield s, x


def end_of(walk: Iterator[tuple[float, torch.Tensor]]) -> torch.Tensor:
    """Return the last text of a walk, and keep none of the others."""
    return deque(walk, maxlen=1)[0][1]


def settle(
    model: Denoiser, x: torch.Tensor, t: Level, limit: int = 10, form: Form = "posterior"
) -> Iterator[torch.Tensor]:
    """Iterate x <- argmax_v log p0(v | x) at fixed t, a number or float[B]; yield x, map(x), map(map(x)), ...

    x int64[B, L]: where it starts.
    t: the noise level that the denoiser is told, a number or float[B].
    limit: it ends after so many applications, or once nothing moves any more.
    form: with "cavity" a word has no say about itself.

    The denoiser is never asked again about a sentence that is at rest. Deterministic.
    """
    check_sentences(x, "xt", model.noise.vocab_size + model.noise.extra_tokens)
    if whole(limit, "limit") < 1:
        raise ValueError(f"The map is applied at least once, but the limit (steps) is {limit}.")
    return _settle(model, x, batch_times(t, x), limit, form)


def _settle(model: Denoiser, x: torch.Tensor, t: torch.Tensor, limit: int, form: Form) -> Iterator[torch.Tensor]:
    yield x
    moving = torch.ones(len(x), dtype=torch.bool, device=x.device)
    for _ in range(limit):
        new = x.clone()
        new[moving] = model.best_guess(x[moving], t[moving], form)
        moving, x = (new != x).any(dim=1), new
        yield x
        if not bool(moving.any()):
            return


@dataclass(frozen=True)
class Walk:
    """How noisy text is brought back.

    method: "argmax" takes the most probable word of the full posterior at once; "iterate" repeats that map at fixed t,
        up to `steps` times, until nothing moves; "reverse" draws from the reverse process in `steps` steps; "greedy"
        takes its most probable token at each step instead, which moves hardly anything.
    form: "cavity" gives a word no say about itself, in "argmax" and "iterate"; the reverse process leaves no choice.
    """

    method: Method = option("argmax", "how words are brought back", get_args(Method))
    steps: int = option(32, "most steps of that")
    form: Form = option("posterior", "what the best guess is taken from", ("cavity", "posterior"))

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method must be one of {', '.join(get_args(Method))}, but is {self.method!r}.")
        whole_numbers(self, "steps")
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, but is {self.steps}.")
        if self.form != "posterior" and self.method in ("reverse", "greedy"):
            raise ValueError(
                f'The steps of method={self.method!r} leave no choice; form="cavity" is for argmax and iterate.'
            )

    def __call__(
        self, model: Denoiser, xt: torch.Tensor, t: float, generator: torch.Generator | None = None
    ) -> list[torch.Tensor]:
        """Bring noisy sentences xt int64[B, L] at noise level t back; return [xt, ..., end], each int64[B, L].

        "reverse" and "greedy" return only start and end. Random: the draws of "reverse".
        """
        if self.method in ("argmax", "iterate"):
            return list(settle(model, xt, t, 1 if self.method == "argmax" else self.steps, self.form))
        return [xt, end_of(reverse_walk(model, xt, t, self.steps, greedy=self.method == "greedy", generator=generator))]


def choose_tokens(probs: torch.Tensor, greedy: bool, generator: torch.Generator | None) -> torch.Tensor:
    """Pick one token per position from probs [n, L, V]: the most probable one, or a draw."""
    if greedy or probs.numel() == 0:
        return probs.argmax(dim=2) if probs.numel() else probs.new_zeros(probs.shape[:2], dtype=torch.int64)
    return drawn(probs, generator)
