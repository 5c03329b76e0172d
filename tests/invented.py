"""Sentences of invented words, as many as wanted, for tests of everything that reads text."""

from __future__ import annotations

import itertools

import numpy as np

SYLLABLES = [a + b for a, b in itertools.product("bdfgklmnprstvz", "aeiou")]
LEXICON = [a + b for a, b in itertools.product(SYLLABLES, SYLLABLES)]  # 4900 distinct four-letter words


def invented(n: int, seed: int = 0, n_words: int = 300, low: int = 6, high: int = 14) -> list[str]:
    """Return n sentences of invented words, the frequent ones far more frequent (rank r with weight 1 / (r + 5))."""
    rng = np.random.Generator(np.random.PCG64(seed))
    weights = 1 / (np.arange(n_words) + 5)
    lengths = rng.integers(low, high + 1, size=n)
    return [
        " ".join(LEXICON[i] for i in rng.choice(n_words, size=k, p=weights / weights.sum())).capitalize() + "."
        for k in lengths
    ]
