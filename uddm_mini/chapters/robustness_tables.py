"""Committed grids in which one thing was changed, what each is compared with, and what was found in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from uddm_mini.experiments import copies
from uddm_mini.experiments.crossing import Crossing, at_level, by_size, crossing
from uddm_mini.experiments.store import read_rows
from uddm_mini.teaching.results import committed, results_path
from uddm_mini.worlds.toy_language import ToyLanguage

from .cases import CHANGES as CHANGES
from .cases import GROWN as GROWN
from .ledger import T, Tables

# the folders of the grids without a change
BASELINE, LARGE = "fresh-medium", "fresh-large"
COPIES = 16  # sentences of each number of copies in the committed table
MASK = "___"  # what a page shows of a masked word


def grids(names: Sequence[str], tables: Tables = committed) -> dict[str, pd.DataFrame]:
    """Return the committed sweep of each grid, as `run_sweep` returns it."""
    return {name: tables(f"{name}/sweep") for name in names}


def crossings(sweeps: Mapping[str, pd.DataFrame], level: float = 0.5) -> dict[str, Crossing]:
    """Return where the gap of recovery at t = 0.25 has fallen to `level` of its first value, for each grid."""
    return {name: crossing(table, t=T, level=level) for name, table in sweeps.items()}


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return recovery at t = 0.25 at the smallest and the largest size, means over seeds: columns of the two splits."""
    at = at_level(table, T)
    means = {split: by_size(at, "recovered", split=split).mean(axis=1) for split in ("train", "held-out")}
    return pd.DataFrame(means).iloc[[0, -1]]


def passages(sweeps: Mapping[str, pd.DataFrame]) -> pd.Series[float]:
    """Return the factor in n on which the gap falls from 3/4 to 1/4 of its first value: geometric mean over seeds."""
    begin, end = (crossings(sweeps, level) for level in (0.75, 0.25))
    logs = {
        name: np.mean([np.log(end[name].each[seed] / begin[name].each[seed]) for seed in end[name].each])
        for name in sweeps
    }
    return pd.Series(logs).map(np.exp)


def verdicts(name: str, tables: Tables = committed) -> pd.DataFrame | None:
    """Return what the probe said of each model of a grid, rows seeds and columns n_train: 1, 0 or -1, as `VERDICTS`.

    None unless there is a verdict for every model of the sweep.
    """
    try:
        rows = tables(f"{name}/side")
    except FileNotFoundError:
        return None
    rows = rows[rows["quantity"] == "side_verdict"]
    models = tables(f"{name}/sweep")[["n_train", "seed"]].drop_duplicates()
    if len(rows) < len(models):
        return None
    return rows.pivot_table(index="seed", columns="n_train", values="value")


def all_verdicts(names: Sequence[str], tables: Tables = committed) -> dict[str, pd.DataFrame]:
    """Return the verdicts of those grids that have one for every model."""
    found = {name: verdicts(name, tables) for name in names}
    return {name: table for name, table in found.items() if table is not None}


def copied() -> pd.DataFrame:
    """Return the committed table of `duplicated_sentences`: one row per (n_train, seed, copies)."""
    return copies.table_of(read_rows(results_path("copies.csv")))


def share_of_training(n: int, k: int, every: Sequence[int], group: int = COPIES) -> float:
    """Return which share of the training lines is one of the `group` sentences that stand there k times.

    n: distinct sentences
    every: all numbers of copies; of each there are `group` sentences, and the rest of the n stand once
    """
    lines = n + group * sum(copies - 1 for copies in every if copies > 1)
    return group * k / lines


def said(language: ToyLanguage, x: torch.Tensor) -> list[str]:
    """Return sentences int64[B, L] in words, with a gap where the id is that of a mask."""
    words = (*language.words, MASK)
    return [" ".join(words[token] for token in row) for row in x.tolist()]
