"""The chapter on audits: its exercises, its numbers and its figures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from told import told

from uddm_mini.chapters import auditing
from uddm_mini.probes.roc import auc

# ---- exercises ------------------------------------------------------------------------------------------------------


def tries_by_counting(q, p):
    if q == 0:
        return float("inf")
    n, missed = 1, 1 - q
    while 1 - missed < p - 1e-12:
        n, missed = n + 1, missed * (1 - q)
    return n


def tries_by_log(q, p, end=math.ceil):
    if q in (0, 1):
        return math.inf if q == 0 else 1
    return max(1, end(math.log(1 - p) / math.log1p(-q)))


def found_by_sorting(members, strangers, rate, k_of=lambda rate, n: math.floor(rate * (n + 1) + 1e-9), ties=False):
    k = k_of(rate, len(strangers))
    if k < 1:
        return math.nan
    limit = sorted(strangers.tolist())[-k]
    hits = [m >= limit if ties else m > limit for m in members.tolist()]
    return sum(hits) / len(hits)


def found_in_torch(members, strangers, rate):
    k = int(rate * (len(strangers) + 1) + 1e-9)
    if not k:
        return torch.tensor(math.nan)
    return (torch.as_tensor(members) > torch.as_tensor(strangers).topk(k).values[-1]).double().mean()


def exposed(own, others, R=1, log=math.log2, tie=0.5, first=1):
    rank = first + sum(o < own for o in others.tolist()) + tie * sum(o == own for o in others.tolist())
    return log(len(others) + R) - log(rank)


def claims(area_low, blind, blind_low, strangers, members_low, strangers_high):
    alike = blind <= 0.55 or blind_low <= 0.5
    return alike and area_low > 0.5, strangers >= 99, members_low > strangers_high, False


def counted(members, strangers, half=slice(None), seen=False):
    a, b, scores = {}, {}, []
    for text, words in ((members, a), (strangers, b)):
        for row in text[: len(text) // 2].tolist():
            for word in row:
                words[word] = words.get(word, 0) + 1
    for text in (members, strangers):
        rows = text[: len(text) // 2] if seen else text[len(text) // 2 :]
        scores.append([sum(math.log((a.get(w, 0) + 1) / (b.get(w, 0) + 1)) for w in row) for row in rows.tolist()])
    won = [(y > n + 1e-9) + 0.5 * (abs(y - n) <= 1e-9) for y in scores[0] for n in scores[1]]
    return sum(won) / len(won)


def with_a_sum(members, strangers):
    """Right, too: counts as shares, which moves all scores by the same number."""
    size = 24
    first, second = zip(*(x.split([len(x) // 2, len(x) - len(x) // 2]) for x in (members, strangers)), strict=True)
    shares = [np.bincount(x.numpy().ravel(), minlength=size) + 1.0 for x in first]
    ratio = np.log(shares[0] / shares[0].sum()) - np.log(shares[1] / shares[1].sum())
    yes, no = (ratio[x.numpy()].sum(axis=1).round(9) for x in second)
    return auc([*yes, *no], [True] * len(yes) + [False] * len(no)).value


RIGHT = [
    ("tries_needed", tries_by_counting),
    ("tries_needed", lambda q, p: torch.tensor(float(tries_by_log(q, p)))),
    ("found_at", found_by_sorting),
    ("found_at", found_in_torch),
    ("exposure_of", exposed),
    ("exposure_of", lambda own, others: torch.tensor(exposed(own, others))),
    ("may_say", claims),
    ("may_say", lambda *a: np.array(claims(*a))),
    ("may_say", lambda *a: [int(one) for one in claims(*a)]),
    ("blind_area", counted),
    ("blind_area", with_a_sum),
]


def changed(k):
    """Return an answer that has claim k the other way round."""

    def answer(*arguments):
        got = list(claims(*arguments))
        got[k] = not got[k]
        return got

    return answer


WRONG = [
    ("tries_needed", lambda q, p: tries_by_log(q, p, float), "whole"),
    ("tries_needed", lambda q, p: tries_by_log(q, p, math.floor), "round down"),
    ("tries_needed", lambda q, p: p / q if q else math.inf, "adds up the chances"),
    ("tries_needed", lambda q, p: 1 / q if q else math.inf, "mean number of tries"),
    ("tries_needed", lambda q, p: tries_by_counting(q, p) + 1, "One try too many"),
    ("tries_needed", lambda q, p: 1e9 if not q else tries_by_counting(q, p), "math.inf"),
    ("tries_needed", lambda q, p: math.inf, "some number of tries is enough"),
    ("found_at", lambda m, s, r: found_by_sorting(m, s, r, ties=True), "as high as the threshold"),
    ("found_at", lambda m, s, r: found_by_sorting(s, s, r), "Count the members"),
    ("found_at", lambda m, s, r: found_by_sorting(m, m, r), "from the strangers alone"),
    ("found_at", lambda m, s, r: float((m > np.quantile(s, 1 - r)).mean()), "np.quantile"),
    (
        "found_at",
        lambda m, s, r: found_by_sorting(m, s, r, lambda r, n: math.floor(r * n + 1e-9)),
        "floor(rate (n + 1))",
    ),
    ("found_at", lambda m, s, r: np.nan_to_num(found_by_sorting(m, s, r)), "Return math.nan"),
    ("found_at", lambda m, s, r: math.nan, "are enough"),
    ("found_at", lambda m, s, r: len(m) * found_by_sorting(m, s, r), "Return their share"),
    ("found_at", lambda m, s, r: 1 - found_by_sorting(m, s, r), "missed"),
    ("exposure_of", lambda own, others: exposed(own, others, log=math.log), "use log2"),
    ("exposure_of", lambda own, others: exposed(-own, -others), "other end"),
    ("exposure_of", lambda own, others: exposed(own, others, tie=0), "Ties count half"),
    ("exposure_of", lambda own, others: exposed(own, others, tie=1), "Ties count half"),
    ("exposure_of", lambda own, others: exposed(own, others, R=0), "R + 1 of them"),
    ("exposure_of", lambda own, others: -exposed(own, others), "minus the exposure"),
    ("exposure_of", lambda own, others: 2.0 ** -exposed(own, others) * (len(others) + 1), "That is the rank"),
    ("may_say", changed(0), "(a) follows"),
    ("may_say", lambda *a: (a[0] > 0.5, *claims(*a)[1:]), "without the model"),
    ("may_say", lambda *a: (a[1] <= 0.55, *claims(*a)[1:]), "lies within the interval"),
    ("may_say", changed(1), "(b) takes"),
    ("may_say", lambda *a: (*claims(*a)[:1], a[3] >= 100, *claims(*a)[2:]), "(b) takes"),
    ("may_say", changed(2), "(c) follows if"),
    ("may_say", changed(3), "(d) never follows"),
    ("may_say", lambda *a: (0.5, *claims(*a)[1:]), "four times True or False"),
    ("may_say", lambda *a: claims(*a)[:3], "shape"),
    ("blind_area", lambda m, s: counted(m, s, seen=True), "judge the sentences whose words you counted"),
    ("blind_area", lambda m, s: 1 - counted(m, s), "wrong way round"),
    ("blind_area", lambda m, s: 0.9 * counted(m, s), "Count in the first halves"),
]

test_right_answers, test_mistakes = told(auditing, RIGHT, WRONG)


@pytest.mark.parametrize("name", ["tries_needed", "found_at", "exposure_of", "may_say", "blind_area"])
def test_a_stub_was_not_attempted(name):
    def stub(*arguments): ...

    assert getattr(auditing, name)(stub).passed is None
