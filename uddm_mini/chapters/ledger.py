"""What the ledger of claims is made of: the committed tables, and intervals over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import STUDENT, at_level, by_size

SIZES = ("small", "medium", "large")
T = 0.25  # the noise level of every recovery in the ledger

Tables = Callable[[str], pd.DataFrame]


def over_seeds(values: Sequence[float] | pd.Series) -> tuple[float, float, float]:
    """Return the mean of one number per seed and its 95 % interval by Student's t.

    ValueError for fewer than 2 numbers, more than 31, or NaN (a model that is missing must not pass unseen).
    """
    x = np.asarray(values, dtype=float)
    if not 2 <= len(x) <= len(STUDENT) + 1 or np.isnan(x).any():
        raise ValueError(
            f"An interval over seeds needs 2 to {len(STUDENT) + 1} numbers, none of them missing, but got {x.tolist()}."
        )
    half = STUDENT[len(x) - 2] * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean()), float(x.mean() - half), float(x.mean() + half)


def recovery(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return recovery at T, rows n_train and columns seeds."""
    return by_size(at_level(table, T), "recovered", split=split)


def entropy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the entropy of training text, rows n_train and columns seeds."""
    return by_size(table, "entropy", split="train")


def detail(table: pd.DataFrame, quantity: str, split: str) -> pd.DataFrame:
    """Return one quantity of one kind of text from details.csv, rows n_train and columns seeds."""
    return by_size(table, "value", quantity=quantity, split=split)
