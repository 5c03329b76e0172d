"""Where the weights of a diffusion transformer lie: the reader sets width, depth and vocabulary, the page counts."""

from __future__ import annotations

from collections.abc import Mapping

from .live import Turnable
from .stills import Row, still_bars, told_bars

WIDTHS = (32, 64, 128, 256, 512, 768, 1024)
DEPTHS = (1, 2, 4, 8, 12, 16, 24)
VOCABULARIES = (102, 1024, 4096, 16_384, 30_522, 50_257)
LEVEL = 128  # numbers that tell a block its noise level
LENGTH = 128  # tokens of an answer
Counted = tuple[int, int, int]  # in the tables of words, in the blocks, in what tells the noise level


def weights_of(width: int, blocks: int, vocab_size: int, level: int = LEVEL) -> Counted:
    """Return the weights of a network of Duo's code base: in words, in blocks, and in what tells the noise level."""

    def linear(a: int, b: int) -> int:
        return a * b + b

    words = vocab_size * width + linear(width, vocab_size)
    norms = blocks * 2 * width + width
    inside = norms + blocks * (4 * width * width + linear(width, 4 * width) + linear(4 * width, width))
    told = linear(256, level) + linear(level, level) + blocks * linear(level, 6 * width) + linear(level, 2 * width)
    return words, inside, told


def turned_weights(
    networks: Mapping[str, tuple[int, int, int]], asked: str, label: str = "Where the weights of a network lie"
) -> Turnable:
    """Let the reader set width, number of blocks and vocabulary of a diffusion transformer, and see its weights.

    networks: width, blocks and words of the networks that have a button.
    asked: the one at the beginning; the reader first guesses how many of 100 of its weights lie in tables of words.

    Without scripts all of them show. ValueError for sizes at which no slider stops.
    """
    stops = (WIDTHS, DEPTHS, VOCABULARIES)
    if asked not in networks or any(
        n not in stop for sizes in networks.values() for n, stop in zip(sizes, stops, strict=True)
    ):
        raise ValueError(
            f"The sliders stop at {WIDTHS}, {DEPTHS} and {VOCABULARIES}; ask about a network that is given."
        )
    names = list(networks)
    known = f"{asked}, with {networks[asked][2]:,} words"
    question = f"Predict: {known}. How many of 100 weights lie in its two tables of words?"
    data = {
        "label": label,
        "widths": list(WIDTHS),
        "depths": list(DEPTHS),
        "vocabularies": list(VOCABULARIES),
        "presets": [{"name": n, "width": w, "blocks": b, "words": v} for n, (w, b, v) in networks.items()],
        "level": LEVEL,
        "length": LENGTH,
        "asked": names.index(asked),
        "ask": {"question": question, "min": 0, "max": 100, "step": 1, "unit": "of 100"},
    }
    rows: list[Row] = []
    for name, sizes in networks.items():
        counted = weights_of(*sizes)
        rows.append((f"{name}, {sum(counted):,} weights: in words", counted[0] / sum(counted), "cavity"))
    head = "Share of the weights in the two tables of words:"
    return Turnable("parts", data, f"<p>{head}</p>{still_bars(rows, digits=2)}", f"{head}\n{told_bars(rows, digits=2)}")
