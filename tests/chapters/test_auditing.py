"""The chapter on audits: its exercises, its numbers and its figures."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from drawn import line
from told import told

from uddm_mini import MemorizingDenoiser, ToyLanguage, UniformNoise, audit
from uddm_mini.audit.known import RATES
from uddm_mini.audit.planted import committed_planted
from uddm_mini.chapters import auditing
from uddm_mini.chapters import auditing_figures as draw
from uddm_mini.chapters.auditing_numbers import chance_of_rest, error_rates
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


# ---- numbers --------------------------------------------------------------------------------------------------------

LANGUAGE = ToyLanguage()
POOL = LANGUAGE.corpus(n_train=64, n_held_out=256)
NOISE = UniformNoise(LANGUAGE.vocab_size)


def test_rates_are_those_that_an_audit_states():
    found = error_rates()
    for answer, rate in RATES.items():
        row = found.loc[answer]
        assert row[:4].tolist() == [rate.networks, rate.wrong, rate.cells, rate.wrong_cells]
        assert row["at_most"] == rate.error.high


def test_a_memory_of_one_sentence_brings_its_rest_and_no_other():
    memory = MemorizingDenoiser(POOL.train[:1], NOISE)
    known = torch.arange(14).expand(2, 14) < 7
    got = chance_of_rest(memory, POOL.train[:2], known, draws=4, steps=4, corrections=2)
    assert got.tolist() == [1.0, 0.0]


# ---- figures --------------------------------------------------------------------------------------------------------


def test_a_player_of_verdicts_says_what_the_audits_say():
    memory = MemorizingDenoiser(POOL.train[:16], NOISE)
    settings = {"sections": ("probe",), "progress": False, "sentences": 32, "writing_steps": 4}
    found = {("C", k): audit(memory, strangers=POOL.held_out[:k], **settings) for k in (128, 192)}
    shown = draw.verdict_player(found)
    assert shown.axes == {"model": ["C"], "fresh sentences": ["128", "192"]}
    probe = found["C", 192].finding("probe")
    assert shown.frames[1][0].startswith(f"Model C, 192 fresh sentences: memorizing. Score {probe.number.value:.2f}")


def test_scores_stand_in_the_order_of_their_areas():
    columns = ("auc", "low", "high", "tpr_at_1", "tpr_low", "tpr_high")
    rows = {"nelbo": (0.8, 0.7, 0.9, 0.1, 0.05, 0.2), "min_k": (0.9, 0.85, 0.95, 0.3, 0.2, 0.4)}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    _, axes = plt.subplots(2)
    draw.draw_scores(axes, {"one": table})
    assert [text.get_text() for text in axes[0].get_yticklabels()] == ["cost (NELBO)", "least likely words (min-k)"]
    assert line(axes[0], "one").get_xdata() == [0.8] and line(axes[1], "one").get_xdata() == [0.1]


def test_extraction_is_drawn_by_source_and_text():
    rows = [
        {"n_train": n, "seed": seed, "source": source, "split": split, "share": share + 0.1 * seed}
        for n in (64, 16)
        for seed in (0, 1)
        for source, split, share in (
            ("network", "train", n / 100),
            ("network", "held-out", 0.1),
            ("memory", "train", 0.8),
            ("language", "train", 0.3),
        )
    ]
    _, ax = plt.subplots()
    draw.draw_extraction(ax, pd.DataFrame(rows))
    assert line(ax, "network, training text").get_ydata().tolist() == pytest.approx([0.21, 0.69])
    assert line(ax, "network, held-out text").get_linestyle() == "--"
    assert line(ax, "a memory, exact").get_ydata().tolist() == pytest.approx([0.85, 0.85])


def test_areas_are_drawn_by_score():
    names = ("calibrated", "min_k", "nelbo", "entropy", "votes")
    rows = [
        {"n_train": n, "seed": seed, "score": name, "auc": 0.9 - 0.1 * k - 0.02 * seed}
        for n in (16, 64)
        for seed in (0, 1)
        for k, name in enumerate(names)
    ]
    _, ax = plt.subplots()
    draw.draw_areas(ax, pd.DataFrame(rows))
    assert line(ax, draw.SCORES["calibrated"]).get_ydata().tolist() == pytest.approx([0.89, 0.89])
    assert line(ax, draw.SCORES["entropy"]).get_ydata().tolist() == pytest.approx([0.59, 0.59])
    assert draw.SCORES["votes"] not in [one.get_label() for one in ax.get_lines()]


def test_estimates_and_exposure():
    fig = draw.estimate_panels({"a": {"short": [0.1, 0.3]}}, {"a": [0.2, 0.6]})
    mean = line(fig.axes[0], "short, mean")
    assert [float(mean.get_xdata()[0]), float(mean.get_ydata()[0])] == pytest.approx([0.4, 0.2])
    _, ax = plt.subplots()
    draw.draw_exposure(ax, committed_planted())
    few = line(ax, "among 512 sentences").get_ydata()
    table = committed_planted().query("n_train == 512 and copies == 1")
    assert few[1] == pytest.approx(table["exposure"].mean())
