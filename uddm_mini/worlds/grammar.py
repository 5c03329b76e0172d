"""The words and choices of the toy language, as plain tables.

A sentence is a handful of hidden *choices* (a topic, who acts, in what manner, ...) and fourteen
*slots*. A slot looks up its word from one or two choices. Most choices are voiced in two or three
slots, so a lost word can often be worked out from the words that remain.
"""

from __future__ import annotations

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


@dataclass(frozen=True)
class Grammar:
    """A probabilistic grammar of fixed length: choices in order of dependence, slots in word order."""

    choices: tuple[Choice, ...]
    slots: tuple[Slot, ...]


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
    return Grammar(
        choices=(
            Choice("topic", uniform(4)),
            Choice("actor", uniform(4)),
            Choice("manner", uniform(6)),
            Choice("adverb", echo(6, 0.8), parent="manner"),
            Choice("action", uniform(8)),
            Choice("thing", uniform(4)),
            Choice("link", uniform(5)),
            Choice("relative", (0.6, 0.25, 0.15)),
            Choice("event", echo(5, 0.8), parent="link"),
        ),
        slots=(
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
        ),
    )
