"""One rule for all claims: the whole interval over the seeds on the right side of the bar, in every case."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from uddm_mini.probes.roc import Interval

from .ledger import SIZES, Tables, over_seeds

FRESH = tuple(f"fresh-{size}" for size in SIZES)
Values = Callable[[Tables, str], "pd.Series[float] | Interval"]


@dataclass(frozen=True)
class Condition:
    """One number per seed and case, and the bars that its whole interval must lie between."""

    what: str
    values: Values
    above: float = -np.inf
    below: float = np.inf
    cases: Sequence[str] = FRESH


@dataclass(frozen=True)
class Claim:
    """What the paper says, where it says it, and what that must look like here."""

    name: str
    says: str
    source: str  # "abstract", "repository", "page", or "a reader of the full text"
    conditions: tuple[Condition, ...]


def judge(claim: Claim, tables: Tables) -> tuple[str, pd.DataFrame]:
    """Return "agree", "disagree" or "mixed", and a row for every condition and case: mean, interval, bars and side."""
    rows = []
    for condition in claim.conditions:
        for case in condition.cases:
            found = condition.values(tables, case)
            interval = found if isinstance(found, Interval) else Interval(*over_seeds(found))
            inside = condition.above < interval.low and interval.high < condition.below
            outside = interval.high <= condition.above or interval.low >= condition.below
            side = "right" if inside else "wrong" if outside else "open"
            bars = {"above": condition.above, "below": condition.below, "side": side}
            span = {"value": interval.value, "low": interval.low, "high": interval.high}
            rows.append({"condition": condition.what, "case": case, **span, **bars})
    table = pd.DataFrame(rows)
    if (table.side == "right").all():
        return "agree", table
    against = table.groupby("condition", sort=False).side.agg(lambda sides: (sides == "wrong").all())
    return ("disagree" if against.any() else "mixed"), table
