"""One noise level under three names, t, alpha and sigma: the reader turns it, and tells a network the wrong one."""

from __future__ import annotations

import math

from uddm_mini.noise import LogLinear

from .live import Turnable
from .stills import Row, still_bars, told_bars

TIMES = tuple(k / 100 for k in range(101))
EPSILONS = (0.1, 0.01, 0.001, 0.0001, 0.00001)


def turned_levels(asked: float = 1.0, epsilon: float = 0.001, label: str = "One noise level, three names") -> Turnable:
    """Let the reader turn t of the log-linear schedule: alpha = 1 - (1 - epsilon) t, sigma = -ln alpha.

    Beside it stands what a network believes that takes sigma and is told t: that exp(-t) of the tokens are left. The
    reader first guesses that for t = `asked`, in tokens of 100.

    Without scripts a few levels show. ValueError for a t or an epsilon at which no slider stops.
    """
    if asked not in TIMES or epsilon not in EPSILONS:
        raise ValueError(f"t is one of 0, 0.01, ..., 1 and epsilon one of {EPSILONS}; they are {asked} and {epsilon}.")
    schedule = LogLinear(epsilon)
    question = (
        f"Predict: a network takes σ, and is told t = {asked:g} in its place. How many of 100 tokens does it believe "
        "to be left as they were?"
    )
    data = {
        "label": label,
        "times": list(TIMES),
        "epsilons": list(EPSILONS),
        "asked": asked,
        "start": EPSILONS.index(epsilon),
        "ask": {"question": question, "min": 0, "max": 100, "step": 1, "unit": "of 100"},
    }
    rows: list[Row] = []
    for t in (0.25, 0.5, 0.75, 1.0):
        alpha = float(schedule.alpha(t))
        rows.append((f"t = {t:g}, σ = {-math.log(alpha):.3f}: left, α", alpha, "cavity"))
        rows.append((f"t = {t:g}: believed, told t for σ", math.exp(-t), "chance"))
    head = f"Tokens that are left, and what a network believes that is told t for σ, at ε = {epsilon:g}:"
    return Turnable("levels", data, f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}")
