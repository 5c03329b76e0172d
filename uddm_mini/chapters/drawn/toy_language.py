"""Drawn questions of the chapter on the toy language: small languages."""

from __future__ import annotations

from typing import Any

from uddm_mini.teaching.draws import Draw
from uddm_mini.worlds.automaton import Arcs, compile_grammar
from uddm_mini.worlds.grammar import Choice, Grammar, Slot, echo
from uddm_mini.worlds.toy_language import ToyLanguage

Case = tuple[Any, ...]
COLORS = ("red", "green", "blue", "gray")
ANIMALS = ("cats", "dogs", "owls", "hens")
VERBS = ("eat", "hunt", "chase", "fear")


def _language(draw: Draw, most: int = 4) -> ToyLanguage:
    """Return a language of three words: a choice, its echo, and what depends on the choice."""
    n, m = draw.whole(2, most), draw.whole(2, most)
    rows = tuple(tuple(draw.probabilities(m).tolist()) for _ in range(n))
    choices = (
        Choice("color", tuple(draw.probabilities(n).tolist())),
        Choice("animal", echo(n, draw.number(0.6, 0.95, 2)), parent="color"),
        Choice("verb", rows, parent="color"),
    )
    slots = (Slot(("color",), COLORS[:n]), Slot(("animal",), ANIMALS[:n]), Slot(("verb",), VERBS[:m]))
    return ToyLanguage(Grammar(choices, slots))


def arrows(language: ToyLanguage) -> list[Arcs]:
    """Compile a language's grammar as the chapter does."""
    return compile_grammar(language.grammar, {word: i for i, word in enumerate(language.words)})


def count_sentences(draw: Draw) -> list[Case]:
    """Return languages."""
    return draw.times(3, lambda: (_language(draw),))


def echo_entropies(draw: Draw) -> list[Case]:
    """Return numbers of values, and how faithful the echo is."""
    return draw.times(4, lambda: (draw.whole(2, 9), draw.number(0.1, 0.95, 2)))


def next_word(draw: Draw) -> list[Case]:
    """Return languages."""
    return draw.times(2, lambda: (_language(draw),))


def best_pair(draw: Draw) -> list[Case]:
    """Return languages, a sentence of each, and two positions."""

    def one() -> Case:
        language = _language(draw, most=3)
        i, j, _ = draw.shuffled(range(3))
        return language, language.sample(1, draw.whole(0, 999))[0], i, j

    return draw.times(3, one)
