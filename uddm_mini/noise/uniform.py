"""Uniform noise: keep each token with probability alpha(t), else redraw it from all V tokens."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import torch

from uddm_mini.doors import check_sentences

from .base import LEAST_NOISE, Form, Noise, batch_times, checked_form, draw_device, exact_dtype, step_times
from .schedules import Level

MANY_WORDS = 4096  # from here on a step draws from p0 only where a token jumps; below, as ever, from the whole law
GREATEST_FACTOR = 1e9  # float32 ends at 3e38


class UniformNoise(Noise):
    """Uniform-state corruption: q(x_t = b | x_0 = v) = alpha 1[v = b] + (1 - alpha) / V.

    A redrawn token may be the same token again, so "redrawn" and "changed" differ. The NELBO of this noise is that of
    Schiff et al. (2024, UDLM) and Sahoo et al. (2025, Duo); its optimum is the cavity posterior.
    """

    name: ClassVar[str] = "uniform"
    form: ClassVar[Form] = "cavity"

    def replacement(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw uniform tokens, int64 in the shape of x."""
        device = draw_device(generator, x.device)
        return torch.randint(self.vocab_size, x.shape, generator=generator, device=device).to(x.device)

    def other_tokens(self, x: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
        """Draw another token for every token of x, uniform over the V - 1 others."""
        device = draw_device(generator, x.device)
        shift = torch.randint(1, self.vocab_size, x.shape, generator=generator, device=device).to(x.device)
        return (x + shift) % self.vocab_size

    def level_of(self, changed: float) -> float:
        """Return the t with (1 - alpha(t)) (V - 1) / V = changed; 1 where pure noise changes less."""
        return float(self.time_of(1 - changed * self.vocab_size / (self.vocab_size - 1)))

    def likelihood(self, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return q(x_t = xt | x_0 = v) for every v, float64[B, L, V]: alpha 1[v = xt] + (1 - alpha) / V.

        1 - alpha is at least 1e-6 here, so that no word is ever ruled out by its own position.
        """
        check_sentences(xt, "xt", self.vocab_size)
        noise = (1 - self.alpha(batch_times(t, xt, exact_dtype(xt)))).clamp_min(LEAST_NOISE)[:, None, None]
        out = (noise / self.vocab_size).expand(*xt.shape, self.vocab_size).clone()
        return out.scatter_add_(2, xt.unsqueeze(2), (1 - noise).expand(*xt.shape, 1))

    def own_log_odds(self, t: Level, x: torch.Tensor) -> torch.Tensor:
        """Return beta_t = log(1 + alpha V / (1 - alpha)), float64[B], in nats."""
        alpha = self.alpha(batch_times(t, x, exact_dtype(x))).clamp_max(1 - LEAST_NOISE)
        return torch.log1p(alpha * self.vocab_size / (1 - alpha))

    def reverse_step(self, p0: torch.Tensor, xt: torch.Tensor, s: Level, t: Level) -> torch.Tensor:
        """Return q(x_s | x_t, x_0 := p0), probabilities [B, L, V], for 0 <= s < t.

        q(x_s = a | x_t = b) is proportional to q(x_t = b | x_s = a) (alpha_s p0[a] + (1 - alpha_s) / V). It is
        linear in p0 only up to its normalization, so a *mean* prediction p0 gives the exact reverse step only if
        it is the cavity prediction, made without looking at the token itself.
        """
        p0 = self._prediction(p0, xt, "p0")
        alpha_s, alpha_t = step_times(s, t, xt, self.schedule)
        step = alpha_t / alpha_s  # a token survives from s to t with this probability
        # in float32, 1 - step would vanish if s and t are close, and then nothing could move
        redraw, noise_s = (alpha_s - alpha_t) / alpha_s, 1 - alpha_s
        alpha_s, noise_s, step, redraw = (a.to(p0.dtype) for a in (alpha_s, noise_s, step, redraw))
        at_s = alpha_s * p0 + noise_s / self.vocab_size  # [B, L, V]
        here = at_s.gather(2, xt.unsqueeze(2))  # [B, L, 1]
        weighted = (at_s * (redraw / self.vocab_size)).scatter_add_(2, xt.unsqueeze(2), here * step)
        return weighted / weighted.sum(dim=2, keepdim=True)

    def draw_step(
        self, log_p0: torch.Tensor, xt: torch.Tensor, s: Level, t: Level, generator: torch.Generator | None = None
    ) -> torch.Tensor:
        """Draw x_s ~ q(x_s | x_t, x_0 := p0), int64[B, L], from log p0 [B, L, V]; parameters: as in `reverse_step`.

        With many words (4,096) in three throws of the same law, which need no other number [B, L, V] than log p0:

            stay at b with the odds  (alpha_t / alpha_s) (alpha_s p0[b] + (1 - alpha_s) / V)  against
            (1 - alpha_t / alpha_s) / V;  a token that does not stay is drawn from p0 with probability alpha_s, else
            from all words alike.

        Random, from `generator`: a draw for every token.
        """
        if self.vocab_size < MANY_WORDS:
            return super().draw_step(log_p0, xt, s, t, generator)
        log_p0 = self._prediction(log_p0, xt)
        alpha_s, alpha_t = (a[:, :, 0] for a in step_times(s, t, xt, self.schedule))  # [B, 1]
        own = log_p0.gather(2, xt.unsqueeze(2)).squeeze(2).to(alpha_s.dtype).exp()  # [B, L]
        stay = alpha_t / alpha_s * (alpha_s * own + (1 - alpha_s) / self.vocab_size)
        jump = (alpha_s - alpha_t) / alpha_s / self.vocab_size
        place = draw_device(generator, xt.device)
        thrown = torch.rand(2, *xt.shape, generator=generator, dtype=exact_dtype(xt), device=place).to(xt.device)
        moves = thrown[0] * (stay + jump) >= stay
        known = moves & (thrown[1] < alpha_s)
        new = torch.where(moves, self.replacement(xt, generator), xt)
        sums = log_p0[known].exp_().cumsum(dim=1)  # [tokens that are known, V]
        if len(sums):
            aim = torch.rand(len(sums), 1, generator=generator, dtype=sums.dtype, device=place).to(xt.device)
            found = torch.searchsorted(sums, aim * sums[:, -1:], right=True)  # a word without probability adds nothing
            new[known] = found.clamp_max(self.vocab_size - 1).squeeze(1)
        return new

    def nelbo(self, log_p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, t: Level) -> torch.Tensor:
        """Return the integrand of the continuous-time NELBO for every token, float[B, L] >= 0, in nats.

        With u(a) = alpha V p0(a) + 1 - alpha for the prediction and u0(a) for the truth (p0 = one-hot), and b = x_t,
        the reverse process jumps from b to a at a rate proportional to r(a) = u(a) / u(b). The integrand is the KL
        divergence between the two jump processes:

            -alpha' / (alpha V) * sum_a [ r(a) - r0(a) - r0(a) log(r(a) / r0(a)) ]

        1 - alpha counts as at least 1e-6, so that t = 0 has a finite answer; -inf in log_p0 is allowed. Parameters: as
        in `Noise.nelbo`.
        """
        log_p0 = self._prediction(log_p0, xt)
        check_sentences(x0, "x0", self.vocab_size, on_gpu=False)
        t = batch_times(t, x0)
        alpha = self.alpha(t)[:, None].clamp_max(1 - LEAST_NOISE)  # [B, 1]
        return _UniformCost.apply(log_p0, x0, xt, alpha, self.alpha_prime(t)[:, None])

    def convert(self, log_p0: torch.Tensor, xt: torch.Tensor, t: Level, given: Form, wanted: Form) -> torch.Tensor:
        """Convert predictions log_p0 [B, L, V] between cavity and full posterior, both normalized.

        p(x0_l | x_t) is proportional to q(x_t_l | x0_l) p(x0_l | x_t without l). Only the observed token's own
        entry is special: its odds change by the factor e^beta_t = (1 - alpha + alpha V) / (1 - alpha).
        """
        log_p0 = self._prediction(log_p0, xt)
        if checked_form(given) == checked_form(wanted):
            return log_p0
        odds = self.own_log_odds(t, xt).to(log_p0.dtype)[:, None, None]  # [B, 1, 1]
        shift = (odds if wanted == "posterior" else -odds).expand(*xt.shape, 1)
        return log_p0.scatter_add(2, xt.unsqueeze(2), shift).log_softmax(dim=2)

    def guess(self, log_p0: torch.Tensor, xt: torch.Tensor, t: Level, given: Form) -> torch.Tensor:
        """Return the most probable word of the full posterior, int64[B, L]; parameters: as in `convert`.

        From the cavity, nothing needs to be normalized: it is the best word, or x_t if that is better with its odds.
        """
        log_p0 = self._prediction(log_p0, xt)
        if checked_form(given) == "posterior":
            return log_p0.argmax(dim=2)
        best, word = log_p0.max(dim=2)
        odds = self.own_log_odds(t, xt).to(log_p0.dtype)[:, None]  # [B, 1]
        own = log_p0.gather(2, xt.unsqueeze(2)).squeeze(2) + odds
        return torch.where((own > best) | ((own == best) & (xt < word)), xt, word)

    def information(self, t: Level) -> torch.Tensor:
        """Return I(t) = ln V + k ln k + (V - 1) c ln c, with k = alpha + (1 - alpha) / V and c = (1 - alpha) / V."""
        alpha = self.alpha(torch.as_tensor(t, dtype=torch.float64))
        other = (1 - alpha) / self.vocab_size
        entropy = torch.special.entr(alpha + other) + (self.vocab_size - 1) * torch.special.entr(other)
        return math.log(self.vocab_size) - entropy


class _UniformCost(torch.autograd.Function):
    """The NELBO's integrand from logits, with its derivative in closed form: half the passes over [B, L, V].

    In units of `low`, u(a) = 1 + c p(a) with p = softmax(z) and c = alpha V / (1 - alpha). In log u the integrand is

        k [ V / low (1 / u(b) - r0) - r0 (sum_a log u(a) - V log u(b) + c (log u(x0) - log u(b))) + own ],

    k = -alpha' / (alpha V), and d log u(a) / d z(j) = s(a) (1[a = j] - p(j)) with s(a) = c p(a) / u(a).
    """

    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        x0: torch.Tensor,
        xt: torch.Tensor,
        alpha: torch.Tensor,
        alpha_prime: torch.Tensor,
    ) -> torch.Tensor:
        """Return the integrand float[B, L], in nats; alpha and alpha_prime [B, 1]."""
        V = logits.shape[2]
        low = 1 - alpha  # u0 of every token but the true one, [B, 1]
        c, k = alpha * V / low, -alpha_prime / (alpha * V)
        p = logits.softmax(dim=2, dtype=torch.promote_types(logits.dtype, torch.float32))
        u = (p * c.unsqueeze(2)).add_(1)  # [B, L, V]
        both = torch.stack([x0, xt], dim=2)
        at_both = c.unsqueeze(2) * p.gather(2, both)  # [B, L, 2]
        at_truth, at_xt = at_both.log1p().unbind(dim=2)  # log u there, [B, L] each
        unchanged, ratio = x0 == xt, 1 + c  # u0 of the true token is ratio
        r0 = torch.where(unchanged, 1 / ratio, 1.0)  # the true rate to a wrong token; to the right one it is r0 ratio
        # sum_a r0(a) log r(a)
        cross = r0 * (_sum_of_logs(u, c) - V * at_xt + c * (at_truth - at_xt))
        # sum_a r0(a) log r0(a) has V - 1 equal terms when the token is unchanged, and one (at the truth) if it changed
        own = torch.where(unchanged, -(V - 1) / ratio, ratio) * ratio.log()
        jumps = V / low * (torch.exp(-at_xt) - r0)  # sum_a r(a) - sum_a r0(a)
        ctx.save_for_backward(p, u, both, at_both, r0, c, k, low)
        return k * (jumps - cross + own)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the derivative by the logits, [B, L, V]."""
        p, u, both, at_both, r0, c, k, low = ctx.saved_tensors
        V, k = p.shape[2], k * upstream  # [B, L]
        share = at_both / (1 + at_both)  # s at the truth and at xt, [B, L, 2]
        at_xt = r0 * (V + c) - V / low / (1 + at_both[:, :, 1])
        special = torch.stack([-r0 * c, at_xt], dim=2) * share  # of the terms log u(x0) and log u(b)
        inverse = u.reciprocal()  # 1 - s
        total = special.sum(dim=2) - r0 * (V - inverse.sum(dim=2))
        grad = inverse.mul_((-k * r0 * c).unsqueeze(2)).sub_((k * total).unsqueeze(2)).mul_(p)
        return grad.scatter_add_(2, both, special * k.unsqueeze(2)), None, None, None, None


def _sum_of_logs(u: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
    """Return sum_a log u(a), float[B, L], for u = 1 + c p [B, L, V]: logs of products of four, which cost less.

    Four factors are at most (1 + c / 4)^4, for p sums to 1; where that may overflow, each has its own logarithm.
    """
    q = u.shape[2] // 4
    if not q or bool((c > GREATEST_FACTOR).any()):
        return u.log().sum(dim=2)
    first, second, third, fourth, rest = u.split([q, q, q, q, u.shape[2] - 4 * q], dim=2)
    fours = (first * second).mul_(third).mul_(fourth)  # [B, L, V / 4]
    return fours.log_().sum(dim=2) + rest.log().sum(dim=2)
