"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import math

import torch
from told import told

from uddm_mini.chapters import entropy_probe


def entropy(p):
    return -torch.xlogy(p, p).sum()


def posterior(cavity, b, alpha, own=None):
    likelihood = torch.full_like(cavity, (1 - alpha) / len(cavity))
    likelihood[b] = alpha + (1 - alpha) / len(cavity) if own is None else own
    return likelihood * cavity


def full(cavity, b, alpha):
    weight = posterior(cavity, b, alpha)
    return entropy(weight / weight.sum())


def no_redraw(cavity, b, alpha):
    weight = posterior(cavity, b, alpha, own=alpha)
    return entropy(weight / weight.sum())


def with_nan(cavity, b, alpha):
    p = posterior(cavity, b, alpha)
    p = p / p.sum()
    return -(p * p.log()).sum()


def area(scores, labels, tie=0.5, flip=False, divide=True):
    yes, no = scores[labels], scores[~labels]
    difference = yes[:, None] - no[None, :]
    difference = -difference if flip else difference
    total = (difference > 0).sum() + tie * (difference == 0).sum()
    return total / difference.numel() if divide else total


def calibrated(no, rate, shift=0, n_plus=1):
    k = math.floor(rate * (len(no) + n_plus) + 1e-9) + shift
    return no.sort(descending=True).values[max(k, 1) - 1]


def from_draws(draws, end=0, weigh=True, start=0):
    counts, n = torch.bincount(draws).tolist(), len(draws)
    return sum((c / n if weigh else 1) * sum(1 / k for k in range(c + start, n + end)) for c in counts if c)


def plug_in(draws, extra=False):
    counts = torch.bincount(draws)
    miller_madow = (int((counts > 0).sum()) - 1) / (2 * len(draws))
    return float(entropy(counts.double() / len(draws))) + extra * miller_madow


def missing(p, n, start=0):
    p = p[p > 0]
    return float(entropy(p)) - sum(float((p * (1 - p) ** k / k).sum()) for k in range(1, n + start))


def surer(model, table, fresh="held-out", own="own", sign=1, unit="held-out"):
    return sign * (model[fresh].mean() - model[own].mean()) / table[unit].mean()


def surer_in_python(model, table):
    def mean(nats):
        rows = nats.tolist()
        return sum(map(sum, rows)) / sum(map(len, rows))

    return (mean(model["held-out"]) - mean(model["own"])) / mean(table["held-out"])


def by_summing(p, n):
    return sum(float(v) * sum((1 - float(v)) ** k / k for k in range(n, 5000)) for v in p if v > 0)


RIGHT = {
    "full_entropy": full,
    "area": area,
    "calibrated": calibrated,
    "surer": surer,
    "from_draws": from_draws,
    "missing_part": missing,
}

WRONG = [
    ("full_entropy", lambda c, b, a: entropy(c), "cavity itself"),
    ("full_entropy", lambda c, b, a: entropy(posterior(c, b, a)), "Normalize"),
    ("full_entropy", lambda c, b, a: full(c, b, a) / math.log(2), "bits"),
    ("full_entropy", lambda c, b, a: -full(c, b, a), "sign"),
    ("full_entropy", no_redraw, "draw itself again"),
    ("full_entropy", with_nan, "nan"),
    ("full_entropy", lambda c, b, a: 0.0, "You return 0, but it should be 1.0609"),
    ("area", lambda s, y: area(s, y, flip=True), "wrong way around"),
    ("area", lambda s, y: area(s, y, tie=0), "Ties are pairs"),
    ("area", lambda s, y: area(s, y, tie=1), "full credit"),
    ("area", lambda s, y: area(s, y, divide=False), "Divide"),
    ("area", lambda s, y: 1.5, "pairs are right"),
    ("calibrated", lambda no, rate: calibrated(no, rate, shift=1), "Too low"),
    ("calibrated", lambda no, rate: no.max(), "Too high"),
    ("calibrated", lambda no, rate: no.median(), "Too low"),
    ("calibrated", lambda no, rate: rate, "You return the rate"),
    ("calibrated", lambda no, rate: no.min() - 7, "one of the known scores"),
    ("surer", lambda m, t: surer(m, t, fresh="train"), "training text in the place of fresh text"),
    ("surer", lambda m, t: surer(m, t, fresh="train", unit="train"), "training text in the place of fresh text"),
    ("surer", lambda m, t: surer(m, t, own="train"), "held-out minus training"),
    ("surer", lambda m, t: surer(m, t, sign=-1), "turned around"),
    ("surer", lambda m, t: m["held-out"].mean() - m["own"].mean(), "still in nats"),
    ("surer", lambda m, t: 1 - m["own"].mean() / m["held-out"].mean(), "not by the model's own"),
    ("surer", lambda m, t: surer(m, t, unit="own"), "what the model wrote"),
    ("surer", lambda m, t: -m["own"].mean() / t["held-out"].mean(), "plain score"),
    ("surer", lambda m, t: surer(m, t) / math.log(2), "bits"),
    ("surer", lambda m, t: (m["held-out"] / t["held-out"]).mean(), "Means over all words"),
    ("surer", lambda m, t: float("nan"), "nan"),
    ("from_draws", plug_in, "too low on average"),
    ("from_draws", lambda d: plug_in(d, extra=True), "Miller and Madow"),
    ("from_draws", lambda d: from_draws(d, end=1), "One term too many"),
    ("from_draws", lambda d: from_draws(d, start=1), "One term too few"),
    ("from_draws", lambda d: from_draws(d, weigh=False), "frequency"),
    ("from_draws", lambda d: float("nan"), "nan"),
    ("from_draws", lambda d: 9.0, "You return 9"),
    ("missing_part", lambda p, n: -missing(p, n), "turned around"),
    ("missing_part", lambda p, n: missing(p, n, start=1), "One term is lacking"),
    ("missing_part", lambda p, n: missing(p, n, start=-1), "One term too many"),
    ("missing_part", lambda p, n: entropy(p), "whole entropy"),
    ("missing_part", lambda p, n: entropy(p) - missing(p, n), "finds on average"),
    ("missing_part", lambda p, n: float("nan"), "nan"),
    ("missing_part", lambda p, n: 1 / n, "from S on"),
]


def test_the_missing_terms_may_be_added_up():
    assert entropy_probe.missing_part(by_summing).passed is True


def test_a_score_may_be_computed_with_lists():
    assert entropy_probe.surer(surer_in_python).passed is True


def test_an_untouched_stub_is_no_attempt():
    def stub(model, table): ...

    assert entropy_probe.surer(stub).passed is None


test_right_answers, test_mistakes = told(entropy_probe, RIGHT, WRONG)
