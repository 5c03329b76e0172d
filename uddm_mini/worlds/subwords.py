"""Subwords: frequent words whole, others in pieces, so that a small vocabulary spells every word of a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

INSIDE = "##"  # what a piece begins with that goes on a word, as in BERT
START = "\u2581"  # what stands before each word while pairs are counted


def find_pieces(sentences: Iterable[str], size: int) -> list[str]:
    """Find at most `size` pieces of the words of these sentences: all their letters, then the commonest merged pairs.

    Byte pair encoding (Sennrich et al. 2016), by the optional package `tokenizers`. Nothing is random.
    """
    try:
        from tokenizers import Tokenizer
        from tokenizers.models import BPE
        from tokenizers.pre_tokenizers import WhitespaceSplit
        from tokenizers.trainers import BpeTrainer
    except ImportError:
        raise ImportError('unit="subword" needs the package tokenizers: pip install tokenizers') from None
    words = Counter(word for sentence in sentences for word in sentence.split())
    letters = sorted({word[0] for word in words}) + sorted({INSIDE + c for word in words for c in word[1:]})
    found = Tokenizer(BPE())
    found.pre_tokenizer = WhitespaceSplit()
    marked = (f" {START}{word}" * count for word, count in sorted(words.items()))
    found.train_from_iterator(marked, BpeTrainer(vocab_size=size + len(letters), show_progress=False))
    merged = sorted(found.get_vocab().items(), key=lambda entry: entry[1])  # in the order of the merges
    longer = [text for text, _ in merged if len(text) > 1]
    pieces = [text[1:] if text.startswith(START) else INSIDE + text for text in longer]
    return list(dict.fromkeys([*letters, *pieces]))[:size]


def pieces_of(word: str, known: Collection[str]) -> list[str]:
    """Cut a word into known pieces, from the left and the longest first; an empty list if that does not work out."""
    pieces, start = [], 0
    while start < len(word):
        mark = INSIDE if start else ""
        ends = range(len(word), start, -1)
        end = next((end for end in ends if mark + word[start:end] in known), None)
        if end is None:
            return []
        pieces.append(mark + word[start:end])
        start = end
    return pieces


def joined(pieces: Sequence[str]) -> str:
    """Put pieces together again: those that go on a word without a space before them."""
    return " ".join(pieces).replace(f" {INSIDE}", "")
