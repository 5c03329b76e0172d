"""A sentence of the reader's own in subwords: the page's cuts against `pieces_of` and `words_of`."""

from __future__ import annotations

import re

import pytest

from uddm_mini.teaching.pieces import cut_sentence, tokens_of
from uddm_mini.worlds.sentences import words_of
from uddm_mini.worlds.subwords import pieces_of

LETTERS = "abcdefghijklmnopqrstuvwxyz'-"
MERGES = ["th", "##er", "##in", "the", "##ing", "re", "##urn", "##turn", "returned", "un", "##known"]
PIECES = [*LETTERS, *(f"##{letter}" for letter in LETTERS), *MERGES]
SIZES = (2 * len(LETTERS), 2 * len(LETTERS) + 4, len(PIECES))
SENTENCE = "The unknown neighbors are returned"
TYPED = (
    "return the thing",
    "Don’t re-turn it, e.g. 3.14!",
    "naïve Ünknown wörds",
    "",
    "!!!",
    "the_the snake_case 2nd 1,000",
    "e\u0301tude",
)


@pytest.fixture(scope="module")
def figure():
    return cut_sentence(PIECES, SENTENCE, SIZES)


def by_hand(sentence, size):
    return [pieces_of(word, set(PIECES[:size])) or [word] for word in words_of(sentence)]


def test_the_still_tells_the_tokens(figure):
    for size in SIZES:
        assert f"{sum(map(len, by_hand(SENTENCE, size)))}  {size} pieces" in repr(figure)


@pytest.mark.parametrize("sizes", [(), (5, 4), (0, 4), (4, 10_000)])
def test_sizes_that_do_not_fit_are_named(sizes):
    with pytest.raises(ValueError, match=re.escape("sizes must rise")):
        cut_sentence(PIECES, SENTENCE, sizes)


def test_every_cut_in_the_page_is_the_package_s(on_page, guess, values, slide, figure):
    page = on_page(figure, "phone", "dark")
    assert not page.locator(".cut").is_visible()
    assert f"Here: {tokens_of(SENTENCE, PIECES)}, of 5 words." in guess(page, 9)
    for sentence in (SENTENCE, *TYPED):
        page.get_by_label("A sentence of yours").fill(sentence)
        for k, size in enumerate(SIZES):
            slide(page, "pieces that are known", k)
            shown = page.locator(".cut span").all_inner_texts()
            right = [piece.replace("##", "") for word in by_hand(sentence, size) for piece in word]
            assert shown == right, sentence
            assert values(page, ".words") == [len(right)]
        assert values(page, ".bars") == [tokens_of(sentence, PIECES[:size]) for size in SIZES]
