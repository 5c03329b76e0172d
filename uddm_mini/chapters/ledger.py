"""What the ledger of claims is made of: findings with a verdict, the committed tables, and intervals over seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import STUDENT, Crossing, at_level, by_size, crossing
from uddm_mini.probes.roc import Interval, auc

SIZES = ("small", "medium", "large")
T = 0.25  # the noise level of every recovery in the ledger

Tables = Callable[[str], pd.DataFrame]


@dataclass(frozen=True)
class Finding:
    """What was measured for one claim, whether it meets the bar for "agree", and what agreement leaves out.

    `agrees` is None where no measurement of ours could decide.
    """

    measured: str
    agrees: bool | None
    reservation: str = ""

    @property
    def verdict(self) -> str:
        """One of "agree", "agree, with a reservation", "disagree", "not testable here"."""
        if self.agrees is None:
            return "not testable here"
        if not self.agrees:
            return "disagree"
        return "agree, with a reservation" if self.reservation else "agree"

    def _sentences(self) -> dict[str, str]:
        reserved = {"Reservation": self.reservation} if self.agrees and self.reservation else {}
        return {self.verdict: self.measured} | reserved

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {said}." for name, said in self._sentences().items())

    def _repr_html_(self) -> str:
        return "".join(f"<p><b>{name}:</b> {escape(said)}.</p>" for name, said in self._sentences().items())


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


def span(mean: float, low: float, high: float) -> str:
    """Return a number with its interval as text."""
    return f"{mean:.3f} ({low:.3f} to {high:.3f})"


def where(found: Crossing) -> str:
    """Return a crossing with its interval as text."""
    return f"{found.n:.0f} ({found.low:.0f} to {found.high:.0f})"


def recovery(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Return recovery at T, rows n_train and columns seeds."""
    return by_size(at_level(table, T), "recovered", split=split)


def change_of_recovery(tables: Tables, split: str, sign: int, word: str) -> Finding:
    """Return by how much recovery changes from the smallest size to the largest, seed by seed; agree if above 0."""
    runs = recovery(tables("toy-large/sweep"), split)
    change = over_seeds(sign * (runs.iloc[-1] - runs.iloc[0]))
    ends = f"{word} from {runs.iloc[0].mean():.3f} to {runs.iloc[-1].mean():.3f}, by {span(*change)}"
    return Finding(f"recovery of {split.replace('train', 'training')} text {ends}", change[1] > 0)


def entropy(table: pd.DataFrame) -> pd.DataFrame:
    """Return the entropy of training text, rows n_train and columns seeds."""
    return by_size(table, "entropy", split="train")


def detail(table: pd.DataFrame, quantity: str, split: str) -> pd.DataFrame:
    """Return one quantity of one kind of text from details.csv, rows n_train and columns seeds."""
    return by_size(table, "value", quantity=quantity, split=split)


@dataclass(frozen=True)
class Sides:
    """Models outside a band around the crossing: their entropy, and on which side they are."""

    area: Interval
    models: int
    memory: tuple[str, ...]  # the configurations on the side of memory
    hits: float  # with a threshold from the other model sizes
    alarms: float


def sides_by_entropy(band: float, tables: Tables) -> Sides:
    """Return how well the entropy of written text tells memory (n below the crossing) from generalization.

    Models with n between 1 / band and band times the crossing of their size are left out. The interval draws whole
    configurations (model size and n), since seeds of one configuration are alike. Hits and false alarms use, for each
    model size, the threshold that lets 5 % of the generalizing models of the *other* sizes pass for memory.
    """
    rows = []
    for size in SIZES:
        at = crossing(tables(f"toy-{size}/sweep"), t=T, draws=1).n
        written = detail(tables(f"toy-{size}/details"), "entropy", "generated")
        for n in written.index[(written.index < at / band) | (written.index > at * band)].tolist():
            rows += [(size, f"{size} at {n}", n < at, float(value)) for value in written.loc[n].dropna()]
    found = pd.DataFrame(rows, columns=["size", "cell", "memory", "entropy"])
    area = auc(-found.entropy.to_numpy(), found.memory.to_numpy(), clusters=found.cell.to_numpy())
    below = pd.Series(False, index=found.index)
    for size in SIZES:
        mine = found["size"] == size
        below |= mine & (found.entropy < found[~mine & ~found.memory].entropy.quantile(0.05))
    cells = tuple(found[found.memory].cell.unique())
    return Sides(area, len(found), cells, float(below[found.memory].mean()), float(below[~found.memory].mean()))
