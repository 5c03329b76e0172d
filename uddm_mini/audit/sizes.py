"""How many sentences does a model of this size need, so that it stops to memorize? Measured, or carried on by a law."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import STUDENT, crossing
from uddm_mini.experiments.law import power_law

REACH = 10.0  # times the largest number of weights that was measured; no law is carried on further
YOURS = "these sweeps"


@dataclass(frozen=True)
class SizeAdvice:
    """From how many sentences on a model memorizes little: the gap in recovery has fallen to `gap` at noise level `t`.

    sentences: the best estimate, with its 95 % interval `low` to `high` (NaN for a single seed).
    safe: what one more network needs, at most: the upper end of the 95 % prediction interval. Take so many.
    measured: True if networks of this size were trained; False if a law was carried on from other sizes.
    weights: of the model; None where nobody said.
    networks: how many seeds were measured, or points the law was fitted to.
    """

    sentences: float
    low: float
    high: float
    safe: float
    measured: bool
    weights: int | None
    networks: int
    gap: float
    t: float

    def __str__(self) -> str:
        """Return it as a sentence."""
        model = "a model of this size" if self.weights is None else f"a model of {self.weights:,} weights"
        how = f"measured with {self.networks} seed{'s' * (self.networks > 1)}"
        if not self.measured:
            how = f"an extrapolation: no model of this size was trained, a law through {self.networks} points says so"
        interval, advice = "no interval", "more seeds would tell how many are safe"
        if not np.isnan(self.low):
            interval = f"95 % interval {self.low:,.0f} to {self.high:,.0f}"
            advice = f"take at least {np.ceil(self.safe):,.0f}"
        return (
            f"From about {self.sentences:,.0f} sentences on ({interval}) {model} recovers training text by less than "
            f"{self.gap:g} more often than fresh text, at noise level {self.t:g}; {advice} ({how})."
        )


def recommend_size(
    sweeps: pd.DataFrame | Mapping[int, pd.DataFrame],
    weights: int | None = None,
    *,
    others: pd.DataFrame | None = None,
    gap: float = 0.1,
    t: float = 0.25,
) -> SizeAdvice:
    """Return from how many sentences on the gap in recovery, training minus held-out text, stays below `gap`.

    sweeps: a table of `run_sweep`, or several by the number of weights of their models. A table of fine-tunes with
        more and more sentences says the same of a fine-tune: more sentences are safer.
    weights: of the model in question; it may be left out where there is one table. If none was measured, the law
        ln sentences = a + b ln weights (`power_law`) is carried on, up to 10 times beyond the sizes that were.
    others: points of other worlds, as `size_points` returns them; they lend the law their exponent b.

    Measured: of each seed the size at which its own curve falls to `gap`; mean and interval are Student's, of their
    logarithms. The interval covers what a seed decides, and not what stays the same in all: corpus, steps, recipe.
    Nothing is random. ValueError where the data does not reach: a seed that does not pass `gap` within the sizes, a law
    of too few points, weights too far from any that were measured.
    """
    tables = {0: sweeps} if isinstance(sweeps, pd.DataFrame) else dict(sweeps)
    if isinstance(sweeps, pd.DataFrame) or (weights is None and len(tables) == 1):
        return _measured(next(iter(tables.values())), weights or next(iter(tables)) or None, gap, t)
    if weights is None or weights < 1:
        raise ValueError(f"Say the weights of the model in question; there are sweeps of {sorted(tables)}.")
    if weights in tables:
        return _measured(tables[weights], weights, gap, t)
    if not tables or not min(tables) / REACH <= weights <= max(tables) * REACH:
        raise ValueError(
            f"A law is carried on at most {REACH:g} times beyond the sizes that were measured, {sorted(tables)} "
            f"weights, but {weights:,} is further away; train a larger small sweep."
        )
    points = size_points(YOURS, tables, gap, t)
    points = points if others is None else pd.concat([points, others], ignore_index=True)
    n, low, high = carried_on(points, YOURS, weights)
    return SizeAdvice(n, low, high, high, False, weights, len(points), gap, t)


def size_points(world: str, sweeps: Mapping[int, pd.DataFrame], gap: float = 0.1, t: float = 0.25) -> pd.DataFrame:
    """Return a row for each sweep of one world: world, weights, and the sentences at which its gap falls to `gap`."""
    rows = [
        {"world": world, "weights": weights, "sentences": _measured(table, weights, gap, t).sentences}
        for weights, table in sorted(sweeps.items())
    ]
    return pd.DataFrame(rows)


def carried_on(points: pd.DataFrame, world: str, weights: float) -> tuple[float, float, float]:
    """Return the sentences that the law through these points gives a model of so many weights, and its 95 % interval.

    points: as `size_points` returns them, of this world and others. ValueError for too few of them: two more than there
    are worlds are needed.
    """
    worlds = points["world"].nunique()
    if len(points) < worlds + 2:
        raise ValueError(
            f"A law of {worlds} world{'s' * (worlds > 1)} needs {worlds + 2} sizes of networks at least, but there are "
            f"{len(points)}; measure another size, or give points of other worlds."
        )
    law = power_law(points.rename(columns={"sentences": "tokens"}))
    return law.tokens(world, weights)


def largest_held_out(points: pd.DataFrame) -> pd.DataFrame:
    """Return how well the law finds the largest network of every world from all other points but it.

    A row for each world with two sizes at least: world, weights, sentences, predicted, low, high, inside.
    """
    rows = []
    for world, own in points.groupby("world", sort=False):
        if len(own) < 2:
            continue
        last = own[own["weights"] == own["weights"].max()]
        predicted, low, high = carried_on(points.drop(index=last.index), str(world), float(last["weights"].iloc[0]))
        rows.append({**last.iloc[0].to_dict(), "predicted": predicted, "low": low, "high": high})
    table = pd.DataFrame(rows)
    return table.assign(inside=(table["low"] <= table["sentences"]) & (table["sentences"] <= table["high"]))


def _measured(table: pd.DataFrame, weights: int | None, gap: float, t: float) -> SizeAdvice:
    """Return what a sweep says of networks of its own size."""
    if not 0 < gap < 1:
        raise ValueError(f"gap is a difference of shares, between 0 and 1, both excluded, but is {gap}.")
    found = crossing(table, "gap", t, gap, ends=(1.0, 0.0), draws=1)  # Student's interval takes the place of its own
    each = np.array(list(found.each.values()))
    sizes = f"{table['n_train'].min():,} to {table['n_train'].max():,}"
    if (each == 0).any():
        raise ValueError(f"The gap is below {gap:g} at the smallest size already (sizes {sizes}); begin with fewer.")
    if not np.isfinite(each).all():
        raise ValueError(
            f"The gap does not fall to {gap:g} for every seed within the sizes {sizes}; go on to more sentences."
        )
    logs, k = np.log(each), len(each)
    middle = float(logs.mean())
    if k < 2:
        nan = float("nan")
        return SizeAdvice(float(np.exp(middle)), nan, nan, nan, True, weights, k, gap, t)
    quantile = STUDENT[min(k - 2, len(STUDENT) - 1)] * float(logs.std(ddof=1))
    half, whole = quantile / k**0.5, quantile * (1 + 1 / k) ** 0.5
    n, low, high, safe = np.exp([middle, middle - half, middle + half, middle + whole]).tolist()
    return SizeAdvice(n, low, high, safe, True, weights, k, gap, t)
