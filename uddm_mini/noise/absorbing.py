"""Absorbing noise: keep each token with probability alpha(t), else put a mask in its place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from uddm_mini.doors import check_sentences, whole

from .base import LEAST_NOISE, Answer, Form, Noise, batch_times, checked_form, exact_dtype, step_times
from .schedules import Level

CERTAIN = 100.0  # nats that stand for infinity: a word that is seen was never changed


@dataclass(frozen=True)
class AbsorbingNoise(Noise):
    """Masked diffusion: q(x_t | x_0 = v) is alpha at v and 1 - alpha at the mask.

    mask: the id of the mask, by default vocab_size, one beyond the words. A mask among the words is never predicted.

    A word that is seen is known for sure, so its full posterior is that word; what a masked word says about itself is
    nothing, so cavity and full posterior agree there. The NELBO, a weighted cross-entropy on masked words, is that of
    Sahoo et al. (2024, MDLM) and Shi et al. (2024).
    """

    mask: int = -1

    name: ClassVar[str] = "absorbing"
    form: ClassVar[Form] = "posterior"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "mask", whole(self.mask, "mask"))
        if self.mask == -1:
            object.__setattr__(self, "mask", self.vocab_size)
        if not 0 <= self.mask <= self.vocab_size:
            raise ValueError(f"mask must be an id from 0 to vocab_size = {self.vocab_size}, but is {self.mask}.")

    @property
    def extra_tokens(self) -> int:
        """How many ids noisy text has beyond those of clean text: 1 if the mask is none of them."""
        return int(self.mask == self.vocab_size)

    def replacement(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Return masks, int64 in the shape of x."""
        return torch.full_like(x, self.mask)

    def other_tokens(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Return masks, int64 in the shape of x."""
        return torch.full_like(x, self.mask)

    def given(self, x0: torch.Tensor, t: Level, generator: torch.Generator | None = None) -> torch.Tensor:
        """Return the words themselves: whichever are seen, the posterior of the others is the same at every level."""
        return x0

    def level_of(self, changed: float) -> float:
        """Return the t with 1 - alpha(t) = changed; 1 where pure noise changes less."""
        return float(self.time_of(1 - changed))

    def likelihood(self, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return q(x_t = xt | x_0 = v) up to a factor of each token, float64[B, L, V]: 1 at a mask, else 1[v = xt].

        The 0 of this indicator is exp(-100), so that a text that cannot be has an answer, too.
        """
        check_sentences(xt, "xt", self.vocab_size + self.extra_tokens)
        seen = (xt != self.mask).unsqueeze(2)
        words = torch.arange(self.vocab_size, device=xt.device)
        other = seen & (xt.unsqueeze(2) != words)
        return other.to(exact_dtype(xt)).mul(-CERTAIN).exp()

    def own_log_odds(self, t: Level, x: torch.Tensor) -> torch.Tensor:
        """Return 100 nats for every sentence, float64[B], which stand for infinity."""
        return torch.full((len(x),), CERTAIN, dtype=exact_dtype(x), device=x.device)

    def reverse_step(self, p0: torch.Tensor, xt: torch.Tensor, s: Level, t: Level) -> torch.Tensor:
        """Return q(x_s | x_t, x_0 := p0), probabilities [B, L, V + extra_tokens], for 0 <= s < t.

        A mask becomes a word, drawn from p0, with probability (alpha_s - alpha_t) / (1 - alpha_t); a word stays.
        """
        p0 = self._prediction(p0, xt, "p0")
        alpha_s, alpha_t = step_times(s, t, xt, self.schedule)
        shown = ((alpha_s - alpha_t) / (1 - alpha_t)).to(p0.dtype)
        p0 = self._without_mask(p0.log()).exp()
        out = torch.nn.functional.pad(p0 * shown, (0, self.extra_tokens))
        out[:, :, self.mask] = (1 - shown)[:, :, 0].expand(xt.shape)
        stays = torch.nn.functional.one_hot(xt, out.shape[2]).to(out.dtype)
        return torch.where((xt == self.mask).unsqueeze(2), out, stays)

    def nelbo(self, log_p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return the integrand of the continuous-time NELBO for every token, float[B, L] >= 0, in nats.

        -alpha' / (1 - alpha) * -log p0(x_0) at masked tokens, and 0 elsewhere. 1 - alpha counts as at least 1e-6, so
        that t = 0 has a finite answer. Parameters: as in `Noise.nelbo`.
        """
        log_p0 = self._prediction(log_p0, xt)
        check_sentences(x0, "x0", self.vocab_size, on_gpu=False)
        t = batch_times(t, x0)
        weight = -self.alpha_prime(t) / (1 - self.alpha(t)).clamp_min(LEAST_NOISE)
        cost = -self._without_mask(log_p0).log_softmax(dim=2).gather(2, x0.unsqueeze(2)).squeeze(2)
        return torch.where(xt == self.mask, weight[:, None] * cost, torch.zeros_like(cost))

    def convert(self, log_p0: torch.Tensor, xt: torch.Tensor, t: Level, given: Form, wanted: Form) -> torch.Tensor:
        """Convert predictions log_p0 [B, L, V] between cavity and full posterior, both normalized.

        The posterior of a word that is seen is that word. What the others say about it cannot be had from the
        posterior: ValueError, unless every word is masked; `in_form` asks with that word masked instead. Parameters:
        as in `Noise.convert`.
        """
        log_p0 = self._without_mask(self._prediction(log_p0, xt))
        hidden = (xt == self.mask).unsqueeze(2)
        if checked_form(wanted) == "cavity":
            if checked_form(given) == "posterior" and not bool(hidden.all()):
                raise ValueError("The posterior of a word that is seen does not tell its cavity posterior; mask it.")
            return log_p0
        seen = torch.arange(self.vocab_size, device=xt.device) == xt.unsqueeze(2)
        certain = torch.zeros_like(log_p0).masked_fill(~seen, -torch.inf)
        return torch.where(hidden, log_p0, certain)

    def in_form(self, answer: Answer, xt: torch.Tensor, t: torch.Tensor, given: Form, wanted: Form) -> torch.Tensor:
        """Ask `answer`, which predicts as `given`, about xt int64[B, L] at t float[B]; return it as `wanted`.

        The cavity posterior from a model of the posterior takes L questions, each with one more word masked.
        """
        if given == wanted or wanted == "posterior":
            return self.convert(answer(xt, t), xt, t, given, wanted)
        columns = []
        for position in range(xt.shape[1]):
            hidden = xt.clone()
            hidden[:, position] = self.mask
            columns.append(answer(hidden, t)[:, position])
        return self._without_mask(torch.stack(columns, dim=1))

    def information(self, t: Level) -> torch.Tensor:
        """Return I(t) = alpha ln V: a word that is seen tells all, a mask nothing."""
        return self.alpha(torch.as_tensor(t, dtype=torch.float64)) * math.log(self.vocab_size - (1 - self.extra_tokens))

    def _without_mask(self, log_p0: torch.Tensor) -> torch.Tensor:
        """Return predictions that never name the mask."""
        if self.extra_tokens:
            return log_p0
        here = torch.arange(self.vocab_size, device=log_p0.device) == self.mask
        return log_p0.masked_fill(here, -torch.inf).log_softmax(dim=2)
