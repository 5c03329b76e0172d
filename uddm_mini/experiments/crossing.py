"""Where a sweep crosses from memory to generalization, and where held-out perplexity peaks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

Array = np.ndarray[Any, np.dtype[np.float64]]

# 97.5 % quantiles of Student's t with 1 to 30 degrees of freedom
STUDENT = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Crossing:
    """The size at which a curve passes `value`, with a 95 % bootstrap interval; `each` has every seed on its own.

    A size of inf means "not within these sizes", 0 "already past at the smallest one", NaN (in `each`) that the seed
    has no start of its own.
    """

    n: float
    low: float
    high: float
    value: float
    each: dict[int, float] = field(repr=False)


@dataclass(frozen=True, eq=False)
class Peak(Crossing):
    """The size at which held-out perplexity is largest; `value` is the perplexity there.

    `inside` tells whether sizes on both sides of the peak were measured.
    """

    inside: bool


def crossing(
    table: pd.DataFrame,
    column: Literal["gap", "entropy"] = "gap",
    t: float = 0.25,
    level: float = 0.5,
    *,
    ends: tuple[float | None, float | None] = (None, None),
    draws: int = 1000,
) -> Crossing:
    """Return the training-set size at which memory gives way to generalization, in a table of `run_sweep`.

    Follow y(n) = mean over seeds of `column` as n_train grows: "gap" is train minus held-out recovery at noise level
    `t`; "entropy" is that of training text in nats, at t -> 0. The crossing is the first n where (limit - y) / (limit -
    start) falls to `level`, on straight lines in ln n.

    ends: (start, limit). Without them start is y at the smallest size; limit is 0 for the gap, and y at the largest
        size for the entropy.
    draws: the interval takes percentiles of so many resamples of whole seeds, with start and limit anew.

    The interval covers what a seed decides (weights, batches, noise, subsets), but not the corpus, the held-out
    sentences, the number of steps or the sizes: a smaller first size can move the crossing by more. It is too narrow
    for few seeds: with 5 it holds the truth some 84 times in 100, with 20 some 93 times; one gives NaN. ValueError if
    the table lacks something or the curve starts at its limit.
    """
    if column not in ("gap", "entropy"):
        raise ValueError(f'column must be "gap" or "entropy", but is {column!r}.')
    if not 0 < level < 1:
        raise ValueError(f"level is a fraction between 0 and 1, both excluded, but is {level}.")
    curves = curves_by_size(table, column, t)
    if len(curves) < 2:
        raise ValueError(f"A crossing lies between sizes, but the table has only {curves.index.tolist()}.")
    start, limit = ends
    limit = 0.0 if limit is None and column == "gap" else limit
    sign = -1 if column == "gap" else 1  # so that every curve rises
    sizes, runs = np.log(curves.index.to_numpy(dtype=float)), sign * curves.to_numpy().T  # [sizes]; [seeds, sizes]
    signed = [None if end is None else sign * end for end in (start, limit)]

    def passage(y: Array) -> tuple[float, float]:
        return first_passage(sizes, y, level, *signed)

    value = passage(_mean(runs))[1]
    n, low, high, each = _over_seeds(lambda y: passage(y)[0], curves.columns, runs, draws)
    if np.isnan(n):
        raise ValueError(
            f"There is nothing to cross: at n_train = {curves.index[0]} the {column} is {sign * _mean(runs)[0]:.4g}, "
            "already at its limit or beyond. Start the sweep at a smaller size, or give its ends."
        )
    return Crossing(n, low, high, sign * value, each)


def perplexity_peak(table: pd.DataFrame, *, draws: int = 1000) -> Peak:
    """Return the training-set size at which held-out perplexity, exp(NELBO in nats per token), is largest.

    The NELBO is averaged over seeds before exp, and the peak is one of the table's sizes. The interval is that of
    `crossing`. ValueError if there is no perplexity or an infinite one.
    """
    curves = curves_by_size(table, "perplexity")
    if curves.empty or np.isinf(curves.to_numpy()).any():
        raise ValueError("A peak needs finite perplexities; the NELBO of held-out text is missing or infinite.")
    sizes, runs = curves.index.to_numpy(dtype=float), np.log(curves.to_numpy()).T  # [sizes]; nats, [seeds, sizes]
    n, low, high, each = _over_seeds(lambda y: float(sizes[np.nanargmax(y)]), curves.columns, runs, draws)
    height = float(np.exp(np.nanmax(_mean(runs))))
    return Peak(n, low, high, height, each, bool(sizes[0] < n < sizes[-1]))


def curves_by_size(
    table: pd.DataFrame, column: Literal["gap", "entropy", "perplexity"], t: float = 0.25
) -> pd.DataFrame:
    """Return one curve per seed: rows n_train in rising order, columns seeds, NaN where a model is missing.

    "gap": train minus held-out recovery at noise level t; "entropy": of training text, nats per token at t -> 0;
    "perplexity": exp of the held-out NELBO per token. The last two do not depend on t.
    """
    values = {"gap": "recovered", "entropy": "entropy", "perplexity": "nelbo"}
    if column not in values:
        raise ValueError(f"column must be one of {', '.join(values)}, but is {column!r}.")
    missing = {"n_train", "seed", "split", "t", values[column]} - set(table.columns)
    if missing or table.empty:
        what = f"lacks the columns {sorted(missing)}" if missing else "is empty"
        raise ValueError(f"The table {what}; give one that run_sweep returned.")
    if column == "gap":
        table = at_level(table, t)
    splits = {"gap": ["train", "held-out"], "entropy": ["train"], "perplexity": ["held-out"]}[column]
    absent = set(splits) - set(table["split"])
    if absent:
        raise ValueError(f"The table has no rows for the split {' and '.join(sorted(absent))}.")
    wide = {split: by_size(table, values[column], split=split) for split in splits}
    found = pd.DataFrame(np.exp(wide["held-out"])) if column == "perplexity" else wide["train"]
    found = found - wide["held-out"] if column == "gap" else found
    return found.dropna(how="all").dropna(how="all", axis=1)


def by_size(table: pd.DataFrame, column: str, **kind: str) -> pd.DataFrame:
    """Return a column, rows n_train and columns seeds, where the table's other columns are as in `kind`."""
    for name, value in kind.items():
        table = table[table[name] == value]
    return table.pivot_table(index="n_train", columns="seed", values=column)


def at_level(table: pd.DataFrame, t: float) -> pd.DataFrame:
    """Return the rows of a table of `run_sweep` or `sweep_bounds` at noise level t; ValueError if there are none."""
    rows = table[np.isclose(table["t"], t)]
    if rows.empty:
        levels = ", ".join(f"{level:g}" for level in sorted(table["t"].unique()))
        raise ValueError(f"The table has no noise level {t}; it has {levels}.")
    return rows


def first_passage(
    sizes: Array, y: Array, level: float, start: float | None = None, limit: float | None = None
) -> tuple[float, float]:
    """Return where y [sizes] first rises past the share `level`, and the value there; `sizes` are ln n.

    NaN in y is skipped, but NaN is the answer when an end of the curve is missing or start is not below limit.
    """
    first = float(y[0]) if start is None else start
    last = float(y[-1]) if limit is None else limit
    value = last + level * (first - last)
    if not first < last:
        return float("nan"), value
    there = ~np.isnan(y)
    sizes, left = sizes[there], (last - y[there]) / (last - first)  # 1 at the start, 0 at the limit
    passed = np.flatnonzero((left[:-1] > level) & (left[1:] <= level))
    if not len(passed):
        return (float("inf") if left[-1] > level else 0.0), value
    k = passed[0]
    part = (left[k] - level) / (left[k] - left[k + 1])
    return float(np.exp(sizes[k] + part * (sizes[k + 1] - sizes[k]))), value


def _mean(runs: Array) -> Array:
    """Return the mean over seeds [sizes] of runs [seeds, sizes]; NaN only where every seed is missing."""
    there = ~np.isnan(runs)
    count = there.sum(axis=0)
    return np.divide(np.where(there, runs, 0).sum(axis=0), count, out=np.full(runs.shape[1], np.nan), where=count > 0)


def _over_seeds(
    find: Callable[[Array], float], seeds: pd.Index, runs: Array, draws: int
) -> tuple[float, float, float, dict[int, float]]:
    """Return what `find` says of the mean of runs [seeds, sizes], a 95 % bootstrap interval, and what of each seed.

    The interval takes percentiles of `draws` means over whole seeds drawn anew, rounded outward; those without an
    answer (NaN) do not count, and a single seed has none.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, but is {draws}.")
    rng, n = np.random.default_rng(0), len(runs)
    drawn = [find(_mean(runs[rows])) for rows in list(rng.integers(n, size=(draws, n)))] if n > 1 else []
    known = np.array([n for n in drawn if not np.isnan(n)])
    low, high = float("nan"), float("nan")
    if len(known):
        low = float(np.quantile(known, 0.025, method="lower"))  # no interpolation: some sizes may be infinite
        high = float(np.quantile(known, 0.975, method="higher"))
    return find(_mean(runs)), low, high, {int(s): find(runs[i]) for i, s in enumerate(seeds)}
