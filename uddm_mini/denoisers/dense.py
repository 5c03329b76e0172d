"""Dense associative memories: an energy that separates overlaps sharply, and so stores far more than N patterns."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
import torch.nn.functional as F

from uddm_mini.denoisers.dynamics import Generator, Mode, choose, from_tokens, recall, to_tokens, visiting_order
from uddm_mini.denoisers.retrieval import log_partition, query_blocks, retrieve, score_blocks, sum_by_key
from uddm_mini.process.noise import UniformNoise, own_token_log_odds


class DenseAssociativeMemory:
    """States of L units with V symbols, attracted by n stored patterns. Give exactly one of `degree` and `beta`.

    m_i(x) is the number of units at which x agrees with pattern i.
    degree=k: E(x) = -L/k sum_i (o_i / L)^k with the centered overlap o = (V m - L) / (V - 1), which for spins is the
    scalar product (Krotov and Hopfield 2016; degree 2 is the Hebb rule). It holds of order L^(k-1) random patterns.
    beta=b: E(x) = -1/b log sum_i exp(b m_i) (Demircigil et al. 2017, whose exp(x . xi) is b = 2 for spins); it holds
    exponentially many. Its `posterior` is softmax attention, the computation of MemorizingDenoiser, with b set by the
    noise level.

    patterns: spins [n, L] of +1 and -1, or, with vocab_size=V, tokens int64[n, L]. ValueError on anything else.
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
        if patterns.ndim != 2 or not patterns.numel():
            raise ValueError(f"Give patterns [n, L] with at least one pattern; their shape is {tuple(patterns.shape)}.")
        if (degree is None) == (beta is None):
            raise ValueError(
                "Give either degree=2, 3, ... (polynomial) or beta=... (exponential), and only one of them."
            )
        if (degree is not None and degree < 2) or (beta is not None and not 0 < beta <= 500):
            raise ValueError(f"degree must be at least 2, and beta above 0 and at most 500; given {degree=}, {beta=}.")
        self.spins, self.vocab_size = vocab_size is None, 2 if vocab_size is None else vocab_size
        self.length, self.degree, self.beta = patterns.shape[1], degree, beta
        self.memories = to_tokens(patterns, self.length, self.vocab_size, self.spins)  # int64[n, L]

    @classmethod
    def at_noise(cls, x_train: torch.Tensor, noise: UniformNoise, t: float) -> DenseAssociativeMemory:
        """Store tokens with beta_t = log(1 + alpha V / (1 - alpha)): MemorizingDenoiser at noise level t.

        Then exp(-beta E(x)) is proportional to q(x_t = x), the density of the corrupted patterns.
        """
        beta = float(own_token_log_odds(noise, t, x_train[:1]))
        return cls(x_train, beta=beta, vocab_size=noise.vocab_size)

    def energy(self, x: torch.Tensor) -> torch.Tensor:
        """Return E(x), float64[B]; it never rises in asynchronous updates at temperature 0."""
        tokens = self._tokens(x)
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
        return retrieve(self.memories, self._tokens(x), self.beta, self.vocab_size)

    def scores(self, x: torch.Tensor) -> torch.Tensor:
        """Return -E of the state with each symbol put at each unit, up to a constant per unit, float64[B, L, V]."""
        tokens = self._tokens(x)
        n_keys = self.length * self.vocab_size
        out = torch.empty(*tokens.shape, self.vocab_size, dtype=torch.float64, device=tokens.device)
        for rows in query_blocks(len(tokens), n_keys):
            here = tokens[rows].unsqueeze(2)
            top = self._largest(tokens[rows]) if self.beta is not None else None
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

    def update(
        self,
        x: torch.Tensor,
        mode: Mode = "async",
        temperature: float = 0.0,
        generator: Generator = None,
        units: torch.Tensor | list[int] | None = None,
    ) -> torch.Tensor:
        """Return the states x [B, L] after one update of every unit (or of `units`, in that order).

        "async": one unit at a time, all states in the same order, shuffled by the generator if there is one; "sync":
        all at once. Temperature T: P(symbol) ~ exp(-E / T). Random: the order and, if T > 0, the symbols.
        """
        tokens = self._tokens(x)
        if mode == "sync":
            new = choose(self.scores(x), tokens, temperature, generator)
            chosen = slice(None) if units is None else units
            tokens = tokens.clone()
            tokens[:, chosen] = new[:, chosen]
        elif mode == "async":
            tokens = self._sweep(tokens, visiting_order(self.length, units, generator), temperature, generator)
        else:
            raise ValueError(f'mode must be "async" or "sync", but is {mode!r}.')
        return from_tokens(tokens, self.spins, x.dtype)

    recall = recall

    def _sweep(self, tokens: torch.Tensor, order: list[int], temperature: float, generator: Generator) -> torch.Tensor:
        """Update units one at a time, keeping the number of agreeing units [n, B] of every pattern current."""
        if not len(tokens):
            return tokens
        columns = tokens.T.contiguous().clone()  # [L, B]
        agreeing = torch.cat([m for _, m in self._agreements(tokens)])  # [n, B]
        for unit in order:
            stored = self.memories[:, unit]  # [n]
            agreeing -= (stored[:, None] == columns[unit]).double()  # now over the other units only
            top = agreeing.amax(dim=0) if self.beta is not None else None
            has = F.one_hot(stored, self.vocab_size).double()  # [n, V]
            gain = self._gain(agreeing, top)  # [n, B]
            columns[unit] = choose(self._finish(gain.T @ has), columns[unit], temperature, generator)
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

    def _largest(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the number of agreeing units of the best pattern, float64[B]."""
        return torch.stack([agreeing.amax(dim=0) for _, agreeing in self._agreements(tokens)]).amax(dim=0)

    def _agreements(self, tokens: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        ones = torch.ones(len(tokens), dtype=torch.float64, device=tokens.device)
        return score_blocks(self.memories, tokens, ones, self.vocab_size)

    def _tokens(self, x: torch.Tensor) -> torch.Tensor:
        return to_tokens(x, self.length, self.vocab_size, self.spins)
