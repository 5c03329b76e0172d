"""What a denoiser is trained on: the negative evidence lower bound (NELBO), or plain cross-entropy.

The NELBO's optimum is the *cavity* posterior p(x0_l | x_t without token l); cross-entropy's is the *full*
posterior p(x0_l | x_t). Chapter 6 derives both.
"""

from __future__ import annotations

import torch


def nelbo_per_token(
    log_p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, alpha: torch.Tensor, alpha_prime: torch.Tensor
) -> torch.Tensor:
    """Return the integrand of the continuous-time NELBO for every token, float[B, L] >= 0, in nats.

    Averaged over t ~ U(0, 1) and x_t it bounds -log p(x0). With u(a) = alpha V p0(a) + 1 - alpha for the
    prediction and u0(a) for the truth (p0 = one-hot), and b = x_t, the reverse process jumps from b to a at a rate
    proportional to r(a) = u(a) / u(b). The integrand is the KL divergence between the two jump processes:

        -alpha' / (alpha V) * sum_a [ r(a) - r0(a) - r0(a) log(r(a) / r0(a)) ]

    log_p0 [B, L, V] normalised; x0, xt int64[B, L]; alpha, alpha_prime float[B]. (Schiff et al. 2024, UDLM,
    eq. 18; Sahoo et al. 2025, Duo.)
    """
    vocab_size = log_p0.shape[-1]
    alpha = alpha[:, None]  # [B, 1]
    low = 1 - alpha  # u0 of every token but the true one, [B, 1]
    high = low + alpha * vocab_size  # u0 of the true token
    u = torch.add(low.unsqueeze(2), log_p0.exp() * (alpha.unsqueeze(2) * vocab_size))  # [B, L, V], sums to V
    log_u = u.log()
    at_truth = log_u.gather(2, x0.unsqueeze(2)).squeeze(2)  # [B, L]
    at_xt = log_u.gather(2, xt.unsqueeze(2)).squeeze(2)
    unchanged = x0 == xt
    u0_xt = torch.where(unchanged, high, low)
    # sum_a r0(a) log r(a): r0 is low / u0_xt everywhere, and high / u0_xt at the truth
    cross = (low * (log_u.sum(dim=2) - vocab_size * at_xt) + (high - low) * (at_truth - at_xt)) / u0_xt
    # sum_a r0(a) log r0(a) has one term when the token changed (at the truth) and V - 1 when it did not
    log_ratio = torch.log(high / low)
    own = torch.where(unchanged, -(vocab_size - 1) * low / high * log_ratio, high / low * log_ratio)
    jumps = vocab_size * (torch.exp(-at_xt) - 1 / u0_xt)  # sum_a r(a) - sum_a r0(a)
    return -alpha_prime[:, None] / (alpha * vocab_size) * (jumps - cross + own)


def cross_entropy_per_token(log_p0: torch.Tensor, x0: torch.Tensor) -> torch.Tensor:
    """Return -log p0(true token) for every token, float[B, L], in nats."""
    return -log_p0.gather(2, x0.unsqueeze(2)).squeeze(2)
