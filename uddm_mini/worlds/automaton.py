"""A grammar compiled into a finite-state automaton, and the exact number of sentences it can say."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .grammar import Choice, Grammar


@dataclass(frozen=True)
class Arcs:
    """All steps of the automaton at one position: state `src` says `word` and moves to state `dst`."""

    src: torch.Tensor  # int64[A]
    dst: torch.Tensor  # int64[A]
    word: torch.Tensor  # int64[A]
    prob: torch.Tensor  # float64[A]
    n_next: int  # states after this position


def _flat(words: object) -> list[str]:
    return [words] if isinstance(words, str) else [w for part in words for w in _flat(part)]  # type: ignore[attr-defined]


def vocabulary(grammar: Grammar) -> tuple[str, ...]:
    """List the distinct words in order of first slot: token ids never depend on a dictionary's order."""
    return tuple(dict.fromkeys(word for slot in grammar.slots for word in _flat(slot.words)))


def compile_grammar(grammar: Grammar, ids: dict[str, int]) -> list[Arcs]:
    """Turn slots into arcs: a state holds the values of the choices made so far that are still needed."""
    new_choices = _new_choices(grammar)
    needed_later = _needed_later(grammar, new_choices)
    states: dict[tuple[tuple[str, int], ...], int] = {(): 0}
    positions = []
    for slot, new, needed in zip(grammar.slots, new_choices, needed_later, strict=True):
        arcs: dict[tuple[int, int, int], float] = {}
        next_states: dict[tuple[tuple[str, int], ...], int] = {}
        for state, source in states.items():
            for values, prob in _extensions(dict(state), new):
                kept = tuple(sorted((k, v) for k, v in values.items() if k in needed))
                target = next_states.setdefault(kept, len(next_states))
                key = (source, target, ids[slot.word(values)])
                arcs[key] = arcs.get(key, 0.0) + prob
        src_dst_word = torch.tensor(list(arcs), dtype=torch.int64)
        prob_tensor = torch.tensor(list(arcs.values()), dtype=torch.float64)
        src, dst, word_id = src_dst_word.unbind(1)
        positions.append(Arcs(src, dst, word_id, prob_tensor, n_next=len(next_states)))
        states = next_states
    return positions


def _new_choices(grammar: Grammar) -> list[list[Choice]]:
    """For each slot, the choices made there: those it looks up first, and what those depend on; parents first."""
    parents = {choice.name: choice.parent for choice in grammar.choices}
    made: set[str] = set()
    new_choices = []
    for slot in grammar.slots:
        wanted: set[str] = set()
        for name in slot.choices:
            ancestor: str | None = name
            while ancestor and ancestor not in made | wanted:
                wanted.add(ancestor)
                ancestor = parents[ancestor]
        new_choices.append([choice for choice in grammar.choices if choice.name in wanted])
        made |= wanted
    return new_choices


def _needed_later(grammar: Grammar, new_choices: list[list[Choice]]) -> list[set[str]]:
    """For each slot, the choices that a later slot still looks up, or that a later choice depends on."""
    needed: set[str] = set()
    after = []
    for slot, new in zip(reversed(grammar.slots), reversed(new_choices), strict=True):
        after.append(set(needed))
        needed |= set(slot.choices)
        needed |= {choice.parent for choice in new if choice.parent}
    return after[::-1]


def _extensions(values: dict[str, int], new: list[Choice]) -> list[tuple[dict[str, int], float]]:
    """Extend the values of a state by every outcome of the choices made in this slot."""
    out = [(values, 1.0)]
    for choice in new:
        longer = []
        for before, prob in out:
            table = choice.probs[before[choice.parent]] if choice.parent else choice.probs
            longer += [({**before, choice.name: i}, prob * p) for i, p in enumerate(table) if p > 0]
        out = longer
    return out


def count_sentences(positions: list[Arcs]) -> int:
    """Count distinct sentences exactly; refuse a grammar that can say one sentence in two ways."""
    sets: dict[frozenset[int], int] = {frozenset([0]): 1}  # reachable state sets -> number of distinct prefixes
    paths = [1]  # number of paths that end in each state
    for arcs in positions:
        steps: dict[int, list[tuple[int, int]]] = {}
        next_paths = [0] * arcs.n_next
        for src, dst, word in zip(arcs.src.tolist(), arcs.dst.tolist(), arcs.word.tolist(), strict=True):
            steps.setdefault(src, []).append((word, dst))
            next_paths[dst] += paths[src]
        next_sets: dict[frozenset[int], int] = {}
        for states, count in sets.items():
            by_word: dict[int, set[int]] = {}
            for state in states:
                for word, dst in steps[state]:
                    by_word.setdefault(word, set()).add(dst)
            for reached in by_word.values():
                key = frozenset(reached)
                next_sets[key] = next_sets.get(key, 0) + count
        sets, paths = next_sets, next_paths
    distinct = sum(sets.values())
    if distinct != sum(paths):
        raise ValueError(
            f"The grammar says some sentences in more than one way ({sum(paths)} derivations of {distinct} "
            "sentences), so its entropy cannot be read off the choices; make the words tell the choices apart."
        )
    return distinct
