"""The figures of the chapter draw the numbers that they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.drawn import line
from uddm_mini.chapters import robustness_figures as draw
from uddm_mini.chapters import robustness_tables as stored
from uddm_mini.experiments.crossing import Crossing
from uddm_mini.teaching.look import COLORS


def sweep(first=0.4, sizes=(16, 128, 1024)):
    """A made-up sweep whose gap is `first`, half of it, nothing."""
    return pd.DataFrame(
        [
            dict(n_train=n, seed=s, split=split, t=0.25, recovered=0.3 + s / 100 + (split == "train") * gap, chance=0.1)
            for n, gap in zip(sizes, (first, first / 2, 0), strict=True)
            for s in range(3)
            for split in ("train", "held-out")
        ]
    )


FOUND = Crossing(60.0, 50.0, 70.0, 0.2, {0: 55.0, 1: 60.0, 2: 66.0})


@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_grid_has_a_panel_with_its_numbers_and_both_crossings(count):
    tables = {str(k): sweep(0.1 * (k + 1)) for k in range(count)}
    found = {name: Crossing(20.0 + int(name), 10, 30, 0.1, {}) for name in tables}
    fig = draw.recovery_multiples(tables, found, {name: f"grid {name}" for name in tables}, 59.0)
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == [f"grid {k}: {20 + k}" for k in range(count)]
    for k, ax in enumerate(shown):
        np.testing.assert_allclose(
            line(ax, "train text").get_ydata(), 0.31 + np.array([1, 0.5, 0]) * 0.1 * (k + 1), atol=1e-9
        )
        np.testing.assert_allclose(line(ax, "held-out text").get_ydata(), [0.31] * 3)
        assert line(ax, "held-out text").get_linestyle() == "--"
        assert line(ax, "its crossing").get_xdata()[0] == 20 + k
        assert line(ax, "the usual one").get_xdata()[0] == 59 and line(ax, "the usual one").get_linestyle() == "-."
        assert line(ax, "chance").get_ydata()[0] == pytest.approx(0.1)


def test_places_have_interval_seeds_and_the_usual_band():
    _, ax = plt.subplots()
    draw.draw_places(ax, {"a": FOUND, "b": FOUND}, {"a": "first", "b": "second"}, Crossing(59, 55, 63, 0.3, {}))
    assert [text.get_text() for text in ax.get_yticklabels()] == ["first", "second"]
    drawn = [(np.asarray(one.get_xdata()).tolist(), np.asarray(one.get_ydata()).tolist()) for one in ax.lines]
    assert ([50, 70], [0, 0]) in drawn and ([50, 70], [1, 1]) in drawn
    assert any(x == [55, 60, 66] for x, _ in drawn)
    low, high = ax.get_ylim()
    assert low > high  # the first on top
    xs = ax.patches[0].get_path().vertices[:, 0] if hasattr(ax.patches[0], "get_path") else []
    assert len(xs)


def test_a_passage_is_divided_by_its_first_value_and_its_crossing():
    _, ax = plt.subplots()
    draw.draw_passages(ax, {"one": sweep(0.4), "two": sweep(0.2)}, {"one": FOUND, "two": FOUND})
    for name in ("one", "two"):
        np.testing.assert_allclose(line(ax, name).get_ydata(), [1, 0.5, 0], atol=1e-9)
        np.testing.assert_allclose(line(ax, name).get_xdata(), np.array([16, 128, 1024]) / 60)
    tables = {str(k): sweep() for k in range(5)}
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        draw.draw_passages(ax, tables, dict.fromkeys(tables, FOUND))


def test_copies_have_a_curve_for_each_size_and_a_dot_for_each_seed():
    rows = [
        dict(n_train=n, seed=s, copies=k, written=k * 1e-4 * (s + 1), exact=k / 10, expected=2e-4)
        for n in (512, 1024)
        for s in (0, 1)
        for k in (0, 1, 4)
    ]
    _, axes = plt.subplots(2)
    draw.draw_copies(axes, pd.DataFrame(rows))
    np.testing.assert_allclose(line(axes[0], "512 sentences").get_ydata(), [0, 1.5e-4, 6e-4])
    np.testing.assert_allclose(line(axes[1], "1,024 sentences").get_ydata(), [0, 0.1, 0.4])
    assert line(axes[0], "the language itself, all 16").get_ydata()[0] == pytest.approx(2e-4)
    assert [text.get_text() for text in axes[1].get_xticklabels()] == ["held-out", "1", "4"]
    dots = [one for one in axes[0].lines if one.get_marker() == "."]
    assert len(dots) == 4


def test_verdicts_have_their_marks_at_their_sizes():
    table = pd.DataFrame([[1.0, 0.0, -1.0]] * 2, columns=[16, 64, 256], index=[0, 1])
    _, ax = plt.subplots()
    draw.draw_verdicts(ax, {"a": table, "b": table.iloc[:1]}, {"a": FOUND, "b": FOUND}, {"a": "first", "b": "second"})
    marked = {
        (one.get_marker(), float(x), round(float(y), 2))
        for one in ax.lines
        for x, y in zip(one.get_xdata(), one.get_ydata(), strict=True)
        if one.get_marker() in "sDo"
    }
    expected = {(m, x, y) for m, x in (("s", 16.0), ("D", 64.0), ("o", 256.0)) for y in (-0.24, 0.24, 1.0)}
    assert marked == expected
    assert {one.get_label() for one in ax.lines} >= {"memorizes", "undecided", "generalizes", "recovery crosses"}
    hollow = line(ax, "undecided")
    assert hollow.get_markerfacecolor() == "none" and line(ax, "memorizes").get_markerfacecolor() == COLORS["memorizer"]


def test_committed_tables_can_be_drawn():
    sweeps = stored.grids(stored.CHANGES)
    found = stored.crossings(sweeps)
    usual = stored.crossings(stored.grids([stored.BASELINE]))[stored.BASELINE]
    fig = draw.recovery_multiples(sweeps, found, stored.CHANGES, usual.n)
    assert len([ax for ax in fig.axes if ax.get_visible()]) == len(stored.CHANGES) == 9
    _, axes = plt.subplots(2)
    draw.draw_copies(axes, stored.copied())
    told = stored.all_verdicts(list(stored.CHANGES))
    _, ax = plt.subplots()
    draw.draw_verdicts(ax, told, found, stored.CHANGES)
    assert len(ax.get_yticklabels()) == len(told) >= 5
    plt.gcf().canvas.draw()


def test_a_slider_lays_each_change_over_the_usual_one():
    tables = {"a": sweep(0.4), "b": sweep(0.2)}
    usual = Crossing(59.0, 55.0, 63.0, 0.3, {5: 55.4, 6: 62.2})
    shown = draw.overlays(tables, {"a": FOUND, "b": FOUND}, {"a": "first", "b": "second"}, (sweep(0.3), usual))
    assert shown.axes == {"change": ["first", "second"]} and shown.play == 0
    caption, figure = shown.frames[1]
    assert caption == "second: crosses at 60 (seeds 55, 60, 66); as before: 59 (seeds 55, 62)."
    assert "second" in repr(figure) and "second, held-out" in figure.svg and "as before, train" in figure.svg


def test_four_passages_have_four_kinds_of_line():
    _, ax = plt.subplots()
    tables = {str(k): sweep() for k in range(4)}
    draw.draw_passages(ax, tables, dict.fromkeys(tables, FOUND))
    assert {line(ax, name).get_linestyle() for name in tables} == {"-", "--", "-.", ":"}
