"""What a released checkpoint weighs, and what the book expects of the paper's, before anybody here has run them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import torch

from uddm_mini.audit.known import NEAR
from uddm_mini.experiments.law import Law, power_law
from uddm_mini.models.released_dit import DiT, Sizes

from .english_points import PAPER, law_points

PAPER_WORDS, PAPER_LEVEL = 30_522, 128  # of bert-base-uncased; numbers that tell a block its noise level
# the paper's three sizes: width, blocks, heads
PAPER_SIZES = {"tiny": (256, 8, 8), "small": (768, 12, 12), "medium": (1024, 24, 16)}
LM1B_TOKENS = 8.5e8  # about; 1e-3 of it are 8.5e5
FRACTIONS = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 1.0)
WORLD = "LM1B"


def sizes_of(width: int, blocks: int, heads: int, vocab_size: int = PAPER_WORDS) -> Sizes:
    """Return the sizes of a network of Duo's code base."""
    return Sizes(vocab_size, width, heads, blocks, PAPER_LEVEL, 4 * width)


def parts(sizes: Sizes) -> dict[str, int]:
    """Return how many weights lie in the two tables of words, in the blocks, and in what tells the noise level."""
    with torch.device("meta"):  # counted, not allocated
        network = DiT(sizes)
    counted = {"words": 0, "blocks": 0, "noise level": 0}
    for name, weight in network.named_parameters():
        words = name.startswith("vocab_embed") or name.startswith("output_layer.linear")
        level = "adaLN" in name or "sigma_map" in name
        counted["words" if words else "noise level" if level else "blocks"] += weight.numel()
    return counted


def points() -> pd.DataFrame:
    """Return the points of the law, the paper's two as a world of their own: name, world, weights and tokens."""
    ours = law_points()[["name", "world", "weights", "tokens"]]
    named = zip(("tiny", "medium"), PAPER, strict=True)
    theirs = [{"name": name, "world": WORLD, "weights": w, "tokens": n} for name, (w, n) in named]
    return pd.concat([ours, pd.DataFrame(theirs)], ignore_index=True)


def laws() -> dict[str, Law]:
    """Return the law of the book's own points, and that with the paper's two points as a world of their own."""
    both = points()
    return {"the book's points": power_law(both[both["world"] != WORLD]), "and the paper's two": power_law(both)}


def crossings() -> pd.DataFrame:
    """Return where each of the paper's networks is expected to cross: a row for each law and size, in tokens of LM1B.

    Columns law, size, weights, tokens, low, high (a 95 % prediction interval).
    """
    rows = []
    for (label, law), world in zip(laws().items(), ("English", WORLD), strict=True):
        for size, sizes in PAPER_SIZES.items():
            weights = sum(parts(sizes_of(*sizes)).values())
            tokens, low, high = law.tokens(world, weights)
            told = {"law": label, "size": size, "weights": weights}
            rows.append({**told, "tokens": tokens, "low": low, "high": high})
    return pd.DataFrame(rows)


def expected(fraction: float, crossing: Mapping[Any, Any]) -> str:
    """Return what the audit is expected to say of a network that read this fraction of LM1B, as its file names it.

    "memorizing" below the interval of the crossing, "generalizing" above it; within it, and up to twice as far (an
    audit says "in between" from half to twice of a crossing), the book does not know: "open".
    """
    tokens = fraction * LM1B_TOKENS
    if tokens < crossing["low"] / NEAR:
        return "memorizing"
    return "generalizing" if tokens > crossing["high"] * NEAR else "open"


def predictions() -> pd.DataFrame:
    """Return the table of predictions: a row for each law and size, a column for each fraction of LM1B."""
    table = crossings()
    rows = [
        {"law": row["law"], "size": row["size"], **{f"{f:g}": expected(f, row) for f in FRACTIONS}}
        for row in table.to_dict("records")
    ]
    return pd.DataFrame(rows).set_index(["law", "size"])
