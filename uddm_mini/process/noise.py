"""The forward process: keep each token with probability alpha(t), else redraw it from all V tokens."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch

LEAST_ALPHA = 1e-3  # the signal that is left at t = 1, so that no logarithm or ratio is ever infinite
LEAST_NOISE = 1e-6  # denoisers treat smaller 1 - alpha as this, so that t = 0 has a finite answer

Predicts = Literal["cavity", "posterior"]


@dataclass(frozen=True)
class UniformNoise:
    """Uniform-state corruption with a schedule: t = 0 is clean text, t = 1 is (almost) pure noise.

    Each token is kept with probability alpha(t), else replaced by a uniform draw from all `vocab_size` tokens,
    which may be the same token again. So "resampled" and "changed" differ.

    linear: alpha(t) = 1 - (1 - 1e-3) t.  cosine: alpha(t) = 1e-3 + (1 - 1e-3) cos(pi t / 2)^2.
    """

    vocab_size: int
    schedule: Literal["linear", "cosine"] = "linear"

    def __post_init__(self) -> None:
        if self.vocab_size < 2:
            raise ValueError(f"vocab_size must be at least 2 (one word has no noise), but is {self.vocab_size}.")
        if self.schedule not in ("linear", "cosine"):
            raise ValueError(f'schedule must be "linear" or "cosine", but is {self.schedule!r}.')

    def alpha(self, t: torch.Tensor) -> torch.Tensor:
        """Return the probability that a token was not resampled by time t, in (0, 1]."""
        if self.schedule == "linear":
            return 1 - (1 - LEAST_ALPHA) * t
        return LEAST_ALPHA + (1 - LEAST_ALPHA) * torch.cos(math.pi / 2 * t) ** 2

    def alpha_prime(self, t: torch.Tensor) -> torch.Tensor:
        """Return d alpha / dt (negative)."""
        if self.schedule == "linear":
            return torch.full_like(t, -(1 - LEAST_ALPHA))
        return -(1 - LEAST_ALPHA) * (math.pi / 2) * torch.sin(math.pi * t)

    def corrupt(
        self, x0: torch.Tensor, t: torch.Tensor | float, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Draw x_t ~ q(x_t | x_0): int64[B, L] from x0 int64[B, L] and t, a float or float[B].

        The draws come from `generator` (on the CPU or on x0's device).
        """
        if x0.ndim != 2:  # of one sentence [L] a square [L, L] would be made, one noise level for each word
            raise ValueError(f"x0 has shape {list(x0.shape)}; give sentences int64[B, L], a single one as x0[None].")
        alpha = self.alpha(batch_times(t, x0))[:, None]
        device = draw_device(generator, x0.device)
        keep = torch.rand(x0.shape, generator=generator, device=device).to(x0.device) < alpha
        redrawn = torch.randint(self.vocab_size, x0.shape, generator=generator, device=device).to(x0.device)
        return torch.where(keep, x0, redrawn)

    def likelihood(self, xt: torch.Tensor, t: torch.Tensor | float) -> torch.Tensor:
        """Return q(x_t = xt | x_0 = v) for every v, float64[B, L, V]: alpha 1[v = xt] + (1 - alpha) / V.

        1 - alpha is at least 1e-6 here, so that no word is ever ruled out by its own position.
        """
        noise = (1 - self.alpha(batch_times(t, xt, exact_dtype(xt)))).clamp_min(LEAST_NOISE)[:, None, None]
        out = (noise / self.vocab_size).expand(*xt.shape, self.vocab_size).clone()
        return out.scatter_add_(2, xt.unsqueeze(2), (1 - noise).expand(*xt.shape, 1))

    def posterior(
        self, p0: torch.Tensor, xt: torch.Tensor, s: torch.Tensor | float, t: torch.Tensor | float
    ) -> torch.Tensor:
        """Return q(x_s | x_t, x_0 := p0), probabilities [B, L, V], for 0 <= s < t.

        q(x_s = a | x_t = b) is proportional to q(x_t = b | x_s = a) (alpha_s p0[a] + (1 - alpha_s) / V). It is
        linear in p0 only up to its normalisation, so a *mean* prediction p0 gives the exact reverse step only if
        it is the cavity prediction (made without looking at token l). See chapter 7.
        """
        exact = exact_dtype(xt)
        s, t = batch_times(s, xt, exact), batch_times(t, xt, exact)
        if p0.numel() and not bool((s < t).all()):
            raise ValueError("The reverse step goes from t to an earlier s, so s must be smaller than t.")
        alpha_s, alpha_t = self.alpha(s)[:, None, None], self.alpha(t)[:, None, None]
        step = alpha_t / alpha_s  # a token survives from s to t with this probability
        # in float32, 1 - step would vanish if s and t are close, and then nothing could move
        redraw, noise_s = (alpha_s - alpha_t) / alpha_s, 1 - alpha_s
        alpha_s, noise_s, step, redraw = (a.to(p0.dtype) for a in (alpha_s, noise_s, step, redraw))
        at_s = alpha_s * p0 + noise_s / self.vocab_size  # [B, L, V]
        here = at_s.gather(2, xt.unsqueeze(2))  # [B, L, 1]
        weighted = (at_s * (redraw / self.vocab_size)).scatter_add_(2, xt.unsqueeze(2), here * step)
        return weighted / weighted.sum(dim=2, keepdim=True)


def batch_times(t: torch.Tensor | float, x: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Return t as float[B] on x's device; a number or 0-d tensor is repeated for every sentence of x [B, ...]."""
    if not isinstance(t, torch.Tensor):
        t = torch.tensor(t, dtype=dtype or torch.get_default_dtype())
    t = t.to(x.device, dtype or (t.dtype if t.is_floating_point() else torch.get_default_dtype()))
    if t.numel() and not bool(((t >= 0) & (t <= 1)).all()):
        raise ValueError("t is a noise level between 0 (clean) and 1 (noise); a value outside was given.")
    if t.ndim and t.shape != (len(x),):
        raise ValueError(f"t has shape {tuple(t.shape)} for {len(x)} sentences; give one number or one per sentence.")
    return t.expand(len(x))


def draw_device(generator: torch.Generator | None, otherwise: torch.device | str = "cpu") -> torch.device:
    """Return where numbers must be drawn: where `generator` is, or on the device `otherwise` without one."""
    return torch.device(otherwise) if generator is None else generator.device


def exact_dtype(x: torch.Tensor) -> torch.dtype:
    """Return float64, or float32 where x is on an Apple GPU, which has nothing better."""
    return torch.float32 if x.device.type == "mps" else torch.float64


def checked_predicts(name: Predicts) -> Predicts:
    """Return `name` if it is "cavity" or "posterior"; raise ValueError otherwise."""
    if name not in ("cavity", "posterior"):
        raise ValueError(f'A denoiser predicts "cavity" or "posterior", not {name!r}.')
    return name


def convert(
    log_p0: torch.Tensor,
    xt: torch.Tensor,
    t: torch.Tensor | float,
    noise: UniformNoise,
    given: Predicts,
    wanted: Predicts,
) -> torch.Tensor:
    """Convert predictions log_p0 [B, L, V] between cavity and full posterior, both normalised.

    p(x0_l | x_t) is proportional to q(x_t_l | x0_l) p(x0_l | x_t without l). Only the observed token's own
    entry is special: its odds change by the factor (1 - alpha + alpha V) / (1 - alpha).
    """
    if checked_predicts(given) == checked_predicts(wanted):
        return log_p0
    odds = own_token_log_odds(noise, t, xt).to(log_p0.dtype)[:, None, None]  # [B, 1, 1]
    shift = (odds if wanted == "posterior" else -odds).expand(*xt.shape, 1)
    return log_p0.scatter_add(2, xt.unsqueeze(2), shift).log_softmax(dim=2)


def own_token_log_odds(noise: UniformNoise, t: torch.Tensor | float, x: torch.Tensor) -> torch.Tensor:
    """Return beta_t = log(1 + alpha V / (1 - alpha)), float64[B]: how much a token speaks for itself, in nats."""
    alpha = noise.alpha(batch_times(t, x, exact_dtype(x))).clamp_max(1 - LEAST_NOISE)
    return torch.log1p(alpha * noise.vocab_size / (1 - alpha))
