"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from told import told

from uddm_mini.chapters import real_text
from uddm_mini.worlds.held_out import near_duplicates


def twin(a, b, share=0.8):
    a, b = set(a.split()), set(b.split())
    return len(a & b) >= share * min(len(a), (len(a) + len(b)) / 2) - 1e-9


def jaccard(a, b, share=0.8):
    a, b = set(a.split()), set(b.split())
    return len(a & b) >= share * len(a | b)


def of_held_out(a, b, share=0.8):
    a, b = set(a.split()), set(b.split())
    return len(a & b) >= share * len(a)


def repeated(a, b, share=0.8):
    words, b = a.split(), set(b.split())
    return sum(w in b for w in words) >= share * min(len(words), (len(words) + len(b)) / 2)


def repeated_bar(a, b, share=0.8):
    n, m = len(a.split()), len(b.split())
    return len(set(a.split()) & set(b.split())) >= share * min(n, (n + m) / 2) - 1e-9


def letters(a, b, share=0.8):
    a, b = set(a), set(b)
    return len(a & b) >= share * min(len(a), (len(a) + len(b)) / 2)


def in_order(a, b, share=0.8):
    return sum(x == y for x, y in zip(a.split(), b.split(), strict=False)) >= share * len(a.split())


def runs_of(sentence):
    return {sentence[i:j] for i in range(len(sentence)) for j in range(i + 1, len(sentence) + 1)}


def shared(sentence, texts):
    return max((len(p) for p in runs_of(sentence) if any(p in t for t in texts)), default=0)


def shared_joined(sentence, texts):
    return max((len(p) for p in runs_of(sentence) if p in "".join(texts)), default=0)


def shared_start(sentence, texts):
    return max((k for k in range(len(sentence) + 1) if any(t.startswith(sentence[:k]) for t in texts)), default=0)


def shared_words(sentence, texts):
    return max((len(w) for w in sentence.split() if any(w in t for t in texts)), default=0)


def shared_letters(sentence, texts):
    return max(len(set(sentence) & set(t)) for t in texts)


def both(step, a, c):
    weights = step[a] * step[:, c]
    return weights / weights.sum()


def mixed(step, a, c):
    weights = step[a] + step[:, c] / step[:, c].sum()
    return weights / 2


def backwards(step, a, c):
    weights = step[:, a] * step[c]
    return weights / weights.sum()


def below(model, baseline, counted):
    return ((baseline - model) * counted).sum(dim=1) / counted.sum(dim=1)


RIGHT = {"is_twin": twin, "longest_shared": shared, "between": both, "surprise_below": below}

WRONG = [
    ("is_twin", jaccard, "whole held-out one is a twin"),
    ("is_twin", of_held_out, "mean of both"),
    ("is_twin", repeated, "repeated"),
    ("is_twin", repeated_bar, "repeated"),
    ("is_twin", letters, "but it is False"),
    ("is_twin", in_order, "order of the words does not count"),
    ("is_twin", lambda a, b, share: twin(a, b), "not a fixed 0.8"),
    ("is_twin", lambda a, b, share: True, "but it is False"),
    ("is_twin", lambda a, b, share: 0.9, "True or False"),
    ("longest_shared", shared_joined, "inside one text"),
    ("longest_shared", lambda s, texts: shared(s, [" ".join(texts)]), "inside one text"),
    ("longest_shared", lambda s, texts: shared(s, texts[:1]), "Look into all of the texts"),
    ("longest_shared", shared_start, "start anywhere"),
    ("longest_shared", shared_words, "blanks included"),
    ("longest_shared", shared_letters, "characters"),
    ("longest_shared", lambda s, texts: s, "not the run itself"),
    ("longest_shared", lambda s, texts: len(s), "no gaps"),
    ("between", lambda step, a, c: step[a], "left neighbor only"),
    ("between", lambda step, a, c: step[:, c] / step[:, c].sum(), "right neighbor only"),
    ("between", lambda step, a, c: step[a] * step[:, c], "add up to"),
    ("between", mixed, "multiply"),
    ("between", backwards, "row first"),
    ("between", lambda step, a, c: both(step, a, c).log(), "logarithms"),
    ("between", lambda step, a, c: torch.full((3,), 1 / 3), "should be"),
    ("between", lambda step, a, c: 0.5, "shape"),
    ("surprise_below", lambda m, b, c: -below(m, b, c), "upside down"),
    ("surprise_below", lambda m, b, c: (b - m).mean(dim=1), "padding"),
    ("surprise_below", lambda m, b, c: ((b - m) * c).sum(dim=1), "for its length"),
    ("surprise_below", lambda m, b, c: ((b - m) * c).mean(dim=1), "padded length"),
    ("surprise_below", lambda m, b, c: below(m, 0 * b, c), "entropy alone"),
    ("surprise_below", lambda m, b, c: below(m, b, c) + 1, "should be"),
    ("surprise_below", lambda m, b, c: below(m, b, c).mean(), "shape"),
]


test_right_answers, test_mistakes = told(real_text, RIGHT, WRONG)


def test_the_twins_of_the_check_are_those_of_the_corpus():
    for held_out, other, share in real_text.TWINS:
        words = ("<pad>", "<unk>", *sorted({*held_out.split(), *other.split()}))
        rows = [[words.index(w) for w in s.split()] for s in (held_out, other)]
        test, train = (torch.tensor([row + [0] * (16 - len(row))]).numpy() for row in rows)
        assert bool(near_duplicates(test, train, words, share)[0]) == twin(held_out, other, share)


@pytest.mark.parametrize("form", [int, float, torch.tensor, lambda b: torch.tensor([b]), np.bool_, np.int64])
def test_yes_and_no_come_in_many_forms(form):
    assert real_text.is_twin(lambda *a: form(twin(*a))).passed is True


def test_working_in_place_is_no_mistake():
    def in_place(step, a, c):
        step *= step[:, c].clone()  # p(c | b) into every row; the check must not work with this table
        return step[a] / step[a].sum()

    assert real_text.between(in_place).passed


def test_the_noted_runs_are_right():
    for sentence, texts, longest in real_text.RUNS:
        assert shared(sentence, texts) == longest
