"""The figure of memories with a small window draws the numbers that it is given."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from tests.drawn import line
from uddm_mini.chapters.perfect_denoisers_figures import also_local, local_panels, novel_words
from uddm_mini.teaching.results import committed

SIZES = (16, 64, 256)


def table():
    """A made-up table in which every number tells where it belongs."""
    rows = []
    for i, n in enumerate(SIZES):
        for seed in (5, 6):
            for t in (0.1, 0.25):
                common = {"n_train": n, "seed": seed, "split": "held-out", "t": t, "denoiser": "model"}
                base = 0.1 * i + 0.02 * (seed - 5) + t / 10
                rows.append({**common, "quantity": "novel", "value": base})
                for k in (0, 1, 3, 10):
                    rows.append({**common, "quantity": f"local_right_{k}", "value": 0.03 * k + base})
                    rows.append({**common, "quantity": f"local_{k}", "value": 7.0})
    return pd.DataFrame(rows)


def test_shares_are_taken_at_their_level_and_window():
    found = also_local(table(), 3, 0.1)
    assert found.index.tolist() == list(SIZES) and found.columns.tolist() == [5, 6]
    np.testing.assert_allclose(found, [[0.1, 0.12], [0.2, 0.22], [0.3, 0.32]])
    np.testing.assert_allclose(novel_words(table(), 0.25)[6], [0.045, 0.145, 0.245])
    with pytest.raises(ValueError, match="no window of 2 words; it has 0, 1, 3, 10"):
        also_local(table(), 2)
    with pytest.raises(ValueError, match=r"no noise level 0\.5"):
        novel_words(table(), 0.5)


def test_each_window_has_its_line_and_band_and_novelty_a_panel_of_its_own():
    fig = local_panels(table(), windows=(1, 3))
    ax, below = fig.axes
    mean = 0.1 * np.arange(3) + 0.01 + 0.025
    np.testing.assert_allclose(line(ax, "1 word to either side").get_ydata(), mean + 0.03)
    np.testing.assert_allclose(line(ax, "3 words to either side").get_ydata(), mean + 0.09)
    np.testing.assert_allclose(line(ax, "no word: the place alone").get_ydata(), mean)
    np.testing.assert_allclose(line(below, "novel").get_ydata(), mean)
    band = ax.collections[1].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(0.09 + 0.025) and band.max() == pytest.approx(0.09 + 0.025 + 0.2 + 0.02)
    colors = {one.get_color() for one in ax.lines if one.get_label() != "no word: the place alone"}
    assert len(colors) == 2
    plt.close(fig)
    with pytest.raises(ValueError, match="4 windows but 3 styles"):
        local_panels(table(), windows=(0, 1, 3, 10))


def test_what_the_stored_table_says():
    local = committed("fresh-medium/local")
    three = also_local(local, 3).mean(axis=1)
    assert three[[16, 256, 8192]].tolist() == pytest.approx([0.46, 0.61, 0.78], abs=0.006)
    others = pd.DataFrame({k: also_local(local, k).mean(axis=1) for k in (0, 1, 2, 4, 6, 8)})
    assert (three > others.max(axis=1)).loc[192:].all()
    assert novel_words(local).mean(axis=1)[[16, 128, 8192]].tolist() == pytest.approx([0.07, 0.30, 0.12], abs=0.005)
    assert novel_words(local).shape == (12, 5)
    fig = local_panels(local)
    assert len(fig.axes[0].lines) == 4
    plt.close(fig)
