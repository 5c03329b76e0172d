"""Numbers of the chapter on fine-tunes: points of the law of sizes, and leads that ended before they were seen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from uddm_mini.audit.finetune import warnings_of
from uddm_mini.audit.sizes import size_points
from uddm_mini.teaching.results import committed

from .english_points import SWEEPS, law_points

SEEN_AT = ["members", "strangers", "gap", "extracted", "nelbo"]
FRESH = ("fresh-small", "fresh-medium", "fresh-large")  # the toy language with seeds that no bar has seen


def measured_points(gap: float = 0.1) -> pd.DataFrame:
    """Return where the gap falls to `gap` in the committed sweeps: a row each of world, weights, sentences.

    The worlds are those of the law, the toy language with fresh seeds.
    """
    named = {**SWEEPS, "toy": FRESH}
    where = law_points(sweeps=named)
    weights = dict(zip(where["name"], where["weights"], strict=True))
    parts = [
        size_points(world, {int(weights[name]): committed(f"{name}/sweep") for name in group}, gap)
        for world, group in named.items()
    ]
    return pd.concat(parts, ignore_index=True)


def leads(table: pd.DataFrame) -> pd.DataFrame:
    """Return how many steps before extraction each fine-tune's monitor fired: seed, fired, least, most.

    table: as `committed_finetune` returns it. least: from what was seen until the last look; most: infinite where
    extraction had not passed 10 % by then. Both NaN where the monitor never fired.
    """
    found, last = warnings_of(table), float(table["step"].max())
    fired = found["fired"].where(np.isfinite(found["fired"]))
    seen = np.isfinite(found["verbatim"])
    return found[["n_train", "seed"]].assign(
        fired=fired,
        least=found["verbatim"].where(seen, last) - fired,
        most=found["verbatim"] - fired,
    )


def stopped_at_once(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return what fine-tunes on n sentences were like before, where the monitor fired, and at the end: a row each.

    table: as `committed_finetune` returns it; columns when ("before", "fires", "end"), seed and what was seen. Seeds
    whose monitor did not fire are left out.
    """
    parts, fired = [], warnings_of(table).set_index(["n_train", "seed"])["fired"].loc[n]
    for seed, step in fired[np.isfinite(fired)].items():
        rows = table[(table["n_train"] == n) & (table["seed"] == seed)].set_index("step")
        at = [rows.index.min(), int(step), rows.index.max()]
        parts.append(rows.loc[at, ["seed", *SEEN_AT]].assign(when=["before", "fires", "end"]))
    return pd.concat(parts, ignore_index=True)[["when", "seed", *SEEN_AT]]
