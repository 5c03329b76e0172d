"""Sentences that come out in one of n tries: the reader moves n and p over chances that were counted in a few draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from uddm_mini.probes.roc import Numbers
from uddm_mini.probes.shares import share_with_interval

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

TRIES = tuple(2**k for k in range(11))  # 1 to 1,024
CHANCES = (*(k / 20 for k in range(1, 20)), 0.99)
GROUPS = {"train": "training sentences", "held-out": "held-out sentences"}


def many_tries(
    chances: Mapping[str, Numbers],
    draws: int,
    label: str = "What comes out in n tries",
    *,
    asked: tuple[int, float] = (4, 0.9),
) -> Turnable:
    """Let the reader move n and p, and watch which sentences are (n, p)-discoverable: 1 - (1 - q)^n >= p.

    Beside it stands how many are expected to come at least once, the mean of 1 - (1 - q)^n. An n above the number of
    draws is marked: a sentence that never came counts as q = 0, and the page says how large its q may be. The reader
    first guesses how many training sentences are discoverable with the n and p of `asked`.

    chances: for "train" and "held-out", the share of the draws in which the rest of each sentence came, float64[n].

    Without scripts a few n show at p = 0.9. ValueError for shares that are no multiples of 1 / draws, another n or p.
    """
    hits = {split: np.asarray(q, dtype=float) * draws for split, q in chances.items()}
    whole = all(np.allclose(h, h.round(), atol=1e-6) and h.min() >= 0 and h.max() <= draws for h in hits.values())
    if set(hits) != set(GROUPS) or not whole:
        raise ValueError(f"Give shares of {draws} draws, each a multiple of 1 / {draws}, for {' and '.join(GROUPS)}.")
    if asked[0] not in TRIES or asked[1] not in CHANCES:
        raise ValueError(f"The sliders stop at n of {TRIES} and p of {CHANCES}, and not at {asked}.")
    counted = {split: [round(h) for h in hits[split].tolist()] for split in GROUPS}
    data = {
        "label": label,
        "groups": [
            {"name": name, "short": split, "color": split, "hits": counted[split]} for split, name in GROUPS.items()
        ],
        "draws": draws,
        "ns": list(TRIES),
        "ps": list(CHANCES),
        "asked": {"n": asked[0], "p": asked[1]},
        "unseen": share_with_interval(0, draws).high,
        "ask": _question(asked, len(counted["train"])),
        "css": meaning_css(".uddm-tries", *GROUPS),
    }
    return Turnable("tries", data, *_still(counted, draws))


def discoverable(hits: Sequence[int], draws: int, n: int, p: float) -> float:
    """Return the share of sentences that one of n tries shows with a chance of p at least."""
    q = np.asarray(hits, dtype=float) / draws
    return float(np.mean(1 - (1 - q) ** n >= p - 1e-12))  # a chance of exactly p counts, however it is rounded


def _question(asked: tuple[int, float], sentences: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    n, p = asked
    question = (
        f"Predict: an attacker has {n} tries for each of {sentences} training sentences. How many of them come out "
        f"with a chance of at least {p:g}?"
    )
    return {"question": question, "min": 0, "max": sentences, "step": 1, "unit": f"of {sentences}"}


def _still(counted: Mapping[str, Sequence[int]], draws: int) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: shares at p = 0.9 for n up to the number of draws."""
    rows: list[Row] = [
        (f"{GROUPS[split]}, n = {n}", discoverable(hits, draws, n, 0.9), split)
        for split, hits in counted.items()
        for n in TRIES
        if n <= draws
    ]
    head = "Share of the sentences that one of n tries shows with a chance of at least 0.9:"
    return f"<p>{head}</p>{still_bars(rows)}", f"{head}\n{told_bars(rows)}"
