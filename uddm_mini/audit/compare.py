"""How well does a score tell members from strangers? Its area, and what it finds at one false alarm in a hundred."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from uddm_mini.probes.roc import auc, threshold_at
from uddm_mini.probes.shares import share_with_interval

RATE = 0.01  # false alarms
FEWEST = 10  # sentences of each kind; with fewer, an interval says nothing


def compare_scores(members: pd.DataFrame, strangers: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Return what each score is worth, one row per column that both tables of `membership_scores` have.

    auc, low, high: the area under the ROC curve with its interval, see `auc`; 0.5 is guessing.
    tpr_at_1, tpr_low, tpr_high: of the members, the share above a threshold that a new stranger passes with probability
        at most 0.01 (`threshold_at`), with the interval of Clopper and Pearson; the threshold is taken as given.
    lowest_fpr: 1 over the number of strangers, the smallest false-positive rate that could be seen at all.
    conservative: True where the threshold keeps that promise. It needs 99 strangers; with fewer it is False, and the
        three rates before it are missing.

    confidence: how often an interval should hold the truth.

    Nothing is random. ValueError for fewer than 10 sentences of a kind, NaN, or no score in common.
    """
    names = [name for name in members.columns if name in strangers.columns]
    if not names:
        raise ValueError("The two tables have no score in common; make both with membership_scores.")
    if min(len(members), len(strangers)) < FEWEST:
        raise ValueError(
            f"At least {FEWEST} members and {FEWEST} strangers are needed, but there are {len(members)} and "
            f"{len(strangers)}: give more text."
        )
    labels = np.repeat([True, False], [len(members), len(strangers)])
    enough, rows = math.floor(RATE * (len(strangers) + 1) + 1e-9) >= 1, {}
    for name in names:
        yes, no = members[name].to_numpy(float), strangers[name].to_numpy(float)
        area = auc(np.concatenate([yes, no]), labels, confidence)
        row = {"auc": area.value, "low": area.low, "high": area.high, "tpr_at_1": math.nan}
        row |= {"tpr_low": math.nan, "tpr_high": math.nan}
        if enough:
            hits = int((yes > threshold_at(no, RATE)).sum())
            found = share_with_interval(hits, len(yes), confidence)
            row |= {"tpr_at_1": found.value, "tpr_low": found.low, "tpr_high": found.high}
        rows[name] = {**row, "lowest_fpr": 1 / len(no), "conservative": enough}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="score")
