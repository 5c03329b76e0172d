"""Basins without an energy: couplings that make every stored symbol likely given the others."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from uddm_mini.doors import finite, whole

from .attention import sum_by_key
from .base import Network, choose
from .hopfield import both_signs, sweep_spins


class PseudoLikelihoodNetwork(Network):
    """Each unit is a logistic (spins) or softmax (tokens) regression on all the other units, trained on the patterns.

    It minimizes the negative pseudo-likelihood (Besag 1975), -mean_mu sum_l log p(x_l | the others) + l2/2 |J|^2, a
    convex problem, by L-BFGS from J = 0. No step asks J_ij = J_ji, so in general there is no energy; patterns become
    attractors all the same (D'Amico et al., arXiv 2507.05147).

    Spins: p(x_l = +1 | others) = 1 / (1 + exp(-2 h_l)) with h = J x + bias; `weights` is float64[L, L], zero diagonal.
    Tokens: p(x_l = v | others) = softmax_v(h_lv), h_lv = sum_j J_lv,jx_j + bias_lv; `weights` is float64[L V, L V] with
    rows and columns l V + v and zero blocks for j = l. These are the dynamics at temperature 1.

    patterns: spins [n, L] of +1 and -1, or, with vocab_size=V, tokens int64[n, L].
    l2: above 0, or couplings that separate the patterns would grow without end.
    steps: of the optimizer, at most; `history` is the objective in nats per pattern, one value per evaluation.
    bias: whether biases are trained, too; else they are 0.
    symmetric: forces J = J^T, for comparison: then, and only then, there is an energy.

    Deterministic. ValueError on other patterns or l2.
    """

    def __init__(
        self,
        patterns: torch.Tensor,
        *,
        vocab_size: int | None = None,
        l2: float = 1e-3,
        steps: int = 200,
        bias: bool = False,
        symmetric: bool = False,
    ) -> None:
        """Train on the patterns."""
        super().__init__(patterns, vocab_size)
        if not finite(l2, "l2") > 0:
            raise ValueError(f"l2 must be above 0, but is {l2}: without it separable patterns have no best couplings.")
        self.symmetric = symmetric
        tokens = self.to_tokens(patterns)
        size = self.length * (1 if self.spins else self.vocab_size)
        self.weights = torch.zeros(size, size, dtype=torch.float64, device=patterns.device)
        self.bias = torch.zeros(size, dtype=torch.float64, device=patterns.device)
        self.history: list[float] = []
        self._fit(tokens, l2, whole(steps, "steps", 1), bias)

    def _fit(self, tokens: torch.Tensor, l2: float, steps: int, bias: bool) -> None:
        parameters = [self.weights, self.bias] if bias else [self.weights]
        optimizer = torch.optim.LBFGS(
            parameters, max_iter=steps, history_size=5, tolerance_grad=1e-7, tolerance_change=1e-12,
            line_search_fn="strong_wolfe",
        )  # fmt: skip

        def closure() -> float:
            loss, self.weights.grad, self.bias.grad = self.objective(tokens, l2)
            self.history.append(loss)
            return loss

        optimizer.step(closure)
        self.weights.grad = self.bias.grad = None

    def objective(self, tokens: torch.Tensor, l2: float) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Return the objective in nats per pattern and its gradients for `weights` and `bias`, for tokens int64[n, L].

        The gradient is (predicted - observed) at one unit times the symbol at another, averaged over patterns.
        """
        scores = self._scores(tokens)  # [n, L, V]
        log_p = scores.log_softmax(dim=2)
        here = tokens.unsqueeze(2)
        loss = -log_p.gather(2, here).sum() / len(tokens) + l2 / 2 * self.weights.square().sum()
        residual = log_p.exp()
        residual.scatter_add_(2, here, torch.full_like(here, -1, dtype=residual.dtype))  # predicted - observed
        if self.spins:
            residual = residual[:, :, 1] - residual[:, :, 0]  # d loss / d h, [n, L]
            grad = residual.T @ (2 * tokens - 1).double()
        else:
            residual = residual.flatten(1)
            grad = sum_by_key(self._keys(tokens), residual, len(self.weights)).T.contiguous()
        grad = grad / len(tokens)
        block = 1 if self.spins else self.vocab_size
        grad.view(self.length, block, self.length, block).diagonal(dim1=0, dim2=2).zero_()
        if self.symmetric:
            grad = (grad + grad.T) / 2
        return float(loss), grad + l2 * self.weights, residual.mean(dim=0)

    def energy(self, x: torch.Tensor) -> torch.Tensor:
        """Return E(x) = -1/2 x J x - bias x, float64[B], if the couplings were trained symmetric; else TypeError."""
        if not self.symmetric:
            gap = float((self.weights - self.weights.T).abs().max())
            raise TypeError(
                f"This network has no energy: its couplings are not symmetric (J_ij - J_ji is up to {gap:.2g}), so "
                "flipping units i and j and then flipping both back does not add up to zero (see loop_work). "
                "Its basins need none. Ask for `scores`, `margin` or `log_likelihood`, or train with symmetric=True."
            )
        tokens = self.to_tokens(x)
        if self.spins:
            return -((self._scores(tokens)[:, :, 1] + self.bias) * x).sum(dim=1) / 2
        own = self._scores(tokens).gather(2, tokens.unsqueeze(2)).squeeze(2)  # [B, L]
        return -(own + self.bias[self._keys(tokens)]).sum(dim=1) / 2

    def asymmetry(self) -> float:
        """Return |J - J^T| / |J + J^T|, 0 for symmetric couplings and 1 if half of J is the negative of the other."""
        return float((self.weights - self.weights.T).norm() / (self.weights + self.weights.T).norm())

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return the field for every symbol of every unit, float64[B, L, V]; p(x_l | others) is their softmax."""
        return self._scores(self.to_tokens(x))

    def log_likelihood(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l | the other units), float64[B, L], in nats."""
        tokens = self.to_tokens(x)
        return self._scores(tokens).log_softmax(dim=2).gather(2, tokens.unsqueeze(2)).squeeze(2)

    def margin(self, x: torch.Tensor) -> torch.Tensor:
        """Return the distance of x to each unit's decision boundary, float64[B, L]; x is stable where it is above 0.

        spins: x_l h_l / |J_l| (Gardner 1988). tokens: the smallest (h_own - h_v) / |J_l,own - J_l,v| over other v.
        """
        tokens = self.to_tokens(x)
        scores = self._scores(tokens)
        tiny = torch.finfo(torch.float64).tiny
        if self.spins:
            return scores[:, :, 1] * x / self.weights.norm(dim=1).clamp_min(tiny)
        rows = self.weights.unflatten(0, (self.length, self.vocab_size))  # [L, V, L V]
        distance = torch.cdist(rows, rows)[torch.arange(self.length), tokens]  # [B, L, V], from the own symbol
        here = tokens.unsqueeze(2)
        ratio = (scores.gather(2, here) - scores) / distance.clamp_min(tiny)
        return ratio.scatter(2, here, torch.inf).amin(dim=2)

    def _sweep(
        self, tokens: torch.Tensor, order: list[int], temperature: float, generator: torch.Generator | None
    ) -> torch.Tensor:
        if self.spins:
            return sweep_spins(self.weights, self.bias, tokens, order, temperature, generator)
        rows = self.weights.unflatten(0, (self.length, self.vocab_size))  # [L, V, L V]
        bias = self.bias.unflatten(0, (self.length, self.vocab_size))  # [L, V]
        tokens = tokens.clone()
        for unit in order:
            scores = F.embedding_bag(self._keys(tokens), rows[unit].T.contiguous(), mode="sum") + bias[unit]
            tokens[:, unit] = choose(scores, tokens[:, unit], temperature, generator)
        return tokens

    def _scores(self, tokens: torch.Tensor) -> torch.Tensor:
        if self.spins:
            return both_signs((2 * tokens - 1).double() @ self.weights.T + self.bias)
        keys = self._keys(tokens)
        fields = F.embedding_bag(keys, self.weights.T.contiguous(), mode="sum") + self.bias
        return fields.unflatten(1, (self.length, self.vocab_size))  # [B, L, V]

    def _keys(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens + torch.arange(self.length, device=tokens.device) * self.vocab_size
