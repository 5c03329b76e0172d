"""Noise schedules: how much signal alpha(t) is left at noise level t, from 1 at t = 0 down to epsilon at t = 1."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch

Level = torch.Tensor | float


@dataclass(frozen=True)
class Schedule(ABC):
    """alpha(t), its derivative and its inverse; a number counts as float64, a tensor keeps its type and shape.

    epsilon: the signal that is left at t = 1, so that no logarithm or ratio is ever infinite.
    """

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < 1:
            raise ValueError(
                f"epsilon, the signal at t = 1, lies between 0 and 1, both excluded; it is {self.epsilon}."
            )

    @abstractmethod
    def alpha(self, t: Level) -> torch.Tensor:
        """Return the signal at noise level t, in [epsilon, 1]."""

    @abstractmethod
    def alpha_prime(self, t: Level) -> torch.Tensor:
        """Return d alpha / dt, negative."""

    def time_of(self, alpha: Level) -> torch.Tensor:
        """Return the t at which the signal is alpha: 0 from alpha = 1 on, and 1 where alpha is below epsilon."""
        return self._inverse(_tensor(alpha).clamp(self.epsilon, 1)).clamp(0, 1)

    @abstractmethod
    def _inverse(self, alpha: torch.Tensor) -> torch.Tensor: ...


class Linear(Schedule):
    """alpha(t) = 1 - (1 - epsilon) t."""

    def alpha(self, t: Level) -> torch.Tensor:
        """Return the signal at noise level t, in [epsilon, 1]."""
        return 1 - (1 - self.epsilon) * _tensor(t)

    def alpha_prime(self, t: Level) -> torch.Tensor:
        """Return d alpha / dt, negative."""
        return torch.full_like(_tensor(t), -(1 - self.epsilon))

    def _inverse(self, alpha: torch.Tensor) -> torch.Tensor:
        return (1 - alpha) / (1 - self.epsilon)


class LogLinear(Linear):
    """The same alpha(t) under the name that SEDD, MDLM, UDLM and Duo give it.

    They count noise as sigma = -log alpha, which here is the logarithm of a straight line.
    """


class Cosine(Schedule):
    """alpha(t) = epsilon + (1 - epsilon) cos(pi t / 2)^2."""

    def alpha(self, t: Level) -> torch.Tensor:
        """Return the signal at noise level t, in [epsilon, 1]."""
        return self.epsilon + (1 - self.epsilon) * torch.cos(math.pi / 2 * _tensor(t)) ** 2

    def alpha_prime(self, t: Level) -> torch.Tensor:
        """Return d alpha / dt, negative."""
        return -(1 - self.epsilon) * (math.pi / 2) * torch.sin(math.pi * _tensor(t))

    def _inverse(self, alpha: torch.Tensor) -> torch.Tensor:
        return torch.acos(((alpha - self.epsilon) / (1 - self.epsilon)).sqrt()) * 2 / math.pi


class Exponential(Schedule):
    """alpha(t) = epsilon^t: the noise sigma = -log alpha grows in proportion to t."""

    def alpha(self, t: Level) -> torch.Tensor:
        """Return the signal at noise level t, in [epsilon, 1]."""
        return (math.log(self.epsilon) * _tensor(t)).exp()

    def alpha_prime(self, t: Level) -> torch.Tensor:
        """Return d alpha / dt, negative."""
        return math.log(self.epsilon) * self.alpha(t)

    def _inverse(self, alpha: torch.Tensor) -> torch.Tensor:
        return alpha.log() / math.log(self.epsilon)


SCHEDULES: dict[str, type[Schedule]] = {"linear": Linear, "cosine": Cosine, "exponential": Exponential}


def _tensor(value: Level) -> torch.Tensor:
    return value if isinstance(value, torch.Tensor) else torch.tensor(value, dtype=torch.float64)
