"""What chapter 6 says, by enumeration: Bayes' rule, the objective of one token, and its means, for the checks."""

from __future__ import annotations

import itertools

import torch

from uddm_mini.process.objective import nelbo_per_token


def signal(p0: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return u(a) = alpha V p0(a) + 1 - alpha."""
    return alpha * len(p0) * p0 + 1 - alpha


def two_token_nelbo(language: torch.Tensor, form: str, points: int = 150) -> float:
    """Return the NELBO without K_1 of a two-token language [V, V], in nats: all x_0 and x_t, t = y^2 at midpoints."""
    vocab, total = len(language), 0.0
    cells = list(itertools.product(range(vocab), repeat=2))
    x0 = torch.tensor(cells).repeat_interleave(len(cells), 0)
    xt = torch.tensor(cells).repeat(len(cells), 1)
    prior = language[x0[:, 0], x0[:, 1]]
    for y in ((torch.arange(points, dtype=torch.float64) + 0.5) / points).tolist():
        alpha = 1 - (1 - 1e-3) * y * y
        q = likelihood(vocab, alpha)
        weight = prior * q[x0[:, 0], xt[:, 0]] * q[x0[:, 1], xt[:, 1]]
        p0 = torch.stack([(language @ q)[:, xt[:, 1]].T, (q.T @ language)[xt[:, 0]]], dim=1)  # cavities [81, 2, V]
        if form == "full":
            p0 = p0 * torch.stack([q[:, xt[:, 0]].T, q[:, xt[:, 1]].T], dim=1)
        levels = (torch.full((len(x0),), v, dtype=torch.float64) for v in (alpha, -(1 - 1e-3)))
        cost = nelbo_per_token((p0 / p0.sum(dim=2, keepdim=True)).log(), x0, xt, *levels).sum(dim=1)
        total += float((weight * cost).sum()) * 2 * y / points
    return total


def full_posterior(cavity: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Return the full posterior: Bayes' rule with the likelihood of the observed word b."""
    joint = cavity * likelihood(len(cavity), alpha)[:, b]
    return joint / joint.sum()


def cavity_posterior(posterior: torch.Tensor, b: int, alpha: float) -> torch.Tensor:
    """Undo `full_posterior`."""
    quotient = posterior / likelihood(len(posterior), alpha)[:, b]
    return quotient / quotient.sum()


def likelihood(vocab_size: int, alpha: float) -> torch.Tensor:
    """Return q(b | v), float64[V, V], rows v."""
    return alpha * torch.eye(vocab_size, dtype=torch.float64) + (1 - alpha) / vocab_size


def integrand(p0: torch.Tensor, x0: int, xt: int, alpha: float, slope: float) -> torch.Tensor:
    """Return N_t for one token."""
    numbers = (torch.tensor([v], dtype=torch.float64) for v in (alpha, slope))
    log_p0 = p0.to(torch.float64).log().reshape(1, 1, -1)
    return nelbo_per_token(log_p0, torch.tensor([[x0]]), torch.tensor([[xt]]), *numbers).squeeze()


def mean_cost(p: torch.Tensor, alpha: float, slope: float, form: str) -> float:
    """Return the mean of N_t over x_0 ~ p and x_t; "unweighted" is a mistake: full minus cavity, a plain mean."""
    q, size = likelihood(len(p), alpha), len(p)
    total = 0.0
    for v in range(size):
        for b in range(size):
            full, cavity = (float(integrand(p0, v, b, alpha, slope)) for p0 in (full_posterior(p, b, alpha), p))
            if form == "unweighted":
                total += (full - cavity) / size**2
            else:
                total += float(p[v] * q[v, b]) * (full if form == "full" else cavity)
    return total
