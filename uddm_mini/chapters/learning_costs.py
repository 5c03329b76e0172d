"""What learning to denoise costs, by enumeration: the objective of one token, and its means, for the checks."""

from __future__ import annotations

import itertools

import torch

from .corruption import noise_table


def signal(p0: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return u(a) = alpha V p0(a) + 1 - alpha."""
    return alpha * p0.shape[-1] * p0 + 1 - alpha


def divergence(q: torch.Tensor, p: torch.Tensor) -> float:
    """Return KL(q || p) of two rows of weights [V], each divided by its sum first."""
    q, p = q / q.sum(), p / p.sum()
    return float((torch.special.xlogy(q, q) - torch.special.xlogy(q, p)).sum())


def integrand(p0: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, alpha: float, slope: float) -> torch.Tensor:
    """Return N_t for every token, [...], from the ratios u(a) / u(b) of the prediction p0 [..., V] and of x0 itself."""
    vocab = p0.shape[-1]
    said, true = signal(p0, alpha), signal(torch.nn.functional.one_hot(x0, vocab).to(p0.dtype), alpha)
    ratio, best = (u / u.gather(-1, xt[..., None]) for u in (said, true))
    return -slope / (alpha * vocab) * (ratio - best + best * (best / ratio).log()).sum(dim=-1)


def full_posterior(cavity: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Return the full posterior: Bayes' rule with the likelihood of the observed word b."""
    joint = cavity * noise_table(alpha, len(cavity))[:, b]
    return joint / joint.sum()


def cavity_posterior(posterior: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Undo `full_posterior`."""
    quotient = posterior / noise_table(alpha, len(posterior))[:, b]
    return quotient / quotient.sum()


def mean_costs(p: torch.Tensor, alpha: float, slope: float) -> dict[str, float]:
    """Return the mean of N_t over x_0 ~ p and x_t for both forms; "unweighted": full minus cavity, a plain mean."""
    vocab = len(p)
    x0, xt = torch.cartesian_prod(torch.arange(vocab), torch.arange(vocab)).T
    weight = p[x0] * noise_table(alpha, vocab)[x0, xt]
    posteriors = torch.stack([full_posterior(p, b, alpha) for b in range(vocab)])
    full, cavity = (integrand(p0, x0, xt, alpha, slope) for p0 in (posteriors[xt], p.expand(len(x0), vocab)))
    costs = {"full": (weight * full).sum(), "cavity": (weight * cavity).sum(), "unweighted": (full - cavity).mean()}
    return {form: float(cost) for form, cost in costs.items()}


def two_token_nelbo(language: torch.Tensor, form: str, points: int = 150) -> float:
    """Return the NELBO less KL_end of a two-token language [V, V], in nats: all x_0 and x_t, t = y^2 at midpoints."""
    vocab, total = len(language), 0.0
    cells = torch.tensor(list(itertools.product(range(vocab), repeat=2)))
    x0, xt = cells.repeat_interleave(len(cells), 0), cells.repeat(len(cells), 1)
    for y in ((torch.arange(points, dtype=torch.float64) + 0.5) / points).tolist():
        alpha = 1 - (1 - 1e-3) * y * y
        q = noise_table(alpha, vocab)
        weight = language[x0[:, 0], x0[:, 1]] * q[x0[:, 0], xt[:, 0]] * q[x0[:, 1], xt[:, 1]]
        p0 = torch.stack([(language @ q)[:, xt[:, 1]].T, (q.T @ language)[xt[:, 0]]], dim=1)  # cavities [81, 2, V]
        if form == "full":
            p0 = p0 * torch.stack([q[:, xt[:, 0]].T, q[:, xt[:, 1]].T], dim=1)
        cost = integrand(p0 / p0.sum(dim=2, keepdim=True), x0, xt, alpha, -(1 - 1e-3)).sum(dim=1)
        total += float((weight * cost).sum()) * 2 * y / points
    return total
