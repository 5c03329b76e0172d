"""The figure of memories with a small window, and the numbers in it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from uddm_mini.experiments.crossing import at_level, by_size
from uddm_mini.teaching.figures import line_with_band, panels, size_axis
from uddm_mini.teaching.look import COLORS, INK, PAPER, mixed

WINDOWS = (1, 3, 6)  # words to either side
# What is mixed into the memorizer's color, and how much; line and marker. From light to dark: "darker" sees more.
STYLES = ((PAPER, 0.4, "--", "s"), (PAPER, 0.0, "-", "o"), (INK, 0.6, "-.", "^"))


def novel_words(table: pd.DataFrame, t: float = 0.25) -> pd.DataFrame:
    """Return the share of changed words that are novel, rows n_train and columns seeds.

    Novel: the network brings it back, and the whole memory of its training sentences does not. `table` has the probe
    `local`.
    """
    return by_size(at_level(table, t), "value", quantity="novel")


def also_local(table: pd.DataFrame, window: int, t: float = 0.25) -> pd.DataFrame:
    """Return the share of novel words that a memory with this window says, too, rows n_train and columns seeds.

    ValueError for a window that the table does not have.
    """
    found = by_size(at_level(table, t), "value", quantity=f"local_right_{window}")
    if found.empty:
        prefix = "local_right_"
        there = sorted(int(q.removeprefix(prefix)) for q in table["quantity"].unique() if q.startswith(prefix))
        raise ValueError(f"The table has no window of {window} words; it has {', '.join(map(str, there))}.")
    return found


def local_panels(table: pd.DataFrame, t: float = 0.25, windows: Sequence[int] = WINDOWS) -> Figure:
    """Draw against n_train which share of the novel words local memories say, too, and how many words are novel.

    Window 0, which knows the places only, is gray. Bands are the range over seeds. ValueError for more windows than
    there are styles.
    """
    if len(windows) > len(STYLES):
        raise ValueError(f"There are {len(windows)} windows but {len(STYLES)} styles; draw fewer at once.")
    fig, (ax, below) = panels(2, height=3.3, sharex=True, height_ratios=(5, 3))
    for window, (other, share, dashes, marker) in zip(windows, STYLES, strict=False):
        runs, color = also_local(table, window, t), mixed(COLORS["memorizer"], other, share)
        name = f"{window} word{'s' * (window > 1)} to either side"
        ax.plot(runs.index, runs.mean(axis=1), dashes, color=color, marker=marker, label=name)
        ax.fill_between(runs.index, runs.min(axis=1), runs.max(axis=1), color=color, alpha=0.2, linewidth=0)
    runs = also_local(table, 0, t)
    line_with_band(ax, runs.index, runs.to_numpy().T, "chance", "no word: the place alone", linestyle=":", marker="")
    ax.set(ylim=(0, 1.03), ylabel="of the novel words,\nsaid by a local memory")
    ax.legend(loc="upper left", ncols=1)
    runs = novel_words(table, t)
    line_with_band(below, runs.index, runs.to_numpy().T, "train", "novel")
    size_axis(below, runs.index.tolist())
    below.set(ylim=(0, None), ylabel="of the changed words,\nnovel")
    return fig
