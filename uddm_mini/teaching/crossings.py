"""Crossings: the reader drags a bar over stored curves, and mean, seeds and interval of where they cross it move."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from uddm_mini.experiments.crossing import STUDENT, curves_by_size, first_passage

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

LEVELS = tuple(k / 20 for k in range(1, 20))
T = 0.25  # noise level of the recovery whose gap is drawn
DIGITS = 6  # of a gap that travels in the page


@dataclass(frozen=True, eq=False)
class Grid:
    """A sweep with a name; `each`, what one sentence counts for on the axis: 1, or its mean number of tokens."""

    name: str
    table: pd.DataFrame
    each: float = 1.0

    def data(self) -> dict[str, Any]:
        """Return sizes, seeds and their gaps, null where a network is missing."""
        curves = curves_by_size(self.table, "gap", T).round(DIGITS)
        runs = [[None if math.isnan(y) else y for y in curves[seed].tolist()] for seed in curves]
        sizes = [n * self.each for n in curves.index.tolist()]
        return {"name": self.name, "sizes": sizes, "seeds": [int(seed) for seed in curves], "runs": runs}


@dataclass(frozen=True)
class Bar:
    """Where the sliders stand at first and what the guess is about: a grid by its number, and the height of the bar.

    absolute: the bar is a gap, as in `recommend_size`; otherwise a share of the gap at the smallest size.
    advise: so many seeds give the estimate and the others judge it, in every choice; 0 for all together.
    """

    grid: int = 0
    level: float = 0.5
    absolute: bool = False
    advise: int = 0


def dragged_crossings(
    grids: Sequence[Grid],
    bar: Bar | None = None,
    label: str = "Where the gap falls through a bar",
    *,
    beside: int | None = None,
    names: tuple[str, str] = ("grid", "sentences"),
) -> Turnable:
    """Let the reader drag a bar over curves of the gap in recovery, and watch where mean and seeds fall through it.

    The page follows `crossing`: the first size at which the mean gap falls to a share of its first value, on straight
    lines in ln n, with the same for every seed and Student's interval. With an absolute bar it follows
    `recommend_size`: mean and interval are of the logarithms, and a number that is safe for one more seed joins them.
    The reader first guesses where the grid of `bar` crosses.

    beside: the number of a grid whose mean curve stays in sight.
    names: what the slider over grids is called, and the unit of the axis.

    Without scripts the crossings of all grids show. ValueError for a grid or a level that is not there.
    """
    bar = bar or Bar()
    made = [grid.data() for grid in grids]
    known = range(len(made))
    if bar.grid not in known or bar.level not in LEVELS or (beside is not None and beside not in known):
        raise ValueError(
            f"Ask about one of {len(made)} grids, at a level of 0.05, 0.1, ..., 0.95; not {bar}, {beside}."
        )
    seeds = made[0]["seeds"]
    if bar.advise and (not 2 <= bar.advise < len(seeds) or any(one["seeds"] != seeds for one in made)):
        raise ValueError(f"Two seeds at least advise, one judges, and all grids have the same; there are {seeds}.")
    data = {
        "label": label,
        "grids": made,
        "levels": list(LEVELS),
        "absolute": bar.absolute,
        "asked": {"grid": bar.grid, "level": bar.level},
        "advisers": [list(some) for some in combinations(seeds, bar.advise)] if bar.advise else [],
        "beside": -1 if beside is None else beside,
        "of": names[0],
        "unit": names[1],
        "along": f"{names[1]}, for training",
        "quantiles": list(STUDENT),
        "ask": _question(made[bar.grid], bar, names[1]),
        "css": meaning_css(".uddm-crossings", "train", "held-out"),
    }
    return Turnable("crossings", data, *_still(made, bar, names[1]))


def crossing_of(grid: dict[str, Any], bar: Bar) -> tuple[float, list[float]]:
    """Return where the mean curve of a grid's `data` falls to the bar, and where each of its seeds does."""
    sizes = np.log(np.array(grid["sizes"], dtype=float))
    runs = np.array(grid["runs"], dtype=float)  # [seeds, sizes], NaN where a network is missing

    def passage(y: np.ndarray) -> float:
        return first_passage(sizes, -y, bar.level, -1.0 if bar.absolute else None, 0.0)[0]

    return passage(np.nanmean(runs, axis=0)), [passage(y) for y in runs]


def _question(grid: dict[str, Any], bar: Bar, unit: str) -> dict[str, Any]:
    """Return what the reader is asked first."""
    what = f"{bar.level:g}" if bar.absolute else f"{bar.level:g} of its first value"
    question = f"Predict: {grid['name']}. At how many {unit} has the gap fallen to {what}?"
    return {"question": question, "min": 1, "max": math.ceil(grid["sizes"][-1]), "step": "any", "unit": unit}


def _still(made: list[dict[str, Any]], bar: Bar, unit: str) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: where the mean curve of each grid crosses."""
    found = {one["name"]: crossing_of(one, bar)[0] for one in made}
    rows: list[Row] = [(name, n, "train") for name, n in found.items() if 0 < n < math.inf]
    what = f"{bar.level:g}" if bar.absolute else f"{bar.level:g} of its first value"
    head = f"{unit.capitalize()} at which the mean gap has fallen to {what}:"
    top = max((n for _, n, _ in rows), default=1.0)
    return f"<p>{head}</p>{still_bars(rows, top, digits=0)}", f"{head}\n{told_bars(rows, digits=0)}"
