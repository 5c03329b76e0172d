"""What a denoiser is trained on: the negative evidence lower bound (NELBO), or plain cross-entropy.

The NELBO's optimum is the *cavity* posterior p(x0_l | x_t without token l); cross-entropy's is the *full*
posterior p(x0_l | x_t). Chapter 6 derives both.
"""

from __future__ import annotations

import torch
from torch.nn import functional as F

from .noise import LEAST_NOISE


def nelbo_per_token(
    log_p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, alpha: torch.Tensor, alpha_prime: torch.Tensor
) -> torch.Tensor:
    """Return the integrand of the continuous-time NELBO for every token, float[B, L] >= 0, in nats.

    Averaged over t ~ U(0, 1) and x_t it bounds -log p(x0). With u(a) = alpha V p0(a) + 1 - alpha for the
    prediction and u0(a) for the truth (p0 = one-hot), and b = x_t, the reverse process jumps from b to a at a rate
    proportional to r(a) = u(a) / u(b). The integrand is the KL divergence between the two jump processes:

        -alpha' / (alpha V) * sum_a [ r(a) - r0(a) - r0(a) log(r(a) / r0(a)) ]

    log_p0 [B, L, V] normalized, -inf allowed; x0, xt int64[B, L]; alpha, alpha_prime float[B]. 1 - alpha counts as
    at least 1e-6, so that t = 0 has a finite answer. (Schiff et al. 2024, UDLM; Sahoo et al. 2025, Duo.)
    """
    vocab_size = log_p0.shape[-1]
    alpha = alpha[:, None].clamp_max(1 - LEAST_NOISE)  # [B, 1]
    low = 1 - alpha  # u0 of every token but the true one, [B, 1]
    ratio = 1 + alpha * vocab_size / low  # u0 of the true token, over low
    # log(u / low) = log(1 + alpha V p0 / low) = softplus(log p0 + log(alpha V / low)): one stable pass over [B, L, V]
    log_u = F.softplus(log_p0 + (ratio - 1).log().unsqueeze(2), threshold=40)
    at_truth, at_xt = log_u.gather(2, torch.stack([x0, xt], dim=2)).unbind(dim=2)  # [B, L] each
    unchanged = x0 == xt
    r0 = torch.where(unchanged, 1 / ratio, 1.0)  # the true jump rate to a wrong token; to the right one it is r0 ratio
    # sum_a r0(a) log r(a)
    cross = r0 * (log_u.sum(dim=2) - vocab_size * at_xt + (ratio - 1) * (at_truth - at_xt))
    # sum_a r0(a) log r0(a) has V - 1 equal terms when the token is unchanged, and one (at the truth) when it changed
    own = torch.where(unchanged, -(vocab_size - 1) / ratio, ratio) * ratio.log()
    jumps = vocab_size / low * (torch.exp(-at_xt) - r0)  # sum_a r(a) - sum_a r0(a)
    return -alpha_prime[:, None] / (alpha * vocab_size) * (jumps - cross + own)


def cross_entropy_per_token(log_p0: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
    """Return -log p0(true token) for every token, float[B, L], in nats."""
    return -log_p0.gather(2, x0.unsqueeze(2)).squeeze(2)
