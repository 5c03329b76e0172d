"""The checks of the chapter on right answers, plausible wrong ones and stubs."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from told import told

from uddm_mini.chapters import english


def merged(words, *, often=True, pick=max, overlap=False, across=False):
    pairs = Counter()
    for word, count in words.items():
        for pair in itertools.pairwise(word.split()):
            pairs[pair] += count if often else 1
    best = pick(pairs, key=lambda pair: pairs[pair])
    if overlap:
        return sum(n * len(word.split()) for word, n in words.items()) - pairs[best]
    total = 0
    for word, count in words.items():
        joined = f" {word} "
        while f" {best[0]} {best[1]} " in joined:
            joined = joined.replace(f" {best[0]} {best[1]} ", f" {best[0]}{best[1]} ", 1)
        total += (1 if across else count) * len(joined.split())
    return total


def before(words):
    return sum(n * len(word.split()) for word, n in words.items())


def how_often(words):
    pairs = Counter()
    for word, count in words.items():
        for pair in itertools.pairwise(word.split()):
            pairs[pair] += count
    return max(pairs.values())


def bits(nats, subwords, characters):
    return nats * subwords / characters / math.log(2)


def crossing(sizes, gap, each, level=None, x=np.log, back=np.exp):
    return back(np.interp(-(gap[0] / 2 if level is None else level), -gap, x(sizes))) * each


def same(x):
    return x


def interval(weights, tokens, new, quantile, *, more=1.0, free=2, q=None, line=True, back=np.exp):
    x, y, n = np.log(weights), np.log(tokens), len(weights)
    design = np.column_stack([np.ones(n), x])
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    s = np.sqrt(((y - design @ found) ** 2).sum() / (n - free))
    at = np.array([1.0, np.log(new)])
    spread = at @ np.linalg.inv(design.T @ design) @ at if line else 0.0
    half = (q or quantile) * s * np.sqrt(more + spread)
    return back(at @ found - half), back(at @ found + half)


RIGHT = {
    "one_merge": merged,
    "bits_per_character": bits,
    "tokens_at_crossing": crossing,
    "prediction_interval": interval,
}

WRONG = [
    ("one_merge", before, "before the merge"),
    ("one_merge", how_often, "how often the pair occurs"),
    ("one_merge", lambda w: merged(w, overlap=True), "only one of the two"),
    ("one_merge", lambda w: merged(w, often=False), "in the most words"),
    ("one_merge", lambda w: merged(w, across=True), "You count each word once"),
    ("one_merge", lambda w: merged(w, pick=min), "rarest pair"),
    ("one_merge", lambda w: merged(w) + 1, "The commonest pair is"),
    ("one_merge", lambda w: "ug", "Return one number"),
    ("one_merge", lambda w: merged(w) + 0.5, "whole number"),
    ("bits_per_character", lambda *a: bits(*a) * math.log(2), "in nats"),
    ("bits_per_character", lambda *a: bits(*a) * math.log(2) ** 2, "You multiply by ln 2"),
    ("bits_per_character", lambda n, s, c: n / math.log(2), "bits per subword"),
    ("bits_per_character", lambda n, s, c: bits(n, c, s), "upside down"),
    ("bits_per_character", lambda n, s, c: n / c / math.log(2), "how many subwords"),
    ("bits_per_character", lambda n, s, c: bits(n, s, c) + 1, "bears its share"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, 1), "in sentences"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, k, x=same, back=same), "straight in n"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, k, back=same), "Undo it"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, k, 0.5), "not a gap of 0.5"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, k, (g[0] + g[-1]) / 2), "counts as 0"),
    ("tokens_at_crossing", lambda n, g, k: n[1] * k, "a size that was measured"),
    ("tokens_at_crossing", lambda n, g, k: crossing(n, g, k) * 1.1, "multiply by the tokens"),
    ("prediction_interval", lambda *a: interval(*a)[::-1], "upside down"),
    ("prediction_interval", lambda *a: interval(*a, back=same), "logarithms"),
    ("prediction_interval", lambda *a: interval(*a, more=0.0), "interval of the line"),
    ("prediction_interval", lambda *a: interval(*a, free=0), "divide by n"),
    ("prediction_interval", lambda *a: interval(*a, line=False), "the line itself is uncertain"),
    ("prediction_interval", lambda *a: interval(*a, q=1.96), "1.96 is for many"),
    ("prediction_interval", lambda *a: [interval(*a, q=1e-12)[0]] * 2, "without an interval"),
    ("prediction_interval", lambda *a: interval(*a)[0], "shape"),
    ("prediction_interval", lambda *a: (interval(*a)[0] / 2, interval(*a)[1]), "squared distance"),
]

test_right_answers, test_mistakes = told(english, RIGHT, WRONG)


@pytest.mark.parametrize("name", RIGHT)
def test_an_untouched_stub_is_no_attempt(name):
    assert getattr(english, name)(lambda *arguments: ...).passed is None
    assert getattr(english, name)(lambda *arguments: None).passed is not True


def test_no_two_pairs_are_equally_common():
    for text in english.TEXTS:
        (_, first), (_, second) = english._pairs(text).most_common(2)
        assert first > second


def test_merging_goes_from_the_left_and_uses_up_what_it_merged():
    assert english._merged(["a", "a", "a"], ("a", "a")) == ["aa", "a"]
    assert english._merged(["a", "b", "a", "b"], ("a", "b")) == ["ab", "ab"]
    assert english._merged(["b", "a"], ("a", "b")) == ["b", "a"]
