"""How sure networks of English are of function words, content words and pieces: the table of the probe `classes`."""

from __future__ import annotations

import pandas as pd

from uddm_mini.teaching.results import committed
from uddm_mini.worlds.word_classes import BANDS, KINDS

from .bars_more_english import ALL, FEWEST
from .ledger import Tables

# label: case, training sentences, denoiser; what is drawn in this order
DENOISERS = {
    "memory of 64 sentences": ("english-large", FEWEST, "model"),
    "table of pairs": ("english-long", ALL, "pairs"),
    "width 128, 3 passes": ("english-large", ALL, "model"),
    "width 256, 50 passes": ("english-long", ALL, "model"),
}


def of_classes(case: str, n: int, denoiser: str = "model", tables: Tables = committed) -> pd.DataFrame:
    """Return a row per class, with the numbers of `OfClass`, and for a model recovered and changed at t = 0.25.

    KeyError if the table has no such denoiser.
    """
    rows = tables(f"{case}/classes")
    rows = rows[(rows["n_train"] == n) & (rows["denoiser"] == denoiser)]
    if rows.empty:
        raise KeyError(f"{case} has no classes of {denoiser} at {n:,} sentences.")
    named = rows["quantity"].str.split("_of_", n=1, expand=True).set_axis(["what", "kind"], axis=1)
    return pd.concat([named, rows["value"]], axis=1).pivot(index="kind", columns="what", values="value")


def by_denoiser(what: str, tables: Tables = committed) -> pd.DataFrame:
    """Return one number of the four kinds for each of DENOISERS: rows KINDS, columns labels."""
    found = {label: of_classes(*where, tables=tables)[what] for label, where in DENOISERS.items()}
    return pd.DataFrame(found).loc[list(KINDS)]


def by_band(what: str, case: str = "english-long", n: int = ALL, tables: Tables = committed) -> pd.DataFrame:
    """Return one number of a model for kinds of words within bands of frequency: rows KINDS, columns bands 1 to 4."""
    found = of_classes(case, n, tables=tables)[what]
    columns = {f"band {k}": [found[f"{kind}-band-{k}"] for kind in KINDS] for k in range(1, BANDS + 1)}
    return pd.DataFrame(columns, index=list(KINDS))
