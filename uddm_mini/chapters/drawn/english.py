"""Drawn questions of the chapter on English."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]


def one_merge(draw: Draw) -> list[Case]:
    """Return words as pieces, and how often each occurs; one pair is commoner than all others."""
    found: list[Case] = []
    while len(found) < 4:
        words = {" ".join(draw.one_of("abcde") for _ in range(draw.whole(2, 5))): draw.whole(1, 12) for _ in range(5)}
        pairs: Counter[tuple[str, str]] = Counter()
        for word, count in words.items():
            for pair in itertools.pairwise(word.split()):
                pairs[pair] += count
        (_, first), (_, second) = [*pairs.most_common(2), (None, 0)][:2]
        if first > second:
            found.append((words,))
    return found


def bits_per_character(draw: Draw) -> list[Case]:
    """Return nats per subword, subwords, and characters."""

    def one() -> Case:
        subwords = draw.whole(20, 400)
        return draw.number(1.5, 6.0, 2), subwords, int(subwords * draw.number(2.5, 5.0))

    return draw.times(4, one)


def tokens_at_crossing(draw: Draw) -> list[Case]:
    """Return sizes, the gap at each, and tokens of a sentence."""

    def one() -> Case:
        k = draw.whole(4, 6)
        sizes = np.array([16 * 3**i + draw.whole(0, 8) for i in range(k)])
        return sizes, np.array(draw.falling(k, draw.number(0.6, 1.0), 0.0)), draw.number(8.0, 40.0, 1)

    return draw.times(4, one)


def prediction_interval(draw: Draw) -> list[Case]:
    """Return weights, tokens at the crossing, the weights of another network, and a quantile."""

    def one() -> Case:
        k = draw.whole(3, 6)
        weights = np.array([round(2e4 * 4**i * draw.number(0.8, 1.2), 0) for i in range(k)])
        tokens = np.array([round(3e3 * 1.7**i * draw.number(0.85, 1.15), 0) for i in range(k)])
        return weights, tokens, float(round(10 ** draw.number(4.5, 7.5), -2)), draw.number(1.5, 4.5)

    return draw.times(4, one)


VARIANTS = {
    "bits_per_character": Meanings(
        lambda nats, subwords, characters: nats * subwords / (characters * math.log(2)),
        {
            "perplexity": Variant(
                "Return the *perplexity per character*: $\\exp$ of what a character costs in nats.",
                lambda nats, subwords, characters: math.exp(nats * subwords / characters),
            ),
            "digits": Variant(
                "Return it in *decimal digits*, not in bits: one digit is what tells ten equally probable cases apart.",
                lambda nats, subwords, characters: math.log10(math.e) * nats * subwords / characters,
            ),
            "bytes": Variant(
                "Return what the *whole text* costs, in bytes of 8 bits.",
                lambda nats, subwords, characters: nats * subwords / math.log(2) / 8,
            ),
        },
        bits_per_character,
        "{nats} nats a subword, {subwords} subwords, {characters} characters",
    )
}
