"""Dense associative memories: an energy that separates overlaps sharply, and so stores far more than N patterns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F

from uddm_mini.doors import whole
from uddm_mini.noise import Noise

from .attention import log_partition, query_blocks, retrieve, score_blocks, sum_by_key
from .base import Network, choose


class DenseAssociativeMemory(Network):
    """States of L units with V symbols, attracted by n stored patterns; m_i(x) units of x agree with pattern i.

    patterns: spins [n, L] of +1 and -1, or, with vocab_size=V, tokens int64[n, L].
    degree: E(x) = -L/k sum_i (o_i / L)^k for degree k, with the centered overlap o = (V m - L) / (V - 1), which for
        spins is the scalar product (Krotov and Hopfield 2016). Degree 2 is the Hebb rule. Holds of order L^(k-1)
        random patterns.
    beta: E(x) = -1/beta log sum_i exp(beta m_i) (Demircigil et al. 2017, whose exp(x . xi) is beta = 2 for spins).
        Holds exponentially many. Its `posterior` is softmax attention, what MemorizingDenoiser computes with the beta
        of a noise level.

    At temperature T, P(symbol) ~ exp(-E / T). ValueError on other patterns, or unless one of degree and beta is given.
    """

    def __init__(
        self,
        patterns: torch.Tensor,
        *,
        degree: int | None = None,
        beta: float | None = None,
        vocab_size: int | None = None,
    ) -> None:
        """Store the patterns."""
        super().__init__(patterns, vocab_size)
        if (degree is None) == (beta is None):
            raise ValueError("Give degree=2, 3, ... (polynomial) or beta=... (exponential), and only one of them.")
        if (degree is not None and not degree >= 2) or (beta is not None and not 0 < beta <= 500):
            raise ValueError(f"degree must be at least 2, and beta above 0 and at most 500; given {degree=}, {beta=}.")
        self.degree, self.beta = None if degree is None else whole(degree, "degree"), beta
        self.memories = self.to_tokens(patterns).clone()  # int64[n, L]; what becomes of the patterns changes no memory

    @classmethod
    def at_noise(cls, x_train: torch.Tensor, noise: Noise, t: float) -> DenseAssociativeMemory:
        """Store tokens with beta_t = log(1 + alpha V / (1 - alpha)): MemorizingDenoiser at noise level t.

        Then exp(-beta E(x)) is proportional to q(x_t = x), the density of the corrupted patterns.
        """
        beta = float(noise.own_log_odds(t, x_train[:1]))
        return cls(x_train, beta=beta, vocab_size=noise.vocab_size)

    def energy(self, x: torch.Tensor) -> torch.Tensor:
        """Return E(x), float64[B]; it never rises in asynchronous updates at temperature 0."""
        tokens = self.to_tokens(x)
        if self.beta is not None:
            return -log_partition(self.memories, tokens, self.beta, self.vocab_size) / self.beta
        out = torch.zeros(len(tokens), dtype=torch.float64, device=tokens.device)
        for rows in query_blocks(len(tokens), self.length * self.vocab_size):
            for _, agreeing in self._agreements(tokens[rows]):
                out[rows] -= self._separation(agreeing).sum(dim=0)
        return out

    def posterior(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(symbol) = log sum_i softmax_i(beta m_i) 1[pattern i has it], float64[B, L, V], in nats.

        Attention with x as the query. Unlike `scores`, every unit's own symbol counts. Only with `beta`.
        """
        if self.beta is None:
            raise ValueError("Only the exponential memory is attention; store the patterns with beta=... for that.")
        return retrieve(self.memories, self.to_tokens(x), self.beta, self.vocab_size)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return -E of the state with each symbol put at each unit, up to a constant per unit, float64[B, L, V]."""
        tokens = self.to_tokens(x)
        n_keys = self.length * self.vocab_size
        out = torch.empty(*tokens.shape, self.vocab_size, dtype=torch.float64, device=tokens.device)
        for rows in query_blocks(len(tokens), n_keys):
            here = tokens[rows].unsqueeze(2)
            best = [agreeing.amax(dim=0) for _, agreeing in self._agreements(tokens[rows])] if self.beta else []
            top = torch.stack(best).amax(dim=0) if best else None  # [b], so that no weight overflows
            # gains summed over the patterns with each symbol, [L V, b]: `other` holds if the unit now has another
            # symbol; if it has this one, it must not count itself, which `same` corrects
            other = torch.zeros(n_keys, len(here), dtype=torch.float64, device=tokens.device)
            same = torch.zeros_like(other)
            for keys, agreeing in self._agreements(tokens[rows]):
                other += sum_by_key(keys, self._gain(agreeing, top), n_keys)
                if top is None:
                    same += sum_by_key(keys, self._gain(agreeing - 1, top), n_keys)
            if self.beta is not None:
                same = other * math.exp(-self.beta)
            other, same = (a.T.unflatten(1, (self.length, -1)) for a in (other, same))  # [b, L, V]
            out[rows] = self._finish(other.scatter(2, here, same.gather(2, here)))
        return out

    def _sweep(
        self, tokens: torch.Tensor, order: list[int], temperature: float, generator: torch.Generator | None
    ) -> torch.Tensor:
        agreeing = torch.cat([m for _, m in self._agreements(tokens)])  # [n, B], kept current
        columns = tokens.T.clone(memory_format=torch.contiguous_format)  # [L, B]
        for unit in order:
            stored = self.memories[:, unit]  # [n]
            agreeing -= (stored[:, None] == columns[unit]).double()  # now over the other units only
            top = agreeing.amax(dim=0) if self.beta is not None else None
            has = F.one_hot(stored, self.vocab_size).double()  # [n, V]
            scores = self._finish(self._gain(agreeing, top).T @ has)
            columns[unit] = choose(scores, columns[unit], temperature, generator)
            agreeing += (stored[:, None] == columns[unit]).double()
        return columns.T.contiguous()

    def _gain(self, others: torch.Tensor, top: torch.Tensor | None) -> torch.Tensor:
        """Return what one more agreeing unit is worth to a pattern with `others` agreeing units elsewhere.

        Polynomial: the energy gained. Exponential: the pattern's weight relative to the best, see `_finish`.
        """
        if top is None or self.beta is None:
            return self._separation(others + 1) - self._separation(others)
        return torch.exp((others - top) * self.beta)

    def _finish(self, gained: torch.Tensor) -> torch.Tensor:
        """Turn sums of gains over the patterns that have a symbol, [..., V], into scores.

        Exponential: with c = gained / sum the leave-one-out posterior, -E = 1/beta log(1 + c (e^beta - 1)) + constant.
        """
        if self.beta is None:
            return gained
        cavity = gained / gained.sum(dim=-1, keepdim=True)
        log_odds = cavity.log() + self.beta + math.log1p(-math.exp(-self.beta))  # log(c (e^beta - 1))
        return torch.logaddexp(torch.zeros_like(log_odds), log_odds) / self.beta

    def _separation(self, agreeing: torch.Tensor) -> torch.Tensor:
        """Return L/k (o / L)^k for the number of agreeing units."""
        assert self.degree is not None
        overlap = (self.vocab_size * agreeing / self.length - 1) / (self.vocab_size - 1)  # o / L
        return overlap**self.degree * (self.length / self.degree)

    def _agreements(self, tokens: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Yield blocks of patterns: their keys l V + symbol, int64[m, L], and the numbers m_i, float64[m, B]."""
        ones = torch.ones(len(tokens), dtype=torch.float64, device=tokens.device)
        return score_blocks(self.memories, tokens, ones, self.vocab_size)
