"""A sentence of the reader's own in subwords: the page cuts it with a table of pieces after more and more merges."""

from __future__ import annotations

from collections.abc import Sequence

from uddm_mini.worlds.sentences import words_of
from uddm_mini.worlds.subwords import pieces_of

from .live import Turnable
from .stills import Row, still_bars, told_bars


def cut_sentence(
    pieces: Sequence[str], sentence: str, sizes: Sequence[int], label: str = "A sentence, cut into subwords"
) -> Turnable:
    """Let the reader type a sentence and choose how many pieces are known, and cut it as `pieces_of` does.

    pieces: in the order in which byte pair encoding made them; "##" begins one that goes on a word.
    sizes: rising numbers of pieces, at which the slider stops; the reader first guesses the tokens at the last one.

    A word that cannot be cut is one token. Without scripts the tokens at each size show. ValueError for other sizes.
    """
    if not sizes or list(sizes) != sorted(set(sizes)) or not 1 <= sizes[0] <= sizes[-1] <= len(pieces):
        raise ValueError(f"sizes must rise, from 1 at least to {len(pieces)} pieces at most, but are {list(sizes)}.")
    words, last = words_of(sentence), sizes[-1]
    question = f"Predict: “{sentence}” has {len(words)} words. How many tokens is that with {last:,} pieces?"
    data = {
        "label": label,
        "pieces": list(pieces[:last]),
        "sizes": list(sizes),
        "sentence": sentence,
        "ask": {"question": question, "min": 1, "max": 1000, "step": 1, "unit": "tokens"},
    }
    counted = [tokens_of(sentence, pieces[:size]) for size in sizes]
    rows: list[Row] = [(f"{size:,} pieces", n, "cavity") for size, n in zip(sizes, counted, strict=True)]
    head = f"Tokens of “{sentence}”:"
    top = max(1, *counted)
    return Turnable(
        "pieces", data, f"<p>{head}</p>{still_bars(rows, top, digits=0)}", f"{head}\n{told_bars(rows, digits=0)}"
    )


def tokens_of(sentence: str, pieces: Sequence[str]) -> int:
    """Return how many tokens a sentence has when these pieces are known; a word that cannot be cut is one."""
    known = frozenset(pieces)
    return sum(max(1, len(pieces_of(word, known))) for word in words_of(sentence))
