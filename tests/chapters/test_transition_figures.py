"""The figures of the transition draw the numbers that they are given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.drawn import line
from uddm_mini import crossing
from uddm_mini.chapters import transition_figures
from uddm_mini.experiments.crossing import Crossing
from uddm_mini.teaching.look import COLORS, MODELS


def sweep(shift=0.0, seeds=3):
    """A made-up sweep in which every number tells where it belongs."""
    rows = [
        dict(
            n_train=n,
            seed=seed,
            split=split,
            t=t,
            recovered=0.5
            + t / 10
            + (split == "train") * (0.4 - 0.1 * i - shift / 10)
            + seed / 100 * (split == "train"),
            chance=0.18,
            entropy=0.1,
            nelbo=1.0,
        )
        for i, n in enumerate((16, 64, 256, 1024))
        for seed in range(seeds)
        for split in ("train", "held-out")
        for t in (0.1, 0.25, 1.0)
    ]
    return pd.DataFrame(rows)


def test_every_noise_level_has_its_panel_with_its_own_numbers():
    table = sweep()
    bounds = table.assign(denoiser="population", recovered=table.t / 2)
    fig = transition_figures.recovery_panels(table, bounds, (0.1, 0.25, 1.0))
    shown = [ax for ax in fig.axes if ax.get_visible()]
    assert [ax.get_title() for ax in shown] == ["$t$ = 0.1", "$t$ = 0.25", "$t$ = 1"]
    for ax, t in zip(shown, (0.1, 0.25, 1.0), strict=True):
        train, test = line(ax, "model, train text"), line(ax, "model, held-out text")
        np.testing.assert_allclose(train.get_ydata(), 0.91 + t / 10 - 0.1 * np.arange(4))  # the mean of three seeds
        np.testing.assert_allclose(test.get_ydata(), 0.5 + t / 10)
        assert (train.get_linestyle(), test.get_linestyle()) == ("-", "--")
        np.testing.assert_allclose(line(ax, "population").get_ydata(), t / 2)
        assert line(ax, "chance").get_ydata()[0] == pytest.approx(0.18)
    with pytest.raises(ValueError, match=r"no noise level 0\.3; it has 0\.1, 0\.25, 1"):
        transition_figures.recovery_panels(table, None, (0.1, 0.3))
    with pytest.raises(ValueError, match=r"no noise level 1; it has 0\.1, 0\.25"):
        transition_figures.recovery_panels(table, bounds[bounds.t < 1], (0.1, 1))


def test_gaps_of_several_models_have_bands_and_crossings():
    tables = {"small": sweep(), "large": sweep(shift=-1.0)}
    found = {"small": crossing(tables["small"])}
    _, ax = plt.subplots()
    transition_figures.draw_gaps(ax, tables, crossings=found)
    np.testing.assert_allclose(line(ax, "small").get_ydata(), [0.41, 0.31, 0.21, 0.11])
    np.testing.assert_allclose(line(ax, "large").get_ydata(), [0.51, 0.41, 0.31, 0.21])
    assert line(ax, "small").get_color() != line(ax, "large").get_color()
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].min() == pytest.approx(0.1) and band[:, 1].max() == pytest.approx(0.42)
    dots = [one for one in ax.lines if one.get_color() == "white"]
    assert [float(one.get_xdata()[0]) for one in dots] == [found["small"].n]


def test_crossings_stand_at_their_weights_with_interval_and_seeds():
    found = {"small": Crossing(50, 40, 60, 0.3, {0: 45, 1: 55}), "large": Crossing(90, 80, 99, 0.3, {0: 85, 1: 95})}
    _, ax = plt.subplots()
    transition_figures.draw_crossings(ax, {"small": 1e4, "large": 1e5}, found)
    drawn = [(one.get_xdata().tolist(), one.get_ydata().tolist()) for one in ax.lines]
    assert ([1e4, 1e4], [40, 60]) in drawn and ([1e5], [90]) in drawn
    assert any(y == [85, 95] and min(x) > 1e5 for x, y in drawn)  # the seeds stand beside the bar
    assert [text.get_text() for text in ax.get_yticklabels()] == ["40", "48", "56", "64", "80", "96"]


def test_no_curve_is_left_out_for_want_of_a_style():
    tables = {str(k): sweep() for k in range(5)}
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        transition_figures.draw_gaps(ax, tables)
    found = {name: Crossing(50, 40, 60, 0.3, {0: 45}) for name in tables}
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        transition_figures.draw_crossings(ax, dict.fromkeys(tables, 1e4), found)
    styles = [*MODELS, ("#000000", "x")]
    transition_figures.draw_gaps(ax, tables, styles=styles)
    assert line(ax, "4").get_marker() == "x"
    _, ax = plt.subplots()
    transition_figures.draw_crossings(ax, dict.fromkeys(tables, 1e4), found, styles)
    assert line(ax, "4").get_marker() == "x"


def test_model_colors_are_no_color_with_another_meaning():
    assert not {color for color, _ in MODELS} & set(COLORS.values())
