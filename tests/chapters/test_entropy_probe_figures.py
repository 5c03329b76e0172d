"""The figures of the entropy probe: they draw the numbers they are given, all of them, on the side they belong to."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from uddm_mini.chapters.entropy_probe_figures import (
    by_place,
    draw_along,
    draw_detector,
    draw_entropy,
    draw_members,
    draw_roc,
    draw_verdicts,
)
from uddm_mini.chapters.entropy_probe_sides import verdicts_by_side
from uddm_mini.teaching import figures
from uddm_mini.teaching.results import committed

SIZES = (16, 64, 256)


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def drawn(ax):
    """Return the y values of every labeled line."""
    return {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in ax.lines}


def test_entropy_of_three_kinds_of_text_and_two_perfect_denoisers(ax):
    keys = [(n, seed, split) for n in SIZES for seed in (0, 1) for split in ("train", "held-out")]
    sweep = pd.DataFrame(keys, columns=["n_train", "seed", "split"])
    sweep["entropy"] = sweep.n_train / 1000 + sweep.seed + 10 * (sweep.split == "held-out")
    bounds = pd.concat([sweep.assign(denoiser=d, entropy=sweep.entropy + s) for d, s in (("memorizer", 100), ("x", 0))])
    bounds = pd.concat([bounds, sweep.assign(denoiser="population", entropy=0.3)])
    written = pd.DataFrame({0: [1.0, 2, 3], 1: [3.0, 4, 5]}, index=SIZES)
    draw_entropy(ax, sweep, bounds, written, 60.0)
    lines, rising = drawn(ax), np.array(SIZES) / 1000 + 0.5  # the mean over seeds 0 and 1
    assert lines["the language itself"] == pytest.approx([0.3, 0.3])
    assert lines["model, train text"] == pytest.approx(rising)
    assert lines["model, held-out text"] == pytest.approx(10 + rising)
    assert lines["memorizer, held-out"] == pytest.approx(110 + rising)
    assert lines["model, text it wrote"].tolist() == [2, 3, 4]
    assert [line.get_xdata()[0] for line in ax.lines if line.get_label() == "recovery crosses"] == [60.0]


MODELS = pd.DataFrame(
    {
        "case": ["a", "a", "b", "b"],
        "position": [0.3, 4.0, 0.5, 8.0],
        "value": [0.4, 0.1, 0.35, 0.3],
        "memory": [True, False, True, False],
        "verdict": ["memorizes", "undecided", "memorizes", "generalizes"],
    }
)


def points(ax):
    """Return the color of every drawn point, by where it is."""
    shown = {}
    for dots in ax.collections:
        for x, y in dots.get_offsets() if hasattr(dots, "get_offsets") else ():
            if not (np.ma.is_masked(x) or np.isnan(x)):
                shown[float(x), float(y)] = tuple(dots.get_facecolor()[0])
    return shown


def test_the_detector_shows_every_model_in_the_color_of_its_side(ax):
    draw_detector(ax, MODELS, {"a": "small", "b": "large"}, 0.2)
    colors = {
        side: plt.matplotlib.colors.to_rgba(figures.COLORS[c]) for side, c in ((1, "memorizer"), (0, "population"))
    }
    wanted = {(row.position, row.value): colors[row.memory] for row in MODELS.itertuples()}
    shown = {where: color for where, color in points(ax).items() if where in wanted}
    assert list(shown.items()) == list(wanted.items())  # drawn case by case, so the order tells the marker
    labels = ax.get_legend_handles_labels()[1]
    assert set(labels) == {"small", "large", "memorizing", "generalizing", "threshold"}
    assert drawn(ax)["threshold"].tolist() == [0.2, 0.2]
    assert [tick.get_text() for tick in ax.get_xticklabels()][:4] == ["1/4", "1/2", "1", "2"]


def test_without_a_threshold_none_is_drawn(ax):
    draw_detector(ax, MODELS, {"a": "small", "b": "large"})
    assert "threshold" not in ax.get_legend_handles_labels()[1]


def test_the_roc_curve_calls_a_high_number_memory(ax):
    draw_roc(ax, {"all": MODELS})  # in falling order: memory, memory, not, not
    assert ax.lines[0].get_xdata().tolist() == [0, 0, 0, 0.5, 1] and drawn(ax)["all"].tolist() == [0, 0.5, 1, 1, 1]
    assert drawn(ax)["guessing"].tolist() == [0, 1]


def test_verdicts_have_a_color_and_a_marker_each(ax):
    draw_verdicts(ax, MODELS.rename(columns={"value": "score"}), 0.25)
    meaning = {"memorizes": "memorizer", "undecided": "chance", "generalizes": "population"}
    wanted = {
        (row.position, row.value): plt.matplotlib.colors.to_rgba(figures.COLORS[meaning[row.verdict]])
        for row in MODELS.itertuples()
    }
    assert points(ax) == wanted and drawn(ax)["threshold"].tolist() == [0.25, 0.25]
    assert len({dots.get_paths()[0].vertices.tobytes() for dots in ax.collections}) == 3


def test_committed_models_are_all_drawn(ax):
    found = verdicts_by_side(committed, ["fresh-large", "other-absorbing"])
    draw_verdicts(ax, found, 0.15)
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == len(found) == 84


def test_members_one_curve_for_each_table_and_none_is_dropped(ax):
    runs = pd.DataFrame({0: [1.0, 0.8, 0.5], 1: [0.8, 0.6, 0.5]}, index=[0.5, 2.0, 8.0])
    draw_members(ax, {"small": runs, "large": runs - 0.1})
    lines = drawn(ax)
    assert lines["small"] == pytest.approx([0.9, 0.7, 0.5]) and lines["large"] == pytest.approx([0.8, 0.6, 0.4])
    assert lines["guessing"].tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        draw_members(ax, {str(k): runs for k in range(5)})


def test_no_figure_leaves_a_table_out_for_want_of_a_style():
    _, ax = plt.subplots()
    models = pd.DataFrame({"case": ["a"], "position": [1.0], "value": [0.1], "memory": [True]})
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        draw_roc(ax, {str(k): models for k in range(5)})
    with pytest.raises(ValueError, match="5 curves but 4 styles"):
        draw_detector(ax, models, {str(k): str(k) for k in range(5)}, 0.1)


def beginnings():
    """A made-up table of the probe `along`, of 12 places, in which every number tells where it belongs."""
    keys = [(n, s, split, k) for n in (16, 64) for s in (5, 6) for split in ("train", "held-out") for k in range(12)]
    table = pd.DataFrame(keys, columns=["n_train", "seed", "split", "k"])
    value = table.k + table.n_train / 1000 + 100 * (table.split == "train") + table.seed
    return table.assign(quantity=[f"along_{k}" for k in table.k], value=value).sample(frac=1, random_state=0)


def test_places_come_in_their_order_and_not_in_that_of_their_names():
    found = by_place(beginnings(), "held-out", 64)
    assert found.index.tolist() == list(range(12)) and found.columns.tolist() == [5, 6]
    np.testing.assert_allclose(found[6], np.arange(12) + 6.064)
    assert float(by_place(beginnings(), "train", 16).loc[11, 5]) == pytest.approx(116.016)
    for split, n in (("train", 17), ("generated", 16)):
        with pytest.raises(ValueError, match=f"nothing from left to right about {split} text and {n} training"):
            by_place(beginnings(), split, n)


def test_entropy_from_left_to_right_in_nats_and_bits(ax):
    runs = by_place(beginnings(), "held-out", 16)
    draw_along(ax, {"ours": ("held-out", runs.T), "exact": ("population", np.ones(12))}, "abcdefghijkl")
    np.testing.assert_allclose(drawn(ax)["ours"], np.arange(12) + 5.516)
    assert drawn(ax)["exact"].tolist() == [1] * 12
    assert [text.get_text() for text in ax.get_xticklabels()] == list("abcdefghijkl")
    (bits,) = ax.child_axes
    ax.set_ylim(0, np.log(2))
    ax.figure.draw_without_rendering()
    assert bits.get_ylabel() == "bits" and bits.get_ylim() == pytest.approx((0, 1))


def test_from_left_to_right_in_the_stored_table():
    along = committed("fresh-medium/along")
    late, early = by_place(along, "held-out", 8192), by_place(along, "train", 16)
    assert late.shape == early.shape == (14, 3)
    assert late.mean(axis=None) == pytest.approx(0.905, abs=1e-3)
    assert early.mean(axis=None) == pytest.approx(0.487, abs=1e-3)
    assert late.loc[9].min() > 1.5 and early.loc[9].max() < 0.1
