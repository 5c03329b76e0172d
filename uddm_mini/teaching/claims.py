"""The claims of the paper that can be tested at this scale, each measured on the committed tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from uddm_mini.probes.detector import auc
from uddm_mini.training.crossing import crossing, curves_by_size, perplexity_peak

from .data import data_path

T = 0.25  # the noise level of every recovery below
STUDENT = {1: 12.71, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 9: 2.262}  # 97.5 % quantiles, by degrees of freedom
SIZES = ("small", "medium", "large")


@dataclass(frozen=True)
class Finding:
    """What was measured for one claim: a sentence with its interval, and whether it says what the paper says."""

    measured: str
    agrees: bool

    def __repr__(self) -> str:
        return f"{'agree' if self.agrees else 'disagree'}: {self.measured}"


Tables = Callable[[str], pd.DataFrame]


def committed(name: str) -> pd.DataFrame:
    """Return a committed table, such as "toy-large/sweep"."""
    return pd.read_csv(data_path(f"sweeps/{name}.csv"))


def over_seeds(values: Any) -> tuple[float, float, float]:
    """Return mean and 95 % interval of one number per seed (Student's t: the seeds are few)."""
    x = np.asarray(values, dtype=float)
    half = STUDENT[len(x) - 1] * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


def training_basins_shrink(tables: Tables = committed) -> Finding:
    """Training text: recovery at the smallest size minus recovery at the largest, seed by seed."""
    runs = _recovery(tables("toy-large/sweep"), "train")
    mean, low, high = over_seeds(runs.iloc[0] - runs.iloc[-1])
    ends = f"from {runs.iloc[0].mean():.3f} to {runs.iloc[-1].mean():.3f}"
    return Finding(f"recovery of training text falls {ends}, by {_span(mean, low, high)}", bool(low > 0))


def held_out_basins_grow(tables: Tables = committed) -> Finding:
    """Held-out text: recovery at the largest size minus recovery at the smallest, seed by seed."""
    runs = _recovery(tables("toy-large/sweep"), "test")
    mean, low, high = over_seeds(runs.iloc[-1] - runs.iloc[0])
    ends = f"from {runs.iloc[0].mean():.3f} to {runs.iloc[-1].mean():.3f}"
    return Finding(f"recovery of held-out text rises {ends}, by {_span(mean, low, high)}", bool(low > 0))


def they_converge(tables: Tables = committed) -> Finding:
    """Training minus held-out recovery at the largest size, and the distance of both from the perfect denoiser."""
    table, bounds = tables("toy-large/sweep"), tables("toy-large/bounds")
    train, test = (_recovery(table, split).iloc[-1] for split in ("train", "test"))
    mean, low, high = over_seeds(train - test)
    ceiling = _recovery(bounds[bounds.denoiser == "population"], "test").iloc[-1].mean()
    off = max(abs(train.mean() - ceiling), abs(test.mean() - ceiling))
    measured = f"they end {_span(mean, low, high)} apart, both within {off:.3f} of the perfect denoiser's {ceiling:.3f}"
    return Finding(measured, bool(max(abs(low), abs(high)) <= 0.02 and off <= 0.05))


def entropy_vanishes(tables: Tables = committed) -> Finding:
    """Cavity entropy of training text at t -> 0, at the smallest size."""
    runs = _entropy(tables("toy-large/sweep"))
    mean, low, high = over_seeds(runs.iloc[0])
    return Finding(f"with {runs.index[0]} sentences it is {_span(mean, low, high)} nats per word", bool(mean <= 0.02))


def entropy_stays_finite(tables: Tables = committed) -> Finding:
    """The same at the largest size, against the exact value, and the share of words that keep more than 0.01 nats."""
    bounds = tables("toy-large/bounds")
    exact = bounds[bounds.denoiser == "population"].entropy.mean()
    runs = _entropy(tables("toy-large/sweep"))
    mean, low, high = over_seeds(runs.iloc[-1])
    finite = over_seeds(1 - _detail(tables("toy-large/details"), "vanishing_0.1", "generated").iloc[-1])
    measured = (
        f"with {runs.index[-1]:,} sentences it is {_span(mean, low, high)} nats a word, exact {exact:.3f}; "
        f"of the words that the model writes, a share of {_span(*finite)} has more than 0.1 nats"
    )
    return Finding(measured, bool(abs(mean - exact) <= 0.05 and finite[1] > 0.25))


def entropy_alone_tells(tables: Tables = committed, memory: float = 0.75, general: float = 0.1) -> Finding:
    """AUC of the entropy of generated text for the side of the transition, over all models outside a band.

    A size counts as memory while its gap (training minus held-out recovery) is above `memory` times the gap at the
    smallest size, and as generalization below `general` times; what lies between is the band, and left out.
    """
    scores: list[float] = []
    labels: list[bool] = []
    for size in SIZES:
        gap = curves_by_size(tables(f"toy-{size}/sweep"), "gap", T).mean(axis=1)
        entropy = _detail(tables(f"toy-{size}/details"), "entropy", "generated")
        for n, share in (gap / gap.iloc[0]).items():
            if share > memory or share < general:
                values = entropy.loc[n].tolist()
                scores, labels = scores + values, labels + [share < general] * len(values)
    found = auc(scores, labels)
    measured = (
        f"AUC {found} over {len(scores)} models of three sizes, {labels.count(False)} of them on the side of memory"
    )
    return Finding(measured, bool(found.value >= 0.95))


def perplexity_peaks(tables: Tables = committed) -> Finding:
    """Where held-out perplexity is largest, against the crossing."""
    table = tables("toy-large/sweep")
    peak, at = perplexity_peak(table), crossing(table, t=T)
    near = peak.inside and at.n / 2 <= peak.n <= at.n * 2
    where = "" if peak.inside else ", the smallest size that was measured: it falls from the start"
    measured = (
        f"held-out perplexity is largest at {peak.n:.0f} sentences{where}; the crossing is at {at.n:.0f} "
        f"({at.low:.0f} to {at.high:.0f})"
    )
    return Finding(measured, near)


def larger_models_later(tables: Tables = committed, of: str = "toy", sizes: tuple[str, ...] = SIZES) -> Finding:
    """The crossings of models of different sizes."""
    found = [crossing(tables(f"{of}-{size}/sweep"), t=T) for size in sizes]
    listed = ", ".join(f"{size} {c.n:.0f} ({c.low:.0f} to {c.high:.0f})" for size, c in zip(sizes, found, strict=True))
    apart = all(a.high < b.low for a, b in itertools.pairwise(found))
    return Finding(
        f"crossings at {listed} sentences; the intervals {'are' if apart else 'are not'} disjoint", bool(apart)
    )


def unseen_data_are_fixed_points(tables: Tables = committed) -> Finding:
    """Share of held-out sentences that the iterated argmax leaves whole, at the smallest and the largest size."""
    table = tables("toy-large/details")
    held_out = _detail(table, "fixed_iterate", "test")
    train, random = (_detail(table, "fixed_iterate", split).iloc[-1].mean() for split in ("train", "random"))
    mean, low, high = over_seeds(held_out.iloc[-1])
    measured = (
        f"the iterated best guess leaves a share of {_span(mean, low, high)} of held-out sentences whole "
        f"({held_out.iloc[0].mean():.3f} at the smallest size), {train:.3f} of training sentences and {random:.3f} of "
        "random token sequences"
    )
    return Finding(measured, bool(low > 0.5 and low > held_out.iloc[0].mean() and random < 0.01))


def real_text_too(tables: Tables = committed) -> Finding:
    """On docstrings: recovery of both splits at both ends, and entropy of training text."""
    table = tables("docstrings-large/sweep")
    train, test, entropy = _recovery(table, "train"), _recovery(table, "test"), _entropy(table)
    first, last = over_seeds(train.iloc[0] - test.iloc[0]), over_seeds(train.iloc[-1] - test.iloc[-1])
    measured = (
        f"the gap between training and held-out recovery closes from {_span(*first)} to {_span(*last)}, the entropy "
        f"of training text rises from {entropy.iloc[0].mean():.3f} to {entropy.iloc[-1].mean():.2f} nats per character"
    )
    rises = entropy.iloc[0].mean() < 0.02 < 0.5 < entropy.iloc[-1].mean()
    return Finding(measured, bool(first[1] > 0.5 and max(abs(last[1]), abs(last[2])) < 0.03 and rises))


def _recovery(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return recovery at T, rows n_train and columns seeds."""
    rows = table[(table["split"] == split) & np.isclose(table["t"], T)]
    return rows.pivot_table(index="n_train", columns="seed", values="recovered")


def _entropy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the entropy of training text, rows n_train and columns seeds."""
    return table[table["split"] == "train"].pivot_table(index="n_train", columns="seed", values="entropy")


def _detail(table: pd.DataFrame, quantity: str, split: str) -> pd.DataFrame:
    """Return one quantity of one kind of text, rows n_train and columns seeds."""
    rows = table[(table["quantity"] == quantity) & (table["split"] == split)]
    return rows.pivot_table(index="n_train", columns="seed", values="value")


def _span(mean: float, low: float, high: float) -> str:
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"
