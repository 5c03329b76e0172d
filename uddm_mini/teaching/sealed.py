"""A game: the reader judges sealed models by their entropies, then sees the truth; a frozen rule plays beside."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from uddm_mini.probes.side import MUCH_SURER, THRESHOLD

from .live import Turnable
from .stills import Row, still_bars, told_bars

NUMBERS = ("own", "fresh", "cost", "table_entropy", "table_cost")  # of a `Side`


def sealed_models(
    found: pd.DataFrame,
    titles: Mapping[str, str],
    unlearned: Collection[str] = (),
    label: str = "Sealed models: your verdict, the frozen rule's, and the truth",
    *,
    seed: int = 0,
) -> Turnable:
    """Let the reader judge models from their entropies alone, and keep the score of reader and rule in the page.

    The page shows own, fresh and table_entropy of a `Side`, on request its costs, and computes the score and the frozen
    verdict as `Side.verdict` does. Only then it says on which side of its crossing the model is. Who says "undecided"
    is not wrong; of a model that learned too little only "undecided" is right. The score lasts from visit to visit
    where the browser can keep it.

    found: a row per model: case, n_train, position (n_train over the crossing), memory, and the numbers of its `Side`,
        in nats per word.
    titles: what each case is called, when the truth is told.
    unlearned: the cases whose models learned too little.
    seed: of the order of the models.

    Without scripts the first model and its truth show. ValueError for a case without a title or a missing number.
    """
    if missing := {*NUMBERS, "case", "n_train", "position", "memory"} - set(found.columns):
        raise ValueError(f"Sealed models need the columns {sorted(missing)}.")
    if nameless := set(found["case"]) - set(titles):
        raise ValueError(f"Give a title to every case; {sorted(nameless)} have none.")
    if found.empty or not np.isfinite(found[list(NUMBERS)].to_numpy(dtype=float)).all():
        raise ValueError("Every sealed model needs all its numbers, and there must be one model at least.")
    order = np.random.default_rng(seed).permutation(len(found))
    models: list[dict[str, Any]] = [
        {
            **{name: float(row[name]) for name in NUMBERS},
            "n": int(row["n_train"]),
            "position": float(row["position"]),
            "memory": bool(row["memory"]),
            "title": titles[row["case"]],
            "learned": row["case"] not in unlearned,
        }
        for row in found.iloc[order].to_dict("records")
    ]
    data = {
        "label": label,
        "models": models,
        "threshold": THRESHOLD,
        "surer": MUCH_SURER,
        # a score belongs to these models in this order
        "name": f"{len(models)}-{seed}-{sum(model['own'] for model in models):.6f}",
    }
    return Turnable("sealed", data, *_still(models[0]))


def _still(model: Mapping[str, Any]) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: one model with its truth."""
    rows: list[Row] = [
        ("its own text", model["own"], "memorizer"),
        ("fresh text", model["fresh"], "held-out"),
        ("fresh text, a table of pairs", model["table_entropy"], "chance"),
    ]
    head = "A sealed model, entropy in nats per word:"
    side = "below" if model["memory"] else "above"
    truth = f"Cost on fresh text {model['cost']:.2f}, of the table {model['table_cost']:.2f} nats per word. The truth: "
    truth += f"{model['title']}, trained on {model['n']:,} sentences, {model['position']:.2f} times its crossing: "
    truth += f"{side} it." if model["learned"] else "it learned too little to be on a side."
    html = f"<p>{head}</p>{still_bars(rows, 1.3)}<p>{truth}</p>"
    return html, f"{head}\n{told_bars(rows)}\n{truth}"
