"""What a world is: a language whose probabilities are known exactly."""

from __future__ import annotations

from typing import Protocol

import torch


class World(Protocol):
    """A language over words 0 ... vocab_size - 1 with sentences of `length` tokens."""

    vocab_size: int
    length: int

    def sample(self, n: int, seed: int) -> torch.Tensor:
        """Draw n sentences, int64[n, L]."""

    def log_prob(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p(x) of sentences int64[B, L], float64[B], in nats; -inf for an impossible one."""

    def cavity(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log p(x_l = v | what is seen elsewhere), float64[B, L, V], from the likelihood float64[B, L, V]."""

    def log_evidence(self, likelihood: torch.Tensor) -> torch.Tensor:
        """Return log sum_x p(x) prod_l likelihood[l, x_l], float64[B], from the likelihood float64[B, L, V]."""
