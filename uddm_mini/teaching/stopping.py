"""Early stopping by hand: the reader trains on look by look, stops, and learns what that kept of unseen text."""

from __future__ import annotations

import pandas as pd

from .live import Turnable
from .stills import Row, still_bars, told_bars
from .turning import course_of


def stopped_by_hand(
    table: pd.DataFrame,
    asked: int,
    label: str = "Stop a training by hand, without a look ahead",
    *,
    seed: int = 0,
) -> Turnable:
    """Let the reader watch a network look by look and stop it, and compare what is kept in the page.

    After the reader's stop the page compares recovery of held-out text there with the look at which the mean of the
    other seeds is best, with the network's own best look (known only afterwards), and with the end of training; and it
    keeps the mean loss against the best look over all networks that were stopped. The reader may watch recovery of
    held-out or of training text, or entropy of held-out text, and first guesses what stopping buys with `asked`
    training sentences.

    table: as `training_course` returns it, with the same steps and seeds at every size; seed: the one that shows first.

    Without scripts recovery of held-out text at some looks shows. ValueError for a table that is not whole, or lacks
    this size or seed.
    """
    course = course_of(table)
    sizes, seeds, steps = course.sizes, course.seeds, course.steps
    if asked not in sizes or seed not in seeds:
        raise ValueError(f"The table has {sizes} sentences and the seeds {seeds}; ask about these.")
    data = course.data() | {
        "label": label,
        "begin": {"size": sizes.index(asked), "seed": seeds.index(seed)},
        "ask": {
            "question": f"Predict: {asked:,} training sentences. You keep the weights of the best moment for new text "
            f"instead of those after {steps[-1]:,} steps. How many more of 100 changed words of new text come back?",
            "min": -100,
            "max": 100,
            "step": "any",
            "unit": "of 100",
        },
    }
    rows = table[(table["n_train"] == asked) & (table["split"] == "held-out")].groupby("step")["recovered"].mean()
    some = [*steps[:: max(1, len(steps) // 6)], steps[-1]]
    bars: list[Row] = [(f"after {step:,} steps", float(rows.loc[step]), "held-out") for step in dict.fromkeys(some)]
    head = f"Recovery of held-out text with {asked:,} training sentences, means over the seeds:"
    return Turnable("stopping", data, f"<p>{head}</p>{still_bars(bars)}", f"{head}\n{told_bars(bars)}")
