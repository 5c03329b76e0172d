"""A law in logarithms: the reader chooses its points and its exponent, carries it on, and sees what it says there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.experiments.law import power_law

from .live import Turnable
from .stills import Row, still_bars, told_bars

WEIGHTS = tuple(10 ** (4 + k / 10) for k in range(51))  # 10,000 to a thousand million


@dataclass(frozen=True, eq=False)
class Fit:
    """A choice of points to put a line through, by their names, and the world that is carried on."""

    name: str
    points: Sequence[str]
    world: str


def carried_law(
    points: pd.DataFrame,
    fits: Sequence[Fit],
    beyond: Mapping[str, tuple[float, float]],
    asked: float,
    label: str = "A line in logarithms, carried on",
) -> Turnable:
    """Let the reader choose points and exponent of ln tokens = a_world + b ln weights, and carry it on.

    By least squares the page computes what `power_law` does: one exponent for all worlds, a level for each, and the
    95 % prediction interval for one more network. With an exponent of the reader's own the levels are fitted, and the
    interval is that of the scatter around this line. The reader first guesses where the network of `asked` weights
    would cross, by the first fit, in thousand tokens.

    points: name, world, weights and tokens, a row for each network.
    beyond: weights and tokens by a name, which no line goes through; each is compared with the line.

    Without scripts the predictions of every fit show. ValueError for a fit that no law goes through, or weights off the
    slider's range.
    """
    if not fits or not WEIGHTS[0] <= asked <= WEIGHTS[-1]:
        ends = f"{WEIGHTS[0]:,.0f} to {WEIGHTS[-1]:,.0f}"
        raise ValueError(f"Give a fit, and ask about {ends} weights, not {asked:,.0f}.")
    names = points["name"].tolist()
    weights = sorted({*(round(w, -2) for w in WEIGHTS), float(asked)})
    laws = [power_law(points[points["name"].isin(fit.points)]) for fit in fits]
    for fit, law in zip(fits, laws, strict=True):
        law.tokens(fit.world, asked)  # which refuses another world
    data = {
        "label": label,
        "points": points[["name", "world", "weights", "tokens"]].to_dict("records"),
        "fits": [{"name": f.name, "use": [names.index(p) for p in f.points], "world": f.world} for f in fits],
        "beyond": [{"name": name, "weights": w, "tokens": n} for name, (w, n) in beyond.items()],
        "weights": weights,
        "quantiles": list(STUDENT),
        "asked": {"fit": 0, "weights": weights.index(float(asked))},
        "per": 1000,
        "ask": _question(fits[0].name, asked),
    }
    rows: list[Row] = []
    for fit, law in zip(fits, laws, strict=True):
        parts = zip(("", ", low end", ", high end"), law.tokens(fit.world, asked), strict=True)
        rows += [(f"{fit.name}{part}", n / 1000, "train") for part, n in parts]
    head = f"Thousand tokens at which a network of {asked:,.0f} weights should cross, by a line through:"
    top = max(n for _, n, _ in rows)
    return Turnable(
        "laws", data, f"<p>{head}</p>{still_bars(rows, top, digits=0)}", f"{head}\n{told_bars(rows, digits=0)}"
    )


def _question(name: str, asked: float) -> dict[str, Any]:
    """Return what the reader is asked first."""
    question = (
        f"Predict: a line through {name}. At how many thousand tokens would one more network of {asked / 1e6:,.0f} "
        "million weights cross?"
    )
    return {"question": question, "min": 0, "max": 1e9, "step": "any", "unit": "thousand tokens"}
