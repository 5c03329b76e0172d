"""Grammars made of grammars: longer sentences, more words, two languages at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .grammar import Choice, Grammar, Slot, uniform

STOP = "."  # fills the places that a shorter sentence leaves
Values = tuple[int, ...]


def repeated(grammar: Grammar, times: int) -> Grammar:
    """Return the grammar of so many independent sentences in a row: `times` as long, with the same words."""
    parts = [_renamed(grammar, str(k)) for k in range(times)]
    return Grammar(tuple(c for part in parts for c in part.choices), tuple(s for part in parts for s in part.slots))


def versions(grammar: Grammar, count: int) -> Grammar:
    """Return the grammar of `count` equally likely languages that share no word: the third says "this3" for "this"."""
    sizes = {"version": count, **_sizes(grammar)}

    def told(slot: Slot) -> Slot:
        def word(values: Values) -> str:
            version, *others = values
            said = slot.word(dict(zip(slot.choices, others, strict=True)))
            return f"{said}{version + 1}" if version else said

        names = ("version", *slot.choices)
        return Slot(names, _table([sizes[name] for name in names], word))

    choice = Choice("version", uniform(count))
    return Grammar((choice, *grammar.choices), tuple(told(slot) for slot in grammar.slots))


def closed(grammar: Grammar) -> Grammar:
    """Return the grammar that leaves hardly a word open: a choice that hangs on another takes its likeliest value.

    So does a choice that only one slot voices; all others are voiced twice at least, and so follow from the rest.
    """
    voiced = Counter(name for slot in grammar.slots for name in slot.choices)
    heard = {c.parent for c in grammar.choices}  # through the choice that hangs on it

    def likeliest(probs: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(float(k == probs.index(max(probs))) for k in range(len(probs)))

    choices = []
    for choice in grammar.choices:
        if choice.parent:
            choices.append(replace(choice, probs=tuple(map(likeliest, choice.probs))))
        elif voiced[choice.name] == 1 and choice.name not in heard:
            choices.append(replace(choice, probs=likeliest(choice.probs)))
        else:
            choices.append(choice)
    return Grammar(tuple(choices), grammar.slots)


def mixed(first: Grammar, second: Grammar) -> Grammar:
    """Return the grammar that says a sentence of one of two languages, equally often; the shorter one ends in STOP.

    A choice of the language that is not spoken takes a value of its own, silence, so that nothing is said in two ways.
    """
    parts = [_renamed(grammar, str(k)) for k, grammar in enumerate((first, second))]
    spoken = [_sizes(part) for part in parts]  # values that are no silence
    length = max(len(part.slots) for part in parts)
    padded = [(*part.slots, *(Slot((), STOP),) * (length - len(part.slots))) for part in parts]

    def told(here: Sequence[Slot]) -> Slot:
        names = [slot.choices for slot in here]

        def word(values: Values) -> str:
            language, own = values[0], (values[1 : 1 + len(names[0])], values[1 + len(names[0]) :])
            said = dict(zip(names[language], own[language], strict=True))
            silent = any(value == spoken[language][name] for name, value in said.items())
            return STOP if silent else here[language].word(said)

        sizes = [spoken[k][name] + 1 for k in range(2) for name in names[k]]
        return Slot(("language", *names[0], *names[1]), _table([2, *sizes], word))

    choices = [_or_silent(choice, k) for k, part in enumerate(parts) for choice in part.choices]
    return Grammar((Choice("language", uniform(2)), *choices), tuple(map(told, zip(*padded, strict=True))))


def _or_silent(choice: Choice, language: int) -> Choice:
    """Return the choice with one value more, silence, which it takes where another language is spoken."""
    rows = choice.probs if choice.parent else (choice.probs,)
    silent = (*(0.0,) * len(rows[0]), 1.0)
    if choice.parent:  # which is silent, too
        return replace(choice, probs=(*((*row, 0.0) for row in rows), silent))
    probs = tuple((*rows[0], 0.0) if spoken == language else silent for spoken in range(2))
    return Choice(choice.name, probs, "language")


def _sizes(grammar: Grammar) -> dict[str, int]:
    """Return the number of values of every choice."""
    return {c.name: len(c.probs[0] if c.parent else c.probs) for c in grammar.choices}


def _renamed(grammar: Grammar, mark: str) -> Grammar:
    """Return the same grammar with a mark behind the name of every choice."""
    choices = tuple(replace(c, name=c.name + mark, parent=c.parent and c.parent + mark) for c in grammar.choices)
    return Grammar(choices, tuple(replace(s, choices=tuple(name + mark for name in s.choices)) for s in grammar.slots))


def _table(sizes: Sequence[int], word: Callable[[Values], str], before: Values = ()) -> Any:
    """Return nested tuples of the words of all values."""
    if not sizes:
        return word(before)
    return tuple(_table(sizes[1:], word, (*before, value)) for value in range(sizes[0]))
