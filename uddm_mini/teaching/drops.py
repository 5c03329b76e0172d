"""A sentence dropped with k words changed, many times, under a perfect memory that runs in the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from uddm_mini.models.memorizer import MemorizingDenoiser
from uddm_mini.noise import Linear, UniformNoise
from uddm_mini.probes.basins import BasinSettings, basin_profile

from .live import Turnable
from .marked_words import mark_css
from .stills import Row, still_bars, told_bars

RUNS = 100
FRESH = 8  # sentences of each kind to choose from
AT_MOST = 1024  # sentences that travel in the page, in some 45 kB


@dataclass(frozen=True)
class Drop:
    """Where the sliders stand at first, and what the guess is about: `stored` sentences, `changed` words of the first.

    seed: of the page's own generator.
    """

    stored: int
    changed: int
    seed: int = 0


def dropped_sentences(
    memory: torch.Tensor,
    fresh: torch.Tensor,
    words: Sequence[str],
    sizes: Sequence[int],
    drop: Drop,
    label: str = "A perfect memory, and a sentence dropped many times",
) -> Turnable:
    """Let the reader change k words of a sentence, many times, and count how often a perfect memory brings it back.

    The page computes what `basin_profile` of a `MemorizingDenoiser` does with uniform noise and the linear schedule:
    exactly k words become other ones, and x <- argmax of the full posterior is iterated at the level where k changes
    are expected. The reader first guesses the number of returns in 100.

    memory: int64[n, L], at most 1,024; the first `sizes` of them are stored.
    fresh: sentences that are not stored, int64[m, L]; the first 8 can be dropped.

    Without scripts the profile that Python measures shows. ValueError for sizes and a drop that do not fit.
    """
    L = memory.shape[1]
    if len(memory) > AT_MOST or not sizes or not all(FRESH <= n <= len(memory) for n in sizes):
        raise ValueError(f"sizes must be {FRESH} ... {len(memory)} sentences, of a memory of at most {AT_MOST}.")
    if drop.stored not in sizes or not 1 <= drop.changed <= L or len(fresh) < FRESH:
        raise ValueError(f"Drop from one of {list(sizes)}, with 1 ... {L} changed words, and give {FRESH} fresh ones.")
    noise = UniformNoise(len(words), Linear())
    data = {
        "label": label,
        "words": list(words),
        "memory": memory.tolist(),
        "fresh": fresh[:FRESH].tolist(),
        "sizes": list(sizes),
        "epsilon": noise.schedule.epsilon,
        "begin": {"size": list(sizes).index(drop.stored), "kind": 0, "which": 0, "k": drop.changed - 1},
        "seed": drop.seed,
        "ask": _question(drop, L),
        "css": mark_css(".uddm-drops .sentence"),
    }
    return Turnable("drops", data, *_still(memory[: drop.stored], noise, drop))


def _question(drop: Drop, length: int) -> dict[str, Any]:
    """Return what the reader is asked first."""
    question = (
        f"Predict: a perfect memory of {drop.stored:,} sentences. {drop.changed} of the {length} words of one of them "
        f"become other words. In how many of {RUNS} runs does exactly this sentence come back?"
    )
    return {"question": question, "min": 0, "max": RUNS, "step": 1, "unit": f"of {RUNS}"}


def _still(stored: torch.Tensor, noise: UniformNoise, drop: Drop) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: the profile of the first stored sentence."""
    model, generator = MemorizingDenoiser(stored, noise), torch.Generator().manual_seed(drop.seed)
    table = basin_profile(model, stored[0], settings=BasinSettings(corruptions=RUNS), generator=generator).table
    rows: list[Row] = [
        (f"comes back, k = {k}", share, "memorizer")
        for k, share in zip(table["changed"].tolist(), table["returned"].tolist(), strict=True)
    ]
    head = f"A perfect memory of {len(stored):,} sentences; k words of one of them are changed, {RUNS} times each:"
    return f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}"
