"""Questions that follow from a key alone: the same on every machine, others for every student."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from typing import Any, TypeVar

import torch

T = TypeVar("T")


class Draw:
    """Random numbers that a key fixes, for questions that a person reads: few digits, small numbers."""

    def __init__(self, key: bytes) -> None:
        # of Python's generator only `random` is promised to stay the same in all versions
        self._random = random.Random(int.from_bytes(hashlib.sha256(key).digest(), "big")).random

    def number(self, low: float = 0.0, high: float = 1.0, digits: int = 3) -> float:
        """Return a number between two others, rounded."""
        return round(low + (high - low) * self._random(), digits)

    def numbers(self, n: int, low: float = 0.0, high: float = 1.0, digits: int = 3) -> list[float]:
        """Return n numbers between two others, rounded."""
        return [self.number(low, high, digits) for _ in range(n)]

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def wholes(self, n: int, low: int, high: int) -> list[int]:
        """Return n whole numbers from `low` to `high`."""
        return [self.whole(low, high) for _ in range(n)]

    def one_of(self, items: Sequence[T]) -> T:
        """Return one of some things."""
        return items[self.whole(0, len(items) - 1)]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the things in another order."""
        left, out = list(items), []
        while left:
            out.append(left.pop(self.whole(0, len(left) - 1)))
        return out

    def table(self, *shape: int, low: float = 0.0, high: float = 1.0) -> torch.Tensor:
        """Return a table float64[shape] of numbers between two others, rounded."""
        values = self.numbers(int(torch.Size(shape).numel()), low, high)
        return torch.tensor(values, dtype=torch.float64).reshape(shape)

    def tokens(self, *shape: int, vocab: int) -> torch.Tensor:
        """Return token ids int64[shape]."""
        return torch.tensor(self.wholes(int(torch.Size(shape).numel()), 0, vocab - 1)).reshape(shape)

    def spins(self, *shape: int) -> torch.Tensor:
        """Return +1 and -1, float64[shape]."""
        return self.tokens(*shape, vocab=2).double() * 2 - 1

    def probabilities(self, *shape: int, least: float = 0.1) -> torch.Tensor:
        """Return positive numbers float64[shape] that add up to 1."""
        weights = self.table(*shape, low=least, high=1.0)
        return weights / weights.sum()

    def falling(self, n: int, top: float, bottom: float) -> list[float]:
        """Return n different numbers that fall from near `top` to near `bottom`."""
        step = (top - bottom) / n
        return [round(top - step * (i + 0.8 * self._random()), 3) for i in range(n)]

    def generator(self) -> torch.Generator:
        """Return a generator of PyTorch with a seed of its own."""
        return torch.Generator().manual_seed(self.whole(0, 2**31 - 1))

    def times(self, n: int, make: Any) -> list[Any]:
        """Return what `make` gives, n times."""
        return [make() for _ in range(n)]
