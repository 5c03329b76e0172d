"""Drawn questions of the chapter on real text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from uddm_mini.teaching.draws import Draw
from uddm_mini.teaching.variants import Meanings, Variant

Case = tuple[Any, ...]
WORDS = ["return", "the", "sum", "of", "all", "values", "in", "this", "list", "as", "one", "new", "text"]


def _sentence(draw: Draw, low: int = 3, high: int = 9) -> str:
    return " ".join(draw.one_of(WORDS) for _ in range(draw.whole(low, high)))


def _near(draw: Draw, sentence: str) -> str:
    """Return a sentence with words of another one."""
    words = [word for word in sentence.split() if draw.number() < 0.8] + draw.shuffled(WORDS)[: draw.whole(0, 4)]
    return " ".join(draw.shuffled(words)) or "the"


def is_twin(draw: Draw) -> list[Case]:
    """Return a held-out sentence, another one, and a share."""

    def one() -> Case:
        held_out = _sentence(draw)
        return held_out, _near(draw, held_out), draw.one_of((0.5, 0.6, 0.75, 0.8))

    found: dict[bool, list[Case]] = {True: [], False: []}  # as many twins as others, so that no constant passes
    while min(map(len, found.values())) < 6:
        case = one()
        found[_book(*case)].append(case)
    return draw.shuffled([*found[True][:6], *found[False][:6]])


def longest_shared(draw: Draw) -> list[Case]:
    """Return a sentence and texts."""

    def one() -> Case:
        sentence = _sentence(draw)
        return sentence, [_sentence(draw) for _ in range(draw.whole(2, 4))]

    return draw.times(5, one)


def between(draw: Draw) -> list[Case]:
    """Return the table of a chain, and the characters left and right of the one that is asked for."""

    def one() -> Case:
        n = draw.whole(3, 6)
        step = draw.table(n, n, low=0.05)
        return step / step.sum(dim=1, keepdim=True), draw.whole(0, n - 1), draw.whole(0, n - 1)

    return draw.times(4, one)


def surprise_below(draw: Draw) -> list[Case]:
    """Return entropies of a model and a baseline, and which characters count."""

    def one() -> Case:
        n, width = draw.whole(2, 5), draw.whole(4, 8)
        counted = draw.table(n, width) < 0.7
        counted[:, 0] = True
        return draw.table(n, width), draw.table(n, width, low=0.5, high=2.0), counted

    return draw.times(3, one)


def _twin(enough: Callable[[int, int, int], float]) -> Callable[[str, str, float], bool]:
    """Return the rule that they share so much of `enough`, which knows both numbers of words and that of all."""

    def rule(held_out: str, other: str, share: float) -> bool:
        a, b = dict.fromkeys(held_out.split()), dict.fromkeys(other.split())
        shared = sum(word in b for word in a)
        return shared + 1e-9 >= share * enough(len(a), len(b), len(a) + len(b) - shared)

    return rule


def _longest(sentence: str, texts: list[str], least: int = 1, whole_words: bool = False) -> int:
    """Return the longest run that at least so many texts hold, in characters or in whole words."""
    parts: Any = sentence.split() if whole_words else sentence
    split = [text.split() if whole_words else text for text in texts]

    def holds(text: Any, run: Any) -> bool:
        return any(text[k : k + len(run)] == run for k in range(len(text) - len(run) + 1))

    best = 0
    for i in range(len(parts)):
        while i + best < len(parts) and sum(holds(text, parts[i : i + best + 1]) for text in split) >= least:
            best += 1
    return best


_book = _twin(lambda a, b, both: min(a, (a + b) / 2))

VARIANTS = {
    "is_twin": Meanings(
        _book,
        {
            "of-held-out": Variant(
                "Enough is at least `share` times the number of distinct words of *`held_out`* alone.",
                _twin(lambda a, b, both: a),
            ),
            "of-shorter": Variant(
                "Enough is at least `share` times the *smaller* of the two numbers of distinct words, that of "
                "`held_out` and that of `other`.",
                _twin(lambda a, b, both: min(a, b)),
            ),
            "jaccard": Variant(
                "Enough is at least `share` times the number of distinct words that occur in *at least one* of the two "
                "sentences.",
                _twin(lambda a, b, both: both),
            ),
        },
        is_twin,
        '"{held_out}" and "{other}", share {share}',
    ),
    "longest_shared": Meanings(
        _longest,
        {
            "in-two": Variant(
                "The run has to occur inside *at least two* of the strings in `texts`.",
                lambda sentence, texts: _longest(sentence, texts, least=2),
            ),
            "in-all": Variant(
                "The run has to occur inside *every one* of the strings in `texts`.",
                lambda sentence, texts: _longest(sentence, texts, least=len(texts)),
            ),
            "words": Variant(
                "The run consists of *whole words*, which are separated by blanks: return how many words the longest "
                "run has.",
                lambda sentence, texts: _longest(sentence, texts, whole_words=True),
            ),
        },
        lambda draw: draw.times(5, lambda: (_sentence(draw), [_sentence(draw) for _ in range(3)])),
        '"{sentence}" in {texts}',
        0.0,
    ),
}
