"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import numpy as np
import pytest
from told import told

from uddm_mini.chapters import transition


def two(p):
    s = (p**2).sum()
    return (1 + s) / 2, s


def bootstrap(sizes, gaps, find, draws, *, rows=5, ends=(0.025, 0.975), how=None, seed=0):
    rng = np.random.default_rng(seed)
    how = how or (lambda: gaps[rng.integers(len(gaps), size=rows)].mean(axis=0))
    return np.quantile([find(sizes, how()) for _ in range(draws)], ends)


def sizes_apart(sizes, gaps, find, draws):
    rng = np.random.default_rng(0)
    columns = np.arange(gaps.shape[1])
    return bootstrap(
        sizes, gaps, find, draws, how=lambda: gaps[rng.integers(5, size=(5, len(columns))), columns].mean(axis=0)
    )


def line(w, n, new, x=np.log, y=np.log, back=np.exp):
    return back(np.polyval(np.polyfit(x(w), y(n), 1), x(new)))


def same(x):
    return x


RIGHT = {"two_examples": two, "seed_interval": bootstrap, "predict_crossing": line, "licensed": "AB"}

WRONG = [
    ("two_examples", lambda p: two(p)[::-1], "swapped"),
    ("two_examples", lambda p: (1.0, two(p)[1]), "one guess cannot be right"),
    ("two_examples", lambda p: (two(p)[0], p.max()), "many"),
    ("two_examples", lambda p: (two(p)[0], 0.0), "Training text is right"),
    ("two_examples", lambda p: (p.max(), p.max()), "two examples are equal"),
    ("two_examples", lambda p: 0.5, "shape"),
    ("two_examples", lambda p: {"train": 1, "held-out": 0.5}, "not a dictionary"),
    ("seed_interval", lambda *a: tuple(bootstrap(*a)[::-1]), "upside down"),
    ("seed_interval", lambda *a: bootstrap(*a, rows=1), "Too wide"),
    ("seed_interval", lambda s, g, find, d: np.quantile([find(s, one) for one in g], (0.025, 0.975)), "Too wide"),
    ("seed_interval", lambda *a: bootstrap(*a, ends=(0.05, 0.95)), "2.5 %"),
    ("seed_interval", lambda *a: bootstrap(*a, rows=25), "Too narrow"),
    ("seed_interval", sizes_apart, "whole rows"),
    ("seed_interval", lambda s, g, find, d: [find(s, g.mean(axis=0))] * 2, "with* replacement"),
    ("seed_interval", lambda *a: np.log(bootstrap(*a)), "outside the sizes"),
    ("seed_interval", lambda *a: bootstrap(*a) * 1.05, "all resamples give"),
    ("predict_crossing", lambda w, n, new: line(w, n, new, same, same, same), "straight in the numbers"),
    ("predict_crossing", lambda w, n, new: line(w, n, new, np.log, same, same), "weights only"),
    ("predict_crossing", lambda w, n, new: line(w, n, new, back=same), "Undo it"),
    ("predict_crossing", lambda w, n, new: np.exp(np.interp(np.log(new), np.log(w), np.log(n))), "stays flat"),
    ("predict_crossing", lambda w, n, new: line(n, w, new), "swap the two"),
    ("predict_crossing", lambda w, n, new: n[-1] + 1, "put the crossing"),
    ("licensed", "ABC", "10,000 times"),
    ("licensed", {"a", "d", "f"}, "1 more goes too far"),
    ("licensed", ["A"], "too strict. B"),
    ("licensed", "B, E", "ten times longer"),
    ("licensed", "F", "resamples seeds"),
    ("licensed", "AG", "no conclusion G"),
    ("licensed", "", "Some of them"),
    ("licensed", 3, "Give letters"),
]


test_right_answers, test_mistakes = told(transition, RIGHT, WRONG)


@pytest.mark.parametrize("seed", range(1, 6))
def test_a_right_bootstrap_passes_with_any_seed(seed):
    result = transition.seed_interval(lambda *a: bootstrap(*a, seed=seed))
    assert result.passed is True, result.message


@pytest.mark.parametrize("answer", ["ba", "A, B", {"A", "B"}, ["b", "a"]])
def test_letters_may_be_given_in_any_form(answer):
    assert transition.licensed(answer).passed is True
