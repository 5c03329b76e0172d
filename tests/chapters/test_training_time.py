"""The chapter on training time: its checks, its numbers by a second way, its figures on invented and stored tables."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch
from told import told

from tests.drawn import line
from uddm_mini.chapters import training_time
from uddm_mini.chapters.training_time_figures import course_panels, draw_times
from uddm_mini.chapters.training_time_numbers import powers, stopped_early
from uddm_mini.experiments.course import turning_points
from uddm_mini.experiments.crossing import STUDENT
from uddm_mini.teaching.look import COLORS
from uddm_mini.teaching.results import committed_course


def ruler(steps, gap, bar, first=True):
    """Answer by a fine ruler on the logarithmic axis."""
    fine = np.linspace(np.log(steps[0]), np.log(steps[-1]), 2_000_001)
    height = np.interp(fine, np.log(steps), gap)
    there = np.flatnonzero(height >= bar - 1e-12)
    return math.exp(fine[there[0]]) if len(there) else math.inf


def passage(steps, gap, bar, scale=np.log, back=math.exp):
    for k in range(1, len(steps)):
        if gap[k] >= bar:
            share = (bar - gap[k - 1]) / (gap[k] - gap[k - 1])
            return back(scale(steps[k - 1]) + share * (scale(steps[k]) - scale(steps[k - 1])))
    return math.inf


def last_passage(steps, gap, bar):
    for k in range(len(steps) - 1, 0, -1):
        if gap[k] >= bar > gap[k - 1]:
            return passage(steps[k - 1 : k + 1], gap[k - 1 : k + 1], bar)
    return math.inf


def after(steps, gap, bar):
    return next((s for s, g in zip(steps, gap, strict=True) if g >= bar), math.inf)


def before(steps, gap, bar):
    return next((steps[k - 1] for k in range(1, len(steps)) if gap[k] >= bar), math.inf)


def end_for_never(steps, gap, bar):
    return min(passage(steps, gap, bar), steps[-1])


def interpolated(steps, gap, bar):
    return math.exp(np.interp(bar, gap, np.log(steps))) if gap.max() >= bar else math.inf


def by_hand(train, held_out, patience):
    """Answer from the definition: the first look whose last `patience` looks do not beat what was before them."""
    for look in range(len(held_out)):
        if look >= patience and max(held_out[look - patience + 1 : look + 1]) <= max(held_out[: look - patience + 1]):
            return int(np.argmax(held_out[: look + 1])), look
    return int(np.argmax(held_out)), len(held_out) - 1


def counting(train, held_out, patience):
    best, kept, waited = -math.inf, 0, 0
    for look, score in enumerate(held_out.tolist()):
        if score > best:
            best, kept, waited = score, look, 0
        else:
            waited += 1
        if waited >= patience:
            return torch.tensor([kept, look])
    return [kept, look]


def ties_count(train, held_out, patience):
    """Wrong: the way of many, with >= for a new best."""
    best = 0
    for look, score in enumerate(held_out):
        if score >= held_out[best]:
            best = look
        if look - best == patience:
            return best, look
    return best, len(held_out) - 1


def best_of_all(train, held_out, patience):
    """Wrong: looks at all looks first, and then waits."""
    best = int(np.argmax(held_out))
    return best, min(best + patience, len(held_out) - 1)


def of_training(train, held_out, patience):
    return by_hand(held_out, train, patience)


def power(n, times, student, whole=None, x=np.log, y=np.log, swap=False, ddof=1, root=None):
    keep = np.isfinite(times).all(axis=0) if whole is None else whole
    pairs = [(x(n[keep]), y(row[keep])) for row in times]
    slopes = [np.cov(b, a)[0, 1] / np.var(b if swap else a, ddof=1) for a, b in pairs]
    half = student * np.std(slopes, ddof=ddof) / (root or math.sqrt(len(times)))
    return np.array([np.mean(slopes), np.mean(slopes) - half, np.mean(slopes) + half])


def power_of_early_seeds(n, times, student):
    slopes = []
    for row in times:
        keep = np.isfinite(row)
        slopes.append(np.polyfit(np.log2(n[keep]), np.log2(row[keep]), 1)[0])
    half = student * np.std(slopes, ddof=1) / math.sqrt(len(slopes))
    return np.mean(slopes), np.mean(slopes) - half, np.mean(slopes) + half


def same(x):
    return x


RIGHT = [
    ("passes", lambda n, steps, batch: steps * batch / n),
    ("passes", lambda n, steps, batch: torch.tensor(steps / n * batch)),
    ("turning_point", passage),
    ("turning_point", ruler),
    ("turning_point", lambda s, g, b: passage(s, g, b, np.log10, lambda v: torch.tensor(10.0**v))),
    ("patience_stop", by_hand),
    ("patience_stop", counting),
    ("power_interval", power),
    ("power_interval", lambda n, t, q: power(n, t, q).tolist()),
    ("power_interval", lambda n, t, q: torch.tensor(power(n, t, q, x=np.log10, y=np.log10))),
]

WRONG = [
    ("passes", lambda n, steps, batch: steps / n, "whole batch"),
    ("passes", lambda n, steps, batch: steps * batch, "altogether"),
    ("passes", lambda n, steps, batch: steps * n / batch, "Upside down"),
    ("passes", lambda n, steps, batch: steps * batch // n, "Do not round"),
    ("passes", lambda n, steps, batch: steps, "Count the sentences"),
    ("turning_point", lambda s, g, b: passage(s, g, b, same, same), "in their logarithm"),
    ("turning_point", lambda s, g, b: passage(s, g, b, back=same), "Go back with exp"),
    ("turning_point", after, "first look at which"),
    ("turning_point", before, "last look before"),
    ("turning_point", last_passage, "more than once"),
    ("turning_point", interpolated, "np.interp"),
    ("turning_point", end_for_never, "infinite (math.inf)"),
    ("turning_point", lambda s, g, b: float("nan") if g.max() < b else passage(s, g, b), "infinite (math.inf)"),
    ("turning_point", lambda s, g, b: math.inf, "does reach the bar"),
    ("turning_point", lambda s, g, b: 1.1 * passage(s, g, b), "Between which two looks"),
    ("patience_stop", of_training, "followed the training text"),
    ("patience_stop", lambda t, h, p: by_hand(t, h, p)[::-1], "swapped"),
    ("patience_stop", lambda t, h, p: [by_hand(t, h, p)[0]] * 2, "best one twice"),
    ("patience_stop", lambda t, h, p: [by_hand(t, h, p)[1]] * 2, "go back to the best look"),
    ("patience_stop", lambda t, h, p: (h.argmax(), by_hand(t, h, p)[1]), "future"),
    ("patience_stop", lambda t, h, p: by_hand(t, h, p + 1), "Off by one"),
    ("patience_stop", lambda t, h, p: by_hand(t, h, p - 1), "Off by one"),
    ("patience_stop", lambda t, h, p: (by_hand(t, h, p)[0], by_hand(t, h, p)[1] + 1), "Off by one"),
    ("patience_stop", lambda t, h, p: training_time.patient(h, p, anew=False), "count anew"),
    ("patience_stop", lambda t, h, p: training_time.patient(h, p, to_best=False), "best look so far"),
    ("patience_stop", lambda t, h, p: training_time.patient(h, p, ties=True), "tie"),
    ("patience_stop", ties_count, "A tie is nothing better"),
    ("patience_stop", best_of_all, "at look 5, where training stops, look 8 has not come yet"),
    ("patience_stop", lambda t, h, p: (0, 0), "since the last new best"),
    ("patience_stop", lambda t, h, p: 3, "shape"),
    ("power_interval", lambda n, t, q: power(n, t, q, x=same, y=same), "straight in the numbers"),
    ("power_interval", lambda n, t, q: power(n, t, q, whole=np.ones(len(n), bool)), "leave it out"),
    ("power_interval", lambda n, t, q: power(n, np.minimum(t, 8000), q), "You put a number in its place"),
    ("power_interval", lambda n, t, q: power(n, np.minimum(t, t[t < np.inf].max()), q), "a number in its place"),
    ("power_interval", power_of_early_seeds, "for all seeds"),
    ("power_interval", lambda n, t, q: power(n, t, q, swap=True), "swap the two"),
    ("power_interval", lambda n, t, q: power(n, t, 1.96), "1.96"),
    ("power_interval", lambda n, t, q: power(n, t, q, root=1.0), "square root"),
    ("power_interval", lambda n, t, q: power(n, t, q, ddof=0), "ddof=1"),
    ("power_interval", lambda n, t, q: power(n, t, q)[[0, 2, 1]], "ends are swapped"),
    ("power_interval", lambda n, t, q: power(n, t, q) * 1.01, "One slope for each seed"),
    ("power_interval", lambda n, t, q: power(n, t, q)[0], "shape"),
]

test_right_answers, test_mistakes = told(training_time, RIGHT, WRONG)


@pytest.mark.parametrize("name", ["passes", "turning_point", "patience_stop", "power_interval"])
def test_a_stub_was_not_attempted(name):
    def stub(*arguments): ...

    assert getattr(training_time, name)(stub).passed is None


def test_an_interval_of_nothing_is_told_so_and_not_that_arguments_are_ignored():
    result = training_time.power_interval(lambda n, t, q: power(n, t, q, whole=np.ones(len(n), bool)))
    assert "leave it out" in result.message and "whatever its arguments" not in result.message


def test_patience_is_that_of_the_definition_on_random_curves():
    rng = np.random.default_rng(0)
    for _ in range(300):
        curve, patience = rng.integers(0, 6, size=rng.integers(1, 12)).astype(float), int(rng.integers(1, 5))
        assert training_time.patient(curve, patience) == list(by_hand(curve, curve, patience))


# ---- numbers --------------------------------------------------------------------------------------------------------


def test_a_power_is_found_and_what_a_seed_did_not_reach_is_left_out():
    n = pd.Index([64, 128, 256, 512], name="n_train")
    times = pd.DataFrame({0: 3.0 * n**2.0, 1: 5.0 * n**1.5}, index=n, dtype=float)
    assert powers(times).to_dict() == pytest.approx({0: 2.0, 1: 1.5})
    times.loc[512, 0], times.loc[64, 1] = np.inf, 0.0
    bent = times.copy()
    bent.loc[512, 1] *= 7  # of a size that seed 0 has not reached
    assert powers(bent).to_dict() == pytest.approx({0: 2.0, 1: 1.5})
    with pytest.raises(ValueError, match=r"two sizes that every seed has reached, but there are \[256\]"):
        powers(times.drop(index=128))


def test_stopping_early_lets_the_other_seeds_choose():
    curves = {0: (0.1, 0.7, 0.5, 0.2), 1: (0.1, 0.4, 0.9, 0.3)}  # each chooses for the other
    rows = [
        {"n_train": 64, "seed": seed, "split": split, "step": step, "recovered": value + (split == "train")}
        for seed, curve in curves.items()
        for split in ("train", "held-out")
        for step, value in zip((10, 100, 1000, 8000), curve, strict=True)
    ]
    found = stopped_early(pd.DataFrame(rows)).set_index("seed")
    assert found.step.to_dict() == {0: 1000, 1: 100}
    assert found.stopped.to_dict() == {0: 0.5, 1: 0.4} and found.best.to_dict() == {0: 0.7, 1: 0.9}
    assert found.end.to_dict() == {0: 0.2, 1: 0.3}
    assert found.gain.to_dict() == pytest.approx({0: 0.3, 1: 0.1})
    with pytest.raises(ValueError, match="One seed can't choose for another at n_train = 64"):
        stopped_early(pd.DataFrame(rows).query("seed == 0"))


def test_what_the_text_says_of_the_committed_table_by_a_second_way():
    table = committed_course()
    assert list(table.columns) == ["n_train", "seed", "split", "step", "recovered", "entropy"]
    assert len(table) == 7 * 3 * 2 * 30 and table.notna().all().all()
    slopes = []
    for seed in range(3):
        logs = []
        for n in (64, 128, 256):
            part = table[(table.n_train == n) & (table.seed == seed)]
            wide = part.pivot(index="step", columns="split", values="recovered")
            gap = (wide["train"] - wide["held-out"]).to_numpy()
            logs.append(math.log(ruler(wide.index.to_numpy(), gap, 0.15)))
        slopes.append(np.polyfit(np.log([64, 128, 256]), logs, 1)[0])
    times = turning_points(table, memorizes=0.15).pivot(index="n_train", columns="seed", values="memorizes")
    np.testing.assert_allclose(powers(times), slopes, rtol=1e-4)
    half = STUDENT[1] * np.std(slopes, ddof=1) / math.sqrt(3)
    assert np.mean(slopes) == pytest.approx(2.17, abs=0.005) and half == pytest.approx(0.83, abs=0.01)


# ---- figures --------------------------------------------------------------------------------------------------------


def invented():
    rows = [
        {"n_train": n, "seed": seed, "split": split, "step": step}
        | {"recovered": n / 1000 + seed / 100 + k / 10 + 0.3 * (split == "train"), "entropy": (k + 1) * n / 100}
        for n in (64, 128)
        for seed in (0, 1)
        for split in ("train", "held-out")
        for k, step in enumerate((10, 100, 1000))
    ]
    return pd.DataFrame(rows)


def test_panels_show_the_numbers_of_their_size_and_column():
    times = pd.DataFrame({"n_train": [64, 64, 128, 128], "seed": [0, 1, 0, 1]})
    times = times.assign(generalizes=[20.0, 80.0, 30.0, 30.0], memorizes=[100.0, 400.0, np.inf, 200.0])
    shown = [(64, "recovered"), (128, "recovered"), (128, "entropy")]
    fig = course_panels(invented(), shown, times=times, level=0.25)
    first, second, third = (ax for ax in fig.axes if ax.get_visible())
    np.testing.assert_allclose(line(first, "train text").get_ydata(), 0.369 + np.arange(3) / 10)
    np.testing.assert_allclose(line(second, "held-out text").get_ydata(), 0.133 + np.arange(3) / 10)
    np.testing.assert_allclose(line(third, "train text").get_ydata(), 1.28 * np.arange(1, 4))
    assert line(first, "held-out text").get_linestyle() == "--" and first.get_xscale() == "log"
    assert third.get_yscale() == "log" and third.get_xlabel() == second.get_xlabel() == "steps of training"
    assert first.get_title() == "64 sentences" and first.get_ylim() == second.get_ylim()
    assert line(first, "generalizes").get_xdata()[0] == pytest.approx(40)
    assert line(first, "memorizes").get_xdata()[0] == pytest.approx(200)
    assert "memorizes" not in [one.get_label() for one in second.lines]  # one seed never does
    assert line(second, "the language itself").get_ydata()[0] == 0.25
    with pytest.raises(ValueError, match=r"no n_train = 100; it has \[64, 128\]"):
        course_panels(invented(), [(100, "recovered")])


def test_both_times_stand_at_their_sizes_and_never_at_the_end():
    times = pd.DataFrame({"n_train": [64, 64, 128, 128, 256, 256], "seed": [0, 1] * 3})
    times = times.assign(generalizes=[80.0] * 6, memorizes=[100.0, 400.0, 900.0, 900.0, np.inf, 5000.0])
    _, ax = plt.subplots()
    draw_times(ax, times, last=8000)
    np.testing.assert_allclose(line(ax, "generalizes").get_ydata(), [80, 80, 80])
    found = line(ax, "memorizes")
    np.testing.assert_allclose(found.get_ydata(), [200, 900])
    assert found.get_xdata().tolist() == [64, 128] and found.get_color() == COLORS["memorizer"]
    never = line(ax, "not all seeds within 8,000 steps")
    assert "no seed within 8,000 steps" not in [one.get_label() for one in ax.lines], "one seed is there"
    assert never.get_xdata().tolist() == [256] and never.get_ydata().tolist() == [8000]
    straight = line(ax, "in proportion to $n$")
    np.testing.assert_allclose(straight.get_ydata(), np.array([200, 800]))
    assert straight.get_xdata().tolist() == pytest.approx([64, 256])
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_the_committed_table_is_drawn():
    table = committed_course()
    times = turning_points(table, memorizes=0.15)
    fig = course_panels(table, [(n, "recovered") for n in (64, 128, 256, 1024)], times=times)
    assert [("memorizes" in [one.get_label() for one in ax.lines]) for ax in fig.axes] == [True, True, True, False]
    _, ax = plt.subplots()
    draw_times(ax, times, 8000)
    assert line(ax, "no seed within 8,000 steps").get_xdata().tolist() == [512, 1024, 2048, 4096]
