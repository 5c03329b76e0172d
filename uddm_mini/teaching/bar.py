"""A bar between two kinds of sentences: the reader moves it over stored scores, and sees who passes, at which price."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from uddm_mini.probes.roc import Numbers, auc, threshold_at

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

DIGITS = 4  # of a score that travels in the page
RATE = 0.01  # false alarms


@dataclass(frozen=True, eq=False)
class Scored:
    """Scores of sentences where yes is right, and of others; higher where yes is more likely. `name` is shown."""

    name: str
    yes: Numbers
    no: Numbers

    def rounded(self) -> tuple[list[float], list[float]]:
        """Return both as they travel in the page."""
        yes, no = (np.asarray(one, dtype=float).round(DIGITS).tolist() for one in (self.yes, self.no))
        return yes, no


@dataclass(frozen=True)
class Kinds:
    """What the two kinds of sentences are called, and what the slider over sets of scores is."""

    yes: str = "members"
    no: str = "strangers"
    of: str = "score"


def moved_bar(
    sets: Sequence[Scored],
    kinds: Kinds | None = None,
    label: str = "A bar between two kinds of sentences",
    *,
    counts: Sequence[int] = (),
    shares: Sequence[float] = (0.5,),
) -> Turnable:
    """Let the reader move a bar over scores: how many of each kind lie above it, the area, and the ROC curve.

    The page computes the area (ties count half), and the bar of `threshold_at` for 1 % false alarms: the k-th largest
    of n scores, k = floor(0.01 (n + 1)), which 98 scores do not have. The reader first guesses what that bar finds.

    counts: numbers of "no" sentences to choose from, the first so many; all of them come last.
    shares: of "yes" among all who are asked about, from which follows how many above the bar are there rightly.

    Without scripts the area and what 1 % finds show for each set. ValueError for a set that is too small for 1 %.
    """
    kinds = kinds or Kinds()
    fewest = min((len(one.rounded()[1]) for one in sets), default=0)
    if fewest < 99 or any(not 2 <= n < fewest for n in counts) or not all(0 < share < 1 for share in shares):
        raise ValueError(
            f"Give sets with 99 or more scores of {kinds.no} (1 % false alarms takes as many), counts of 2 to fewer "
            f"than all, and shares between 0 and 1; there are {fewest}, {list(counts)} and {list(shares)}."
        )
    rounded = [(yes, no[:fewest]) for yes, no in (one.rounded() for one in sets)]
    data = {
        "label": label,
        "names": [kinds.yes, kinds.no],
        "of": kinds.of,
        "sets": [{"name": one.name, "yes": yes, "no": no} for one, (yes, no) in zip(sets, rounded, strict=True)],
        "counts": [*counts, fewest],
        "shares": list(shares),
        "rate": RATE,
        "ask": _question(sets[0].name, kinds),
        "css": meaning_css(".uddm-bar", "train", "held-out", "population"),
    }
    return Turnable("bar", data, *_still(data))


def found_at(yes: Sequence[float], no: Sequence[float]) -> tuple[float, float]:
    """Return the area under the ROC curve, and the share of `yes` above the bar that 1 % false alarms allow."""
    labels = np.repeat([True, False], [len(yes), len(no)])
    limit = threshold_at(no, RATE)
    return auc([*yes, *no], labels).value, float(np.mean(np.asarray(yes) > limit))


def _question(name: str, kinds: Kinds) -> dict[str, Any]:
    """Return what the reader is asked first."""
    question = (
        f"Predict: {name}. The bar lies so high that at most one of a hundred {kinds.no} passes. How many of 100 "
        f"{kinds.yes} lie above it?"
    )
    return {"question": question, "min": 0, "max": 100, "step": 1, "unit": "of 100"}


def _still(data: dict[str, Any]) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: area and found, for each set."""
    rows: list[Row] = []
    for one in data["sets"]:
        area, found = found_at(one["yes"], one["no"])
        rows.append((f"{one['name']}: area", area, "chance"))
        rows.append((f"{one['name']}: found at 1 % false alarms", found, "train"))
    head = f"{data['names'][0].capitalize()} against {data['names'][1]}, by their scores:"
    return f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}"
