"""New text: walk from pure noise to clean words, whole sentences or what is left open, mended by Gibbs steps."""

from __future__ import annotations

import torch

from .denoiser import Denoiser
from .doors import check_sentences, check_tensor, whole
from .noise.base import batch_times, draw_device
from .noise.schedules import Level
from .walks import choose_tokens, end_of, walk_through


def sample(
    model: Denoiser,
    n: int,
    length: int,
    steps: int = 64,
    *,
    corrections: int = 0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Write n sentences of `length` tokens, int64[n, length]: walk the reverse process from pure noise to t = 0.

    steps: of the walk, all equally long in t; see `reverse_walk`.
    corrections: Gibbs steps after each of them, see `gibbs`; each asks the model once more.

    Random, from `generator`: the noise and every step.
    """
    n, length = whole(n, "n"), whole(length, "length")
    if n < 0 or length < 1:
        raise ValueError(f"n must be at least 0 and length at least 1, but they are {n} and {length}.")
    start = model.noise.start(n, length, generator).to(model.device)
    return _written(model, start, None, steps, corrections, generator)


def fill(
    model: Denoiser,
    x: torch.Tensor,
    known: torch.Tensor,
    steps: int = 64,
    *,
    corrections: int = 0,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Write the words of x int64[B, L] that are not known, bool[B, L], given the others; return int64[B, L].

    It is the walk of `sample`, on which the known words are as noisy as the rest. A step cannot look ahead to how they
    end, so that without corrections the rest follows them too little; each Gibbs step mends one word of it. How much
    is left of that with as many corrections as words, `entropy_along` says.

    steps, corrections: as in `sample`; a correction redraws a word that is not known.

    Random, from `generator`: the noise and every step.
    """
    check_sentences(x, "x", model.noise.vocab_size + model.noise.extra_tokens)
    check_tensor(known, "known", "a tensor bool[B, L]")
    if known.shape != x.shape or known.dtype != torch.bool:
        raise ValueError(f"known must be bool{list(x.shape)} as x, but is {known.dtype}{list(known.shape)}.")
    known, x = known.to(model.device), x.to(model.device)
    start = torch.where(known, x, model.noise.start(len(x), x.shape[1], generator).to(model.device))
    return _written(model, start, known, steps, corrections, generator)


def _written(
    model: Denoiser,
    x: torch.Tensor,
    known: torch.Tensor | None,
    steps: int,
    corrections: int,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Walk from pure noise x int64[n, L] to t = 0; words that are `known`, bool[n, L], are clean in x and stay so."""
    steps, corrections = whole(steps, "steps"), whole(corrections, "corrections")
    if steps < 1 or corrections < 0:
        raise ValueError(f"steps must be at least 1 and corrections at least 0; they are {steps} and {corrections}.")
    clean = x

    def held(x: torch.Tensor, t: float) -> torch.Tensor:
        """Put the known words back, as noisy as level t."""
        return x if known is None else torch.where(known, model.noise.given(clean, t, generator), x)

    x = held(x, 1.0)
    for i in range(steps):
        t, s = 1 - i / steps, 1 - (i + 1) / steps
        x = held(end_of(walk_through(model, x, [t, s], False, generator)), s)
        if corrections:
            x = gibbs(model, x, s, corrections, known, generator=generator)
    return x


def gibbs(
    model: Denoiser,
    x: torch.Tensor,
    t: Level,
    rounds: int = 1,
    known: torch.Tensor | None = None,
    *,
    generator: torch.Generator | None = None,
) -> torch.Tensor:
    """Redraw words of noisy sentences x int64[B, L] at level t, one of each sentence in each round, given the others.

    The clean word is drawn from the cavity posterior, then sent through the noise again: that is p(x_t^l | x_t without
    l), so a perfect model leaves the distribution of x_t as it is, and mends what a step that was too long has broken
    (Gourevitch et al. 2026).

    known: words that are never redrawn, bool[B, L]; a sentence without any other stays as it is.

    Random, from `generator`: the places, the words and their noise. ValueError unless rounds is at least 1.
    """
    check_sentences(x, "xt", model.noise.vocab_size + model.noise.extra_tokens)
    if whole(rounds, "rounds") < 1:
        raise ValueError(f"rounds must be at least 1, but is {rounds}.")
    t, rows, x = batch_times(t, x), torch.arange(len(x), device=x.device), x.clone()
    for _ in range(rounds):
        place = _places(x, known, generator)
        p0 = _at(model, x, t, place).exp()  # [B, V]
        word = choose_tokens(p0.unsqueeze(1), False, generator)  # [B, 1]
        new = model.noise.corrupt(word, t, generator).squeeze(1)
        x[rows, place] = new if known is None else torch.where(known[rows, place], x[rows, place], new)
    return x


def _at(model: Denoiser, x: torch.Tensor, t: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Return the cavity prediction at one place int64[B] of each sentence, float[B, V], and keep no more of a batch."""
    parts = []
    for here in torch.arange(len(x), device=x.device).split(max(1, model.batch_size)):  # `mapped` names a wrong one

        def there(log_p0: torch.Tensor, *_: torch.Tensor, place: torch.Tensor = place[here]) -> torch.Tensor:
            return log_p0[torch.arange(len(place), device=place.device), place]

        parts.append(model.mapped(x[here], t[here], "cavity", there))
    return torch.cat(parts) if parts else model.cavity(x, t)[:, 0]


def _places(x: torch.Tensor, known: torch.Tensor | None, generator: torch.Generator | None) -> torch.Tensor:
    """Draw one place of each sentence that is not known, int64[B]; any place where all are."""
    if known is None:
        return torch.randint(x.shape[1], (len(x),), generator=generator, device=draw_device(generator)).to(x.device)
    odds = torch.rand(x.shape, generator=generator, device=draw_device(generator)).to(x.device)
    return odds.masked_fill(known, -1.0).argmax(dim=1)
