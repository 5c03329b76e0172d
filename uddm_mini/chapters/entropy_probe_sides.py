"""On which side of their crossing networks are, what the probe says of them, and how often it is wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pandas as pd

from uddm_mini.experiments.crossing import crossing
from uddm_mini.probes.roc import Interval
from uddm_mini.probes.side import VERDICTS

from .ledger import T, Tables, detail
from .quantities import table_of

MEASURED = ("score", "own", "fresh", "table_entropy", "cost", "table_cost")
SIDES = {True: "below the crossing", False: "above it"}  # of the numbers of sentences


def entropies_by_side(tables: Tables, cases: Sequence[str]) -> pd.DataFrame:
    """Return a row per model: case, n_train, seed, position, memory, own and fresh, from the details of each case.

    own, fresh: mean cavity entropy in nats per word of text that the model wrote, and of held-out text.
    position: n_train over the crossing of its own case, of the mean over seeds; memory: whether that is below 1.
    """
    parts = []
    for case in cases:
        rows = tables(f"{case}/details")
        kinds = {name: detail(rows, "entropy", split) for name, split in (("own", "generated"), ("fresh", "held-out"))}
        parts.append(_placed(tables, case, kinds))
    return pd.concat(parts, ignore_index=True)


def verdicts_by_side(tables: Tables, cases: Sequence[str]) -> pd.DataFrame:
    """Return a row per model: case, n_train, seed, position, memory, all numbers of its `Side`, and its verdict.

    Position and memory are as in `entropies_by_side`; the numbers were stored by `examine --probes side`.
    """
    parts = []
    for case in cases:
        rows = tables(f"{case}/side")
        kinds = {name: detail(rows, f"side_{name}", "held-out") for name in (*MEASURED, "verdict")}
        parts.append(_placed(tables, case, kinds))
    found = pd.concat(parts, ignore_index=True)
    names = {number: verdict for verdict, number in VERDICTS.items()}
    return found.assign(verdict=found["verdict"].map(names))


def _placed(tables: Tables, case: str, kinds: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return tables of n_train by seed as one with a row per model, and where the model is."""
    at = crossing(table_of(tables, case), t=T, draws=1).n
    long = pd.DataFrame({name: runs.stack() for name, runs in kinds.items()}).reset_index()
    position = long["n_train"] / at
    return long.assign(case=case, position=position, memory=position < 1)


def confusion(found: pd.DataFrame) -> pd.DataFrame:
    """Return how many models got which verdict: rows the side of their crossing, columns the verdicts."""
    counts = pd.crosstab(found["memory"], found["verdict"])
    return counts.reindex(index=list(SIDES), columns=list(VERDICTS), fill_value=0).rename(index=SIDES)


def share_with_interval(hits: int, trials: int, confidence: float = 0.95) -> Interval:
    """Return hits / trials with the interval of Clopper and Pearson (1934), for independent trials.

    Its ends are the shares at which so many hits or more, and so many or fewer, have probability (1 - confidence) / 2.
    It holds the truth at least as often as it says, also for 0 hits. ValueError for counts that cannot be.
    """
    if not 0 <= hits <= trials or trials < 1:
        raise ValueError(f"There must be at least one trial, and 0 to all of them hits, but {hits} of {trials} is not.")
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _root(lambda p: 1 - _at_most(hits - 1, trials, p) - tail)
    high = 1.0 if hits == trials else _root(lambda p: tail - _at_most(hits, trials, p))
    return Interval(hits / trials, low, high)


def _at_most(hits: int, trials: int, p: float) -> float:
    """Return the probability of at most so many hits, each with probability p."""
    return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(hits + 1))


def _root(rising: Callable[[float], float]) -> float:
    """Return where a rising function of a share passes 0, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2
