"""From sentences to token ids, by a vocabulary that is counted on some of them."""

from __future__ import annotations

import numpy as np

from .settings import PAD, UNKNOWN, TextSettings
from .subwords import find_pieces, pieces_of


class Tokens:
    """Sentences as token ids, by a vocabulary that is counted on some of them."""

    def __init__(self, sentences: list[str], settings: TextSettings) -> None:
        self.sentences, self.settings = sentences, settings
        split = [settings.items(sentence) for sentence in sentences]
        self.grid, self.items = _numbered(split, max(settings.length, max(map(len, split), default=0)))

    def by(self, others: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
        """Return ids int64[n, L] by the vocabulary of the sentences `others`, its words, and which rows fit in L."""
        if self.settings.unit == "subword":
            return self._in_pieces(others)
        words, table = _vocabulary(self.grid[others], self.items, self.settings.vocab_size)
        return table[self.grid[:, : self.settings.length]], words, np.ones(len(self.grid), dtype=bool)

    def _in_pieces(self, others: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
        words = (PAD, UNKNOWN, *find_pieces((self.sentences[i] for i in others), self.settings.vocab_size - 2))
        number = {piece: i for i, piece in enumerate(words)}
        of_item = [[number[p] for p in pieces_of(item, number)] or [1] for item in self.items]
        ids = np.zeros((len(self.grid), self.settings.length), dtype=np.int64)
        fits = np.ones(len(ids), dtype=bool)
        for i, row in enumerate(self.grid.tolist()):
            pieces = [p for item in row if item >= 0 for p in of_item[item]]
            fits[i] = len(pieces) <= ids.shape[1]
            ids[i, : len(pieces)] = pieces[: ids.shape[1]]
        return ids, words, fits


def _vocabulary(grid: np.ndarray, words: list[str], vocab_size: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the commonest words of `grid` (ties: alphabetical) and a table from word number to token id."""
    counts = np.bincount(grid[grid >= 0], minlength=len(words))
    commonest = np.argsort(-counts, kind="stable")[: vocab_size - 2]
    commonest = commonest[counts[commonest] > 0]
    table = np.ones(len(words) + 1, dtype=np.int64)  # what is not in the vocabulary is <unk>, 1
    table[-1] = 0  # number -1 is <pad>, 0
    table[commonest] = np.arange(2, 2 + len(commonest))
    return (PAD, UNKNOWN, *(words[i] for i in commonest)), table


def usable(ids: np.ndarray, fits: np.ndarray, max_unknown: float) -> np.ndarray:
    """Return the numbers of the rows that fit and have few unknown items, and of equal rows the first."""
    few = np.nonzero(fits & ((ids == 1).sum(axis=1) <= max_unknown * (ids != 0).sum(axis=1) + 1e-9))[0]
    return few[np.sort(np.unique(ids[few], axis=0, return_index=True)[1])]


def _numbered(sentences: list[list[str]], length: int) -> tuple[np.ndarray, list[str]]:
    """Number the items (words or characters): int32[n, L] with -1 as padding, and the items in alphabetical order."""
    items = sorted({item for sentence in sentences for item in sentence})
    number = {item: i for i, item in enumerate(items)}
    grid = np.full((len(sentences), length), -1, dtype=np.int32)
    for row, sentence in zip(grid, sentences, strict=True):
        row[: len(sentence)] = [number[item] for item in sentence]
    return grid, items


def in_words(sentences: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return sentences as ids of whole words, all of them known: what near duplicates are judged by."""
    split = [sentence.split() for sentence in sentences]
    grid, words = _numbered(split, max(map(len, split)))
    return grid + 2, (UNKNOWN, PAD, *words)  # padding, -1, becomes 1
