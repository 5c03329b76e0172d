"""Hopfield networks: symmetric couplings between spins, and therefore an energy."""

from __future__ import annotations

from typing import Literal

import torch

from .base import TIE, Network, choose

Rule = Literal["hebb", "projection"]


class HopfieldNetwork(Network):
    """Spins x in {-1, +1}^N with symmetric couplings J, no self-coupling, and E(x) = -1/2 sum_ij J_ij x_i x_j.

    hebb: J_ij = 1/N sum_mu xi_mu,i xi_mu,j for patterns xi [P, N] (Hopfield 1982), which holds about 0.138 N random
    patterns (Amit, Gutfreund and Sompolinsky 1985). projection: J projects onto the span of the patterns (Personnaz,
    Guyon and Dreyfus 1985; Kanter and Sompolinsky 1987), which makes any P < N independent patterns fixed points.
    `weights` is float64[N, N]. At temperature T, P(x_i = +1) = 1 / (1 + exp(-2 h_i / T)) in the field h = J x.
    ValueError unless patterns are of +1 and -1 (in any dtype) and the rule is one of these.
    """

    def __init__(self, patterns: torch.Tensor, rule: Rule = "hebb") -> None:
        """Store the patterns [P, N]."""
        super().__init__(patterns)
        self.to_tokens(patterns)
        xi = patterns.double()  # [P, N]
        if rule == "hebb":
            self.weights = xi.T @ xi / self.length
        elif rule == "projection":
            self.weights = xi.T @ torch.linalg.pinv(xi @ xi.T, hermitian=True) @ xi
        else:
            raise ValueError(f'rule must be "hebb" or "projection", but is {rule!r}.')
        self.weights.fill_diagonal_(0)

    def energy(self, x: torch.Tensor) -> torch.Tensor:
        """Return E(x) = -1/2 x J x, float64[B]; it never rises in asynchronous updates at temperature 0."""
        return -0.5 * (self.field(x) * x).sum(dim=1)

    def field(self, x: torch.Tensor) -> torch.Tensor:
        """Return h_i = sum_j J_ij x_j, float64[B, N]: the vote of the other units."""
        self.to_tokens(x)
        return x.double() @ self.weights.T

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return the score -h, +h of the symbols -1, +1 for every unit, float64[B, N, 2]."""
        return both_signs(self.field(x))

    def _sweep(
        self, tokens: torch.Tensor, order: list[int], temperature: float, generator: torch.Generator | None
    ) -> torch.Tensor:
        return sweep_spins(self.weights, None, tokens, order, temperature, generator)

    def margin(self, x: torch.Tensor) -> torch.Tensor:
        """Return x_i h_i / |J_i|, float64[B, N]: above 0 where x is stable, larger with a wider basin."""
        return self.field(x) * x / self.weights.norm(dim=1).clamp_min(torch.finfo(torch.float64).tiny)


def both_signs(field: torch.Tensor) -> torch.Tensor:
    """Return scores [..., 2] of the spins -1 and +1 in a field [...]."""
    return torch.stack([-field, field], dim=-1)


def sweep_spins(
    weights: torch.Tensor,
    bias: torch.Tensor | None,
    tokens: torch.Tensor,
    order: list[int],
    temperature: float,
    generator: torch.Generator | None,
) -> torch.Tensor:
    """Do `Network._sweep` for spins with couplings [N, N] and an optional bias [N], one row of couplings at a time."""
    spins = (2 * tokens.T - 1).double().contiguous()  # [N, B], so that a unit of all states lies in one row
    bias = torch.zeros_like(weights[0]) if bias is None else bias
    for unit in order:
        field = weights[unit] @ spins + bias[unit]  # [B]
        if temperature == 0:  # what `choose` does, in half the time
            spins[unit] = torch.where(2 * field.abs() <= TIE, spins[unit], field.sign())
        else:
            spins[unit] = 2.0 * choose(both_signs(field), (spins[unit] > 0).long(), temperature, generator) - 1
    return (spins.T > 0).long()
