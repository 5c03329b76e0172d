"""Where models cross, and what that hangs on: the reader turns the definition, and the page computes the crossings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from uddm_mini.experiments.crossing import Crossing, crossing, curves_by_size

from .live import Turnable
from .stills import Row, still_bars, told_bars

SHARES = tuple(k / 20 for k in range(18, 1, -1))  # 0.9, 0.85, ..., 0.1 of the gap
TICKS = (16, 64, 256, 1024, 4096)  # what a phone has room for


def turned_crossings(
    tables: Mapping[str, pd.DataFrame],
    asked: tuple[str, int],
    label: str = "Where do they cross? Turn the definition",
    *,
    levels: Sequence[float] = (0.05, 0.1, 0.25, 0.5),
) -> Turnable:
    """Let the reader turn the definition of a crossing, and compute it in the page for every network and seed.

    As `crossing` does: the size at which the mean gap, recovery of training minus held-out text, has fallen to a share
    of its value at the smallest size, on straight lines in ln n; the 95 % interval is over resamples of whole seeds,
    here over all of them, each with its chance. The reader turns the share, the smallest size, the noise level and the
    network, and first guesses what another smallest size does.

    tables: of `run_sweep`, by the name of the network, with the same sizes and seeds.
    asked: the network and the smallest size that the guess is about.

    Without scripts the crossings of the book's definition show. ValueError for tables or an `asked` that do not fit.
    """
    gaps = {name: [curves_by_size(table, "gap", t) for t in levels] for name, table in tables.items()}
    first = next(iter(gaps.values()))[0]
    sizes = [int(n) for n in first.index]
    if any(
        not curves.index.equals(first.index) or curves.isna().any(axis=None) for name in gaps for curves in gaps[name]
    ):
        raise ValueError("The tables need the same sizes, and every seed at each of them.")
    name, start = asked
    if name not in tables or start not in sizes[1:-2] or 0.25 not in levels:
        raise ValueError(f"Ask about one of {list(tables)}, from one of the sizes {sizes[1:-2]} on, at t = 0.25.")
    begin = {"network": list(tables).index(name), "left": SHARES.index(0.5), "start": 0, "t": list(levels).index(0.25)}
    at_half = {network: crossing(table, t=0.25) for network, table in tables.items()}
    data = {
        "label": label,
        "sizes": sizes,
        "ticks": [n for n in TICKS if sizes[0] <= n <= sizes[-1]],
        "levels": list(levels),
        "shares": list(SHARES),
        "networks": [
            {"name": network, "gaps": [g.to_numpy().round(6).tolist() for g in of]} for network, of in gaps.items()
        ],
        "begin": begin,
        "asked": sizes.index(start),
        "ask": _question(asked, sizes, at_half[name].n),
    }
    return Turnable("definition", data, *_still(at_half, sizes[0]))


def _question(asked: tuple[str, int], sizes: Sequence[int], at_half: float) -> dict[str, Any]:
    """Return what the reader is asked first."""
    name, start = asked
    question = (
        f"Predict: with the sizes from {sizes[0]} on, the {name} network crosses at {at_half:.0f} sentences. Leave out "
        f"the sizes below {start}: where does it cross?"
    )
    return {"question": question, "min": 1, "max": sizes[-1], "step": 1, "unit": "sentences"}


def _still(at_half: Mapping[str, Crossing], start: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the crossings of the book's definition."""
    rows: list[Row] = [(f"{name} ({c.low:.0f} to {c.high:.0f})", c.n, "train") for name, c in at_half.items()]
    head = f"Crossings at t = 0.25, half of the gap left, sizes from {start} on, with 95 % intervals:"
    top = max(c.high for c in at_half.values())
    return f"<p>{head}</p>{still_bars(rows, top, 0)}", f"{head}\n{told_bars(rows, 0)}"
