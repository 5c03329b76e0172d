"""Words that the reader of a page loses, guesses and replaces, with the exact probability of every candidate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import one_hot

from uddm_mini.worlds import ToyLanguage
from uddm_mini.worlds.automaton import compile_grammar

from .live import Turnable
from .look import meaning_css
from .stills import Row, still_bars, told_bars

TOP = 6  # candidates with a bar of their own
GAP = "____"


def lost_words(
    language: ToyLanguage,
    rounds: Sequence[tuple[str, int]],
    label: str = "Guess the lost word",
    *,
    question: str = "Predict: which word is lost, and how sure are you?",
) -> Turnable:
    """Let the reader guess a lost word of each sentence, and then lose and replace any word of it.

    The page computes p(word at l | the other words that are read) from the automaton of the language, exactly, by
    forward-backward (Rabiner 1989). A guess is a word and how sure the reader is; it comes before the answer.

    rounds: sentences of the language, each with the position of the lost word, counted from 0.

    Without scripts every round shows with its best candidates. ValueError for a position outside the sentence, and as
    `ToyLanguage.encode`.
    """
    if not rounds or any(not 0 <= position < language.length for _, position in rounds):
        raise ValueError(f"Give at least one round, each with a position 0 ... {language.length - 1}.")
    x = language.encode([sentence for sentence, _ in rounds])
    places = [position for _, position in rounds]
    probs, positions = automaton(language)
    data = {
        "label": label,
        "words": list(language.words),
        "probs": probs,
        "positions": positions,
        "rounds": [{"sentence": row, "position": at} for row, at in zip(x.tolist(), places, strict=True)],
        "question": question,
        "top": TOP,
        "css": meaning_css(".uddm-lost", "population", "chance"),
    }
    return Turnable("lost", data, *_still(language, x, places))


def automaton(language: ToyLanguage) -> tuple[list[float], list[dict[str, Any]]]:
    """Return the distinct probabilities of a language's automaton, and its arcs at each position, which number them."""
    ids = {word: k for k, word in enumerate(language.words)}
    arcs = compile_grammar(language.grammar, ids)
    probs = sorted({p for one in arcs for p in one.prob.tolist()})
    number = {p: k for k, p in enumerate(probs)}
    positions: list[dict[str, Any]] = [
        {
            "src": one.src.tolist(),
            "dst": one.dst.tolist(),
            "word": one.word.tolist(),
            "prob": [number[p] for p in one.prob.tolist()],
            "next": one.n_next,
        }
        for one in arcs
    ]
    return probs, positions


def _still(language: ToyLanguage, x: torch.Tensor, places: list[int]) -> tuple[str, str]:
    """Return what shows without scripts, as HTML and as text: each sentence with its gap, and the best candidates."""
    belief = language.cavity(one_hot(x, language.vocab_size)).exp()  # [rounds, L, V]
    html, told = "", []
    for row, at, p in zip(x, places, belief, strict=True):
        said = [language.words[v] for v in row.tolist()]
        head = " ".join([*said[:at], GAP, *said[at + 1 :]])
        best = [v for v in p[at].argsort(descending=True)[:TOP].tolist() if p[at, v] > 0]
        rows: list[Row] = [(language.words[v], float(p[at, v]), "population") for v in best]
        html += f"<p>{head}</p>{still_bars(rows)}<p>It was “{said[at]}”.</p>"
        told.append(f"{head}\n{told_bars(rows)}\nIt was “{said[at]}”.")
    return html, "\n\n".join(told)
