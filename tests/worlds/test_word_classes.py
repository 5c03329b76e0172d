"""Kinds of subwords, and bands of frequency, on sentences that were cut by hand."""

from __future__ import annotations

import pytest
import torch

from uddm_mini.worlds.word_classes import BANDS, FUNCTION_WORDS, KINDS, frequency_bands, word_kinds

WORDS = ("<pad>", "the", "cat", "##s", "a", "##nd", "in")
# the cat ##s | a ##nd in <pad>: "a" and "in" begin longer words where a piece follows
X = torch.tensor([[1, 2, 3, 0, 0], [4, 5, 6, 3, 5], [4, 6, 2, 0, 0]])
NAMED = [
    ["function", "begins", "goes-on", "content", "content"],
    ["begins", "goes-on", "begins", "goes-on", "goes-on"],
    ["function", "function", "content", "content", "content"],
]


def test_each_token_has_the_kind_that_one_reads():
    found = word_kinds(X, WORDS)
    assert tuple(found) == KINDS
    named = [[next(kind for kind in KINDS if found[kind][b, k]) for k in range(5)] for b in range(3)]
    assert named == NAMED
    assert (torch.stack(list(found.values())).sum(dim=0) == 1).all()


def test_function_words_are_words_in_lower_case_and_no_pieces():
    assert len(FUNCTION_WORDS) > 100 and all(word.isalpha() and word == word.lower() for word in FUNCTION_WORDS)
    assert {"the", "of", "and", "she", "was"} <= FUNCTION_WORDS and not {"cat", "used", "small"} & FUNCTION_WORDS


def test_bands_hold_about_the_same_share_of_the_text():
    generator = torch.Generator().manual_seed(0)
    text = torch.multinomial(1 / torch.arange(1.0, 301), 40_000, replacement=True, generator=generator)
    band = frequency_bands(text, 310)
    counts = torch.bincount(text, minlength=310)
    shares = torch.bincount(band[text], minlength=BANDS) / len(text)
    assert (shares - 1 / BANDS).abs().max() < 0.1 and int(band.max()) == BANDS - 1
    for k in range(BANDS - 1):  # every token of a band is at least as frequent as those of the next
        assert counts[band == k].min() >= counts[band == k + 1].max()
    assert (band[counts == 0] == BANDS - 1).all()


def test_bands_by_hand():
    text = torch.tensor([5] * 6 + [1] * 3 + [2] * 2 + [0])
    assert frequency_bands(text, 6, 2).tolist() == [1, 1, 1, 1, 1, 0]
    assert frequency_bands(text, 6, 4).tolist() == [3, 2, 3, 3, 3, 0]
    with pytest.raises(ValueError, match="Without any text"):
        frequency_bands(text[:0], 6)
