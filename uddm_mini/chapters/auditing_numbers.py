"""Numbers of the chapter on audits: error rates counted anew, and the chance that the rest of a sentence comes."""

from __future__ import annotations

import pandas as pd
import torch

from uddm_mini.audit.known import NEAR, RATES, answer_of
from uddm_mini.denoiser import Denoiser
from uddm_mini.probes.shares import share_with_interval
from uddm_mini.probes.side import Side
from uddm_mini.sampling import fill
from uddm_mini.teaching.results import committed

from .entropy_probe_sides import verdicts_by_side

CASES = (
    *("fresh-small", "fresh-medium", "fresh-large"),
    *("other-absorbing", "other-closed", "other-convolution", "other-cosine"),
    *("other-grammar", "other-misprints", "other-mixed", "side-english-medium", "side-english-large"),
)


def error_rates() -> pd.DataFrame:
    """Return a row for each answer of an audit: networks, wrong, cells, wrong_cells and at_most.

    Counted on the stored networks of `CASES`, as it is said in `audit.known`; a cell is networks that differ by their
    seed only. at_most: the upper end of the 95 % interval of the share of wrong cells.
    """
    found = verdicts_by_side(committed, CASES)
    told = found[["own", "fresh", "cost", "table_entropy", "table_cost"]].to_numpy(dtype=float)
    answers = [answer_of(Side(*map(float, row))) for row in told]
    near, rows = found["position"].between(1 / NEAR, NEAR), {}
    wrong = {"memorizing": ~found["memory"], "generalizing": found["memory"], "in between": ~near}
    for answer in RATES:
        here = pd.Series(answers, index=found.index) == answer
        cells = wrong[answer][here].groupby([found["case"][here], found["n_train"][here]]).any()
        most = share_with_interval(int(cells.sum()), len(cells)).high
        counts = {"networks": int(here.sum()), "wrong": int(wrong[answer][here].sum())}
        rows[answer] = {**counts, "cells": len(cells), "wrong_cells": int(cells.sum()), "at_most": most}
    return pd.DataFrame(rows).T.astype(dict.fromkeys(("networks", "wrong", "cells", "wrong_cells"), int))


def chance_of_rest(
    model: Denoiser, x: torch.Tensor, known: torch.Tensor, draws: int, steps: int, corrections: int
) -> torch.Tensor:
    """Return in which share of the draws the words of x int64[n, L] that are not known come back, float64[n]."""
    generator = torch.Generator().manual_seed(0)
    many, given = x.repeat(draws, 1), known.repeat(draws, 1)
    out = fill(model, many, given, steps, corrections=corrections, generator=generator)
    return (out.cpu() == many).all(dim=1).reshape(draws, -1).double().mean(dim=0)
