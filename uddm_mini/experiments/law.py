"""Where is the transition of a larger network? A power law through several worlds, carried on with its uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uddm_mini.models.settings import ModelSettings
from uddm_mini.models.transformer import TransformerDenoiser
from uddm_mini.noise import UniformNoise

from .crossing import STUDENT, crossing


@dataclass(frozen=True, eq=False)
class Law:
    """ln tokens = a_world + b ln weights, by least squares: one exponent b for all worlds, a level for each.

    exponent: b, with its 95 % interval `low` to `high`.
    scatter: standard deviation of the points around the law, in ln tokens.
    """

    worlds: tuple[str, ...]
    coefficients: np.ndarray  # levels of the worlds, then b
    inverse: np.ndarray  # (X^T X)^-1
    scatter: float
    quantile: float  # of Student's t for the degrees of freedom that are left

    @property
    def exponent(self) -> tuple[float, float, float]:
        """Return b and its interval."""
        half = self.quantile * self.scatter * float(np.sqrt(self.inverse[-1, -1]))
        b = float(self.coefficients[-1])
        return b, b - half, b + half

    def tokens(self, world: str, weights: float) -> tuple[float, float, float]:
        """Return the tokens at which one more network of that world would cross, and the 95 % prediction interval.

        It holds if the law goes on, and points scatter around it as before: what it cannot know, it does not cover.
        """
        x = np.array([*(float(world == name) for name in self.worlds), np.log(weights)])
        if world not in self.worlds:
            raise ValueError(f"There is no world {world!r} in this law; there are {', '.join(self.worlds)}.")
        middle = float(x @ self.coefficients)
        half = self.quantile * self.scatter * float(np.sqrt(1 + x @ self.inverse @ x))
        return float(np.exp(middle)), float(np.exp(middle - half)), float(np.exp(middle + half))


def power_law(points: pd.DataFrame) -> Law:
    """Fit the law to points with columns world, weights and tokens, one row for each network.

    ValueError unless there are more points than worlds by two at least, or if a number is not positive and finite.
    """
    worlds = tuple(dict.fromkeys(points["world"]))
    numbers = points[["weights", "tokens"]].to_numpy(dtype=float)
    free = len(points) - len(worlds) - 1
    if not 1 <= free <= len(STUDENT) or not (np.isfinite(numbers) & (numbers > 0)).all():
        raise ValueError(
            f"A law of {len(worlds)} worlds needs {len(worlds) + 2} to {len(worlds) + 1 + len(STUDENT)} points with "
            f"positive weights and tokens, but there are {len(points)}: {numbers.tolist()}."
        )
    levels = (points["world"].to_numpy()[:, None] == np.array(worlds)).astype(float)
    x, y = np.column_stack([levels, np.log(numbers[:, 0])]), np.log(numbers[:, 1])
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ y
    scatter = float(np.sqrt(((y - x @ coefficients) ** 2).sum() / free))
    return Law(worlds, coefficients, inverse, scatter, STUDENT[free - 1])


def transition_point(
    table: pd.DataFrame, model: Mapping[str, object], vocab_size: int, words: tuple[int, float], level: float = 0.5
) -> dict[str, float]:
    """Return weights, sentences and tokens, with `low` and `high` of the sentences, of one sweep's crossing.

    table: what `run_sweep` returned.
    model: the settings of the network, as its note has them.
    words: L, and the mean number of tokens of a sentence that are no padding.
    level: the share of the gap that is left; 0.9 is the onset.
    """
    length, mean = words
    network = TransformerDenoiser(UniformNoise(vocab_size), length, ModelSettings(**model))  # type: ignore[arg-type]
    at = crossing(table, level=level)
    weights = sum(p.numel() for p in network.parameters())
    return {"weights": weights, "sentences": at.n, "low": at.low, "high": at.high, "tokens": at.n * mean}


def where_the_paper_is(points: Sequence[tuple[float, float]], law: Law, world: str) -> pd.DataFrame:
    """Return, for each (weights, tokens) of the paper, what the law says, and whether the point is inside.

    A row each: weights, tokens, predicted, low, high, inside.
    """
    rows = []
    for weights, tokens in points:
        predicted, low, high = law.tokens(world, weights)
        rows.append({"weights": weights, "tokens": tokens, "predicted": predicted, "low": low, "high": high})
    table = pd.DataFrame(rows)
    return table.assign(inside=(table.low <= table.tokens) & (table.tokens <= table.high))
