"""On which side of their crossing networks are, what the probe says of them, and how often it is wrong."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from uddm_mini.experiments.crossing import crossing
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
