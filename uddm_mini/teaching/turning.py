"""When networks generalize and when they memorize: the reader sets the bar, and the page reads off both times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from uddm_mini.experiments.course import turning_points
from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.training.settings import TrainSettings

from .figures import SPLITS
from .live import Turnable
from .stills import Row, still_bars, told_bars

BARS = tuple(k / 100 for k in range(2, 41))
TICKS = (64, 256, 1024, 4096)  # what a phone has room for


@dataclass(frozen=True)
class Course:
    """What a page needs of a course of training: numbers by column, kind of text, size, seed and step."""

    sizes: list[int]
    seeds: list[int]
    steps: list[int]
    curves: dict[str, dict[str, Any]]

    def data(self) -> dict[str, Any]:
        """Return it as one dictionary."""
        return {"sizes": self.sizes, "seeds": self.seeds, "steps": self.steps, **self.curves}


def course_of(table: pd.DataFrame) -> Course:
    """Return a course as `training_course` gives it; ValueError if a size or a seed lacks a step."""
    sizes, seeds, steps = (sorted(table[name].unique().tolist()) for name in ("n_train", "seed", "step"))
    if len(table) != len(sizes) * len(seeds) * len(steps) * len(SPLITS) or len(seeds) < 2:
        raise ValueError("Every size needs two or more seeds, and each of them both kinds of text at the same steps.")
    rows = table.sort_values(["split", "n_train", "seed", "step"]).set_index("split")
    shape = (len(sizes), len(seeds), len(steps))
    curves = {
        column: {split: rows.loc[split, column].to_numpy().reshape(shape).tolist() for split in SPLITS}
        for column in ("recovered", "entropy")
    }
    return Course(sizes, seeds, steps, curves)


def turned_bar(
    table: pd.DataFrame,
    label: str = "Two times of training, for higher and lower bars",
    *,
    bar: float = 0.15,
    batch: int = TrainSettings().batch_size,
) -> Turnable:
    """Let the reader set the bar, and compute in the page when every network generalizes and when it memorizes.

    As `turning_points` does, on straight lines in ln(steps): a network generalizes when held-out recovery has risen
    half of its way, and memorizes when training text is ahead by the bar in recovery, or surer by it in nats of
    entropy. The power of n is a straight line in logarithms for each seed, from the sizes that all seeds have reached,
    with a 95 % interval by Student's t. The reader first guesses from which bar on no network memorizes first.

    table: as `training_course` returns it, with the same steps and seeds at every size.
    bar: where the slider stands at first; batch: sentences drawn in a step, for the passes.

    Without scripts both times at that bar show. ValueError for a table that is not whole, or a bar off the slider.
    """
    course = course_of(table)
    if bar not in BARS:
        raise ValueError(f"bar must be one of {BARS[0]}, {BARS[1]}, ..., {BARS[-1]}, where the slider stops.")
    sizes, steps = course.sizes, course.steps
    data = course.data() | {
        "label": label,
        "ticks": [n for n in TICKS if sizes[0] <= n <= sizes[-1]],
        "bars": list(BARS),
        "batch": batch,
        "student": float(STUDENT[len(course.seeds) - 2]),
        "begin": {"bar": BARS.index(bar), "size": min(1, len(sizes) - 1), "measure": "recovered", "count": "steps"},
        "ask": {
            "question": f"Predict: {len(sizes) * len(course.seeds)} networks. A low bar is passed while one still "
            "learns which words are frequent. From which bar on does none memorize before it generalizes?",
            "min": 0,
            "max": 1,
            "step": "any",
            "unit": "",
        },
    }
    times = turning_points(table, memorizes=bar)
    rows: list[Row] = []
    for name, meaning in (("generalizes", "population"), ("memorizes", "memorizer")):
        for n, of_size in times.groupby("n_train")[name]:
            if (middle := float(of_size.median())) != float("inf"):
                rows.append((f"{name}, {n:,} sentences", middle, meaning))
    head = f"Steps of training, medians over the seeds, at a bar of {bar:g}; a time beyond {steps[-1]:,} is left out:"
    html = f"<p>{head}</p>{still_bars(rows, steps[-1], 0)}"
    return Turnable("turning", data, html, f"{head}\n{told_bars(rows, 0)}")
