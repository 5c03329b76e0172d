"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import math

import torch
from told import told

from uddm_mini.chapters import corruption


def table(a, v):
    return a * torch.eye(v, dtype=torch.float64) + (1 - a) / v


def information(a, v):
    p = table(a, v)[0]
    return math.log(v) + float(torch.special.xlogy(p, p).sum())


RIGHT = {
    "level_for": lambda changed, v: changed * v / (v - 1) / 0.999,
    "step_table": lambda s, t, v: table(t / s, v),
    "lucky": lambda a, v: (1 - a) / v / (a + (1 - a) / v),
    "growth": lambda a, v: math.exp(information(a, v)),
    "how_many": lambda a, n, v: math.floor(math.exp(n * information(a, v)) * (1 + 1e-9)),
}

WRONG = [
    ("level_for", lambda changed, v: changed / 0.999, "returns the old word"),
    ("level_for", lambda changed, v: 1 - changed * v / (v - 1), "signal alpha"),
    ("level_for", lambda changed, v: changed * v / (v - 1), "not to 0"),
    ("level_for", lambda changed, v: changed**2, "Put your t back"),
    ("level_for", lambda changed, v: torch.zeros(2), "shape"),
    ("step_table", lambda s, t, v: table(t, v), "already at s"),
    ("step_table", lambda s, t, v: table(1 - (s - t), v), "multiplies"),
    ("step_table", lambda s, t, v: t / s * torch.eye(v), "add up to 1"),
    ("step_table", lambda s, t, v: table(s, v), "diagonal"),
    ("step_table", lambda s, t, v: torch.zeros(v), "shape"),
    ("lucky", lambda a, v: 1 - a, "use that"),
    ("lucky", lambda a, v: (1 - a) / v, "Divide by"),
    ("lucky", lambda a, v: 1 / v, "Bayes"),
    ("lucky", lambda a, v: a, "should be"),
    ("how_many", lambda a, n, v: math.exp(n * information(a, v)), "round down"),
    ("how_many", lambda a, n, v: math.floor(math.exp(information(a, v))), "adds up"),
    ("how_many", lambda a, n, v: v**n, "counts all"),
    ("how_many", lambda a, n, v: math.floor(2 ** (n * information(a, v))), "mix units"),
    ("how_many", lambda a, n, v: math.floor(math.exp(n * information(a, v))) - (a == 1), "hair below"),
    ("how_many", lambda a, n, v: math.nan, "nan"),
    ("how_many", lambda a, n, v: round(math.exp(n * information(a, v))), "round down, not to the nearest"),
    ("how_many", lambda a, n, v: math.ceil(math.exp(n * information(a, v)) * (1 - 1e-9)), "round down"),
    ("growth", information, "take exp"),
    ("growth", lambda a, v: 2 ** information(a, v), "mix units"),
    ("growth", lambda a, v: v, "without noise"),
    ("growth", lambda a, v: math.exp(information(a, v)) if 0 < a < 1 else math.nan, "nan"),
    ("growth", lambda a, v: 1 + a * v, "one word more multiplies"),
    ("how_many", lambda a, n, v: 17 + n, "exp"),
]


test_right_answers, test_mistakes = told(corruption, RIGHT, WRONG)


def test_numbers_in_another_dress_pass():
    assert corruption.lucky(lambda a, v: torch.tensor([RIGHT["lucky"](a, v)])).passed is True
    assert corruption.step_table(lambda s, t, v: table(t / s, v).tolist()).passed is True
