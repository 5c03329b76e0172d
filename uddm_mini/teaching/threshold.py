"""A threshold over the scores of many models: the reader moves it, and the page counts what it finds and mistakes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from uddm_mini.probes.roc import auc

from .live import Turnable
from .stills import Row, still_bars, told_bars


def moved_threshold(
    models: pd.DataFrame, titles: Mapping[str, str], label: str = "Move the threshold over all models"
) -> Turnable:
    """Let the reader move a threshold over two scores of memory, and count hits, false alarms and AUC in the page.

    Plain: minus the entropy of a model's own text. Difference: entropy of fresh text minus that of its own. A model is
    called a memory from the threshold on; AUC is the chance that a memory scores above another model, ties half. The
    reader first guesses how many false alarms it costs to find every memory by the plain score.

    models: a row per model: case (a key of `titles`), own and fresh (nats per word) and memory (True or False).

    Without scripts both areas for every network show. ValueError for a table without both sides, or with other cases.
    """
    if missing := {"case", "own", "fresh", "memory"} - set(models.columns):
        raise ValueError(f"The models need the columns {sorted(missing)}.")
    if set(models["case"]) != set(titles) or models.groupby("case")["memory"].nunique().min() < 2:
        raise ValueError("Every case needs a title, and models on both sides.")
    if not np.isfinite(models[["own", "fresh"]].to_numpy(dtype=float)).all():
        raise ValueError("An entropy is missing; leave out models that could not be measured.")
    names = list(titles)
    memories = int(models["memory"].sum())
    data = {
        "label": label,
        "cases": [titles[name] for name in names],
        "models": [
            {"case": names.index(case), "own": own, "fresh": fresh, "memory": memory}
            for case, own, fresh, memory in models[["case", "own", "fresh", "memory"]].to_numpy().tolist()
        ],
        "ask": {
            "question": f"Predict: own text alone, all {len(models)} models. You move the threshold until it finds all "
            f"{memories} memories. How many of the {len(models) - memories} others does it then call memories, too?",
            "min": 0,
            "max": len(models) - memories,
            "step": 1,
            "unit": "false alarms",
        },
    }
    rows: list[Row] = []
    for title, part in [*((titles[name], models[models["case"] == name]) for name in names), ("all", models)]:
        memory = part["memory"].to_numpy(dtype=bool)
        for kind, score in (("own text alone", -part["own"]), ("fresh minus own", part["fresh"] - part["own"])):
            rows.append((f"{title}, {kind}", auc(score.to_numpy(dtype=float), memory).value, "train"))
    head = "AUC of two scores of memory:"
    return Turnable("threshold", data, f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}")
