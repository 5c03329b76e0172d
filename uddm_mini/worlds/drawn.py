"""Distinct sentences in the order in which a language would first say them."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch

from uddm_mini.doors import whole

from .corpus import Corpus
from .world import World

MOST_LISTED = 4_000_000  # sentences of a language of which all are listed, in some 500 MB


class Language(World, Protocol):
    """A world whose sentences have words and a number."""

    name: str
    words: tuple[str, ...]
    n_sentences: int

    def every(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return all sentences, int64[n_sentences, L], and their probabilities, float64[n_sentences]."""


def draw_corpus(
    language: Language, n_train: int, n_held_out: int = 1024, seed: int = 0, *, repeats: bool = False
) -> Corpus:
    """Return a `Corpus` of distinct sentences, none of them in both parts (deterministic in `seed`).

    Both are what independent draws from the language say first, repetitions left out. The held-out part does not
    depend on n_train, so corpora of different sizes share it.

    repeats: the training part has every draw but the held-out sentences, common ones many times. Distinct sentences
        are not what the language says, where they are most of it: then each stands there once, common or rare.
    """
    most, distinct = language.n_sentences, n_held_out + (1 if repeats else n_train)
    listed = 4 * distinct > most  # so many draws would repeat too much
    if min(n_train, n_held_out) < 1 or distinct > most or (listed and most > MOST_LISTED):
        raise ValueError(
            f"This language has {most} sentences, so n_train and n_held_out must be at least 1 each, and together at "
            f"most {f'a quarter of {most}' if most > MOST_LISTED else most}, but they are {n_train} and {n_held_out}."
        )
    x = first_distinct(language, n_held_out if listed or repeats else distinct, seed)
    held_out, train = x[:n_held_out], x[n_held_out:]
    if repeats:
        train = _said(language, held_out, n_train, seed)
    elif listed:
        train = _raced(language, held_out, seed)[:n_train]
    info = {"seed": seed, "distinct sentences of the language": most} | ({"repeats": True} if repeats else {})
    return Corpus(language.name, train, held_out, language.words, info=info, world=language)


def corpus_of(data: Corpus | Language, n_train: int) -> Corpus:
    """Return the corpus, or one of `n_train` sentences that is drawn from a language; TypeError for anything else."""
    if isinstance(data, Corpus):
        return data
    if all(hasattr(data, name) for name in ("sample", "words", "n_sentences", "every")):
        return draw_corpus(data, whole(n_train, "a size"))
    raise TypeError(
        f"A corpus or a language is needed here, not {type(data).__name__}: of texts text_corpus(...) makes a corpus, "
        "of a tensor Corpus(name, train, held_out, words)."
    )


def first_distinct(language: Language, n: int, seed: int) -> torch.Tensor:
    """Return the first n distinct ones of the sentences that are drawn with `seed`, int64[n, L]."""
    drawn, distinct = n, torch.empty(0, language.length, dtype=torch.int64)
    while len(distinct) < n:  # a few sentences repeat, so draw some more
        drawn += drawn // 4 + 16
        x = language.sample(drawn, seed)
        distinct = x[torch.from_numpy(np.sort(np.unique(x.numpy(), axis=0, return_index=True)[1]))]
    return distinct[:n]


def _said(language: Language, without: torch.Tensor, n: int, seed: int) -> torch.Tensor:
    """Return the first n of the sentences that are drawn with `seed` and are not among those `without`, int64[n, L]."""
    drawn, kept = n, without[:0]
    while len(kept) < n:
        drawn += drawn // 8 + 16
        x = language.sample(drawn, seed)
        kept = x[_not_in(x, without)]
    return kept[:n]


def _not_in(x: torch.Tensor, without: torch.Tensor) -> torch.Tensor:
    taken = {row.tobytes() for row in without.numpy()}
    return torch.tensor([row.tobytes() not in taken for row in x.numpy()])


def _raced(language: Language, without: torch.Tensor, seed: int) -> torch.Tensor:
    """Return all sentences of the language but those `without`, in the order in which draws would first say them.

    The waiting time for a sentence of probability p is exponential with mean 1 / p, and no draw is needed.
    """
    x, p = language.every()
    left = _not_in(x, without)
    # a stream of its own: with that of the draws, the order would depend on which sentences are held out
    waiting = np.random.Generator(np.random.PCG64([seed, 1])).exponential(size=len(x)) / p.numpy()
    order = torch.from_numpy(np.argsort(waiting, kind="stable"))
    return x[order[left[order]]]
