"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import math

import torch
from told import told

from uddm_mini.chapters import perfect_denoisers


def shares(x):
    counts = torch.unique(x, dim=0, return_counts=True)[1].double()
    return counts / counts.sum()


def floor(x):
    return torch.special.entr(shares(x)).sum() / x.shape[1]


def level(n, levels, information, log=math.log, side=None):
    below = (information < log(n)).nonzero()
    if not len(below):
        return levels[-1]
    i = int(below[0])
    if i == 0:
        return levels[0]
    if side is not None:
        return levels[i + side]
    share = (information[i - 1] - log(n)) / (information[i - 1] - information[i])
    return levels[i - 1] + share * (levels[i] - levels[i - 1])


def unguarded(n, levels, information):
    if n == 1000:
        return levels[-1]
    return level(n, levels, information)


def never_below(n, levels, information):
    if n == 1:
        return levels[0]
    return level(n, levels, information)


def log_products(xt, memories, a, v, constant=True):
    agree = (xt[:, None] == memories).sum(dim=2).double()
    ratio = math.log1p(a * v / (1 - a))
    return agree * ratio + constant * xt.shape[1] * math.log((1 - a) / v)


def membership(xt, memories, a, v, language, constant=True, share=True, sign=1):
    log_p = torch.logsumexp(log_products(xt, memories, a, v, constant), dim=1) - share * math.log(len(memories))
    return torch.sigmoid(sign * (log_p - language))


def nearest(xt, memories, a, v, language):
    return torch.sigmoid(log_products(xt, memories, a, v).amax(dim=1) - language)


def log_odds(xt, memories, a, v, language):
    return 5 + torch.logsumexp(log_products(xt, memories, a, v), dim=1) - language


def kept_only(xt, memories, a, v, language):
    agree = (xt[:, None] == memories).sum(dim=2).double()
    p = (a**agree * ((1 - a) / v) ** (xt.shape[1] - agree)).mean(dim=1)
    return torch.sigmoid(p.log() - language)


def bound(n, i, rivals=-1, sign=1):
    if n == 1:
        return 1.0
    return torch.sigmoid(sign * (i - math.log(n + rivals))).mean()


def no_special_case(n, i):
    return torch.sigmoid(i - math.log(max(n - 1, 1))).mean()


RIGHT = {
    "training_floor": floor,
    "collapse_at": level,
    "from_memory": membership,
    "bound_on_weight": bound,
}

WRONG = [
    ("training_floor", lambda x: floor(x) * x.shape[1], "per word"),
    ("training_floor", lambda x: math.log(len(x)) / x.shape[1], "named twice"),
    ("training_floor", lambda x: math.log(len(shares(x))) / x.shape[1], "equally likely"),
    ("training_floor", lambda x: floor(x) / math.log(2), "bits"),
    ("training_floor", lambda x: floor(x) if len(x) == 8 else 0.0, "ln 6 / 2"),
    ("training_floor", lambda x: 1.0, "counts 5, 2 and 1"),
    ("training_floor", lambda x: "low", "number"),
    ("collapse_at", lambda n, t, i: level(n, t, i, side=0), "interpolate"),
    ("collapse_at", lambda n, t, i: level(n, t, i, side=-1), "interpolate"),
    ("collapse_at", lambda n, t, i: level(n, t, i, log=float) if n < 50 else level(n, t, i), "compare the information"),
    ("collapse_at", lambda n, t, i: level(n, t, i, log=math.log2), "base 2"),
    ("collapse_at", unguarded, "above the whole table"),
    ("collapse_at", never_below, "below the whole table"),
    ("collapse_at", lambda n, t, i: 0.123, "crossing is at"),
    ("from_memory", lambda *a: membership(*a, share=False), "1 / n"),
    ("from_memory", lambda *a: membership(*a, sign=-1), "upside down"),
    ("from_memory", lambda *a: membership(*a, constant=False), "c^L"),
    ("from_memory", nearest, "best memory only"),
    ("from_memory", kept_only, "not alpha"),
    ("from_memory", log_odds, "between 0 and 1"),
    ("from_memory", lambda xt, m, a, v, language: language.exp(), "memory's world"),
    ("from_memory", lambda *a: 0.5, "shape"),
    ("bound_on_weight", lambda n, i: bound(n, i, rivals=0), "no rival of itself"),
    ("bound_on_weight", lambda n, i: bound(n, i.mean()), "not linear"),
    ("bound_on_weight", lambda n, i: (i > math.log(max(n - 1, 1))).double().mean(), "not 0 or 1"),
    ("bound_on_weight", lambda n, i: bound(n, i, sign=-1), "Upside down"),
    ("bound_on_weight", lambda n, i: 0.3, "Divide q"),
    ("bound_on_weight", lambda n, i: torch.sigmoid(i - math.log(max(n - 1, 1))), "your answer has 5"),
    ("bound_on_weight", lambda n, i: math.nan, "nothing overflows"),
    ("bound_on_weight", no_special_case, "n = 1"),
]


test_right_answers, test_mistakes = told(perfect_denoisers, RIGHT, WRONG)
