"""What predicts clean words: it answers (xt, t), and carries its noise, the form of its answer and its batch size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch

from .doors import check_sentences
from .noise.base import Form, Noise, batch_times, checked_form
from .noise.schedules import Level
from .parallel import go_on

NORMALIZED = 1e-3  # how far log sum_v p0(v) may be from 0, in nats; float32 stays within 1e-6
HALF_PRECISION = 8  # bfloat16 rounds a log-probability near -10 by up to 4 times its epsilon

Reduce = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]


class Denoiser:
    """A denoiser answers (xt int64[B, L], t float[B]) with log p0 float[B, L, V], in nats, normalized over words.

    A subclass defines that call, and sets what belongs to it:

    noise: the process that it undoes; it knows how many words V there are.
    predicts: "cavity", p(x_0^l | x_t without token l), or "posterior", p(x_0^l | x_t).
    batch_size: of how many sentences at a time it is asked.

    Samplers and probes ask for `cavity`, `posterior` or `best_guess`, which ask in batches, convert and check.
    """

    noise: Noise
    predicts: Form
    batch_size: int = 1024

    @property
    def device(self) -> torch.device:
        """Return where the weights are; the CPU for a denoiser without any."""
        return weights_at(self, torch.device("cpu"))

    def cavity(self, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return log p(x_0^l | x_t without token l), float[B, L, V], for xt int64[B, L] at t, a number or float[B]."""
        return self.mapped(xt, t, "cavity")

    def posterior(self, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return log p(x_0^l | x_t), float[B, L, V], for xt int64[B, L] at t, a number or float[B]."""
        return self.mapped(xt, t, "posterior")

    def best_guess(self, xt: torch.Tensor, t: Level, form: Form = "posterior") -> torch.Tensor:
        """Return the most probable word at every position, int64[B, L], for xt int64[B, L] at t, by the given form."""
        if form == "posterior":  # which needs no conversion of all words, and takes one question under any noise
            given = checked_form(self.predicts)
            return self.mapped(xt, t, given, lambda log_p0, xt, t: self.noise.guess(log_p0, xt, t, given))
        return self.mapped(xt, t, form, lambda log_p0, *_: log_p0.argmax(dim=2))

    def mapped(self, xt: torch.Tensor, t: Level, form: Form, reduce: Reduce | None = None) -> torch.Tensor:
        """Return the answer to xt int64[B, L] in one form, float[B, L, V] in nats, asked for batch by batch.

        t: a number or float[B].
        form: "cavity" or "posterior", whichever the denoiser predicts itself.
        reduce: if given, what reduce(log_p0, xt, t) makes of each batch is returned instead, put together, so that no
            more than one batch of log-probabilities [batch_size, L, V] is in memory.

        Without gradient. ValueError for other shapes, or an answer that is not normalized.
        """
        check_sentences(xt, "xt", self.noise.vocab_size + self.noise.extra_tokens)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, but is {self.batch_size}.")
        given, wanted = checked_form(self.predicts), checked_form(form)
        parts = []
        with torch.no_grad():
            for part, level in zip(xt.split(self.batch_size), batch_times(t, xt).split(self.batch_size), strict=True):
                go_on()
                log_p0 = self.noise.in_form(self._answer, part, level, given, wanted)
                parts.append(log_p0 if reduce is None else reduce(log_p0, part, level))
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _answer(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Ask once, where the weights are; ValueError unless the answer is a normalized prediction for every token.

        To stay cheap, the sum over words is looked at in the first sentence only.
        """
        place = weights_at(self, xt.device)
        log_p0 = self(xt.to(place), t.to(place))  # type: ignore[operator]
        return checked_answer(log_p0, xt, self.noise.vocab_size)


class Wrapped(Denoiser):
    """A model from elsewhere as a denoiser: any function of (xt int64[B, L], level) that returns float[B, L, V].

    noise: the process that it undoes.
    predicts: what it was trained to answer, "cavity" or "posterior".
    batch_size: of how many sentences at a time it is asked.
    takes: how the function is told the noise level, float[B]: "t", "sigma" = -log alpha(t), or "alpha".
    logits: True if what it returns is not normalized; False for log-probabilities in nats.

    A `torch.nn.Module` is asked where its weights are. Half-precision answers are added up in float32.
    """

    def __init__(
        self,
        function: Callable[..., torch.Tensor],
        noise: Noise,
        predicts: Form,
        *,
        batch_size: int = 1024,
        takes: Literal["t", "sigma", "alpha"] = "t",
        logits: bool = False,
    ) -> None:
        """Wrap the function; ValueError if `predicts` or `takes` is none of the words above."""
        if takes not in ("t", "sigma", "alpha"):
            raise ValueError(f'takes is "t", "sigma" or "alpha", how the model is told the noise level; not {takes!r}.')
        self.function, self.noise, self.predicts = function, noise, checked_form(predicts)
        self.batch_size, self.takes, self.logits = batch_size, takes, logits

    @property
    def device(self) -> torch.device:
        """Return where the weights of a wrapped module are; the CPU for another function."""
        return weights_at(self.function, torch.device("cpu"))

    def __call__(self, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log p0 [B, L, V] for xt int64[B, L] at t float[B]."""
        place = weights_at(self.function, xt.device)
        level = t
        if self.takes != "t":
            alpha = self.noise.alpha(t)
            level = alpha if self.takes == "alpha" else -alpha.log()
        out = self.function(xt.to(place), level.to(place))
        if not self.logits or not isinstance(out, torch.Tensor):
            return out
        return out.to(torch.promote_types(out.dtype, torch.float32)).log_softmax(dim=-1)


def weights_at(model: object, otherwise: torch.device) -> torch.device:
    """Return where the weights of a `torch.nn.Module` are; `otherwise` for anything without weights."""
    weight = next(model.parameters(), None) if isinstance(model, torch.nn.Module) else None
    return otherwise if weight is None else weight.device


def checked_device(device: str) -> torch.device:
    """Return the torch device, or say in one sentence why it can't be had."""
    try:
        place = torch.device(device)
    except (RuntimeError, TypeError):
        place = None
    if place is None or place.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f'{device!r} is no device that is known here; use device="cpu", "cuda" or "mps".')
    if place.type == "cuda" and not (place.index or 0) < torch.cuda.device_count():
        raise ValueError(f'PyTorch finds {torch.cuda.device_count()} CUDA GPUs, and not {device!r}; use device="cpu".')
    if place.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError('No Apple GPU is available to PyTorch here; use device="cpu".')
    return place


def checked_answer(log_p0: torch.Tensor, xt: torch.Tensor, vocab_size: int) -> torch.Tensor:
    """Return a denoiser's answer on xt's device, in float32 or better; ValueError if it breaks the contract."""
    if not isinstance(log_p0, torch.Tensor) or not log_p0.is_floating_point():
        kind = log_p0.dtype if isinstance(log_p0, torch.Tensor) else type(log_p0).__name__
        raise ValueError(f"A denoiser returns a tensor of log-probabilities [B, L, V]; this one returned {kind}.")
    if log_p0.shape != (*xt.shape, vocab_size):
        raise ValueError(
            f"The denoiser answered {list(log_p0.shape)} for sentences {list(xt.shape)}; it must be [B, L, V], one "
            f"log-probability for each of the {vocab_size} words at every position."
        )
    off = log_p0[:1].float().logsumexp(dim=2).abs()  # NaN compares as False, too
    if not bool((off < max(NORMALIZED, HALF_PRECISION * torch.finfo(log_p0.dtype).eps)).all()):
        raise ValueError(
            "The denoiser's answer is not made of normalized log-probabilities (or it holds NaN); if these are logits, "
            "end the denoiser with .log_softmax(dim=2), or wrap it with logits=True."
        )
    # half precision is for storing answers, not for adding them up
    return log_p0.to(xt.device, torch.promote_types(log_p0.dtype, torch.float32))
