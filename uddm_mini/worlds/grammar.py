"""The words and choices of the toy language, as plain tables.

A sentence is a handful of hidden *choices* (a topic, who acts, in what manner, ...) and fourteen *slots*. Most choices
are voiced in two or three slots, so a lost word can often be worked out from those that remain.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One hidden random choice: `probs[i]` without a parent, `probs[parent value][i]` with one."""

    name: str
    probs: tuple[Any, ...]
    parent: str | None = None


@dataclass(frozen=True)
class Slot:
    """One word position: `words` is indexed by the values of `choices`, in that order."""

    choices: tuple[str, ...]
    words: Any

    def word(self, values: Mapping[str, int]) -> str:
        """Return what the slot says, given the values of the choices."""
        return functools.reduce(lambda words, name: words[values[name]], self.choices, self.words)


@dataclass(frozen=True)
class Grammar:
    """A probabilistic grammar of fixed length: choices in order of dependence, slots in word order."""

    choices: tuple[Choice, ...]
    slots: tuple[Slot, ...]

    def __post_init__(self) -> None:
        sizes: dict[str, int] = {}
        for choice in self.choices:
            if choice.name in sizes:
                raise ValueError(f"There are two choices called {choice.name!r}; give each a name of its own.")
            if choice.parent is not None and choice.parent not in sizes:
                raise ValueError(f"{choice.name!r} depends on {choice.parent!r}, so {choice.parent!r} must come first.")
            tables = choice.probs if choice.parent else (choice.probs,)
            if choice.parent and len(tables) != sizes[choice.parent]:
                raise ValueError(f"{choice.name!r} needs one row of probs for each value of {choice.parent!r}.")
            sizes[choice.name] = len(tables[0])
            for table in tables:
                sound = all(p >= 0 for p in table) and abs(sum(table) - 1) <= 1e-9  # never true of nan
                if len(table) != len(tables[0]) or not sound:
                    raise ValueError(
                        f"The probabilities {table} of {choice.name!r} must sum to 1, in rows of one size."
                    )
        if not self.slots:
            raise ValueError("A grammar needs at least one slot, or its sentences have no words.")
        for position, slot in enumerate(self.slots):
            unknown = [name for name in slot.choices if name not in sizes]
            if unknown:
                raise ValueError(f"Slot {position} looks up {unknown[0]!r}, but there is no choice of that name.")
            if not _has_shape(slot.words, [sizes[name] for name in slot.choices]):
                raise ValueError(f"Slot {position} must have a word for every value of {', '.join(slot.choices)}.")


def _has_shape(words: Any, sizes: list[int]) -> bool:
    """Tell whether nested tuples of words have exactly these sizes."""
    if not sizes:
        return isinstance(words, str)
    return not isinstance(words, str) and len(words) == sizes[0] and all(_has_shape(w, sizes[1:]) for w in words)


def uniform(n: int) -> tuple[float, ...]:
    """Return n equal probabilities."""
    return (1 / n,) * n


def echo(n: int, fidelity: float) -> tuple[tuple[float, ...], ...]:
    """Return p(echo | choice): the same value with probability `fidelity`, else one of the others."""
    other = (1 - fidelity) / (n - 1)
    return tuple(tuple(fidelity if i == j else other for j in range(n)) for i in range(n))


SEA, FARM, CASTLE, CIRCUS = range(4)


def english() -> Grammar:
    """Return the book's grammar: four topics, 14 words, every important choice voiced at least twice."""
    return Grammar(choices=_choices(), slots=_slots())


def _choices() -> tuple[Choice, ...]:
    """Return what a speaker of the book's grammar decides."""
    return (
        Choice("topic", uniform(4)),
        Choice("actor", uniform(4)),
        Choice("manner", uniform(6)),
        Choice("adverb", echo(6, 0.8), parent="manner"),
        Choice("action", uniform(8)),
        Choice("thing", uniform(4)),
        Choice("link", uniform(5)),
        Choice("relative", (0.6, 0.25, 0.15)),
        Choice("event", echo(5, 0.8), parent="link"),
    )


def _slots() -> tuple[Slot, ...]:
    """Return the words in which each position voices a choice."""
    return (
        Slot(("actor",), ("this", "that", "these", "every")),
        Slot(("manner",), ("old", "young", "proud", "shy", "cheerful", "clumsy")),
        Slot(
            ("topic", "actor"),
            (
                ("sailor", "mermaid", "divers", "whale"),
                ("farmer", "milkmaid", "shepherds", "goat"),
                ("king", "queen", "knights", "dragon"),
                ("magician", "ballerina", "clowns", "monkey"),
            ),
        ),
        Slot(("adverb",), ("slowly", "quickly", "boldly", "quietly", "happily", "awkwardly")),
        Slot(
            ("action",),
            ("stared", "searched", "dreamed", "walked", "stumbled", "sang", "ran", "waited"),
        ),
        Slot(("action",), ("at", "for", "of", "past", "over", "about", "from", "near")),
        Slot(("thing",), ("the", "a", "some", "another")),
        Slot(("thing",), ("golden", "broken", "heavy", "hidden")),
        Slot(
            ("topic", "thing"),
            (
                ("anchor", "compass", "nets", "island"),
                ("wheat", "fence", "sacks", "meadow"),
                ("crown", "sword", "shields", "tunnel"),
                ("trumpet", "mirror", "drums", "trapdoor"),
            ),
        ),
        Slot(("link",), ("while", "until", "because", "before", "although")),
        Slot(("actor",), ("his", "her", "their", "its")),
        Slot(
            ("topic", "relative"),
            (
                ("captain", "pilot", "cook"),
                ("uncle", "dog", "grandmother"),
                ("servant", "prince", "jester"),
                ("partner", "twin", "trainer"),
            ),
        ),
        Slot(("event",), ("slept", "returned", "complained", "arrived", "objected")),
        Slot(("topic",), ("ashore", "outdoors", "upstairs", "backstage")),
    )
