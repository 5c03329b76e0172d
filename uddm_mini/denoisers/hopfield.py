"""Hopfield networks: symmetric couplings between spins, and therefore an energy."""

from __future__ import annotations

from typing import Literal

import torch

from uddm_mini.denoisers.dynamics import TIE, Generator, Mode, choose, recall, to_tokens, visiting_order

Rule = Literal["hebb", "projection"]


class HopfieldNetwork:
    """Spins x in {-1, +1}^N with symmetric couplings J, no self-coupling, and E(x) = -1/2 sum_ij J_ij x_i x_j.

    hebb: J_ij = 1/N sum_mu xi_mu,i xi_mu,j for patterns xi [P, N] (Hopfield 1982), which holds about 0.138 N random
    patterns (Amit, Gutfreund and Sompolinsky 1985). projection: J projects onto the span of the patterns (Personnaz,
    Guyon and Dreyfus 1985; Kanter and Sompolinsky 1987), which makes any P < N independent patterns fixed points.
    `weights` is float64[N, N]. Patterns of +1 and -1 in any dtype; ValueError otherwise.
    """

    spins = True
    vocab_size = 2

    def __init__(self, patterns: torch.Tensor, rule: Rule = "hebb") -> None:
        """Store the patterns [P, N]."""
        if patterns.ndim != 2 or not patterns.numel():
            raise ValueError(f"Give patterns [P, N] with at least one pattern; their shape is {tuple(patterns.shape)}.")
        self.length = patterns.shape[1]
        to_tokens(patterns, self.length, 2, spins=True)
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
        to_tokens(x, self.length, 2, spins=True)
        return x.double() @ self.weights.T

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return the score -h, +h of the symbols -1, +1 for every unit, float64[B, N, 2]."""
        return both_signs(self.field(x))

    def margin(self, x: torch.Tensor) -> torch.Tensor:
        """Return x_i h_i / |J_i|, float64[B, N]: above 0 where x is stable, larger with a wider basin."""
        return self.field(x) * x / self.weights.norm(dim=1).clamp_min(torch.finfo(torch.float64).tiny)

    def update(
        self,
        x: torch.Tensor,
        mode: Mode = "async",
        temperature: float = 0.0,
        generator: Generator = None,
        units: torch.Tensor | list[int] | None = None,
    ) -> torch.Tensor:
        """Return the states x [B, N] after one update of every unit (or of `units`, in that order).

        "async": one unit at a time, all states in the same order, shuffled by the generator if there is one; "sync":
        all at once. Temperature T: P(x_i = +1) = 1 / (1 + exp(-2 h_i / T)). Random: the order and, if T > 0, the spins.
        """
        return update_spins(x, self.weights, None, mode, temperature, generator, units)

    recall = recall


def both_signs(field: torch.Tensor) -> torch.Tensor:
    """Return scores [..., 2] of the spins -1 and +1 in a field [...]."""
    return torch.stack([-field, field], dim=-1)


def update_spins(
    x: torch.Tensor,
    weights: torch.Tensor,
    bias: torch.Tensor | None,
    mode: Mode,
    temperature: float,
    generator: Generator,
    units: torch.Tensor | list[int] | None,
) -> torch.Tensor:
    """Update spins x [B, N] with couplings `weights` [N, N] and an optional bias [N]; see HopfieldNetwork.update."""
    tokens = to_tokens(x, len(weights), 2, spins=True)
    bias = torch.zeros_like(weights[0]) if bias is None else bias
    if mode == "sync":
        new = choose(both_signs(x.double() @ weights.T + bias), tokens, temperature, generator)
        if units is None:
            return (2 * new - 1).to(x.dtype)
        out = x.clone()
        out[:, units] = (2 * new[:, units] - 1).to(x.dtype)
        return out
    if mode != "async":
        raise ValueError(f'mode must be "async" or "sync", but is {mode!r}.')
    columns = x.T.double().contiguous()  # [N, B], so that a unit of all states lies in one row
    for unit in visiting_order(len(weights), units, generator):
        field = weights[unit] @ columns + bias[unit]  # [B]
        if temperature == 0:
            columns[unit] = torch.where(2 * field.abs() <= TIE, columns[unit], field.sign())
        else:
            columns[unit] = 2.0 * choose(both_signs(field), (columns[unit] > 0).long(), temperature, generator) - 1
    return columns.T.to(x.dtype)
