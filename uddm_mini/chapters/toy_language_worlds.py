"""Languages so small that every sentence can be written out, for the checks of the toy language."""

from __future__ import annotations

import itertools
import math

import torch

from uddm_mini.worlds.grammar import Choice, Grammar, Slot, echo, uniform
from uddm_mini.worlds.toy_language import ToyLanguage


def pets() -> ToyLanguage:
    """V = 9, L = 4: a topic voiced twice, a noisy echo, a word shared by two topics, a choice closed to one topic."""
    return ToyLanguage(
        Grammar(
            choices=(
                Choice("topic", (0.25, 0.75)),
                Choice("size", uniform(2)),
                Choice("echo", echo(2, 0.9), parent="size"),
                Choice("verb", ((0.5, 0.5), (1.0, 0.0)), parent="topic"),
            ),
            slots=(
                Slot(("size",), ("big", "small")),
                Slot(("topic",), ("cats", "dogs")),
                Slot(("echo",), ("loudly", "softly")),
                Slot(("topic", "verb"), (("sleep", "purr"), ("sleep", "bark"))),
            ),
        )
    )


def crossroads() -> ToyLanguage:
    """V = 9, L = 3: the most probable first word leads to many second ones, the next best to a single one."""
    return ToyLanguage(
        Grammar(
            choices=(
                Choice("way", (0.4, 0.35, 0.25)),
                Choice("end", ((0.0, *uniform(4)), (1.0, 0.0, 0.0, 0.0, 0.0), (0.0, *uniform(4))), parent="way"),
            ),
            slots=(
                Slot(("way",), ("left", "right", "on")),
                Slot(("end",), ("home", "away", "east", "west", "up")),
                Slot((), "now"),
            ),
        )
    )


def written_out(language: ToyLanguage) -> tuple[torch.Tensor, torch.Tensor]:
    """Return every sentence int64[N, L] and its probability float64[N], by trying every outcome of every choice."""
    grammar = language.grammar
    found: dict[str, float] = {}
    sizes = [len(c.probs[0]) if c.parent else len(c.probs) for c in grammar.choices]
    for outcome in itertools.product(*map(range, sizes)):
        values = {c.name: i for c, i in zip(grammar.choices, outcome, strict=True)}
        tables = [c.probs[values[c.parent]] if c.parent else c.probs for c in grammar.choices]
        prob = math.prod(table[i] for table, i in zip(tables, outcome, strict=True))
        if prob > 0:
            sentence = " ".join(slot.word(values) for slot in grammar.slots)
            found[sentence] = found.get(sentence, 0.0) + prob
    return language.encode(list(found)), torch.tensor(list(found.values()), dtype=torch.float64)
