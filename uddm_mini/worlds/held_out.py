"""From distinct sentences to token ids: hold out, count a vocabulary on the rest, remove near twins of the held-out."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .settings import PAD, UNKNOWN, TextSettings
from .vocabulary import Tokens, in_words, usable
from .words import without_spaces, words_of

LEFT_OUT = {  # why a sentence is not used, what to say of it, and which setting would keep it
    "too_short": ("fewer than {} words", "lower min_words"),
    "too_long": ("more than {} words", "raise max_words"),
    "too_wide": ("more than {} characters", "raise max_characters"),
}


@dataclass(frozen=True)
class Prepared:
    """Token ids int64[n, L] of the training and held-out sentences, and the words they stand for."""

    train: np.ndarray
    held_out: np.ndarray
    words: tuple[str, ...]
    info: dict[str, Any]


def distinct(sentences: Iterable[str], settings: TextSettings, most: int | None) -> tuple[list[str], dict[str, Any]]:
    """Collect up to `most` distinct sentences of the wanted length, as words joined by spaces, in their order.

    Also return what was counted: how many were read, repeated, and left out as too short, too long or too wide (more
    than max_characters); how many characters they have (no spaces), and how many of these are in no word.
    """
    if most is not None and most < 1:
        raise ValueError(f"max_sentences must be at least 1, or None for no bound, but is {most}.")
    found: dict[str, None] = {}
    counts: dict[str, Any] = {"sentences": 0, "repeated": 0, "read_to_the_end": True}
    counts |= dict.fromkeys([*LEFT_OUT, "without_spaces", "characters", "characters_in_no_word"], 0)
    for sentence in sentences:
        if len(found) == most:
            counts["read_to_the_end"] = False
            break
        words = words_of(sentence)
        counts["sentences"] += bool(words)
        text = " ".join(words)
        visible = sum(map(len, sentence.split()))
        counts["characters"] += visible
        counts["characters_in_no_word"] += max(0, visible - sum(map(len, words)))
        if not words:
            continue
        if len(words) < settings.min_words:
            counts["too_short"] += 1
            counts["without_spaces"] += without_spaces(text)
        elif len(words) > settings.max_words:
            counts["too_long"] += 1
        elif settings.unit == "character" and len(text) > settings.max_characters:
            counts["too_wide"] += 1
        else:
            counts["repeated"] += text in found
            found[text] = None
    return list(found), {**counts, "distinct": len(found)}


def told_of_reading(counts: Mapping[str, Any]) -> str:
    """Say in numbers what was read and what was dropped, from what `distinct` and `prepare` counted."""
    share = counts["characters_in_no_word"] / max(1, counts["characters"])
    left = [f"{counts[key]} {key.replace('_', ' ')}" for key in ("repeated", *LEFT_OUT) if counts.get(key)]
    return (
        f"{counts['sentences']} sentences read" + f" ({', '.join(left)})" * bool(left) + f", {counts['distinct']} of "
        f"them used; {counts['characters_in_no_word']} of {counts['characters']} characters ({share:.1%}) in no word"
    )


def too_little(n: int, settings: TextSettings, name: str, counts: Mapping[str, Any]) -> str:
    """Say that n sentences are too few, and name what most others were left out for, with the setting to change."""
    wide = f" and at most {settings.max_characters} characters" if settings.unit == "character" else ""
    most = {"too_short": settings.min_words, "too_long": settings.max_words, "too_wide": settings.max_characters}
    reason = max(LEFT_OUT, key=lambda key: counts.get(key, 0))
    cures = ["give more text"] + ["take a smaller n_held_out"] * (settings.n_held_out > 1)
    lost = ""
    if left_out := counts.get(reason, 0):
        what, cure = LEFT_OUT[reason]
        lost = f"; {left_out} others have {what.format(most[reason])}"
        cures.insert(0, cure)
        if reason == "too_short" and counts.get("without_spaces", 0) > left_out / 2:
            cures[0] = (
                "their script has no spaces between words: let a segmenter put them there, or take unit='character' "
                "with min_words=1"
            )
    return (
        f"{name!r} has only {n} distinct sentences of {settings.min_words} to {settings.max_words} words"
        f"{wide}, and n_held_out = {settings.n_held_out} needs at least "
        f"{2 * settings.n_held_out}{lost}: {' or '.join(cures)}."
    )


def prepare(
    sentences: list[str], settings: TextSettings, name: str, counts: Mapping[str, Any] | None = None
) -> Prepared:
    """Turn distinct sentences into a corpus without near twins across the split (see `text_corpus` for the order).

    `counts`, from `distinct`, only help to say why there is too little text.
    """
    n, m = len(sentences), settings.n_held_out
    if n < 2 * m:
        raise ValueError(too_little(n, settings, name, counts or {}))
    tokens = Tokens(sentences, settings)
    order = permutation(n, [settings.seed, 1])  # a stream of its own: `Corpus.subset` uses [seed]
    k = m
    while True:  # some candidates have too many unknown words: take a few more until m held-out sentences remain
        others = np.sort(order[k:])
        ids, vocabulary, fits = tokens.by(others)  # int64[n, L], V words, bool[n]
        test = order[:k][usable(ids[order[:k]], fits[order[:k]], settings.max_unknown)][:m]
        if len(test) == m:
            break
        k = max(k + 1, math.ceil(1.02 * k * m / max(len(test), 1)))
        if k > n // 2:
            raise ValueError(_too_few(n, m, settings, name, len(vocabulary), float(fits.mean())))
    left = others[usable(ids[others], fits[others], settings.max_unknown)]
    whole, words = (ids, vocabulary) if settings.unit == "word" else in_words(sentences)
    near = near_duplicates(whole[test], whole[left], words, settings.max_overlap)
    train = ids[left[~near]]
    if not len(train):
        raise ValueError(f"Every training sentence of {name!r} is too much like a held-out one: give more varied text.")
    info = {
        "sha256": hashlib.sha256("\n".join(sentences).encode()).hexdigest(),  # of all distinct sentences
        "dropped_unknown_or_equal": int(fits[others].sum()) - len(left),
        **({"dropped_too_many_subwords": int((~fits[others]).sum())} if settings.unit == "subword" else {}),
        "dropped_near_held_out": int(near.sum()),
        "n_train": len(train),
        "n_held_out": m,
        "unknown_fraction": float((train == 1).sum() / (train != 0).sum()),
        "unknown_fraction_held_out": float((ids[test] == 1).sum() / (ids[test] != 0).sum()),
        "settings": asdict(settings),
    }
    return Prepared(train, ids[test], vocabulary, info)


def permutation(n: int, seed: list[int]) -> np.ndarray:
    """Return a seeded permutation of n; raw PCG64 output is the stream that numpy promises never to change."""
    return np.argsort(np.random.PCG64(seed).random_raw(n), kind="stable")


def near_duplicates(test: np.ndarray, train: np.ndarray, words: tuple[str, ...], share: float) -> np.ndarray:
    """Say for each training sentence, bool[n], whether it is a near duplicate of a held-out one.

    It is if it holds at least `share` of the distinct words of a held-out sentence, or of the mean of both numbers of
    words (it may be part of a longer held-out one). Unknown words never count; numbers count in one pass and not in the
    other. Exact, by an inverted index.
    """
    unknown = np.array([w in (PAD, UNKNOWN) for w in words])
    number = np.array([any(c.isdigit() for c in w) for w in words])
    near = np.zeros(len(train), dtype=bool)
    tokens = np.sort(train, axis=1)
    first = np.diff(tokens, axis=1, prepend=-1) != 0  # each distinct word of a sentence once
    for skip in (unknown, unknown | number):
        rows, columns = np.nonzero(first & ~skip[tokens])
        n_words = np.bincount(rows, minlength=len(train))
        by_word = np.argsort(tokens[rows, columns], kind="stable")
        holders = rows[by_word]  # holders[starts[v] : starts[v + 1]]: the sentences that hold word v
        starts = np.searchsorted(tokens[rows, columns][by_word], np.arange(len(words) + 1))
        for sentence in test:
            mine = np.unique(sentence[~skip[sentence]])
            if len(mine):
                found = np.concatenate([holders[starts[v] : starts[v + 1]] for v in mine])
                shared = np.bincount(found, minlength=len(train))
                enough = share * np.minimum(len(mine), (len(mine) + n_words) / 2)
                near |= (shared > 0) & (shared >= enough - 1e-9)  # 0.8 * 10 may be a hair above 8
    return near


def _too_few(n: int, m: int, settings: TextSettings, name: str, vocabulary: int, fitting: float) -> str:
    """Say why m sentences can't be held out, and what would help."""
    if fitting < 0.5:
        return (
            f"Only {fitting:.0%} of the {n} sentences of {name!r} have at most {settings.max_subwords} subwords: raise "
            "max_subwords or vocab_size."
        )
    return (
        f"Too few of the {n} sentences of {name!r} have at most {settings.max_unknown:.0%} unknown "
        f"{settings.unit}s and stay distinct to hold out {m}: "
        + f"raise vocab_size (now {settings.vocab_size}), or " * (vocabulary == settings.vocab_size)
        + "give more text, or raise max_unknown."
    )
