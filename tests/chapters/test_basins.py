"""The checks of the chapter on right answers, plausible wrong ones, stubs and crashes."""

from __future__ import annotations

import math
import sys

import numpy as np
import torch
from told import told

from uddm_mini import MemorizingDenoiser, UniformNoise, settle
from uddm_mini.chapters import basins


def alpha(k, length, vocab):
    return max(1 - k / length * vocab / (vocab - 1), 1e-3)


def radius(changed, returned):
    inside = [i for i, share in enumerate(returned) if share >= 0.5]
    if not inside:
        return 0
    i = inside[-1]
    if i + 1 == len(changed):
        return changed[i]
    return np.interp(0.5, [returned[i + 1], returned[i]], [changed[i + 1], changed[i]])


def last_inside(changed, returned):
    return max((k for k, share in zip(changed, returned, strict=True) if share >= 0.5), default=0)


def first_crossing(changed, returned):
    for i in range(len(changed) - 1):
        if returned[i] >= 0.5 > returned[i + 1]:
            return np.interp(0.5, [returned[i + 1], returned[i]], [changed[i + 1], changed[i]])
    return last_inside(changed, returned)


def shares(ends, x, memories):
    home = (ends == x).all(dim=1)
    held = (ends[:, None] == memories).all(dim=2).any(dim=1) & ~home
    return home.double().mean(), held.double().mean(), (~home & ~held).double().mean()


def homes_twice(ends, x, memories):
    home = (ends == x).all(dim=1).double().mean()
    held = (ends[:, None] == memories).all(dim=2).any(dim=1).double().mean()
    return home, held, 1 - held


def stored_twice(ends, x, memories):
    others = memories[(memories != x).any(dim=1)]
    held = (ends[:, None] == others).all(dim=2).double().sum() / len(ends)
    home, _, rest = shares(ends, x, memories)
    return home, held, rest


def nearest_only(ends, x, memories):
    others = memories[(memories != x).any(dim=1)]
    nearest = others[(others != x).sum(dim=1).argmin()]
    home, held = (float((ends == y).all(dim=1).double().mean()) for y in (x, nearest))
    return home, held, 1 - home - held


def safe(memories, x, beta, harm=2, with_x=False):
    d = (memories != x).sum(dim=1).double()
    d = d if with_x else d[d > 0]
    k = -1
    while k < len(x) and float(torch.exp(-beta * (d - harm * (k + 1))).sum()) < 1:
        k += 1
    return max(k, 0)


def ties_too(memories, x, beta):
    d = (memories != x).sum(dim=1).double()
    return max((k for k in range(len(x) + 1) if float(torch.exp(-beta * (d[d > 0] - 2 * k)).sum()) <= 1), default=0)


def endless(memories, x, beta):
    d = (memories != x).sum(dim=1).double()
    k = 0
    while float(torch.exp(-beta * (d[d > 0] - 2 * (k + 1))).sum()) < 1:
        k += 1
    return k


def by_hand(memories, x, beta):
    """The same in plain Python: many lines, but not endless."""
    found = [0]
    for k in range(len(x) + 1):
        total = 0.0
        for row in memories.tolist():
            d = sum(a != b for a, b in zip(row, x.tolist(), strict=True))
            if d:
                total += math.exp(-beta * (d - 2 * k))
        if total < 1:
            found.append(k)
    return max(found)


def strictly(changed, returned):
    return radius(changed, [r if r != 0.5 or changed != [1, 2] else 0.49 for r in returned])


def nearest_half(memories, x, beta):
    d = (memories != x).sum(dim=1)
    return (int(d[d > 0].min()) - 1) // 2


RIGHT = {"alpha_for": alpha, "radius": radius, "where_runs_end": shares, "safe_radius": safe}

WRONG = [
    ("alpha_for", lambda k, n, v: max(1 - k / n, 1e-3), "redraws the same"),
    ("alpha_for", lambda k, n, v: max(1 - k / n * (v - 1) / v, 1e-3), "upside down"),
    ("alpha_for", lambda k, n, v: (1 - alpha(k, n, v)) / 0.999, "signal"),
    ("alpha_for", lambda k, n, v: 1 - k / n * v / (v - 1), "never falls below"),
    ("alpha_for", lambda k, n, v: max(1 - k / n * v / (v - 1), 0.3), "should be"),
    ("alpha_for", lambda k, n, v: "high", "number"),
    ("radius", last_inside, "straight line"),
    ("radius", first_crossing, "*largest*"),
    ("radius", lambda k, r: radius(k, r) or k[0], "radius is 0"),
    ("radius", lambda k, r: k[-1] + 1 if r[-1] >= 0.5 else radius(k, r), "lower bound"),
    ("radius", lambda k, r: radius(k, r) + 0.25 * (min(r) < 0.5), "meets 1/2"),
    ("radius", strictly, "lower bound"),
    ("where_runs_end", lambda e, x, m: dict(zip("abc", shares(e, x, m), strict=True)), "not a dictionary"),
    ("where_runs_end", homes_twice, "no capture"),
    ("where_runs_end", stored_twice, "stored twice"),
    ("where_runs_end", nearest_only, "nearest memory only"),
    ("where_runs_end", lambda e, x, m: (0.25, 0.0, 0.75), "whole memory"),
    ("where_runs_end", lambda e, x, m: (0.5, 0.25, 0.25), "all of its words"),
    ("where_runs_end", lambda e, x, m: (0.5, 0.25, 0.5), "add up to"),
    ("where_runs_end", lambda e, x, m: (4 / 16, 5 / 16, 7 / 16) if len(m) == 4 else (0, 9 / 16, 7 / 16), "held-out"),
    ("where_runs_end", lambda e, x, m: 0.5, "shape"),
    ("where_runs_end", lambda e, x, m: [len(e) * float(s) for s in shares(e, x, m)], "You count runs"),
    ("where_runs_end", lambda e, x, m: shares(e, torch.tensor([1, 2, 3]), m), "another x"),
    ("safe_radius", nearest_half, "*sum*"),
    ("safe_radius", lambda m, x, b: safe(m, x, b, harm=1), "twice"),
    ("safe_radius", ties_too, "That is a tie"),
    ("safe_radius", lambda m, x, b: 0, "are safe. After k changes"),
    ("safe_radius", lambda m, x, b: safe(m, x, b, with_x=True), "distance 0"),
    ("safe_radius", lambda m, x, b: safe(m, x, b) + 0.5, "whole number"),
    ("safe_radius", lambda m, x, b: 11, "largest safe k"),
    ("safe_radius", lambda m, x, b: float("nan"), "from 0 to L"),
    ("safe_radius", lambda m, x, b: safe(m, x, b) - (len(m) == 3 and b == 0.5), "You return -1, but it should be 0."),
    ("safe_radius", lambda m, x, b: safe(m, x, b) * (len(m) > 1), "You return 0, but it should be 12."),
    ("safe_radius", endless, "never ends"),
]


test_right_answers, test_mistakes = told(basins, RIGHT, WRONG)


def test_an_answer_in_plain_python_has_lines_enough_and_the_tracer_is_put_back():
    before = sys.gettrace()
    assert basins.safe_radius(by_hand).passed is True
    assert basins.safe_radius(endless).passed is False
    assert sys.gettrace() is before


def without_rivals(memories, x, beta):
    rivals = [int(d) for d in (memories != x).sum(dim=1) if d > 0]
    nearest = min(rivals)
    return safe(memories, x, beta) if nearest else 0


def test_a_crash_of_the_answer_that_is_watched_names_its_own_line():
    result = basins.safe_radius(without_rivals)
    assert result.passed is False and "in its line 3: nearest = min(rivals)" in result.message, result.message


def test_the_radius_with_a_proof_holds_for_the_worst_changes():
    # one competitor 5 words away: copy k of its words into x, the worst that can be done
    noise, t = UniformNoise(6), 0.5
    x, memories = torch.zeros(8, dtype=torch.int64), torch.zeros(2, 8, dtype=torch.int64)
    memories[1, :5] = 3
    k = safe(memories, x, float(noise.own_log_odds(t, x[None])[0]))
    assert k == 2 == math.ceil(5 / 2) - 1
    memory = MemorizingDenoiser(memories, noise)
    for changed, back in ((k, True), (k + 1, False)):
        start = x[None].clone()
        start[0, :changed] = 3
        assert torch.equal([*settle(memory, start, t, 1)][-1][0], x) == back
