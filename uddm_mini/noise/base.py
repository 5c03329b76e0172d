"""What a noise process offers, whichever it is: nothing else in the package knows which one it has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch

from uddm_mini.doors import check_generator, check_sentences, prediction, whole

from .schedules import Level, Linear, Schedule

LEAST_NOISE = 1e-6  # denoisers treat smaller 1 - alpha as this, so that t = 0 has a finite answer

Form = Literal["cavity", "posterior"]
Answer = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Noise(ABC):
    """A process that corrupts every token on its own: t = 0 is clean text, t = 1 is (almost) pure noise.

    A token is kept with probability alpha(t), else replaced. Clean text has the ids 0 ... vocab_size - 1; noisy text
    may have `extra_tokens` more.
    """

    vocab_size: int
    schedule: Schedule = Linear()

    name: ClassVar[str]
    form: ClassVar[Form]  # of the prediction that `reverse_step` and `nelbo` take, and that the NELBO teaches

    def __post_init__(self) -> None:
        object.__setattr__(self, "vocab_size", whole(self.vocab_size, "vocab_size"))
        if self.vocab_size < 2:
            raise ValueError(f"vocab_size must be at least 2 (one word has no noise), but is {self.vocab_size}.")
        if not isinstance(self.schedule, Schedule):
            raise ValueError(f"schedule must be one such as Linear() or Cosine(), but is {self.schedule!r}.")

    @property
    def extra_tokens(self) -> int:
        """How many ids noisy text has beyond those of clean text."""
        return 0

    def alpha(self, t: Level) -> torch.Tensor:
        """Return the probability that a token was not replaced by time t, in (0, 1]."""
        return self.schedule.alpha(t)

    def alpha_prime(self, t: Level) -> torch.Tensor:
        """Return d alpha / dt, negative."""
        return self.schedule.alpha_prime(t)

    def time_of(self, alpha: Level) -> torch.Tensor:
        """Return the t at which so much signal is left."""
        return self.schedule.time_of(alpha)

    def corrupt(self, x0: torch.Tensor, t: Level, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw x_t ~ q(x_t | x_0): int64[B, L] from x0 int64[B, L] and t, a float or float[B].

        The draws come from `generator` (on the CPU or on x0's device).
        """
        check_sentences(x0, "x0", self.vocab_size)
        alpha = self.alpha(batch_times(t, x0))[:, None]
        keep = torch.rand(x0.shape, generator=generator, device=draw_device(generator, x0.device)).to(x0.device) < alpha
        return torch.where(keep, x0, self.replacement(x0, generator))

    def given(self, x0: torch.Tensor, t: Level, generator: torch.Generator | None = None) -> torch.Tensor:
        """Return what words that are known, x0 int64[B, L], look like in a text at level t: as noisy as the rest."""
        return self.corrupt(x0, t, generator)

    def start(self, n: int, length: int, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw pure noise, int64[n, length], where the reverse walk starts."""
        n, length = whole(n, "n", 0), whole(length, "length", 1)
        return self.replacement(torch.zeros(n, length, dtype=torch.int64, device=draw_device(generator)), generator)

    @abstractmethod
    def replacement(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw what stands in the place of a token that is not kept, int64 in the shape of x."""

    @abstractmethod
    def other_tokens(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw what the noise makes of tokens x that it changes, int64 in the shape of x: never the token itself."""

    @abstractmethod
    def level_of(self, changed: float) -> float:
        """Return the t at which a fraction `changed` of the tokens is expected to differ from the clean text."""

    @abstractmethod
    def likelihood(self, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return q(x_t = xt | x_0 = v) for every v, up to a factor of each token, float64[B, L, V].

        No word is ever ruled out by its own position alone, so that an impossible text has an answer, too.
        """

    @abstractmethod
    def own_log_odds(self, t: Level, x: torch.Tensor) -> torch.Tensor:
        """Return beta_t, float64[B]: by how many nats a token that stands in x raises its own log-odds."""

    @abstractmethod
    def reverse_step(self, p0: torch.Tensor, xt: torch.Tensor, s: Level, t: Level) -> torch.Tensor:
        """Return q(x_s | x_t, x_0 := p0), probabilities [B, L, V + extra_tokens], for 0 <= s < t.

        p0 [B, L, V]: probabilities of the clean token, in the noise's own `form`.
        xt int64[B, L]: the text at noise level t.
        s: the level to go to, as t a number or float[B].
        """

    def draw_step(
        self, log_p0: torch.Tensor, xt: torch.Tensor, s: Level, t: Level, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Draw x_s ~ q(x_s | x_t, x_0 := p0), int64[B, L], from log p0 [B, L, V]; parameters: as in `reverse_step`.

        Random, from `generator`: a draw for every token.
        """
        return drawn(self.reverse_step(log_p0.exp(), xt, s, t), generator)

    @abstractmethod
    def nelbo(self, log_p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return the integrand of the continuous-time NELBO for every token, float[B, L] >= 0, in nats.

        Averaged over t ~ U(0, 1) and x_t it bounds -log p(x0).

        log_p0 [B, L, V]: the prediction in the noise's own `form`: log-probabilities, or logits (normalized here).
        x0 int64[B, L]: the clean text.
        xt int64[B, L]: the text at noise level t, a number or float[B].
        """

    def _prediction(self, log_p0: torch.Tensor, xt: torch.Tensor, name: str = "log_p0") -> torch.Tensor:
        """Return a prediction for xt int64[B, L], in float32 or better; ValueError for one of another vocabulary."""
        words = self.vocab_size + self.extra_tokens
        check_sentences(xt, "xt", words, on_gpu=False)
        return prediction(log_p0, xt, self.vocab_size, name)

    @abstractmethod
    def convert(self, log_p0: torch.Tensor, xt: torch.Tensor, t: Level, given: Form, wanted: Form) -> torch.Tensor:
        """Convert predictions between cavity and full posterior: float[B, L, V] in nats, normalized.

        log_p0 [B, L, V]: the predictions, in the form `given`.
        xt int64[B, L]: the text that they were made for, at noise level t, a number or float[B].
        given, wanted: "cavity" or "posterior".
        """

    def guess(self, log_p0: torch.Tensor, xt: torch.Tensor, t: Level, given: Form) -> torch.Tensor:
        """Return the most probable word of the full posterior, int64[B, L]; parameters: as in `convert`."""
        return self.convert(log_p0, xt, t, given, "posterior").argmax(dim=2)

    @abstractmethod
    def information(self, t: Level) -> torch.Tensor:
        """Return how many nats a noisy token carries about a clean token that is uniform at first, float64."""

    def in_form(self, answer: Answer, xt: torch.Tensor, t: torch.Tensor, given: Form, wanted: Form) -> torch.Tensor:
        """Ask `answer`, which predicts as `given`, about xt int64[B, L] at t float[B]; return it as `wanted`.

        answer: a function of (xt, t) that returns log p0 [B, L, V], normalized.
        given, wanted: "cavity" or "posterior".
        """
        return self.convert(answer(xt, t), xt, t, given, wanted)


def batch_times(t: Level, x: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return t as float[B] on x's device; a number or 0-d tensor is repeated for every sentence of x [B, ...]."""
    if not isinstance(t, torch.Tensor):
        try:
            t = torch.tensor(t, dtype=dtype or torch.get_default_dtype())
        except (TypeError, ValueError, RuntimeError):
            raise TypeError(f"t is a noise level between 0 and 1, a number or float[B], but is {t!r}.") from None
    t = t.to(x.device, dtype or (t.dtype if t.is_floating_point() else torch.get_default_dtype()))
    if t.numel() and not bool(((t >= 0) & (t <= 1)).all()):
        raise ValueError("t is a noise level between 0 (clean) and 1 (noise); a value outside was given.")
    if t.ndim and t.shape != (len(x),):
        raise ValueError(f"t has shape {tuple(t.shape)} for {len(x)} sentences; give one number or one per sentence.")
    return t.expand(len(x))


def step_times(s: Level, t: Level, x: torch.Tensor, schedule: Schedule) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the signals alpha_s and alpha_t of a step from t back to s, float64[B, 1, 1]; ValueError if s >= t."""
    exact = exact_dtype(x)
    s, t = batch_times(s, x, exact), batch_times(t, x, exact)
    if x.numel() and not bool((s < t).all()):
        raise ValueError("The reverse step goes from t to an earlier s, so s must be smaller than t.")
    return schedule.alpha(s)[:, None, None], schedule.alpha(t)[:, None, None]


def drawn(probs: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
    """Draw a token at each place, int64[...], from probabilities [..., V], with the numbers of `generator`."""
    if probs.numel() == 0:
        return probs.new_zeros(probs.shape[:-1], dtype=torch.int64)
    flat = probs.reshape(-1, probs.shape[-1]).to(draw_device(generator, probs.device))
    return torch.multinomial(flat, 1, generator=generator).view(probs.shape[:-1]).to(probs.device)


def draw_device(generator: torch.Generator | None, otherwise: torch.device | str = "cpu") -> torch.device:
    """Return where numbers must be drawn: where `generator` is, or on the device `otherwise` without one."""
    check_generator(generator)
    return torch.device(otherwise) if generator is None else generator.device


def exact_dtype(x: torch.Tensor) -> torch.dtype:
    """Return float64, or float32 where x is on an Apple GPU, which has nothing better."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def checked_form(name: Form) -> Form:
    """Return `name` if it is "cavity" or "posterior"; raise ValueError otherwise."""
    if name not in ("cavity", "posterior"):
        raise ValueError(f'A denoiser predicts "cavity" or "posterior", not {name!r}.')
    return name
