"""A rule that fires: the reader changes it over stored looks at fine-tunes, and sees what it finds and at what cost."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from uddm_mini.audit.finetune import VERBATIM, warnings_of
from uddm_mini.audit.looks import MonitorSettings

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

MARGINS = tuple(k / 200 for k in range(21))  # 0 to 0.1
ERRORS = tuple(k / 2 for k in range(13))  # 0 to 6
PATIENCES = (1, 2, 3, 4, 5)
COLUMNS = ("step", "gap", "error", "grown", "grown_error", "extracted")


def turned_alarms(
    table: pd.DataFrame, asked: tuple[int, MonitorSettings], label: str = "Another rule for the same looks"
) -> Turnable:
    """Let the reader change margin, errors and patience of the monitor's rule, and see where it fires.

    The page computes `warnings_of` anew: the gap, or what it has grown by, lies more than so many standard errors above
    the margin at so many looks in a row. Beside it stands where extraction passes 10 %, the lead, and that lead's
    lower bound where it was not seen to end.

    table: looks as `committed_finetune` returns them.
    asked: a number of sentences and a rule; the reader first guesses in how many of these fine-tunes it fires.

    Without scripts the rule of the text and the asked one show. ValueError for another size, or a rule off the sliders.
    """
    sizes = sorted(table["n_train"].unique().tolist())
    n, rule = asked
    if n not in sizes or rule.margin not in MARGINS or rule.errors not in ERRORS or rule.patience not in PATIENCES:
        raise ValueError(
            f"Ask about one of {sizes} sentences, a margin of 0, 0.005, ..., 0.1, errors of 0, 0.5, ..., 6 and a "
            f"patience of 1 to 5, not about {n} and {rule.margin}, {rule.errors}, {rule.patience}."
        )
    data = {
        "label": label,
        "runs": [_run(part) for _, part in table.sort_values("step").groupby(["n_train", "seed"])],
        "margins": list(MARGINS),
        "errors": list(ERRORS),
        "patiences": list(PATIENCES),
        "verbatim": VERBATIM,
        "start": _place(MonitorSettings()),
        "asked": {"n": n, "rule": _place(rule)},
        "ask": _question(n, rule, table.loc[table["n_train"] == n, "seed"].nunique()),
        "css": meaning_css(".uddm-alarms", "train"),
    }
    return Turnable("alarms", data, *_still(table, (MonitorSettings(), rule)))


def _run(part: pd.DataFrame) -> dict[str, Any]:
    """Return the looks at one fine-tune, with null for what is missing."""
    told: dict[str, Any] = {name: [None if math.isnan(x) else x for x in part[name].tolist()] for name in COLUMNS}
    return {"n": int(part["n_train"].iloc[0]), "seed": int(part["seed"].iloc[0]), **told}


def _place(rule: MonitorSettings) -> dict[str, int]:
    """Return where the sliders stand for a rule."""
    return {
        "margin": MARGINS.index(rule.margin),
        "errors": ERRORS.index(rule.errors),
        "patience": PATIENCES.index(rule.patience),
    }


def _said(rule: MonitorSettings) -> str:
    return f"margin {rule.margin:g}, standard errors {rule.errors:g}, patience {rule.patience}"


def _question(n: int, rule: MonitorSettings, runs: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    question = f"Predict: {_said(rule)}. In how many of the {runs} fine-tunes on {n:,} new sentences does it fire?"
    return {"question": question, "min": 0, "max": runs, "step": 1, "unit": f"of {runs}"}


def _still(table: pd.DataFrame, rules: tuple[MonitorSettings, ...]) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: how often each rule fires, by the number of sentences."""
    rows: list[Row] = []
    for rule in rules:
        steps = warnings_of(table, rule).set_index("n_train")["fired"]
        shares = {n: float((steps.loc[n] < math.inf).mean()) for n in sorted(set(steps.index))}
        rows += [(f"{n:,} sentences: {_said(rule)}", share, "memorizer") for n, share in shares.items()]
    head = "Share of the fine-tunes in which the rule fires:"
    return f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}"
